/**
 * Rebuilding a graph bottom-up: the one loop under every graph pass. A rule sees a node whose inputs are
 * already settled and may give another node in its place; what it gives is settled again until no rule
 * applies. The caller's rules must make progress: a step limit turns a rule that undoes another into an error.
 */
import type { Graph, GraphBuilder, Node } from "./node.ts";
import { nodesOfGraph } from "./node.ts";

/** A replacement, or `undefined` (or the node itself) where the rule does not apply. */
export type NodeRule = (node: Node, builder: GraphBuilder) => Node | undefined;

export function rewriteGraph(graph: Graph, builder: GraphBuilder, rule: NodeRule): Graph {
  return mapOutputs(graph, rewriter(graph, builder, rule));
}

/** The same outputs with each node replaced. */
export function mapOutputs(graph: Graph, replace: (node: Node) => Node): Graph {
  return { outputs: graph.outputs.map(({ name, node }) => ({ name, node: replace(node) })) };
}

/** Copies a graph into another builder, which numbers the nodes anew. */
export function importGraph(graph: Graph, builder: GraphBuilder): Graph {
  return rebuiltGraph(graph, builder, (_, __, input) => input);
}

/** The graph node by node; `inputOf` may give another input than the rebuilt one, for one of its users alone. */
export function rebuiltGraph(
  graph: Graph,
  builder: GraphBuilder,
  inputOf: (user: Node, index: number, rebuilt: Node) => Node,
): Graph {
  const copies = new Map<Node, Node>();
  for (const node of nodesOfGraph(graph)) {
    const inputs = node.inputs.map((input, index) => inputOf(node, index, found(copies, input)));
    copies.set(node, builder.make(node.op, inputs, node.attrs, node.span));
  }
  return mapOutputs(graph, (node) => found(copies, node));
}

/** What each node of the graph became, for passes that must follow a node through a rewrite. */
export function rewriter(graph: Graph, builder: GraphBuilder, rule: NodeRule): (node: Node) => Node {
  const settled = new Map<Node, Node>();
  const nodes = nodesOfGraph(graph);
  let stepsLeft = 1000 + 200 * nodes.length;
  const settle = (node: Node): Node => {
    const known = settled.get(node);
    if (known !== undefined) return known;
    if (stepsLeft-- < 0) throw new Error(`the rules do not come to rest at ${node.op}`);
    const rebuilt = node.inputs.every((input) => settle(input) === input)
      ? node
      : builder.make(node.op, node.inputs.map(settle), node.attrs, node.span);
    const next = rebuilt === node ? rule(node, builder) : rebuilt;
    const result = next === undefined || next === node ? node : settle(next);
    settled.set(node, result);
    return result;
  };
  // In creation order, so that the recursion only ever enters nodes that a rule has just made.
  for (const node of nodes) settle(node);
  return settle;
}

function found(copies: ReadonlyMap<Node, Node>, node: Node): Node {
  const copy = copies.get(node);
  if (copy === undefined) throw new Error(`${node.op} comes after its user`);
  return copy;
}
