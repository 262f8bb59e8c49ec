/**
 * A program being trained: an executor with the counters, the position and the sums that make its run
 * reproducible. It is the same over every target. `step` is one optimizer step, `train` a whole run as a
 * stream of plain events; files, terminals and signals are the business of those who call it.
 */
import { consecutiveRows } from "./batches.ts";
import {
  type Progress,
  type Weights,
  checkpointMismatch,
  checkpointParts,
  decodeCheckpoint,
  runStart,
  weightsFor,
} from "./checkpoint.ts";
import {
  type Batch,
  type Dataset,
  type OneOrMore,
  gatherBatch,
  noDataset,
  rowCount,
  rowsOfEpoch,
} from "./dataset.ts";
import { type RuntimeFault, isFault, runFaults } from "./errors.ts";
import { type RowTensors, embedFunction, feedsOf } from "./fit-dataset.ts";
import { runTraining } from "./training-loop.ts";
import {
  type TrainingEvent,
  type TrainingOptions,
  type TrainingOutcome,
  batchFault,
} from "./training-run.ts";
import { type MeasuredMetrics, type NamedNumbers, isMetric, sumMetrics } from "./metrics.ts";
import type { Executor, FunctionInfo, HostTensor, NamedTensors } from "./program.ts";
import type { Snapshot } from "./replay.ts";
import { type Bytes, joinedBytes } from "./safetensors.ts";

/** What a step gave, on the batch as it was before its update. */
export interface StepResult {
  readonly loss: number;
  /** Share of the batch's labels whose best score is their own class; absent where there are no scores. */
  readonly accuracy?: number;
  readonly metrics?: NamedNumbers;
  /** Scalars that the margin and the optimizer export: λ schedules, moving averages, rates. */
  readonly traces: Readonly<Record<string, number>>;
}

/** Means over the rows of a dataset. */
export interface Evaluation extends MeasuredMetrics {
  readonly loss: number;
  readonly accuracy?: number;
  readonly rows: number;
}

/** Sees each batch of an evaluation with the `predictions` and `features` that the program gave it. */
export type EvaluationObserver = (batch: Batch, outputs: NamedTensors) => void;

/**
 * Makes a trainer with variables that are freshly initialised from the seed (by default the one of the `train`, or 0), or
 * says why the program cannot be trained. Throws a `DeviceFault` where the device is too small for it.
 */
export async function createTrainer(
  executor: Executor,
  seed = executor.info?.training?.seed ?? 0,
): Promise<Trainer | RuntimeFault> {
  const { info } = executor;
  // JavaScript hands over what `openProgram` gives as a whole.
  if (typeof info !== "object")
    return runFaults.badSetting("the executor", executor, "the `executor` of what `openProgram` gives");
  if (!Number.isSafeInteger(seed)) return runFaults.badSetting("seed", seed, "a whole number");
  const step = info.functions.find(({ name }) => name === "step");
  if (step === undefined) return runFaults.missingFunction(info.name, "step");
  await executor.initialize(seed);
  return new Trainer(executor, step, seed);
}

/**
 * A program with a run: `createTrainer` makes one. One call at a time is meant to change it; looking at it
 * meanwhile is fine.
 */
export class Trainer {
  readonly executor: Executor;
  readonly #step: FunctionInfo;
  #seed: number;
  #progress: Progress = runStart;
  #isRunning = false;

  constructor(executor: Executor, step: FunctionInfo, seed: number) {
    this.executor = executor;
    this.#step = step;
    this.#seed = seed;
  }

