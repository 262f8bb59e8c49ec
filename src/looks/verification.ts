/**
 * Verification: can rows of classes that were never trained be told apart? Two rows are taken for one class where the
 * cosine of their features is above a threshold. All pairs of the chosen rows are looked at, and what comes out are the
 * numbers of the field: error rates of pairs, and whether a row's nearest neighbour is of its class.
 */
import { rowsByClass, spreadPlaces } from "../../runtime/batches.ts";
import { type Dataset, rowClasses } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { embedFunction } from "../../runtime/fit-dataset.ts";
import type { Executor, HostTensor, TrainingInfo } from "../../runtime/program.ts";
import type { Trainer } from "../../runtime/trainer.ts";
import { type AngleSummary, binDegrees, degreesOf, summaryOf } from "./angle-statistics.ts";
import { comparableRows, dot, unitRows } from "./cosines.ts";
import { dataFaults } from "../data/faults.ts";
import type { DataContext } from "../data/index.ts";
import { embedRows } from "./embed-rows.ts";
import { openFitted } from "../data/fitted-dataset.ts";
import { type ConfusionCount, confusionOf, countConfusions } from "./confusion.ts";

export interface VerificationScores {
  /** What was compared: every pair of so many rows. */
  readonly rows: number;
  readonly classes: number;
  readonly samePairs: number;
  readonly differentPairs: number;
  /** The share of wrong decisions where as many pairs of one class are refused as pairs of two are accepted. */
  readonly equalErrorRate: number;
  /** The cosine at which that is so. */
  readonly threshold: number;
  /** Strictest last; only rates that rest on at least 30 accepted pairs of two classes. */
  readonly rates: readonly AcceptRates[];
  /** The share of rows whose nearest other row is of their class; rows that are alone in theirs are not counted. */
  readonly recallAt1: number;
}

/** Shares of the pairs of one class, and of two, that are accepted at one threshold. */
export interface AcceptRates {
  readonly falseAcceptRate: number;
  readonly trueAcceptRate: number;
}

/** With what pictures are drawn from. */
export interface VerificationStatistics extends VerificationScores {
  /** Angles between the features of pairs. */
  readonly binDegrees: number;
  readonly same: AngleSummary;
  readonly different: AngleSummary;
  /** The receiver operating characteristic, about twenty false accept rates a decade. */
  readonly curve: readonly AcceptRates[];
  /** [class, class of the nearest other row, rows]; rows that are alone in their class are not counted. */
  readonly nearest: readonly ConfusionCount[];
  readonly classNames?: readonly string[];
}

/** Without what only pictures want. */
export function scoresOf(statistics: VerificationStatistics): VerificationScores {
  const { rows, classes, samePairs, differentPairs, equalErrorRate, threshold, rates, recallAt1 } =
    statistics;
  return { rows, classes, samePairs, differentPairs, equalErrorRate, threshold, rates, recallAt1 };
}

/** Opens the rows, fitted to the model's input; undefined where the `train` names none. */
export async function openVerification(
  { verification }: TrainingInfo,
  executor: Executor,
  context: DataContext,
): Promise<Dataset | RuntimeFault | undefined> {
  if (verification === undefined) return undefined;
  // Of one reader only the rows that are compared are read.
  const limit = Math.min(context.limit ?? Infinity, comparableRows(featureWidth(executor)));
  const chosen: DataContext = { ...context, limit, choose: rowsToCompare };
  const embedding = embedFunction(executor.info)?.name ?? "embed";
  const dataset = await openFitted(verification, executor.info, embedding, chosen);
  return isFault(dataset) ? dataset : (whyNoPairs(dataset) ?? dataset);
}

/** Embeds the rows and compares their features pair by pair. */
export async function verify(
  trainer: Trainer,
  dataset: Dataset,
  batch: number,
): Promise<VerificationStatistics> {
  const features = await embedRows(trainer, dataset, batch);
  const classNames = dataset.labels[0]?.classNames;
  return {
    ...comparePairs(unitRows(features), Array.from(rowClasses(dataset) ?? [])),
    ...(classNames === undefined ? {} : { classNames }),
  };
}

function whyNoPairs(dataset: Dataset): RuntimeFault | undefined {
  const { source } = dataset;
  const labels = rowClasses(dataset);
  if (labels === undefined) return dataFaults.noClasses(source);
  const classes = new Set(labels).size;
  return classes < 2 || classes === labels.length
    ? dataFaults.noPairs(source, labels.length, classes)
    : undefined;
}

/** An estimate where the sizes of features are not all known before there are some. */
function featureWidth({ info }: Executor): number {
  const features = embedFunction(info)?.outputs[0];
  return (features?.shape ?? [])
    .slice(1)
    .reduce((width: number, size) => width * (typeof size === "number" ? size : 64), 1);
}

/**
 * About `most` rows at most, whole classes as far as possible, since pairs of one class are what is rare: of each class as
 * many as there is room for, at least eight, and then as many classes as fit, the largest first. In rising order.
 */
export function rowsToCompare(labels: ArrayLike<number>, most: number): readonly number[] {
  const every = Array.from({ length: labels.length }, (_, row) => row);
  if (labels.length <= most) return every;
  const classes = rowsByClass(every, labels);
  const each = Math.max(fewestOfClass, Math.floor(most / classes.size));
  const thinned = [...classes.values()].map((rows) =>
    spreadPlaces(rows.length, each).map((place) => rows[place] ?? 0),
  );
  const kept: (readonly number[])[] = [];
  let total = 0;
  for (const rows of thinned.sort((a, b) => b.length - a.length)) {
    total += rows.length;
    if (total > most && kept.length >= 2) break;
    kept.push(rows);
  }
  return kept.flat().sort((a, b) => a - b);
}

