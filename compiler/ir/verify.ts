/**
 * `verify`: the facts that hold after every pass, checked again from nothing. A fault is a bug in the pass
 * that ran last, never the user's. It recomputes every type, and knows which operations each stage may hold.
 */
import type { Stage } from "../passes/pass.ts";
import { typeOfOp } from "../ops/types.ts";
import { isComposite } from "../ops/table.ts";
import { type Node, isOp, nodesOfGraph } from "./node.ts";
import { printType, sameType } from "./type.ts";
import { orderFaults } from "./verify-order.ts";

/** Every broken fact, as a sentence; empty for a sound stage. */
export function verifyStage(stage: Stage): readonly string[] {
  const nodes = nodesOfGraph(stage.graph);
  return [
    ...[...nodes, ...bodyNodes(stage)].flatMap(nodeFaults),
    ...nodes.flatMap((node) => stageFaults(stage.name, node)),
    ...declarationFaults(stage, nodes),
    ...outputFaults(stage),
    ...orderFaults(stage),
  ];
}

/** Nodes of streamed regions are graphs of their own, over chunks. */
function bodyNodes({ regions }: Stage): readonly Node[] {
  return (regions ?? []).flatMap(({ passes }) => passes.flatMap(({ body }) => body));
}

function nodeFaults(node: Node): readonly string[] {
  const faults: string[] = [];
  if (node.inputs.some((input) => input.id >= node.id))
    faults.push(`%${node.id} ${node.op} comes before an input`);
  const outcome = typeOfOp(
    node.op,
    node.inputs.map((input) => input.type),
    node.attrs,
  );
  if ("fault" in outcome) faults.push(`%${node.id} ${node.op}: ${outcome.fault}`);
  else if (!sameType(outcome, node.type))
    faults.push(`%${node.id} ${node.op} is marked ${printType(node.type)} and is ${printType(outcome)}`);
  return faults;
}

/** Composites that may still be there, by the stage's name. */
function stageFaults(stage: string, node: Node): readonly string[] {
  if (stage === "lower" || !isComposite(node.op)) return [];
  const aboutGradients = isOp(node, "gradient") || isOp(node, "detach") || isOp(node, "straight_through");
  return aboutGradients && ["decompose", "angles", "logarithms", "pairs", "parts"].includes(stage)
    ? []
    : [`%${node.id} ${node.op} should be gone after ${stage}`];
}

/** A leaf must be a declared input or variable, with the declared type. */
function declarationFaults(stage: Stage, nodes: readonly Node[]): readonly string[] {
  const declared = new Map([...stage.inputs, ...stage.variables].map((value) => [value.name, value.type]));
  return nodes.flatMap((node) => {
    if (!isOp(node, "input") && !isOp(node, "parameter") && !isOp(node, "state")) return [];
    const type = declared.get(node.attrs.name);
    if (type === undefined) return [`${node.op} ${node.attrs.name} is not declared`];
    return sameType(type, node.type)
      ? []
      : [`${node.attrs.name} is declared ${printType(type)} and used as ${printType(node.type)}`];
  });
}

/** Output names are distinct; `next:NAME` has the type of the variable NAME. */
function outputFaults({ graph, variables }: Stage): readonly string[] {
  const names = new Set<string>();
  return graph.outputs.flatMap(({ name, node }) => {
    if (names.has(name)) return [`two outputs are called ${name}`];
    names.add(name);
    if (!name.startsWith("next:")) return [];
    const variable = variables.find((candidate) => candidate.name === name.slice("next:".length));
    if (variable === undefined) return [`${name} updates no variable`];
    return sameType(variable.type, node.type)
      ? []
      : [`${name} is ${printType(node.type)}, the variable ${printType(variable.type)}`];
  });
}
