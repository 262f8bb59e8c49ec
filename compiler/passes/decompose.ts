/**
 * Pass `decompose`: composites become primitives, so that every later pass and every target knows only
 * those. What speaks about gradients (`gradient`, `detach`, `straight_through`) stays for the `gradient` pass.
 *
 *   before   %1 = softmax(%0) {axis: 1}
 *   after    %1 = logsumexp(%0) {axes: [1], keepDims: true}
 *            %2 = sub(%0, %1)
 *            %3 = exp(%2)
 */
import type { Graph, GraphBuilder } from "../ir/node.ts";
import { rewriteGraph } from "../ir/rewrite.ts";
import { decomposed } from "../ops/table.ts";
import type { Pass } from "./pass.ts";

export const decompose: Pass = {
  name: "decompose",
  doc: "Composites become primitives.",
  run: (stage) => ({ ...stage, graph: decomposeGraph(stage.graph, stage.builder) }),
};

export function decomposeGraph(graph: Graph, builder: GraphBuilder): Graph {
  return rewriteGraph(graph, builder, (node) => decomposed(builder, node));
}
