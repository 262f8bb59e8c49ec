/**
 * Pass `parts`: values that `concat` puts together along a class axis, such as the scores of all classes and one more for
 * none of them, are taken apart again. What is done element by element is done to each part, and a reduction meets the
 * parts one by one, so the large part streams as if it stood alone. It comes before differentiation: no gradient is then
 * made of the whole.
 *
 *   before   %2 = concat(%0, %1) {axis: 1}                f32[N, C + 1]
 *            %3 = logsumexp(%2) {axes: [1]}
 *   after    %2 = logsumexp(%0) {axes: [1], keepDims}     f32[N, 1]
 *            %3 = logsumexp(concat(%2, %1)) {axes: [1]}
 */
import { type Dim, addDims, constantDim, isSize, sameDim } from "../ir/dim.ts";
import { type Formulas, formulas } from "../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp, isReduction } from "../ir/node.ts";
import { rewriteGraph } from "../ir/rewrite.ts";
import { sizeNode } from "../ops/composites.ts";
import { differentiatedBy } from "./differentiated.ts";
import type { Pass } from "./pass.ts";
import { factsOf } from "./simplify/index.ts";
import { column, labels, matrix } from "./simplify/examples.ts";
import {
  type Facts,
  type SimplifyRule,
  dimAlong,
  elementwiseNames,
  input,
  withInputs,
} from "./simplify/rule.ts";

export const parts: Pass = {
  name: "parts",
  doc: "What is put together along a class axis is taken apart again.",
  run: (stage) => ({ ...stage, graph: takenApart(stage.graph, stage.builder, factsOf(stage)) }),
};

/** The same outputs. */
export function takenApart(graph: Graph, builder: GraphBuilder, facts: Facts): Graph {
  // A whole that something is differentiated with respect to must stay one.
  if ([...differentiatedBy(graph)].some((node) => isTakenApart(node, facts))) return graph;
  return rewriteGraph(graph, builder, (node) => {
    const f = formulas(builder, node.span);
    for (const { on, rule } of partRules) {
      const result = on.includes(node.op) ? rule(node, f, facts) : undefined;
      if (result !== undefined) return result;
    }
    return undefined;
  });
}

/** A law that asks nobody who reads a value. */
export interface PartRule extends Omit<SimplifyRule, "rule"> {
  readonly rule: (node: Node, f: Formulas, facts: Facts) => Node | undefined;
}

export const partRules: readonly PartRule[] = [
  {
    law: "f(concat x, y) = concat f(x, y) where y is put together alike, or is the same along that axis",
    on: elementwiseNames,
    rule: (node, f, facts) => ofParts(node, f, facts),
    example: (f) => f.sub(beside(f), column(f)),
  },
  {
    law: "a reduction along the axis of a concat is that of the parts' reductions",
    on: ["sum", "max", "logsumexp"],
    rule: (node, f, facts) => reducedParts(node, f, facts),
    example: (f) => f.logsumexp(beside(f), { axes: [1], keepDims: false }),
  },
  {
    law: "pick(concat(a, b), y) = pick(a, y) + pick(b, y - columns of a), since out of range a pick is 0",
    on: ["pick"],
    rule: (node, f, facts) => pickedParts(node, f, facts),
    example: (f) => f.pick(beside(f), labels(f)),
  },
];

/** f32[N, C + 1] */
function beside(f: Formulas): Node {
  return f.make("concat", [matrix(f), column(f)], { axis: 1 });
}

/** A concat along an axis that is going to be cut into chunks. The first axis is that of the rows, which is not. */
function isTakenApart(node: Node, { isChunked }: Facts): node is Node<"concat"> {
  if (!isOp(node, "concat") || node.attrs.axis === 0) return false;
  const sizes = node.inputs.map((part) => sizeAlong(part, node.attrs.axis));
  return sizes.some((size) => !isSize(size, 1) && isChunked(size));
}

function ofParts(node: Node, f: Formulas, facts: Facts): Node | undefined {
  const joined = node.inputs.find((operand) => isTakenApart(operand, facts));
  if (joined === undefined || !isOp(joined, "concat")) return undefined;
  const rank = node.type.shape.length;
  if (joined.type.shape.length !== rank) return undefined;
  const { axis } = joined.attrs;
  const parts = joined.inputs.map((_, at) => {
    const operands = node.inputs.map((operand) => partOf(operand, joined, at, rank));
    return operands.every((operand) => operand !== undefined) ? withInputs(f, node, operands) : undefined;
  });
  return parts.every((part) => part !== undefined) ? f.make("concat", parts, { axis }) : undefined;
}

/** What an operand is for one part: its own part, or itself where it is the same for all. */
function partOf(operand: Node, joined: Node<"concat">, at: number, rank: number): Node | undefined {
  const { axis } = joined.attrs;
  if (isSize(dimAlong(operand.type, axis, rank), 1)) return operand;
  const isAlike =
    isOp(operand, "concat") &&
    operand.attrs.axis === axis &&
    operand.inputs.length === joined.inputs.length &&
    operand.inputs.every((part, index) =>
      sameDim(sizeAlong(part, axis), sizeAlong(joined.inputs[index] ?? part, axis)),
    );
  return isAlike ? operand.inputs[at] : undefined;
}

function sizeAlong({ type }: Node, axis: number): Dim {
  return type.shape[axis] ?? constantDim(1);
}

function reducedParts(node: Node, f: Formulas, facts: Facts): Node | undefined {
  if (!isReduction(node)) return undefined;
  const joined = input(node, 0);
  const { axes } = node.attrs;
  if (!isTakenApart(joined, facts) || !axes.includes(joined.attrs.axis)) return undefined;
  const { axis } = joined.attrs;
  const reduced = joined.inputs.map((part) => f.make(node.op, [part], { axes, keepDims: true }));
  const whole = f.make(node.op, [f.make("concat", reduced, { axis })], { axes: [axis], keepDims: false });
  return f.reshape(whole, node.type.shape);
}

function pickedParts(node: Node, f: Formulas, facts: Facts): Node | undefined {
  const [joined, index] = [input(node, 0), input(node, 1)];
  if (!isTakenApart(joined, facts) || joined.attrs.axis !== joined.type.shape.length - 1) return undefined;
  const picked: Node[] = [];
  let start = constantDim(0);
  for (const part of joined.inputs) {
    const size = sizeAlong(part, joined.attrs.axis);
    picked.push(f.pick(part, f.sub(index, f.cast(sizeNode(f, start), "i32"))));
    if (picked.length === 1 && facts.inRange(index, size)) break;
    start = addDims(start, size);
  }
  return picked.reduce(f.add);
}
