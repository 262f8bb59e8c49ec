/**
 * What every command does with a .margo file first: open it, elaborate an entry of it, and tell its
 * mistakes to the person at the terminal.
 */
import type { ElaborateOptions } from "../../compiler/check/index.ts";
import { type NamedDeclaration, loadModule, openWorkspace } from "../../compiler/check/workspace.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { settingFile } from "../../compiler/check/names.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Program } from "../../compiler/program.ts";
import { isFault } from "../../runtime/errors.ts";
import { resolveData } from "../data/resolve.ts";
import { withAddition } from "../sources/overlay.ts";
import { displayedName, openSource } from "../sources/host.ts";
import { type Source, elaborated, textOf } from "../sources/source.ts";
import { withFileNames } from "./file-names.ts";
import { Refusal } from "./refusal.ts";
import { renderDiagnostics } from "./render-diagnostics.ts";
import { colored, complain, exitFault, say } from "./terminal.ts";

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

/** Elaborates one entry; its mistakes are told and become a refusal, its warnings are told. */
export async function programOf(source: Source, entry: string, options: ElaborateOptions): Promise<Program> {
  const { program, diagnostics } = await elaborated(source, entry, options);
  tell(
    source,
    diagnostics.map((diagnostic) => orMissingData(source, diagnostic)),
    settingTexts(options.set),
  );
  if (program === undefined) throw new Refusal(exitFault);
  return program;
}

/** That data is not there comes before whatever else is said of it: who mends the rest would learn it only then. */
function orMissingData(source: Source, diagnostic: Diagnostic): Diagnostic {
  const missing = (diagnostic.dataFiles ?? []).map((file) => resolveData(file, source)).find(isFault);
  if (missing === undefined) return diagnostic;
  const { code, message, help } = missing;
  return { ...diagnostic, code, message, help };
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

function spansOf({ span, labels, fix }: Diagnostic): readonly Span[] {
  return [span, ...labels.map((label) => label.span), ...(fix?.edits ?? []).map((edit) => edit.span)];
}
