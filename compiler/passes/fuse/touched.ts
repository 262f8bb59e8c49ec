/**
 * What a kernel touches: the values it takes from elsewhere, those that others see, and whether that is more than a target's
 * kernels may bind.
 */
import { type Node, isOp, nameOfVariable } from "../../ir/node.ts";
import { type KernelLimits, isElementwise } from "../fuse.ts";
import { partsOfFold } from "./epilogues.ts";
import { productIn } from "./products.ts";
import { type Updates, readsOwnPlace } from "./updates.ts";

export interface Surroundings {
  readonly limits: KernelLimits;
  readonly users: (node: Node) => readonly Node[];
  readonly seen: (node: Node) => boolean;
  readonly waitsFor: (node: Node) => readonly Node[];
  readonly unbound: ReadonlySet<Node>;
  /** New values that lie where the old ones do. */
  readonly updates: Updates;
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

/**
 * Whether a kernel of these nodes keeps the target's limit. A product with reductions runs as several: tiles, or parts of
 * the depth, hand what they hold to the kernel that puts them together, in one buffer; parts of the depth leave each
 * operand of a reduction to a kernel that reduces.
 */
export function holds(around: Surroundings, nodes: readonly Node[], anew: ReadonlySet<Node> = none): boolean {
  const writes = new Set(writesOf(around, nodes, anew));
  const bound = (some: readonly Node[], made: readonly Node[] = some): number => {
    const reads = new Set(readsOf(some).flatMap((node) => storedUnder(around, node)));
    for (const node of made) reads.delete(node);
    const written = made.filter((node) => writes.has(node) && !isInPlace(around, nodes, node, reads));
    return reads.size + written.length;
  };
  const product = productIn(nodes);
  const { elements, reductions, epilogue } = partsOfFold(nodes);
  if (product === undefined || reductions.length === 0) return bound(nodes) <= around.limits.buffers;
  const before = operandsIn(elements, product);
  const behind = elements.filter((node) => node !== product && !before.has(node));
  const operands = new Set(reductions.flatMap(({ inputs }) => inputs));
  const left = [...operands].filter((node) => !writes.has(node));
  return (
    Math.max(
      bound(elements) + 1,
      bound(behind, [...behind, product]) + 1 + left.length,
      bound([...reductions, ...epilogue]),
    ) <= around.limits.buffers
  );
}

/** Whether the value lies where a kernel that reads the old one has bound it. */
function isInPlace(
  around: Surroundings,
  nodes: readonly Node[],
  node: Node,
  reads: ReadonlySet<Node>,
): boolean {
  const variable = around.updates.get(node);
  const isOld = (each: Node): boolean => variable !== undefined && nameOfVariable(each) === variable;
  return [...reads].some(isOld) && readsOwnPlace(nodes, node, isOld, (each) => storedUnder(around, each));
}

/** What of a kernel its product is made of. */
function operandsIn(nodes: readonly Node[], product: Node): ReadonlySet<Node> {
  const found = new Set<Node>();
  for (const node of [product, ...[...nodes].sort((a, b) => b.id - a.id)])
    if (node === product || found.has(node))
      for (const input of node.inputs) if (nodes.includes(input)) found.add(input);
  return found;
}

export function isViewOf({ limits }: Pick<Surroundings, "limits">, node: Node): boolean {
  return limits.views.has(node.op) || (limits.repeats && isMadeOfSizes(node));
}

/** Whether the value is a number made of constants and sizes alone, such as 1 / N: cheaper to work out than to read. */
export function isMadeOfSizes(node: Node): boolean {
  return (
    isElementwise(node) &&
    node.type.shape.length === 0 &&
    node.inputs.every((input) => isOp(input, "constant") || isOp(input, "size") || isMadeOfSizes(input))
  );
}

/** What is read where the node is: views are worked out from what they are made of. */
export function storedUnder(around: Pick<Surroundings, "limits" | "unbound">, node: Node): readonly Node[] {
  if (around.unbound.has(node)) return [];
  return isViewOf(around, node) ? node.inputs.flatMap((input) => storedUnder(around, input)) : [node];
}
