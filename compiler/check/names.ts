/**
 * What a bare name is: something of the body, a dimension, something that the context gives (`theta`,
 * `grad`, `step`), or a declaration of the file or an import. A name in front of `(` is looked up by
 * `lookupFunction` instead, which sees only what can be called: so `cos` and `cos(x)` live side by side.
 */
import type { NameExpression } from "../syntax/ast.ts";
import type { Span } from "../errors/span.ts";
import { type Importable, constantCycle, unknownFunction, unknownName } from "../errors/check-names.ts";
import { builtinNames, isBuiltin } from "./builtins/table.ts";
import { evaluate } from "./expressions.ts";
import { type Binding, type Frame, moduleFrame } from "./frame.ts";
import { report } from "./report.ts";
import { feedCounter } from "./session.ts";
import { importEdit } from "../syntax/edits.ts";
import { foreignCallable, foreignValue } from "../errors/foreign-names.ts";
import { suggestName } from "../errors/suggest.ts";
import { castTo } from "./tensors.ts";
import { type Value, boolValue, dimValue, errorValue, floatValue, tensorValue } from "./values.ts";
import { type Resolved, isLibrary, libraryExports, resolveGlobal, resolveInLibrary } from "./workspace.ts";

/** `asWritten` leaves out a margin's reading of per-class values. */
export function evaluateName(frame: Frame, { name, span }: NameExpression, how?: "asWritten"): Value {
  const value = lookupValue(frame, name) ?? libraryValue(frame, name, span);
  if (value === undefined) return reportUnknown(frame, name, span);
  const { reading } = frame.ambient;
  return reading === undefined || how === "asWritten" ? value : reading.perPair(value);
}

/** The value of a name, without a diagnostic when there is none. */
export function lookupValue(frame: Frame, name: string): Value | undefined {
  const binding = frame.names.get(name);
  if (binding !== undefined) return readBinding(binding);
  const dim = frame.dims.get(name);
  if (dim !== undefined) return dimValue(dim.dim);
  const ambient = frame.ambient.lookup(name);
  if (ambient !== undefined) return ambient;
  // What a file declares or imports is meant before what is there everywhere.
  const declared = isUniversal(name) ? lookupGlobal(frame, name) : undefined;
  if (declared !== undefined) return declaredValue(frame, declared);
  return universalName(frame, name) ?? globalName(frame, name);
}

function readBinding(binding: Binding): Value {
  binding.used = true;
  return binding.value;
}

const universalNames = ["step", "epoch", "training", "pi", "e"];

function isUniversal(name: string): boolean {
  return universalNames.includes(name);
}

function universalName(frame: Frame, name: string): Value | undefined {
  switch (name) {
    case "step":
    case "epoch": {
      const counter = tensorValue(feedCounter(frame.session, name));
      return castTo(frame, counter, "f32", { file: frame.module.file, start: 0, end: 0 });
    }
    case "training":
      return boolValue(frame.session.training);
    case "pi":
      return floatValue(Math.PI);
    case "e":
      return floatValue(Math.E);
    default:
      return undefined;
  }
}

function globalName(frame: Frame, name: string): Value | undefined {
  const resolved = lookupGlobal(frame, name);
  if (resolved !== undefined) return declaredValue(frame, resolved);
  if (frame.module.imports.has(name)) return errorValue;
  return isBuiltin(name) ? { kind: "builtin", name } : undefined;
}

/** A setting from the command line has no imports of its own: it may name what the library exports. */
function libraryValue(frame: Frame, name: string, { file }: Span): Value | undefined {
  if (!isSettingFile(file)) return undefined;
  const resolved = resolveInLibrary(frame.session.program.workspace, name);
  return resolved === undefined ? undefined : declaredValue(frame, resolved);
}

/** As which file the text of a setting from the command line is known to diagnostics. */
export function settingFile(name: string): string {
  return `${settingPrefix}${name}`;
}

function isSettingFile(file: string): boolean {
  return file.startsWith(settingPrefix);
}

const settingPrefix = "--set ";

function lookupGlobal(frame: Frame, name: string): Resolved | undefined {
  const { program } = frame.session;
  program.usedGlobals.add(`${frame.module.file}:${name}`);
  return resolveGlobal(program.workspace, frame.module, name);
}

