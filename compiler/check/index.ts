/**
 * The checker's door: `checkFile` says what is wrong with a file and what type everything in it has;
 * `elaborateEntry` makes the program of one entry. Both only return values; neither throws on any source.
 */
import { withoutDeadVariables } from "../live-variables.ts";
import type { Program } from "../program.ts";
import type { TensorType } from "../ir/type.ts";
import type { Expression } from "../syntax/ast.ts";
import { parseExpression } from "../syntax/parse.ts";
import { constantEntry, fileMissing, openEntry, unknownEntry, unusedName } from "../errors/check-names.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import { checkCallable } from "./declarations.ts";
import { elaborateCallable } from "./entries.ts";
import { evaluate } from "./expressions.ts";
import { moduleFrame } from "./frame.ts";
import { checkOf, conclude, recall, remember } from "./memory.ts";
import { settingFile } from "./names.ts";
import { checkImports, importedFiles, unusedImports } from "./modules.ts";
import { placeKey } from "./report.ts";
import { type ProgramState, type TypeRecord, newProgram, newSession } from "./session.ts";
import { suggestName } from "../errors/suggest.ts";
import { readTrain, trainFrame } from "./train-settings.ts";
import { elaborateTrain } from "./train.ts";
import type { GivenArgument } from "./values.ts";
import {
  type LoadedModule,
  type NamedDeclaration,
  type SourceHost,
  type Workspace,
  isLibrary,
  loadModule,
  openWorkspace,
  resolveGlobal,
  resolveEntry,
} from "./workspace.ts";

export type { SourceHost } from "./workspace.ts";
export type { TypeRecord } from "./session.ts";

/** What is known of a file and what is wrong with it; there is always one, whatever the text. */
export interface CheckResult {
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  readonly types: readonly TypeRecord[];
  readonly entries: readonly Entry[];
}

/** A name that commands can work on. */
export interface Entry {
  readonly name: string;
  readonly kind: NamedDeclaration["kind"];
  readonly doc?: string;
  readonly declaration: NamedDeclaration;
  /** The file that declares it: another one where it is imported. */
  readonly file: string;
}

export interface ElaborateOptions {
  /** Settings by name, as text: `{ margin: "LSoftmax(m: 4)" }`. */
  readonly set?: Readonly<Record<string, string>>;
  /** Whether `training` is true in the entry; a `train` has functions for both. */
  readonly training?: boolean;
  /** Whether the gradients of the value are outputs too. */
  readonly gradients?: boolean;
  /** Concrete types of inputs. */
  readonly inputTypes?: Readonly<Record<string, TensorType>>;
  /** Sizes that no shape tells, by name. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Leaves int settings without a value as free dimensions of their name, and the other kinds open. */
  readonly openSettings?: boolean;
}

