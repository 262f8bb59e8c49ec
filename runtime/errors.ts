/**
 * What can go wrong while a program runs or its data is read, as values: a code, a sentence in the
 * user's words, a way out, and a place (file, row, step) where there is one. Functions return faults;
 * nothing here throws. The words of the training loop and of weight files live in this file, since a page
 * downloads them; those of the data readers and of folders of runs live beside these.
 */

/**
 * What is wrong with data, settings or weights, as a value in place of the result: ask `isFault` before you go on.
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

/** Whether there is a fault in place of a result: `if (isFault(trainer)) throw new Error(trainer.message)`. */
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
  badSetting: (name: string, value: unknown, wanted: string) =>
    fault(
      "M0604",
      `${name} is ${String(value)}, but it must be ${wanted}`,
      `set ${name} to a value that fits`,
    ),
  runUnderWay: (program: string) =>
    fault(
      "M0607",
      `a run of this trainer of ${program} is under way`,
      "wait for its outcome, or end it with the signal that it was given",
    ),
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
} as const;

type Shape = readonly (number | string)[];

/** A row, and where it has several labels the number of one of them. */
interface LabelPlace {
  readonly row: number;
  readonly element?: number;
}

function labelAt({ row, element }: LabelPlace): string {
  return element === undefined ? `the label of row ${row}` : `label ${element} of row ${row}`;
}

/** What rows cannot hold, whether they come from a file or from arrays. */
export const rowFaults = {
  /** `place` says where: element 3 of row 12. */
  notFinite: (file: string, row: number, place: string, value: string) =>
    fault(
      "M0714",
      `${place} of ${file} is ${value}`,
      "remove the row or fill the value in (rows count from 0)",
      { file, row },
    ),
  tooLarge: (file: string, row: number, place: string, value: string) =>
    fault(
      "M0750",
      `${place} of ${file} is ${value}: past 1e18, after mean and std, squares leave f32`,
      "correct the row (rows count from 0), or bring the values near 1 with mean and std",
      { file, row },
    ),
  fractionLabel: (file: string, place: LabelPlace, value: unknown) =>
    fault(
      "M0719",
      `${labelAt(place)} of ${file} is ${String(value)}, not a whole number`,
      "leave classes: out for a loss on values, or correct the label",
      { file, row: place.row },
    ),
  labelRange: (file: string, place: LabelPlace, label: number, classes: number) =>
    fault(
      "M0725",
      `${labelAt(place)} of ${file} is ${label}, but with ${classes} classes labels are 0…${classes - 1}`,
      [
        "correct the row (rows count from 0)",
        ...(label < classes || label >= 2 ** 31
          ? []
          : [`write classes: ${label + 1} if there are more classes`]),
        ...(place.element === undefined
          ? []
          : [`write ignore: ${label} if it marks what belongs to no class`]),
      ].join(", or "),
      { file, row: place.row },
    ),
  noNumbers: (source: string) =>
    fault(
      "M0751",
      `the features of ${source} are no array of numbers that a batch can be gathered from`,
      "give a Float32Array, an Int32Array or a Uint8Array with row after row: Float32Array.from(rows.flat())",
    ),
  brokenRow: (source: string, elements: number, shape: Shape) =>
    fault(
      "M0731",
      `${source} has ${elements} elements, which is no whole number of rows of shape [${shape.join(", ")}]`,
      "give the shape of one row, without the number of rows",
    ),
  rowsDiffer: (source: string, rows: number, other: string, others: number) =>
    fault(
      "M0762",
      `${source} has ${rows} rows and ${other} has ${others}`,
      "give as many in each: the n-th row of one belongs to the n-th of the other",
      { file: other },
    ),
  labelCount: (source: string, labels: number, rows: number) =>
    fault("M0732", `${source} has ${labels} labels for ${rows} rows`, "give one label for each row"),
} as const;

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
  arrayCount: (file: string, found: number, wanted: readonly string[]) =>
    fault(
      "M0761",
      `${file} gives ${found} ${found === 1 ? "array" : "arrays"} of features, but the program takes ${wanted.length}: ${wanted.join(", ")}`,
      "give one array for each input of the models",
      { file },
    ),
  noLabels: (file: string, input: string, found: number) =>
    fault(
      "M0722",
      `${file} has ${found === 0 ? "no labels" : `labels for ${found} ${found === 1 ? "input" : "inputs"}`}, but the loss takes "${input}"`,
      "name a file or column of labels for each input of the loss",
      { file },
    ),
  ignoredLabels: (file: string, input: string, bound: number, ignore: number) =>
    fault(
      "M0757",
      `${file} has labels that are no class (ignore: ${ignore}), but "${input}" takes classes 0…${bound - 1}`,
      `take them as \`${input}: i32[N, ...]\` in the loss and leave ${ignore} out there, as pixel_cross_entropy and lovasz_softmax do`,
      { file },
    ),
  /** `row` is the first fraction, or -1. */
  fractionLabels: (file: string, input: string, bound: number, row: number) =>
    fault(
      "M0723",
      `the labels of ${file} are fractions${row < 0 ? "" : `, the first in row ${row}`}, but "${input}" takes classes 0…${bound - 1}`,
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
} as const;
