/**
 * One training run from data files to a run folder: it opens the datasets, lets the trainer run, writes
 * metrics, checkpoints and what the report shows, and explains a loss that is no number. It draws nothing
 * and reads no flags; `margo train` does that around it.
 */
import type { Span } from "../compiler/errors/span.ts";
import type { Program } from "../compiler/program.ts";
import { type Dataset, dataInputs, spreadRows, fitDataset, rowCount } from "../runtime/dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "../runtime/errors.ts";
import type { Executor, NamedTensors, TrainingInfo } from "../runtime/program.ts";
import type { BrokenStep } from "../runtime/replay.ts";
import { type Evaluation, type NamedNumbers, type Trainer, createTrainer } from "../runtime/trainer.ts";
import type { TrainingEvent, TrainingOutcome } from "../runtime/training-run.ts";
import { type AngleStatistics, angleStatistics, classWeights, classWeightsName } from "./angle-statistics.ts";
import { type ConfusionCount, countConfusions } from "./report/confusion.ts";
import { type DataContext, openDataset } from "./data/index.ts";
import { type NonFiniteCause, diagnoseNonFinite, explainedFault } from "./diagnose-nonfinite.ts";
import { type FeatureCollector, collectFeatures } from "./feature-collector.ts";
import {
  type RunFolder,
  type RunInfo,
  createRunFolder,
  readCheckpointFile,
  reopenRunFolder,
  runFiles,
} from "./run-folder.ts";

export interface TrainRequest {
  readonly program: Program;
  readonly executor: Executor;
  readonly training: TrainingInfo;
  readonly data: DataContext;
  readonly info: RunInfo;
  readonly folder: string;
  readonly start: "fresh" | "resume";
  readonly checkpointEvery?: number;
  readonly signal?: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
  /** A place of the source as people read it, `file:line:column`; faults name it. */
  readonly placeOf?: (span: Span) => string;
}

export type RunEvent =
  | TrainingEvent
  | ({ readonly kind: "angles"; readonly step: number; readonly epoch: number } & AngleSummaryEvent);

interface AngleSummaryEvent {
  /** Mean degrees to the own class direction and to the nearest other one. */
  readonly own: number;
  readonly nearestOther: number;
}

export type TrainSummary =
  | {
      readonly kind: "finished" | "cancelled";
      readonly folder: string;
      readonly step: number;
      readonly seconds: number;
      readonly evaluation?: Evaluation;
      readonly angles?: AngleSummaryEvent;
    }
  | {
      readonly kind: "failed";
      readonly folder?: string;
      readonly fault: RuntimeFault;
      /** The setting of the `train` that names the data at fault. */
      readonly setting?: DataSetting;
      readonly broken?: BrokenStep;
      readonly cause?: NonFiniteCause;
    };

export type DataSetting = "data" | "validation";

/** What `evaluation.json` holds: the report's histograms and its picture. */
export interface EvaluationRecord {
  readonly step: number;
  readonly epoch: number;
  readonly on: "validation" | "training";
  readonly loss: number;
  readonly accuracy?: number;
  readonly metrics?: NamedNumbers;
  readonly rows: number;
  readonly classNames?: readonly string[];
  readonly angles?: AngleStatistics;
  readonly picture?: FeaturePicture;
  /** Where there are scores: [true class, predicted class, rows]. */
  readonly confusions?: readonly ConfusionCount[];
}

export interface FeaturePicture {
  /** [x, y, label, prediction] a row; the prediction is -1 where there are no scores. */
  readonly points: readonly (readonly [number, number, number, number])[];
  /** Class weights, one pair a class and sub-centre. */
  readonly directions: readonly (readonly [number, number])[];
}

export async function train(request: TrainRequest): Promise<TrainSummary> {
  const startedAt = performance.now();
  const prepared = await prepare(request);
  if (prepared.kind === "failed") {
    request.executor.dispose();
    return prepared;
  }
  const { trainer, folder } = prepared;
  try {
    const run = await runIn(request, prepared);
    if (run.outcome.kind === "failed") return explainFailure(request, folder, run.outcome);
    const { kind, step, evaluation } = run.outcome;
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      kind,
      folder: folder.path,
      step,
      seconds,
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(run.angles === undefined ? {} : { angles: run.angles }),
    };
  } finally {
    folder.close();
    trainer.dispose();
  }
}

interface Prepared {
  readonly kind: "prepared";
  readonly trainer: Trainer;
  readonly folder: RunFolder;
  readonly dataset: Dataset;
  readonly validation?: Dataset;
}

type Failed = Extract<TrainSummary, { kind: "failed" }>;

async function prepare(request: TrainRequest): Promise<Prepared | Failed> {
  const { training, executor } = request;
  const dataset = openFitted(request, training.data);
  if (isFault(dataset)) return { kind: "failed", fault: dataset, setting: "data" };
  const validation = training.validation === undefined ? undefined : openFitted(request, training.validation);
  if (isFault(validation)) return { kind: "failed", fault: validation, setting: "validation" };
  const trainer = await createTrainer(executor, training.seed);
  if (isFault(trainer)) return { kind: "failed", fault: trainer };
  const folder = await openFolder(request, trainer);
  if (isFault(folder)) return { kind: "failed", fault: folder };
  return { kind: "prepared", trainer, folder, dataset, ...(validation === undefined ? {} : { validation }) };
}

