/**
 * The tile engine: a product of two matrices whose elements come from formulas. A workgroup owns a tile of the
 * result, stages slabs of both operands in workgroup memory four elements at a time, and each invocation keeps a block
 * of four columns in registers. Finished elements go to `element`, and what it gives is folded along the rows or the
 * columns of the tile, so that a reduction of the result needs no second look at it. Matrix products and all
 * convolutions are formulas on top of it. The tile is chosen from `tiles` by size.
 */
import { type Dim, constantDim, knownSize, multiplyDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitDirectProduct } from "./direct-products.ts";
import type { Context } from "./scope.ts";
import { type Sink, groupsFor } from "./sink.ts";
import { bucketOf } from "./tile-table.ts";
import { type MatrixPlan, accumulateOnMatrices, matrixPlan } from "./matrix-tiles.ts";
import type { Parameter } from "./kernel.ts";
import {
  declareFold,
  foldParameters,
  foldTile,
  quadMemory,
  scalarMemory,
  statesAt,
  takeIntoFold,
} from "./tile-folds.ts";
import type { Monoid } from "./monoids.ts";

export interface Tile {
  /** Of the result, and how much of the depth is staged at a time; multiples of four. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** What one invocation keeps: rows side by side, and columns in quads that lie as far apart as its neighbours' do. */
  readonly blockRows: number;
  readonly blockColumns: 4 | 8;
}

export const tiles = {
  huge: { rows: 128, columns: 128, depth: 8, blockRows: 8, blockColumns: 8 },
  large: { rows: 128, columns: 64, depth: 8, blockRows: 8, blockColumns: 8 },
  square: { rows: 64, columns: 64, depth: 16, blockRows: 4, blockColumns: 4 },
  tall: { rows: 128, columns: 16, depth: 16, blockRows: 4, blockColumns: 4 },
  wide: { rows: 16, columns: 128, depth: 16, blockRows: 4, blockColumns: 4 },
  small: { rows: 32, columns: 32, depth: 16, blockRows: 4, blockColumns: 4 },
} as const satisfies Readonly<Record<string, Tile>>;

export type TileName = keyof typeof tiles;

export const tileNames: readonly TileName[] = ["huge", "large", "square", "tall", "wide", "small"];

/**
 * A matrix whose lines are the rows or columns of the result. An element is made of what is known of its line and what is
 * known of its place of the depth, so that either is worked out once for all the elements there.
 */
export interface Operand {
  readonly line: Coordinate;
  readonly depth: Coordinate;
  /** The element where `line` and `depth` have these numbers; both are in range. */
  readonly element: (context: Context, line: readonly string[], depth: readonly string[]) => string;
  /** Which way neighbours in memory lie. */
  readonly runs: "across" | "depth";
}

/** A position, as numbers that are all u32. */
export interface Coordinate {
  readonly names: readonly string[];
  readonly numbers: (context: Context, position: string) => readonly string[];
}

export function elementOf(context: Context, operand: Operand, position: string, k: string): string {
  const { line, depth, element } = operand;
  return element(context, line.numbers(context, position), depth.numbers(context, k));
}

export interface Product {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly rows: Dim;
  readonly columns: Dim;
  readonly depth: Dim;
  readonly left: Operand;
  readonly right: Operand;
  /** Whether every element of both operands is a number of half precision. */
  readonly isRounded: boolean;
  /** Takes a finished element of the result; gives the names of the values that `fold` reduces. */
  readonly element: (context: Context, row: string, column: string, value: string) => readonly string[];
  readonly fold?: Fold;
}

/** Reductions of the values that `element` gives, one monoid each. */
export interface Fold {
  /** What is left out: over the rows there is a result for each column. */
  readonly over: "rows" | "columns";
  readonly monoids: readonly Monoid[];
  /** Takes the state of what tile number `tile` along `over` holds of a result. */
  readonly store: (
    context: Context,
    index: number,
    tile: string,
    result: string,
    state: readonly string[],
  ) => void;
}

/** How many rows or columns one tile folds: what `Fold.store` gets a state for. */
export function foldExtent(
  sink: Sink,
  product: Omit<Product, "element" | "fold">,
  over: Fold["over"],
): number {
  if (sink.style === "invocation") return directFoldExtent;
  return chooseTile(sink, product)[over];
}

/** A split of the rows or columns that one invocation walks alone. */
export const directFoldExtent = 64;

/** Workgroups that give a large card work: two for each of its cores. */
const busyWorkgroups = 256;

/** With half as many it is better to have large tiles, which read less. */
const enoughTiles = busyWorkgroups / 2;

/** Depth of a part at least: in shorter ones writing the parts and adding them up costs as much as multiplying. */
const leastPartDepth = 256;

