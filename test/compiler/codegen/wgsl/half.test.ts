/**
 * Products on rounded operands, on a GPU: values rounded in f32 buffers, which every adapter can do, and stored as f16 where
 * it has `shader-f16`; both against the reference in float64 without rounding.
 */
import { expect, test } from "vitest";
import { plainCapabilities } from "../../../../compiler/codegen/wgsl/capabilities.ts";
import type { GpuEmission } from "../../../../compiler/codegen/wgsl/function.ts";
import { formulas } from "../../../../compiler/ir/build.ts";
import { constantDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder } from "../../../../compiler/ir/node.ts";
import { roundToHalf } from "../../../../compiler/ops/functions.ts";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { planFunction } from "../../../../runtime/webgpu/plan.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import {
  alone,
  emissionFor,
  evaluateOnGpu,
  gpuExecutor,
  gpuModule,
  gpuOptions,
} from "../../../support/gpu-runs.ts";
import * as heads from "../../../support/head-programs.ts";
import { type StepOutcome, maximalDifference, referenceStep, runSteps } from "../../../support/head-runs.ts";

const sizes = { width: 7, classes: 37 };
const rows = { N: 5, C: 37 };
const tiny: PassOptions = { ...gpuOptions, operands: "f16", streamFrom: 2, budgetBytes: 16384 };
const stored: GpuEmission = emissionFor({ ...plainCapabilities("invocation"), half: true });

/** Scores are s = 8 times a cosine that two roundings of operands and one of itself move. */
const tolerance = 8 * 3 * 2 ** -11;

const programs: Readonly<Record<string, (head: heads.Head) => heads.HeadResult>> = {
  arcFace: heads.arcFace,
  hiddenArcFace: heads.hiddenArcFace,
  denseSoftmax: heads.denseSoftmax,
  curricularFace: heads.curricularFace,
  subCentres: heads.subCentres,
};

describeOnGpu("rounded operands", (gpu) => {
  const run = async (
    write: (head: heads.Head) => heads.HeadResult,
    emission: GpuEmission,
    options = tiny,
  ): Promise<StepOutcome> => {
    const program = heads.headProgram(sizes, write);
    const executor = gpuExecutor(gpu, program, options, emission);
    const outcome = await runSteps(executor, program, rows, 1);
    executor.dispose();
    return outcome;
  };

  test.each(Object.entries(programs))("%s, rounded in f32", async (_, write) => {
    const exact = await referenceStep(heads.headProgram(sizes, write), rows, 1);
    expect(maximalDifference(await run(write, alone), exact)).toBeLessThan(tolerance);
  });

  test.for(Object.entries(programs))("%s, stored as f16", async ([, write], { skip }) => {
    if (!gpu.offer.features.includes("shader-f16")) skip("this adapter has no shader-f16");
    const exact = await referenceStep(heads.headProgram(sizes, write), rows, 1);
    const first = await run(write, stored);
    expect(maximalDifference(first, exact)).toBeLessThan(tolerance);
    expect(await run(write, stored)).toEqual(first);
    const [whole, without] = [
      { ...tiny, budgetBytes: 2 ** 24 },
      { ...tiny, without: ["stream"] as const },
    ];
    expect(maximalDifference(await run(write, stored, whole), exact)).toBeLessThan(tolerance);
    expect(maximalDifference(await run(write, stored, without), exact)).toBeLessThan(tolerance);
  });

  test("a number is rounded as the reference rounds", async () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const values = [1 / 3, -2049, 2051, 65519, 1e9, -3e38, 0, 6.2e-5, 0.1, 4094.9];
    const x = f.make("input", [], { name: "x", dtype: "f32", shape: [constantDim(values.length)] });
    const graph = { outputs: [{ name: "value", node: f.make("half", [x], {}) }] };
    const feeds = {
      x: { dtype: "f32", shape: [values.length], data: Float64Array.from(values, Math.fround) } as const,
    };
    for (const emission of gpu.offer.features.includes("shader-f16") ? [alone, stored] : [alone]) {
      const { value } = await evaluateOnGpu(gpu, builder, graph, feeds, {}, gpuOptions, emission);
      expect([...(value?.data ?? [])]).toEqual([...feeds.x.data].map(roundToHalf));
    }
  });

  test("kept cosines take half the bytes, and sums stay f32", () => {
    const program = heads.headProgram(sizes, heads.arcFace);
    const keptBytes = (options: PassOptions, emission: GpuEmission): number => {
      const module = gpuModule(program, options, emission);
      const step = module.functions["step"];
      if (step === undefined) throw new Error("a head has a step");
      const plan = planFunction(step, module.kernels, { N: 512 }, Infinity, options.budgetBytes);
      const kept = step.buffers.map((buffer, index) =>
        buffer.kind === "kept" ? (plan.bytes[index] ?? 0) : 0,
      );
      return Math.max(...kept);
    };
    const wide = { ...tiny, budgetBytes: 2 ** 24 };
    expect(keptBytes(wide, stored)).toBe(keptBytes({ ...wide, operands: "f32" }, alone) / 2);
    const { kernels, features } = gpuModule(program, tiny, stored);
    expect(features).toEqual(["shader-f16"]);
    const halves = kernels.filter(({ code }) => code.includes("array<f16>"));
    expect(halves.length).toBeGreaterThan(2);
    for (const { code } of kernels) {
      expect(code.includes("enable f16;")).toBe(/<f16>|f16\(/.test(code));
      // What is added up, and every name in a kernel, is f32.
      expect(code).not.toMatch(/: f16/);
    }
  });
});
