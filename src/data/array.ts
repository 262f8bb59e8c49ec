/**
 * A dense array as a file holds it, and how two of them, features and labels, become a dataset. All
 * readers of arrays (IDX, npy, npz) end here, so labels and numbers are checked in one place.
 */
import { labelRangeFault, valueFault } from "../../runtime/check-rows.ts";
import { type Dataset, type Features, rowSize } from "../../runtime/dataset.ts";
import type { DataSource, HostTensor } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { normalisationOf } from "./options.ts";

/** Bytes stay bytes; other integers are i32, fractions f32. */
export interface DataArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Elements one by one; much faster than `from` on millions of them. */
export function floats(count: number, at: (i: number) => number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = at(i);
  return values;
}

export function integers(count: number, at: (i: number) => number): Int32Array {
  const values = new Int32Array(count);
  for (let i = 0; i < count; i++) values[i] = at(i);
  return values;
}

export interface ArrayOptions {
  readonly classes?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

export function arrayDataset(
  source: DataSource,
  options: ArrayOptions,
  features: DataArray,
  labels?: DataArray,
): Dataset | RuntimeFault {
  const rows = features.shape[0] ?? 0;
  if (features.shape.length === 0 || rows === 0 || features.data.length === 0)
    return dataFaults.noRows(features.name);
  const scale = normalisationOf(
    source,
    options,
    features.shape.slice(1),
    features.data instanceof Uint8Array ? 255 : 1,
  );
  if (isFault(scale)) return scale;
  const whole =
    features.data instanceof Int32Array && options.mean === undefined && options.std === undefined;
  const stored: Features = {
    dtype: whole ? "i32" : "f32",
    shape: features.shape,
    data: features.data,
    ...scale,
  };
  const bad = valueFault(features.name, stored);
  if (bad !== undefined) return bad;
  if (labels === undefined) return { source: features.name, features: stored };
  if (labels.shape[0] !== rows) return dataFaults.rowsDiffer(features.name, rows, labels.shape[0] ?? 0);
  const { classes } = options;
  const read = classes === undefined ? valueLabels(labels) : classLabels(labels, classes);
  if (isFault(read)) return read;
  return {
    source: features.name,
    features: stored,
    labels: read,
    ...(classes === undefined ? {} : { classes }),
  };
}

function valueLabels(labels: DataArray): HostTensor | RuntimeFault {
  const { shape, data } = labels;
  if (data instanceof Float32Array) return valueFault(labels.name, labels) ?? { dtype: "f32", shape, data };
  return { dtype: "i32", shape, data: Int32Array.from(data) };
}

function classLabels({ name, shape, data }: DataArray, classes: number): HostTensor | RuntimeFault {
  if (rowSize(shape) !== 1) return dataFaults.notOneLabel(name, shape.slice(1));
  return (
    labelRangeFault(name, data, classes) ?? {
      dtype: "i32",
      shape: [data.length],
      data: Int32Array.from(data),
    }
  );
}
