/**
 * The look at the features after each evaluation (or epoch, where there is no validation): their angles to the class
 * directions, the plane, who is taken for whom, whether rows of other classes can be told apart, and whether rows of two
 * models find each other. It is written down
 * whole; what the run says of it are a few numbers.
 */
import type { Program } from "../../compiler/program.ts";
import { type Dataset, rowCount, spreadRows } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { TrainingInfo } from "../../runtime/program.ts";
import type { MeasuredMetrics } from "../../runtime/metrics.ts";
import type { Trainer } from "../../runtime/trainer.ts";
import type { TrainingEvent } from "../../runtime/training-run.ts";
import { type AngleStatistics, angleStatistics } from "./angle-statistics.ts";
import { type ClassNumbers, readClassNumbers, readClassWeights } from "./class-variables.ts";
import type { FeatureCollector } from "./feature-collector.ts";
import { type ConfusionCount, countConfusions } from "./confusion.ts";
import type { LabelMap } from "./label-maps.ts";
import { type RetrievalScores, type RetrievalStatistics, retrievalScores, retrieve } from "./retrieval.ts";
import { type VerificationScores, type VerificationStatistics, scoresOf, verify } from "./verification.ts";

/** What `evaluation.json` of a run holds: the report's histograms and its picture. */
export interface EvaluationRecord extends MeasuredMetrics {
  readonly step: number;
  readonly epoch: number;
  readonly on: "validation" | "training";
  readonly loss: number;
  readonly accuracy?: number;
  readonly rows: number;
  readonly classNames?: readonly string[];
  /** Of all labels: what their classes are called, null where they are numbers or values. */
  readonly labelNames?: readonly (readonly string[] | null)[];
  readonly angles?: AngleStatistics;
  readonly picture?: FeaturePicture;
  /** Where a row's labels are a map: the first few rows. */
  readonly labelMaps?: readonly LabelMap[];
  readonly verification?: VerificationStatistics;
  /** Where there are two models whose rows belong together. */
  readonly retrieval?: RetrievalStatistics;
  /** What the loss and its margins keep for each class. */
  readonly classNumbers?: readonly ClassNumbers[];
  /** Where there are scores: [true class, predicted class, rows]. */
  readonly confusions?: readonly ConfusionCount[];
}

export interface FeaturePicture {
  /** [x, y, label, prediction] a row; the prediction is -1 where there are no scores. */
  readonly points: readonly (readonly [number, number, number, number])[];
  /** Class weights, one pair a class and sub-centre. */
  readonly directions: readonly (readonly [number, number])[];
}

/** What a run says of its features. */
export interface Found {
  readonly angles?: MeanAngles;
  readonly verification?: VerificationScores;
  readonly retrieval?: RetrievalScores;
}

export interface MeanAngles {
  /** Mean degrees to the own class direction and to the nearest other one. */
  readonly own: number;
  readonly nearestOther: number;
}

export interface Look {
  readonly step: number;
  readonly epoch: number;
  readonly found: Found;
}

/** The run that is looked at. */
export interface LookedAt {
  readonly program: Program;
  readonly training: TrainingInfo;
  readonly trainer: Trainer;
  /** Keeps what was found; the fault where that fails. */
  readonly keep: (record: EvaluationRecord) => Promise<RuntimeFault | undefined>;
  readonly dataset: Dataset;
  readonly validation?: Dataset;
  readonly verification?: Dataset;
}

/** Undefined where the event is none to look at. */
export async function lookAt(
  event: TrainingEvent,
  run: LookedAt,
  collector: FeatureCollector,
): Promise<Look | RuntimeFault | undefined> {
  const { program, training, trainer, keep, dataset, validation, verification } = run;
  if (event.kind !== (validation === undefined ? "epoch" : "evaluation")) return undefined;
  const { step, epoch } = event;
  const evaluation =
    event.kind === "evaluation"
      ? event
      : await trainer.evaluate(
          spreadRows(dataset, Math.min(rowCount(dataset), trainingRowsShown)),
          training,
          collector.observe,
        );
  if (isFault(evaluation)) return evaluation;
  const geometry = await featureGeometry(program, trainer, collector);
  const verified =
    verification === undefined ? undefined : await verify(trainer, verification, training.batch);
  const retrieved = await retrieve(trainer, validation ?? dataset, training.batch);
  const classNumbers = await readClassNumbers(program, trainer.executor);
  const classNames = (validation ?? dataset).labels[0]?.classNames;
  const labelMaps = collector.labelMaps();
  const record: EvaluationRecord = {
    step,
    epoch,
    on: validation === undefined ? "training" : "validation",
    loss: evaluation.loss,
    rows: evaluation.rows,
    ...(evaluation.accuracy === undefined ? {} : { accuracy: evaluation.accuracy }),
    ...(evaluation.metrics === undefined ? {} : { metrics: evaluation.metrics }),
    ...(evaluation.metricsByClass === undefined ? {} : { metricsByClass: evaluation.metricsByClass }),
    ...(classNames === undefined ? {} : { classNames }),
    labelNames: (validation ?? dataset).labels.map((labels) => labels.classNames ?? null),
    ...geometry,
    ...(labelMaps.length === 0 ? {} : { labelMaps }),
    ...(classNumbers.length === 0 ? {} : { classNumbers }),
    ...(verified === undefined ? {} : { verification: verified }),
    ...(retrieved === undefined ? {} : { retrieval: retrieved }),
  };
  const unwritten = await keep(record);
  if (unwritten !== undefined) return unwritten;
  return { step, epoch, found: foundIn(record) };
}

function foundIn({ angles, verification, retrieval }: EvaluationRecord): Found {
  return {
    ...(angles === undefined
      ? {}
      : { angles: { own: angles.own.mean, nearestOther: angles.nearestOther.mean } }),
    ...(verification === undefined ? {} : { verification: scoresOf(verification) }),
    ...(retrieval === undefined ? {} : { retrieval: retrievalScores(retrieval) }),
  };
}

const trainingRowsShown = 5000;

async function featureGeometry(
  program: Program,
  trainer: Trainer,
  collector: FeatureCollector,
): Promise<Pick<EvaluationRecord, "angles" | "picture" | "confusions">> {
  const rows = collector.collected();
  const width = rows?.features.shape[1];
  if (rows === undefined || width === undefined) return {};
  const scored = rows.predictions.every((prediction) => prediction >= 0);
  const confusions = scored ? { confusions: countConfusions(rows.labels, rows.predictions) } : {};
  const weights = await readClassWeights(program, trainer.executor, width);
  if (weights === undefined) return confusions;
  const angles = angleStatistics(rows, weights);
  if (width !== 2) return { angles, ...confusions };
  const pair = (data: ArrayLike<number>, at: number) => [data[2 * at] ?? 0, data[2 * at + 1] ?? 0] as const;
  const { data } = rows.features;
  const points = rows.labels.map(
    (label, at) => [data[2 * at] ?? 0, data[2 * at + 1] ?? 0, label, rows.predictions[at] ?? -1] as const,
  );
  const directions = Array.from({ length: weights.classes * weights.centres }, (_, at) =>
    pair(weights.data, at),
  );
  return { angles, picture: { points, directions }, ...confusions };
}
