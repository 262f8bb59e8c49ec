/**
 * Losses written at random, streamed and whole, on the reference, on tfjs and on the GPU, there with invocations that work
 * alone and in workgroups.
 */
import fc from "fast-check";
import { test } from "vitest";
import { defaultPassOptions } from "../../../../compiler/compile.ts";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { alone, gpuOptions, gpuSteps, together } from "../../../support/gpu-runs.ts";
import { headProgram } from "../../../support/head-programs.ts";
import { type StepOutcome, maximalDifference, referenceStep, tfjsStep } from "../../../support/head-runs.ts";
import { type RandomHead, randomHeads } from "../../../support/random-heads.ts";

type Run = (head: RandomHead, options: PassOptions) => Promise<StepOutcome>;

const steps = 2;
/** A busy software adapter takes seconds for a kernel with barriers. */
const patience = 5 * 60_000;

function expectAgreement(run: Run, plain: PassOptions, numRuns: number): Promise<void> {
  return fc.assert(
    fc.asyncProperty(randomHeads, fc.boolean(), async (head, streamed) => {
      const options = { ...plain, streamFrom: streamed ? 2 : 1024, budgetBytes: 16384 };
      const free = streamed ? head.sizes : { ...head.sizes, classes: head.rows.C };
      const sized = { ...head, sizes: free };
      const expected = await referenceStep(headProgram(free, head.write), head.rows, steps);
      // f32 through a dozen operations and sums of some hundred terms below 1.
      const difference = maximalDifference(await run(sized, options), expected);
      if (!(difference < 1e-3)) throw new Error(`off by ${difference}`);
    }),
    { numRuns, endOnFailure: true },
  );
}

test("random losses on tfjs", async () => {
  const run: Run = ({ sizes, write, rows }, options) =>
    tfjsStep(headProgram(sizes, write), options, rows, steps);
  await expectAgreement(run, defaultPassOptions, 20);
});

describeOnGpu("random losses", (gpu) => {
  test.each([
    ["invocations alone", alone, 8],
    ["workgroups", together, 3],
  ] as const)(
    "%s",
    async (_, emission, numRuns) => {
      const run: Run = ({ sizes, write, rows }, options) =>
        gpuSteps(gpu, headProgram(sizes, write), rows, steps, options, emission);
      await expectAgreement(run, { ...gpuOptions, buffers: gpu.offer.storageBuffers }, numRuns);
    },
    patience,
  );
});
