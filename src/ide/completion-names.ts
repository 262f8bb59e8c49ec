/** Names that are there: of the body, of its kind of declaration, of the file, and the builtins. */
import { isReaderName } from "../../compiler/check/builtins/data.ts";
import { builtinNames, builtins } from "../../compiler/check/builtins/table.ts";
import {
  type LoadedModule,
  type NamedDeclaration,
  loadModule,
  resolveGlobal,
} from "../../compiler/check/workspace.ts";
import type { Around } from "./around.ts";
import { localsAt } from "./around.ts";
import type { Choice, ChoiceKind, Wanted } from "./completion.ts";
import type { Analysis, Documents } from "./documents.ts";
import type { LocalKind } from "./names.ts";
import { headOf } from "./signatures.ts";
import { type Place, readingsIn } from "./vocabulary.ts";

export function localsOffered(analysis: Analysis, around: Around, start: number): readonly Choice[] {
  return localsAt(analysis, around, start).flatMap(({ target }) =>
    target.kind === "local" ? [{ label: target.name, kind: kinds[target.local], detail: target.local }] : [],
  );
}

const kinds: { readonly [K in LocalKind]: ChoiceKind } = {
  setting: "variable",
  input: "variable",
  let: "variable",
  param: "variable",
  state: "variable",
  dimension: "type",
};

export function readingsOffered(place: Place): readonly Choice[] {
  return readingsIn(place).map(({ name, type, doc }) => ({
    label: name,
    kind: "constant",
    detail: type,
    doc,
  }));
}

export function declarationsOffered(
  { workspace }: Documents,
  { module }: Analysis,
  wanted: Wanted,
): readonly Choice[] {
  const names = [...module.declarations.keys(), ...module.imports.keys()];
  return names.flatMap((label) => {
    const resolved = resolveGlobal(workspace, module, label);
    if (resolved === undefined || label === "") return [];
    const isFunction = resolved.declaration.kind === "fn" && wanted === "step";
    if (!isFunction && !fits(resolved.declaration, wanted)) return [];
    return [choiceOf(resolved.module, resolved.declaration, label)];
  });
}

export function choiceOf(module: LoadedModule, declaration: NamedDeclaration, label: string): Choice {
  return {
    label,
    kind: declaration.kind === "let" ? "constant" : declaration.kind === "fn" ? "function" : "class",
    detail: headOf(module, declaration),
    source: { file: module.file, name: declaration.name.name },
  };
}

/** Whether a declaration can stand where this is wanted. */
export function fits({ kind }: NamedDeclaration, wanted: Wanted): boolean {
  switch (wanted) {
    case "any":
      return kind !== "train" && kind !== "model" && kind !== "optimizer" && kind !== "loss";
    case "margin":
      return kind === "margin";
    case "step":
      return kind === "layer" || kind === "model";
    case "initialiser":
      return kind === "fn" || kind === "let";
    case "model":
      return kind === "model" || kind === "layer";
    case "loss":
    case "optimizer":
      return kind === wanted;
    case "reader":
    case "group":
    case "dimension":
      return false;
    default:
      return wanted satisfies never;
  }
}

export function builtinsOffered(wanted: Wanted, place: Place): readonly Choice[] {
  if (["model", "loss", "optimizer", "margin", "dimension"].includes(wanted)) return [];
  return builtinNames().flatMap((label) => {
    const isReader = isReaderName(label);
    if ((label === "only") !== (wanted === "group")) return [];
    if (isReader !== (wanted === "reader") && !(isReader && place === "train")) return [];
    const { signature, doc } = builtins[label];
    return [{ label, kind: "function" as const, detail: signature, doc }];
  });
}

/** What its author wrote about a choice, found when somebody looks at it. */
export function docOf(
  { workspace }: Documents,
  { file, name }: NonNullable<Choice["source"]>,
): string | undefined {
  return loadModule(workspace, file)?.declarations.get(name)?.doc;
}
