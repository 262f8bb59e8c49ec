/**
 * Optimizers. The body is elaborated once for each parameter, with `param`, its `grad`, and `grad_norm`, the
 * length of all gradients together; `param <- …` gives the parameter's next value, and each state is kept per
 * parameter as `sgd.v.conv2d_2.W`. A `train` may have several, each for some of the parameters.
 */
import type { Node } from "../ir/node.ts";
import type { Statement } from "../syntax/ast.ts";
import { noParamUpdate } from "../errors/check-losses.ts";
import { idleOptimizer, unknownParameter, withoutOptimizer } from "../errors/check-train.ts";
import type { Span } from "../errors/span.ts";
import { type Given } from "./arguments.ts";
import { elaborateStatement, enterCall } from "./bodies.ts";
import { bindParameters } from "./parameters.ts";
import { evaluate } from "./expressions.ts";
import type { Ambient, Frame } from "./frame.ts";
import { reportLooseValue, reportUnknownResult } from "./loose-statements.ts";
import { report } from "./report.ts";
import { suggestName } from "../errors/suggest.ts";
import { makeTensor, scalar } from "./tensors.ts";
import { traceSettings } from "./traces.ts";
import { type FunctionValue, type TensorValue, type Value } from "./values.ts";
import { updatedValue } from "./variables.ts";

/** A parameter and its gradient. */
export interface Learned {
  readonly name: string;
  readonly value: TensorValue;
  readonly gradient: TensorValue;
}

export interface OptimizerUse {
  readonly callee: FunctionValue;
  readonly given: Given;
  readonly span: Span;
  /** Names of the parameters that it is for; absent where it is for all. */
  readonly only?: readonly string[];
}

/** The next value of every parameter that moves; a parameter is left out after a diagnostic. */
export function elaborateOptimizers(
  caller: Frame,
  uses: readonly OptimizerUse[],
  learned: readonly Learned[],
): ReadonlyMap<string, Node> {
  const next = new Map<string, Node>();
  const assigned = assignedOf(caller, uses, learned);
  if (assigned === undefined) return next;
  const moving = assigned.filter(({ use }) => !leavesAlone(use));
  const gradientNorm = onDemand(() =>
    normOfAll(
      caller,
      moving.map(({ parameter }) => parameter),
      moving[0]?.use.span ?? noSpan(caller),
    ),
  );
  for (const { parameter, use } of moving) {
    const { callee, given, span } = use;
    const current = { value: parameter.value };
    const ambient = optimizerAmbient(parameter, current, gradientNorm, `.${parameter.name}`);
    const frame = enterCall(caller, callee, span, `${callee.callable.name.name}.`, ambient);
    if (frame === undefined || !bindParameters(frame, callee.callable, given)) return next;
    const updated = updateParameter(frame, callee.callable.body, parameter.value, current);
    if (updated === undefined) return next;
    next.set(parameter.name, updated.node);
    traceSettings(frame);
  }
  return next;
}

interface Assigned {
  readonly parameter: Learned;
  readonly use: OptimizerUse;
}

/** The first optimizer that is for each parameter; undefined after a diagnostic. */
function assignedOf(
  frame: Frame,
  uses: readonly OptimizerUse[],
  learned: readonly Learned[],
): readonly Assigned[] | undefined {
  const names = learned.map(({ name }) => name);
  for (const { only = [], span } of uses)
    for (const pattern of only) {
      if (names.some((name) => isMeant(name, pattern))) continue;
      const suggestion = suggestName(pattern, names.flatMap(pathsTo));
      report(frame, unknownParameter.report({ span, name: pattern, known: names, suggestion }));
      return undefined;
    }
  const assigned = learned.flatMap((parameter): Assigned[] => {
    const use = uses.find(
      ({ only }) => only === undefined || only.some((one) => isMeant(parameter.name, one)),
    );
    return use === undefined ? [] : [{ parameter, use }];
  });
  const idle = uses.find((use) => !assigned.some((one) => one.use === use));
  const without = names.filter((name) => !assigned.some(({ parameter }) => parameter.name === name));
  if (idle !== undefined && names.length > 0)
    report(frame, idleOptimizer.report({ span: idle.span, name: idle.callee.callable.name.name }));
  else if (without.length > 0)
    report(frame, withoutOptimizer.report({ span: uses.at(-1)?.span ?? noSpan(frame), names: without }));
  else return assigned;
  return undefined;
}

