/**
 * Expressions. One function evaluates any expression to a value, making nodes as it goes and recording
 * the type of each for the editor. Chains that lean to the left (`a + b + c`, `x |> f |> g`) are walked in
 * a loop, so that only real nesting nests.
 */
import type {
  BinaryExpression,
  Expression,
  IfExpression,
  IndexExpression,
  PipeExpression,
} from "../syntax/ast.ts";
import { nestedTooDeeply, tooMuchWork } from "../errors/check-names.ts";
import { badBranches, badCondition, undecidedCondition } from "../errors/check-types.ts";
import { evaluateCall, evaluatePipe } from "./calls.ts";
import { indexValue } from "./indexing.ts";
import { evaluateName } from "./names.ts";
import { type Frame, frameOfReading } from "./frame.ts";
import { indexInMargin } from "./margin-index.ts";
import { boolPair, isBool, numericPair, whole } from "./operands.ts";
import { applyBinary, applyUnary } from "./operators.ts";
import { report } from "./report.ts";
import { makeTensor } from "./tensors.ts";
import {
  type Value,
  boolValue,
  describeValue,
  phraseOf,
  errorValue,
  floatValue,
  intValue,
} from "./values.ts";

/** Source may nest this deep, in expressions and in calls. */
export const nestingLimit = 128;
/** Expressions that one check may look at: calls are inlined, so a short text can ask for too much. */
const effortLimit = 500_000;

export function evaluate(frame: Frame, expression: Expression): Value {
  const { effort } = frame.session.program;
  effort.steps++;
  if (effort.steps === effortLimit)
    report(frame, tooMuchWork.report({ span: expression.span, limit: effortLimit }));
  if (effort.steps >= effortLimit) return errorValue;
  if (effort.depth > 8 * nestingLimit)
    return report(frame, nestedTooDeeply.report({ span: expression.span, limit: nestingLimit }));
  effort.depth++;
  const value = evaluateKind(frame, expression);
  effort.depth--;
  recordType(frame, expression, value);
  return value;
}

function recordType(frame: Frame, { span }: Expression, value: Value): void {
  if (frame.caller !== undefined || frame.ambient.reading?.of === "own" || value.kind === "error") return;
  frame.session.program.types.push({ span, text: describeValue(value) });
}

function evaluateKind(frame: Frame, expression: Expression): Value {
  switch (expression.kind) {
    case "number":
      return expression.isInteger && Number.isSafeInteger(expression.value)
        ? intValue(expression.value)
        : floatValue(expression.value);
    case "string":
      return { kind: "string", value: expression.value };
    case "bool":
      return boolValue(expression.value);
    case "list":
      return { kind: "list", items: expression.items.map((item) => evaluate(frame, item)) };
    case "name":
      return evaluateName(frame, expression);
    case "call":
      return evaluateCall(frame, expression);
    case "index":
      return evaluateIndex(frame, expression);
    case "unary": {
      const operand = { value: evaluate(frame, expression.operand), span: expression.operand.span };
      return applyUnary(frame, expression.operator, operand, expression.span);
    }
    case "binary":
    case "pipe":
      return evaluateChain(frame, expression);
    case "if":
      return evaluateIf(frame, expression);
    case "error":
      return errorValue;
    default:
      return expression satisfies never;
  }
}

/** From the innermost left operand outwards. */
function evaluateChain(frame: Frame, expression: BinaryExpression | PipeExpression): Value {
  const links: (BinaryExpression | PipeExpression)[] = [];
  let first: Expression = expression;
  while (first.kind === "binary" || first.kind === "pipe") {
    links.push(first);
    first = first.left;
  }
  let value = evaluate(frame, first);
  for (const link of links.toReversed()) {
    value = applyLink(frame, link, value);
    if (link !== expression) recordType(frame, link, value);
  }
  return value;
}

