/**
 * Bodies: a frame is made for each use of a declaration, its parameters are bound, and its statements are
 * elaborated in order. The same steps serve a use (`elaborateUse`) and the entry itself (entries.ts); margins
 * and optimizers, whose bodies have no value, walk their statements from their own files.
 */
import type { Callable, Expression, Parameter, Statement } from "../syntax/ast.ts";
import { removal } from "../syntax/edits.ts";
import {
  callTooDeep,
  duplicateName,
  misplacedStatement,
  recursion,
  unusedName,
  unusedSetting,
} from "../errors/check-names.ts";
import { missingValue, requirementFailed } from "../errors/check-settings.ts";
import { notScalarLoss } from "../errors/check-losses.ts";
import { printType } from "../ir/type.ts";
import type { Span } from "../errors/span.ts";
import type { Given } from "./arguments.ts";
import { rememberedCall } from "./call-memory.ts";
import { ensureChecked } from "./declarations.ts";
import { evaluate, nestingLimit } from "./expressions.ts";
import { type Ambient, type Binding, type Frame, outermost, ownerName, pathOfCall } from "./frame.ts";
import { reportLooseValue, reportUnknownResult } from "./loose-statements.ts";
import { bindName, bindParameters, blameOf } from "./parameters.ts";
import { axesOf } from "./pairwise.ts";
import { addPenalties } from "./penalties.ts";
import { isWrittenByUser, report } from "./report.ts";
import { matchTensor, withCallerLabels } from "./signatures.ts";
import { toTensor } from "./tensors.ts";
import { traceBody } from "./traces.ts";
import { type FunctionValue, type Value, phraseOf, errorValue, firstError } from "./values.ts";
import { declareParam, declareState, updateState, withoutRows } from "./variables.ts";

/** Inlines a declaration at a use and gives its value, labelled as the caller labels. */
export function elaborateUse(caller: Frame, callee: FunctionValue, given: Given, span: Span): Value {
  const bad = firstError([...given.values()].map(({ value }) => value));
  if (bad !== undefined) return bad;
  const path = pathOfUse(caller, callee.callable);
  return rememberedCall(caller, callee, given, (from) => inlined(from, callee, given, { span, path }));
}

function inlined(
  caller: Frame,
  callee: FunctionValue,
  given: Given,
  { span, path }: { readonly span: Span; readonly path: string },
): Value {
  const frame = enterCall(caller, callee, span, path);
  if (frame === undefined || caller.session.program.checked.get(callee.callable) === "broken")
    return errorValue;
  if (!bindParameters(frame, callee.callable, given)) return errorValue;
  const body = elaborateBody(frame, callee.callable);
  return body.value.kind === "tensor" ? withCallerLabels(frame, body.value) : body.value;
}

/** Functions own nothing, so their calls leave no trace in the names of variables. */
function pathOfUse(caller: Frame, callable: Callable): string {
  return callable.kind === "fn" ? caller.path : pathOfCall(caller, callable.name.name);
}

/** A frame for a use; undefined, after a diagnostic, for recursion and for calls nested too deeply. */
export function enterCall(
  caller: Frame,
  { callable, module }: FunctionValue,
  span: Span,
  path: string,
  ambient?: Ambient,
): Frame | undefined {
  ensureChecked(caller.session.program, callable, module);
  if (isActive(caller, callable)) {
    // Between files it takes a circle of imports, which has been told.
    if (caller.module === module)
      report(caller, recursion.report({ span, name: callable.name.name, declared: callable.name.span }));
    return undefined;
  }
  if (caller.depth >= nestingLimit) {
    report(caller, callTooDeep.report({ span, limit: nestingLimit }));
    return undefined;
  }
  // A function is inlined within its caller's context; everything else starts one of its own.
  const inherited =
    callable.kind === "fn" && caller.ambient.context === "initialiser" ? caller.ambient : undefined;
  const context = ambient ?? inherited;
  const penalties = callable.kind === "loss" ? [] : caller.penalties;
  return {
    session: caller.session,
    module,
    owner: callable,
    names: new Map(),
    dims: new Map(),
    path,
    trail: `${caller.trail}>${span.file}:${span.start}`,
    calls: new Map(),
    margins: new Map(),
    caller: { frame: caller, span },
    depth: caller.depth + 1,
    ambient: context ?? { context: "none", lookup: () => undefined, names: [] },
    ...(penalties === undefined ? {} : { penalties }),
    ...(caller.dead === undefined ? {} : { dead: caller.dead }),
  };
}

