/**
 * A run from wherever its trainer stands to its last step, told as plain events. It asks for a checkpoint
 * at the end of each epoch, every so many steps, and when it is cancelled. A loss that is no number ends
 * it: the steps since the last snapshot are run again to find the first step that went wrong.
 */
import { batchRows, batchesPerEpoch, epochOrder, nextPosition } from "./batches.ts";
import { type Progress, noSums } from "./checkpoint.ts";
import { type Dataset, dataInputs, fitDataset, gatherBatch, rowCount } from "./dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "./errors.ts";
import { type BrokenStep, type Snapshot, findBrokenStep, takeSnapshot } from "./replay.ts";
import type { Evaluation, EvaluationObserver, NamedNumbers, StepResult, Trainer } from "./trainer.ts";

export interface TrainingOptions {
  readonly batch: number;
  /** The run ends at whichever of the two comes first; one epoch where neither is given. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly validation?: Dataset;
  readonly observe?: EvaluationObserver;
  /** Where checkpoints go; a fault from it ends the run. */
  readonly saveCheckpoint?: (bytes: Uint8Array) => Promise<RuntimeFault | undefined>;
  /** Steps between checkpoints within an epoch; there is always one at its end. */
  readonly checkpointEvery?: number;
  readonly signal?: AbortSignal;
}

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
  | { readonly kind: "replay"; readonly from: number; readonly to: number };

export type TrainingOutcome =
  | { readonly kind: "finished" | "cancelled"; readonly step: number; readonly evaluation?: Evaluation }
  | { readonly kind: "failed"; readonly fault: RuntimeFault; readonly broken?: BrokenStep };

type Report = (event: TrainingEvent) => void | Promise<void>;

interface Run {
  readonly trainer: Trainer;
  readonly dataset: Dataset;
  readonly options: TrainingOptions;
  readonly report: Report;
  readonly batches: number;
  readonly totalSteps: number;
  readonly startedAt: number;
  readonly firstStep: number;
}

export async function runTraining(
  trainer: Trainer,
  given: Dataset,
  options: TrainingOptions,
  report: Report,
): Promise<TrainingOutcome> {
  const run = prepareRun(trainer, given, options, report);
  if (isFault(run)) return failed(run);
  const { batches, totalSteps, dataset } = run;
  await report({
    kind: "start",
    rows: rowCount(dataset),
    batchesPerEpoch: batches,
    totalSteps,
    step: run.firstStep,
  });
  const breathe = pauses();
  let snapshot = await takeSnapshot(trainer);
  let order = orderOf(run);
  let epochStart = now();
  let idle = 0;
  let evaluation: Evaluation | undefined;
  while (trainer.progress.step < totalSteps) {
    await breathe();
    if (options.signal?.aborted === true) return cancelled(run);
    const { position } = trainer.progress;
    const rows = batchRows(order, options.batch, position.batch);
    const result = await trainer.step(gatherBatch(dataset, rows));
    if (!Number.isFinite(result.loss)) return explained(run, snapshot, result.loss, rows);
    advance(trainer, result, rows.length, batches);
    await report(stepEvent(run, position.epoch, result, idle));
    const trainedUntil = now();
    const { step } = trainer.progress;
    const epochDone = trainer.progress.position.batch === 0;
    const due = epochDone || step === totalSteps;
    if (due) {
      const outcome = await finishEpoch(run, position.epoch, now() - epochStart);
      if (isFault(outcome)) return failed(outcome);
      evaluation = outcome ?? evaluation;
    }
    if (epochDone) {
      trainer.moveTo({ ...trainer.progress, sums: noSums });
      order = orderOf(run);
      epochStart = now();
    }
    if (due || isMultiple(step, options.checkpointEvery)) {
      const unwritten = await writeCheckpoint(run);
      if (unwritten !== undefined) return failed(unwritten);
    }
    if (isMultiple(step, snapshotEvery)) snapshot = await takeSnapshot(trainer, snapshot);
    idle += now() - trainedUntil;
  }
  return {
    kind: "finished",
    step: trainer.progress.step,
    ...(evaluation === undefined ? {} : { evaluation }),
  };
}

/** A snapshot is one host copy of the variables; at most this many steps are run again after a bad loss. */
const snapshotEvery = 200;

/** Signals and pages get their turn this often; a device that computes without waiting gives them none. */
const pauseEveryMs = 100;

