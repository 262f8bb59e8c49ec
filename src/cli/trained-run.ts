/** A finished run at the command line: opened for the time of a command, its mistakes and notes told at the terminal. */
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { type TrainedRun, type TrainedRunOptions, openTrainedRun } from "../runs/trained-run.ts";
import { showReading } from "./progress.ts";
import { programOf } from "./source.ts";
import { refuseForOtherTarget } from "./target-flags.ts";
import { say } from "./terminal.ts";

export interface RunFlags extends Omit<TrainedRunOptions, "checkpoint"> {
  /** The checkpoint of the best evaluation, and not of the end. */
  readonly best?: true;
}

/** Opens the run for the time of `use`. */
export async function withTrainedRun<T>(
  folder: string,
  { best, ...options }: RunFlags,
  use: (run: TrainedRun) => Promise<T | RuntimeFault>,
): Promise<T | RuntimeFault> {
  const { target = "auto", threads } = options;
  if (threads !== undefined && target !== "auto" && target !== "tfjs")
    refuseForOtherTarget("--threads", "tfjs", target);
  const run = await openTrainedRun(
    folder,
    { ...options, checkpoint: best === true ? "best" : "last" },
    {
      programOf: (source, { entry }, set) => programOf(source, entry, { set }),
      note: (entry, text) => say(`${entry} ${text}`),
      onRead: showReading,
    },
  );
  if (isFault(run)) return run;
  try {
    return await use(run);
  } finally {
    run.trainer.dispose();
  }
}