  get seed(): number {
    return this.#seed;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** One step on one batch: variables are replaced and the step counter grows. */
  async step(batch: Batch): Promise<StepResult> {
    return (await this.startStep(batch))();
  }

  /**
   * The same where the device works while the caller goes on: the step is under way, and what is returned waits
   * for its result.
   */
  async startStep(batch: Batch): Promise<() => Promise<StepResult>> {
    const { executor } = this;
    const reads = this.#step.outputs.map(({ name }) => name).filter(isStepResult);
    const inputs = this.#inputs(this.#step, batch);
    const started = await executor.start?.("step", inputs, reads);
    const outputs = started === undefined ? await executor.call("step", inputs, reads) : undefined;
    this.#progress = { ...this.#progress, step: this.#progress.step + 1 };
    return async () => stepResult(outputs ?? (await started?.outputs()) ?? {});
  }

  /** Places the run; `step` uses the epoch, the training loop the rest. */
  moveTo(progress: Progress): void {
    this.#progress = progress;
  }

  /** Scores of rows, f32[N, C]; the margin is off. Undefined where the program has none. */
  async predict(features: RowInputs): Promise<HostTensor | undefined> {
    const info = this.#functionNamed("predict");
    return info === undefined ? undefined : this.#outputOf(info, features, "scores");
  }

  /** Features of rows, f32[N, D]: by the first model, or of several by that of the name. Undefined where there is none. */
  async embed(features: RowInputs, model?: string): Promise<HostTensor | undefined> {
    const info = embedFunction(this.executor.info, model);
    return info === undefined ? undefined : this.#outputOf(info, features, "features");
  }

  /**
   * Loss and accuracy over a dataset; nothing is updated. In file order, or, where a run brings rows of a class together,
   * mixed as its batches are: a loss that compares rows says nothing of a batch of one class.
   */
  async evaluate(
    dataset: Dataset,
    options: Pick<TrainingOptions, "batch" | "perClass">,
    observe?: EvaluationObserver,
  ): Promise<Evaluation | RuntimeFault> {
    const info = this.#functionNamed("evaluate");
    if (info === undefined) return runFaults.missingFunction(this.executor.info.name, "evaluate");
    const unfit = noDataset(dataset) ?? batchFault(options);
    if (unfit !== undefined) return unfit;
    const { batch, perClass = 1 } = options;
    const rows = rowCount(dataset);
    if (rows === 0) return runFaults.noRows(dataset.source);
    const offered = info.outputs.map(({ name }) => name);
    const scored = offered.includes("accuracy") && offered.includes("predictions");
    const reads = offered.filter(
      (name) =>
        name === "loss" ||
        isMetric(name) ||
        (name === "predictions" && (scored || observe)) ||
        (name === "features" && observe),
    );
    const sums = sumMetrics();
    let loss = 0;
    let [correct, labelled] = [0, 0];
    const order = perClass === 1 ? undefined : rowsOfEpoch(dataset, evaluationSeed, 0, perClass);
    for (const places of consecutiveRows(rows, batch)) {
      const at = order === undefined ? places : places.map((place) => order[place] ?? 0);
      const gathered = gatherBatch(dataset, at);
      const outputs = await this.executor.call("evaluate", this.#inputs(info, gathered), reads);
      loss += scalarOf(outputs["loss"]) * at.length;
      sums.add(outputs, at.length);
      if (scored) correct += correctLabels(outputs["predictions"], gathered.labels[0]);
      labelled += gathered.labels[0]?.data.length ?? 0;
      observe?.(gathered, outputs);
    }
    return {
      loss: loss / rows,
      rows,
      ...(scored ? { accuracy: correct / labelled } : {}),
      ...sums.measured(),
    };
  }

  /** The run so far, as the bytes of a checkpoint. */
  async save(): Promise<Uint8Array> {
    return joinedBytes(
      this.checkpointOf({ progress: this.#progress, variables: await this.executor.read() }),
    );
  }

  /** Any moment of the run, as the bytes of a checkpoint, in parts. */
  checkpointOf({ progress, variables }: Snapshot): readonly Uint8Array[] {
    const { name, target } = this.executor.info;
    return checkpointParts({ program: name, target, seed: this.#seed, progress, variables });
  }

  /** Goes on from a checkpoint; a fault leaves everything as it was. */
  async load(bytes: Bytes, file?: string): Promise<RuntimeFault | undefined> {
    const checkpoint = decodeCheckpoint(bytes, file);
    if (isFault(checkpoint)) return checkpoint;
    const mismatch = checkpointMismatch(checkpoint, this.executor.info);
    if (mismatch !== undefined) return mismatch;
    await this.executor.write(checkpoint.variables);
    this.#seed = checkpoint.seed;
    this.#progress = checkpoint.progress;
    return undefined;
  }

  /**
   * Begins with the weights of another run, or of any safetensors file: those whose name and shape fit. The step and
   * the optimizer's state stay as they are; a fault leaves everything as it was.
   */
  async loadWeights(bytes: Bytes, file?: string): Promise<Weights | RuntimeFault> {
    const weights = weightsFor(this.executor.info, bytes, file);
    if (!isFault(weights)) await this.executor.write(weights.taken);
    return weights;
  }

  /**
   * A run over a dataset from where the trainer stands. Events arrive in order; each is awaited. Options or data that do not
   * fit, and a second run at once, are an outcome, `failed`.
   */
  async train(
    dataset: Dataset,
    options: TrainingOptions,
    onEvent: (event: TrainingEvent) => void | Promise<void> = () => undefined,
  ): Promise<TrainingOutcome> {
    if (this.#isRunning) return { kind: "failed", fault: runFaults.runUnderWay(this.executor.info.name) };
    this.#isRunning = true;
    try {
      return await runTraining(this, dataset, options, onEvent);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Frees the device; the trainer is of no use afterwards, and what is under way is rejected with an Error that says so. */
  dispose(): void {
    this.executor.dispose();
  }

  #functionNamed(name: string): FunctionInfo | undefined {
    return this.executor.info.functions.find((info) => info.name === name);
  }

  async #outputOf(info: FunctionInfo, given: RowInputs, name: string): Promise<HostTensor | undefined> {
    const inputs = this.#inputs(info, { features: isTensor(given) ? [given] : given, labels: [] });
    return (await this.executor.call(info.name, inputs, [name]))[name];
  }

  #inputs({ name, inputs: wanted }: FunctionInfo, batch: RowTensors): NamedTensors {
    const counters: Readonly<Record<string, number>> = {
      step: this.#progress.step,
      epoch: this.#progress.position.epoch,
      seed: this.#seed,
    };
    const inputs: Record<string, HostTensor> = {};
    for (const { name: counter, role } of wanted)
      if (role === "counter") inputs[counter] = counterTensor(counters[counter] ?? 0);
    return { ...inputs, ...feedsOf(this.executor.info, name, batch) };
  }
}

/** Rows as `predict` and `embed` take them: a tensor, or one for each input where there are several. */
export type RowInputs = HostTensor | readonly HostTensor[];

function isTensor(given: RowInputs): given is HostTensor {
  return !Array.isArray(given);
}

/** Evaluations of one dataset see its rows in one order, whatever the run's seed. */
const evaluationSeed = 0;

/** The dataset's features as tensors, for `predict` and `embed`. */
export function rowsOf(dataset: Dataset, rows: readonly number[]): OneOrMore<HostTensor> {
  return gatherBatch(dataset, rows).features;
}

function isStepResult(name: string): boolean {
  return name === "loss" || name === "accuracy" || isMetric(name) || name.startsWith(tracePrefix);
}

const tracePrefix = "trace:";

function stepResult(outputs: NamedTensors): StepResult {
  const sums = sumMetrics();
  sums.add(outputs, 1);
  const { metrics } = sums.measured();
  const accuracy = outputs["accuracy"];
  return {
    loss: scalarOf(outputs["loss"]),
    ...(accuracy === undefined ? {} : { accuracy: scalarOf(accuracy) }),
    ...(metrics === undefined ? {} : { metrics }),
    traces: named(outputs, tracePrefix),
  };
}

/** The scalars under a prefix, by the rest of their names. */
function named(outputs: NamedTensors, prefix: string): NamedNumbers {
  const under = Object.entries(outputs).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(under.map(([name, value]) => [name.slice(prefix.length), scalarOf(value)]));
}

function scalarOf(tensor: HostTensor | undefined): number {
  return tensor?.data[0] ?? NaN;
}

function counterTensor(value: number): HostTensor {
  return { dtype: "i32", shape: [], data: Int32Array.of(value) };
}

/** Labels whose prediction is their class. */
function correctLabels(predictions: HostTensor | undefined, labels: HostTensor | undefined): number {
  if (predictions === undefined || labels === undefined) return 0;
  let correct = 0;
  for (const [row, label] of labels.data.entries()) if (predictions.data[row] === label) correct++;
  return correct;
}
