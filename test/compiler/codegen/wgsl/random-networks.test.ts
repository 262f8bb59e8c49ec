/** Networks written at random: a training step on tfjs and on the GPU, in both styles, gives what the reference gives. */
import fc from "fast-check";
import { test } from "vitest";
import { defaultPassOptions } from "../../../../compiler/compile.ts";
import type { Program } from "../../../../compiler/program.ts";
import type { Executor } from "../../../../runtime/program.ts";
import { createReferenceExecutor } from "../../../../src/executors/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { alone, gpuExecutor, gpuOptions, together } from "../../../support/gpu-runs.ts";
import { tfjsExecutor } from "../../../support/head-runs.ts";
import { changesOf, largestGap, networkProgram, randomNetworks } from "../../../support/random-networks.ts";

/** A busy software adapter takes seconds for a kernel with barriers. */
const patience = 5 * 60_000;

function expectAgreement(
  open: (program: Program) => Executor | Promise<Executor>,
  numRuns: number,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(randomNetworks, async (network) => {
      const program = networkProgram(network);
      const expected = await changesOf(createReferenceExecutor(program, "test"), program, network);
      const [, actual] = await changesOf(await open(program), program, network);
      // Roundings of 2⁻²⁴ in a dozen layers there and back, of sums of up to a thousand terms.
      const gap = largestGap(expected, actual);
      if (!(gap < 1e-4)) throw new Error(`off by ${gap} of the largest change`);
    }),
    { numRuns, seed: 8, endOnFailure: true },
  );
}

test(
  "random networks on tfjs",
  () => expectAgreement((program) => tfjsExecutor(program, defaultPassOptions), 10),
  patience,
);

describeOnGpu("random networks", (gpu) => {
  const options = { ...gpuOptions, buffers: gpu.offer.storageBuffers };
  test.each([
    ["invocations alone", alone, 6],
    ["workgroups", together, 1],
  ] as const)(
    "%s",
    (_, emission, numRuns) =>
      expectAgreement((program) => gpuExecutor(gpu, program, options, emission), numRuns),
    patience,
  );
});
