/**
 * Pass `simplify`: laws of arithmetic applied from the leaves up until none applies. The rules are data, a
 * family a file; a value that nothing reads any more is gone by itself, since a graph is what its outputs reach.
 *
 *   before   %2 = mul(%0, %1)            (%1 = 1)
 *            %3 = add(%2, %2)
 *   after    %1 = mul(2, %0)
 *
 * It works node by node and mostly does not look at who reads a value, so it may compute a small value twice.
 */
import { type Dim, isSize, knownSize, sameDim } from "../../ir/dim.ts";
import { formulas } from "../../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp, nodesOfGraph } from "../../ir/node.ts";
import { rewriteGraph } from "../../ir/rewrite.ts";
import { sameType } from "../../ir/type.ts";
import type { OpName } from "../../ops/attrs.ts";
import { type Pass, type Stage, isChunked } from "../pass.ts";
import { arithmeticRules } from "./arithmetic.ts";
import { broadcastRules } from "./broadcasts.ts";
import { choiceRules } from "./choices.ts";
import { constantRules } from "./constants.ts";
import { factorRules } from "./factors.ts";
import { lookupRules } from "./lookups.ts";
import { productRules } from "./products.ts";
import { projectionRules } from "./projections.ts";
import { reductionRules } from "./reductions.ts";
import type { Context, Facts, SimplifyRule } from "./rule.ts";
import { shapeRules } from "./shapes.ts";

export const simplify: Pass = {
  name: "simplify",
  doc: "Laws of arithmetic, applied until none applies.",
  run: (stage) => ({ ...stage, graph: simplifyGraph(stage.graph, stage.builder, factsOf(stage)) }),
};

/** Every rule, in the order in which they are tried on a node. */
export const simplifyRules: readonly SimplifyRule[] = [
  ...constantRules,
  ...arithmeticRules,
  ...factorRules,
  ...shapeRules,
  ...broadcastRules,
  ...choiceRules,
  ...lookupRules,
  ...projectionRules,
  ...reductionRules,
  ...productRules,
];

/**
 * Round after round until nothing changes: rules that only pay for a value with one reader act on readers
 * as they were when the round began, and not at all in the first one.
 */
export function simplifyGraph(graph: Graph, builder: GraphBuilder, facts: Facts): Graph {
  const atRest = new Set<Node>();
  let settled = simplifyOnce(graph, builder, { ...facts, usedOnce: () => false }, atRest);
  for (let round = 0; round < mostRounds; round++) {
    const readers = countReaders(settled);
    const usedOnce = (node: Node): boolean => readers.get(node) === 1;
    const next = simplifyOnce(settled, builder, { ...facts, usedOnce }, atRest);
    if (next.outputs.every(({ node }, index) => node === settled.outputs[index]?.node)) return settled;
    settled = next;
  }
  return settled;
}

/** More than any program has needed; each round leaves a sound graph, so stopping early costs only speed. */
const mostRounds = 12;

/**
 * A node that no rule fits is `atRest` for the rounds to come as well, unless a rule asked who reads it: nothing
 * else about it can change.
 */
function simplifyOnce(graph: Graph, builder: GraphBuilder, context: Context, atRest: Set<Node>): Graph {
  let askedReaders = false;
  const usedOnce = (node: Node): boolean => {
    askedReaders = true;
    return context.usedOnce(node);
  };
  const watched: Context = { ...context, usedOnce };
  return rewriteGraph(graph, builder, (node) => {
    if (atRest.has(node)) return undefined;
    askedReaders = false;
    const result = simplified(node, builder, watched);
    if (result === undefined && !askedReaders) atRest.add(node);
    return result;
  });
}

/** How often each node is read; an output is read by the caller. */
function countReaders(graph: Graph): ReadonlyMap<Node, number> {
  const readers = new Map<Node, number>();
  const count = (node: Node): Map<Node, number> => readers.set(node, (readers.get(node) ?? 0) + 1);
  for (const node of nodesOfGraph(graph)) node.inputs.forEach(count);
  for (const { node } of graph.outputs) count(node);
  return readers;
}

/** Labels are checked where data enters, so an input with a bound is in range. */
export function factsOf({ inputs, options }: Pick<Stage, "inputs" | "options">): Facts {
  const bounds = new Map(
    inputs.flatMap(({ name, bound }) => (bound === undefined ? [] : [[name, bound] as const])),
  );
  const inRange = (index: Node, size: Dim): boolean => {
    if (isOp(index, "input")) return fits(bounds.get(index.attrs.name), size);
    if (isOp(index, "iota")) return fits(index.attrs.size, size);
    if (isOp(index, "argmax")) return fits(index.inputs[0]?.type.shape[index.attrs.axis], size);
    const [x] = index.inputs;
    const moved =
      index.op === "reshape" || index.op === "broadcast" || index.op === "transpose" || index.op === "slice";
    return moved && x !== undefined && inRange(x, size);
  };
  return { inRange, isChunked: (classes) => isChunked(classes, options) };
}

function fits(bound: Dim | undefined, size: Dim): boolean {
  if (bound === undefined) return false;
  const [most, all] = [knownSize(bound), knownSize(size)];
  return sameDim(bound, size) || (most !== undefined && all !== undefined && most <= all) || isSize(bound, 0);
}

const rulesByOp: ReadonlyMap<OpName, readonly SimplifyRule[]> = indexed(simplifyRules);

function indexed(rules: readonly SimplifyRule[]): ReadonlyMap<OpName, readonly SimplifyRule[]> {
  const byOp = new Map<OpName, SimplifyRule[]>();
  for (const rule of rules) for (const op of rule.on) byOp.set(op, [...(byOp.get(op) ?? []), rule]);
  return byOp;
}

function simplified(node: Node, builder: GraphBuilder, context: Context): Node | undefined {
  const rules = rulesByOp.get(node.op);
  if (rules === undefined) return undefined;
  const f = formulas(builder, node.span);
  for (const { law, rule } of rules) {
    const result = rule(node, f, context);
    if (result === undefined || result === node) continue;
    if (!sameType(result.type, node.type)) throw new Error(`the law "${law}" changes the type of ${node.op}`);
    return result;
  }
  return undefined;
}
