/**
 * What every command does with a .margo file first: open it, elaborate an entry of it, and tell its
 * mistakes to the person at the terminal.
 */
import { dirname, relative, sep } from "node:path";
import {
  type ElaborateOptions,
  type ElaborateResult,
  elaborateCheckedEntry,
  elaborateEntry,
} from "../../compiler/check/index.ts";
import {
  type NamedDeclaration,
  type Workspace,
  loadModule,
  openWorkspace,
} from "../../compiler/check/workspace.ts";
import { importedFiles } from "../../compiler/check/modules.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { settingFile } from "../../compiler/check/names.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { placeText, sourceText } from "../../compiler/syntax/source.ts";
import type { Program } from "../../compiler/program.ts";
import { withAddition, withTexts } from "../overlay.ts";
import {
  type OpenedFile,
  displayedName,
  isLibraryModule,
  nodeHost,
  openSource,
  workspaceRoot,
} from "../host.ts";
import type { RunInfo } from "../run-folder.ts";
import { withFileNames } from "./file-names.ts";
import { Refusal } from "./refusal.ts";
import { renderDiagnostics } from "./render-diagnostics.ts";
import { atStage } from "./stage.ts";
import { colored, complain, exitFault, say } from "./terminal.ts";

export interface Source extends OpenedFile {
  readonly workspace: Workspace;
}

/** Opens a file, or says that there is none and throws a refusal. */
export function sourceAt(path: string): Source {
  const opened = openSource(path);
  if (opened === undefined) {
    complain(
      `there is no file ${path}`,
      "give the path of a .margo file, or a module of the library like std/margins",
    );
    throw new Refusal(exitFault);
  }
  return { ...opened, workspace: openWorkspace(opened.host) };
}

/** The sources of a run as they were when it was started, though they may have changed or gone since. */
export function sourceOfRun({ file: path, source, imported }: RunInfo): Source {
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

/** Elaborates one entry; its mistakes are told and become a refusal, its warnings are told. */
export async function programOf(source: Source, entry: string, options: ElaborateOptions): Promise<Program> {
  const { program, diagnostics } = await elaborated(source, entry, options);
  tell(source, diagnostics, settingTexts(options.set));
  if (program === undefined) throw new Refusal(exitFault);
  return program;
}

/** The same without telling anything. */
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

/** The file with a few declarations added behind its own, for expressions from the command line. */
export function withDeclarations(source: Source, addition: string): Source {
  const host = withAddition(source.host, source.file, addition);
  return { ...source, host, workspace: openWorkspace(host) };
}

/** Declarations of a file, in source order. Syntax errors are told and become a refusal. */
export function declarationsOf(source: Source): readonly NamedDeclaration[] {
  const module = loadModule(source.workspace, source.file);
  if (module === undefined) throw new Error(`${source.file} was opened but cannot be read`);
  if (module.diagnostics.some(({ severity }) => severity === "error")) {
    tell(source, module.diagnostics);
    throw new Refusal(exitFault);
  }
  return [...module.declarations.values()];
}

/** Settings from the command line as the files that diagnostics about them name. */
export function settingTexts(settings: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> {
  return new Map(Object.entries(settings).map(([name, text]) => [settingFile(name), text]));
}

/** Diagnostics for people, on standard error. Some may be about texts from the command line, which `given` holds. */
export function tell(
  source: Source,
  diagnostics: readonly Diagnostic[],
  given: ReadonlyMap<string, string> = new Map(),
): void {
  if (diagnostics.length === 0) return;
  const nameOf = (file: string) => (given.has(file) ? file : displayedName(file, source.root));
  const shown = diagnostics.map((diagnostic) => withFileNames(diagnostic, nameOf));
  const texts = new Map<string, string>();
  for (const { file } of diagnostics.flatMap(spansOf))
    texts.set(nameOf(file), given.get(file) ?? textOf(source, file));
  say(renderDiagnostics(shown, (file) => texts.get(file) ?? "", { color: colored(process.stderr) }));
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

function spansOf({ span, labels, fix }: Diagnostic): readonly Span[] {
  return [span, ...labels.map((label) => label.span), ...(fix?.edits ?? []).map((edit) => edit.span)];
}
