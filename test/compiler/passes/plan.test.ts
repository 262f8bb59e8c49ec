/**
 * Plans: lives and slots, and the promise that the planned peak bounds what tfjs really holds, for every head,
 * with and without streaming, from few classes to many.
 */
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { compileFunction, defaultPassOptions } from "../../../compiler/compile.ts";
import type { PassOptions } from "../../../compiler/passes/pass.ts";
import { type Plan, parameterBytes, peakBytes } from "../../../compiler/passes/plan.ts";
import type { Program } from "../../../compiler/program.ts";
import { peakBytes as measuredPeak } from "../../../bench/measure.ts";
import * as heads from "../../support/head-programs.ts";
import { functionOf, programOf } from "../../support/check-source.ts";
import { batch, tfjsExecutor } from "../../support/head-runs.ts";

const budgetBytes = 2 ** 20;
const options: PassOptions = { ...defaultPassOptions, budgetBytes, dims: { N: 16 } };

function planOf(program: Program, passOptions: PassOptions): Plan {
  const [step] = program.functions;
  const stage = step === undefined ? undefined : compileFunction(program, step, passOptions);
  if (stage?.plan === undefined) throw new Error("the last pass plans");
  return stage.plan;
}

async function measured(
  program: Program,
  passOptions: PassOptions,
  rows: { N: number; C: number; width: number },
): Promise<number> {
  const executor = await tfjsExecutor(program, passOptions);
  await executor.initialize(1);
  const inputs = batch(rows.N, rows.C, rows.width, 0);
  await executor.call("step", inputs);
  const others = tf.memory().numBytes - variableBytes(planOf(program, passOptions), rows.N);
  const peak = await measuredPeak(() => executor.call("step", inputs));
  executor.dispose();
  return peak - others;
}

function variableBytes(plan: Plan, N: number): number {
  return plan.variables.reduce(
    (total, { bytes }) =>
      total +
      peakBytes({ ...plan, buffers: [], transients: [], variables: [{ name: "", kind: "", bytes }] }, { N }),
    0,
  );
}

const programs = {
  arcFace: heads.arcFace,
  denseSoftmax: heads.denseSoftmax,
  clippedArcFace: heads.clippedArcFace,
  ownLoss: heads.ownLoss,
};

describe.each(Object.entries(programs))("%s", (_, write) => {
  test.each([
    [2000, []],
    [30000, []],
    [2000, ["stream"] as const],
  ])("the plan bounds what tfjs holds for %i classes, without %j", async (classes, without) => {
    const program = heads.headProgram({ width: 8, classes }, write);
    const passOptions = { ...options, without };
    const planned = peakBytes(planOf(program, passOptions), { N: 16 });
    const peak = await measured(program, passOptions, { N: 16, C: classes, width: 8 });
    // The inputs and small constants of the kernels are not the plan's.
    expect(peak).toBeLessThanOrEqual(planned + 16 * 8 * 4 + 4096);
  });
});

describe("streaming", () => {
  const peakFor = (classes: number, without: PassOptions["without"]): number => {
    const program = heads.headProgram({ width: 8, classes }, heads.arcFace);
    return peakBytes(planOf(program, { ...options, without }), { N: 64 });
  };
  const parameters = (classes: number): number => classes * 8 * 4;

  test("the peak is parameters, gradients, the budget and a little for the rows, for any number of classes", () => {
    for (const classes of [10_000, 100_000, 1_000_000])
      expect(peakFor(classes, [])).toBeLessThan(2 * parameters(classes) + budgetBytes + 64 * 8 * 4 * 30);
  });

  test("without it the peak holds whole matrices of rows and classes", () => {
    expect(peakFor(100_000, ["stream"])).toBeGreaterThan(2 * 64 * 100_000 * 4);
  });
});

test("an evaluation of a million classes stores no scores: rows keep the class of the best", () => {
  const program = programOf(
    `loss head(x: f32[N, D], y: index<C>[N]) {
  param W: f32[C, D] ~ random_normal()
  let z = 9 * cosine(x, W)
  predict = z
  mean(logsumexp(z, over: C) - pick(z, y))
}
model Net(x: f32[N, 8]) -> f32[N, 8] = x
optimizer sgd() { param <- param - 0.1 * grad }
train Million {
  model = Net
  loss = head
  data = idx("x", "y", classes: 1000000)
  optimizer = sgd
  batch = 64
  epochs = 1
}`,
    "Million",
  );
  for (const target of ["tfjs", "wgsl"] as const) {
    const { plan } = compileFunction(program, functionOf(program, "evaluate"), { ...options, target });
    const parameters = 1_000_000 * 8 * 4;
    // A part of the classes' weights beside them, and what belongs to rows.
    expect(plan && peakBytes(plan, { N: 64 })).toBeLessThan(2 * parameters + budgetBytes);
  }
});

test("buffers share a slot only while their lives do not meet", () => {
  const plan = planOf(heads.headProgram({ width: 8, classes: 50 }, heads.arcFace), options);
  for (const a of plan.buffers)
    for (const b of plan.buffers)
      if (a !== b && a.slot === b.slot) expect(a.to < b.from || b.to < a.from).toBe(true);
  expect(new Set(plan.buffers.map(({ slot }) => slot)).size).toBeLessThan(plan.buffers.length);
  expect(parameterBytes(plan, {})).toBe(50 * 8 * 4);
});