function isActive(frame: Frame, callable: Callable): boolean {
  return frame.owner === callable || (frame.caller !== undefined && isActive(frame.caller.frame, callable));
}

// ---------------------------------------------------------------- statements

export interface BodyResult {
  readonly value: Value;
  readonly results: ReadonlyMap<string, Value>;
}

/** The statements of a body with a value: fn, layer, model, loss. */
export function elaborateBody(frame: Frame, callable: Callable): BodyResult {
  const results = new Map<string, Value>();
  let value: Value | undefined;
  for (const [index, statement] of callable.body.entries()) {
    const isLast = index === callable.body.length - 1;
    if (statement.kind === "expression") value = elaborateLast(frame, statement, isLast) ?? value;
    else if (statement.kind === "result") elaborateResult(frame, callable, statement, results);
    else if (statement.kind === "error") value = errorValue;
    else elaborateStatement(frame, statement);
  }
  if (value === undefined) return { value: reportMissingValue(frame, callable), results };
  warnUnused(frame);
  if (callable.kind === "loss") traceBody(frame, value);
  return { value: finishValue(frame, callable, value), results };
}

function elaborateLast(
  frame: Frame,
  statement: Extract<Statement, { kind: "expression" }>,
  isLast: boolean,
): Value | undefined {
  const { value } = statement;
  const result = evaluate(frame, value);
  if (isLast) return result;
  reportLooseValue(frame, statement, result);
  return undefined;
}

function reportMissingValue(frame: Frame, { name, kind, body }: Callable): Value {
  const last = body.at(-1);
  const facts = { span: name.span, name: name.name, kind };
  const named = last?.kind === "let" ? { name: last.name.name, span: last.span } : undefined;
  return report(frame, missingValue.report({ ...facts, last: named }));
}

function elaborateResult(
  frame: Frame,
  callable: Callable,
  statement: Extract<Statement, { kind: "result" }>,
  results: Map<string, Value>,
): void {
  const { name, value, span } = statement;
  if (callable.kind !== "loss" || name.name !== "predict") {
    reportUnknownResult(frame, statement, callable.kind, callable.kind === "loss" ? ["predict"] : []);
    evaluate(frame, value);
    return;
  }
  if (results.has(name.name)) report(frame, duplicateName.report({ span, name: name.name, earlier: span }));
  results.set(name.name, evaluate(frame, value));
}

/** What every kind of body may hold: `let`, `param`, `state`, `<-`, `require`. */
export function elaborateStatement(
  frame: Frame,
  statement: Exclude<Statement, { kind: "expression" | "result" | "error" }>,
): void {
  switch (statement.kind) {
    case "let":
      elaborateLet(frame, statement);
      return;
    case "param":
      declareParam(frame, statement);
      return;
    case "state":
      declareState(frame, statement);
      return;
    case "update":
      updateState(frame, statement);
      return;
    case "require":
      elaborateRequire(frame, statement);
      return;
    default:
      return statement satisfies never;
  }
}

export function elaborateLet(frame: Frame, { name, type, value }: Extract<Statement, { kind: "let" }>): void {
  const found = evaluate(frame, value);
  bindName(frame, "let", name, type === undefined ? found : typedValue(frame, found, type, name, value.span));
}

