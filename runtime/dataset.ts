/**
 * Rows of features and labels, and batches gathered from them. Features stay as they were stored (bytes stay bytes, in
 * memory or where they are read from row by row) and are normalised while a batch is gathered, so a dataset costs
 * what its file costs. A dataset knows nothing of files; readers make it, fit-dataset.ts fits it to a program.
 */
import { epochOrder, groupedByClass, spreadPlaces } from "./batches.ts";
import { type RuntimeFault, isFault, rowFaults, runFaults } from "./errors.ts";
import type { HostTensor } from "./program.ts";

/** A list that is not empty. */
export type OneOrMore<T> = readonly [T, ...T[]];

type RowData = Float32Array | Int32Array | Uint8Array;

/** Rows as stored: element (row, i) is worth (data - mean[i]) / std[i], lists repeating over the row. */
export interface Features {
  /** Where these came from, if not from where the dataset did. */
  readonly source?: string;
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

/**
 * Labels as stored: [rows, …shape of one row], i32 classes, one a row or one for each pixel, or f32 values. Whole numbers may
 * be bytes, as masks are.
 */
export interface Labels {
  /** Where these came from, if not from where the dataset did. */
  readonly source?: string;
  readonly dtype: "f32" | "i32";
  readonly shape: readonly number[];
  readonly data: RowData;
  /** How many classes they name, and what these are called where the data says it. */
  readonly classes?: number;
  readonly classNames?: readonly string[];
  /** A label that is no class: what it marks counts for nothing. */
  readonly ignore?: number;
}

/** Rows to train on or to look at, with their labels where there are some; `datasetOf` makes one of arrays. */
export interface Dataset {
  /** Where it came from, as faults name it. */
  readonly source: string;
  /** What models take of a row, in their order: one array, or one for each of several inputs. */
  readonly features: OneOrMore<Features>;
  /** What the loss takes beside, in its order: classes first, then whatever else belongs to a row, such as its weight. */
  readonly labels: readonly Labels[];
  /** What rows are called, where each has a file of its own. */
  readonly rowNames?: readonly string[];
}

/** Some rows of a dataset, scaled and in the shape that a program takes: f32 or i32[rows, …shape of one row] each. */
export interface Batch {
  readonly features: OneOrMore<HostTensor>;
  readonly labels: readonly HostTensor[];
  /** The dataset's rows that the batch holds, counted from 0. */
  readonly rows: readonly number[];
}

/** How many rows there are. */
export function rowCount(dataset: Dataset): number {
  return dataset.features[0].shape[0] ?? 0;
}

/** Why there is no dataset: the fault that was made in its place and handed on, or that it is something else. */
export function noDataset(given: Dataset): RuntimeFault | undefined {
  if (isFault(given)) return given;
  const isDataset = Array.isArray((given as Partial<Dataset> | undefined)?.features);
  return isDataset
    ? undefined
    : runFaults.badSetting("the data", given, "a dataset, as `datasetOf` makes it");
}

/** The class of each row; undefined where rows are labelled otherwise, or not at all. */
export function rowClasses({ labels: [labels] }: Dataset): RowData | undefined {
  return labels?.dtype === "i32" && labels.shape.length === 1 ? labels.data : undefined;
}

/** The rows in the order in which an epoch sees them, `perClass` of a class together. */
export function rowsOfEpoch(dataset: Dataset, seed: number, epoch: number, perClass = 1): Int32Array {
  const order = epochOrder(seed, epoch, rowCount(dataset));
  const classes = rowClasses(dataset);
  return perClass === 1 || classes === undefined ? order : groupedByClass(order, classes, perClass);
}

/** Copies rows into one batch and normalises them. */
export function gatherBatch({ features, labels }: Dataset, rows: readonly number[]): Batch {
  return {
    features: eachOf(features, (one) => gatherFeatures(one, rows)),
    labels: labels.map((one) => gatherLabels(one, rows)),
    rows,
  };
}

/** `map` of a list that is not empty. */
export function eachOf<T, R>(
  [first, ...rest]: OneOrMore<T>,
  change: (item: T, at: number) => R,
): OneOrMore<R> {
  return [change(first, 0), ...rest.map((item, at) => change(item, at + 1))];
}

/**
 * The rows of several datasets side by side: the first of each together, their features for one input of the models after
 * the other, and their labels for one of the loss after the other.
 */
export function sideBySide(first: Dataset, ...others: readonly Dataset[]): Dataset | RuntimeFault {
  const unfit = [first, ...others].map(noDataset).find((one) => one !== undefined);
  if (unfit !== undefined) return unfit;
  const rows = rowCount(first);
  const other = others.find((one) => rowCount(one) !== rows);
  if (other !== undefined) return rowFaults.rowsDiffer(first.source, rows, other.source, rowCount(other));
  const { rowNames } = [first, ...others].find((one) => one.rowNames !== undefined) ?? {};
  return {
    source: [first, ...others].map(({ source }) => source).join(" and "),
    features: [
      ...eachOf(first.features, fromItsOwn(first)),
      ...others.flatMap((one) => one.features.map(fromItsOwn(one))),
    ],
    labels: [first, ...others].flatMap((one) => one.labels.map(fromItsOwn(one))),
    ...(rowNames === undefined ? {} : { rowNames }),
  };
}

/**
 * At most `count` rows, spread evenly over the dataset: files are often sorted by class, and the first
 * rows of those would be one class.
 */
export function spreadRows(dataset: Dataset, count: number): Dataset {
  const rows = rowCount(dataset);
  return count >= rows ? dataset : takeRows(dataset, spreadPlaces(rows, count));
}

function fromItsOwn({ source }: Dataset): <T extends Features | Labels>(array: T) => T {
  return (array) => ({ source, ...array });
}

/** Some of the rows, in the order given. */
export function takeRows(dataset: Dataset, chosen: readonly number[]): Dataset {
  const { features, labels, rowNames } = dataset;
  return {
    ...dataset,
    features: eachOf(features, (one) => takeFeatures(one, chosen)),
    labels: labels.map((one) => takeLabels(one, chosen)),
    ...(rowNames === undefined ? {} : { rowNames: chosen.map((row) => rowNames[row] ?? "") }),
  };
}

function takeFeatures(features: Features, chosen: readonly number[]): Features {
  const { shape, data, stored } = features;
  return {
    ...features,
    shape: [chosen.length, ...shape.slice(1)],
    ...(stored === undefined
      ? { data: selectRows(data, rowSize(shape), chosen) }
      : { stored: { row: (at) => stored.row(chosen[at] ?? 0) } }),
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

function takeLabels(labels: Labels, rows: readonly number[]): Labels {
  const { shape, data } = labels;
  return { ...labels, shape: [rows.length, ...shape.slice(1)], data: selectRows(data, rowSize(shape), rows) };
}

function gatherLabels(labels: Labels, rows: readonly number[]): HostTensor {
  const { dtype, shape, data } = takeLabels(labels, rows);
  return { dtype, shape, data: data instanceof Uint8Array ? Int32Array.from(data) : data };
}

export function rowSize(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}
