/**
 * A run from wherever its trainer stands to its last step, told as plain events. It asks for a checkpoint
 * at the end of each epoch, every so many steps, and when it is cancelled. A loss that is no number ends
 * it: the steps since the last snapshot are run again to find the first step that went wrong. A device that is lost
 * does not: the run goes on from its last snapshot on another one, and nothing is told twice.
 */
import { batchRows, nextPosition } from "./batches.ts";
import { noSums } from "./checkpoint.ts";
import { type Dataset, gatherBatch, rowCount, rowsOfEpoch } from "./dataset.ts";
import { DeviceLost } from "./device-fault.ts";
import { type RuntimeFault, isFault, runFaults } from "./errors.ts";
import { joinedBytes } from "./safetensors.ts";
import {
  type Snapshot,
  findBrokenStep,
  isFinite,
  nonFiniteParameter,
  restore,
  takeSnapshot,
} from "./replay.ts";
import { type FinishedStep, createStepsUnderWay } from "./steps-under-way.ts";
import type { Evaluation, Trainer } from "./trainer.ts";
import {
  type Report,
  type Run,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingOutcome,
  prepareRun,
} from "./training-run.ts";

/** What changes in the course of a run and outlives a device. */
interface RunState {
  snapshot: Snapshot;
  /** Devices lost since that snapshot. */
  losses: number;
  /** The step of the last checkpoint, and when it was taken. */
  saved: number;
  savedAt: number;
  /** Milliseconds of this session that went into evaluations and checkpoints. */
  idle: number;
  evaluation: Evaluation | undefined;
}

/** Rejects with a `DeviceFault` where the device fails for good; the last snapshot is a checkpoint then. */
export async function runTraining(
  trainer: Trainer,
  given: Dataset,
  options: TrainingOptions,
  report: Report,
): Promise<TrainingOutcome> {
  const run = prepareRun(trainer, given, options, once(report));
  if (isFault(run)) return failed(run);
  const { batches, totalSteps, dataset, firstStep } = run;
  const rows = rowCount(dataset);
  await run.report({ kind: "start", rows, batchesPerEpoch: batches, totalSteps, step: firstStep });
  const snapshot = await takeSnapshot(trainer);
  const state: RunState = {
    snapshot,
    losses: 0,
    saved: firstStep,
    savedAt: now(),
    idle: 0,
    evaluation: undefined,
  };
  let lost: DeviceLost | undefined;
  for (;;) {
    try {
      if (lost !== undefined) await recover(run, state, lost);
      return await trainOn(run, state);
    } catch (error) {
      if (!(error instanceof DeviceLost) || !mayRecover(run, state)) {
        await keepSnapshot(run, state);
        throw error;
      }
      lost = error;
    }
  }
}

/** Devices that may be lost between two snapshots: a step that ends every device ends the run. */
const mostLosses = 3;

function mayRecover({ trainer }: Run, { losses }: RunState): boolean {
  return trainer.executor.recover !== undefined && losses < mostLosses;
}

async function recover({ trainer, report }: Run, state: RunState, lost: DeviceLost): Promise<void> {
  state.losses++;
  await trainer.executor.recover?.();
  await restore(trainer, state.snapshot);
  await report({ kind: "recovery", step: state.snapshot.progress.step, reason: lost.reason });
}

/** What is on the host when a run cannot go on. */
async function keepSnapshot(run: Run, { snapshot, saved }: RunState): Promise<void> {
  if (snapshot.progress.step > saved) await saveCheckpoint(run, snapshot);
}

async function saveCheckpoint(
  { trainer, options: { saveCheckpoint: save, saveCheckpointParts: saveParts } }: Run,
  snapshot: Snapshot,
): Promise<RuntimeFault | undefined> {
  const parts = trainer.checkpointOf(snapshot);
  const { step } = snapshot.progress;
  return saveParts === undefined ? save?.(joinedBytes(parts), step) : saveParts(parts, step);
}

function savesCheckpoints({ options }: Run): boolean {
  return options.saveCheckpoint !== undefined || options.saveCheckpointParts !== undefined;
}

/** Within an epoch, after so many steps or so long. */
function isCheckpointDue({ options }: Run, { savedAt }: RunState, step: number): boolean {
  const { checkpointEvery, checkpointSeconds = Infinity } = options;
  return isMultiple(step, checkpointEvery) || now() - savedAt >= checkpointSeconds * 1000;
}

/** What was told before a device was lost is not told again. */
function once(report: Report): Report {
  const latest = new Map<string, number>();
  return async (event) => {
    if (event.kind === "start" || event.kind === "replay" || event.kind === "recovery") return report(event);
    if ((latest.get(event.kind) ?? -1) >= event.step) return;
    await report(event);
    latest.set(event.kind, event.step);
  };
}

