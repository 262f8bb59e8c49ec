/** Every kind of mistake that checking can report, by code. The list is what docs/errors.md and its test walk. */
import * as axes from "./check-axes.ts";
import * as imports from "./check-imports.ts";
import * as losses from "./check-losses.ts";
import * as names from "./check-names.ts";
import * as settings from "./check-settings.ts";
import * as training from "./check-train.ts";
import * as trainingInputs from "./check-train-inputs.ts";
import * as types from "./check-types.ts";
import type { ErrorEntry } from "./entry.ts";
import * as syntax from "./syntax.ts";

export const errorEntries: readonly ErrorEntry<never>[] = [
  syntax,
  names,
  imports,
  types,
  axes,
  settings,
  losses,
  training,
  trainingInputs,
]
  .flatMap((family): readonly unknown[] => Object.values(family))
  .filter(isEntry)
  .sort((a, b) => (a.code < b.code ? -1 : 1));

/** The modules also export helpers, which have no code. */
function isEntry(exported: unknown): exported is ErrorEntry<never> {
  return typeof exported === "object" && exported !== null && "code" in exported && "report" in exported;
}
