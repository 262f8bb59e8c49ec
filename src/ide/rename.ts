/**
 * Another name for the thing under the cursor, wherever it is used, in all files of the workspace. What cannot have
 * another name says why: the library, words of the language, a name that would mean something else then.
 */
import { isLibrary } from "../../compiler/check/workspace.ts";
import type { TextEdit } from "../../compiler/errors/diagnostic.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { foldName } from "../../compiler/syntax/build.ts";
import { Identifier, tokenize } from "../../grammar/tokens.ts";
import type { Analysis, Documents } from "./documents.ts";
import { referencesAt } from "./definition.ts";
import { clashesAt } from "./name-clashes.ts";
import type { Occurrence } from "./names.ts";
import { type Symbol, nameOfSymbol, occurrenceAt, placeOfSymbol, symbolOf } from "./symbols.ts";

export type Renaming = { readonly edits: readonly TextEdit[] } | { readonly refusal: string };
export type Prepared = { readonly span: Span; readonly name: string } | { readonly refusal: string };

/** Whether the name at an offset can be changed, and where it stands. */
export function prepareRename(documents: Documents, analysis: Analysis, offset: number): Prepared {
  const found = occurrenceAt(analysis, offset);
  const symbol = found === undefined ? undefined : symbolOf(documents, found.target);
  if (found === undefined || symbol === undefined)
    return { refusal: "there is no name here that something has" };
  const refusal = isOwnAlias(analysis, found) ? undefined : refusalOf(symbol);
  const name = analysis.module.text.slice(found.span.start, found.span.end);
  return refusal === undefined ? { span: found.span, name } : { refusal };
}

function refusalOf(symbol: Symbol): string | undefined {
  const place = placeOfSymbol(symbol);
  const name = nameOfSymbol(symbol);
  if (symbol.kind === "word" || symbol.kind === "builtin" || symbol.kind === "builtin label")
    return `\`${name}\` belongs to the language`;
  if (place !== undefined && isLibrary(place.file))
    return `\`${name}\` belongs to the library (${place.file}); import it under another name: \`${name} as …\``;
  return undefined;
}

export function rename(documents: Documents, analysis: Analysis, offset: number, newName: string): Renaming {
  const prepared = prepareRename(documents, analysis, offset);
  if ("refusal" in prepared) return prepared;
  if (!isName(newName))
    return { refusal: `\`${newName}\` is no name: letters, digits and _, not a reserved word` };
  if (foldName(newName) === foldName(prepared.name))
    return { edits: [{ span: prepared.span, newText: newName }] };
  const unread = documents
    .files()
    .find((file) => documents.mentions(file, prepared.name) && documents.isTooLarge(file));
  if (unread !== undefined) return { refusal: `${unread} is too large to look for \`${prepared.name}\` in` };
  const spans = spansOf(documents, analysis, offset);
  const taken = spans.find((span) => isTaken(documents, span, foldName(newName)));
  if (taken !== undefined) return { refusal: `there is a \`${newName}\` already in ${taken.file}` };
  return { edits: spans.map((span) => ({ span, newText: newName })) };
}

/** An alias is renamed alone; under an alias the name of the declaration is nobody's business. */
function spansOf(documents: Documents, analysis: Analysis, offset: number): readonly Span[] {
  const found = occurrenceAt(analysis, offset);
  const spans = referencesAt(documents, analysis, offset).map(({ span }) => span);
  if (found !== undefined && isOwnAlias(analysis, found)) {
    const local = foldedText(analysis, found.span);
    return spans.filter(
      (span) =>
        span.file === analysis.file && foldedText(analysis, span) === local && !isImported(analysis, span),
    );
  }
  const name = found === undefined ? "" : foldedText(analysis, found.span);
  return spans.filter((span) => {
    const other = documents.analysis(span.file);
    return other !== undefined && foldedText(other, span) === name;
  });
}

/** `full` of `dense as full`, or a use of it. */
function isOwnAlias(analysis: Analysis, { span, target, role }: Occurrence): boolean {
  if (target.kind !== "global" || role === "import") return false;
  const imported = analysis.module.imports.get(foldedText(analysis, span));
  return imported !== undefined && imported.entry.alias !== undefined;
}

function isImported({ names }: Analysis, { start }: Span): boolean {
  return names.some(({ span, role }) => span.start === start && role === "import");
}

function foldedText({ module }: Analysis, { start, end }: Span): string {
  return foldName(module.text.slice(start, end));
}

function isName(text: string): boolean {
  const { tokens, errors } = tokenize(text);
  const [only] = tokens;
  return tokens.length === 1 && errors.length === 0 && only?.tokenType === Identifier && only.image === text;
}

function isTaken(documents: Documents, span: Span, name: string): boolean {
  const analysis = documents.analysis(span.file);
  return analysis !== undefined && clashesAt(analysis, span, name);
}
