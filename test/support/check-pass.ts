/**
 * One helper for the tests of graph passes: a graph in, its text form before and after out. It also holds
 * the pass to `verify` and to its twin, so a test only has to show what it is about.
 */
import { expect } from "vitest";
import { type Formulas, formulas } from "../../compiler/ir/build.ts";
import type { Bindings } from "../../compiler/ir/dim.ts";
import { GraphBuilder, type Node, isOp, nodesOf } from "../../compiler/ir/node.ts";
import { printGraph } from "../../compiler/ir/text.ts";
import { verifyStage } from "../../compiler/ir/verify.ts";
import { defaultPassOptions } from "../../compiler/compile.ts";
import type { ProgramInput, ProgramVariable } from "../../compiler/program.ts";
import type { Pass, Stage } from "../../compiler/passes/pass.ts";
import { evaluateGraph } from "../../compiler/reference.ts";
import { expectSameValues, randomFeeds } from "./references.ts";

/** Sizes that the free names of these tests are bound to. */
export const testSizes: Bindings = { N: 3, C: 4 };

/** The graph of `write` before and after a pass, as text. */
export function checkPass(pass: Pass, write: (f: Formulas) => Node): string {
  const before = stageOf(write);
  const after: Stage = { ...pass.run(before), name: pass.name };
  expect(verifyStage(after)).toEqual([]);
  const feeds = randomFeeds(before.graph, testSizes, 1, { low: 0, high: 3 });
  expectSameValues(
    evaluateGraph(after.graph, feeds, testSizes),
    evaluateGraph(before.graph, feeds, testSizes),
    1e-12,
  );
  return `${printGraph(before.graph)}----\n${printGraph(after.graph)}`;
}

/** A stage whose declarations are the leaves that the graph uses. */
export function stageOf(write: (f: Formulas) => Node): Stage {
  const builder = new GraphBuilder();
  const value = write(formulas(builder));
  const leaves = nodesOf([value]);
  const inputs = leaves.flatMap((node): ProgramInput[] =>
    isOp(node, "input") ? [{ name: node.attrs.name, type: node.type, role: "data" }] : [],
  );
  const variables = leaves.flatMap((node): ProgramVariable[] =>
    isOp(node, "parameter") || isOp(node, "state")
      ? [{ name: node.attrs.name, type: node.type, kind: node.op, initial: node }]
      : [],
  );
  const graph = { outputs: [{ name: "value", node: value }] };
  return {
    name: "lower",
    builder,
    inputs,
    variables,
    graph,
    options: { ...defaultPassOptions, dims: testSizes },
  };
}
