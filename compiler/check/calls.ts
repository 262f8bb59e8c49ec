/**
 * Calls and pipes. What is called decides: a `fn` is inlined with its arguments; a `layer` takes its settings
 * first and waits for its input; margins, optimizers, and models and losses without inputs, keep their
 * settings for whoever uses them. `x |> f(a)` is `f(x, a)` for a fn and `f(a)(x)` for a layer.
 */
import type { Argument, CallExpression, Expression, PipeExpression } from "../syntax/ast.ts";
import { notCallable } from "../errors/check-names.ts";
import { tensorAsSetting } from "../errors/check-settings.ts";
import type { Span } from "../errors/span.ts";
import { type EvaluatedArgument, bindArguments, evaluateArguments } from "./arguments.ts";
import { elaborateUse } from "./bodies.ts";
import { callBuiltin } from "./builtins/call.ts";
import { evaluate } from "./expressions.ts";
import { type Frame, frameOfReading } from "./frame.ts";
import { isCallable, lookupFunction } from "./names.ts";
import type { Operand } from "./operands.ts";
import { isPairwise } from "./pairwise.ts";
import { report } from "./report.ts";
import { isTensorParameter } from "./signatures.ts";
import { type FunctionValue, type PartialValue, type Value, phraseOf, errorValue } from "./values.ts";

export function evaluateCall(frame: Frame, call: CallExpression): Value {
  const callee = calleeOf(frame, call.callee);
  if (callee !== undefined && isReadForPairs(frame, callee, call.arguments)) return readForPairs(frame, call);
  if (callee?.kind === "builtin")
    return callBuiltin(frame, callee.name, call.arguments, undefined, call.span);
  const given = evaluateArguments(frame, call);
  return callee === undefined ? errorValue : callValue(frame, callee, given, call.span, call.callee.span);
}

export function evaluatePipe(frame: Frame, pipe: PipeExpression, left: Operand): Value {
  const { right } = pipe;
  const call = right.kind === "call" ? right : undefined;
  const callee = calleeOf(frame, call === undefined ? right : call.callee);
  if (callee !== undefined && isReadForPairs(frame, callee, [pipe.left, ...(call?.arguments ?? [])]))
    return readForPairs(frame, pipe);
  if (callee?.kind === "builtin")
    return callBuiltin(frame, callee.name, call?.arguments ?? [], left, pipe.span);
  const given = call === undefined ? [] : evaluateArguments(frame, call);
  if (callee === undefined || left.value.kind === "error") return errorValue;
  // Diagnostics of a long pipe belong to the step, not to everything before it.
  const span = right.span;
  if (callee.kind === "function" && callee.callable.kind === "layer") {
    const layer = withSettings(frame, callee, given, span);
    return layer.kind === "partial" ? applyPartial(frame, layer, [left], span) : layer;
  }
  return callValue(frame, callee, [left, ...given], span, call?.callee.span ?? right.span);
}

/** In a margin, what looks at more than one pair at a time means all pairs, whoever asks. */
function isReadForPairs(
  { ambient, session }: Frame,
  callee: Value,
  given: readonly (Argument | Expression)[],
): boolean {
  return ambient.reading?.of === "own" && isCallable(callee) && !isPairwise(session.program, callee, given);
}

function readForPairs(frame: Frame, expression: CallExpression | PipeExpression): Value {
  const { reading } = frame.ambient;
  const pairs = frameOfReading(frame, "pairs");
  return reading === undefined || pairs === undefined
    ? errorValue
    : reading.toOwn(evaluate(pairs, expression));
}

function calleeOf(frame: Frame, callee: Expression): Value | undefined {
  return callee.kind === "name" ? lookupFunction(frame, callee) : evaluate(frame, callee);
}

/** Calls anything that may be called with values. */
export function callValue(
  frame: Frame,
  callee: Value,
  given: readonly EvaluatedArgument[],
  span: Span,
  calleeSpan: Span,
): Value {
  switch (callee.kind) {
    case "function":
      return callDeclared(frame, callee, given, span);
    case "partial":
      return applyPartial(frame, callee, given, span);
    case "error":
      return callee;
    case "builtin":
      return errorValue;
    case "int":
    case "float":
    case "bool":
    case "string":
    case "list":
    case "tensor":
    case "data":
      return report(frame, notCallable.report({ span: calleeSpan, found: phraseOf(callee) }));
    default:
      return callee satisfies never;
  }
}

function callDeclared(
  frame: Frame,
  callee: FunctionValue,
  given: readonly EvaluatedArgument[],
  span: Span,
): Value {
  const { callable } = callee;
  switch (callable.kind) {
    case "fn": {
      const bound = bindArguments(frame, callable, callable.parameters, given);
      return bound === undefined ? errorValue : elaborateUse(frame, callee, bound, span);
    }
    case "model":
    case "loss": {
      if (!givesInputs(callee, given)) return withSettings(frame, callee, given, span);
      const bound = bindArguments(frame, callable, callable.parameters, given);
      return bound === undefined ? errorValue : elaborateUse(frame, callee, bound, span);
    }
    case "layer":
    case "margin":
    case "optimizer":
      return withSettings(frame, callee, given, span);
    default:
      return callable.kind satisfies never;
  }
}

/** Whether a call of a model or loss is meant to run it: something is given to its inputs. */
function givesInputs({ callable }: FunctionValue, given: readonly EvaluatedArgument[]): boolean {
  const inputs = callable.parameters.filter(isTensorParameter).map((parameter) => parameter.name.name);
  return given.some(({ name, value }) =>
    name === undefined ? value.kind === "tensor" : inputs.includes(name),
  );
}

/** A declaration with its settings, waiting for what it works on. */
export function withSettings(
  frame: Frame,
  { callable, module }: FunctionValue,
  given: readonly EvaluatedArgument[],
  span: Span,
): Value {
  const piped = given.find(
    ({ name, value }) => name === undefined && value.kind === "tensor" && value.type.shape.length > 0,
  );
  if (callable.kind === "layer" && piped !== undefined && callable.settings.length < given.length)
    return report(
      frame,
      tensorAsSetting.report({ span: piped.span, callee: callable.name.name, isAlone: given.length === 1 }),
    );
  const settings = settingsOf(callable);
  const bound = bindArguments(frame, callable, settings, given);
  return bound === undefined ? errorValue : { kind: "partial", callable, module, given: bound, span };
}

function settingsOf(callable: FunctionValue["callable"]) {
  if (callable.kind === "layer") return callable.settings;
  if (callable.kind === "margin" || callable.kind === "optimizer") return callable.parameters;
  return callable.parameters.filter((parameter) => !isTensorParameter(parameter));
}

/** `dense(10)(x)`: the inputs of a declaration whose settings are known. */
export function applyPartial(
  frame: Frame,
  partial: PartialValue,
  given: readonly EvaluatedArgument[],
  span: Span,
): Value {
  const { callable } = partial;
  if (callable.kind === "margin" || callable.kind === "optimizer")
    return report(frame, notCallable.report({ span, found: phraseOf(partial) }));
  const parameters =
    callable.kind === "layer" ? callable.parameters : callable.parameters.filter(isTensorParameter);
  const bound = bindArguments(frame, callable, parameters, given);
  if (bound === undefined) return errorValue;
  const all = new Map([...partial.given, ...bound]);
  return elaborateUse(frame, { kind: "function", callable, module: partial.module }, all, span);
}
