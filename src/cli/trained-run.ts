/** A finished run opened at its checkpoint: its program compiled again, its parameters on the device, its data at hand. */
import type { Program } from "../../compiler/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { TrainingInfo } from "../../runtime/program.ts";
import { type Trainer, createTrainer } from "../../runtime/trainer.ts";
import type { DataContext } from "../data/index.ts";
import type { TrainingTarget } from "../machine.ts";
import { type RunInfo, readCheckpointFile, readRunInfo } from "../run-folder.ts";
import { showReading } from "./progress.ts";
import { programOf, sourceOfRun } from "./source.ts";
import { startExecutorOfRun } from "./start-executor.ts";
import { say } from "./terminal.ts";

export interface TrainedRun {
  readonly info: RunInfo;
  readonly program: Program;
  readonly training: TrainingInfo;
  readonly trainer: Trainer;
  /** Where its data are. */
  readonly context: DataContext;
}

export interface TrainedRunOptions {
  /** Where to run; `auto` is where it was trained, as far as this machine goes. */
  readonly target?: "auto" | TrainingTarget;
  /** Lines of the `train` that are to be others than in the run. */
  readonly set?: Readonly<Record<string, string>>;
  /** The checkpoint of the best evaluation, and not of the end. */
  readonly best?: true;
  /** Rows to take at most. */
  readonly limit?: number;
}

/** Opens the run for the time of `use`. */
export async function withTrainedRun<T>(
  folder: string,
  { target, set, best, limit }: TrainedRunOptions,
  use: (run: TrainedRun) => Promise<T | RuntimeFault>,
): Promise<T | RuntimeFault> {
  const info = readRunInfo(folder);
  if (isFault(info)) return info;
  const checkpoint = readCheckpointFile(folder, best === true ? "best" : "last");
  if (isFault(checkpoint)) return checkpoint;
  const source = sourceOfRun(info);
  const program = await programOf(source, info.entry, { set: { ...info.settings, ...set } });
  const { training } = program;
  if (training === undefined) throw new Error(`${info.entry} is no train`);
  const executor = await startExecutorOfRun(program, info, source, target);
  const trainer = await createTrainer(executor, info.seed);
  if (isFault(trainer)) return trainer;
  try {
    const unread = await trainer.load(checkpoint, folder);
    if (unread !== undefined) return unread;
    const context: DataContext = {
      directory: source.directory,
      root: source.root,
      ...(limit === undefined ? {} : { limit }),
      onRead: showReading(info.entry),
      note: (text) => say(`${info.entry} ${text}`),
    };
    return await use({ info, program, training, trainer, context });
  } finally {
    trainer.dispose();
  }
}
