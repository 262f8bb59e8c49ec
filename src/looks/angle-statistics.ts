/**
 * How features lie around the class directions: the angle of each row to its own class and to the nearest
 * other one, as means and histograms, and the rows themselves where features have two coordinates. This
 * is the geometry a margin is there to change.
 */
import type { HostTensor } from "../../runtime/program.ts";
import type { ClassWeights } from "./class-variables.ts";

export interface LabelledFeatures {
  /** f32[rows, D] */
  readonly features: HostTensor;
  readonly labels: readonly number[];
  /** The class of the best score, where there are scores. */
  readonly predictions: readonly number[];
}

export interface AngleSummary {
  /** Degrees. */
  readonly mean: number;
  /** Rows in each bin of `binDegrees`, from 0° to 180°. */
  readonly histogram: readonly number[];
}

export interface AngleStatistics {
  readonly rows: number;
  readonly binDegrees: number;
  readonly own: AngleSummary;
  readonly nearestOther: AngleSummary;
}

/** Angles of every row; rows are thinned evenly where all of them would take over a second. */
export function angleStatistics(rows: LabelledFeatures, weights: ClassWeights): AngleStatistics {
  const own: number[] = [];
  const other: number[] = [];
  const norms = rowNorms(weights.data, weights.width);
  const work = rows.labels.length * weights.classes * weights.centres * weights.width;
  const stride = Math.max(1, Math.ceil(work / workLimit));
  for (let row = 0; row < rows.labels.length; row += stride) {
    const cosines = classCosines(rows.features.data, row, weights, norms);
    const label = rows.labels[row] ?? 0;
    let nearest = -1;
    for (const [j, cosine] of cosines.entries()) if (j !== label && cosine > nearest) nearest = cosine;
    own.push(degreesOf(cosines[label] ?? 0));
    if (weights.classes > 1) other.push(degreesOf(nearest));
  }
  return { rows: own.length, binDegrees, own: summaryOf(own), nearestOther: summaryOf(other) };
}

export const binDegrees = 1;
const workLimit = 3e8;

function classCosines(
  features: HostTensor["data"],
  row: number,
  { classes, centres, width, data }: ClassWeights,
  norms: Float64Array,
): Float64Array {
  const from = row * width;
  let square = 0;
  for (let i = 0; i < width; i++) square += (features[from + i] ?? 0) ** 2;
  const norm = Math.sqrt(square);
  const cosines = new Float64Array(classes).fill(-1);
  for (let centre = 0; centre < classes * centres; centre++) {
    let dot = 0;
    for (let i = 0; i < width; i++) dot += (features[from + i] ?? 0) * (data[centre * width + i] ?? 0);
    const length = norm * (norms[centre] ?? 0);
    const cosine = length === 0 ? 0 : Math.min(1, Math.max(-1, dot / length));
    const j = Math.floor(centre / centres);
    if (cosine > (cosines[j] ?? -1)) cosines[j] = cosine;
  }
  return cosines;
}

function rowNorms(data: HostTensor["data"], width: number): Float64Array {
  const norms = new Float64Array(data.length / width);
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / width);
    norms[row] = (norms[row] ?? 0) + (data[i] ?? 0) ** 2;
  }
  return norms.map(Math.sqrt);
}

export function degreesOf(cosine: number): number {
  return (Math.acos(cosine) * 180) / Math.PI;
}

/** Of angles in degrees. */
export function summaryOf(angles: readonly number[] | Float32Array): AngleSummary {
  const histogram = Array.from({ length: 180 / binDegrees }, () => 0);
  let sum = 0;
  for (const angle of angles) {
    const bin = Math.min(Math.floor(angle / binDegrees), histogram.length - 1);
    histogram[bin] = (histogram[bin] ?? 0) + 1;
    sum += angle;
  }
  return { mean: angles.length === 0 ? 0 : sum / angles.length, histogram };
}
