/**
 * Streamed heads on the GPU against the float64 reference: chunks that do not divide the classes, values kept and
 * worked out again, one row, one class; and the twin that stores everything.
 */
import { expect, test } from "vitest";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { alone, gpuExecutor, gpuModule, gpuOptions, gpuSteps, together } from "../../../support/gpu-runs.ts";
import * as heads from "../../../support/head-programs.ts";
import { type StepOutcome, batch, maximalDifference, referenceStep } from "../../../support/head-runs.ts";

const sizes = { width: 7, classes: 37 };
const tiny: PassOptions = { ...gpuOptions, streamFrom: 2, budgetBytes: 16384 };
const programs: Readonly<Record<string, (head: heads.Head) => heads.HeadResult>> = {
  arcFace: heads.arcFace,
  cosFace: heads.cosFace,
  hiddenArcFace: heads.hiddenArcFace,
  denseSoftmax: heads.denseSoftmax,
  curricularFace: heads.curricularFace,
  subCentres: heads.subCentres,
  clippedArcFace: heads.clippedArcFace,
  ownLoss: heads.ownLoss,
};

describeOnGpu("streamed heads", (gpu) => {
  const expectAgreement = async (
    write: (head: heads.Head) => heads.HeadResult,
    size: heads.HeadSizes,
    options: PassOptions,
    rows: { readonly N: number; readonly C: number },
  ): Promise<void> => {
    const expected: StepOutcome = await referenceStep(heads.headProgram(size, write), rows, 2);
    const actual = await gpuSteps(gpu, heads.headProgram(size, write), rows, 2, options, alone);
    // f32 sums of at most a few hundred terms of size 10.
    expect(maximalDifference(actual, expected)).toBeLessThan(2e-4);
  };

  test.each(Object.entries(programs))("%s in tiny chunks", async (_, write) => {
    const [step] = [gpuModule(heads.headProgram(sizes, write), tiny).functions["step"]];
    expect(step?.regions.length).toBe(1);
    await expectAgreement(write, sizes, tiny, { N: 5, C: 37 });
  });

  test.each(["arcFace", "hiddenArcFace", "denseSoftmax", "curricularFace", "clippedArcFace", "ownLoss"])(
    "%s stores no scores on its way forward but those it keeps",
    (name) => {
      const write = programs[name] ?? heads.arcFace;
      const step = gpuModule(heads.headProgram(sizes, write), tiny).functions["step"];
      const forward = step?.steps.find((each) => each.kind === "chunks")?.steps ?? [];
      const scores = forward.flatMap(({ when, buffers }) =>
        buffers.flatMap((buffer) => {
          const { kind, elements } = step?.buffers[buffer] ?? { kind: "value", elements: 0 };
          return elements === "N*chunk" ? [`${when}: ${kind}`] : [];
        }),
      );
      expect(forward.some(({ when }) => when === "recomputed")).toBe(true);
      expect(new Set(scores)).toEqual(new Set(["kept: kept"]));
    },
  );

  test.each([
    ["everything kept in one chunk", { ...tiny, budgetBytes: 2 ** 24 }],
    ["stored whole", { ...tiny, without: ["stream"] as const }],
    ["nothing fused", { ...tiny, without: ["fuse", "schedule"] as const }],
  ])("ArcFace: %s", async (_, options) => {
    await expectAgreement(heads.arcFace, sizes, options, { N: 5, C: 37 });
  });

  test.each([
    [1, 1],
    [1, 11],
    [4, 1],
  ])("ArcFace with a free number of classes, N = %i, C = %i", async (N, C) => {
    await expectAgreement(heads.arcFace, { width: 3, classes: "free" }, tiny, { N, C });
  });

  test.each([
    ["invocations alone", alone],
    ["workgroups", together],
  ] as const)("no rows at all: there is no loss, and the step runs, %s", async (_, emission) => {
    for (const [write, width] of [
      [heads.arcFace, sizes.width],
      [heads.denseSoftmax, sizes.width],
      [heads.arcFace, 8],
    ] as const) {
      const executor = gpuExecutor(gpu, heads.headProgram({ ...sizes, width }, write), tiny, emission);
      await executor.initialize(1);
      const outputs = await executor.call("step", batch(0, sizes.classes, width, 0));
      // 0 / 0: WGSL lets a driver make of it what it likes, and Mesa's stores nothing.
      expect(outputs["loss"]?.data).toHaveLength(1);
      executor.dispose();
    }
  });

  test("a gradient that leaves the region as a view of its sum", async () => {
    const reshaped = (head: heads.Head): heads.HeadResult => {
      const { f, x, D, C, parameter } = head;
      const [W, bias] = [parameter("W", [D, C]), parameter("bias", [C])];
      const scores = f.add(f.matmul(x, W, "keep", "keep"), bias);
      const loss = heads.crossEntropy(head, scores);
      return { loss, scores, next: { bias: f.make("gradient", [loss, bias], {}) } };
    };
    await expectAgreement(reshaped, sizes, tiny, { N: 5, C: 37 });
  });

  test("a step repeats bit for bit", async () => {
    const run = (): Promise<StepOutcome> =>
      gpuSteps(gpu, heads.headProgram(sizes, heads.arcFace), { N: 5, C: 37 }, 2, tiny, alone);
    expect(await run()).toEqual(await run());
  });
});
