/**
 * What an editor offers to change at a place: the fixes of diagnostics, imports of names from other files, a `let` for
 * the selected expression, exact forms of angles in a margin, and, for the whole file, all fixes at once and imports
 * in order. Every action is a title and edits; nothing is changed here.
 */
import type { Diagnostic, Fix, TextEdit } from "../../compiler/errors/diagnostic.ts";
import { unknownFunction, unknownName, unusedName } from "../../compiler/errors/check-names.ts";
import { checkFileIn } from "../../compiler/check/index.ts";
import { exportsOf, loadModule, openWorkspace } from "../../compiler/check/workspace.ts";
import { importEdit } from "../../compiler/syntax/edits.ts";
import type { Analysis, Documents } from "./documents.ts";
import { exactAngles } from "./exact-angles.ts";
import { extractLet } from "./extract-let.ts";
import { relativePath } from "./moved-files.ts";
import { organisedImports } from "./organise-imports.ts";
import { problemsOf } from "./problems.ts";
import type { Stretch } from "./selection.ts";

export interface CodeAction {
  readonly title: string;
  readonly kind: CodeActionKind;
  /** Possibly in several files. */
  readonly edits: readonly TextEdit[];
  /** What it mends. */
  readonly problem?: Diagnostic;
}

/** The kinds of the Language Server Protocol that are offered. */
export type CodeActionKind =
  "quickfix" | "refactor.extract" | "refactor.rewrite" | "source.fixAll" | "source.organizeImports";

/** What can be done about a stretch of the text: a cursor is an empty one. */
export function codeActionsAt(
  documents: Documents,
  analysis: Analysis,
  { start, end }: Stretch,
): readonly CodeAction[] {
  const problems = problemsOf(analysis).filter(({ span }) => span.start <= end && start <= span.end);
  return [
    ...problems.flatMap((problem) => fixActions(problem)),
    ...problems.flatMap((problem) => importActions(documents, analysis, problem)),
    ...rewrites("refactor.extract", extractLet(analysis, { start, end })),
    ...rewrites("refactor.rewrite", exactAngles(analysis, { start, end })),
  ];
}

/** What can be done about the file as a whole. */
export function sourceActions(documents: Documents, analysis: Analysis): readonly CodeAction[] {
  const fixes = allFixes(documents, analysis);
  const organised = organisedImports(analysis);
  return [
    ...(fixes === undefined
      ? []
      : [{ title: "fix everything that has one fix", kind: "source.fixAll", edits: [fixes] } as const]),
    ...(organised === undefined
      ? []
      : [{ title: "organise imports", kind: "source.organizeImports", edits: [organised] } as const]),
  ];
}

function fixActions(problem: Diagnostic): readonly CodeAction[] {
  if (problem.fix === undefined) return [];
  const { title, edits } = problem.fix;
  return [{ title, kind: "quickfix", edits, problem }];
}

function rewrites(kind: CodeActionKind, found: readonly Fix[]): readonly CodeAction[] {
  return found.map(({ title, edits }) => ({ title, kind, edits }));
}

// ---------------------------------------------------------------- names from other files

/** The library's module that has the name is the diagnostic's own fix; here are the files of the workspace. */
function importActions(documents: Documents, analysis: Analysis, problem: Diagnostic): readonly CodeAction[] {
  if (problem.code !== unknownFunction.code && problem.code !== unknownName.code) return [];
  const { file, text, module } = analysis.module;
  const name = text.slice(problem.span.start, problem.span.end);
  return documents.files().flatMap((other): readonly CodeAction[] => {
    if (other === file || !documents.mentions(other, name)) return [];
    const loaded = loadModule(documents.workspace, other);
    if (loaded === undefined || !exportsOf(loaded).includes(name)) return [];
    const from = relativePath(file, other);
    const edits = [importEdit({ file, text, module }, name, from)];
    return [{ title: `import \`${name}\` from \`${from}\``, kind: "quickfix", edits, problem }];
  });
}

// ---------------------------------------------------------------- all at once

/** Rounds of mending: one fix may show the next mistake, and two that touch wait for each other. */
const mostRounds = 10;

/**
 * The file with every fix of its own applied; undefined where there is none. Names that nothing uses stay: while a text
 * is being written they are about to be used.
 */
function allFixes(documents: Documents, { file, module, check }: Analysis): TextEdit | undefined {
  const own = problemsOf({ file, check });
  if (!own.some(isMended)) return undefined;
  let text = module.text;
  for (let round = 0; round < mostRounds; round++) {
    const edits = editsOfFixes(documents, file, text);
    if (edits.length === 0) break;
    text = applied(text, edits);
  }
  return text === module.text
    ? undefined
    : { span: { file, start: 0, end: module.text.length }, newText: text };
}

function editsOfFixes(documents: Documents, file: string, text: string): readonly TextEdit[] {
  const { host } = documents.workspace;
  const trial = openWorkspace({ ...host, read: (name) => (name === file ? text : host.read(name)) });
  const mended = problemsOf({ file, check: checkFileIn(trial, file) }).filter(isMended);
  const chosen: TextEdit[] = [];
  for (const { edits } of mended.flatMap(({ fix }) => fix ?? []))
    if (!edits.some((edit) => meets(chosen, edit))) chosen.push(...edits);
  return chosen;
}

function isMended({ code, span, fix }: Diagnostic): boolean {
  if (code === unusedName.code || fix === undefined) return false;
  return fix.edits.every((edit) => edit.span.file === span.file);
}

/** Edits that touch are not applied together: their order would matter. */
function meets(others: readonly TextEdit[], { span }: TextEdit): boolean {
  return others.some((other) => other.span.start <= span.end && span.start <= other.span.end);
}

/** From the last to the first, so that offsets hold. */
export function applied(text: string, edits: readonly TextEdit[]): string {
  return edits
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce(
      (result, { span, newText }) => result.slice(0, span.start) + newText + result.slice(span.end),
      text,
    );
}
