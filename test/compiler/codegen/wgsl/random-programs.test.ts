/** Random programs with their gradients, through all passes and on the GPU, against the reference. */
import fc from "fast-check";
import { test } from "vitest";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { evaluateOnGpu, gpuOptions } from "../../../support/gpu-runs.ts";
import { randomPrograms, withGradients } from "../../../support/random-programs.ts";
import { expectSameValues } from "../../../support/references.ts";

/** Each program compiles some dozens of kernels, which a software adapter takes a second for. */
const numRuns = 12;

describeOnGpu("random programs", (gpu) => {
  test("agree with the reference, streamed and whole", async () => {
    await fc.assert(
      fc.asyncProperty(randomPrograms("smooth"), fc.boolean(), async (program, streamed) => {
        const graph = withGradients(program);
        const options = { ...gpuOptions, streamFrom: streamed ? 2 : 1024, budgetBytes: 4096 };
        const expected = evaluateGraph(graph, program.feeds, program.dims);
        const actual = await evaluateOnGpu(gpu, program.builder, graph, program.feeds, program.dims, options);
        expectSameValues(actual, expected, 2e-3);
      }),
      { numRuns, seed: 3, endOnFailure: true },
    );
  });
});