function openFitted({ executor, data }: TrainRequest, source: TrainingInfo["data"]): Dataset | RuntimeFault {
  const step = executor.info.functions.find(({ name }) => name === "step");
  const inputs = step === undefined ? undefined : dataInputs(step);
  if (inputs === undefined) return runFaults.missingFunction(executor.info.name, "step");
  const dataset = openDataset(source, data);
  return isFault(dataset) ? dataset : fitDataset(dataset, inputs);
}

async function openFolder(request: TrainRequest, trainer: Trainer): Promise<RunFolder | RuntimeFault> {
  const { start, folder, info } = request;
  if (start === "fresh") return createRunFolder(folder, info);
  const bytes = readCheckpointFile(folder);
  if (isFault(bytes)) return bytes;
  return (await trainer.load(bytes, folder)) ?? reopenRunFolder(folder, info, trainer.progress.step);
}

interface RunResult {
  readonly outcome: TrainingOutcome;
  readonly angles?: AngleSummaryEvent;
}

async function runIn(request: TrainRequest, prepared: Prepared): Promise<RunResult> {
  const { training, signal, checkpointEvery } = request;
  const { trainer, folder, dataset, validation } = prepared;
  let unwritten: RuntimeFault | undefined;
  let angles: AngleSummaryEvent | undefined;
  const stop = new AbortController();
  const emit = (event: RunEvent) => {
    unwritten ??= folder.append(event);
    if (unwritten !== undefined) stop.abort();
    request.onEvent(event);
  };
  let collector = collectFeatures();
  const onEvent = async (event: TrainingEvent) => {
    if (event.kind === "recovery") collector = collectFeatures();
    // What needs the device comes first: an event whose device is lost comes again, and is written once.
    const looked = await lookAt(event, request, prepared, collector);
    emit(event);
    if (looked === undefined) return;
    collector = collectFeatures();
    if (isFault(looked)) unwritten ??= looked;
    else angles = looked.angles ?? angles;
    if (!isFault(looked) && looked.event !== undefined) emit(looked.event);
  };
  const outcome = await trainer.train(
    dataset,
    {
      batch: training.batch,
      ...(training.epochs === undefined ? {} : { epochs: training.epochs }),
      ...(training.steps === undefined ? {} : { steps: training.steps }),
      ...(validation === undefined ? {} : { validation, observe: (...seen) => collector.observe(...seen) }),
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
      saveCheckpoint: folder.saveCheckpoint,
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    },
    onEvent,
  );
  if (unwritten !== undefined) return { outcome: { kind: "failed", fault: unwritten } };
  return { outcome, ...(angles === undefined ? {} : { angles }) };
}

interface Look {
  readonly angles?: AngleSummaryEvent;
  readonly event?: RunEvent;
}

/** After an evaluation (or an epoch, where there is no validation) the features are looked at and written. */
async function lookAt(
  event: TrainingEvent,
  { program, training }: TrainRequest,
  prepared: Prepared,
  collector: FeatureCollector,
): Promise<Look | RuntimeFault | undefined> {
  const { trainer, folder, dataset, validation } = prepared;
  if (event.kind !== (validation === undefined ? "epoch" : "evaluation")) return undefined;
  const { step, epoch } = event;
  const evaluation =
    event.kind === "evaluation"
      ? event
      : await trainer.evaluate(
          spreadRows(dataset, Math.min(rowCount(dataset), trainingRowsShown)),
          training.batch,
          collector.observe,
        );
  if (isFault(evaluation)) return evaluation;
  const geometry = await featureGeometry(program, trainer, collector);
  const { classNames } = validation ?? dataset;
  const record: EvaluationRecord = {
    step,
    epoch,
    on: validation === undefined ? "training" : "validation",
    loss: evaluation.loss,
    rows: evaluation.rows,
    ...(evaluation.accuracy === undefined ? {} : { accuracy: evaluation.accuracy }),
    ...(evaluation.metrics === undefined ? {} : { metrics: evaluation.metrics }),
    ...(classNames === undefined ? {} : { classNames }),
    ...geometry,
  };
  const unwritten = await folder.writeJson(runFiles.evaluation, record);
  if (unwritten !== undefined) return unwritten;
  if (geometry.angles === undefined) return {};
  const angles = { own: geometry.angles.own.mean, nearestOther: geometry.angles.nearestOther.mean };
  return { angles, event: { kind: "angles", step, epoch, ...angles } };
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
  const name = classWeightsName(program, width);
  const variables: NamedTensors = name === undefined ? {} : await trainer.executor.read([name]);
  const weights = name === undefined ? undefined : classWeights(name, variables);
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

/** A loss that became no number gets its cause in words; every other fault has its own. */
function explainFailure(
  { program, placeOf }: TrainRequest,
  folder: RunFolder,
  { fault, broken }: Extract<TrainingOutcome, { kind: "failed" }>,
): TrainSummary {
  if (broken === undefined) return { kind: "failed", folder: folder.path, fault };
  const cause = diagnoseNonFinite(program, broken);
  const place = cause?.span === undefined ? undefined : placeOf?.(cause.span);
  const explained = explainedFault(broken, cause, place);
  return {
    kind: "failed",
    folder: folder.path,
    fault: explained,
    broken,
    ...(cause === undefined ? {} : { cause }),
  };
}
