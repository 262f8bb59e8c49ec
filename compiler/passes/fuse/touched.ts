/**
 * What a kernel touches: the values it takes from elsewhere, those that others see, and whether that is more than a target's
 * kernels may bind.
 */
import type { Node } from "../../ir/node.ts";
import { type KernelLimits, isElementwise } from "../fuse.ts";
import { isProduct, productIn } from "./products.ts";

export interface Surroundings {
  readonly limits: KernelLimits;
  readonly users: (node: Node) => readonly Node[];
  readonly seen: (node: Node) => boolean;
  readonly waitsFor: (node: Node) => readonly Node[];
  readonly unbound: ReadonlySet<Node>;
}

const none: ReadonlySet<Node> = new Set();

export function readsOf(nodes: readonly Node[]): readonly Node[] {
  const own = new Set(nodes);
  const reads = new Set<Node>();
  for (const node of nodes) for (const input of node.inputs) if (!own.has(input)) reads.add(input);
  return [...reads];
}

/** `anew` are values that every reader works out for itself. */
export function writesOf(
  { seen, users }: Pick<Surroundings, "seen" | "users">,
  nodes: readonly Node[],
  anew: ReadonlySet<Node> = none,
): readonly Node[] {
  const own = new Set(nodes);
  return nodes.filter(
    (node) => !anew.has(node) && (seen(node) || users(node).some((user) => !own.has(user))),
  );
}

/** Whether a kernel of these nodes keeps the target's limit. What a tile's reductions hand on is one buffer. */
export function holds(around: Surroundings, nodes: readonly Node[], anew: ReadonlySet<Node> = none): boolean {
  const reads = new Set(readsOf(nodes).flatMap((node) => storedUnder(around, node)));
  const writes = writesOf(around, nodes, anew);
  const ofTile =
    productIn(nodes) === undefined ? [] : writes.filter((node) => !isElementwise(node) && !isProduct(node));
  const handed = ofTile.length === 0 ? 0 : 1;
  return reads.size + writes.length - ofTile.length + handed <= around.limits.buffers;
}

export function isViewOf({ limits }: Pick<Surroundings, "limits">, node: Node): boolean {
  return limits.views.has(node.op);
}

/** What is read where the node is: views are worked out from what they are made of. */
export function storedUnder(around: Pick<Surroundings, "limits" | "unbound">, node: Node): readonly Node[] {
  if (around.unbound.has(node)) return [];
  return isViewOf(around, node) ? node.inputs.flatMap((input) => storedUnder(around, input)) : [node];
}