/** A value under a written type: its shape checked, its axes named. */
export function typedValue(
  frame: Frame,
  value: Value,
  type: NonNullable<Callable["returns"]>,
  { name }: Parameter["name"],
  span: Span,
): Value {
  if (type.kind === "setting" || value.kind === "error") return value;
  const wanted = type.dtype === "i32" || type.dtype === "index" ? "i32" : "f32";
  const given = toTensor(frame, value, span, wanted);
  if (given.kind === "error") return given;
  const tensor = withoutRows(frame, given, axesOf(type), span);
  if (tensor.kind === "error") return tensor;
  const matched = matchTensor(frame, type, tensor, { name, span, blame: frame });
  if (matched === undefined) return errorValue;
  const { origin: _, ...rest } = matched;
  return rest;
}

/** `require`: a fact about settings, blamed on the argument that breaks it. */
export function elaborateRequire(
  frame: Frame,
  { condition, message, span }: Extract<Statement, { kind: "require" }>,
): void {
  const value = evaluate(frame, condition);
  if (value.kind === "error" || (value.kind === "bool" && value.value !== false)) return;
  if (value.kind === "tensor") {
    report(frame, misplacedStatement.report({ span: condition.span, found: phraseOf(value) }));
    return;
  }
  const facts = { message, requirement: span, callee: ownerName(frame) };
  const root = outermost(frame);
  const given = givenIn(frame, condition).find((place) => isWrittenByUser(frame, place));
  if (given !== undefined) report(root, requirementFailed.report({ span: given, ...facts }));
  else
    report(
      blameOf(frame),
      requirementFailed.report({ span: frame.caller?.span ?? condition.span, ...facts }),
    );
  frame.refused = true;
}

/** Where the settings that an expression speaks of were given. */
export function givenIn(frame: Frame, expression: Expression): readonly Span[] {
  switch (expression.kind) {
    case "name": {
      const given = frame.names.get(expression.name)?.givenAt;
      return given === undefined ? [] : [given];
    }
    case "binary":
      return [...givenIn(frame, expression.left), ...givenIn(frame, expression.right)];
    case "unary":
      return givenIn(frame, expression.operand);
    case "call":
      return expression.arguments.flatMap((argument) => givenIn(frame, argument.value));
    case "number":
    case "string":
    case "bool":
    case "list":
    case "index":
    case "pipe":
    case "if":
    case "error":
      return [];
    default:
      return expression satisfies never;
  }
}

/** The declared result type, and the rule that a loss is one number. */
function finishValue(frame: Frame, callable: Callable, value: Value): Value {
  const last = callable.body.at(-1);
  const span = last?.kind === "expression" ? last.value.span : callable.name.span;
  const typed =
    callable.returns === undefined
      ? value
      : typedValue(frame, value, callable.returns, { name: "the result", span }, span);
  if (callable.kind === "model" || callable.kind === "layer") return toTensor(frame, typed, span);
  if (callable.kind !== "loss") return typed;
  const total = toTensor(frame, typed, span);
  if (total.kind === "error") return total;
  if (total.type.shape.length > 0 || total.type.dtype !== "f32")
    return report(frame, notScalarLoss.report({ span, found: printType(total.type) }));
  return addPenalties(frame, total, span);
}

/** Warnings for names of the checked body that nothing reads. */
export function warnUnused(frame: Frame): void {
  if (frame.caller !== undefined || frame.session.program.mode !== "generic") return;
  for (const [name, binding] of frame.names) {
    if (binding.used || name.startsWith("_")) continue;
    const facts = { span: binding.span, name };
    // A mistake may hide the place where a setting is read.
    if (binding.kind === "setting" && frame.session.program.effort.errors === 0)
      report(frame, unusedSetting.report(facts));
    if (binding.kind !== "let") continue;
    const removed = removal(frame.module.text, letOf(frame, binding)?.span ?? binding.span);
    report(frame, unusedName.report({ ...facts, what: "let", removal: removed }));
  }
}

function letOf({ owner }: Frame, { span }: Binding): Statement | undefined {
  const body = owner !== undefined && "body" in owner ? owner.body : [];
  return body.find((statement) => statement.kind === "let" && statement.name.span.start === span.start);
}
