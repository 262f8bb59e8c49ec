/**
 * What rows may hold, whether they come from a file or from arrays: numbers that f32 arithmetic can go on with, labels
 * that are classes, and a mean and std that leave numbers. Each check names the first thing that is none of it.
 */
import type { Features } from "./dataset.ts";
import { type RuntimeFault, rowFaults } from "./errors.ts";

type Values = Pick<Features, "shape" | "data"> & Partial<Scale>;

/** Subtracted and divided by: one number, or as many as the last axis of a row has. */
export type Scale = Pick<Features, "mean" | "std">;

/** The first element, once it is scaled, that is no number or so large that its square is none in f32. */
export function valueFault(
  source: string,
  { shape, data, mean = [0], std = [1] }: Values,
): RuntimeFault | undefined {
  if (data.BYTES_PER_ELEMENT === 1) return undefined;
  const scaled = (value: number, at: number) =>
    (value - (mean[at % mean.length] ?? 0)) / (std[at % std.length] ?? 1);
  // What is small as it stands is not scaled: a remainder an element would cost more than all the rest.
  const at = data.findIndex((value, i) => !isUsable(value) && !isUsable(scaled(value, i)));
  if (at < 0) return undefined;
  const value = data[at] ?? NaN;
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  const describe = Number.isFinite(value) ? rowFaults.tooLarge : rowFaults.notFinite;
  const row = Math.floor(at / size);
  return describe(source, row, `element ${at % size} of row ${row}`, String(value));
}

function isUsable(value: number): boolean {
  return Math.abs(value) <= largestUsable;
}

/** Squares of such numbers can be summed: f32 ends at 3.4e38, and one infinity stays in a variance for ever. */
export const largestUsable = 1e18;

/** Which labels there may be. */
export interface LabelRange {
  readonly classes: number;
  /** A label of what belongs to no class. */
  readonly ignore?: number;
  /** Labels of one row; 1 unless given. */
  readonly perRow?: number;
}

/** The first label that is no class, named by its row. */
export function labelRangeFault(
  source: string,
  labels: ArrayLike<unknown>,
  { classes, ignore, perRow = 1 }: LabelRange,
): RuntimeFault | undefined {
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at];
    const isClass = isWhole(label) && label >= 0 && label < classes;
    if (isClass || (label === ignore && ignore !== undefined)) continue;
    const place = { row: Math.floor(at / perRow), ...(perRow === 1 ? {} : { element: at % perRow }) };
    return isWhole(label)
      ? rowFaults.labelRange(source, place, label, classes)
      : rowFaults.fractionLabel(source, place, label);
  }
  return undefined;
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/** Which of the two cannot scale rows of this shape, and what it must be. */
export function badScale(
  scale: Scale,
  shape: readonly number[],
): { readonly name: keyof Scale; readonly wanted: string } | undefined {
  const size = shape.at(-1) ?? 1;
  for (const name of ["mean", "std"] as const) {
    const values = scale[name];
    if (values.length !== 1 && values.length !== size)
      return { name, wanted: `one number or ${size} of them` };
    if (!values.every(Number.isFinite)) return { name, wanted: "a finite number" };
  }
  return scale.std.includes(0) ? { name: "std", wanted: "other than 0" } : undefined;
}
