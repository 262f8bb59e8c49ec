/**
 * Streamed heads in kernels of whole workgroups, as a hardware adapter runs them, against the float64 reference: sizes
 * are no multiples of a tile, and classes are worked out again by another kernel than the one that first made them.
 */
import { expect, test } from "vitest";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { gpuModule, gpuOptions, gpuSteps, together } from "../../../support/gpu-runs.ts";
import * as heads from "../../../support/head-programs.ts";
import { maximalDifference, referenceStep } from "../../../support/head-runs.ts";

const tiny: PassOptions = { ...gpuOptions, streamFrom: 2, budgetBytes: 16384 };
const { headProgram } = heads;

describeOnGpu("streamed heads, workgroups", (gpu) => {
  const expectAgreement = async (
    write: (head: heads.Head) => heads.HeadResult,
    size: heads.HeadSizes,
    rows: { readonly N: number; readonly C: number },
  ): Promise<void> => {
    const expected = await referenceStep(headProgram(size, write), rows, 2);
    const actual = await gpuSteps(gpu, headProgram(size, write), rows, 2, tiny, together);
    // f32 sums of at most a few hundred terms of size 10.
    expect(maximalDifference(actual, expected)).toBeLessThan(2e-4);
  };

  test.each([
    ["ArcFace", heads.arcFace],
    ["CosFace", heads.cosFace],
    ["a dense layer under softmax", heads.denseSoftmax],
    ["CurricularFace", heads.curricularFace],
    ["sub-centres", heads.subCentres],
    ["ArcFace, its gradient clipped", heads.clippedArcFace],
    ["a loss of one's own", heads.ownLoss],
  ])("%s", (_, write) => expectAgreement(write, { width: 13, classes: 37 }, { N: 17, C: 37 }));

  test("ArcFace, features that memory gives in fours", async () => {
    const size = { width: 12, classes: 37 };
    const { kernels } = gpuModule(headProgram(size, heads.arcFace), tiny, together);
    expect(kernels.filter(({ code }) => code.includes("array<vec4<f32>>")).length).toBeGreaterThan(0);
    await expectAgreement(heads.arcFace, size, { N: 17, C: 37 });
  });

  test.each([
    ["ArcFace", heads.arcFace],
    ["a loss of one's own", heads.ownLoss],
  ])("%s, one row, one class", (_, write) =>
    expectAgreement(write, { width: 3, classes: "free" }, { N: 1, C: 1 }),
  );
});
