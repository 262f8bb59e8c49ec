/** One kernel group of `fuse` as one kernel, or two where a reduction or a product runs in two stages. */
import { isOp } from "../../ir/node.ts";
import type { KernelGroup } from "../../passes/fuse.ts";
import { emitContraction } from "./contractions.ts";
import { emitElementwise } from "./elementwise.ts";
import { emitPermuted, emitScatterRanges, isPermuting } from "./indexing.ts";
import { emitConcat } from "./concat.ts";
import { emitCumsum } from "./running-sums.ts";
import { emitSortingOrder } from "./sorting-orders.ts";
import { isProduct, isTileReduction } from "../../passes/fuse/products.ts";
import { emitReductions } from "./reductions.ts";
import { isView } from "./scope.ts";
import type { Sink } from "./sink.ts";

/** What a kernel works out, and what of it others see. */
export type Part = Pick<KernelGroup, "nodes" | "writes">;

/** A part of one view needs no dispatch: its readers work it out. */
export function emitPart(sink: Sink, { nodes, writes }: Part): void {
  const [product, last] = [nodes.find(isProduct), nodes.at(-1)];
  if (last === undefined || nodes.every(isView)) return;
  const others = nodes.filter((node) => !isView(node) && node !== product);
  const name = nameOf([...(product === undefined ? [] : [product]), ...others].map(({ op }) => op));
  for (const node of nodes) if (isOp(node, "scatter_add")) emitScatterRanges(sink, node);
  if (product !== undefined) return emitContraction(sink, name, nodes, writes, product);
  if (nodes.some(isTileReduction)) return emitReductions(sink, name, nodes, writes);
  if (isOp(last, "cumsum")) return emitCumsum(sink, name, last);
  if (isOp(last, "argsort")) return emitSortingOrder(sink, name, last);
  if (isOp(last, "concat")) return emitConcat(sink, name, last);
  if (isPermuting(last)) return emitPermuted(sink, name, last);
  emitElementwise(sink, name, nodes, writes);
}

/** A kernel by its operations, for people. */
export function nameOf(ops: readonly string[]): string {
  const [first = "", second, ...rest] = ops;
  return rest.length > 2
    ? `${first} … ${rest.at(-1)} (${ops.length} operations)`
    : [first, second, ...rest].filter(Boolean).join(" ");
}
