/**
 * The tile engine: a product of two matrices whose elements come from formulas. A workgroup owns a tile of the
 * result, stages slabs of both operands in workgroup memory, and each invocation keeps a small block of the result
 * in registers. Matrix products and all three convolutions are formulas on top of it. The tile is chosen from
 * `tiles` by size; a tuner can hand in another choice without touching the writer.
 */
import { type Dim, addDims, constantDim, multiplyDims, quotientDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitEach } from "./elementwise.ts";
import { type MatrixPlan, accumulateOnMatrices, matrixPlan } from "./matrix-tiles.ts";
import type { Context } from "./scope.ts";
import { type Sink, groupsFor } from "./sink.ts";

export interface Tile {
  /** Of the result, and how much of the depth is staged at a time. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** What one invocation keeps. */
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** Every tile has 256 invocations. */
export const tiles = {
  square: { rows: 64, columns: 64, depth: 16, blockRows: 4, blockColumns: 4 },
  tall: { rows: 64, columns: 16, depth: 16, blockRows: 4, blockColumns: 1 },
  wide: { rows: 16, columns: 64, depth: 16, blockRows: 1, blockColumns: 4 },
  small: { rows: 16, columns: 16, depth: 16, blockRows: 1, blockColumns: 1 },
} as const satisfies Readonly<Record<string, Tile>>;

export interface Product {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly rows: Dim;
  readonly columns: Dim;
  readonly depth: Dim;
  /** Element (row, k) of the left operand; both are in range. */
  readonly left: (context: Context, row: string, k: string) => string;
  /** Element (k, column) of the right operand. */
  readonly right: (context: Context, k: string, column: string) => string;
  /** Whether every element of both operands is a number of half precision. */
  readonly isRounded: boolean;
  /** Which way neighbours in memory lie. */
  readonly leftRuns: "rows" | "depth";
  readonly rightRuns: "columns" | "depth";
  /** Takes a finished element of the result. */
  readonly store: (context: Context, row: string, column: string, value: string) => void;
}

/** Depth of a part where a small result has a long depth, so that more than a few workgroups have work. */
const partDepth = 1024;

/** How many parts the depth is cut into; undefined where one workgroup a tile is right. */
export function depthParts({ guess, style }: Sink, { rows, columns, depth }: Product): Dim | undefined {
  if (style === "invocation") return undefined;
  const few = guess(rows) * guess(columns) <= 128 * 128;
  if (!few || guess(depth) < 4 * partDepth) return undefined;
  return quotientDims(addDims(depth, constantDim(partDepth - 1)), constantDim(partDepth));
}

export function chooseTile({ guess }: Sink, { rows, columns }: Product): Tile {
  const [tall, wide] = [guess(rows) > 32, guess(columns) > 32];
  return tall ? (wide ? tiles.square : tiles.tall) : wide ? tiles.wide : tiles.small;
}

/**
 * One dispatch for the product. With `parts`, part p of the depth is handed to `storePart` and nothing is
 * added up across parts.
 */
export function emitProduct(
  sink: Sink,
  product: Product,
  parts?: {
    readonly count: Dim;
    readonly store: (context: Context, part: string, row: string, column: string, value: string) => void;
  },
): void {
  if (sink.style === "invocation") return emitDirectProduct(sink, product);
  const tile = chooseTile(sink, product);
  const matrices = product.isRounded ? matrixPlan(sink.capabilities.matrix, tile) : undefined;
  const workgroupSize = (tile.rows / tile.blockRows) * (tile.columns / tile.blockColumns);
  sink.kernel({ name: product.name, nodes: product.nodes, workgroupSize }, (context) => {
    const { writer } = context;
    const [tall, wide] = [groupsFor(product.rows, tile.rows), groupsFor(product.columns, tile.columns)];
    const plane = multiplyDims(tall, wide);
    const total = parts === undefined ? plane : multiplyDims(plane, parts.count);
    const name = (hint: string, value: string): void => writer.push({ kind: "let", name: hint, value });
    // All invocations of a workgroup leave together.
    writer.push({ kind: "leave", condition: `group >= ${writer.size(total)}` });
    if (parts !== undefined) name("part", `group / ${writer.size(plane)}`);
    const inPlane = parts === undefined ? "group" : `(group % ${writer.size(plane)})`;
    name("row0", `${inPlane} / ${writer.size(wide)} * ${tile.rows}u`);
    name("column0", `${inPlane} % ${writer.size(wide)} * ${tile.columns}u`);
    name("blockRow", `lane / ${tile.columns / tile.blockColumns}u * ${tile.blockRows}u`);
    name("blockColumn", `lane % ${tile.columns / tile.blockColumns}u * ${tile.blockColumns}u`);
    const from = parts === undefined ? "0u" : `part * ${partDepth}u`;
    name(
      "to",
      parts === undefined
        ? writer.size(product.depth)
        : `min(${from} + ${partDepth}u, ${writer.size(product.depth)})`,
    );
    if (matrices === undefined) accumulate(context, product, tile, workgroupSize, from);
    else accumulateInFragments(context, product, tile, matrices, from);
    eachOfBlock(tile, (i, j) =>
      writer.when(
        `row0 + blockRow + ${i}u < ${writer.size(product.rows)} && column0 + blockColumn + ${j}u < ${writer.size(product.columns)}`,
        () => {
          const row = writer.let({ text: `row0 + blockRow + ${i}u`, type: "u32" }, "row").text;
          const column = writer.let({ text: `column0 + blockColumn + ${j}u`, type: "u32" }, "column").text;
          if (parts === undefined) product.store(context, row, column, sumName(i, j));
          else parts.store(context, "part", row, column, sumName(i, j));
        },
      ),
    );
    return total;
  });
}

/** One invocation an element of the result, without workgroup memory. */
function emitDirectProduct(
  sink: Sink,
  { name, nodes, rows, columns, depth, left, right, store }: Product,
): void {
  emitEach(sink, { name, nodes }, [rows, columns], (context, place) => {
    const { writer } = context;
    const [row = "0u", column = "0u"] = place
      .coordinates()
      .map((text) => writer.let({ text, type: "u32" }, "p").text);
    writer.push({ kind: "variable", name: "sum", type: "f32", value: "0.0" });
    writer.loop("k", "0u", writer.size(depth), "1u", (k) => {
      const [a, b] = [left(context, row, k), right(context, k, column)];
      writer.push({ kind: "assign", target: "sum", value: `fma(${a}, ${b}, sum)` });
    });
    store(context, row, column, "sum");
  });
}

/** The main loop: stage a slab of each operand, wait, multiply, wait. */
function accumulate(
  context: Context,
  product: Product,
  tile: Tile,
  workgroupSize: number,
  from: string,
): void {
  const { writer } = context;
  writer.shared("left", "f32", tile.rows * tile.depth);
  writer.shared("right", "f32", tile.columns * tile.depth);
  eachOfBlock(tile, (i, j) =>
    writer.push({ kind: "variable", name: sumName(i, j), type: "f32", value: "0.0" }),
  );
  writer.loop("k", from, "to", `${tile.depth}u`, (k0) => {
    stage(
      context,
      "left",
      tile.rows,
      tile.depth,
      product.leftRuns === "depth" ? "depth" : "across",
      workgroupSize,
      (across, k) => ({
        inside: `row0 + ${across} < ${writer.size(product.rows)} && ${k0} + ${k} < to`,
        value: () =>
          product.left(context, named(context, `row0 + ${across}`), named(context, `${k0} + ${k}`)),
      }),
    );
    stage(
      context,
      "right",
      tile.columns,
      tile.depth,
      product.rightRuns === "depth" ? "depth" : "across",
      workgroupSize,
      (across, k) => ({
        inside: `column0 + ${across} < ${writer.size(product.columns)} && ${k0} + ${k} < to`,
        value: () =>
          product.right(context, named(context, `${k0} + ${k}`), named(context, `column0 + ${across}`)),
      }),
    );
    writer.push({ kind: "barrier" });
    writer.loop("kk", "0u", `${tile.depth}u`, "1u", (kk) => multiplyBlock(context, tile, kk));
    writer.push({ kind: "barrier" });
  });
}

/** The same on subgroup matrices. */
function accumulateInFragments(
  context: Context,
  product: Product,
  tile: Tile,
  matrices: MatrixPlan,
  from: string,
): void {
  const { writer } = context;
  eachOfBlock(tile, (i, j) =>
    writer.push({ kind: "variable", name: sumName(i, j), type: "f32", value: "0.0" }),
  );
  const elements = {
    left: (row: string, k: string) => product.left(context, row, k),
    right: (k: string, column: string) => product.right(context, k, column),
    leftRuns: product.leftRuns === "depth" ? "depth" : "across",
    rightRuns: product.rightRuns === "depth" ? "depth" : "across",
    from: { row: "row0", column: "column0", depth: from },
    to: { row: writer.size(product.rows), column: writer.size(product.columns), depth: "to" },
  } as const;
  accumulateOnMatrices(context, tile, matrices, elements, sumName);
}

function named({ writer }: Context, text: string): string {
  return writer.let({ text, type: "u32" }, "p").text;
}

/** Fills `array[k][across]`; what lies outside the operand is 0. */
function stage(
  { writer }: Context,
  array: "left" | "right",
  width: number,
  depth: number,
  runs: "depth" | "across",
  workgroupSize: number,
  element: (across: string, k: string) => { readonly inside: string; readonly value: () => string },
): void {
  writer.loop("e", "lane", `${width * depth}u`, `${workgroupSize}u`, (e) => {
    const across = writer.let(
      { text: runs === "depth" ? `${e} / ${depth}u` : `${e} % ${width}u`, type: "u32" },
      "across",
    ).text;
    const k = writer.let(
      { text: runs === "depth" ? `${e} % ${depth}u` : `${e} / ${width}u`, type: "u32" },
      "depth",
    ).text;
    const value = writer.fresh("staged");
    writer.push({ kind: "variable", name: value, type: "f32", value: "0.0" });
    const { inside, value: inner } = element(across, k);
    writer.when(inside, () => writer.push({ kind: "assign", target: value, value: inner() }));
    writer.push({ kind: "storeShared", array, index: `${k} * ${width}u + ${across}`, value });
  });
}

function multiplyBlock({ writer }: Context, tile: Tile, kk: string): void {
  for (let i = 0; i < tile.blockRows; i++)
    writer.push({ kind: "let", name: `a${i}_`, value: `left[${kk} * ${tile.rows}u + blockRow + ${i}u]` });
  for (let j = 0; j < tile.blockColumns; j++)
    writer.push({
      kind: "let",
      name: `b${j}_`,
      value: `right[${kk} * ${tile.columns}u + blockColumn + ${j}u]`,
    });
  eachOfBlock(tile, (i, j) =>
    writer.push({ kind: "assign", target: sumName(i, j), value: `fma(a${i}_, b${j}_, ${sumName(i, j)})` }),
  );
}

function eachOfBlock(tile: Tile, visit: (i: number, j: number) => void): void {
  for (let i = 0; i < tile.blockRows; i++) for (let j = 0; j < tile.blockColumns; j++) visit(i, j);
}

function sumName(i: number, j: number): string {
  return `sum_${i}_${j}`;
}
