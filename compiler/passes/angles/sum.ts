/**
 * Reading a value as a sum  Σ nᵢ·acos(cᵢ) + constant + Σ qⱼ·valueⱼ, in any association: `2 * (theta + m)`,
 * `theta * 2 + m * 2` and `m + m - (0 - theta) / 0.5` read alike. A value that is no such sum is one
 * remaining value with factor 1, so every value can be read.
 */
import { type Formulas, formulas, inputOf } from "../../ir/build.ts";
import { type GraphBuilder, type Node, isOp } from "../../ir/node.ts";
import type { OpName } from "../../ops/attrs.ts";

export interface AngleSum {
  /** Each with its factor, which is not 0; no cosine twice. */
  readonly angles: readonly { readonly cosine: Node; readonly factor: number }[];
  readonly constant: number;
  readonly rest: readonly RestPart[];
}

export interface RestPart {
  readonly node: Node;
  readonly factor: number;
  /** A select, minimum or maximum with an angle in a branch. */
  readonly choiceOfAngles: boolean;
}

/** Nodes in `opaque` are values of their own, whatever they are made of. */
export function angleSumReader(builder: GraphBuilder, opaque: ReadonlySet<Node>): (node: Node) => AngleSum {
  const known = new Map<Node, AngleSum>();
  const read = (node: Node): AngleSum => {
    const before = known.get(node);
    if (before !== undefined) return before;
    const sum = (opaque.has(node) ? undefined : readSum(builder, node, read)) ?? single(node, read, opaque);
    known.set(node, sum);
    return sum;
  };
  return read;
}

/** The sum as a node again. */
export function sumNode(f: Formulas, sum: AngleSum): Node {
  const parts = [
    ...sum.angles.map(({ cosine, factor }) => scaledNode(f, f.make("acos", [cosine], {}), factor)),
    ...sum.rest.map(({ node, factor }) => scaledNode(f, node, factor)),
  ];
  const whole = parts.reduce<Node | undefined>(
    (sum, part) => (sum === undefined ? part : f.add(sum, part)),
    undefined,
  );
  if (whole === undefined) return f.f32(sum.constant);
  return sum.constant === 0 ? whole : f.add(whole, f.f32(sum.constant));
}

export function addSums(a: AngleSum, b: AngleSum): AngleSum {
  const angles = [...a.angles];
  for (const { cosine, factor } of b.angles) {
    const at = angles.findIndex((angle) => angle.cosine === cosine);
    if (at < 0) angles.push({ cosine, factor });
    else angles[at] = { cosine, factor: (angles[at]?.factor ?? 0) + factor };
  }
  return {
    angles: angles.filter(({ factor }) => factor !== 0),
    constant: a.constant + b.constant,
    rest: [...a.rest, ...b.rest],
  };
}

export function scaleSum(sum: AngleSum, by: number): AngleSum {
  if (by === 0) return constantSum(0);
  return {
    angles: sum.angles.map(({ cosine, factor }) => ({ cosine, factor: factor * by })),
    constant: sum.constant * by,
    rest: sum.rest.map((part) => ({ ...part, factor: part.factor * by })),
  };
}

function constantSum(constant: number): AngleSum {
  return { angles: [], constant, rest: [] };
}

function readSum(builder: GraphBuilder, node: Node, read: (node: Node) => AngleSum): AngleSum | undefined {
  if (node.type.dtype !== "f32") return undefined;
  if (isOp(node, "constant")) return constantSum(node.attrs.value);
  if (isOp(node, "acos")) return { angles: [{ cosine: inputOf(node, 0), factor: 1 }], constant: 0, rest: [] };
  if (isOp(node, "cast")) return castOfConstant(inputOf(node, 0));
  if (isOp(node, "neg")) return scaleSum(read(inputOf(node, 0)), -1);
  if (isOp(node, "add")) return addSums(read(inputOf(node, 0)), read(inputOf(node, 1)));
  if (isOp(node, "sub")) return addSums(read(inputOf(node, 0)), scaleSum(read(inputOf(node, 1)), -1));
  if (isOp(node, "mul")) return product(read(inputOf(node, 0)), read(inputOf(node, 1)));
  if (isOp(node, "div")) return quotient(read(inputOf(node, 0)), read(inputOf(node, 1)));
  return rearrangements.has(node.op) ? rearranged(builder, node, read(inputOf(node, 0))) : undefined;
}

function castOfConstant(node: Node): AngleSum | undefined {
  return isOp(node, "constant") ? constantSum(node.attrs.value) : undefined;
}

function product(a: AngleSum, b: AngleSum): AngleSum | undefined {
  if (isConstantSum(a)) return scaleSum(b, a.constant);
  return isConstantSum(b) ? scaleSum(a, b.constant) : undefined;
}

function quotient(a: AngleSum, b: AngleSum): AngleSum | undefined {
  if (!isConstantSum(b) || b.constant === 0) return undefined;
  const { angles, constant, rest } = a;
  return {
    angles: angles.map(({ cosine, factor }) => ({ cosine, factor: factor / b.constant })),
    constant: constant / b.constant,
    rest: rest.map((part) => ({ ...part, factor: part.factor / b.constant })),
  };
}

function isConstantSum({ angles, rest }: AngleSum): boolean {
  return angles.length === 0 && rest.length === 0;
}

/** Operations that only move or repeat elements, or stop a gradient: acos may as well come after them. */
const rearrangements: ReadonlySet<OpName> = new Set<OpName>([
  "broadcast",
  "reshape",
  "transpose",
  "slice",
  "detach",
]);

/** Parts of a sum broadcast to its shape; a move names axes and elements of that shape, so they are stretched first. */
function rearranged(builder: GraphBuilder, node: Node, sum: AngleSum): AngleSum {
  const { shape } = inputOf(node, 0).type;
  const { broadcast, make } = formulas(builder, node.span);
  const move = (part: Node): Node => make(node.op, [broadcast(part, shape)], node.attrs);
  const moved: AngleSum = {
    angles: [],
    constant: sum.constant,
    rest: sum.rest.map((part) => ({ ...part, node: move(part.node), choiceOfAngles: false })),
  };
  return sum.angles.reduce(
    (total, { cosine, factor }) =>
      addSums(total, { angles: [{ cosine: move(cosine), factor }], constant: 0, rest: [] }),
    moved,
  );
}

function single(node: Node, read: (node: Node) => AngleSum, opaque: ReadonlySet<Node>): AngleSum {
  const branches = isOp(node, "select") ? node.inputs.slice(1) : choices.has(node.op) ? node.inputs : [];
  const choiceOfAngles = !opaque.has(node) && branches.some((branch) => holdsAngle(read(branch)));
  return { angles: [], constant: 0, rest: [{ node, factor: 1, choiceOfAngles }] };
}

const choices: ReadonlySet<OpName> = new Set<OpName>(["minimum", "maximum"]);

function holdsAngle({ angles, rest }: AngleSum): boolean {
  return angles.length > 0 || rest.some((part) => part.choiceOfAngles);
}

function scaledNode(f: Formulas, node: Node, factor: number): Node {
  if (factor === 1) return node;
  return factor === -1 ? f.neg(node) : f.mul(f.f32(factor), node);
}

/** The same sum with one angle left out. */
export function withoutAngle(sum: AngleSum, cosine: Node): AngleSum {
  return { ...sum, angles: sum.angles.filter((angle) => angle.cosine !== cosine) };
}
