/** The list of passes as a pipeline: its stages, leaving passes out, and a broken pass found by `verify`. */
import { describe, expect, test } from "vitest";
import { compileVerified, defaultPassOptions, stagesOf } from "../../compiler/compile.ts";
import { isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import { passes } from "../../compiler/passes/index.ts";
import type { Program } from "../../compiler/program.ts";
import { evaluateGraph } from "../../compiler/reference.ts";
import {
  arcFace,
  clippedArcFace,
  curricularFace,
  denseSoftmax,
  headProgram,
  ownLoss,
  subCentres,
} from "../support/head-programs.ts";
import { expectSameValues, randomFeeds } from "../support/references.ts";

const heads = { arcFace, denseSoftmax, curricularFace, subCentres, clippedArcFace, ownLoss };

test("stages carry the names of the passes, the lowered graph first", () => {
  const program = headProgram({ width: 3, classes: 4 }, arcFace);
  expect(stagesOf(program, stepOf(program), defaultPassOptions).map(({ name }) => name)).toEqual([
    "lower",
    ...passes.map(({ name }) => name),
  ]);
});

test("a pass can be left out: the graph is then that of the one before", () => {
  const program = headProgram({ width: 3, classes: 4 }, arcFace);
  const from = passes.findIndex(({ name }) => name === "simplify");
  const options = { ...defaultPassOptions, without: passes.slice(from).map(({ name }) => name) };
  expect(stagesOf(program, stepOf(program), options).at(-1)?.name).toBe("gradient");
});

test("a program that contradicts its declarations is found at once", () => {
  const program = headProgram({ width: 3, classes: 4 }, arcFace);
  const undeclared: Program = { ...program, variables: [] };
  expect(() => compileVerified(undeclared, stepOf(program), defaultPassOptions)).toThrow(
    /^after lower: .*margin\.W/,
  );
});

describe("whole training steps", () => {
  test.each(Object.entries(heads))(
    "%s: every stage is sound and gives the values of the lowered graph",
    (_, head) => {
      const program = headProgram({ width: 3, classes: 4 }, head);
      const stages = stagesOf(program, stepOf(program), defaultPassOptions);
      expect(() => compileVerified(program, stepOf(program), defaultPassOptions)).not.toThrow();
      const [lowered] = stages;
      if (lowered === undefined) throw new Error("unreachable");
      const dims = { N: 5 };
      const feeds = randomFeeds(lowered.graph, dims, 3, { low: 0, high: 3 });
      const expected = evaluateGraph(lowered.graph, feeds, dims);
      for (const { graph } of stages.slice(1))
        expectSameValues(evaluateGraph(graph, feeds, dims), expected, 1e-10);
      expect(nodesOfGraph(lowered.graph).some((node) => isOp(node, "gradient"))).toBe(true);
    },
  );
});

function stepOf(program: Program) {
  const step = program.functions.find(({ name }) => name === "step") ?? program.functions[0];
  if (step === undefined) throw new Error("the program has no function");
  return step;
}
