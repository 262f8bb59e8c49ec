/** Which budget is taken, what follows from it for chunks and numbers, and what is done where it leads too far. */
import { expect, test } from "vitest";
import { budgetOf } from "../../../compiler/passes/pass.ts";
import {
  type Budget,
  budgetFor,
  budgetOfAdapter,
  defaultBudgetBytes,
} from "../../../runtime/webgpu/budget.ts";
import type { GpuDevice } from "../../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { checkFunction } from "../../../runtime/webgpu/instance.ts";
import { planFunction } from "../../../runtime/webgpu/plan.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { gpuModule, gpuOptions } from "../../support/gpu-runs.ts";
import { arcFace, headProgram } from "../../support/head-programs.ts";
import { batch } from "../../support/head-runs.ts";
import { withLimits } from "../../support/stand-in-device.ts";

const MiB = 2 ** 20;

test("an eighth of the largest buffer, within bounds; a software adapter keeps to the least", () => {
  expect([1, 1024, 2048, 65536].map((size) => budgetOfAdapter("hardware", size * MiB) / MiB)).toEqual([
    64, 128, 256, 512,
  ]);
  expect(budgetOfAdapter("software", 65536 * MiB)).toBe(defaultBudgetBytes);
  expect(budgetOf(gpuOptions)).toBe(defaultBudgetBytes);
});

test("ArcFace's 100,000 classes lie in fewer chunks under a larger budget", () => {
  const module = gpuModule(headProgram({ width: 512, classes: 100_000 }, arcFace));
  const step = module.functions["step"];
  if (step === undefined) throw new Error("a head has a step");
  const chunksUnder = (bytes: number) =>
    planFunction(step, module.kernels, { N: 1024 }, Infinity, bytes).chunks[0]?.count ?? 0;
  const [few, many] = [chunksUnder(512 * MiB), chunksUnder(64 * MiB)];
  expect(few).toBeGreaterThan(1);
  // As many times fewer as the budget is larger; the last chunk of each may be short.
  expect(many / few).toBeGreaterThan(7);
  expect(many / few).toBeLessThanOrEqual(8);
});

describeOnGpu("the budget of an executor", (gpu) => {
  const hardware: GpuDevice = { ...gpu, adapter: { ...gpu.adapter, kind: "hardware" } };
  const sizes = { width: 4, classes: 20_000 };
  const module = gpuModule(headProgram(sizes, arcFace));

  test("what the page asks for goes before the module's number, and that before the device's", () => {
    const built = { ...module, budgetBytes: 3 * MiB };
    const large = withLimits(hardware, { maxBufferSize: 1024 * MiB });
    const same = (bytes: number): Budget => ({ bytes, fallback: bytes });
    expect(budgetFor(built, large, 5 * MiB)).toEqual(same(5 * MiB));
    expect(budgetFor(built, large, undefined)).toEqual(same(3 * MiB));
    expect(budgetFor(module, large, undefined)).toEqual({ bytes: 128 * MiB, fallback: 64 * MiB });
    for (const wrong of [0, -1, 0.5, NaN])
      expect(() => budgetFor(module, large, wrong)).toThrow(/a whole number of bytes, at least 1/);
  });

  test("a smaller one takes less memory and gives the same numbers", async () => {
    const under = async (budgetBytes: number | undefined) => {
      const executor = createWebGpuExecutor(module, gpu, { budgetBytes });
      await executor.initialize(1);
      await executor.call("step", batch(8, sizes.classes, sizes.width, 0));
      const { loss } = await executor.call("step", batch(8, sizes.classes, sizes.width, 1), ["loss"]);
      const { bytes } = executor.memory();
      executor.dispose();
      return { loss: loss?.data[0] ?? NaN, bytes };
    };
    const [small, usual] = [await under(MiB / 4), await under(undefined)];
    expect(small.bytes).toBeLessThan(usual.bytes);
    // Sums of f32 over the classes in another order.
    expect(small.loss).toBeCloseTo(usual.loss, 4);
  });

  test("the device's own gives way where its buffers are too large; one that was asked for is refused", () => {
    const wide = gpuModule(headProgram({ width: 64, classes: 1_000_000 }, arcFace));
    const step = wide.functions["step"];
    if (step === undefined) throw new Error("a head has a step");
    const N = 4096;
    const largestUnder = (bytes: number, most: number) =>
      Math.max(...planFunction(step, wide.kernels, { N }, most, bytes).boundBytes);
    const most = 20 * MiB;
    const tight = withLimits(hardware, { maxBufferSize: 2048 * MiB, maxStorageBufferBindingSize: most });
    expect(largestUnder(256 * MiB, most)).toBeGreaterThan(most);
    expect(largestUnder(64 * MiB, most)).toBeLessThanOrEqual(most);
    const check = (asked?: number) =>
      checkFunction({ gpu: tight, module: wide, budget: budgetFor(wide, tight, asked) }, step, { N });
    expect(() => check(256 * MiB)).toThrow(/maxStorageBufferBindingSize/);
    check();
  });
});
