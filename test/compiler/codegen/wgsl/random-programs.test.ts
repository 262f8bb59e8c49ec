/** Random programs through all passes and on the GPU against the reference: with gradients, and with operations that jump. */
import fc from "fast-check";
import { test } from "vitest";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { leastStorageBuffers } from "../../../../compiler/passes/fuse.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { evaluateOnGpu, gpuOptions } from "../../../support/gpu-runs.ts";
import { randomPrograms, withGradients } from "../../../support/random-programs.ts";
import { expectSameValues } from "../../../support/references.ts";

/** Each program compiles some dozens of kernels, which a software adapter takes a quarter of a second for. */
const runs = { numRuns: 12, seed: 3, endOnFailure: true };

describeOnGpu("random programs", (gpu) => {
  const buffers = fc.constantFrom(leastStorageBuffers, gpu.offer.storageBuffers);
  test("agree with the reference in values and gradients, streamed and whole", async () => {
    await fc.assert(
      fc.asyncProperty(
        randomPrograms("smooth"),
        fc.boolean(),
        buffers,
        async (program, streamed, buffers) => {
          const { builder, feeds, dims } = program;
          const graph = withGradients(program);
          const options = { ...gpuOptions, streamFrom: streamed ? 2 : 1024, budgetBytes: 4096, buffers };
          const actual = await evaluateOnGpu(gpu, builder, graph, feeds, dims, options);
          expectSameValues(actual, evaluateGraph(graph, feeds, dims), 2e-3);
        },
      ),
      runs,
    );
  });

  test("agree with the reference as written, operations that jump among them", async () => {
    await fc.assert(
      fc.asyncProperty(randomPrograms("all"), async ({ builder, graph, feeds, dims }) => {
        const options = { ...gpuOptions, without: ["angles", "pairs", "simplify"] as const };
        const actual = await evaluateOnGpu(gpu, builder, graph, feeds, dims, options);
        expectSameValues(actual, evaluateGraph(graph, feeds, dims), 2e-3);
      }),
      runs,
    );
  });
});