function declaredValue(frame: Frame, { declaration, module }: Resolved): Value {
  if (declaration.kind === "train") return errorValue;
  if (declaration.kind !== "let") return { kind: "function", callable: declaration, module };
  const { constants } = frame.session.program;
  const known = constants.get(declaration);
  if (known === "evaluating")
    return report(frame, constantCycle.report({ span: declaration.name.span, name: declaration.name.name }));
  if (known !== undefined) return known;
  constants.set(declaration, "evaluating");
  const value = evaluate(moduleFrame(frame.session, module, declaration), declaration.value);
  constants.set(declaration, value);
  return value;
}

/** What a name in front of `(` calls: undefined, after a diagnostic, if nothing that can be called has it. */
export function lookupFunction(frame: Frame, { name, span }: NameExpression): Value | undefined {
  const own = frame.names.get(name);
  if (own !== undefined && isCallable(own.value)) return readBinding(own);
  const global = globalName(frame, name);
  if (global !== undefined) return global;
  if (own !== undefined) return readBinding(own);
  const offered = libraryValue(frame, name, span);
  if (offered !== undefined) return offered;
  const foreign = foreignCallable(name);
  const isHere = foreign !== undefined && globalName(frame, foreign) !== undefined;
  const suggestion = isHere ? foreign : suggest(frame, name, callableNames(frame, span));
  const importable = importableFor(frame, { name, span }, suggestion, foreign);
  report(frame, unknownFunction.report({ span, name, suggestion, importable }));
  return undefined;
}

export function isCallable(value: Value): boolean {
  return ["function", "partial", "builtin", "error"].includes(value.kind);
}

function reportUnknown(frame: Frame, name: string, span: NameExpression["span"]): Value {
  const given = [...frame.ambient.names, ...universalNames, "true", "false"];
  const suggestion = foreignValue(name, given) ?? suggest(frame, name, knownNames(frame, span));
  const context = contextOf(name);
  const isPair = frame.ambient.context === "margin" && (name === "i" || name === "j");
  const importable = importableFor(frame, { name, span }, suggestion ?? context);
  const isOfLoss = frame.ambient.context === "margin" && (name === "x" || name === "W");
  const facts = { span, name, suggestion, context, importable, isPair, isOfLoss };
  return report(frame, unknownName.report(isOfLoss ? { ...facts, suggestion: undefined } : facts));
}

/** Files with mistakes everywhere get no suggestions after the first: each looks at every name. */
function suggest(frame: Frame, name: string, known: Iterable<string>): string | undefined {
  return frame.session.program.diagnostics.length < 200 ? suggestName(name, known) : undefined;
}

/**
 * The module of the library that exports the name, for a file that the user wrote; where no other name was meant, also
 * one that exports nearly that.
 */
function importableFor(
  { module, session }: Frame,
  { name, span: { file } }: Pick<NameExpression, "name" | "span">,
  other: string | undefined,
  foreign?: string,
): Importable | undefined {
  const { workspace, diagnostics } = session.program;
  if (file !== module.file || isLibrary(file) || diagnostics.length >= 200) return undefined;
  const exports = libraryExports(workspace);
  const isMeant = exports.has(name) || other !== undefined;
  const known = foreign !== undefined && exports.has(foreign) ? foreign : undefined;
  const meant = isMeant ? name : (known ?? suggestName(name, exports.keys()) ?? name);
  const from = exports.get(meant);
  return from === undefined ? undefined : { name: meant, from, edit: importEdit(module, meant, from) };
}

function* knownNames(frame: Frame, span: Span): Iterable<string> {
  yield* frame.names.keys();
  yield* frame.dims.keys();
  yield* frame.ambient.names;
  yield* universalNames;
  yield* callableNames(frame, span);
}

function* callableNames(frame: Frame, { file }: Span): Iterable<string> {
  yield* frame.module.declarations.keys();
  yield* frame.module.imports.keys();
  yield* builtinNames();
  if (isSettingFile(file)) yield* libraryExports(frame.session.program.workspace).keys();
}

const marginOnly = new Set(["cos", "theta", "cos_y", "theta_y", "x_norm", "w_norm", "y"]);
const optimizerOnly = new Set(["param", "grad", "grad_norm"]);

/** Where the name would exist. */
function contextOf(name: string): string | undefined {
  if (marginOnly.has(name)) return "a margin";
  if (optimizerOnly.has(name)) return "an optimizer";
  return name === "fan_in" || name === "fan_out" ? "an initialiser" : undefined;
}
