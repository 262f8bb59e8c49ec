/**
 * What a setting of a call takes: margins, true and false, the words that its declaration asks about, files for a reader,
 * names of parameters for `only`.
 */
import { isReaderName } from "../../compiler/check/builtins/data.ts";
import type { Callable, Parameter } from "../../compiler/syntax/ast.ts";
import { type Part, partsOf } from "../../compiler/syntax/walk.ts";
import { type OpenCall, type Quoted, openCallAt } from "./around.ts";
import { type Callee, calleeOf } from "./callee.ts";
import type { Choice } from "./completion.ts";
import { exportsOffered } from "./completion-imports.ts";
import { declarationsOffered } from "./completion-names.ts";
import { parametersOffered } from "./completion-parameters.ts";
import type { Analysis, Documents } from "./documents.ts";

interface Filled {
  readonly callable: Callable;
  readonly parameter: Parameter;
}

/** Choices that the kind of the setting puts before all others. */
export function settingValuesOffered(
  documents: Documents,
  analysis: Analysis,
  call: OpenCall,
): readonly Choice[] {
  const { parameter } = filledBy(calleeOf(documents, analysis, call), call) ?? {};
  if (parameter === undefined) return [];
  const { type, defaultValue } = parameter;
  if (type?.kind === "setting" && type.name === "margin")
    return [declarationsOffered, exportsOffered].flatMap((offer) => offer(documents, analysis, "margin"));
  const isTruth = defaultValue?.kind === "bool" || (type?.kind === "setting" && type.name === "bool");
  return isTruth ? ["true", "false"].map((label) => ({ label, kind: "keyword" })) : [];
}

/** Between the quotes of a string that is no path of an import. */
export function stringsOffered(
  documents: Documents,
  analysis: Analysis,
  { start, typed }: Quoted,
): readonly Choice[] {
  const call = openCallAt(analysis, start);
  if (call === undefined) return [];
  if (isReaderName(call.callee.image))
    return call.label === undefined ? pathsOffered(documents, analysis, typed.text) : [];
  const callee = calleeOf(documents, analysis, call);
  if (callee?.kind === "builtin" && callee.name === "only")
    return parametersOffered(documents, analysis, start);
  const filled = filledBy(callee, call);
  if (filled === undefined) return [];
  return wordsAskedAbout(filled).map((label) => ({ label, kind: "value" }));
}

function filledBy(callee: Callee | undefined, call: OpenCall): Filled | undefined {
  if (callee?.kind !== "declaration") return undefined;
  const { callable, parameters } = callee;
  const parameter =
    call.label === undefined
      ? parameters[call.given + (call.isPiped && callable.kind === "fn" ? 1 : 0)]
      : parameters.find(({ name }) => name.name === call.label);
  return parameter === undefined ? undefined : { callable, parameter };
}

/** The strings that the body compares the setting with: `require padding == "same" or padding == "valid"`. */
function wordsAskedAbout({ callable, parameter }: Filled): readonly string[] {
  const words = (part: Part): readonly string[] => {
    const own = part.is === "expression" ? comparedWith(part.node, parameter.name.name) : undefined;
    return [...(own === undefined ? [] : [own]), ...partsOf(part).flatMap(words)];
  };
  return [...new Set(callable.body.flatMap((node) => words({ is: "statement", node })))];
}

function comparedWith(node: Extract<Part, { is: "expression" }>["node"], name: string): string | undefined {
  if (node.kind !== "binary" || (node.operator !== "==" && node.operator !== "!=")) return undefined;
  const { left, right } = node;
  const isAbout = left.kind === "name" && left.name === name && right.kind === "string";
  return isAbout ? right.value : undefined;
}

/** Files and folders beside the module; a folder ends in `/`, so that the next choice looks into it. */
function pathsOffered(documents: Documents, { file }: Analysis, text: string): readonly Choice[] {
  if (text.includes(":")) return [];
  const typed = text.slice(0, text.lastIndexOf("/") + 1);
  const own = file.slice(0, file.lastIndexOf("/") + 1);
  return documents
    .entriesOf(`${own}${typed}`)
    .filter((entry) => !entry.endsWith(".margo"))
    .map((entry) => ({ label: `${typed}${entry}`, kind: "file" }));
}
