/** What nodes may be one kernel, by its kind: asked while kernels grow and when values are worked out anew. */
import type { Node } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import type { KernelKind, KernelLimits } from "../fuse.ts";
import { partsOfFold } from "./epilogues.ts";
import { isOfFold } from "./folds.ts";
import { isOfTile, productIn } from "./products.ts";
import { readsShards } from "./shards.ts";
import { type Surroundings, readsOf, storedUnder } from "./touched.ts";

/** The shape that a kernel goes over. */
export function shapeOfKernel(nodes: readonly Node[]): string {
  return shapeKey((productIn(nodes) ?? foldedIn(nodes) ?? nodes[0])?.type.shape ?? []);
}

/** What the reductions of a kernel go over. */
function foldedIn(nodes: readonly Node[]): Node | undefined {
  return partsOfFold(nodes).reductions[0]?.inputs[0];
}

export function takesChains(kind: KernelKind, { products }: KernelLimits): boolean {
  return kind === "contraction" && products === "chains";
}

/** Whether the nodes are reductions that may share a kernel, and chains of them. */
export function isSharedFold(around: Surroundings, nodes: readonly Node[]): boolean {
  const reads = readsOf(nodes).flatMap((node) => storedUnder(around, node));
  return around.limits.folds === "shared" && isOfFold(nodes) && !readsShards(reads, nodes);
}

/** Whether nodes of one shape, those of a kernel among them, may be that kernel. */
export function mayBe(kind: KernelKind, around: Surroundings, nodes: readonly Node[]): boolean {
  if (kind === "reduction") return isSharedFold(around, nodes);
  return kind === "elementwise" || (takesChains(kind, around.limits) && isOfTile(nodes));
}

/** Whether an operand of the kernel's product is made from one of the values. */
export function feedsProduct(
  around: Surroundings,
  values: readonly Node[],
  kernel: readonly Node[],
): boolean {
  const operands = productIn(kernel)?.inputs ?? [];
  return operands.some((operand) => storedUnder(around, operand).some((node) => values.includes(node)));
}
