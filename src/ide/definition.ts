/** Where a name was declared or an imported file begins, and everywhere that it is used, in all files of the workspace. */
import { isLibrary, loadModule } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Analysis, Documents } from "./documents.ts";
import { importedFileAt } from "./links.ts";
import type { Occurrence } from "./names.ts";
import { type Symbol, nameOfSymbol, occurrenceAt, placeOfSymbol, symbolAt, symbolOf } from "./symbols.ts";

export interface Definition {
  /** The name or path that was asked about. */
  readonly from: Span;
  /** Its declaration: the name, and the whole of it. Of a file its beginning. */
  readonly name: Span;
  readonly whole: Span;
}

/** Undefined for what the language itself gives, and for names that nothing has. */
export function definitionAt(
  documents: Documents,
  analysis: Analysis,
  offset: number,
): Definition | undefined {
  const found = occurrenceAt(analysis, offset);
  const symbol = found === undefined ? undefined : symbolOf(documents, found.target);
  const name = symbol === undefined ? undefined : placeOfSymbol(symbol);
  if (found === undefined || symbol === undefined || name === undefined)
    return found === undefined ? importedFile(documents, analysis, offset) : undefined;
  return { from: found.span, name, whole: wholeOf(symbol) ?? name };
}

/** From the path of an import to the file, if it is there. */
function importedFile(documents: Documents, analysis: Analysis, offset: number): Definition | undefined {
  const link = importedFileAt(analysis, offset);
  const module = link === undefined ? undefined : loadModule(documents.workspace, link.file);
  if (link === undefined || module === undefined) return undefined;
  const name = { file: link.file, start: 0, end: 0 };
  return { from: link.span, name, whole: { ...name, end: module.text.length } };
}

function wholeOf(symbol: Symbol): Span | undefined {
  if (symbol.kind === "declaration") return symbol.declaration.span;
  return symbol.kind === "parameter" ? symbol.parameter.span : undefined;
}

export interface Reference {
  readonly span: Span;
  readonly role: Occurrence["role"];
}

/** All uses, the declaration among them, by file and place. */
export function referencesAt(documents: Documents, analysis: Analysis, offset: number): readonly Reference[] {
  const symbol = symbolAt(documents, analysis, offset);
  return symbol === undefined ? [] : referencesTo(documents, symbol, analysis.file);
}

/** `file` is where somebody asks: what the language itself gives is looked for there alone. */
export function referencesTo(documents: Documents, symbol: Symbol, file: string): readonly Reference[] {
  const files = filesThatMaySpeakOf(documents, file, symbol);
  return files.flatMap((one) => referencesIn(documents, documents.analysis(one), symbol));
}

/** Uses within one file: what an editor marks while the cursor stands on a name. */
export function highlightsAt(documents: Documents, analysis: Analysis, offset: number): readonly Reference[] {
  const symbol = symbolAt(documents, analysis, offset);
  return symbol === undefined ? [] : referencesIn(documents, analysis, symbol);
}

function referencesIn(
  documents: Documents,
  analysis: Analysis | undefined,
  symbol: Symbol,
): readonly Reference[] {
  if (analysis === undefined) return [];
  const name = nameOfSymbol(symbol);
  return analysis.names.flatMap(({ span, target, role }) => {
    // A global name may be known here by another one.
    if (target.kind !== "global" && target.name !== name) return [];
    return symbolOf(documents, target)?.key === symbol.key ? [{ span, role }] : [];
  });
}

/** A file that does not hold the name anywhere need not be read closely. */
function filesThatMaySpeakOf(documents: Documents, asked: string, symbol: Symbol): readonly string[] {
  const place = placeOfSymbol(symbol);
  if (symbol.kind === "local" || place === undefined) return [asked];
  const name = nameOfSymbol(symbol);
  const home = isLibrary(place.file) ? documents.library() : [];
  return [...new Set([...home, ...documents.files()])]
    .filter((file) => documents.mentions(file, name))
    .sort();
}
