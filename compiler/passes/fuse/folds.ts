/**
 * What a kernel that folds may hold where a target shares folds: element-wise operations on values of one shape, stored where
 * others read them, and reductions of those along the same axes. Each element is visited once, so what is made on the
 * way to a sum need not be read again. A reduction's result is complete only afterwards, so nothing in the kernel
 * may read it.
 */
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { isElementwise, isReduction } from "../fuse.ts";
import { mostReductions } from "./products.ts";

/** Whether the nodes are reductions that one kernel may work out, and chains of it. */
export function isOfFold(nodes: readonly Node[]): boolean {
  const reductions = nodes.filter(isReduction);
  const folds = new Set(reductions.map((each) => `${axesOf(each).join()} of ${shapeOfInput(each)}`));
  const complete = new Set(reductions);
  const [shape] = reductions.map(shapeOfInput);
  return (
    folds.size === 1 &&
    reductions.length <= mostReductions &&
    reductions.every(({ type }) => type.dtype === "f32") &&
    nodes.every(
      (node) => complete.has(node) || (isElementwise(node) && shapeKey(node.type.shape) === shape),
    ) &&
    nodes.every((node) => !node.inputs.some((input) => complete.has(input)))
  );
}

/** Variables may lie in shards, which only kernels that go row by row know how to read. */
export function readsVariable(reads: readonly Node[], nodes: readonly Node[]): boolean {
  const shapes = new Set(nodes.map(({ type }) => shapeKey(type.shape)));
  return reads.some((node) => isVariable(node) && shapes.has(shapeKey(node.type.shape)));
}

function axesOf(node: Node): readonly number[] {
  return isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp") ? node.attrs.axes : [];
}

function shapeOfInput(node: Node): string {
  return shapeKey(node.inputs[0]?.type.shape ?? []);
}
