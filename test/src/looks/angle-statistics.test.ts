/** Angles of features to class directions, against ones known by construction; and signals. */
import { describe, expect, it } from "vitest";
import { angleStatistics } from "../../../src/looks/angle-statistics.ts";
import {
  classNumberNames,
  classNumbers,
  classWeights,
  classWeightsName,
} from "../../../src/looks/class-variables.ts";
import { listenForInterruption } from "../../../src/runs/signals.ts";
import { programOf } from "../../support/check-source.ts";

const at = (degrees: number, norm: number) => [
  norm * Math.cos((degrees * Math.PI) / 180),
  norm * Math.sin((degrees * Math.PI) / 180),
];

const rows = (points: readonly (readonly number[])[], labels: readonly number[]) => ({
  features: { dtype: "f32", shape: [points.length, 2], data: Float32Array.from(points.flat()) } as const,
  labels,
  predictions: labels,
});

function weights(shape: readonly number[], directions: readonly (readonly number[])[]) {
  const W = { dtype: "f32", shape, data: Float32Array.from(directions.flat()) } as const;
  const found = classWeights("W", { W });
  if (found === undefined) throw new Error("there are weights");
  return found;
}

describe("angles", () => {
  it("are to the own class and to the nearest other", () => {
    const W = weights([3, 2], [at(0, 2), at(90, 0.5), at(180, 1)]);
    const { own, nearestOther, rows: count } = angleStatistics(rows([at(10.5, 3), at(70.5, 1)], [0, 2]), W);
    expect(count).toBe(2);
    expect(own.mean).toBeCloseTo((10.5 + 109.5) / 2, 3);
    expect(nearestOther.mean).toBeCloseTo((79.5 + 19.5) / 2, 3);
    expect(own.histogram.flatMap((rowsInBin, bin) => (rowsInBin > 0 ? [bin] : []))).toEqual([10, 109]);
  });

  it("take the best of a class's centres, and count rows of zeros as right angles", () => {
    const W = weights([2, 2, 2], [at(0, 1), at(40, 1), at(90, 1), at(180, 1)]);
    const { own } = angleStatistics(rows([at(45, 1), [0, 0]], [0, 0]), W);
    expect(own.mean).toBeCloseTo((5 + 90) / 2, 3);
  });
});

describe("class weights", () => {
  const trainWith = (loss: string, width: number) =>
    programOf(
      `import { dense } from "std/layers"
import { margin_softmax, softmax_cross_entropy } from "std/losses"
import { sgd } from "std/optimizers"
import { CosFace } from "std/margins"
loss renamed(x: f32[N, D], y: index<C>[N]) {
  param directions: f32[C, D]
  predict = cosine(x, directions)
  mean(logsumexp(cosine(x, directions), over: C) - pick(cosine(x, directions), y))
}
model Net(x: f32[N, 5]) -> f32[N, ${width}] = x |> dense(${width})
train T {
  model = Net
  loss = ${loss}
  data = csv("rows.csv", classes: 5)
  optimizer = sgd
  epochs = 1
}
`,
      "T",
    );

  it.each([
    ["margin_softmax(margin: CosFace)", 2, "margin_softmax.W"],
    ["margin_softmax(margin: CosFace, centres: 3)", 2, "margin_softmax.W_centres"],
    ["renamed", 2, "renamed.directions"],
    // A layer of the model has the same shape, and the loss has no weights.
    ["softmax_cross_entropy", 5, undefined],
  ])("of %s on %i coordinates are %s", (loss, width, name) => {
    expect(classWeightsName(trainWith(loss, width), width)).toBe(name);
  });
});

describe("numbers of classes", () => {
  it("are parameters and states f32[C] of the loss and its margins, and none of the model or the optimizer", () => {
    const program = programOf(
      `import { dense } from "std/layers"
import { adam } from "std/optimizers"
margin Adaptive() {
  param m: f32[C] ~ 0.3
  state seen: f32[C] = 0
  seen <- seen + sum(one_hot(y), over: N)
  target = cos - m[y] / (1 + 0 * seen[y])
}
loss biased(x: f32[N, D], y: index<C>[N], margin: margin) {
  param W: f32[C, D]
  param bias: f32[C]
  param temperature: f32
  predict = scores(margin, x, W)
  mean(logsumexp(temperature * logits(margin, x, W, y) + bias, over: C))
}
model Net(x: f32[N, 5]) -> f32[N, 5] = x |> dense(5)
train T {
  model = Net
  loss = biased(margin: Adaptive)
  data = csv("rows.csv", classes: 5)
  optimizer = adam
  epochs = 1
}
`,
      "T",
    );
    expect(classNumberNames(program)).toEqual(["biased.bias", "biased.Adaptive.m", "biased.Adaptive.seen"]);
  });

  it("of many classes are thinned, and keep both ends", () => {
    const found = classNumbers(
      "m",
      Array.from({ length: 5000 }, (_, label) => (label * 7919) % 5000),
    );
    expect(found.values.length).toBe(400);
    expect(found.values.every(([label, value]) => value === (label * 7919) % 5000)).toBe(true);
    expect(found.smallest.map(([, value]) => value)).toEqual([0, 1, 2]);
    expect(found.largest.map(([, value]) => value)).toEqual([4999, 4998, 4997]);
  });
});

describe("signals", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s aborts and gives the exit code %i", (name, code) => {
    const before = process.listenerCount(name);
    const interruption = listenForInterruption();
    expect([interruption.signal.aborted, interruption.exitCode()]).toEqual([false, undefined]);
    process.emit(name, name);
    expect([interruption.signal.aborted, interruption.exitCode()]).toEqual([true, code]);
    interruption.release();
    expect(process.listenerCount(name)).toBe(before);
  });
});
