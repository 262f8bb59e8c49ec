/**
 * A dense array as a file holds it, and how several of them, features and labels, become a dataset. All
 * readers of arrays (IDX, npy, npz) end here, so labels and numbers are checked in one place.
 */
import { type Dataset, type Features, type Labels, type OneOrMore, rowSize } from "../../runtime/dataset.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { numberedClasses } from "./labels.ts";
import { type Numbers, firstUnusable, unusableFaults } from "./numbers.ts";
import { type Normalisation, normalisationOf } from "./options.ts";

export interface DataArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Numbers;
}

type Described = Pick<DataArray, "name" | "shape">;

export interface ArrayOptions {
  /** Of the first labels; those after them are values. */
  readonly classes?: number | readonly number[];
  readonly ignore?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Features with the labels of their rows, where there are some. */
export function labelledRows(
  source: DataSource,
  options: ArrayOptions,
  { name, shape: [rows = 0] }: Described,
  features: OneOrMore<Features>,
  arrays: readonly DataArray[],
): Dataset | RuntimeFault {
  const { ignore } = options;
  const classes = [options.classes ?? []].flat();
  if (ignore !== undefined && classes.length === 0)
    return dataFaults.badOption(source.reader, "ignore", "given beside classes: …", ignore);
  if (classes.length > Math.max(arrays.length, 1))
    return dataFaults.badOption(
      source.reader,
      "classes",
      `no more numbers than there are labels (${arrays.length})`,
      classes,
    );
  const labels: Labels[] = [];
  for (const [at, array] of arrays.entries()) {
    const [count] = array.shape;
    if (count === undefined) return dataFaults.oneNumber(array.name);
    if (count !== rows) return dataFaults.rowsDiffer(name, rows, count);
    const read = labelsOf(array, classes[at], ignore);
    if (isFault(read)) return read;
    labels.push(read);
  }
  return { source: name, features, labels };
}

export function noElements({ name, shape }: Described): RuntimeFault | undefined {
  if (shape.length === 0) return dataFaults.oneNumber(name);
  if (shape[0] === 0) return dataFaults.noRows(name);
  return shape.includes(0) ? dataFaults.emptyRows(name, shape) : undefined;
}

/** Bytes stay bytes; whole numbers stay whole unless they are scaled; all others become f32. */
export function featuresInMemory(
  source: DataSource,
  options: ArrayOptions,
  features: DataArray,
): Features | RuntimeFault {
  const { shape, data } = features;
  const empty = noElements(features);
  if (empty !== undefined) return empty;
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
  labels: DataArray,
  classes: number | undefined,
  ignore: number | undefined,
): Labels | RuntimeFault {
  if (classes === undefined) return valueLabels(labels);
  const { name, shape, data } = labels;
  return numberedClasses(
    name,
    { labels: data, shape: rowSize(shape) === 1 ? shape.slice(0, 1) : shape },
    { classes, ...(ignore === undefined ? {} : { ignore }) },
  );
}

function valueLabels(labels: DataArray): Labels | RuntimeFault {
  const { shape, data } = labels;
  const bad = numberFault(labels, { mean: [0], std: [1] });
  if (bad !== undefined) return bad;
  const values = rounded(data);
  return values instanceof Float32Array
    ? { dtype: "f32", shape, data: values }
    : { dtype: "i32", shape, data: Int32Array.from(values) };
}
