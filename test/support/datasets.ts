/** Small datasets for tests, and faults unwrapped. */
import { uniformNumbers } from "../../runtime/random.ts";
import type { Dataset } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";

/** Rows around one corner a class: easy to separate. */
export function cornerDataset(rows: number, width: number, classes: number): Dataset {
  const noise = uniformNumbers(7, 0, 99, rows * width);
  const labels = Int32Array.from({ length: rows }, (_, row) => row % classes);
  const data = noise.map(
    (value, at) => value * 0.5 + (at % width === (labels[Math.floor(at / width)] ?? 0) % width ? 2 : 0),
  );
  return {
    source: "corners",
    features: [{ dtype: "f32", shape: [rows, width], data, mean: [0], std: [1] }],
    labels: [{ dtype: "i32", shape: [rows], data: labels, classes }],
  };
}

export function whole<T>(value: T | RuntimeFault): T {
  if (isFault(value)) throw new Error(`${value.code} ${value.message}`);
  return value;
}

export function faultText(value: unknown): string {
  return isFault(value) ? `${value.code} ${value.message} / ${value.help}` : "no fault";
}
