/**
 * What a training run is asked for, what it tells, and what it is made of once its options and data are found to
 * fit the program. The loop itself is in training-loop.ts.
 */
import { batchesPerEpoch } from "./batches.ts";
import { type Dataset, noDataset, rowClasses, rowCount } from "./dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "./errors.ts";
import { dataInputs, fitDataset } from "./fit-dataset.ts";
import type { TrainingInfo } from "./program.ts";
import type { BrokenStep } from "./replay.ts";
import type { NamedNumbers } from "./metrics.ts";
import type { Evaluation, EvaluationObserver, Trainer } from "./trainer.ts";

/** How a run goes; `planOf` gives what the `train` says of it. */
export interface TrainingOptions {
  readonly batch: number;
  /** Rows of a class that come together, as losses want that compare the rows of a batch; 1 unless given. */
  readonly perClass?: number;
  /** The run ends at whichever of the two comes first; one epoch where neither is given. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly validation?: Dataset;
  readonly observe?: EvaluationObserver;
  /** Where checkpoints go; a fault from it ends the run. */
  readonly saveCheckpoint?: (bytes: Uint8Array, step: number) => Promise<RuntimeFault | undefined>;
  /** The same in its place, given the bytes as parts that lie one after the other: no copy is made, and no array is too large. */
  readonly saveCheckpointParts?: (
    parts: readonly Uint8Array[],
    step: number,
  ) => Promise<RuntimeFault | undefined>;
  /** Steps between checkpoints within an epoch; there is always one at its end. */
  readonly checkpointEvery?: number;
  /** The same in seconds: a checkpoint comes with the first step after them. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

/** How long a run is and what its batches are made of. */
export type RunPlan = Pick<TrainingOptions, "batch" | "perClass" | "epochs" | "steps">;

/** As the `train` says it. */
export function planOf({ batch, perClass, epochs, steps }: TrainingInfo): RunPlan {
  return {
    batch,
    ...(perClass === undefined ? {} : { perClass }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(steps === undefined ? {} : { steps }),
  };
}

/** What a run tells, in order. Steps and epochs: `step` counts from 1, `epoch` from 0. */
export type TrainingEvent =
  | {
      readonly kind: "start";
      readonly rows: number;
      readonly batchesPerEpoch: number;
      readonly totalSteps: number;
      readonly step: number;
    }
  | {
      readonly kind: "step";
      /** Counts from 1: the number of finished steps. */
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly accuracy?: number;
      readonly metrics?: NamedNumbers;
      readonly traces: Readonly<Record<string, number>>;
      readonly rowsPerSecond: number;
      /** Seconds, from the mean of this session. */
      readonly timeLeft: number;
    }
  | {
      /** Means over the epoch's rows as they were when trained on. */
      readonly kind: "epoch";
      readonly step: number;
      readonly epoch: number;
      readonly loss: number;
      readonly accuracy?: number;
      readonly seconds: number;
    }
  | ({ readonly kind: "evaluation"; readonly step: number; readonly epoch: number } & Evaluation)
  | { readonly kind: "checkpoint"; readonly step: number }
  | { readonly kind: "replay"; readonly from: number; readonly to: number }
  /** The device was lost; the steps after `step` are run on another one, those that were told before untold. */
  | { readonly kind: "recovery"; readonly step: number; readonly reason: string };

/**
 * How a run ended, after how many steps of the trainer; `failed` with a fault, and where a number broke with the
 * step that did it.
 */
export type TrainingOutcome =
  | { readonly kind: "finished" | "cancelled"; readonly step: number; readonly evaluation?: Evaluation }
  | { readonly kind: "failed"; readonly fault: RuntimeFault; readonly broken?: BrokenStep };

export type Report = (event: TrainingEvent) => void | Promise<void>;

/** All that stays the same while a run goes on. */
export interface Run {
  readonly trainer: Trainer;
  readonly dataset: Dataset;
  readonly options: TrainingOptions;
  readonly report: Report;
  readonly batches: number;
  readonly totalSteps: number;
  readonly startedAt: number;
  readonly firstStep: number;
}

/** Why a run cannot begin, before anything is written or trained. */
export function whyNoRun(
  trainer: Trainer,
  dataset: Dataset,
  options: TrainingOptions,
): RuntimeFault | undefined {
  const run = prepareRun(trainer, dataset, options, () => undefined);
  return isFault(run) ? run : undefined;
}

/** What is wrong with how rows come together, also where no options were given. */
export function batchFault(
  options: Pick<TrainingOptions, "batch" | "perClass"> | undefined,
): RuntimeFault | undefined {
  const { batch, perClass = 1 } = options ?? {};
  for (const [name, value] of Object.entries({ batch, perClass }))
    if (!(Number.isInteger(value) && Number(value) >= 1))
      return runFaults.badSetting(name, value, "a whole number of at least 1");
  return undefined;
}

/** Checks options and data against the program; `startedAt` is now. */
export function prepareRun(
  trainer: Trainer,
  given: Dataset,
  options: TrainingOptions,
  report: Report,
): Run | RuntimeFault {
  const { info } = trainer.executor;
  const unfit =
    noDataset(given) ?? batchFault(options) ?? (options.validation && noDataset(options.validation));
  if (unfit !== undefined) return unfit;
  const { batch, perClass = 1, epochs, steps } = options;
  for (const [name, value] of [
    ["epochs", epochs],
    ["steps", steps],
  ] as const)
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      return runFaults.badSetting(name, value, "a whole number that is not negative");
  if (rowCount(given) === 0) return runFaults.noRows(given.source);
  const inputs = dataInputs(info, "step");
  if (inputs === undefined) return runFaults.missingFunction(info.name, "step");
  const dataset = fitDataset(given, inputs);
  if (isFault(dataset)) return dataset;
  if (perClass > 1 && rowClasses(dataset) === undefined) return runFaults.noClassesToGroup(dataset.source);
  const validation = options.validation === undefined ? undefined : fitDataset(options.validation, inputs);
  if (isFault(validation)) return validation;
  const batches = batchesPerEpoch(rowCount(dataset), batch);
  const { progress } = trainer;
  if (progress.position.batch >= batches)
    return runFaults.checkpointMismatch(
      `it stands at batch ${progress.position.batch} of an epoch, but this data and batch size make only ${batches}`,
    );
  const bounds = [epochs === undefined ? undefined : epochs * batches, steps].filter(
    (bound) => bound !== undefined,
  );
  return {
    trainer,
    dataset,
    options: validation === undefined ? options : { ...options, validation },
    report,
    batches,
    totalSteps: bounds.length === 0 ? batches : Math.min(...bounds),
    startedAt: performance.now(),
    firstStep: progress.step,
  };
}