function applyLink(frame: Frame, link: BinaryExpression | PipeExpression, left: Value): Value {
  if (link.kind === "pipe") return evaluatePipe(frame, link, { value: left, span: link.left.span });
  const decided = shortCircuit(frame, link, left);
  if (decided !== undefined) return decided;
  return applyBinary(frame, {
    operator: link.operator,
    left: { value: left, span: link.left.span },
    right: { value: evaluate(frame, link.right), span: link.right.span },
    span: link.span,
  });
}

/** `stride == 1 and …`: what a constant left side decides is not elaborated, except to show its mistakes. */
function shortCircuit(frame: Frame, link: BinaryExpression, left: Value): Value | undefined {
  if (left.kind !== "bool" || left.value === undefined) return undefined;
  const isDecided = (link.operator === "or" && left.value) || (link.operator === "and" && !left.value);
  if (!isDecided) return undefined;
  if (frame.session.program.mode === "generic") evaluate({ ...frame, dead: true }, link.right);
  return left;
}

function evaluateIndex(frame: Frame, expression: IndexExpression): Value {
  const { target, index, span } = expression;
  if (frameOfReading(frame, "own") !== undefined) return indexInMargin(frame, expression);
  return indexValue(frame, {
    target: { value: evaluate(frame, target), span: target.span },
    index: { value: evaluate(frame, index), span: index.span },
    span,
    table: target,
  });
}

function evaluateIf(frame: Frame, expression: IfExpression): Value {
  const condition = evaluate(frame, expression.condition);
  const isGeneric = frame.session.program.mode === "generic";
  const isTensor = condition.kind === "tensor" && condition.type.dtype === "bool";
  if (condition.kind === "bool" && condition.value !== undefined) {
    const [taken, other] = condition.value
      ? [expression.whenTrue, expression.whenFalse]
      : [expression.whenFalse, expression.whenTrue];
    if (isGeneric) evaluate({ ...frame, dead: true }, other);
    return evaluate(frame, taken);
  }
  const whenTrue = evaluate(frame, expression.whenTrue);
  const whenFalse = evaluate(frame, expression.whenFalse);
  if (condition.kind === "error") return condition;
  if (condition.kind === "bool") {
    const either = eitherOf(whenTrue, whenFalse);
    if (either.kind === "error" && whenTrue.kind !== "error" && whenFalse.kind !== "error" && !isGeneric)
      return report(frame, undecidedCondition.report({ span: expression.condition.span }));
    return either;
  }
  if (!isTensor)
    return report(
      frame,
      badCondition.report({ span: expression.condition.span, found: phraseOf(condition) }),
    );
  if (whenTrue.kind === "error") return whenTrue;
  if (whenFalse.kind === "error") return whenFalse;
  const branches = branchPair(frame, expression, whenTrue, whenFalse);
  if (branches === undefined) return errorValue;
  const result = makeTensor(frame, "select", [condition, ...branches], {}, expression.span);
  return whole(
    result,
    branches.every((branch) => branch.integral === true),
  );
}

/** What an undecided static `if` gives: something only if both branches agree on it. */
function eitherOf(a: Value, b: Value): Value {
  return a.kind !== "error" && a.kind === b.kind && describeValue(a) === describeValue(b) ? a : errorValue;
}

function branchPair(frame: Frame, expression: IfExpression, whenTrue: Value, whenFalse: Value) {
  const [left, right] = [
    { value: whenTrue, span: expression.whenTrue.span },
    { value: whenFalse, span: expression.whenFalse.span },
  ];
  if (isBool(whenTrue) !== isBool(whenFalse)) {
    const facts = { span: expression.span, left: phraseOf(whenTrue), right: phraseOf(whenFalse) };
    report(frame, badBranches.report({ ...facts, leftSpan: left.span, rightSpan: right.span }));
    return undefined;
  }
  return isBool(whenTrue) ? boolPair(frame, left, right) : numericPair(frame, "if", left, right);
}
