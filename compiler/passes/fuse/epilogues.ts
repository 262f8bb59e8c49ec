/**
 * What a kernel does with its reductions when they are complete: element-wise operations on values of the results' shape,
 * each worked out once for each result. So the mean and the running mean follow the sum in its kernel, and the update of
 * a bias follows its gradient. Everything else in such a kernel is worked out for each element before, and knows of no
 * result.
 */
import type { Node } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { isElementwise } from "../fuse.ts";
import { type TileReduction, isTileReduction } from "./products.ts";

/** A kernel's nodes, by where they are worked out. */
export interface FoldParts {
  readonly elements: readonly Node[];
  readonly reductions: readonly TileReduction[];
  readonly epilogue: readonly Node[];
}

export function partsOfFold(nodes: readonly Node[]): FoldParts {
  const reductions = nodes.filter(isTileReduction);
  const epilogue = epilogueOf(nodes, reductions);
  const behind = new Set<Node>([...reductions, ...epilogue]);
  return { elements: nodes.filter((node) => !behind.has(node)), reductions, epilogue };
}

/** Whether no element waits for a result, and an epilogue finds all results at its own place. */
export function isInOrder({ elements, reductions, epilogue }: FoldParts): boolean {
  const complete = new Set<Node>([...reductions, ...epilogue]);
  const before = new Set(elements);
  return (
    [...elements, ...reductions].every(({ inputs }) => !inputs.some((input) => complete.has(input))) &&
    epilogue.every(({ inputs }) => !inputs.some((input) => before.has(input))) &&
    (epilogue.length === 0 || new Set(reductions.map(({ type }) => shapeKey(type.shape))).size === 1)
  );
}

/** Values of the results' shape that no element is made of. */
function epilogueOf(nodes: readonly Node[], reductions: readonly Node[]): readonly Node[] {
  const [first] = reductions;
  if (first === undefined) return [];
  const [ofResults, ofElements] = [shapeKey(first.type.shape), shapeOfElements(first)];
  if (ofResults === ofElements) return [];
  const isNeededBefore = new Set<Node>();
  const found: Node[] = [];
  for (const node of [...nodes].sort((a, b) => b.id - a.id)) {
    const follows =
      isElementwise(node) && shapeKey(node.type.shape) === ofResults && !isNeededBefore.has(node);
    if (follows) found.unshift(node);
    else for (const input of node.inputs) isNeededBefore.add(input);
  }
  return found;
}

/** The shape that a reduction goes over. */
export function shapeOfElements(reduction: Node): string {
  return shapeKey(reduction.inputs[0]?.type.shape ?? []);
}
