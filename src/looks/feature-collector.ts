/**
 * Keeps what an evaluation shows of its rows: features, labels and predictions of the first few thousand, maps of the first few.
 */
import type { EvaluationObserver } from "../../runtime/trainer.ts";
import type { LabelledFeatures } from "./angle-statistics.ts";
import { type LabelMap, collectLabelMaps } from "./label-maps.ts";

export interface FeatureCollector {
  readonly observe: EvaluationObserver;
  /** Undefined where the program has no features or the data no classes. */
  readonly collected: () => LabelledFeatures | undefined;
  /** A few rows whose labels are maps. */
  readonly labelMaps: () => readonly LabelMap[];
}

/** Rows kept at most: enough for a picture and a histogram. */
const rowLimit = 20_000;

export function collectFeatures(): FeatureCollector {
  const features: Float32Array[] = [];
  const labels: number[] = [];
  const predictions: number[] = [];
  const maps = collectLabelMaps();
  let width = 0;
  return {
    observe: (batch, outputs) => {
      maps.observe(batch, outputs);
      const rows = outputs["features"];
      if (rows === undefined || rows.shape.length !== 2) return;
      const [own] = batch.labels;
      if (own?.dtype !== "i32" || own.shape.length !== 1) return;
      width = rows.shape[1] ?? 0;
      const best = outputs["predictions"]?.data;
      for (let row = 0; row < own.data.length && labels.length < rowLimit; row++) {
        labels.push(own.data[row] ?? 0);
        features.push(Float32Array.from(rows.data.subarray(row * width, (row + 1) * width)));
        predictions.push(best?.[row] ?? -1);
      }
    },
    labelMaps: maps.collected,
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
