/**
 * The main loop of a tile on subgroup matrices (tensor cores): both operands are staged as f16, each subgroup multiplies
 * fragments of them and adds up in f32. Fragments are opaque, so the finished tile goes through workgroup memory, some
 * rows of fragments at a time, until each invocation has the block in registers that the plain loop would have
 * given it. What follows a product is the same for both loops. Only operands that are rounded to half precision
 * already come here, so staging loses nothing.
 */
import type { MatrixUse } from "./capabilities.ts";
import type { Context } from "./scope.ts";

/** How the subgroups of a workgroup share a tile. */
export interface MatrixPlan {
  readonly use: MatrixUse;
  /** Subgroups side by side in each direction. */
  readonly down: number;
  readonly across: number;
  /** Fragments of each subgroup in each direction. */
  readonly tall: number;
  readonly wide: number;
}

export interface MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** What one invocation ends with. */
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** Elements of an operand, and where they lie: texts of u32 positions in, the text of a value out. */
export interface MatrixElements {
  readonly left: (row: string, k: string) => string;
  readonly right: (k: string, column: string) => string;
  readonly leftRuns: "across" | "depth";
  readonly rightRuns: "across" | "depth";
  /** First row, column and place of the depth, and where each ends. */
  readonly from: { readonly row: string; readonly column: string; readonly depth: string };
  readonly to: { readonly row: string; readonly column: string; readonly depth: string };
}

/** How much of the depth is staged at a time; a multiple of every fragment's. */
const stagedDepth = 32;

/** Halves behind each line of a slab, so that lines do not meet in the same banks; offsets stay multiples of 8. */
const padding = 8;

/** The squarest sharing of a tile; undefined where its fragments do not go round. */
export function matrixPlan(
  use: MatrixUse | undefined,
  { rows, columns, blockRows, blockColumns }: MatrixTile,
): MatrixPlan | undefined {
  if (use === undefined) return undefined;
  const { shape, subgroup } = use;
  const invocations = (rows / blockRows) * (columns / blockColumns);
  const subgroups = invocations / subgroup;
  if (!Number.isInteger(subgroups) || shape.rows % blockRows !== 0 || stagedDepth % shape.depth !== 0)
    return undefined;
  const plans = Array.from({ length: subgroups }, (_, index) => index + 1)
    .map((down) => ({
      use,
      down,
      across: subgroups / down,
      tall: rows / shape.rows / down,
      wide: (columns / shape.columns / subgroups) * down,
    }))
    .filter(({ across, tall, wide }) => [across, tall, wide].every(Number.isInteger));
  return plans.sort((a, b) => a.tall + a.wide - b.tall - b.wide)[0];
}

/** Leaves the element (i, j) of each invocation's block in `sums(i, j)`, which is declared. */
export function accumulateOnMatrices(
  context: Context,
  tile: MatrixTile,
  plan: MatrixPlan,
  elements: MatrixElements,
  sums: (i: number, j: number) => string,
): void {
  const { writer } = context;
  writer.enable("shader-f16");
  writer.enable("subgroups");
  writer.enable("chromium-experimental-subgroup-matrix");
  const { from, to } = elements;
  const [leftStride, rightStride] = [stagedDepth + padding, tile.columns + padding];
  writer.shared("halves_left", "f16", tile.rows * leftStride);
  writer.shared("halves_right", "f16", stagedDepth * rightStride);
  writer.push({ kind: "let", name: "fragmentRow", value: `subgroup / ${plan.across}u * ${plan.tall}u` });
  writer.push({ kind: "let", name: "fragmentColumn", value: `subgroup % ${plan.across}u * ${plan.wide}u` });
  eachFragment(plan, (i, j) =>
    writer.push({ kind: "fragment", name: fragment(i, j), type: fragmentType(plan, "result") }),
  );
  writer.loop("k", from.depth, to.depth, `${stagedDepth}u`, (k0) => {
    stage(context, tile, elements.leftRuns, tile.rows, (across, k) => ({
      index: `${across} * ${leftStride}u + ${k}`,
      array: "halves_left",
      inside: `${from.row} + ${across} < ${to.row} && ${k0} + ${k} < ${to.depth}`,
      value: () => elements.left(named(context, `${from.row} + ${across}`), named(context, `${k0} + ${k}`)),
    }));
    stage(context, tile, elements.rightRuns, tile.columns, (across, k) => ({
      index: `${k} * ${rightStride}u + ${across}`,
      array: "halves_right",
      inside: `${from.column} + ${across} < ${to.column} && ${k0} + ${k} < ${to.depth}`,
      value: () =>
        elements.right(named(context, `${k0} + ${k}`), named(context, `${from.column} + ${across}`)),
    }));
    writer.push({ kind: "barrier" });
    writer.loop("kk", "0u", `${stagedDepth}u`, `${plan.use.shape.depth}u`, (kk) =>
      multiplyFragments(context, plan, kk, [leftStride, rightStride]),
    );
    writer.push({ kind: "barrier" });
  });
  handOut(context, tile, plan, sums);
}

function named({ writer }: Context, text: string): string {
  return writer.let({ text, type: "u32" }, "p").text;
}

interface Staged {
  readonly array: string;
  readonly index: string;
  readonly inside: string;
  readonly value: () => string;
}