/** How many parts the depth is cut into, so that more than a few workgroups have work; 1 where the tiles are enough. */
export function depthParts(sink: Sink, product: TileSizes): number {
  if (sink.style === "invocation") return 1;
  const wanted =
    2 ** Math.ceil(Math.log2(busyWorkgroups / tilesOf(sink, product, chooseTile(sink, product))));
  return Math.max(1, Math.min(wanted, mostParts(sink, product)));
}

function tilesOf({ guess }: Sink, { rows, columns }: TileSizes, tile: Tile): number {
  return Math.ceil(guess(rows) / tile.rows) * Math.ceil(guess(columns) / tile.columns);
}

function mostParts({ guess }: Sink, { depth }: TileSizes): number {
  return Math.max(1, Math.floor(guess(depth) / leastPartDepth));
}

/** A large tile's fragments would need more workgroup memory than every device has. */
export function chooseTile(sink: Sink, product: TileSizes): Tile {
  const { guess, capabilities, tileOf } = sink;
  const [rows, columns] = [guess(product.rows), guess(product.columns)];
  const onMatrices = product.isRounded && capabilities.matrix !== undefined;
  const measured = onMatrices ? undefined : tileOf(bucketOf({ rows, columns, depth: guess(product.depth) }));
  if (measured !== undefined) return tiles[measured];
  if (columns <= 16) return rows > 32 ? tiles.tall : tiles.small;
  if (rows <= 16) return columns > 32 ? tiles.wide : tiles.small;
  if (rows <= 32 && columns <= 32) return tiles.small;
  if (onMatrices) return tiles.square;
  const { huge, large, square } = tiles;
  const areaIn = (tile: Tile): number => tilesOf(sink, product, tile) * tile.rows * tile.columns;
  const suits = (tile: Tile, enough: number): boolean =>
    areaIn(tile) <= 1.125 * areaIn(square) &&
    tilesOf(sink, product, tile) * mostParts(sink, product) >= enough;
  if (suits(huge, busyWorkgroups)) return huge;
  return suits(large, enoughTiles) ? large : square;
}

type TileSizes = Pick<Product, "rows" | "columns" | "depth" | "isRounded">;

type StorePart = (context: Context, part: string, row: string, column: string, value: string) => void;

/**
 * One dispatch for the product. With `parts`, part p of the depth is handed to `parts.store` and nothing is
 * added up across parts.
 */
export function emitProduct(
  sink: Sink,
  product: Product,
  parts?: { readonly count: number; readonly store: StorePart },
): void {
  if (sink.style === "invocation") return emitDirectProduct(sink, product, directFoldExtent);
  const tile = chooseTile(sink, product);
  const matrices = product.isRounded ? matrixPlan(sink.capabilities.matrix, tile) : undefined;
  sink.kernel({ name: product.name, nodes: product.nodes, workgroupSize: invocationsOf(tile) }, (context) => {
    const { writer } = context;
    const [tall, wide] = [groupsFor(product.rows, tile.rows), groupsFor(product.columns, tile.columns)];
    const plane = multiplyDims(tall, wide);
    const total = parts === undefined ? plane : multiplyDims(plane, constantDim(parts.count));
    // All invocations of a workgroup leave together.
    writer.push({ kind: "leave", condition: `group >= ${writer.size(total)}` });
    placeTile(context, tile, tall, wide, parts === undefined ? "group" : `group % ${writer.size(plane)}`);
    const depth = writer.size(product.depth);
    const name = (hint: string, value: string): void => writer.push({ kind: "let", name: hint, value });
    if (parts !== undefined) name("part", `group / ${writer.size(plane)}`);
    const each = partDepth(context, product.depth, parts?.count ?? 1);
    name("begin", parts === undefined ? "0u" : `part * ${each}`);
    name("end", parts === undefined ? depth : `min(begin + ${each}, ${depth})`);
    if (matrices === undefined) accumulate(context, product, tile);
    else accumulateInFragments(context, product, tile, matrices);
    const { fold } = product;
    if (fold !== undefined) declareFold(context, fold, tile);
    finishBlock(context, product, tile, parts?.store);
    const memory = matrices === undefined ? quadMemory : scalarMemory("finished", invocationsOf(tile));
    if (fold !== undefined) foldTile(context, product, fold, tile, memory);
    return total;
  });
}

/** Of whole slabs, whichever loop stages them; a part that begins behind the end is empty. */
function partDepth({ writer }: Context, depth: Dim, parts: number): string {
  return writer.size(multiplyDims(constantDim(partStep), groupsFor(depth, parts * partStep)));
}

const partStep = 64;

export const components = ["x", "y", "z", "w"] as const;

export function invocationsOf(tile: Tile): number {
  return (tile.rows / tile.blockRows) * lanesAcross(tile);
}

