/**
 * A dataset from arrays that a page or a service already holds: pixels of a canvas, numbers of a form, embeddings. The
 * features are not copied; what does not fit together, or is no number, is a fault, as it is for files.
 */
import { type Scale, badScale, labelRangeFault, valueFault } from "./check-rows.ts";
import { type Dataset, type Features, type Labels, rowSize } from "./dataset.ts";
import { type RuntimeFault, isFault, rowFaults, runFaults } from "./errors.ts";

/** Labels of rows: one a row, its class, counted from 0, or without `classes` any number, for a loss on values. */
export interface LabelArray {
  readonly labels: ArrayLike<number | bigint>;
  /** Of the labels of one row where it has several, as a mask has one a pixel: `[28, 28]`. */
  readonly labelShape?: readonly number[];
  /** How many classes the labels name. */
  readonly classes?: number;
  /** A label that is no class: what it marks counts for nothing. */
  readonly ignore?: number;
}

/** What `datasetOf` makes a dataset of. */
export interface Arrays extends Omit<LabelArray, "labels"> {
  /** Row after row. Bytes and whole numbers are taken as numbers unless `dtype` says i32. */
  readonly features: Float32Array | Int32Array | Uint8Array;
  /** Of one row: `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** Of a loss that takes several a list: `[{ labels: ids, classes: 10 }, { labels: weights }]`. */
  readonly labels?: LabelArray["labels"] | readonly LabelArray[];
  /** Subtracted when a batch is gathered, 0 by default; a list repeats over the row. */
  readonly mean?: number | ArrayLike<number>;
  /** Divided by then, 1 by default; a list repeats over the row. */
  readonly std?: number | ArrayLike<number>;
  readonly dtype?: "f32" | "i32";
  /** How faults name the data. */
  readonly source?: string;
}

/**
 * Rows of features, f32[rows, …shape] once they are scaled, and their labels: i32[rows, …labelShape] classes, or f32 where they
 * are fractions and no `classes` are named; for several inputs `sideBySide` puts datasets of the same rows together. A fault names
 * the first row, element or setting that does not fit. The features are looked at once here: what is written into them later is
 * not checked.
 */
export function datasetOf(arrays: Arrays): Dataset | RuntimeFault {
  const { labels, source = "the data" } = arrays;
  const features = featuresOf(arrays, source);
  if (isFault(features)) return features;
  const read: Labels[] = [];
  const listed = labels === undefined ? [] : isList(labels) ? labels : [{ ...arrays, labels }];
  const beside = ["classes", "ignore", "labelShape"].find((name) => name in arrays);
  if (labels !== undefined && isList(labels) && beside !== undefined)
    return runFaults.badSetting(`${beside} of ${source}`, "beside a list of labels", "in each of them");
  for (const given of listed) {
    const one = isLabelArray(given)
      ? labelsOf(given, features.shape[0] ?? 0, source)
      : noLabels(source, given);
    if (isFault(one)) return one;
    read.push(one);
  }
  return { source, features: [features], labels: read };
}

function isList(labels: NonNullable<Arrays["labels"]>): labels is readonly LabelArray[] {
  return Array.isArray(labels) && labels.some((one) => typeof one === "object");
}

/** JavaScript hands over what it likes. */
function isLabelArray(given: Partial<LabelArray> | null): given is LabelArray {
  const labels: unknown = given?.labels;
  return typeof labels === "object" && labels !== null && "length" in labels;
}

function noLabels(source: string, given: unknown): RuntimeFault {
  const wanted = "an array of numbers, or a list like [{ labels: ids, classes: 10 }, { labels: weights }]";
  return runFaults.badSetting(`labels of ${source}`, JSON.stringify(given)?.slice(0, 40), wanted);
}

function featuresOf(
  { features: data, shape, mean = 0, std = 1, dtype = "f32" }: Arrays,
  source: string,
): Features | RuntimeFault {
  if (!ArrayBuffer.isView(data) || typeof (data[0] ?? 0) !== "number") return rowFaults.noNumbers(source);
  if (!Array.isArray(shape) || !shape.every(isCount))
    return runFaults.badSetting(`shape of ${source}`, shape, "the sizes of one row, as in [28, 28, 1]");
  const rows = data.length / shape.reduce((product, length) => product * length, 1);
  if (!Number.isInteger(rows)) return rowFaults.brokenRow(source, data.length, shape);
  const scale: Scale = { mean: numbersOf(mean), std: numbersOf(std) };
  const bad = badScale(scale, shape);
  if (bad !== undefined)
    return runFaults.badSetting(`${bad.name} of ${source}`, scale[bad.name].join(", "), bad.wanted);
  if (!(dtype === "f32" || (dtype === "i32" && mean === 0 && std === 1 && data.every(Number.isInteger))))
    return runFaults.badSetting(
      `dtype of ${source}`,
      dtype,
      "f32, or i32 for whole numbers without mean and std",
    );
  const features = { dtype, shape: [rows, ...shape], data, ...scale };
  return valueFault(source, features) ?? features;
}

function numbersOf(given: number | ArrayLike<number>): readonly number[] {
  return typeof given === "number" ? [given] : Array.from(given);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0;
}

function labelsOf(
  { labels: given, classes, ignore, labelShape = [] }: LabelArray,
  rows: number,
  source: string,
): Labels | RuntimeFault {
  if (classes !== undefined && !isCount(classes))
    return runFaults.badSetting(`classes of ${source}`, classes, "a whole number of at least 1");
  if (ignore !== undefined && (classes === undefined || !Number.isInteger(ignore)))
    return runFaults.badSetting(`ignore of ${source}`, ignore, "a whole number beside `classes`");
  if (!Array.isArray(labelShape) || !labelShape.every(isCount))
    return runFaults.badSetting(
      `labelShape of ${source}`,
      labelShape,
      "the sizes of one row's labels, as in [28, 28]",
    );
  const shape = [rows, ...labelShape];
  const perRow = rowSize(shape);
  if (given.length !== rows * perRow) return rowFaults.labelCount(source, given.length, rows * perRow);
  const labels = Array.from(given, (label) => (typeof label === "bigint" ? Number(label) : label));
  if (classes === undefined && !labels.every((label) => (label | 0) === label))
    return valueLabels(labels, shape, source);
  if (classes === undefined) return { dtype: "i32", shape, data: Int32Array.from(labels) };
  const counted = { classes, ...(ignore === undefined ? {} : { ignore }) };
  const outside = labelRangeFault(source, labels, { ...counted, perRow });
  return outside ?? { dtype: "i32", shape, data: Int32Array.from(labels), ...counted };
}

function valueLabels(
  labels: readonly number[],
  shape: readonly number[],
  source: string,
): Labels | RuntimeFault {
  const at = labels.findIndex((label) => typeof label !== "number");
  const row = Math.floor(at / rowSize(shape));
  if (at >= 0) return rowFaults.fractionLabel(source, { row }, labels[at]);
  const values = { dtype: "f32", shape, data: Float32Array.from(labels) } as const;
  return valueFault(`the labels of ${source}`, values) ?? values;
}
