/**
 * A dataset from arrays that a page or a service already holds: pixels of a canvas, numbers of a form, embeddings. The
 * arrays are not copied; what does not fit together is a fault, as it is for files.
 */
import { type Dataset, labelRangeFault } from "./dataset.ts";
import { type RuntimeFault, fault } from "./errors.ts";

export interface Arrays {
  /** Row after row. Bytes and whole numbers are taken as numbers unless `dtype` says i32. */
  readonly features: Float32Array | Int32Array | Uint8Array;
  /** Of one row: `[28, 28, 1]`. */
  readonly shape: readonly number[];
  /** The class of each row. */
  readonly labels?: ArrayLike<number>;
  readonly classes?: number;
  /** Subtracted and divided by when a batch is gathered; 0 and 1 by default. */
  readonly mean?: number;
  readonly std?: number;
  readonly dtype?: "f32" | "i32";
  /** How faults name the data. */
  readonly source?: string;
}

export function datasetOf(arrays: Arrays): Dataset | RuntimeFault {
  const { features, shape, labels, classes, mean = 0, std = 1, dtype = "f32", source = "the data" } = arrays;
  const size = shape.reduce((product, length) => product * length, 1);
  const rows = features.length / size;
  if (!Number.isInteger(rows)) return arrayFaults.brokenRow(source, features.length, shape);
  if (labels !== undefined && labels.length !== rows)
    return arrayFaults.labelCount(source, labels.length, rows);
  const outside =
    labels === undefined || classes === undefined ? undefined : labelRangeFault(source, labels, classes);
  if (outside !== undefined) return outside;
  return {
    source,
    features: { dtype, shape: [rows, ...shape], data: features, mean: [mean], std: [std] },
    ...(labels === undefined
      ? {}
      : { labels: { dtype: "i32", shape: [rows], data: Int32Array.from(labels) } }),
    ...(classes === undefined ? {} : { classes }),
  };
}

const arrayFaults = {
  brokenRow: (source: string, elements: number, shape: readonly number[]) =>
    fault(
      "M0731",
      `${source} has ${elements} elements, which is no whole number of rows of shape [${shape.join(", ")}]`,
      "give the shape of one row, without the number of rows",
    ),
  labelCount: (source: string, labels: number, rows: number) =>
    fault("M0732", `${source} has ${labels} labels for ${rows} rows`, "give one label for each row"),
} as const;