/** Steps until the end, on one device. */
async function trainOn(run: Run, state: RunState): Promise<TrainingOutcome> {
  const { trainer, dataset, options, batches, totalSteps } = run;
  const underWay = createStepsUnderWay(trainer.executor.start !== undefined);
  const breathe = pauses();
  let order = orderOf(run);
  let epochStart = now();
  while (trainer.progress.step < totalSteps) {
    await breathe();
    if (options.signal?.aborted === true) {
      const bad = await tell(run, state, await underWay.finish());
      return bad === undefined ? cancelled(run, state) : explained(run, state.snapshot, bad);
    }
    const { position } = trainer.progress;
    const rows = batchRows(order, options.batch, position.batch);
    const result = await trainer.startStep(gatherBatch(dataset, rows));
    trainer.moveTo({ ...trainer.progress, position: nextPosition(position, batches) });
    const { step } = trainer.progress;
    const epochDone = trainer.progress.position.batch === 0;
    const due = epochDone || step === totalSteps;
    const saves = savesCheckpoints(run) && (due || isCheckpointDue(run, state, step));
    const stops = due || saves || isMultiple(step, snapshotEvery);
    const finished = await underWay.add({ step, epoch: position.epoch, rows, result });
    const rest = stops ? await underWay.finish() : [];
    const bad = await tell(run, state, [...finished, ...rest]);
    if (bad !== undefined) return explained(run, state.snapshot, bad);
    if (!stops) continue;
    const pausedAt = now();
    if (due) {
      const outcome = await finishEpoch(run, position.epoch, now() - epochStart);
      if (isFault(outcome)) return failed(outcome);
      state.evaluation = outcome ?? state.evaluation;
    }
    if (epochDone) {
      trainer.moveTo({ ...trainer.progress, sums: noSums });
      order = orderOf(run);
      epochStart = now();
    }
    const ended = await keep(run, state, saves);
    if (ended !== undefined) return ended;
    state.idle += now() - pausedAt;
  }
  const { evaluation } = state;
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

function orderOf({ trainer, dataset, options }: Run): Int32Array {
  return rowsOfEpoch(dataset, trainer.seed, trainer.progress.position.epoch, options.perClass);
}

/** Adds finished steps up and reports them; returns the first whose loss is no number. */
async function tell(
  run: Run,
  state: RunState,
  finished: readonly FinishedStep[],
): Promise<FinishedStep | undefined> {
  const { trainer, report } = run;
  for (const one of finished) {
    const { result, rows } = one;
    if (!Number.isFinite(result.loss)) return one;
    const { sums } = trainer.progress;
    trainer.moveTo({
      ...trainer.progress,
      sums: {
        loss: sums.loss + result.loss * rows.length,
        correct: sums.correct + (result.accuracy ?? 0) * rows.length,
        rows: sums.rows + rows.length,
      },
    });
    await report(stepEvent(run, state, one));
  }
  return undefined;
}

function stepEvent(run: Run, { idle }: RunState, { step, epoch, result }: FinishedStep): TrainingEvent {
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
  const evaluation = await trainer.evaluate(options.validation, options, options.observe);
  if (isFault(evaluation)) return evaluation;
  await report({ kind: "evaluation", step, epoch, ...evaluation });
  return evaluation;
}

function isMultiple(step: number, every: number | undefined): boolean {
  return every !== undefined && step % every === 0;
}

/**
 * A copy of the run on the host: a snapshot, and a checkpoint where one is due. Parameters that are no numbers end the
 * run, even if no loss has shown them yet: the checkpoint before them stays.
 */
async function keep(run: Run, state: RunState, saves: boolean): Promise<TrainingOutcome | undefined> {
  const { trainer, report } = run;
  const { step } = trainer.progress;
  if (!saves && !isMultiple(step, snapshotEvery)) return undefined;
  const taken = await takeSnapshot(trainer);
  const sound = isFinite(taken);
  const spoiled = sound ? undefined : nonFiniteParameter(trainer, taken);
  if (spoiled !== undefined && step > state.snapshot.progress.step)
    return replayed(run, state.snapshot, step, runFaults.nonFiniteParameter(step, spoiled));
  if (sound) {
    state.snapshot = taken;
    state.losses = 0;
  }
  if (!saves) return undefined;
  const unwritten = await saveCheckpoint(run, taken);
  if (unwritten !== undefined) return failed(unwritten);
  state.saved = taken.progress.step;
  state.savedAt = now();
  await report({ kind: "checkpoint", step: state.saved });
  return undefined;
}

async function cancelled(run: Run, state: RunState): Promise<TrainingOutcome> {
  const ended = await keep(run, state, savesCheckpoints(run));
  return ended ?? { kind: "cancelled", step: run.trainer.progress.step };
}

function failed(fault: RuntimeFault): TrainingOutcome {
  return { kind: "failed", fault };
}

async function explained(
  run: Run,
  snapshot: Snapshot,
  { step, result, rows }: FinishedStep,
): Promise<TrainingOutcome> {
  return replayed(run, snapshot, step, runFaults.nonFiniteLoss(step, rows, result.loss));
}

/** Variables of the bad step are replaced already, so the steps since the snapshot are run again. */
async function replayed(
  run: Run,
  snapshot: Snapshot,
  badStep: number,
  fault: RuntimeFault,
): Promise<TrainingOutcome> {
  const { trainer, dataset, options, report } = run;
  await report({ kind: "replay", from: snapshot.progress.step + 1, to: badStep });
  const broken = await findBrokenStep(trainer, dataset, options, snapshot, badStep);
  return { kind: "failed", fault, ...(broken === undefined ? {} : { broken }) };
}

/** Gives other tasks their turn when it is due. */
function pauses(): () => Promise<void> {
  let last = now();
  return async () => {
    if (now() - last < pauseEveryMs) return;
    await turn();
    last = now();
  };
}

/** By a message to itself: browsers let the timers of a tab in the background wait for a second and more. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resume) => {
    const arrived = (): void => {
      port1.close();
      resume();
    };
    port1.addEventListener("message", arrived, { once: true });
    port1.start();
    port2.postMessage(undefined);
  });
}

function now(): number {
  return performance.now();
}
