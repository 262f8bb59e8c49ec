/**
 * Element-wise operations broadcast by themselves, so a written-out broadcast below one is needless: the
 * work is done at the small shape and stretched as late as possible.
 */
import { constantDim, isSize, productOfDims } from "../../ir/dim.ts";
import { inputOf, type Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { sizeNode } from "../../ops/composites.ts";
import { classes, column, matrix, rows } from "./examples.ts";
import { type SimplifyRule, elementwiseNames, input, isShape, jointShape, withInputs } from "./rule.ts";

export const broadcastRules: readonly SimplifyRule[] = [
  {
    law: "f(broadcast x, y) = f(x, y), stretched afterwards where it must be",
    on: elementwiseNames,
    rule: (node, f) => {
      const small = node.inputs.map((operand) => (operand.op === "broadcast" ? input(operand, 0) : operand));
      if (small.every((operand, index) => operand === node.inputs[index])) return undefined;
      return f.broadcast(withInputs(f, node, small), node.type.shape);
    },
    example: (f) => f.mul(f.broadcast(column(f), [rows, classes]), matrix(f)),
  },
  {
    law: "sum(broadcast x) = size · x along stretched axes; max(broadcast x) = x",
    on: ["sum", "max"],
    rule: (node, f) => reducedBroadcast(node, f),
    example: (f) => f.sum(f.broadcast(column(f), [rows, classes]), { axes: [0, 1], keepDims: false }),
  },
];

function reducedBroadcast(node: Node, f: Formulas): Node | undefined {
  const stretched = inputOf(node, 0);
  if (!(isOp(node, "sum") || isOp(node, "max")) || stretched.op !== "broadcast") return undefined;
  if (node.type.dtype !== "f32") return undefined;
  const { shape } = stretched.type;
  const x = input(stretched, 0);
  const padded = [...shape.slice(x.type.shape.length).map(() => constantDim(1)), ...x.type.shape];
  const isStretched = (axis: number): boolean =>
    isSize(padded[axis] ?? constantDim(1), 1) && !isSize(shape[axis] ?? constantDim(1), 1);
  const { axes, keepDims } = node.attrs;
  if (!axes.some(isStretched)) return undefined;
  const rest = axes.filter((axis) => !isStretched(axis));
  const own = f.reshape(x, padded);
  const reduced = rest.length === 0 ? own : f.make(node.op, [own], { axes: rest, keepDims: true });
  const factor = productOfDims(shape.filter((_, axis) => axes.includes(axis) && isStretched(axis)));
  const scaled = isOp(node, "sum") ? f.mul(sizeNode(f, factor), reduced) : reduced;
  const kept = scaled.type.shape.filter((_, axis) => keepDims || !axes.includes(axis));
  const shaped = f.reshape(scaled, kept);
  const joint = jointShape([shaped, node]);
  return joint !== undefined && isShape(joint, node.type.shape)
    ? f.broadcast(shaped, node.type.shape)
    : undefined;
}
