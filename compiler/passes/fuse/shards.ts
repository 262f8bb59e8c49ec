/** Which kernels keep their hands off variables that may lie in several buffers; see codegen/wgsl/shards.ts. */
import { knownSize } from "../../ir/dim.ts";
import { type Node, isVariable } from "../../ir/node.ts";
import { type TensorType, shapeKey } from "../../ir/type.ts";
import { elementsOf } from "../../ops/types.ts";
import { partsOfFold, shapeOfElements } from "./epilogues.ts";

/** Variables of more elements, or of an unknown number, are large: 16 MiB, far below what any device binds. */
export const largeElements = 2 ** 22;

export function isLarge(type: TensorType, large = largeElements): boolean {
  return type.shape.length > 0 && (knownSize(elementsOf(type)) ?? Infinity) >= large;
}

/**
 * Variables may lie in shards, which only kernels that go row by row know how to read. A fold goes over the elements of one
 * row after another in no such order, whatever their number; an epilogue reads what it likes of a variable that is small.
 */
export function readsShards(reads: readonly Node[], nodes: readonly Node[]): boolean {
  const { elements, reductions, epilogue } = partsOfFold(nodes);
  const ofElements = new Set([
    ...elements.map(({ type }) => shapeKey(type.shape)),
    ...reductions.map(shapeOfElements),
  ]);
  const ofEpilogue = new Set(epilogue.map(({ type }) => shapeKey(type.shape)));
  return reads.filter(isVariable).some(({ type }) => {
    const shape = shapeKey(type.shape);
    return isLarge(type) && (ofElements.has(shape) || ofEpilogue.has(shape));
  });
}
