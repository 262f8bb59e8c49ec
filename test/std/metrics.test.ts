/** Metrics of std/metrics against counts by hand. */
import { describe, expect, test } from "vitest";
import { sumMetrics } from "../../runtime/metrics.ts";
import { toHost } from "../../src/executors/reference.ts";
import { type Nested, programOf, run, tensor } from "../support/check-source.ts";

const source = (metric: string, model: string, labels: string) => `import { ${metric} } from "std/metrics"
import { sgd } from "std/optimizers"
model Scores(x: ${model}) {
  param w: f32
  x + 0 * w
}
loss any(z: ${model}, y: ${labels}) {
  predict = z
  mean(z) + 0 * sum(f32(y))
}
train T {
  model = Scores
  loss = any
  data = npz("a.npz", classes: 3, ignore: 255)
  optimizer = sgd
  epochs = 1
  metrics = [${metric}]
}
`;

type Batches = readonly (readonly [scores: Nested, labels: Nested])[];

/** One image after the other, as batches of one. */
function measured(metric: string, model: string, labels: string, batches: Batches) {
  const program = programOf(source(metric, model, labels), "T");
  const sums = sumMetrics();
  for (const [x, y] of batches) {
    const outputs = run(program, "evaluate", { x: tensor(x), y: tensor(y, "i32") });
    sums.add(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toHost(value)])), 1);
  }
  return sums.measured();
}

describe("metrics by class", () => {
  // Best classes 0 0 1, then 1 2 0; classes 0 1 255, then 1 1 0.
  const batches: Batches = [
    [
      [
        [
          [2, 1, 0],
          [2, 1, 0],
          [0, 1, 0],
        ],
      ],
      [[0, 1, 255]],
    ],
    [
      [
        [
          [0, 1, 0],
          [0, 1, 2],
          [1, 0, 0],
        ],
      ],
      [[1, 1, 0]],
    ],
  ];

  test.each([
    ["iou", [2 / 3, 1 / 3, 0]],
    ["f1", [4 / 5, 1 / 2, 0]],
    ["precision", [2 / 3, 1, 0]],
    ["recall", [1, 1 / 3, null]],
  ])("%s divides sums over all batches", (metric, expected) => {
    const { metrics, metricsByClass } = measured(metric, "f32[N, 3, 3]", "i32[N, 3]", batches);
    const found = metricsByClass?.[metric] ?? [];
    expected.forEach((one, at) =>
      one === null ? expect(found[at]).toBeNull() : expect(found[at]).toBeCloseTo(one, 12),
    );
    const there = expected.filter((one) => one !== null);
    expect(metrics?.[metric]).toBeCloseTo(there.reduce((sum, one) => sum + one, 0) / there.length, 12);
  });

  test("label_accuracy is of all labels that are a class", () => {
    expect(measured("label_accuracy", "f32[N, 3, 3]", "i32[N, 3]", batches)).toEqual({
      metrics: { label_accuracy: 3 / 5 },
    });
  });

  test("rows of one label each have them too", () => {
    const rows: Batches = [
      [
        [
          [2, 1, 0],
          [0, 1, 0],
        ],
        [0, 0],
      ],
    ];
    expect(measured("recall", "f32[N, 3]", "index<3>[N]", rows).metricsByClass).toEqual({
      recall: [0.5, null, null],
    });
  });

  test("binary_iou takes what is above 0", () => {
    const masks: Batches = [
      [[[1, 1, -1, 3]], [[1, 0, 1, 255]]],
      [[[2, -1, -1, -1]], [[1, 0, 0, 0]]],
    ];
    expect(measured("binary_iou", "f32[N, 4]", "i32[N, 4]", masks)).toEqual({
      metrics: { binary_iou: 2 / 4 },
    });
  });

  test("what is nowhere has no number", () => {
    const nothing: Batches = [[[[[2, 1, 0]]], [[255]]]];
    expect(measured("recall", "f32[N, 1, 3]", "i32[N, 1]", nothing)).toEqual({
      metricsByClass: { recall: [null, null, null] },
    });
  });
});
