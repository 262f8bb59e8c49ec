/**
 * How large an entry is: the numbers that it learns and the arithmetic of one call, counted on its graph. Free
 * dimensions stay names; where everything grows with one of them alone, as with the batch, the count is told per row.
 */
import { elaborateCheckedEntry } from "../../compiler/check/index.ts";
import { flopsOfFunction, parameterCount } from "../../compiler/flops.ts";
import {
  type Dim,
  constantDim,
  knownSize,
  multiplyDims,
  namesOfDim,
  sameDim,
  substituteDim,
} from "../../compiler/ir/dim.ts";
import { count } from "../report/numbers.ts";
import { isCompilable } from "./compilable.ts";
import type { Documents } from "./documents.ts";

export interface EntrySize {
  readonly parameters: Dim;
  readonly flops: Dim;
}

/** Undefined where the entry does not check, or has no value of its own. Settings without a default stay names. */
export function sizeOfEntry(documents: Documents, file: string, name: string): EntrySize | undefined {
  const known = sizesOf(documents);
  const key = `${file} ${name}`;
  if (!known.has(key)) known.set(key, counted(documents, file, name));
  return known.get(key);
}

/** Sizes at one state of the texts; an edit makes them all stale. */
interface Sizes {
  readonly revision: number;
  readonly byEntry: Map<string, EntrySize | undefined>;
}

const kept = new WeakMap<Documents, Sizes>();

function sizesOf(documents: Documents): Map<string, EntrySize | undefined> {
  const { revision } = documents;
  const known = kept.get(documents);
  if (known?.revision === revision) return known.byEntry;
  const byEntry = new Map<string, EntrySize | undefined>();
  kept.set(documents, { revision, byEntry });
  return byEntry;
}

function counted(documents: Documents, file: string, name: string): EntrySize | undefined {
  if (isCompilable(documents, file, name).kind !== "compilable") return undefined;
  const { program } = elaborateCheckedEntry(documents.workspace, file, name, { openSettings: true });
  const fn = program?.functions.find((one) => one.name === "value");
  if (program === undefined || fn === undefined) return undefined;
  return { parameters: parameterCount(program), flops: flopsOfFunction(program, fn) };
}

/** `7,850 parameters · 15.7 kFLOP a row` */
export function sizeText({ parameters, flops }: EntrySize): string {
  const learned = knownSize(parameters);
  const numbers = learned === undefined ? printed(parameters) : count(learned);
  return `${numbers} ${learned === 1 ? "parameter" : "parameters"} · ${flopsText(flops)}`;
}

export function flopsText(flops: Dim): string {
  const total = knownSize(flops);
  if (total !== undefined) return scaled(total);
  const row = perRow(flops);
  if (row === undefined) return `${printed(flops)} FLOP`;
  const known = knownSize(row);
  return known === undefined ? `${printed(row)} FLOP a row` : `${scaled(known)} a row`;
}

/** Products as people write them: `2·K·units`. */
function printed({ key }: Dim): string {
  return key.replace(/\d+/g, (digits) => count(Number(digits))).replaceAll("*", "·");
}

/** What one more of the only free name costs: the size at 1, if it is that many times as large at any. */
function perRow(dim: Dim): Dim | undefined {
  const linear = [...namesOfDim(dim)].filter((name) => isLinearIn(dim, name));
  // The batch is called N everywhere; elsewhere one candidate must be the only one.
  const name = linear.includes("N") ? "N" : linear.length === 1 ? linear[0] : undefined;
  return name === undefined ? undefined : at(dim, name, 1);
}

function isLinearIn(dim: Dim, name: string): boolean {
  const one = at(dim, name, 1);
  return [0, 2, 3].every((size) => sameDim(at(dim, name, size), multiplyDims(constantDim(size), one)));
}

function at(dim: Dim, name: string, size: number): Dim {
  return substituteDim(dim, (one) => (one === name ? constantDim(size) : undefined));
}

const units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"];

/** Three digits are enough for a sense of it. */
function scaled(flops: number): string {
  const power = flops < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(flops) / 3));
  return `${Number((flops / 1000 ** power).toPrecision(3))} ${units[power] ?? ""}`;
}
