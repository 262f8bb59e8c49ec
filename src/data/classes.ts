/**
 * Samples that come by class, as files and folders give them: which classes are taken, in the order of their names, and
 * which samples of each. What is held out depends on nothing but the position in its class.
 */
import type { Labels } from "../../runtime/dataset.ts";
import { type RuntimeFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import type { OptionsOf } from "./options.ts";
import type { classOptions } from "./settings.ts";

export type ClassOptions = OptionsOf<typeof classOptions>;

export interface NamedSamples<T> {
  readonly name: string;
  readonly samples: readonly T[];
}

export interface ChosenSamples<T> {
  readonly classNames: readonly string[];
  readonly rows: readonly { readonly sample: T; readonly label: number }[];
}

/** Classes with fewer than `fewest` samples are as if they were not there. */
export function chooseSamples<T>(
  file: string,
  found: readonly NamedSamples<T>[],
  options: ClassOptions,
  fewest: number,
): ChosenSamples<T> | RuntimeFault {
  const { first = 1 } = options;
  const usable = found
    .filter(({ samples }) => samples.length >= fewest)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (usable.length === 0 && found.length > 0) return dataFaults.tooFewSamples(file, fewest);
  if (first > Math.max(usable.length, 1)) return dataFaults.firstPast(file, first, usable.length);
  const { classes = usable.length - first + 1 } = options;
  const chosen = usable.slice(first - 1, first - 1 + classes);
  const classNames = chosen.map(({ name }) => name);
  if (chosen.length !== classes || classes < 1)
    return dataFaults.classCount(file, Math.max(classes, 1), chosen.length, classNames);
  const rows = chosen.flatMap(({ samples }, label) =>
    partOf(samples, options).map((sample) => ({ sample, label })),
  );
  return { classNames, rows };
}

/** The class of each row, by its place among the names. */
export function namedLabels(labels: readonly number[], classNames: readonly string[]): Labels {
  const data = Int32Array.from(labels);
  return { dtype: "i32", shape: [data.length], data, classes: classNames.length, classNames };
}

/** Held-out samples lie evenly among the others, as many of each class as the share says. */
export function partOf<T>(
  samples: readonly T[],
  { part = "all", holdout = 0.2 }: ClassOptions,
): readonly T[] {
  if (part === "all") return samples;
  const held = (at: number) => Math.floor((at + 1) * holdout) > Math.floor(at * holdout);
  return samples.filter((_, at) => held(at) === (part === "holdout"));
}