function prepareRun(
  trainer: Trainer,
  given: Dataset,
  options: TrainingOptions,
  report: Report,
): Run | RuntimeFault {
  const { info } = trainer.executor;
  const { batch, epochs, steps } = options;
  if (!Number.isInteger(batch) || batch < 1)
    return runFaults.badSetting("batch", batch, "a whole number of at least 1");
  for (const [name, value] of [
    ["epochs", epochs],
    ["steps", steps],
  ] as const)
    if (value !== undefined && (!Number.isInteger(value) || value < 0))
      return runFaults.badSetting(name, value, "a whole number that is not negative");
  if (rowCount(given) === 0) return runFaults.noRows(given.source);
  const step = info.functions.find(({ name }) => name === "step");
  const inputs = step === undefined ? undefined : dataInputs(step);
  if (inputs === undefined) return runFaults.missingFunction(info.name, "step");
  const dataset = fitDataset(given, inputs);
  if (isFault(dataset)) return dataset;
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
    startedAt: now(),
    firstStep: progress.step,
  };
}

function orderOf({ trainer, dataset }: Run): Int32Array {
  return epochOrder(trainer.seed, trainer.progress.position.epoch, rowCount(dataset));
}

function advance(trainer: Trainer, result: StepResult, rows: number, batches: number): void {
  const { step, position, sums } = trainer.progress;
  const progress: Progress = {
    step,
    position: nextPosition(position, batches),
    sums: {
      loss: sums.loss + result.loss * rows,
      correct: sums.correct + (result.accuracy ?? 0) * rows,
      rows: sums.rows + rows,
    },
  };
  trainer.moveTo(progress);
}

/** `idle` are the milliseconds of this session that went into evaluations and checkpoints. */
function stepEvent(run: Run, epoch: number, result: StepResult, idle: number): TrainingEvent {
  const { step } = run.trainer.progress;
  const elapsed = Math.max(now() - run.startedAt, 1e-6);
  const done = step - run.firstStep;
  const { accuracy, metrics } = result;
  return {
    kind: "step",
    step,
    epoch,
    loss: result.loss,
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(metrics === undefined ? {} : { metrics }),
    traces: result.traces,
    rowsPerSecond: (done * rowCount(run.dataset)) / run.batches / (Math.max(elapsed - idle, 1e-6) / 1000),
    timeLeft: (elapsed / 1000 / done) * (run.totalSteps - step),
  };
}

async function finishEpoch(
  run: Run,
  epoch: number,
  milliseconds: number,
): Promise<Evaluation | RuntimeFault | undefined> {
  const { trainer, options, report } = run;
  const { step, sums } = trainer.progress;
  const scored = trainer.executor.info.functions.some(
    ({ name, outputs }) => name === "step" && outputs.some((output) => output.name === "accuracy"),
  );
  const accuracy = scored ? { accuracy: sums.correct / sums.rows } : {};
  await report({
    kind: "epoch",
    step,
    epoch,
    loss: sums.loss / sums.rows,
    ...accuracy,
    seconds: milliseconds / 1000,
  });
  if (options.validation === undefined) return undefined;
  const evaluation = await trainer.evaluate(options.validation, options.batch, options.observe);
  if (isFault(evaluation)) return evaluation;
  await report({ kind: "evaluation", step, epoch, ...evaluation });
  return evaluation;
}

function isMultiple(step: number, every: number | undefined): boolean {
  return every !== undefined && step % every === 0;
}

async function writeCheckpoint({ trainer, options, report }: Run): Promise<RuntimeFault | undefined> {
  if (options.saveCheckpoint === undefined) return undefined;
  const unwritten = await options.saveCheckpoint(await trainer.save());
  if (unwritten !== undefined) return unwritten;
  await report({ kind: "checkpoint", step: trainer.progress.step });
  return undefined;
}

async function cancelled(run: Run): Promise<TrainingOutcome> {
  const unwritten = await writeCheckpoint(run);
  return unwritten === undefined ? { kind: "cancelled", step: run.trainer.progress.step } : failed(unwritten);
}

function failed(fault: RuntimeFault): TrainingOutcome {
  return { kind: "failed", fault };
}

/** Variables of the bad step are replaced already, so the steps since the snapshot are run again. */
async function explained(
  run: Run,
  snapshot: Snapshot,
  loss: number,
  rows: readonly number[],
): Promise<TrainingOutcome> {
  const { trainer, dataset, options, report } = run;
  const badStep = trainer.progress.step;
  await report({ kind: "replay", from: snapshot.progress.step + 1, to: badStep });
  const broken = await findBrokenStep(trainer, dataset, options.batch, snapshot, badStep);
  const fault = runFaults.nonFiniteLoss(badStep, rows, loss);
  return { kind: "failed", fault, ...(broken === undefined ? {} : { broken }) };
}

/** Gives other tasks their turn when it is due. */
function pauses(): () => Promise<void> {
  let last = now();
  return async () => {
    if (now() - last < pauseEveryMs) return;
    await new Promise<void>((resume) => setTimeout(resume, 0));
    last = now();
  };
}

function now(): number {
  return performance.now();
}
