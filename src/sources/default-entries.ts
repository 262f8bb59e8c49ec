/**
 * What of a file is compiled when nobody says: every `train` that it declares, or everything that can run and that it declares and
 * exports where there is none. What it imports is another file's.
 */
import type { CheckResult } from "../../compiler/check/index.ts";

export function defaultEntries({ entries }: CheckResult, file: string): readonly string[] {
  const own = entries.filter((entry) => entry.file === file);
  const trains = own.filter(({ kind }) => kind === "train");
  const chosen =
    trains.length > 0
      ? trains
      : own.filter(
          ({ kind, declaration }) =>
            (kind === "fn" || kind === "model" || kind === "loss") && declaration.exported,
        );
  return chosen.map(({ name }) => name);
}
