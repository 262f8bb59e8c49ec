/**
 * The reference evaluator: a graph's outputs in float64, one node after the other, nothing fused and
 * nothing clever. It is the oracle for every target. It runs a graph of any stage: composites and
 * gradients are first written out in primitives.
 */
import { type Bindings, sizeOfDim } from "./ir/dim.ts";
import { type Graph, GraphBuilder, type Node, isOp, nodesOfGraph, isVariable } from "./ir/node.ts";
import { importGraph } from "./ir/rewrite.ts";
import type { AttrsOf } from "./ops/attrs.ts";
import type { Reference } from "./ops/record.ts";
import { evaluateNode, isComposite } from "./ops/table.ts";
import { decomposeGraph } from "./passes/decompose.ts";
import { differentiateGraph } from "./passes/gradient.ts";

/** Values of inputs, parameters and states by name. */
export type Feeds = Readonly<Record<string, Reference>>;

/**
 * The outputs by name. Throws where a value is missing or its shape is not the declared one under `dims`.
 */
export function evaluateGraph(graph: Graph, feeds: Feeds, dims: Bindings): Record<string, Reference> {
  const plain = inPrimitives(graph);
  const values = new Map<Node, Reference>();
  const uses = countUses(plain);
  for (const node of nodesOfGraph(plain)) {
    const inputs = node.inputs.map((input) => valueOf(values, input));
    const shape = node.type.shape.map((dim) => sizeOfDim(dim, dims));
    values.set(
      node,
      isLeaf(node) ? fedValue(node.attrs, shape, feeds) : evaluateNode(node, inputs, shape, dims),
    );
    for (const input of new Set(node.inputs)) release(values, uses, input);
  }
  return Object.fromEntries(plain.outputs.map(({ name, node }) => [name, valueOf(values, node)]));
}

/** The graph itself when it holds only primitives, else a copy that does. */
export function inPrimitives(graph: Graph): Graph {
  if (!nodesOfGraph(graph).some((node) => isComposite(node.op))) return graph;
  const builder = new GraphBuilder();
  return differentiateGraph(decomposeGraph(importGraph(graph, builder), builder), builder);
}

function isLeaf(node: Node): node is Node<"input" | "parameter" | "state"> {
  return isOp(node, "input") || isVariable(node);
}

function fedValue({ name }: AttrsOf<"input">, shape: readonly number[], feeds: Feeds): Reference {
  const value = feeds[name];
  if (value === undefined) throw new Error(`no value was given for ${name}`);
  const fits = value.shape.length === shape.length && value.shape.every((size, axis) => size === shape[axis]);
  if (!fits) throw new Error(`${name} is [${value.shape.join(", ")}], not [${shape.join(", ")}]`);
  return value;
}

/** Readers of each node; an output is read once more, so that it is kept. */
function countUses(graph: Graph): Map<Node, number> {
  const uses = new Map<Node, number>();
  const count = (node: Node): Map<Node, number> => uses.set(node, (uses.get(node) ?? 0) + 1);
  for (const node of nodesOfGraph(graph)) new Set(node.inputs).forEach(count);
  for (const { node } of graph.outputs) count(node);
  return uses;
}

function release(values: Map<Node, Reference>, uses: Map<Node, number>, node: Node): void {
  const left = (uses.get(node) ?? 1) - 1;
  uses.set(node, left);
  if (left === 0) values.delete(node);
}

function valueOf(values: ReadonlyMap<Node, Reference>, node: Node): Reference {
  const value = values.get(node);
  if (value === undefined) throw new Error(`${node.op} was not evaluated before its use`);
  return value;
}
