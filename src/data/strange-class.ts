/**
 * Whether rows have the classes that were trained, by what these are called. Names are numbered anew in each file, so another
 * name, or a number, would pass for one of them.
 */
import type { Dataset } from "../../runtime/dataset.ts";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";

/** `trained` has the names of each label's classes, null where they are numbers or values. */
export function strangeClass(
  dataset: Dataset,
  trained: readonly (readonly string[] | null)[],
  what: string,
): RuntimeFault | undefined {
  for (const [at, { source = dataset.source, classes, classNames }] of dataset.labels.entries()) {
    const names = trained[at];
    if (classes === undefined || names === undefined || (names === null && classNames === undefined))
      continue;
    if (names === null || classNames === undefined)
      return dataFaults.strangeClass(source, classNames?.[0] ?? "0", what);
    const strange = classNames.find((name) => !names.includes(name));
    if (strange !== undefined) return dataFaults.strangeClass(source, strange, what);
  }
  return undefined;
}
