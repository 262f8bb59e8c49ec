/** The sizes of a `train` for the batch that it names: none of them may be less than 0. */
import { type Dim, formulaOf, mayBeNegative, namesOfDim, sizeOfDim } from "../ir/dim.ts";
import { nodesOfGraph } from "../ir/node.ts";
import type { ProgramFunction } from "../program.ts";
import { negativeSize } from "../errors/check-train-inputs.ts";
import type { Span } from "../errors/span.ts";
import type { Frame } from "./frame.ts";
import { report } from "./report.ts";
import type { TrainSettings } from "./train-settings.ts";

/**
 * Tells of the first size that a whole batch makes less than 0: what is made of it has such sizes too. How many rows the
 * last batch of an epoch has, and how large axes are that only the data knows, the run says.
 */
export function checkBatch(
  frame: Frame,
  functions: readonly (ProgramFunction | undefined)[],
  { batch, spans }: Pick<TrainSettings, "batch" | "spans">,
  train: Span,
): void {
  for (const fn of functions) {
    if (fn === undefined) continue;
    const rows = rowNames(fn);
    const bindings = Object.fromEntries([...rows].map((name) => [name, batch]));
    const isNegative = (dim: Dim): boolean =>
      mayBeNegative(dim) &&
      [...namesOfDim(dim)].every((name) => rows.has(name)) &&
      sizeOfDim(dim, bindings) < 0;
    for (const { type, span: at } of nodesOfGraph(fn.graph)) {
      const dim = type.shape.find(isNegative);
      if (dim === undefined) continue;
      const facts = { batch, size: formulaOf(dim), value: sizeOfDim(dim, bindings), at, line: lineOf(dim) };
      report(frame, negativeSize.report({ span: spans["batch"] ?? train, ...facts }));
      return;
    }
  }
}

/** What the first axes of rows and labels are called. */
function rowNames({ inputs }: ProgramFunction): ReadonlySet<string> {
  const fed = inputs.filter(({ role }) => role !== "counter");
  return new Set(fed.flatMap(({ type }) => type.shape.slice(0, 1).flatMap((dim) => [...namesOfDim(dim)])));
}

/** A size that is so many times the rows and a number. */
function lineOf({ terms }: Dim): { readonly perRow: number; readonly number: number } | undefined {
  const [rows, ...others] = terms.filter(({ atoms }) => atoms.length > 0);
  if (rows === undefined || others.length > 0) return undefined;
  const [atom, ...more] = rows.atoms;
  if (atom?.kind !== "name" || more.length > 0) return undefined;
  const number = terms.find(({ atoms }) => atoms.length === 0)?.coefficient ?? 0;
  return { perRow: rows.coefficient, number };
}
