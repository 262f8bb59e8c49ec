/**
 * Checks that are not made again. The check of a declaration looks at its own text and at the declarations whose names
 * it meets, directly or in what it calls; when an edit leaves all of these as they were, what was found still holds, at
 * most at another place of the file. Only what was found in order is remembered: mistakes are few, and their words may
 * speak of anything.
 */
import { GraphBuilder } from "../ir/node.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import { moved } from "../syntax/pieces.ts";
import { hasBrokenText } from "./report.ts";
import { type ProgramState, type TypeRecord, newEffort } from "./session.ts";
import {
  type LoadedModule,
  type NamedDeclaration,
  type Workspace,
  loadModule,
  resolveGlobal,
} from "./workspace.ts";

/** By file, name, and how it was checked. */
export type CheckMemory = Map<string, Remembered>;

interface Remembered {
  readonly own: string;
  readonly start: number;
  /** Every global name that was met, with what it stood for. */
  readonly met: readonly (readonly [string, string])[];
  readonly diagnostics: readonly Diagnostic[];
  readonly types: readonly TypeRecord[];
}

/** `alone`: generically. A train is `read` only, or `made` where the file is sound so far. */
type How = "alone" | "read" | "made";

/** The state for the check of one declaration: it sees nothing of what was found elsewhere, and makes every call. */
export function checkOf({ calls: _, ...program }: ProgramState): ProgramState {
  return {
    ...program,
    diagnostics: [],
    types: [],
    usedGlobals: new Set(),
    reported: new Set(),
    builder: new GraphBuilder(),
    variables: new Map(),
    sites: new Map(),
    constants: new Map(),
    openSettings: new Set(),
    inputs: new Map(),
    effort: newEffort(),
  };
}

/** Hands what a declaration's check found to the check of the file, and what it met to the check that asked for it. */
export function conclude({ usedGlobals, whole }: ProgramState, own: ProgramState): void {
  whole.diagnostics.push(...own.diagnostics);
  for (const type of own.types) whole.types.push(type);
  for (const name of own.usedGlobals) {
    usedGlobals.add(name);
    whole.usedGlobals.add(name);
  }
}

export function remember(
  own: ProgramState,
  module: LoadedModule,
  declaration: NamedDeclaration,
  how: How,
): void {
  const { workspace, diagnostics } = own;
  if (workspace.memory === undefined) return;
  const { span } = declaration;
  const isKept = (one: Span): boolean =>
    one.file === span.file && span.start <= one.start && one.end <= span.end;
  const isQuiet = diagnostics.every(
    (one) =>
      one.severity === "warning" &&
      one.labels.length === 0 &&
      isKept(one.span) &&
      fixSpans(one).every(isKept),
  );
  if (!isQuiet) return;
  workspace.memory.checks.set(keyOf(module, declaration, how), {
    own: textOf(module, declaration),
    start: span.start,
    met: [...own.usedGlobals].map((name) => [name, meaningOf(workspace, name)]),
    diagnostics,
    types: own.types.filter((one) => isKept(one.span)),
  });
}

/** What an earlier check found, told again; undefined where something has changed. */
export function recall(
  program: ProgramState,
  module: LoadedModule,
  declaration: NamedDeclaration,
  how: How,
): Remembered | undefined {
  const { workspace, whole, usedGlobals } = program;
  const known = workspace.memory?.checks.get(keyOf(module, declaration, how));
  if (known === undefined || known.own !== textOf(module, declaration)) return undefined;
  if (!known.met.every(([name, meaning]) => meaningOf(workspace, name) === meaning)) return undefined;
  const by = declaration.span.start - known.start;
  whole.diagnostics.push(...moved(known.diagnostics, by));
  for (const { span, text } of known.types) whole.types.push({ span: moved(span, by), text });
  for (const [name] of known.met) {
    usedGlobals.add(name);
    whole.usedGlobals.add(name);
  }
  return known;
}

function keyOf({ file }: LoadedModule, { name }: NamedDeclaration, how: How): string {
  return `${how} ${file}:${name.name}`;
}

function textOf(module: LoadedModule, { span }: NamedDeclaration): string {
  const mark = hasBrokenText(module, span) ? "broken " : "";
  return mark + module.text.slice(span.start, span.end);
}

/** What a name of a file stands for: the text of its declaration and where that is, or nothing. */
function meaningOf(workspace: Workspace, met: string): string {
  const at = met.lastIndexOf(":");
  const module = loadModule(workspace, met.slice(0, at));
  const resolved = module === undefined ? undefined : resolveGlobal(workspace, module, met.slice(at + 1));
  if (resolved === undefined) return module?.imports.has(met.slice(at + 1)) === true ? "missing" : "";
  return `${resolved.module.file} ${textOf(resolved.module, resolved.declaration)}`;
}

function fixSpans({ fix }: Diagnostic): readonly Span[] {
  return (fix?.edits ?? []).map(({ span }) => span);
}
