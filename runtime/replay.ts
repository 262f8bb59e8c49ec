/**
 * Finds the step that broke a run. When a loss is seen to be no number the variables that led to it are
 * gone, and often the harm was done steps before, when an update wrote the first infinity. Steps are
 * reproducible bit for bit, so a host copy of the variables now and then (its only cost in a healthy run)
 * is enough: the steps after it are run again with every variable looked at.
 */
import { batchRows, batchesPerEpoch, nextPosition } from "./batches.ts";
import type { Progress } from "./checkpoint.ts";
import { type Batch, type Dataset, gatherBatch, rowCount, rowsOfEpoch } from "./dataset.ts";
import type { NamedTensors } from "./program.ts";
import type { Trainer } from "./trainer.ts";
import type { TrainingOptions } from "./training-run.ts";

/** A run as it stood at one moment, copied to the host. */
export interface Snapshot {
  readonly progress: Progress;
  readonly variables: NamedTensors;
}

/** The first step that made something that is no number, with all that is needed to evaluate it again. */
export interface BrokenStep {
  readonly step: number;
  readonly epoch: number;
  readonly seed: number;
  readonly batch: Batch;
  /** As they were before the step: finite. */
  readonly variables: NamedTensors;
  /** "loss", or the variable whose new value is not finite. */
  readonly output: string;
}

/** A copy of the run as it stands. */
export async function takeSnapshot(trainer: Trainer): Promise<Snapshot> {
  return { progress: trainer.progress, variables: await trainer.executor.read() };
}

/** Whether every variable is finite: only from such a snapshot can a broken step be found. */
export function isFinite({ variables }: Snapshot): boolean {
  return nonFiniteName(variables) === undefined;
}

/** A parameter that holds what is no number. States may hold an infinity on purpose. */
export function nonFiniteParameter(trainer: Trainer, { variables }: Snapshot): string | undefined {
  const parameters = trainer.executor.info.variables.filter(({ kind }) => kind === "parameter");
  return parameters.find(({ name }) => !isFiniteTensor(variables[name]))?.name;
}

/**
 * Runs again from the snapshot to the given step (counted as finished steps) and returns the first that
 * broke. The trainer is left as it was before that step. Undefined when every step came out finite, which
 * a target that repeats itself never does.
 */
export async function findBrokenStep(
  trainer: Trainer,
  dataset: Dataset,
  { batch, perClass }: Pick<TrainingOptions, "batch" | "perClass">,
  snapshot: Snapshot,
  badStep: number,
): Promise<BrokenStep | undefined> {
  const batches = batchesPerEpoch(rowCount(dataset), batch);
  await restore(trainer, snapshot);
  let before = snapshot;
  while (before.progress.step < badStep) {
    const { position, step, sums } = before.progress;
    const order = rowsOfEpoch(dataset, trainer.seed, position.epoch, perClass);
    const gathered = gatherBatch(dataset, batchRows(order, batch, position.batch));
    const { loss } = await trainer.step(gathered);
    const variables = await trainer.executor.read();
    const output = Number.isFinite(loss) ? nonFiniteName(variables) : "loss";
    if (output !== undefined) {
      await restore(trainer, before);
      const { epoch } = position;
      return {
        step: step + 1,
        epoch,
        seed: trainer.seed,
        batch: gathered,
        variables: before.variables,
        output,
      };
    }
    before = { progress: { step: step + 1, position: nextPosition(position, batches), sums }, variables };
    trainer.moveTo(before.progress);
  }
  return undefined;
}

/** Puts the run back to where the snapshot was taken. */
export async function restore(trainer: Trainer, snapshot: Snapshot): Promise<void> {
  await trainer.executor.write(snapshot.variables);
  trainer.moveTo(snapshot.progress);
}

function nonFiniteName(variables: NamedTensors): string | undefined {
  return Object.keys(variables).find((name) => !isFiniteTensor(variables[name]));
}

function isFiniteTensor(tensor: NamedTensors[string] | undefined): boolean {
  if (tensor?.dtype !== "f32") return true;
  const { data } = tensor;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}
