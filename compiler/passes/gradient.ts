/**
 * Pass `gradient`: reverse mode on the graph. Each `gradient(of, wrt)` becomes the adjoint of wrt in one
 * reverse sweep per distinct `of`; a `detach` stops adjoints, a `straight_through` sends them to its second
 * operand, and both are gone afterwards. Something that `of` does not depend on has gradient zero. Adjoints
 * are ordinary nodes, so forward, backward and updates are one graph from here on.
 *
 *   before   %1 = mul(%0, %0)
 *            %2 = gradient(%1, %0)
 *   after    %1 = broadcast(1)
 *            %2 = mul(%1, %0)
 *            %3 = add(%2, %2)
 *
 * It keeps no tape and trades no memory for time: what the backward needs of the forward is simply used twice.
 */
import { formulas, inputOf } from "../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp, nodesOf, nodesOfGraph } from "../ir/node.ts";
import { mapOutputs, rewriteGraph } from "../ir/rewrite.ts";
import { gradientOf } from "../ops/table.ts";
import { decomposeGraph } from "./decompose.ts";
import type { Pass } from "./pass.ts";

export const gradient: Pass = {
  name: "gradient",
  doc: "Every gradient is written out by reverse mode; detach and straight_through are obeyed and removed.",
  run: (stage) => ({ ...stage, graph: differentiateGraph(stage.graph, stage.builder) }),
};

export function differentiateGraph(graph: Graph, builder: GraphBuilder): Graph {
  const written = withoutGradients(graph, builder);
  const plain = rewriteGraph(written, builder, (node) =>
    node.op === "detach" || node.op === "straight_through" ? node.inputs[0] : undefined,
  );
  return decomposeGraph(plain, builder);
}

/**
 * Innermost first: ids grow from inputs to users, so by the time a `gradient` node is reached the graph
 * below it holds none.
 */
function withoutGradients(graph: Graph, builder: GraphBuilder): Graph {
  const written = new Map<Node, Node>();
  const replaced = (node: Node): Node => written.get(node) ?? node;
  const sweeps = new Map<Node, ReadonlyMap<Node, Node>>();
  for (const node of nodesOfGraph(graph)) {
    const inputs = node.inputs.map(replaced);
    if (isOp(node, "gradient")) written.set(node, adjointOf(builder, sweeps, node, inputs));
    else if (inputs.some((input, index) => input !== node.inputs[index]))
      written.set(node, builder.make(node.op, inputs, node.attrs, node.span));
  }
  return mapOutputs(graph, replaced);
}

function adjointOf(
  builder: GraphBuilder,
  sweeps: Map<Node, ReadonlyMap<Node, Node>>,
  node: Node,
  inputs: readonly Node[],
): Node {
  const [of, wrt] = inputs;
  if (of === undefined || wrt === undefined) throw new Error("a gradient has two inputs");
  const sweep = sweeps.get(of) ?? reverseSweep(builder, of);
  sweeps.set(of, sweep);
  return sweep.get(wrt) ?? formulas(builder, node.span).filled(0, wrt.type);
}

/** The adjoint of every value that `of` depends on by a differentiable path. */
function reverseSweep(builder: GraphBuilder, of: Node): ReadonlyMap<Node, Node> {
  const adjoints = new Map<Node, Node>();
  if (of.type.dtype !== "f32") return adjoints;
  adjoints.set(of, formulas(builder, of.span).filled(1, of.type));
  for (const node of nodesOf([of]).toReversed()) {
    const adjoint = adjoints.get(node);
    if (adjoint === undefined) continue;
    for (const [index, given] of inputAdjoints(builder, node, adjoint).entries()) {
      const input = node.inputs[index];
      if (given === undefined || input === undefined || input.type.dtype !== "f32") continue;
      const sum = adjoints.get(input);
      adjoints.set(input, sum === undefined ? given : formulas(builder, node.span).add(sum, given));
    }
  }
  return adjoints;
}

function inputAdjoints(builder: GraphBuilder, node: Node, adjoint: Node): readonly (Node | undefined)[] {
  if (isOp(node, "detach")) return [undefined];
  if (isOp(node, "straight_through"))
    return [undefined, formulas(builder, node.span).unbroadcast(adjoint, inputOf(node, 1).type)];
  return gradientOf(builder, node, adjoint);
}