/** Invocations that share the rows of a block. */
export function lanesAcross({ columns, blockColumns }: Tile): number {
  return columns / blockColumns;
}

/** The column of a block's element (i, j) within its tile: neighbours have neighbouring quads. */
export function columnInTile(tile: Tile, j: number): string {
  return `blockColumn * 4u + ${Math.floor(j / 4) * lanesAcross(tile) * 4 + (j % 4)}u`;
}

/** Where a block's element (i, j) is added up. */
function sumOf(i: number, j: number): string {
  return `sum_${i}_${Math.floor(j / 4)}.${components[j % 4]}`;
}

/** Rows of tiles come in bands of eight, so that workgroups that run together share operands in the cache. */
const band = 8;

/** Names the tile of a workgroup and the block of an invocation. */
function placeTile({ writer }: Context, tile: Tile, tall: Dim, wide: Dim, number: string): void {
  const name = (hint: string, value: string): void => writer.push({ kind: "let", name: hint, value });
  const across = `${lanesAcross(tile)}u`;
  name("number", number);
  name("band", `number / (${band}u * ${writer.size(wide)})`);
  name("inBand", `number % (${band}u * ${writer.size(wide)})`);
  name("bandRows", `min(${band}u, ${writer.size(tall)} - band * ${band}u)`);
  name("tileRow", `band * ${band}u + inBand % bandRows`);
  name("tileColumn", "inBand / bandRows");
  name("row0", `tileRow * ${tile.rows}u`);
  name("column0", `tileColumn * ${tile.columns}u`);
  name("blockRow", `lane / ${across}`);
  name("blockColumn", `lane % ${across}`);
}

/**
 * Hands on the elements of a block that are part of the result. What is done with each is a function of the shader: a
 * block has up to 64, and a shader that says everything for each of them is long to load and to compile.
 */
function finishBlock(context: Context, product: Product, tile: Tile, storePart: StorePart | undefined): void {
  const { writer } = context;
  const { fold } = product;
  const part = storePart === undefined ? [] : ["part"];
  const parameters: readonly Parameter[] = [
    ...["row", "column", ...part].map((name) => ({ name, type: "u32" }) as const),
    { name: "value", type: "f32" },
    ...(fold === undefined ? [] : foldParameters(fold)),
  ];
  const inside = `row < ${writer.size(product.rows)} && column < ${writer.size(product.columns)}`;
  const finish = writer.routine("finish", parameters, () => {
    writer.when(inside, () => {
      if (storePart !== undefined) return storePart(context, "part", "row", "column", "value");
      const values = product.element(context, "row", "column", "value");
      if (fold !== undefined) takeIntoFold(context, fold, tile, values);
    });
    return undefined;
  });
  const columns = Array.from({ length: tile.blockColumns }, (_, j) =>
    writer.let({ text: `column0 + ${columnInTile(tile, j)}`, type: "u32" }, "column"),
  );
  for (let i = 0; i < tile.blockRows; i++) {
    const row = writer.let({ text: `row0 + blockRow * ${tile.blockRows}u + ${i}u`, type: "u32" }, "row");
    columns.forEach((column, j) => {
      const states = fold === undefined ? [] : statesAt(fold, [i, j]).map((name) => `&${name}`);
      writer.push({ kind: "call", text: finish([row.text, column.text, ...part, sumOf(i, j), ...states]) });
    });
  }
}

/** The main loop: stage a slab of each operand, wait, multiply, wait. */
function accumulate(context: Context, product: Product, tile: Tile): void {
  const { writer } = context;
  const size = knownSize(product.depth);
  // Parts of the depth are whole slabs too.
  const isWhole = size !== undefined && size % tile.depth === 0;
  const shared = { context, tile, isWhole };
  const left = slabOf(shared, "left", tile.rows, "row0", writer.size(product.rows), product.left);
  const right = slabOf(shared, "right", tile.columns, "column0", writer.size(product.columns), product.right);
  declareSums(context, tile);
  writer.loop("k", "begin", "end", `${tile.depth}u`, (k0) => {
    left.fill(k0);
    right.fill(k0);
    writer.push({ kind: "barrier" });
    for (let kk = 0; kk < tile.depth; kk++) multiplyBlock(context, tile, kk);
    writer.push({ kind: "barrier" });
  });
}

/** The same on subgroup matrices. */
function accumulateInFragments(context: Context, product: Product, tile: Tile, matrices: MatrixPlan): void {
  const { writer } = context;
  declareSums(context, tile);
  const elements = {
    left: (row: string, k: string) => elementOf(context, product.left, row, k),
    right: (k: string, column: string) => elementOf(context, product.right, column, k),
    leftRuns: product.left.runs,
    rightRuns: product.right.runs,
    from: { row: "row0", column: "column0", depth: "begin" },
    to: { row: writer.size(product.rows), column: writer.size(product.columns), depth: "end" },
  } as const;
  accumulateOnMatrices(context, tile, matrices, elements, sumOf);
}

