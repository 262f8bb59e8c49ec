/** The words for what can be wrong with the folder of a run: one entry a fault, facts in, sentence out. */
import { fault } from "../../runtime/errors.ts";

export const folderFaults = {
  weightsUnreadable: (path: string, reason: string) =>
    fault(
      "M0614",
      `cannot read the weights ${path}: ${reason}`,
      "give the folder of a run, or a safetensors file",
      { file: path },
    ),
  outputUnwritable: (path: string, reason: string) =>
    fault(
      "M0620",
      `cannot write ${path}: ${reason}`,
      "free some space or choose another folder with --out; earlier files there are whole",
      { file: path },
    ),
  runBusy: (path: string, process: number, lock: string) =>
    fault(
      "M0622",
      `another run is writing to ${path} (process ${process})`,
      `wait until it ends, or choose another folder with --out; if there is no such run, delete ${lock}`,
      { file: path },
    ),
  /** `info` is what every run has from the first. */
  notOfARun: (path: string, name: string, info: string) =>
    fault(
      "M0627",
      `${path} has a ${name}, but no ${info}, so no run wrote it`,
      "choose another folder with --out, or move the file away",
      { file: path },
    ),
  noBest: (path: string) =>
    fault(
      "M0624",
      `the run ${path} knows no best moment: it had neither validation nor verification`,
      "leave --best out",
      { file: path },
    ),
  missingRows: (asked: string, others: readonly string[]) =>
    fault(
      "M0623",
      `the run names no ${asked}`,
      `name the rows with --set '${asked}=…', or take its ${others.join(" or ")}`,
    ),
  missingModel: (program: string, asked: string, names: readonly string[]) =>
    fault(
      "M0628",
      `${program} has no model ${asked}`,
      names.length === 0 ? "it has only one, which needs no name" : `it has ${names.join(" and ")}`,
    ),
  /** `runs` are folders of runs in there, where it is no run itself. */
  runUnreadable: (path: string, reason: string, runs: readonly string[] = []) =>
    fault(
      "M0621",
      `cannot read the run ${path}: ${reason}`,
      runs.length === 0
        ? "give the folder of a run that `margo train` wrote"
        : `give one of the runs in there: ${runs.join(", ")}`,
      {
        file: path,
      },
    ),
} as const;
