/**
 * Labels as classes, one rule for all readers: where all labels are numbers they are the numbers of the classes, whole
 * and 0…C-1; where one is none, all are names, which are numbered in the order of their code units, so that the
 * numbering never depends on the order of rows. Nothing is rounded on the way.
 */
import { labelRangeFault } from "../../runtime/check-rows.ts";
import { type Labels, rowSize } from "../../runtime/dataset.ts";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";

export function numberedClasses(
  file: string,
  { labels, shape = [labels.length] }: NumberedLabels,
  { classes, ignore }: ClassNumbering,
): Labels | RuntimeFault {
  const ignored = ignore === undefined ? {} : { ignore };
  const range = { classes, ...ignored, perRow: rowSize(shape) };
  const bad =
    (ignore === undefined ? fromOneFault(file, labels, classes) : undefined) ??
    labelRangeFault(file, labels, range);
  return bad ?? { ...classLabels(labels, shape), classes, ...ignored };
}

/** One a row, or of some shape a row. */
export interface NumberedLabels {
  readonly labels: ArrayLike<number>;
  /** [rows, …shape of one row] */
  readonly shape?: readonly number[];
}

export interface ClassNumbering {
  readonly classes: number;
  /** The label of what is no class. */
  readonly ignore?: number;
}

/** The texts have no blanks around them, and none is empty. */
export function textClasses(file: string, texts: readonly string[], classes: number): Labels | RuntimeFault {
  return texts.some(isDecimal) && texts.every((text) => isDecimal(text) || isNoNumber(text))
    ? numberedClasses(file, { labels: texts.map(numberOf) }, { classes })
    : namedClasses(file, texts, classes);
}

function namedClasses(file: string, texts: readonly string[], classes: number): Labels | RuntimeFault {
  const names = [...new Set(texts)].sort();
  if (names.length !== classes) return dataFaults.classCount(file, classes, names.length, names);
  const numbers = new Map(names.map((name, number) => [name, number]));
  const labels = texts.map((text) => numbers.get(text) ?? 0);
  return { ...classLabels(labels, [texts.length]), classes, classNames: names };
}

/** Masks of bytes stay bytes: they are as large as their images. */
function classLabels(labels: ArrayLike<number>, shape: readonly number[]): Labels {
  const isMask = labels instanceof Uint8Array && shape.length > 1;
  return { dtype: "i32", shape, data: isMask ? labels : Int32Array.from(labels) };
}

/** Numbers that other tools count from 1; another number of classes would leave class 0 empty. */
function fromOneFault(file: string, labels: ArrayLike<number>, classes: number): RuntimeFault | undefined {
  let [lowest, highest] = [Infinity, -Infinity];
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] ?? 0;
    if (!Number.isInteger(label)) return undefined;
    lowest = Math.min(lowest, label);
    highest = Math.max(highest, label);
  }
  return lowest === 1 && highest === classes ? dataFaults.labelsFromOne(file, classes) : undefined;
}

/** Decimal notation, as every reader of text takes numbers. */
export function isDecimal(text: string): boolean {
  return /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(text);
}

/** How tools write a number that is none; beside numbers it is no name of a class. */
export function isNoNumber(text: string): boolean {
  return /^[-+]?(?:nan|inf|infinity)$/i.test(text);
}

function numberOf(text: string): number {
  return Number(text.replace(/inf(?:inity)?$/i, "Infinity"));
}
