/**
 * The main loop of a tile on subgroup matrices (tensor cores): both operands are staged as f16, each subgroup multiplies
 * fragments of them and adds up in f32. Fragments are opaque, so the finished tile goes through workgroup memory, some
 * fragments at a time, until each invocation has the block in registers that the plain loop would have
 * given it. What follows a product is the same for both loops. Only operands that are rounded to half precision
 * already come here, so staging loses nothing.
 */
import type { MatrixUse } from "./capabilities.ts";
import type { Context } from "./scope.ts";
import { plus, times } from "./sizes.ts";
import { type Operand, type SlabOf, isItself, stageSlab } from "./slabs.ts";
import { type Tile, columnInTile, components, invocationsOf, sumOf } from "./tile.ts";
import type { Product } from "./tiled-products.ts";

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

/** How much of the depth is staged at a time; a multiple of every fragment's. */
const stagedDepth = 32;

/** Halves behind each line of a slab, so that lines do not meet in the same banks; offsets stay multiples of 8. */
const padding = 8;

/** The squarest sharing of a tile; undefined where its fragments do not go round. */
export function matrixPlan(use: MatrixUse | undefined, tile: Tile): MatrixPlan | undefined {
  if (use === undefined) return undefined;
  const { shape, subgroup } = use;
  const { rows, columns, blockRows } = tile;
  const subgroups = invocationsOf(tile) / subgroup;
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

/** Leaves the block of each invocation in its sums, which are declared. */
export function accumulateOnMatrices(context: Context, product: Product, tile: Tile, plan: MatrixPlan): void {
  const { writer } = context;
  writer.enable("shader-f16");
  writer.enable("subgroups");
  writer.enable("chromium-experimental-subgroup-matrix");
  const shared = {
    depth: stagedDepth,
    length: product.depth,
    lanes: invocationsOf(tile),
  };
  const left = halves(context, product.left, {
    ...shared,
    ...{ array: "left", lines: tile.rows, start: "row0", size: product.rows },
  });
  const right = halves(context, product.right, {
    ...shared,
    ...{ array: "right", lines: tile.columns, start: "column0", size: product.columns },
  });
  writer.push({ kind: "let", name: "fragmentRow", value: `subgroup / ${plan.across}u * ${plan.tall}u` });
  writer.push({ kind: "let", name: "fragmentColumn", value: `subgroup % ${plan.across}u * ${plan.wide}u` });
  eachFragment(plan, (i, j) =>
    writer.push({ kind: "fragment", name: fragment(i, j), type: fragmentType(plan, "result") }),
  );
  writer.loop("k", "begin", "end", `${stagedDepth}u`, (k0) => {
    left.fill(k0);
    right.fill(k0);
    writer.push({ kind: "barrier" });
    for (let kk = 0; kk < stagedDepth; kk += plan.use.shape.depth)
      multiplyFragments(context, plan, kk, left, right);
    writer.push({ kind: "barrier" });
  });
  handOut(context, tile, plan);
}

/** A slab of f16, in lines as its elements lie in memory. */
interface Halves {
  readonly fill: (k0: string) => void;
  /** A fragment of it: from this line, which is a text, and this place of the depth on. */
  readonly fragment: (plan: MatrixPlan, line: string, k: number) => string;
}

function halves(context: Context, operand: Operand, slab: Omit<SlabOf, "quads">): Halves {
  const { writer } = context;
  const { array, lines } = slab;
  const byLine = operand.runs === "depth";
  // Four places of a line want one address where four lines want four.
  const quads = byLine && (isItself(operand.depth) || operand.quad(context)) ? "depth" : "lines";
  const stride = (byLine ? stagedDepth : lines) + padding;
  const index = (line: string, k: string): string =>
    byLine ? times(line, `${stride}u`) + ` + ${k}` : times(k, `${stride}u`) + ` + ${line}`;
  writer.shared(`halves_${array}`, "f16", (byLine ? lines : stagedDepth) * stride);
  const { fill } = stageSlab(context, operand, { ...slab, quads }, ({ line, k }, { text, element }) => {
    const staged = writer.fresh("staged");
    writer.push({ kind: "let", name: staged, value: text });
    components.forEach((component, c) => {
      const [across, down] = quads === "lines" ? [plus(line, `${c}u`), k] : [line, plus(k, `${c}u`)];
      writer.push({
        kind: "storeShared",
        array: `halves_${array}`,
        index: index(across, down),
        value: element === "f16" ? `${staged}.${component}` : `f16(${staged}.${component})`,
      });
    });
  });
  return {
    fill,
    // The rows of a left fragment are lines, those of a right one are places of the depth.
    fragment: (plan, line, k) =>
      load(plan, array, index(line, `${k}u`), stride, byLine === (array === "left") ? "row" : "column"),
  };
}

function multiplyFragments(
  { writer }: Context,
  plan: MatrixPlan,
  k: number,
  left: Halves,
  right: Halves,
): void {
  const { rows, columns } = plan.use.shape;
  const load = (name: string, count: number, of: (n: number) => string): readonly string[] =>
    Array.from({ length: count }, (_, n) => {
      writer.push({ kind: "let", name: `${name}${n}_${k}`, value: of(n) });
      return `${name}${n}_${k}`;
    });
  const a = load("a", plan.tall, (i) => left.fragment(plan, `(fragmentRow + ${i}u) * ${rows}u`, k));
  const b = load("b", plan.wide, (j) => right.fragment(plan, `(fragmentColumn + ${j}u) * ${columns}u`, k));
  eachFragment(plan, (i, j) =>
    writer.push({
      kind: "assign",
      target: fragment(i, j),
      value: `subgroupMatrixMultiplyAccumulate(${a[i]}, ${b[j]}, ${fragment(i, j)})`,
    }),
  );
}

/**
 * One fragment of every subgroup at a time goes through memory; then each invocation takes the quads of its block that
 * are in it.
 */
function handOut({ writer }: Context, tile: Tile, plan: MatrixPlan): void {
  const { rows, columns } = plan.use.shape;
  const stride = columns + 4;
  const name = (hint: string, value: string): void => writer.push({ kind: "let", name: hint, value });
  // What follows the product may leave two numbers for each of four of an invocation's results here.
  const subgroups = plan.down * plan.across;
  writer.shared("finished", "f32", Math.max(subgroups * rows * stride, 8 * invocationsOf(tile)));
  const quads = Array.from({ length: tile.blockColumns / 4 }, (_, quad) => quad);
  name("ownRow", `blockRow * ${tile.blockRows}u`);
  for (const quad of quads) {
    name(`ownColumn${quad}`, columnInTile(tile, quad * 4));
    const [down, across] = [`(ownRow / ${rows}u)`, `(ownColumn${quad} / ${columns}u)`];
    name(`turn${quad}`, `${down} % ${plan.tall}u * ${plan.wide}u + ${across} % ${plan.wide}u`);
    const owner = `(${down} / ${plan.tall}u * ${plan.across}u + ${across} / ${plan.wide}u)`;
    name(
      `own${quad}`,
      `(${owner} * ${rows}u + ownRow % ${rows}u) * ${stride}u + ownColumn${quad} % ${columns}u`,
    );
  }
  eachFragment(plan, (i, j) => {
    const offset = `subgroup * ${rows * stride}u`;
    writer.push({ kind: "call", text: store(plan, "finished", offset, fragment(i, j), stride) });
    writer.push({ kind: "barrier" });
    for (const quad of quads)
      writer.when(`turn${quad} == ${i * plan.wide + j}u`, () => {
        for (let row = 0; row < tile.blockRows; row++) {
          const four = components.map((_, c) => `finished[own${quad} + ${row * stride + c}u]`);
          writer.push({ kind: "assign", target: sumOf(row, quad), value: `vec4f(${four.join(", ")})` });
        }
      });
    writer.push({ kind: "barrier" });
  });
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

/** In either spelling; `order` says of what memory holds one after the other. */
function load(
  plan: MatrixPlan,
  role: "left" | "right",
  offset: string,
  stride: number,
  order: "row" | "column",
): string {
  const [type, array] = [fragmentType(plan, role), `&halves_${role}`];
  return {
    flag: `subgroupMatrixLoad<${type}>(${array}, ${offset}, ${order === "column"}, ${stride}u)`,
    layout: `subgroupMatrixLoad<${type}, ${order === "row" ? "row" : "col"}_major>(${array}, ${offset}, ${stride}u)`,
  }[plan.use.spelling];
}

/** Rows one after the other. */
function store(plan: MatrixPlan, array: string, offset: string, value: string, stride: number): string {
  return {
    flag: `subgroupMatrixStore(&${array}, ${offset}, ${value}, false, ${stride}u)`,
    layout: `subgroupMatrixStore<row_major>(&${array}, ${offset}, ${value}, ${stride}u)`,
  }[plan.use.spelling];
}