const fewestOfClass = 8;

/** `units` are f32[rows, D], each row of length 1 or 0. */
export function comparePairs(units: HostTensor, labels: readonly number[]): VerificationStatistics {
  const { same, different, nearest } = pairCosines(units, labels);
  same.sort();
  different.sort();
  const accepted = (falseAccepts: number): AcceptRates => ({
    falseAcceptRate: falseAccepts / different.length,
    trueAcceptRate: 1 - placeAbove(same, different.at(-1 - falseAccepts) ?? -Infinity) / same.length,
  });
  return {
    rows: labels.length,
    classes: new Set(labels).size,
    samePairs: same.length,
    differentPairs: different.length,
    ...equalErrors(same, different),
    rates: namedRates
      .map((rate) => Math.floor(rate * different.length))
      .flatMap((count, at) =>
        count < fewestAccepts ? [] : [{ ...accepted(count), falseAcceptRate: namedRates[at] ?? 0 }],
      ),
    recallAt1: recallOf(nearest),
    nearest,
    ...angles(same, different),
    curve: curveCounts(different.length).map(accepted),
  };
}

const namedRates = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

/** Doddington's rule of 30: so many errors bound the rate to within 30 % of itself with 90 % confidence. */
const fewestAccepts = 30;

interface PairCosines {
  readonly same: Float32Array;
  readonly different: Float32Array;
  readonly nearest: readonly ConfusionCount[];
}

function pairCosines({ shape, data }: HostTensor, labels: readonly number[]): PairCosines {
  const rows = labels.length;
  const width = shape[1] ?? 0;
  const samePairs = countSamePairs(labels);
  const same = new Float32Array(samePairs);
  const different = new Float32Array((rows * (rows - 1)) / 2 - samePairs);
  const largest = new Float32Array(rows).fill(-Infinity);
  const neighbours = new Int32Array(rows);
  const note = (row: number, other: number, cosine: number) => {
    if (!(cosine > (largest[row] ?? 0))) return;
    largest[row] = cosine;
    neighbours[row] = other;
  };
  let [sames, others] = [0, 0];
  for (let a = 1; a < rows; a++)
    for (let b = 0; b < a; b++) {
      const cosine = dot(data, a * width, width, data, b * width);
      if (labels[a] === labels[b]) same[sames++] = cosine;
      else different[others++] = cosine;
      note(a, b, cosine);
      note(b, a, cosine);
    }
  return { same, different, nearest: nearestClasses(labels, neighbours) };
}

function nearestClasses(labels: readonly number[], neighbours: Int32Array): readonly ConfusionCount[] {
  const paired = [...rowsByClass(labels.keys(), labels).values()].filter(({ length }) => length > 1).flat();
  const labelOf = (row: number) => labels[row] ?? 0;
  return countConfusions(
    paired.map(labelOf),
    paired.map((row) => labelOf(neighbours[row] ?? 0)),
  );
}

function recallOf(nearest: readonly ConfusionCount[]): number {
  const { errors, rows } = confusionOf(nearest);
  return 1 - errors / Math.max(rows, 1);
}

function countSamePairs(labels: readonly number[]): number {
  const classes = [...rowsByClass(labels.keys(), labels).values()];
  return classes.reduce((pairs, { length }) => pairs + (length * (length - 1)) / 2, 0);
}

/**
 * The threshold at which the share of refused pairs of one class and the share of accepted pairs of two differ least, and
 * their mean there. Both lists rise.
 */
function equalErrors(
  same: Float32Array,
  different: Float32Array,
): Pick<VerificationScores, "equalErrorRate" | "threshold"> {
  let best = { equalErrorRate: 1, threshold: 1 };
  let [apart, refused, passed] = [Infinity, 0, 0];
  while (refused < same.length || passed < different.length) {
    const threshold = Math.min(same[refused] ?? Infinity, different[passed] ?? Infinity);
    const falseRejectRate = refused / same.length;
    const falseAcceptRate = 1 - passed / different.length;
    if (Math.abs(falseRejectRate - falseAcceptRate) >= apart) break;
    apart = Math.abs(falseRejectRate - falseAcceptRate);
    best = { equalErrorRate: (falseRejectRate + falseAcceptRate) / 2, threshold };
    while (same[refused] === threshold) refused++;
    while (different[passed] === threshold) passed++;
  }
  return best;
}

/** How many values of a rising list are not above a bound. */
function placeAbove(sorted: Float32Array, bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Numbers of accepted pairs from a few to all, evenly on a logarithmic scale: fewer would show chance. */
function curveCounts(pairs: number): readonly number[] {
  const least = Math.min(fewestAccepts, Math.ceil(pairs / 100));
  const steps = Math.ceil(20 * Math.log10(pairs / least)) + 1;
  const counts = Array.from({ length: steps }, (_, at) =>
    Math.round(least * (pairs / least) ** (at / (steps - 1))),
  );
  return [...new Set(counts)];
}

function angles(
  same: Float32Array,
  different: Float32Array,
): Pick<VerificationStatistics, "binDegrees" | "same" | "different"> {
  return { binDegrees, same: summaryOf(same.map(degreesOf)), different: summaryOf(different.map(degreesOf)) };
}