function declareSums({ writer }: Context, tile: Tile): void {
  eachQuad(tile, (i, quad) =>
    writer.push({ kind: "variable", name: `sum_${i}_${quad}`, type: "vec4f", value: "vec4f()" }),
  );
}

/** Quads of four elements along the rows or columns; one more than there are, so that banks do not collide. */
function strideOf(width: number): number {
  return width / 4 + 1;
}

/**
 * A slab in workgroup memory. What lies outside the operand is read at its last element instead: across, that only
 * reaches results which nobody takes; along the depth it is made 0. An invocation fills the same quads of every slab.
 */
function slabOf(
  { context, tile, isWhole }: { readonly context: Context; readonly tile: Tile; readonly isWhole: boolean },
  array: "left" | "right",
  width: number,
  start: string,
  size: string,
  { line, depth, element, runs }: Operand,
): { readonly fill: (k0: string) => void } {
  const { writer } = context;
  const [quads, lanes] = [(width / 4) * tile.depth, invocationsOf(tile)];
  const named = (text: string, hint: string): string => writer.let({ text, type: "u32" }, hint).text;
  writer.shared(array, "vec4f", Math.max(tile.depth * strideOf(width), lanes));
  const parameters = [...line.names, ...depth.names].map((name) => ({ name, type: "u32" }) as const);
  const read = writer.routine(`${array}_element`, parameters, () =>
    element(context, line.names, depth.names),
  );
  const placed = (e: string) => {
    const quad = named(runs === "depth" ? `${e} / ${tile.depth}u` : `${e} % ${width / 4}u`, "quad");
    const k = named(runs === "depth" ? `${e} % ${tile.depth}u` : `${e} / ${width / 4}u`, "depth");
    const lines = components.map((_, c) =>
      line.numbers(context, named(`min(${start} + ${quad} * 4u + ${c}u, ${size} - 1u)`, "p")),
    );
    return { quad, k, lines };
  };
  const put = (k0: string, { quad, k, lines }: ReturnType<typeof placed>): void => {
    const at = named(`${k0} + ${k}`, "k");
    const numbers = depth.numbers(context, isWhole ? at : named(`min(${at}, end - 1u)`, "k"));
    const values = `vec4f(${lines.map((each) => read([...each, ...numbers])).join(", ")})`;
    const value = isWhole ? values : `select(vec4f(), ${values}, ${at} < end)`;
    writer.push({ kind: "storeShared", array, index: `${k} * ${strideOf(width)}u + ${quad}`, value });
  };
  const turns = quads / lanes;
  if (!Number.isInteger(turns) || turns * 4 * line.names.length > mostNumbers)
    return {
      fill: (k0) => writer.loop("e", "lane", `${quads}u`, `${lanes}u`, (e) => put(k0, placed(e))),
    };
  const shares = Array.from({ length: turns }, (_, turn) =>
    placed(turn === 0 ? "lane" : named(`lane + ${turn * lanes}u`, "e")),
  );
  return { fill: (k0) => shares.forEach((share) => put(k0, share)) };
}

/** Numbers of lines that an invocation keeps through the loop over the depth; more are worked out for each slab. */
const mostNumbers = 24;

function multiplyBlock({ writer }: Context, tile: Tile, kk: number): void {
  const fours = (array: "left" | "right", count: number, place: (n: number) => string): readonly string[] =>
    Array.from({ length: count }, (_, n) => {
      const name = `${array === "left" ? "a" : "b"}${n}_${kk}`;
      const stride = strideOf(array === "left" ? tile.rows : tile.columns);
      writer.push({ kind: "let", name, value: `${array}[${place(n)} + ${kk * stride}u]` });
      return name;
    });
  const down = tile.blockRows / 4;
  const a = fours("left", down, (n) => `blockRow * ${down}u + ${n}u`);
  const b = fours("right", tile.blockColumns / 4, (n) => `blockColumn + ${n * lanesAcross(tile)}u`);
  eachQuad(tile, (i, quad) => {
    const factor = `${a[Math.floor(i / 4)]}.${components[i % 4]}`;
    const sum = `sum_${i}_${quad}`;
    writer.push({ kind: "assign", target: sum, value: `fma(vec4f(${factor}), ${b[quad]}, ${sum})` });
  });
}

function eachQuad(tile: Tile, visit: (i: number, quad: number) => void): void {
  for (let i = 0; i < tile.blockRows; i++)
    for (let quad = 0; quad < tile.blockColumns / 4; quad++) visit(i, quad);
}
