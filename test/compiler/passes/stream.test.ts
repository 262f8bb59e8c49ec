/**
 * Streamed steps against the float64 reference and against their own twin without the pass, on tfjs, for
 * heads of every structure: chunks that do not divide the classes, one row, one class, kept and recomputed.
 */
import { describe, expect, test } from "vitest";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import type { PassOptions, Stage } from "../../../compiler/passes/pass.ts";
import { peakBytes } from "../../../compiler/passes/plan.ts";
import type { Program } from "../../../compiler/program.ts";
import { programWithGradients } from "../../support/every-target.ts";
import * as heads from "../../support/head-programs.ts";
import { type StepOutcome, maximalDifference, referenceStep, tfjsStep } from "../../support/head-runs.ts";

const rows = 5;
const sizes = { width: 7, classes: 37 };
const tiny: PassOptions = { ...defaultPassOptions, streamFrom: 2, budgetBytes: 16384 };

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

function firstStage(program: Program, options: PassOptions): Stage {
  const [first] = program.functions;
  if (first === undefined) throw new Error("a program has a function");
  return compileVerified(program, first, options);
}

describe.each(Object.entries(programs))("%s", (_, write) => {
  test("is found by its structure and cut into passes", () => {
    const stage = firstStage(heads.headProgram(sizes, write), tiny);
    expect(stage.regions?.length).toBe(1);
    expect(stage.regions?.[0]?.classes.key).toBe("37");
  });

  test.each([
    ["tiny chunks", tiny],
    ["chunks of a few classes", { ...tiny, budgetBytes: 65536 }],
    ["one chunk", { ...tiny, budgetBytes: 2 ** 24 }],
    ["the twin without stream", { ...tiny, without: ["stream"] as const }],
    [
      "the twin without any of the four",
      { ...tiny, without: ["stream", "fuse", "schedule", "plan"] as const },
    ],
  ])("agrees with the reference: %s", async (__, options) => {
    await expectAgreement(heads.headProgram(sizes, write), options, rows, 37);
  });

  test("agrees for one row, one class and a free number of classes", async () => {
    const free = (): Program => heads.headProgram({ width: 3, classes: "free" }, write);
    await expectAgreement(free(), tiny, 1, 1);
    await expectAgreement(free(), tiny, 1, 11);
    await expectAgreement(free(), tiny, 4, 1);
  });
});

async function expectAgreement(program: Program, options: PassOptions, N: number, C: number): Promise<void> {
  const expected: StepOutcome = await referenceStep(program, { N, C }, 3);
  const actual = await tfjsStep(program, options, { N, C }, 3);
  // f32 sums of at most a few hundred terms of size 10.
  expect(maximalDifference(actual, expected)).toBeLessThan(2e-4);
}

test("a statistic of all scores stores none of them", () => {
  const text = `export loss spread(x: f32[N, D], y: index<C>[N]) {
    param W: f32[C, D]
    let z = x @ transpose(W)
    mean(logsumexp(z, over: C) - pick(z, y)) + std(z) + norm(reshape(z, [-1]))
  }`;
  const { plan } = firstStage(programWithGradients(text, "spread"), defaultPassOptions);
  const sizes = { N: 512, C: 1_000_000, D: 64 };
  const scores = 4 * sizes.N * sizes.C;
  expect(plan === undefined ? NaN : peakBytes(plan, sizes)).toBeLessThan(scores / 3);
});
