/** One kernel group of `fuse` as one kernel, or two where a reduction or a product runs in two stages. */
import { type Node, isOp } from "../../ir/node.ts";
import type { KernelGroup } from "../../passes/fuse.ts";
import { emitContraction } from "./contractions.ts";
import { emitElementwise } from "./elementwise.ts";
import { emitScatterRanges } from "./indexing.ts";
import { emitConcat } from "./concat.ts";
import { emitCumsum } from "./running-sums.ts";
import { emitSortingOrder } from "./sorting-orders.ts";
import { isProduct } from "../../passes/fuse/products.ts";
import { emitReductions, isReduction } from "./reductions.ts";
import { isView } from "./scope.ts";
import type { Sink } from "./sink.ts";

/** Adds the dispatches of a group. */
export function emitGroup(sink: Sink, group: KernelGroup): void {
  dispatchedParts(group).forEach((part) => emitPart(sink, part));
}

/** What a kernel works out, and what of it others see. */
export type Part = Pick<KernelGroup, "nodes" | "writes">;

/** The kernels of a group, in the order they run. */
export function dispatchedParts(group: KernelGroup): readonly Part[] {
  return group.kind === "optimizer" ? connectedParts(group) : [group];
}

/** A part of one view needs no dispatch: its readers work it out. */
export function emitPart(sink: Sink, { nodes, writes }: Part): void {
  const [product, last] = [nodes.find(isProduct), nodes.at(-1)];
  if (last === undefined || nodes.every(isView)) return;
  const others = nodes.filter((node) => !isView(node) && node !== product);
  const name = nameOf([...(product === undefined ? [] : [product]), ...others].map(({ op }) => op));
  for (const node of nodes) if (isOp(node, "scatter_add")) emitScatterRanges(sink, node);
  if (product !== undefined) return emitContraction(sink, name, nodes, writes, product);
  if (nodes.some(isReduction)) return emitReductions(sink, name, nodes, writes);
  if (isOp(last, "cumsum")) return emitCumsum(sink, name, last);
  if (isOp(last, "argsort")) return emitSortingOrder(sink, name, last);
  if (isOp(last, "concat")) return emitConcat(sink, name, last);
  emitElementwise(sink, name, nodes, writes);
}

/**
 * The update of each parameter by itself. Parameters have buffers of their own and a kernel sees only eight, so one
 * dispatch cannot update them all.
 */
function connectedParts({ nodes, writes }: KernelGroup): readonly Part[] {
  const parts: Node[][] = [];
  for (const node of nodes) {
    const touching = parts.filter((part) => part.some((each) => node.inputs.includes(each)));
    for (const part of touching) parts.splice(parts.indexOf(part), 1);
    parts.push([...touching.flat(), node]);
  }
  return parts.map((part) => ({ nodes: part, writes: writes.filter((node) => part.includes(node)) }));
}

/** A kernel by its operations, for people. */
export function nameOf(ops: readonly string[]): string {
  const [first = "", second, ...rest] = ops;
  return rest.length > 2
    ? `${first} … ${rest.at(-1)} (${ops.length} operations)`
    : [first, second, ...rest].filter(Boolean).join(" ");
}
