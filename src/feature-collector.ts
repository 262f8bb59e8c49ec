/**
 * Keeps what an evaluation shows of its rows: features, labels and predictions of the first few thousand.
 */
import type { EvaluationObserver } from "../runtime/trainer.ts";
import type { LabelledFeatures } from "./angle-statistics.ts";

export interface FeatureCollector {
  readonly observe: EvaluationObserver;
  /** Undefined where the program has no features or the data no classes. */
  readonly collected: () => LabelledFeatures | undefined;
}

/** Rows kept at most: enough for a picture and a histogram. */
const rowLimit = 20_000;

export function collectFeatures(): FeatureCollector {
  const features: Float32Array[] = [];
  const labels: number[] = [];
  const predictions: number[] = [];
  let width = 0;
  return {
    observe: (batch, outputs) => {
      const rows = outputs["features"];
      if (rows === undefined || rows.shape.length !== 2 || batch.labels?.dtype !== "i32") return;
      width = rows.shape[1] ?? 0;
      const best = outputs["predictions"]?.data;
      for (let row = 0; row < batch.labels.data.length && labels.length < rowLimit; row++) {
        labels.push(batch.labels.data[row] ?? 0);
        features.push(Float32Array.from(rows.data.subarray(row * width, (row + 1) * width)));
        predictions.push(best?.[row] ?? -1);
      }
    },
    collected: () =>
      labels.length === 0
        ? undefined
        : {
            features: {
              dtype: "f32",
              shape: [labels.length, width],
              data: joined(features, width),
            },
            labels,
            predictions,
          },
  };
}

function joined(rows: readonly Float32Array[], width: number): Float32Array {
  const data = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) data.set(row, at * width);
  return data;
}
