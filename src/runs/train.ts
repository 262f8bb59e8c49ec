/**
 * One training run from data files to a run folder: it opens the datasets, lets the trainer run, writes
 * metrics, checkpoints and what the report shows, and explains a loss that is no number. It draws nothing
 * and reads no flags; `margo train` does that around it.
 */
import type { Span } from "../../compiler/errors/span.ts";
import type { Program } from "../../compiler/program.ts";
import type { Dataset } from "../../runtime/dataset.ts";
import { bestSoFar } from "./best.ts";
import type { FreshVariable } from "../../runtime/checkpoint.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { Executor, TrainingInfo } from "../../runtime/program.ts";
import type { BrokenStep } from "../../runtime/replay.ts";
import type { Bytes } from "../../runtime/safetensors.ts";
import { type Evaluation, type Trainer, createTrainer } from "../../runtime/trainer.ts";
import { type TrainingEvent, type TrainingOutcome, planOf, whyNoRun } from "../../runtime/training-run.ts";
import { dataFaults } from "../data/faults.ts";
import type { DataContext } from "../data/index.ts";
import { strangeClass } from "../data/strange-class.ts";
import type { DataSetting } from "./data-settings.ts";
import { type NonFiniteCause, diagnoseNonFinite, explainedFault } from "./diagnose-nonfinite.ts";
import { collectFeatures } from "../looks/feature-collector.ts";
import { openFitted } from "../data/fitted-dataset.ts";
import { type EvaluationRecord, type Found, type MeanAngles, lookAt } from "../looks/feature-look.ts";
import {
  type RunFolder,
  type RunInfo,
  createRunFolder,
  readCheckpointFile,
  reopenRunFolder,
  runFiles,
} from "./run-folder.ts";
import type { RetrievalScores } from "../looks/retrieval.ts";
import { type VerificationScores, openVerification } from "../looks/verification.ts";

/** All that a run is made of; `train` disposes its executor. */
export interface TrainRequest {
  readonly program: Program;
  readonly executor: Executor;
  readonly training: TrainingInfo;
  readonly data: DataContext;
  readonly info: RunInfo;
  readonly folder: string;
  readonly start: "fresh" | "resume";
  /** Weights to begin with: a safetensors file, and how people call it. */
  readonly weights?: { readonly name: string; readonly bytes: Bytes };
  readonly checkpointEvery?: number;
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
  /** A place of the source as people read it, `file:line:column`; faults name it. */
  readonly placeOf?: (span: Span) => string;
}

/** What a run tells: the events of training, and what is found in the features after an epoch. */
export type RunEvent =
  | TrainingEvent
  | ({ readonly kind: "angles"; readonly step: number; readonly epoch: number } & MeanAngles)
  | WeightsEvent
  | ({ readonly kind: "verification"; readonly step: number; readonly epoch: number } & VerificationScores)
  | ({ readonly kind: "retrieval"; readonly step: number; readonly epoch: number } & RetrievalScores);

/** What a run took from another one before its first step. */
export interface WeightsEvent {
  readonly kind: "weights";
  readonly from: string;
  readonly taken: readonly string[];
  readonly fresh: readonly FreshVariable[];
}

/** How a run ended, after `seconds`, and where its files are; a run that failed says why. */
export type TrainSummary =
  | ({
      readonly kind: "finished" | "cancelled";
      readonly folder: string;
      readonly step: number;
      readonly seconds: number;
      readonly evaluation?: Evaluation;
    } & Found)
  | {
      readonly kind: "failed";
      readonly folder?: string;
      readonly fault: RuntimeFault;
      /** The setting of the `train` that names the data at fault. */
      readonly setting?: DataSetting;
      readonly broken?: BrokenStep;
      readonly cause?: NonFiniteCause;
    };

/**
 * Runs a `train` from its data files to a folder of results. Mistakes in data, settings and folders are a summary,
 * `failed`; a device that fails for good throws a `DeviceFault`.
 */
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
      ...run.found,
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
  readonly verification?: Dataset;
}

type Failed = Extract<TrainSummary, { kind: "failed" }>;