/** Fills a slab; what lies outside the operand is 0. */
function stage(
  context: Context,
  tile: MatrixTile,
  runs: "across" | "depth",
  width: number,
  element: (across: string, k: string) => Staged,
): void {
  const { writer } = context;
  writer.loop("e", "lane", `${width * stagedDepth}u`, `${invocationsOf(tile)}u`, (e) => {
    const across = named(context, runs === "depth" ? `${e} / ${stagedDepth}u` : `${e} % ${width}u`);
    const k = named(context, runs === "depth" ? `${e} % ${stagedDepth}u` : `${e} / ${width}u`);
    const { array, index, inside, value } = element(across, k);
    const staged = writer.fresh("staged");
    writer.push({ kind: "variable", name: staged, type: "f32", value: "0.0" });
    writer.when(inside, () => writer.push({ kind: "assign", target: staged, value: value() }));
    writer.push({ kind: "storeShared", array, index, value: `f16(${staged})` });
  });
}

function invocationsOf({ rows, columns, blockRows, blockColumns }: MatrixTile): number {
  return (rows / blockRows) * (columns / blockColumns);
}

function multiplyFragments(
  { writer }: Context,
  plan: MatrixPlan,
  kk: string,
  [leftStride, rightStride]: readonly [number, number],
): void {
  const { rows, columns } = plan.use.shape;
  for (let i = 0; i < plan.tall; i++)
    writer.push({
      kind: "let",
      name: `a${i}_`,
      value: load(plan, "left", `(fragmentRow + ${i}u) * ${rows * leftStride}u + ${kk}`, leftStride),
    });
  for (let j = 0; j < plan.wide; j++)
    writer.push({
      kind: "let",
      name: `b${j}_`,
      value: load(
        plan,
        "right",
        `${kk} * ${rightStride}u + (fragmentColumn + ${j}u) * ${columns}u`,
        rightStride,
      ),
    });
  eachFragment(plan, (i, j) =>
    writer.push({
      kind: "assign",
      target: fragment(i, j),
      value: `subgroupMatrixMultiplyAccumulate(a${i}_, b${j}_, ${fragment(i, j)})`,
    }),
  );
}

/** One row of fragments of every subgroup at a time; then each invocation takes what its block has of them. */
function handOut(
  { writer }: Context,
  tile: MatrixTile,
  plan: MatrixPlan,
  sums: (i: number, j: number) => string,
): void {
  const { rows, columns } = plan.use.shape;
  const stride = tile.columns + padding;
  // What follows the product may leave two numbers for each of an invocation's four columns here.
  writer.shared("finished", "f32", Math.max(plan.down * rows * stride, 8 * invocationsOf(tile)));
  const lanes = tile.columns / tile.blockColumns;
  const share = tile.rows / plan.down;
  writer.push({ kind: "let", name: "ownRow", value: `lane / ${lanes}u * ${tile.blockRows}u` });
  const inShare = `ownRow % ${share}u`;
  const start = `(ownRow / ${share}u * ${rows}u + ${inShare} % ${rows}u) * ${stride}u`;
  writer.push({ kind: "let", name: "own", value: `${start} + lane % ${lanes}u * 4u` });
  for (let turn = 0; turn < plan.tall; turn++) {
    for (let j = 0; j < plan.wide; j++) {
      const row = `fragmentRow / ${plan.tall}u * ${rows * stride}u`;
      const offset = `${row} + (fragmentColumn + ${j}u) * ${columns}u`;
      writer.push({ kind: "call", text: store(plan, "finished", offset, fragment(turn, j), stride) });
    }
    writer.push({ kind: "barrier" });
    writer.when(`${inShare} / ${rows}u == ${turn}u`, () => {
      for (let i = 0; i < tile.blockRows; i++)
        for (let j = 0; j < tile.blockColumns; j++)
          writer.push({
            kind: "assign",
            target: sums(i, j),
            value: `finished[own + ${i * stride + Math.floor(j / 4) * lanes * 4 + (j % 4)}u]`,
          });
    });
    writer.push({ kind: "barrier" });
  }
}

function eachFragment({ tall, wide }: MatrixPlan, visit: (i: number, j: number) => void): void {
  for (let i = 0; i < tall; i++) for (let j = 0; j < wide; j++) visit(i, j);
}

function fragment(i: number, j: number): string {
  return `fragment_${i}_${j}`;
}

/** Columns come before rows in the types of fragments. */
function fragmentType({ use: { shape } }: MatrixPlan, role: "left" | "right" | "result"): string {
  const sizes = {
    left: `f16, ${shape.depth}, ${shape.rows}`,
    right: `f16, ${shape.columns}, ${shape.depth}`,
    result: `f32, ${shape.columns}, ${shape.rows}`,
  };
  return `subgroup_matrix_${role}<${sizes[role]}>`;
}

/** Rows one after the other, in either spelling. */
function load(plan: MatrixPlan, role: "left" | "right", offset: string, stride: number): string {
  const [type, array] = [fragmentType(plan, role), `&halves_${role}`];
  return {
    flag: `subgroupMatrixLoad<${type}>(${array}, ${offset}, false, ${stride}u)`,
    layout: `subgroupMatrixLoad<${type}, row_major>(${array}, ${offset}, ${stride}u)`,
  }[plan.use.spelling];
}

function store(plan: MatrixPlan, array: string, offset: string, value: string, stride: number): string {
  return {
    flag: `subgroupMatrixStore(&${array}, ${offset}, ${value}, false, ${stride}u)`,
    layout: `subgroupMatrixStore<row_major>(&${array}, ${offset}, ${value}, ${stride}u)`,
  }[plan.use.spelling];
}
