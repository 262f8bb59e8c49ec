/**
 * The tile engine: a product of two matrices whose elements come from formulas. A workgroup owns a tile of the
 * result, stages slabs of both operands in workgroup memory, and each invocation ends with a block of the result in
 * registers; there is a loop on plain numbers and one on subgroup matrices. Finished elements go to `element`, and what
 * it gives is folded along the rows or the columns of the tile, so that a reduction of the result needs no second look
 * at it. Matrix products and all convolutions are formulas on top of it. The tile is chosen from `tiles` by size.
 */
import { type Dim, constantDim, multiplyDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitDirectProduct } from "./direct-products.ts";
import type { Context } from "./scope.ts";
import { type Sink, groupsFor } from "./sink.ts";
import { bucketOf } from "./tile-table.ts";
import { accumulateOnMatrices, matrixPlan } from "./matrix-tiles.ts";
import { accumulate } from "./plain-tiles.ts";
import { type ParameterGroup, routine } from "./routines.ts";
import type { Operand } from "./slabs.ts";
import {
  type Tile,
  columnInTile,
  eachQuad,
  elementOfSum,
  invocationsOf,
  lanesAcross,
  sumOf,
  tiles,
} from "./tile.ts";
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
  /** Numbers that are folded for each result of `fold`. */
  readonly folded: number;
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

/** With more, a card may hold only one workgroup of the largest tile at a time, and then nothing hides its waiting. */
const mostFolded = 2;

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

export function chooseTile(sink: Sink, product: TileSizes): Tile {
  const { guess, capabilities, tileOf } = sink;
  const [rows, columns] = [guess(product.rows), guess(product.columns)];
  const onMatrices = product.isRounded && capabilities.matrix !== undefined;
  const measured = onMatrices ? undefined : tileOf(bucketOf({ rows, columns, depth: guess(product.depth) }));
  if (measured !== undefined) return tiles[measured];
  if (columns <= 16) return rows > 32 ? tiles.tall : tiles.small;
  if (rows <= 16) return columns > 32 ? tiles.wide : tiles.small;
  const { huge, large, square, high, broad, small } = tiles;
  const parts = mostParts(sink, product);
  const areaIn = (tile: Tile): number => tilesOf(sink, product, tile) * tile.rows * tile.columns;
  const isNarrow = columns <= 32 || rows <= 32;
  const least = isNarrow ? small : square;
  /** Whether there are enough of it, cut along the depth or whole; what follows stands behind whole tiles only. */
  const suits = (tile: Tile, enough: number, cut: number): boolean =>
    areaIn(tile) <= 1.125 * areaIn(least) && tilesOf(sink, product, tile) * cut >= enough;
  if (isNarrow) {
    const long = columns <= 32 ? high : broad;
    return suits(long, enoughTiles, parts) ? long : small;
  }
  if (onMatrices) {
    const isShared = matrixPlan(capabilities.matrix, huge) !== undefined;
    return isShared && suits(huge, busyWorkgroups, parts) ? huge : square;
  }
  const isRoomy = product.folded <= mostFolded;
  if (isRoomy && suits(huge, busyWorkgroups, 1)) return huge;
  if (suits(large, busyWorkgroups, 1)) return large;
  if (isRoomy && suits(huge, busyWorkgroups, parts)) return huge;
  return suits(large, enoughTiles, parts) ? large : square;
}

type TileSizes = Pick<Product, "rows" | "columns" | "depth" | "isRounded" | "folded">;

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
    declareSums(context, tile);
    if (matrices === undefined) accumulate(context, product, tile);
    else accumulateOnMatrices(context, product, tile, matrices);
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

/** What the loops over the depth add up: a variable for each quad of a block, 0 at first. */
function declareSums({ writer }: Context, tile: Tile): void {
  eachQuad(tile, (i, quad) =>
    writer.push({ kind: "variable", name: sumOf(i, quad), type: "vec4f", value: "vec4f()" }),
  );
}

/** With the loaded values that an invocation keeps beside its sums: for the row at hand, and for each column of its block. */
const ofRow: ParameterGroup = { parameters: [{ name: "row", type: "u32" }], most: 8 };
const ofColumn: ParameterGroup = { parameters: [{ name: "column", type: "u32" }], most: 4 };

/**
 * Hands on the elements of a block that are part of the result. What is done with each is a function of the shader: a
 * block has up to 64, and a shader that says everything for each of them is long to load and to compile.
 */
function finishBlock(context: Context, product: Product, tile: Tile, storePart: StorePart | undefined): void {
  const { writer } = context;
  const { fold } = product;
  const [rows, columns] = [writer.size(product.rows), writer.size(product.columns)];
  const finish = routine(
    writer,
    {
      name: "finish",
      groups: [ofRow, ofColumn],
      own: [
        { name: "value", type: "f32" },
        ...(storePart === undefined ? [] : [{ name: "part", type: "u32" } as const]),
        ...(fold === undefined ? [] : foldParameters(fold)),
      ],
      where: `row < ${rows} && column < ${columns}`,
    },
    () => {
      if (storePart !== undefined) storePart(context, "part", "row", "column", "value");
      else {
        const values = product.element(context, "row", "column", "value");
        if (fold !== undefined) takeIntoFold(context, fold, tile, values);
      }
      return undefined;
    },
  );
  const lineOf = (group: ParameterGroup, text: string, count: string): readonly string[] => {
    const at = writer.index(text, group.parameters[0]?.name ?? "");
    return finish.prepare(group, [at], [`min(${at}, ${count} - 1u)`]);
  };
  const across = Array.from({ length: tile.blockColumns }, (_, j) =>
    lineOf(ofColumn, `column0 + ${columnInTile(tile, j)}`, columns),
  );
  for (let i = 0; i < tile.blockRows; i++) {
    const row = lineOf(ofRow, `row0 + blockRow * ${tile.blockRows}u + ${i}u`, rows);
    across.forEach((column, j) => {
      const states = fold === undefined ? [] : statesAt(fold, [i, j]).map((name) => `&${name}`);
      const own = [elementOfSum(i, j), ...(storePart === undefined ? [] : ["part"]), ...states];
      writer.push({ kind: "call", text: finish.call([row, column], own) });
    });
  }
}
