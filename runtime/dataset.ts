/**
 * Rows of features and labels, and batches gathered from them. Features stay as they were stored (bytes stay bytes, in
 * memory or where they are read from row by row) and are normalised while a batch is gathered, so a dataset costs
 * what its file costs. A dataset knows nothing of files; readers make it, `fitDataset` fits it to a program.
 */
import { epochOrder, groupedByClass, spreadPlaces } from "./batches.ts";
import { labelRangeFault } from "./check-rows.ts";
import { type RuntimeFault, fitFaults, isFault, runFaults } from "./errors.ts";
import type { FunctionInfo, HostTensor, InputInfo } from "./program.ts";

type RowData = Float32Array | Int32Array | Uint8Array;

/** Rows as stored: element (row, i) is worth (data - mean[i]) / std[i], lists repeating over the row. */
export interface Features {
  readonly dtype: "f32" | "i32";
  /** [rows, …shape of one row] */
  readonly shape: readonly number[];
  readonly data: RowData;
  /** Where rows are too many for memory they are read when they are needed, and `data` is empty. */
  readonly stored?: StoredRows;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Rows that are read when they are needed, from a file or wherever they lie. */
export interface StoredRows {
  /** The elements of a row, until the next call. */
  readonly row: (at: number) => RowData;
}

/** Labels as stored: [rows, …shape of one row]. Whole numbers may be bytes, as masks are. */
export interface Labels {
  readonly dtype: "f32" | "i32";
  readonly shape: readonly number[];
  readonly data: RowData;
}

/** Rows to train on or to look at, with their labels where there are some; `datasetOf` makes one of arrays. */
export interface Dataset {
  /** Where it came from, as faults name it. */
  readonly source: string;
  readonly features: Features;
  /** i32[rows, …] classes, one a row or one for each pixel, or f32[rows, …] values; absent where there are none. */
  readonly labels?: Labels;
  /** How many classes the labels name, and what they are called where the data says it. */
  readonly classes?: number;
  /** A label that is no class: what it marks counts for nothing. */
  readonly ignore?: number;
  readonly classNames?: readonly string[];
  /** What rows are called, where each has a file of its own. */
  readonly rowNames?: readonly string[];
}

/** Some rows of a dataset, scaled and in the shape that a program takes: f32 or i32[rows, …shape of one row]. */
export interface Batch {
  readonly features: HostTensor;
  readonly labels?: HostTensor;
  /** The dataset's rows that the batch holds, counted from 0. */
  readonly rows: readonly number[];
}

/** How many rows there are. */
export function rowCount(dataset: Dataset): number {
  return dataset.features.shape[0] ?? 0;
}

/** Why there is no dataset: the fault that was made in its place and handed on, or that it is something else. */
export function noDataset(given: Dataset): RuntimeFault | undefined {
  if (isFault(given)) return given;
  const isDataset = typeof (given as Partial<Dataset> | undefined)?.features === "object";
  return isDataset
    ? undefined
    : runFaults.badSetting("the data", given, "a dataset, as `datasetOf` makes it");
}

/** The class of each row; undefined where rows are labelled otherwise, or not at all. */
export function rowClasses({ labels }: Dataset): RowData | undefined {
  return labels?.dtype === "i32" && labels.shape.length === 1 ? labels.data : undefined;
}

/** The rows in the order in which an epoch sees them, `perClass` of a class together. */
export function rowsOfEpoch(dataset: Dataset, seed: number, epoch: number, perClass = 1): Int32Array {
  const order = epochOrder(seed, epoch, rowCount(dataset));
  const classes = rowClasses(dataset);
  return perClass === 1 || classes === undefined ? order : groupedByClass(order, classes, perClass);
}

/** Copies rows into one batch and normalises them. */
export function gatherBatch(dataset: Dataset, rows: readonly number[]): Batch {
  const { features, labels } = dataset;
  const gathered = gatherFeatures(features, rows);
  return labels === undefined
    ? { features: gathered, rows }
    : { features: gathered, labels: gatherLabels(labels, rows), rows };
}

/**
 * At most `count` rows, spread evenly over the dataset: files are often sorted by class, and the first
 * rows of those would be one class.
 */
export function spreadRows(dataset: Dataset, count: number): Dataset {
  const rows = rowCount(dataset);
  return count >= rows ? dataset : takeRows(dataset, spreadPlaces(rows, count));
}

/** Some of the rows, in the order given. */
export function takeRows(dataset: Dataset, chosen: readonly number[]): Dataset {
  const { features, labels, rowNames } = dataset;
  const { stored } = features;
  return {
    ...dataset,
    features: {
      ...features,
      shape: [chosen.length, ...features.shape.slice(1)],
      ...(stored === undefined
        ? { data: selectRows(features.data, rowSize(features.shape), chosen) }
        : { stored: { row: (at) => stored.row(chosen[at] ?? 0) } }),
    },
    ...(labels === undefined ? {} : { labels: takeLabels(labels, chosen) }),
    ...(rowNames === undefined ? {} : { rowNames: chosen.map((row) => rowNames[row] ?? "") }),
  };
}

function selectRows(data: RowData, size: number, rows: readonly number[]): RowData {
  const selected = data.slice(0, rows.length * size);
  for (const [at, row] of rows.entries())
    selected.set(data.subarray(row * size, (row + 1) * size), at * size);
  return selected;
}

function gatherFeatures(features: Features, rows: readonly number[]): HostTensor {
  const size = rowSize(features.shape);
  const shape = [rows.length, ...features.shape.slice(1)];
  const { data, stored, mean, std } = features;
  const stretch = (row: number) => stored?.row(row) ?? data.subarray(row * size, (row + 1) * size);
  if (features.dtype === "i32") {
    const whole = new Int32Array(rows.length * size);
    for (const [at, row] of rows.entries()) whole.set(stretch(row), at * size);
    return { dtype: "i32", shape, data: whole };
  }
  const values = new Float32Array(rows.length * size);
  for (const [at, row] of rows.entries()) values.set(stretch(row), at * size);
  normalise(values, mean, std);
  return { dtype: "f32", shape, data: values };
}

function normalise(values: Float32Array, mean: readonly number[], std: readonly number[]): void {
  if (mean.every((value) => value === 0) && std.every((value) => value === 1)) return;
  // One pass for each place of the longer list: a remainder an element would cost more than all the rest.
  const period = Math.max(mean.length, std.length);
  for (let first = 0; first < period; first++) {
    const [from, by] = [mean[first % mean.length] ?? 0, std[first % std.length] ?? 1];
    for (let i = first; i < values.length; i += period) values[i] = ((values[i] ?? 0) - from) / by;
  }
}

function takeLabels({ dtype, shape, data }: Labels, rows: readonly number[]): Labels {
  return { dtype, shape: [rows.length, ...shape.slice(1)], data: selectRows(data, rowSize(shape), rows) };
}

function gatherLabels(labels: Labels, rows: readonly number[]): HostTensor {
  const { dtype, shape, data } = takeLabels(labels, rows);
  return { dtype, shape, data: data instanceof Uint8Array ? Int32Array.from(data) : data };
}

export function rowSize(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}

/** The inputs of a function that the dataset feeds: features first, then labels where it takes some. */
export interface DataInputs {
  readonly features: InputInfo;
  readonly labels?: InputInfo;
}

/** The inputs of a function that rows feed; undefined where it takes none. */
export function dataInputs(info: FunctionInfo): DataInputs | undefined {
  const data = info.inputs.filter((input) => input.role === "data");
  const labels = data.find((input) => input.bound !== undefined) ?? data[1];
  const features = data.find((input) => input !== labels);
  if (features === undefined) return undefined;
  return labels === undefined ? { features } : { features, labels };
}

/**
 * The dataset with rows in the shape that the program takes, or what does not fit. Axes of size 1 may
 * come and go and flat rows take any shape of their size; nothing else is reshaped silently.
 */
export function fitDataset(dataset: Dataset, inputs: DataInputs): Dataset | RuntimeFault {
  const features = fitFeatures(dataset, inputs.features);
  if (isFault(features)) return features;
  if (inputs.labels === undefined) return { ...dataset, features };
  const labels = fitLabels(dataset, inputs.labels);
  return isFault(labels) ? labels : { ...dataset, features, labels };
}

function fitFeatures(dataset: Dataset, input: InputInfo): Features | RuntimeFault {
  const { features, source } = dataset;
  const wanted = input.shape.slice(1);
  const own = features.shape.slice(1);
  const shape = fitShape(own, wanted);
  if (shape === undefined) return fitFaults.rowShape(source, input.name, own, wanted);
  if (input.dtype === "i32" && features.dtype !== "i32") return fitFaults.notWhole(source, input.name);
  return {
    ...features,
    dtype: input.dtype === "i32" ? "i32" : "f32",
    shape: [features.shape[0] ?? 0, ...shape],
  };
}

function fitShape(
  own: readonly number[],
  wanted: readonly (number | string)[],
): readonly number[] | undefined {
  if (
    own.length === wanted.length &&
    wanted.every((size, axis) => typeof size === "string" || size === own[axis])
  )
    return own;
  const known = wanted.filter((size) => typeof size === "number");
  if (known.length !== wanted.length) return undefined;
  const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const solid = (shape: readonly number[]) => shape.filter((length) => length !== 1).join();
  const flat = own.length <= 1 || known.length <= 1;
  return size(own) === size(known) && (flat || solid(own) === solid(known)) ? known : undefined;
}

function fitLabels(dataset: Dataset, input: InputInfo): Labels | RuntimeFault {
  const { labels, source } = dataset;
  if (labels === undefined) return fitFaults.noLabels(source, input.name);
  const own = labels.shape.slice(1);
  const wanted = input.shape.slice(1);
  const fitting = fitShape(own, wanted);
  if (fitting === undefined) return fitFaults.labelShape(source, input.name, own, wanted);
  const shape = [labels.shape[0] ?? 0, ...fitting];
  if (input.bound !== undefined)
    return classesFault(dataset, labels, input.name, input.bound) ?? { ...labels, shape };
  if (input.dtype === "f32") return { dtype: "f32", shape, data: Float32Array.from(labels.data) };
  return { dtype: "i32", shape, data: wholeNumbers(labels.data) };
}

/** Why the labels are no classes 0…bound-1. */
function classesFault(
  { source, classes, ignore }: Dataset,
  { dtype, shape, data }: Labels,
  name: string,
  bound: number,
): RuntimeFault | undefined {
  if (dtype !== "i32") {
    const fraction = data.findIndex((label) => !Number.isInteger(label));
    return fitFaults.fractionLabels(source, name, bound, fraction);
  }
  if (classes !== undefined && classes !== bound) return fitFaults.classCount(source, classes, bound);
  if (ignore !== undefined && data.includes(ignore))
    return fitFaults.ignoredLabels(source, name, bound, ignore);
  return labelRangeFault(source, data, { classes: bound, perRow: rowSize(shape) });
}

function wholeNumbers(data: RowData): RowData {
  return data instanceof Float32Array ? Int32Array.from(data) : data;
}
