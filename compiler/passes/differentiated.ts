/** What passes before differentiation must leave alone. */
import { inputOf } from "../ir/build.ts";
import { type Graph, type Node, isOp, nodesOfGraph } from "../ir/node.ts";

/** Values that something is differentiated with respect to: they must stay themselves. */
export function differentiatedBy(graph: Graph): ReadonlySet<Node> {
  return new Set(nodesOfGraph(graph).flatMap((node) => (isOp(node, "gradient") ? [inputOf(node, 1)] : [])));
}