export interface ElaborateResult {
  /** Left out when a diagnostic is an error. */
  readonly program?: Program;
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks a file and the workspace files that it imports. */
export function checkFile(host: SourceHost, file: string): CheckResult {
  return checkFileIn(openWorkspace(host), file);
}

/** The same in a workspace that is kept: files that it knows are not parsed again. */
export function checkFileIn(workspace: Workspace, file: string): CheckResult {
  return checkInWorkspace(workspace, file, "with trains");
}

/** Whether trains are made too, to see whether they can be: a command that makes one anyway need not. */
type Extent = "with trains" | "without trains";

function checkInWorkspace(workspace: Workspace, file: string, extent: Extent): CheckResult {
  const module = loadModule(workspace, file);
  if (module === undefined) {
    const span = { file, start: 0, end: 0 };
    return { diagnostics: [fileMissing.report({ span, file })], types: [], entries: [] };
  }
  const diagnostics: Diagnostic[] = [];
  const types: TypeRecord[] = [];
  for (const one of reachable(workspace, file)) {
    const checked = checkModule(workspace, one, extent);
    diagnostics.push(...checked.diagnostics);
    // The check of what it imports leaves types too.
    if (one === module) for (const type of checked.types) if (type.span.file === file) types.push(type);
  }
  return {
    diagnostics: ordered(withoutRepeats(diagnostics), file),
    types,
    entries: entriesOf(workspace, module),
  };
}

/** The file and what it imports from the workspace, imports first. */
function reachable(workspace: Workspace, file: string): readonly LoadedModule[] {
  const found = new Map<string, LoadedModule>();
  const visiting = new Set<string>();
  const visit = (current: string): void => {
    const module = loadModule(workspace, current);
    if (module === undefined || visiting.has(current)) return;
    visiting.add(current);
    for (const target of importedFiles(module)) if (!isLibrary(target)) visit(target);
    found.set(current, module);
  };
  visit(file);
  return [...found.values()];
}

function checkModule(
  workspace: Workspace,
  module: LoadedModule,
  extent: Extent,
): Pick<CheckResult, "diagnostics" | "types"> {
  const program = newProgram(workspace, "generic");
  program.diagnostics.push(...module.diagnostics, ...checkImports(workspace, module));
  for (const declaration of module.declarations.values())
    if (declaration.kind !== "train" || extent === "with trains")
      checkDeclaration(program, module, declaration);
  // What a broken line would have used is not known.
  if (module.diagnostics.some(({ severity }) => severity === "error"))
    return {
      diagnostics: program.diagnostics.filter(({ code }) => code !== unusedName.code),
      types: program.types,
    };
  program.diagnostics.push(...unusedImports(workspace, module, program.usedGlobals));
  return { diagnostics: program.diagnostics, types: program.types };
}

function checkDeclaration(program: ProgramState, module: LoadedModule, declaration: NamedDeclaration): void {
  switch (declaration.kind) {
    case "let": {
      evaluate(moduleFrame(newSession(program, undefined), module, declaration), declaration.value);
      return;
    }
    case "train":
      checkTrain(program, module, declaration);
      return;
    case "fn":
    case "layer":
    case "model":
    case "loss":
    case "margin":
    case "optimizer":
      checkCallable(program, declaration, module);
      return;
    default:
      return declaration satisfies never;
  }
}

/** A train is concrete: checking it is making its program. Its parts must be sound for that. */
function checkTrain(
  program: ProgramState,
  module: LoadedModule,
  train: Extract<NamedDeclaration, { kind: "train" }>,
): void {
  const isSoFarSound = program.diagnostics.every(({ severity }) => severity !== "error");
  const how = isSoFarSound ? "made" : "read";
  if (recall(program, module, train, how) !== undefined) return;
  const own = checkOf(program);
  const session = newSession(own, false);
  const settings = readTrain(trainFrame(session, module, train), train, new Map());
  const parts = settings === undefined ? [] : [...settings.models, settings.loss, ...settings.optimizers];
  for (const { callee } of parts)
    if (!isLibrary(callee.module.file)) checkCallable(own, callee.callable, callee.module);
  const isSound =
    parts.every(({ callee }) => program.checked.get(callee.callable) !== "broken") &&
    own.diagnostics.every(({ severity }) => severity !== "error");
  if (settings !== undefined && isSound && isSoFarSound) {
    const { diagnostics, usedGlobals } = own;
    const concrete = { ...newProgram(program.workspace, "concrete"), diagnostics, usedGlobals };
    elaborateTrain(concrete, module, train, new Map());
  }
  conclude(program, own);
  if (isSound && settings !== undefined) remember(own, module, train, how);
}

/** The program of an entry that the file declares or imports. */
export function elaborateEntry(
  host: SourceHost,
  file: string,
  name: string,
  options: ElaborateOptions = {},
): ElaborateResult {
  return elaborateEntryIn(openWorkspace(host), file, name, options);
}

/** The same in a workspace that is kept. */
export function elaborateEntryIn(
  workspace: Workspace,
  file: string,
  name: string,
  options: ElaborateOptions = {},
): ElaborateResult {
  const { diagnostics: found } = checkInWorkspace(workspace, file, "without trains");
  const diagnostics = found.filter(({ code }) => code !== unusedName.code);
  if (diagnostics.some(({ severity }) => severity === "error")) return { diagnostics };
  const made = elaborateCheckedEntry(workspace, file, name, options);
  return { ...made, diagnostics: [...diagnostics, ...made.diagnostics] };
}

/** The same of a file that is known to have no mistakes. */
export function elaborateCheckedEntry(
  workspace: Workspace,
  file: string,
  name: string,
  options: ElaborateOptions = {},
): ElaborateResult {
  const module = loadModule(workspace, file);
  if (module === undefined) return { diagnostics: [] };
  const resolved = resolveEntry(workspace, module, name);
  if (resolved === undefined) return { diagnostics: [unknownEntryDiagnostic(workspace, module, name)] };
  const fresh = (): ProgramState =>
    newProgram(workspace, options.openSettings === true ? "generic" : "concrete");
  const open = fresh();
  const first = programOf(open, module, resolved, name, options);
  const sizes = { ...classesOf(open, resolved.declaration), ...options.sizes };
  const isKnown = Object.keys(sizes).length === Object.keys(options.sizes ?? {}).length;
  const program = isKnown ? open : fresh();
  const made = isKnown ? first : programOf(program, module, resolved, name, { ...options, sizes });
  const { diagnostics } = program;
  if (diagnostics.some(({ severity }) => severity === "error")) return { diagnostics };
  if (made !== undefined)
    return { program: made.kind === "train" ? withoutDeadVariables(made) : made, diagnostics };
  return { diagnostics: [...diagnostics, openEntry.report({ span: resolved.declaration.name.span, name })] };
}

/** Sizes that show only when the entry is made: C by a list with a number a class; a margin alone has one class. */
function classesOf(
  { classCounts }: ProgramState,
  { kind }: NamedDeclaration,
): Readonly<Record<string, number>> {
  return { ...(kind === "margin" ? { C: 1 } : {}), ...Object.fromEntries(classCounts) };
}

function programOf(
  program: ProgramState,
  module: LoadedModule,
  { declaration, module: owner }: { readonly declaration: NamedDeclaration; readonly module: LoadedModule },
  name: string,
  options: ElaborateOptions,
): Program | undefined {
  const session = newSession(program, options.training ?? false);
  const frame = moduleFrame(session, module, undefined);
  const overrides = new Map(
    Object.entries(options.set ?? {}).map(([key, text]) => [key, parseSetting(program, key, text)]),
  );
  // What a broken text was completed to is nobody's mistake.
  if (program.diagnostics.some(({ severity }) => severity === "error")) return undefined;
  if (declaration.kind === "let") {
    program.diagnostics.push(constantEntry.report({ span: declaration.name.span, name }));
    return undefined;
  }
  const { builder } = program;
  if (declaration.kind === "train") {
    const made = elaborateTrain(program, owner, declaration, overrides);
    if (made === undefined) return undefined;
    return { name, kind: "train", builder, variables: [...program.variables.values()], ...made };
  }
  const given = new Map<string, GivenArgument>(
    [...overrides].map(([key, expression]) => [
      key,
      { value: evaluate(frame, expression), span: expression.span },
    ]),
  );
  const functions = elaborateCallable(session, owner, declaration, {
    given,
    inputTypes: options.inputTypes ?? {},
    sizes: options.sizes ?? {},
    gradients: options.gradients === true ? "wanted" : "unwanted",
  });
  if (functions === undefined) return undefined;
  return { name, kind: declaration.kind, builder, variables: [...program.variables.values()], functions };
}

/** A setting from the command line; its diagnostics name the option as their file. */
function parseSetting(program: ProgramState, name: string, text: string): Expression {
  const { expression, diagnostics } = parseExpression(settingFile(name), text);
  program.diagnostics.push(...diagnostics);
  return expression;
}

function unknownEntryDiagnostic(workspace: Workspace, module: LoadedModule, name: string): Diagnostic {
  const known = entriesOf(workspace, module).map((entry) => entry.name);
  const span = { file: module.file, start: 0, end: 0 };
  return unknownEntry.report({ span, name, known, suggestion: suggestName(name, known) });
}

/** Everything that the file declares or imports, its own first. */
export function entriesOf(workspace: Workspace, module: LoadedModule): readonly Entry[] {
  const names = [...module.declarations.keys(), ...module.imports.keys()];
  return names.flatMap((name) => {
    const resolved = resolveGlobal(workspace, module, name);
    if (resolved === undefined || resolved.declaration.kind === "let") return [];
    const { declaration, module: owner } = resolved;
    const doc = declaration.doc === undefined ? {} : { doc: declaration.doc };
    return [{ name, kind: declaration.kind, declaration, file: owner.file, ...doc }];
  });
}

/** A file's mistake is found again by each file that imports it. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((diagnostic) => {
    const key = placeKey(diagnostic);
    return !seen.has(key) && seen.add(key);
  });
}

function ordered(diagnostics: readonly Diagnostic[], file: string): readonly Diagnostic[] {
  const rank = (diagnostic: Diagnostic): number => (diagnostic.span.file === file ? 0 : 1);
  return [...diagnostics].sort(
    (a, b) => rank(a) - rank(b) || a.span.file.localeCompare(b.span.file) || a.span.start - b.span.start,
  );
}