async function prepare(request: TrainRequest): Promise<Prepared | Failed> {
  const { training, executor } = request;
  const { info } = executor;
  const dataset = await openFitted(training.data, info, "step", request.data);
  if (isFault(dataset)) return { kind: "failed", fault: dataset, setting: "data" };
  const validation =
    training.validation === undefined
      ? undefined
      : await openFitted(training.validation, info, "step", request.data);
  if (isFault(validation)) return { kind: "failed", fault: validation, setting: "validation" };
  const trained = dataset.labels.map(({ classNames }) => classNames ?? null);
  const strange = validation && strangeClass(validation, trained, dataset.source);
  if (strange !== undefined) return { kind: "failed", fault: strange, setting: "validation" };
  const verification = await openVerification(training, executor, request.data);
  if (isFault(verification)) return { kind: "failed", fault: verification, setting: "verification" };
  const trainer = await createTrainer(executor, training.seed);
  if (isFault(trainer)) return { kind: "failed", fault: trainer };
  const fault = whyNoRun(trainer, dataset, planOf(training));
  if (fault !== undefined) return { kind: "failed", fault, setting: "data" };
  const begun = await beginWith(request, trainer);
  if (isFault(begun)) return { kind: "failed", fault: begun };
  // Who stops a run before it begins wants nothing of an earlier one put aside.
  if (request.signal?.aborted === true) return { kind: "failed", fault: dataFaults.interrupted() };
  const folder = await openFolder(request, trainer);
  if (isFault(folder)) return { kind: "failed", fault: folder };
  return {
    kind: "prepared",
    trainer,
    folder,
    dataset,
    ...(validation === undefined ? {} : { validation }),
    ...(verification === undefined ? {} : { verification }),
  };
}

/** A run that goes on has its own weights. */
async function beginWith(
  { weights, start, onEvent }: TrainRequest,
  trainer: Trainer,
): Promise<RuntimeFault | undefined> {
  if (weights === undefined || start === "resume") return undefined;
  const { name, bytes } = weights;
  const loaded = await trainer.loadWeights(bytes, name);
  if (isFault(loaded)) return loaded;
  onEvent({ kind: "weights", from: name, taken: Object.keys(loaded.taken), fresh: loaded.fresh });
  return undefined;
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
  /** By the last look at the features. */
  readonly found: Found;
}

async function runIn(request: TrainRequest, prepared: Prepared): Promise<RunResult> {
  const { training, signal, checkpointEvery, checkpointSeconds } = request;
  const { trainer, folder, dataset, validation } = prepared;
  let unwritten: RuntimeFault | undefined;
  let found: Found = {};
  const best = bestSoFar(folder.path);
  // A run that was killed between its checkpoint and the best one that it is has that one now.
  if (request.start === "resume" && best.isAt(trainer.progress.step)) unwritten = await folder.keepBest();
  const stop = new AbortController();
  const emit = (event: RunEvent) => {
    if (event.kind === "evaluation" || event.kind === "verification") best.hear(event);
    unwritten ??= folder.append(event);
    if (unwritten !== undefined) stop.abort();
    request.onEvent(event);
  };
  const keep = (record: EvaluationRecord) => folder.writeJson(runFiles.evaluation, record);
  let collector = collectFeatures();
  const onEvent = async (event: TrainingEvent) => {
    if (event.kind === "recovery") collector = collectFeatures();
    // What needs the device comes first: an event whose device is lost comes again, and is written once.
    const looked = await lookAt(event, { ...request, ...prepared, keep }, collector);
    emit(event);
    if (looked === undefined) return;
    collector = collectFeatures();
    if (isFault(looked)) {
      unwritten ??= looked;
      return;
    }
    found = looked.found;
    const { step, epoch } = looked;
    if (found.angles !== undefined) emit({ kind: "angles", step, epoch, ...found.angles });
    if (found.retrieval !== undefined) emit({ kind: "retrieval", step, epoch, ...found.retrieval });
    if (found.verification !== undefined) emit({ kind: "verification", step, epoch, ...found.verification });
  };
  const outcome = await trainer.train(
    dataset,
    {
      ...planOf(training),
      ...(validation === undefined ? {} : { validation, observe: (...seen) => collector.observe(...seen) }),
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
      ...(checkpointSeconds === undefined ? {} : { checkpointSeconds }),
      saveCheckpointParts: async (parts, step) =>
        (await folder.saveCheckpoint(parts)) ?? (best.isAt(step) ? folder.keepBest() : undefined),
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    },
    onEvent,
  );
  if (unwritten !== undefined) return { outcome: { kind: "failed", fault: unwritten }, found };
  return { outcome, found };
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
