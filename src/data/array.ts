/**
 * A dense array as a file holds it, and how two of them, features and labels, become a dataset. All
 * readers of arrays (IDX, npy, npz) end here, so labels and numbers are checked in one place.
 */
import { type Dataset, type Features, rowSize } from "../../runtime/dataset.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { type Labels, numberedClasses } from "./labels.ts";
import { type Numbers, firstUnusable, unusableFaults } from "./numbers.ts";
import { type Normalisation, normalisationOf } from "./options.ts";

export interface DataArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Numbers;
}

type Described = Pick<DataArray, "name" | "shape">;

export interface ArrayOptions {
  readonly classes?: number;
  readonly ignore?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

export function arrayDataset(
  source: DataSource,
  options: ArrayOptions,
  features: DataArray,
  labels?: DataArray,
): Dataset | RuntimeFault {
  const held = noElements(features) ?? featuresInMemory(source, options, features);
  return isFault(held) ? held : labelled(source, options, features, held, labels);
}

/** Features with the labels of their rows, where there are some. */
export function labelled(
  source: DataSource,
  options: ArrayOptions,
  described: Described,
  features: Features,
  labels: DataArray | undefined,
): Dataset | RuntimeFault {
  if (labels === undefined) return { source: described.name, features };
  const read = labelsOf(source, options, described, labels);
  return isFault(read) ? read : { source: described.name, features, ...read };
}

export function noElements({ name, shape }: Described): RuntimeFault | undefined {
  if (shape.length === 0) return dataFaults.oneNumber(name);
  if (shape[0] === 0) return dataFaults.noRows(name);
  return shape.includes(0) ? dataFaults.emptyRows(name, shape) : undefined;
}

/** Bytes stay bytes; whole numbers stay whole unless they are scaled; all others become f32. */
function featuresInMemory(
  source: DataSource,
  options: ArrayOptions,
  features: DataArray,
): Features | RuntimeFault {
  const { shape, data } = features;
  const scale = normalisationOf(source, options, shape.slice(1), data instanceof Uint8Array ? 255 : 1);
  if (isFault(scale)) return scale;
  const bad = numberFault(features, scale);
  if (bad !== undefined) return bad;
  const whole = data instanceof Int32Array && options.mean === undefined && options.std === undefined;
  return { dtype: whole ? "i32" : "f32", shape, data: rounded(data), ...scale };
}

/** The first number that cannot be trained on, of rows that are numbered from `first` on. */
export function numberFault(
  { name, shape, data }: DataArray,
  scale: Normalisation,
  first = 0,
): RuntimeFault | undefined {
  const bad = firstUnusable(data, scale);
  if (bad === undefined) return undefined;
  const { at, why } = bad;
  const size = rowSize(shape);
  const row = first + Math.floor(at / size);
  return unusableFaults[why](name, row, `element ${at % size} of row ${row}`, String(data[at]));
}

function rounded(data: Numbers): Features["data"] {
  return data instanceof Float64Array ? Float32Array.from(data) : data;
}

function labelsOf(
  { reader }: DataSource,
  { classes, ignore }: ArrayOptions,
  { name: features, shape: [rows = 0] }: Described,
  labels: DataArray,
): Labels | RuntimeFault {
  const { name, shape, data } = labels;
  const [count] = shape;
  if (count === undefined) return dataFaults.oneNumber(name);
  if (count !== rows) return dataFaults.rowsDiffer(features, rows, count);
  if (classes !== undefined)
    return numberedClasses(
      name,
      { labels: data, shape: rowSize(shape) === 1 ? [rows] : shape },
      { classes, ...(ignore === undefined ? {} : { ignore }) },
    );
  return ignore === undefined
    ? valueLabels(labels)
    : dataFaults.badOption(reader, "ignore", "given beside classes: …", ignore);
}

function valueLabels(labels: DataArray): Labels | RuntimeFault {
  const { shape, data } = labels;
  const bad = numberFault(labels, { mean: [0], std: [1] });
  if (bad !== undefined) return bad;
  const values = rounded(data);
  return {
    labels:
      values instanceof Float32Array
        ? { dtype: "f32", shape, data: values }
        : { dtype: "i32", shape, data: Int32Array.from(values) },
  };
}
