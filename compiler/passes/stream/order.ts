/**
 * Whether regions can run beside each other: passes are whole steps, so two regions that feed each other could
 * wait for each other although their nodes do not.
 */
import type { Graph } from "../../ir/node.ts";
import { type Region, nodesOutside, readsOfPass, streamedNodes } from "../stream.ts";

/** True when steps (single nodes and passes) have an order. */
export function inAcyclicOrder(graph: Graph, regions: readonly Region[]): boolean {
  const streamed = streamedNodes(regions);
  const ready = new Set<object>();
  const waiting = new Set<{ readonly needs: readonly object[]; readonly gives: readonly object[] }>();
  for (const node of nodesOutside(graph, regions))
    if (!streamed.has(node)) waiting.add({ needs: node.inputs, gives: [node] });
  for (const region of regions)
    region.passes.forEach((pass, index) => {
      const before = region.passes.slice(0, index);
      waiting.add({
        needs: [...readsOfPass(region, pass), ...before],
        gives: [pass, ...pass.results.map(({ node }) => node)],
      });
    });
  for (let moved = true; moved;) {
    moved = false;
    for (const step of waiting)
      if (step.needs.every((need) => ready.has(need))) {
        step.gives.forEach((given) => ready.add(given));
        waiting.delete(step);
        moved = true;
      }
  }
  return waiting.size === 0;
}
