/**
 * Variables in several buffers: on a device that binds little, heads give what the reference gives, initialisers and
 * checkpoints see one variable, and what is read whole is refused before anything is allocated.
 */
import { expect, test } from "vitest";
import type { PassOptions } from "../../../compiler/passes/pass.ts";
import type { Program } from "../../../compiler/program.ts";
import type { Executor, NamedTensors } from "../../../runtime/program.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { planFunction, workingBytes } from "../../../runtime/webgpu/plan.ts";
import { rowsPerShard, shardBytes } from "../../../runtime/webgpu/shards.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { alone, gpuModule, gpuOptions } from "../../support/gpu-runs.ts";
import * as heads from "../../support/head-programs.ts";
import { type StepOutcome, maximalDifference, referenceStep, runSteps } from "../../support/head-runs.ts";
import { withLimits } from "../../support/stand-in-device.ts";

const sizes = { width: 7, classes: 600 };
const rows = { N: 5, C: 600 };
/** Shards of 256 rows of seven; the last one has 88. */
const binding = 8192;
const tiny: PassOptions = { ...gpuOptions, streamFrom: 2, budgetBytes: 16384 };

const programs: Readonly<Record<string, (head: heads.Head) => heads.HeadResult>> = {
  arcFace: heads.arcFace,
  curricularFace: heads.curricularFace,
  ownLoss: heads.ownLoss,
};

test("shards are whole numbers of 128 rows", () => {
  expect(rowsPerShard(600 * 28, 600, binding)).toBe(256);
  expect(shardBytes(600 * 28, 600, binding)).toEqual([256 * 28, 256 * 28, 88 * 28]);
  expect(shardBytes(600 * 28, 600, 2 ** 20)).toEqual([600 * 28]);
  // Not even 128 rows fit: the variable stays whole, and is refused for its size.
  expect(shardBytes(600 * 28, 600, 100 * 28)).toEqual([600 * 28]);
});

describeOnGpu("variables in shards", (gpu) => {
  const small = withLimits(gpu, { maxStorageBufferBindingSize: binding });
  const executorOf = (program: Program): Executor =>
    createWebGpuExecutor(gpuModule(program, tiny, { ...alone, largeElements: 1 }), small);

  test.each(Object.entries(programs))("%s", async (_, write) => {
    const program = (): Program => heads.headProgram(sizes, write);
    const expected: StepOutcome = await referenceStep(program(), rows, 2);
    const executor = executorOf(program());
    const actual = await runSteps(executor, program(), rows, 2);
    executor.dispose();
    // As without shards: f32 sums of at most a few hundred terms of size 10.
    expect(maximalDifference(actual, expected)).toBeLessThan(2e-4);
  });

  test("first values do not depend on shards, and are written and read as one", async () => {
    const program = heads.headProgram(sizes, heads.arcFace);
    const values = async (executor: Executor): Promise<readonly NamedTensors[]> => {
      await executor.initialize(3);
      const first = await executor.read();
      await executor.write(first);
      const again = await executor.read();
      executor.dispose();
      return [first, again];
    };
    const [first, again] = await values(executorOf(program));
    const [whole] = await values(createWebGpuExecutor(gpuModule(program, tiny), gpu));
    expect(first).toEqual(whole);
    expect(again).toEqual(first);
  });

  test.each([
    [
      "a head that is not streamed",
      heads.arcFace,
      { ...tiny, without: ["stream"] as const },
      "margin.W is read as a whole: of its 600 rows of 7, 292 would fit",
    ],
    [
      "classes as columns",
      heads.denseSoftmax,
      tiny,
      "dense.W is read as a whole: of its 7 rows of 600, 3 would fit",
    ],
  ])("what a kernel reads whole must fit: %s", async (_, write, options, help) => {
    const program = heads.headProgram(sizes, write);
    const executor = createWebGpuExecutor(gpuModule(program, options), small);
    await expect(runSteps(executor, program, rows, 1)).rejects.toThrow(
      /maxStorageBufferBindingSize 8192, but 16800 is needed for .+, 8608 more/,
    );
    await expect(runSteps(executor, program, rows, 1)).rejects.toMatchObject({ help });
  });

  test("1,000,000 classes of 64 fit a device that binds 128 MiB", () => {
    const program = heads.headProgram({ width: 64, classes: "free" }, heads.arcFace);
    const module = gpuModule(program);
    const step = module.functions["step"];
    if (step === undefined) throw new Error("a head has a step");
    const plan = planFunction(step, module.kernels, { N: 16, C: 1_000_000 }, 2 ** 27);
    expect(Math.max(...plan.boundBytes)).toBeLessThanOrEqual(2 ** 27);
    expect(workingBytes(plan)).toBeLessThan(64 * 2 ** 20 + 64 * (16 * 64 + 1_000_000));
    for (const { ranges } of plan.chunks)
      for (const { first, size, base } of ranges) {
        expect([0, 524_288]).toContain(base);
        expect(first + size <= 524_288 || base === 524_288).toBe(true);
      }
  });
});
