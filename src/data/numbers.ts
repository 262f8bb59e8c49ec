/**
 * Numbers of a file as exactly as it has them, and which of them can be trained on. A dataset holds f32 at most, so
 * whether a number is too large, or a label whole, is asked before anything is rounded.
 */
import { largestUsable } from "../../runtime/check-rows.ts";
import { rowFaults } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import type { Normalisation } from "./options.ts";

/** Whole numbers that i32 does not hold are doubles; beyond 2⁵³ those are the nearest, which is far beyond any class. */
export type Numbers = Uint8Array | Int32Array | Float32Array | Float64Array;

/** Elements one by one; much faster than `from` on millions of them. */
export function floats(count: number, at: (i: number) => number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = at(i);
  return values;
}

export function doubles(count: number, at: (i: number) => number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = at(i);
  return values;
}

export function integers(count: number, at: (i: number) => number): Int32Array {
  const values = new Int32Array(count);
  for (let i = 0; i < count; i++) values[i] = at(i);
  return values;
}

/** Whole numbers as i32 where all of them fit. */
export function wideIntegers(count: number, at: (i: number) => number): Int32Array | Float64Array {
  const wide = doubles(count, at);
  return wide.every((value) => value === (value | 0)) ? Int32Array.from(wide) : wide;
}

/** What keeps a number from being trained on. */
export type Unusable = "not finite" | "beyond f32" | "too large";

/** A feature becomes (value - mean) / std; one infinity among lengths or variances stays there for ever. */
export function whyUnusable(value: number, mean: number, std: number): Unusable | undefined {
  if (!Number.isFinite(value)) return "not finite";
  if (!Number.isFinite(Math.fround(value))) return "beyond f32";
  return Math.abs((value - mean) / std) <= largestUsable ? undefined : "too large";
}

/** The first number that cannot be trained on. */
export function firstUnusable(
  data: Numbers,
  { mean, std }: Normalisation,
): { readonly at: number; readonly why: Unusable } | undefined {
  if (allUsable(data, { mean, std })) return undefined;
  for (const [at, value] of data.entries()) {
    const why = whyUnusable(value, mean[at % mean.length] ?? 0, std[at % std.length] ?? 1);
    if (why !== undefined) return { at, why };
  }
  return undefined;
}

/** The words for each reason. */
export const unusableFaults = {
  "not finite": rowFaults.notFinite,
  "beyond f32": dataFaults.beyondF32,
  "too large": rowFaults.tooLarge,
} as const satisfies { readonly [U in Unusable]: typeof rowFaults.notFinite };

/** Decided by the largest magnitude alone: a remainder an element would cost more than all the rest. */
function allUsable(data: Numbers, { mean, std }: Normalisation): boolean {
  const farthest = Math.max(...mean.map(Math.abs));
  const narrowest = Math.min(...std.map(Math.abs), 1);
  return largestMagnitude(data) + farthest <= largestUsable * narrowest;
}

/** Of the numbers, or of all that their type can hold; infinite where one is not a number. */
function largestMagnitude(data: Numbers): number {
  if (data instanceof Uint8Array) return 2 ** 8 - 1;
  if (data instanceof Int32Array) return 2 ** 31;
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const magnitude = Math.abs(data[i] ?? 0);
    if (!(magnitude <= largest)) largest = Number.isNaN(magnitude) ? Infinity : magnitude;
  }
  return largest;
}
