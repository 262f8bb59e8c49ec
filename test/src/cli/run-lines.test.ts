/** The lines of a run: one an epoch, whatever was measured of it, and a sign of life where no bar moves. */
import { expect, test } from "vitest";
import { createRunLines } from "../../../src/cli/run-lines.ts";
import type { RunEvent } from "../../../src/runs/train.ts";

const start = { kind: "start", rows: 100, batchesPerEpoch: 2, totalSteps: 4000, step: 0 } as const;
const step = (at: number): RunEvent => ({
  kind: "step",
  step: at,
  epoch: 0,
  loss: 2.5,
  traces: {},
  rowsPerSecond: 1234.4,
  timeLeft: 90,
});
const epoch = { kind: "epoch", step: 2, epoch: 0, loss: 2, accuracy: 0.5, seconds: 3 } as const;
const evaluation = { kind: "evaluation", step: 2, epoch: 0, loss: 1, accuracy: 0.75, rows: 9 } as const;
const angles = { kind: "angles", step: 2, epoch: 0, own: 10, nearestOther: 60 } as const;
const verified = {
  rows: 9,
  classes: 3,
  samePairs: 9,
  differentPairs: 9,
  equalErrorRate: 0.1,
  threshold: 0.5,
  rates: [],
  recallAt1: 0.9,
};
const checkpoint = { kind: "checkpoint", step: 2 } as const;

function told(events: readonly RunEvent[], isMoving = false): readonly string[] {
  const lines = createRunLines({ isMoving });
  return [...events.flatMap((event) => lines.hear(event)), ...lines.rest()];
}

test("an epoch is one line with its validation and angles", () => {
  expect(told([start, step(1), step(2), epoch, evaluation, angles, checkpoint, step(3)])).toEqual([
    "100 rows, 2 steps an epoch, 4,000 steps to go",
    "epoch 1: training loss 2, accuracy 50.00 % · validation loss 1, accuracy 75.00 % · angle to the own class 10.0°, nearest other 60.0° in 3.0 s",
  ]);
});

test("verification has a line of its own, and the checkpoint at the end of an epoch has none", () => {
  const verification = { kind: "verification", step: 2, epoch: 0, ...verified } as const;
  expect(told([step(2), epoch, verification, checkpoint])).toEqual([
    "epoch 1: training loss 2, accuracy 50.00 % in 3.0 s",
    "epoch 1: verification equal error rate 10.00 %, recall at 1 90.00 %",
  ]);
});

test("no epoch is lost where the run ends, and none is told twice", () => {
  expect(told([epoch])).toEqual(["epoch 1: training loss 2, accuracy 50.00 % in 3.0 s"]);
  expect(told([epoch, checkpoint, checkpoint])).toHaveLength(1);
  expect(told([epoch, { kind: "replay", from: 1, to: 2 }])).toHaveLength(2);
});

test("a checkpoint within an epoch says how far the run is, unless a bar does", () => {
  expect(told([start, step(1), { ...checkpoint, step: 1 }]).slice(1)).toEqual([
    "step 1 of 4,000: loss 2.5, 1,234 rows/s, 1 min 30 s left",
  ]);
  expect(told([start, step(1), { ...checkpoint, step: 1 }], true)).toHaveLength(1);
});
