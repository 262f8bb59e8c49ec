/**
 * What can go wrong while a program runs or its data is read, as values: a code, a sentence in the
 * user's words, a way out, and a place (file, row, step) where there is one. Functions return faults;
 * nothing here throws. The words of the training loop and of weight files live in this file, those of
 * the data readers beside the readers.
 */

export interface RuntimeFault {
  readonly kind: "fault";
  /** `M07xx` for data, `M06xx` for a run: stable for ever. */
  readonly code: string;
  readonly message: string;
  readonly help: string;
  /** As the user wrote it, or the path that was opened. */
  readonly file?: string;
  /** Row of the dataset, counted from 0. */
  readonly row?: number;
  /** The training step, counted from 1. */
  readonly step?: number;
}

/** Where a fault happened, as far as it is known. */
export interface FaultPlace {
  readonly file?: string;
  readonly row?: number;
  readonly step?: number;
}

export function isFault(value: unknown): value is RuntimeFault {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "fault";
}

export function fault(code: string, message: string, help: string, place: FaultPlace = {}): RuntimeFault {
  return { kind: "fault", code, message, help, ...place };
}

function firstOf(names: readonly string[]): string {
  return names.length === 0 ? "none" : `${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}`;
}

/** The faults of a run. Each entry takes facts and owns the words. */
export const runFaults = {
  nonFiniteLoss: (step: number, rows: readonly number[], loss: number) =>
    fault(
      "M0601",
      `the loss became ${loss} in step ${step}, on a batch of ${rows.length} ${rows.length === 1 ? "row" : "rows"}`,
      "lower the learning rate, clip the gradient's norm, or look for a division, log or exp that can leave its range",
      { step },
    ),
  nonFiniteParameter: (step: number, name: string) =>
    fault(
      "M0605",
      `${name} held what is no number after step ${step}, though the loss was one`,
      "lower the learning rate, clip the gradient's norm, or look for a division, log or exp that can leave its range",
      { step },
    ),
  missingFunction: (program: string, name: string) =>
    fault(
      "M0602",
      `${program} has no function "${name}"`,
      "only a `train` declaration can be trained and evaluated: name one with --entry",
    ),
  noRows: (what: string) => fault("M0603", `${what} has no rows`, "give a data file with at least one row"),
  badSetting: (name: string, value: number, wanted: string) =>
    fault("M0604", `${name} is ${value}, but it must be ${wanted}`, `set ${name} to a value that fits`),
  noClassesToGroup: (source: string) =>
    fault(
      "M0606",
      `${source} names no classes, and several rows of a class are to come together`,
      "say how many classes its labels name (classes: …), or leave per_class out",
      { file: source },
    ),
  notSafetensors: (reason: string, file?: string) =>
    fault(
      "M0610",
      `this is no whole safetensors file: ${reason}`,
      "the file may be cut off or of another kind; give the folder of a run, or another copy of the file",
      file === undefined ? {} : { file },
    ),
  notACheckpoint: (reason: string, file?: string) =>
    fault(
      "M0611",
      `this file is not a Margo checkpoint: ${reason}`,
      "give the folder of a run that `margo train` wrote",
      file === undefined ? {} : { file },
    ),
  checkpointMismatch: (reason: string) =>
    fault(
      "M0612",
      `the checkpoint belongs to another program: ${reason}`,
      "resume with the source and settings that the run was started with, or start a new run",
    ),
  noWeights: (program: string, wanted: readonly string[], found: readonly string[], file?: string) =>
    fault(
      "M0613",
      `nothing in these weights has both the name and the shape of a variable of ${program}`,
      `it wants ${firstOf(wanted)}, and there are ${firstOf(found)}`,
      file === undefined ? {} : { file },
    ),
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

type Shape = readonly (number | string)[];

/** Where data and program do not fit. */
export const fitFaults = {
  rowShape: (file: string, input: string, own: Shape, wanted: Shape) =>
    fault(
      "M0720",
      `${file} has rows of shape [${own.join(", ")}], but "${input}" takes rows of shape [${wanted.join(", ")}]`,
      `change the shape of "${input}" in the model, or give data of its shape`,
      { file },
    ),
  labelShape: (file: string, input: string, own: Shape, wanted: Shape) =>
    fault(
      "M0730",
      `${file} has labels of shape [${own.join(", ")}] a row, but "${input}" takes [${wanted.join(", ")}]`,
      `change the shape of "${input}" in the loss, or give labels of its shape`,
      { file },
    ),
  notWhole: (file: string, input: string) =>
    fault(
      "M0721",
      `${file} holds fractions, but "${input}" takes whole numbers (i32)`,
      `write f32[…] for the type of "${input}", or give integer data`,
      { file },
    ),
  noLabels: (file: string, input: string) =>
    fault(
      "M0722",
      `${file} has no labels, but the loss takes "${input}"`,
      "name a file or column of labels",
      {
        file,
      },
    ),
  fractionLabels: (file: string, input: string, bound: number) =>
    fault(
      "M0723",
      `the labels of ${file} are fractions, but "${input}" takes classes 0…${bound - 1}`,
      "give whole numbers as labels",
      { file },
    ),
  classCount: (file: string, found: number, bound: number) =>
    fault(
      "M0724",
      `${file} has ${found} classes, but the program was compiled for ${bound}`,
      `write classes: ${found} for the data, or ${bound} classes for both`,
      { file },
    ),
  labelRange: (file: string, row: number, label: number, classes: number) =>
    fault(
      "M0725",
      `the label of row ${row} of ${file} is ${label}, but with ${classes} classes labels are 0…${classes - 1}`,
      `correct the row (rows count from 0)${label < classes || label >= 2 ** 31 ? "" : `, or write classes: ${label + 1} if there are more classes`}`,
      { file, row },
    ),
} as const;
