/** What of a file is compiled when nobody says: every `train`, or every exported thing that can run where there is none. */
import type { CheckResult } from "../compiler/check/index.ts";

export function defaultEntries({ entries }: CheckResult): readonly string[] {
  const trains = entries.filter(({ kind }) => kind === "train");
  const chosen =
    trains.length > 0
      ? trains
      : entries.filter(
          ({ kind, declaration }) =>
            (kind === "fn" || kind === "model" || kind === "loss") && declaration.exported,
        );
  return chosen.map(({ name }) => name);
}
