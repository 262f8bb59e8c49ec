/**
 * A .margo file with what is around it, and the programs of its entries: what each door to the compiler begins with.
 * Nothing is told here; mistakes come as diagnostics.
 */
import { dirname, relative, sep } from "node:path";
import {
  type ElaborateOptions,
  type ElaborateResult,
  elaborateCheckedEntry,
  elaborateEntry,
} from "../../compiler/check/index.ts";
import { importedFiles } from "../../compiler/check/modules.ts";
import { type Workspace, loadModule, openWorkspace } from "../../compiler/check/workspace.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { placeText, sourceText } from "../../compiler/syntax/source.ts";
import { type OpenedFile, displayedName, isLibraryModule, nodeHost, workspaceRoot } from "./host.ts";
import { withTexts } from "./overlay.ts";
import { atStage } from "./stage.ts";

export interface Source extends OpenedFile {
  readonly workspace: Workspace;
}

export interface KeptTexts {
  /** Where the file was. */
  readonly file: string;
  readonly source: string;
  /** By their names in the workspace. */
  readonly imported?: Readonly<Record<string, string>>;
}

/** A file as it was kept, with the texts that it imported, though they may have changed or gone since. */
export function keptSource({ file: path, source, imported }: KeptTexts): Source {
  const directory = dirname(path);
  const root = workspaceRoot(directory);
  const file = relative(root, path).split(sep).join("/");
  const host = withTexts(nodeHost(root), { ...imported, [file]: source });
  return { host, root, file, directory, workspace: openWorkspace(host) };
}

/** The texts of the user's files that a file imports, directly or through others, by their names in the workspace. */
export function importedTexts({ workspace, file }: Source): Readonly<Record<string, string>> {
  const texts = new Map<string, string>();
  const visit = (name: string): void => {
    const module = loadModule(workspace, name);
    if (module === undefined || texts.has(name) || isLibraryModule(name)) return;
    texts.set(name, module.text);
    for (const next of importedFiles(module)) visit(next);
  };
  visit(file);
  texts.delete(file);
  return Object.fromEntries(texts);
}

/** Elaborates one entry. */
export function elaborated(
  source: Source,
  entry: string,
  options: ElaborateOptions,
): Promise<ElaborateResult> {
  return atStage("check", () => elaborateEntry(source.host, source.file, entry, options));
}

/** One declaration, whatever is wrong elsewhere in its file. */
export function elaboratedAlone({ workspace, file }: Source, entry: string): Promise<ElaborateResult> {
  return atStage("check", () => elaborateCheckedEntry(workspace, file, entry));
}

/** The text that spans of a file point into. */
export function textOf(source: Source, file: string): string {
  return loadModule(source.workspace, file)?.text ?? source.host.read(file) ?? "";
}

/** Where a span begins, for terminals. */
export function placeOf(source: Source, { file, start }: Span): string {
  return placeText(sourceText(displayedName(file, source.root), textOf(source, file)), start);
}

/** The line of source that emitted code comes from, as its comments show it. */
export function sourceLineOf(source: Source, span: Span): string | undefined {
  const text = textOf(source, span.file);
  const start = text.lastIndexOf("\n", span.start - 1) + 1;
  const end = text.indexOf("\n", span.start);
  const line = text.slice(start, end < 0 ? undefined : end).trim();
  return line === "" ? undefined : `${placeOf(source, span)} ${line}`;
}
