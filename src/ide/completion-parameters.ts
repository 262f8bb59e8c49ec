/**
 * Names of parameters between the quotes of `only("…")`: those of the program that the `train` around makes, with every
 * beginning up to a point. The optimizer that is being written says nothing about them, so another one stands in for it.
 */
import { elaborateCheckedEntry } from "../../compiler/check/index.ts";
import { pathsTo } from "../../compiler/check/optimizers.ts";
import { printType } from "../../compiler/ir/type.ts";
import type { ProgramVariable } from "../../compiler/program.ts";
import { aroundAt } from "./around.ts";
import type { Choice } from "./completion.ts";
import type { Analysis, Documents } from "./documents.ts";

/** What comes first is what the models learn, in the order of their bodies; what the loss learns comes last. */
export function parametersOffered(
  documents: Documents,
  analysis: Analysis,
  start: number,
): readonly Choice[] {
  const { declaration } = aroundAt(analysis, start);
  if (declaration?.kind !== "train") return [];
  const learned = parametersOf(documents, analysis, declaration.name.name);
  const paths = new Set(learned.flatMap(({ name }) => pathsTo(name)));
  return [...paths].map((path) => ({ label: path, kind: "value", detail: detailOf(path, learned) }));
}

/** A text that is being written may lack what stands behind the cursor, and how long a run is changes no name. */
const standIns = { optimizer: "frozen()", epochs: "1", metrics: "[]" };

function parametersOf(
  { workspace }: Documents,
  { file }: Analysis,
  train: string,
): readonly ProgramVariable[] {
  const { program } = elaborateCheckedEntry(workspace, file, train, { set: standIns });
  return program?.variables.filter(({ kind }) => kind === "parameter") ?? [];
}

function detailOf(path: string, learned: readonly ProgramVariable[]): string {
  const own = learned.find(({ name }) => name === path);
  if (own !== undefined) return printType(own.type);
  const count = learned.filter(({ name }) => name.startsWith(`${path}.`)).length;
  return `${count} ${count === 1 ? "parameter" : "parameters"}`;
}
