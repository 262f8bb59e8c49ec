/**
 * What a kernel that folds may hold where a target shares folds: element-wise operations on values of one shape, stored where
 * others read them, and reductions of those along the same axes. Each element is visited once, so what is made on the
 * way to a sum need not be read again. A reduction's result is complete only afterwards: its epilogue may read it,
 * nothing else in the kernel.
 */
import { type Node, isOp, isReduction } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { isElementwise } from "../fuse.ts";
import { isInOrder, partsOfFold, shapeOfElements } from "./epilogues.ts";
import { mostReductions } from "./products.ts";

/** Whether the nodes are reductions that one kernel may work out, and chains of it. */
export function isOfFold(nodes: readonly Node[]): boolean {
  const parts = partsOfFold(nodes);
  const { elements, reductions } = parts;
  const folds = new Set(reductions.map((each) => `${axesOf(each).join()} of ${shapeOfElements(each)}`));
  const [shape] = reductions.map(shapeOfElements);
  return (
    folds.size === 1 &&
    reductions.length <= mostReductions &&
    reductions.every((each) => isReduction(each) && each.type.dtype === "f32") &&
    elements.every((node) => isElementwise(node) && shapeKey(node.type.shape) === shape) &&
    isInOrder(parts)
  );
}

function axesOf(node: Node): readonly number[] {
  return isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp") ? node.attrs.axes : [];
}
