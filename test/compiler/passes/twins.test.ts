/**
 * Every pass has a twin: the graph before it. On random programs both give the same numbers, what `verify`
 * checks holds, and the text form of the graph reads back.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPassOptions } from "../../../compiler/compile.ts";
import { GraphBuilder, nodesOfGraph } from "../../../compiler/ir/node.ts";
import { printGraph, readGraph } from "../../../compiler/ir/text.ts";
import { verifyStage } from "../../../compiler/ir/verify.ts";
import { passes } from "../../../compiler/passes/index.ts";
import type { Stage } from "../../../compiler/passes/pass.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { type RandomProgram, randomPrograms, withGradients } from "../../support/random-programs.ts";
import { expectSameValues } from "../../support/references.ts";

/** Every class axis is streamed, so that the later passes have something to find. */
const options = { ...defaultPassOptions, streamFrom: 2 };

/** Float64 twins differ only by the order of a few additions. */
const tolerance = 1e-8;

describe("random programs with gradients", () => {
  test.each(passes.map((pass, index) => ({ name: pass.name, index })))(
    "$name keeps every value, and its graph is sound",
    ({ index }) => {
      fc.assert(
        fc.property(randomPrograms("all"), (program) => {
          let stage = lowered(program);
          for (const pass of passes.slice(0, index)) stage = { ...pass.run(stage), name: pass.name };
          const pass = passes[index];
          if (pass === undefined) throw new Error("unreachable");
          const after: Stage = { ...pass.run(stage), name: pass.name };
          expect(verifyStage(after)).toEqual([]);
          if (after.graph === stage.graph) return;
          expectSameValues(valuesOf(after, program), valuesOf(stage, program), tolerance);
        }),
        { numRuns: 60 },
      );
    },
  );
});

test("the text form of every stage reads back as the same graph", () => {
  fc.assert(
    fc.property(randomPrograms("all"), (program) => {
      let stage = lowered(program);
      for (const pass of passes) {
        stage = { ...pass.run(stage), name: pass.name };
        const text = printGraph(stage.graph);
        const read = readGraph(text, new GraphBuilder());
        expect(printGraph(read)).toBe(text);
        expect(nodesOfGraph(read)).toHaveLength(nodesOfGraph(stage.graph).length);
      }
    }),
    { numRuns: 30 },
  );
});

function lowered(program: RandomProgram): Stage {
  const { builder, inputs, variables } = program;
  return {
    name: "lower",
    builder,
    inputs,
    variables,
    graph: withGradients(program),
    options: { ...options, dims: program.dims },
  };
}

function valuesOf(stage: Stage, program: RandomProgram): ReturnType<typeof evaluateGraph> {
  return evaluateGraph(stage.graph, program.feeds, program.dims);
}