/** `conv2d` means all that is in it, and `*` anything. */
function isMeant(name: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*").map((text) => text.replace(/[.$^()|[\]{}+?\\]/g, "\\$&"));
  return new RegExp(`^${[first, ...rest].join(".*")}(\\.|$)`).test(name);
}

/** `a`, `a.b` and `a.b.W` of `a.b.W`. */
export function pathsTo(name: string): readonly string[] {
  const parts = name.split(".");
  return parts.map((_, at) => parts.slice(0, at + 1).join("."));
}

/** An optimizer that says `param <- param` and no more. */
function leavesAlone({ callee: { callable } }: OptimizerUse): boolean {
  const updates = callable.body.filter(({ kind }) => kind === "update");
  return (
    updates.length > 0 &&
    updates.every(
      (statement) =>
        statement.kind === "update" &&
        statement.target.name === "param" &&
        statement.value.kind === "name" &&
        statement.value.name === "param",
    )
  );
}

function noSpan({ module }: Frame): Span {
  return { file: module.file, start: 0, end: 0 };
}

export function optimizerAmbient(
  { value, gradient }: Pick<Learned, "value" | "gradient">,
  current: { value: TensorValue },
  gradientNorm: () => Value,
  suffix: string,
): Ambient {
  return {
    context: "optimizer",
    names: ["param", "grad", "grad_norm"],
    lookup: (name) => {
      if (name === "param") return current.value;
      if (name === "grad") return gradient;
      return name === "grad_norm" ? gradientNorm() : undefined;
    },
    shape: value.type.shape,
    suffix,
  };
}

/** Walks the body; undefined, after a diagnostic, if it never says `param <- …`. */
export function updateParameter(
  frame: Frame,
  body: readonly Statement[],
  variable: TensorValue,
  current: { value: TensorValue },
): TensorValue | undefined {
  let result: TensorValue | undefined;
  let isFaulty = false;
  for (const statement of body) {
    switch (statement.kind) {
      case "update": {
        if (statement.target.name !== "param") {
          elaborateStatement(frame, statement);
          break;
        }
        const at = { name: "param", span: statement.value.span };
        const next = updatedValue(frame, evaluate(frame, statement.value), variable, at);
        if (next === undefined) isFaulty = true;
        else result = current.value = next;
        break;
      }
      case "let":
      case "param":
      case "state":
      case "require":
        elaborateStatement(frame, statement);
        break;
      case "result":
        reportUnknownResult(frame, statement, "optimizer", []);
        evaluate(frame, statement.value);
        isFaulty = true;
        break;
      case "expression":
        reportLooseValue(frame, statement, evaluate(frame, statement.value), "param <- ");
        isFaulty = true;
        break;
      case "error":
        isFaulty = true;
        break;
      default:
        return statement satisfies never;
    }
  }
  const owner = frame.owner;
  if (result === undefined && !isFaulty && owner !== undefined)
    report(frame, noParamUpdate.report({ span: owner.name.span, name: owner.name.name }));
  return result;
}

/** √ Σ Σ grad², over every parameter. */
export function normOfAll(frame: Frame, learned: readonly Pick<Learned, "gradient">[], span: Span): Value {
  let total: TensorValue = scalar(frame, 0, "f32", span);
  for (const { gradient } of learned) {
    const square = makeTensor(frame, "mul", [gradient, gradient], {}, span);
    if (square.kind === "error") return square;
    const axes = square.type.shape.map((_, axis) => axis);
    const sum = makeTensor(frame, "sum", [square], { axes, keepDims: false }, span);
    const next = sum.kind === "error" ? sum : makeTensor(frame, "add", [total, sum], {}, span);
    if (next.kind === "error") return next;
    total = next;
  }
  return makeTensor(frame, "sqrt", [total], {}, span);
}

function onDemand(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
