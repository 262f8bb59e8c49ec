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
 * Large variables may lie in shards, which only kernels that go row by row know how to read: a fold goes over elements and
 * results in another order.
 */
export function readsShards(reads: readonly Node[], nodes: readonly Node[]): boolean {
  const { elements, reductions, epilogue } = partsOfFold(nodes);
  const shapes = new Set([
    ...[...elements, ...epilogue].map(({ type }) => shapeKey(type.shape)),
    ...reductions.map(shapeOfElements),
  ]);
  return reads.some(
    (node) => isVariable(node) && isLarge(node.type) && shapes.has(shapeKey(node.type.shape)),
  );
}
