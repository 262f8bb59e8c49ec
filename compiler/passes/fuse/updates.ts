/**
 * New values of variables that may be written where the old ones lie, so that a kernel binds one buffer for both. The kernel
 * must read the old value at the one place that it then writes, and come after all others that read it.
 */
import { type Node, nameOfVariable } from "../../ir/node.ts";
import { sameShape } from "../../ir/type.ts";
import { updatedBy } from "../../live-variables.ts";
import { isElementwise, isLeaf, limitsOf } from "../fuse.ts";
import type { Stage } from "../pass.ts";
import { readsOfPass, streamedNodes } from "../stream.ts";
import { isViewOf, storedUnder } from "./touched.ts";

/** Nodes of new values, with the names of their variables. */
export type Updates = ReadonlyMap<Node, string>;

/** Those of which only the order of kernels decides whether they are written in place; what regions touch is left out. */
export function updatesInPlace({ graph, regions = [], options }: Stage): Updates {
  const limits = limitsOf(options);
  const around = { limits, unbound: new Set<Node>() };
  if (!limits.updatesInPlace) return new Map();
  const isCopied = (node: Node): boolean => isLeaf(node) || isViewOf(around, node);
  const elsewhere = [
    ...graph.outputs.map(({ node }) => node).filter(isCopied),
    ...regions.flatMap((region) => region.passes.flatMap((pass) => readsOfPass(region, pass))),
  ];
  const kept = new Set(
    elsewhere.flatMap((node) => storedUnder(around, node)).flatMap((node) => nameOfVariable(node) ?? []),
  );
  const streamed = streamedNodes(regions);
  const updates = new Map<Node, string>();
  for (const { name, node } of graph.outputs) {
    const variable = updatedBy(name);
    if (variable === undefined || isCopied(node) || streamed.has(node) || kept.has(variable)) continue;
    if (!updates.has(node)) updates.set(node, variable);
  }
  return updates;
}

/**
 * Whether everything in a kernel that depends on an old value is worked out at the place where `node` is written. A kernel
 * visits each place of a shape once; `stored` says what is read where a node is.
 */
export function readsOwnPlace(
  nodes: readonly Node[],
  node: Node,
  isOld: (node: Node) => boolean,
  stored: (node: Node) => readonly Node[],
): boolean {
  const touched = new Set<Node>();
  const isTouched = (each: Node): boolean => touched.has(each) || isOld(each);
  for (const each of [...nodes].sort((a, b) => a.id - b.id)) {
    const dependent = each.inputs.filter((input) => stored(input).some(isTouched));
    if (dependent.length === 0) continue;
    if (!dependent.every(isTouched) || !isElementwise(each)) return false;
    if (!sameShape(each.type.shape, node.type.shape)) return false;
    touched.add(each);
  }
  return true;
}
