/**
 * A finished run opened at its checkpoint: its program compiled again from the sources that it was started with, its
 * parameters on the device, its data at hand. The command line and `openRun` are its two doors.
 */
import type { Program } from "../../compiler/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { TrainingInfo } from "../../runtime/program.ts";
import { type Trainer, createTrainer } from "../../runtime/trainer.ts";
import type { DataContext } from "../data/index.ts";
import type { EvaluationRecord } from "../looks/feature-look.ts";
import type { TrainingTarget } from "../executors/machine.ts";
import { type RunInfo, readCheckpointFile, readEvaluation, readRunInfo } from "./run-folder.ts";
import { type Source, keptSource } from "../sources/source.ts";
import { startExecutorOfRun, threadsFor } from "./start-executor.ts";

export interface TrainedRun {
  readonly info: RunInfo;
  readonly program: Program;
  readonly training: TrainingInfo;
  /** Whoever opened the run disposes it. */
  readonly trainer: Trainer;
  /** Where its data are. */
  readonly context: DataContext;
  /** Of each label what its classes are called, in the order of their numbers, null where they are numbers. */
  readonly labelNames?: NonNullable<EvaluationRecord["labelNames"]>;
}

export interface TrainedRunOptions {
  /** Where to run; `auto`, the default, is where it was trained, as far as this machine goes. */
  readonly target?: "auto" | TrainingTarget;
  /** On tfjs: threads for products and convolutions. */
  readonly threads?: number;
  /** Lines of the `train` that are to be others than in the run. */
  readonly set?: Readonly<Record<string, string>>;
  /** That of the end, the default, or of the best evaluation. */
  readonly checkpoint?: "last" | "best";
  /** Rows to take at most. */
  readonly limit?: number;
}

/** What differs between the doors: how mistakes in the sources are told, and who listens. */
export interface RunDoor {
  readonly programOf: (
    source: Source,
    info: RunInfo,
    set: Readonly<Record<string, string>>,
  ) => Promise<Program | RuntimeFault>;
  /** Hears what people should know of an entry: `note("Iris", "was trained on a GPU, …")`. */
  readonly note: (entry: string, text: string) => void;
  /** Hears how many of how many data files are read. */
  readonly onRead?: (entry: string) => NonNullable<DataContext["onRead"]>;
}

/** Throws `TargetUnavailable` or a `DeviceFault` where the target does not start here. */
export async function openTrainedRun(
  folder: string,
  { target, threads, set, checkpoint: which, limit }: TrainedRunOptions,
  door: RunDoor,
): Promise<TrainedRun | RuntimeFault> {
  const info = readRunInfo(folder);
  if (isFault(info)) return info;
  const checkpoint = readCheckpointFile(folder, which);
  if (isFault(checkpoint)) return checkpoint;
  const source = keptSource(info);
  const program = await door.programOf(source, info, { ...info.settings, ...set });
  if (isFault(program)) return program;
  const { training } = program;
  if (training === undefined) throw new Error(`${info.entry} is no train`);
  const note = (text: string): void => door.note(info.entry, text);
  const asked = { ...(target === undefined ? {} : { target }), threads: threads ?? threadsFor(program) };
  const executor = await startExecutorOfRun(program, info, source, asked, note);
  const trainer = await createTrainer(executor, info.seed);
  if (isFault(trainer)) return trainer;
  const unread = await trainer.load(checkpoint, folder);
  if (unread !== undefined) {
    trainer.dispose();
    return unread;
  }
  const context: DataContext = {
    directory: source.directory,
    root: source.root,
    ...(limit === undefined ? {} : { limit }),
    ...(door.onRead === undefined ? {} : { onRead: door.onRead(info.entry) }),
    note,
  };
  const labelNames = readEvaluation(folder)?.labelNames;
  return {
    info,
    program,
    training,
    trainer,
    context,
    ...(labelNames === undefined ? {} : { labelNames }),
  };
}
