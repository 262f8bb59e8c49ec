/**
 * A margin's body read twice, in step: for all pairs, as matrices [N or 1, C or 1], and for each row's own class,
 * as columns [N, 1]. What looks at more than one pair (a mean, a sort, a random number) is computed for all pairs
 * in both readings and then read at the own class, so the two agree. States are updated by the first alone.
 */
import { type Dim, constantDim, isSize, knownSize, sameDim } from "../ir/dim.ts";
import { type TensorType, printType } from "../ir/type.ts";
import type { Callable, Statement } from "../syntax/ast.ts";
import { badMarginResult, scaleNotPositive } from "../errors/check-losses.ts";
import { duplicateName } from "../errors/check-names.ts";
import type { Span } from "../errors/span.ts";
import { elaborateStatement } from "./bodies.ts";
import { reportLooseValue, reportUnknownResult } from "./loose-statements.ts";
import { bindName } from "./parameters.ts";
import { evaluate } from "./expressions.ts";
import type { Ambient, Frame, MarginFrames, Reading } from "./frame.ts";
import { type GeometryName, type Head, column } from "./geometry.ts";
import { report } from "./report.ts";
import { noteClassCount } from "./session.ts";
import { isUndecided, makeTensor, reshaped, toTensor } from "./tensors.ts";
import { type TensorValue, type Value, errorValue, knownNumber, phraseOf } from "./values.ts";
import { stretchesTo } from "./variables.ts";

export type MarginResultName = "scale" | "target" | "other" | "penalty";

/** A result in both readings. */
export interface ReadValue {
  readonly pairs: Value;
  readonly own: Value;
  readonly span: Span;
}

export type MarginResults = { readonly [K in MarginResultName]: ReadValue | undefined };

const resultNames: readonly string[] = ["scale", "target", "other", "penalty"];

/** Reads the body in both ways, statement by statement. `frame` is the one for pairs, parameters bound. */
export function readMargin(frame: Frame, callable: Callable): MarginResults {
  const frames: MarginFrames = { pairs: () => pairs, own: () => own };
  const pairs: Frame = { ...frame, ambient: inFrames(frame.ambient, frames) };
  const own: Frame = { ...frame, names: new Map(frame.names), ambient: ownAmbient(frame.ambient, frames) };
  const results = new Map<string, ReadValue>();
  for (const statement of callable.body) readStatement(pairs, own, statement, results);
  const result = (name: MarginResultName) => results.get(name);
  return {
    scale: result("scale"),
    target: result("target"),
    other: result("other"),
    penalty: result("penalty"),
  };
}

/** Inside a margin N, C and D (and K) are known. */
export function bindHeadDims(frame: Frame, { x, W }: Head, span: Span): void {
  const names = W.type.shape.length === 3 ? ["C", "K", "D"] : ["C", "D"];
  const sizes = [
    ["N", x.type.shape[0]] as const,
    ...names.map((name, axis) => [name, W.type.shape[axis]] as const),
  ];
  for (const [name, dim] of sizes) {
    if (dim === undefined) continue;
    const because = `${name} is ${dim.key} here`;
    frame.dims.set(name, {
      dim: { key: dim.key, terms: dim.terms, label: name },
      original: dim,
      span,
      because,
    });
  }
}

const ambientNames: readonly GeometryName[] = ["cos", "theta", "cos_y", "theta_y", "x_norm", "w_norm", "y"];

export function pairsAmbient(head: Head, geometry: (name: GeometryName) => Value): Ambient {
  const reading: Reading = {
    of: "pairs",
    frames: undefined,
    perPair: (value) => (isPerClass(head, value) ? rowOfClasses(head, value) : value),
    toOwn: (value) => value,
  };
  return {
    context: "margin",
    names: ambientNames,
    lookup: (name) => (isAmbient(name) ? geometry(name) : undefined),
    reading,
    geometry,
    head,
  };
}

function inFrames(ambient: Ambient, frames: MarginFrames): Ambient {
  const { reading } = ambient;
  return reading === undefined ? ambient : { ...ambient, reading: { ...reading, frames } };
}

function ownAmbient(pairs: Ambient, frames: MarginFrames): Ambient {
  const { head, geometry } = pairs;
  if (head === undefined || geometry === undefined) return pairs;
  const ownNames: Readonly<Record<string, GeometryName>> = {
    cos: "cos_y",
    theta: "theta_y",
    w_norm: "w_norm_y",
  };
  const toOwn = (value: Value): Value => valueOfOwnClass(head, geometry, value);
  return {
    ...pairs,
    lookup: (name) => (isAmbient(name) ? geometry(ownNames[name] ?? name) : undefined),
    reading: { of: "own", frames, perPair: (value) => perRow(head, geometry, value), toOwn },
  };
}

function isAmbient(name: string): name is GeometryName {
  return ambientNames.some((known) => known === name);
}

/** f32[C]: one number a class. */
function isPerClass(head: Head, value: Value): value is TensorValue {
  const [only, ...rest] = value.kind === "tensor" ? value.type.shape : [];
  return only !== undefined && rest.length === 0 && runsOverClasses(head, only);
}

/**
 * Whether an axis is that of the classes: not one of rows or features that happens to be as long. As long as the number
 * of classes is open, any other size may be it.
 */
export function runsOverClasses({ W }: Head, dim: Dim): boolean {
  const classes = W.type.shape[0] ?? constantDim(1);
  if (dim.label !== undefined && ["N", "K", "D"].includes(dim.label)) return false;
  return sameDim(dim, classes) || (knownSize(classes) === undefined && !isSize(dim, 1));
}

function rowOfClasses(head: Head, value: TensorValue): Value {
  return reshaped(head.frame, value, [constantDim(1), ...value.type.shape], head.span);
}

/** A list or tensor with a number a class, as each row's own. */
function perRow(head: Head, geometry: (name: GeometryName) => Value, value: Value): Value {
  const { frame, span } = head;
  const classes = knownSize(head.W.type.shape[0] ?? constantDim(1));
  // As long as the number of classes is open, any list may have one number for each.
  const isList = value.kind === "list" && (classes === undefined || classes === value.items.length);
  if (!isList && !isPerClass(head, value)) return value;
  const table = toTensor(frame, value, span);
  if (table.kind === "error") return table;
  noteClassCount(frame.session.program, head.W.type.shape[0], table.type.shape[0]);
  const y = geometry("y");
  return y.kind === "tensor" ? makeTensor(frame, "gather", [table, y], {}, span) : y;
}

/** A value of the first reading where j is the row's own class. */
function valueOfOwnClass(head: Head, geometry: (name: GeometryName) => Value, value: Value): Value {
  const { frame, span, y } = head;
  if (value.kind !== "tensor") return value;
  if (value.type.shape.length === 1) return perRow(head, geometry, value);
  if (value.type.shape.length !== 2 || y === undefined) return value;
  const [rows, columns] = value.type.shape;
  if (rows === undefined || columns === undefined || isSize(columns, 1)) return value;
  if (!runsOverClasses(head, columns)) return value;
  if (isSize(rows, 1)) {
    const flat = reshaped(frame, value, [columns], span);
    const label = geometry("y");
    if (flat.kind === "error" || label.kind !== "tensor") return errorValue;
    return makeTensor(frame, "gather", [flat, label], {}, span);
  }
  const picked = makeTensor(frame, "pick", [value, y], {}, span);
  return picked.kind === "error" ? picked : column(head, picked);
}

function readStatement(
  pairs: Frame,
  own: Frame,
  statement: Statement,
  results: Map<string, ReadValue>,
): void {
  switch (statement.kind) {
    case "let": {
      elaborateStatement(pairs, statement);
      // A written type speaks of all pairs.
      const value =
        statement.type === undefined
          ? evaluate(own, statement.value)
          : asOwn(own, pairs.names.get(statement.name.name)?.value ?? errorValue);
      bindName(own, "let", statement.name, value);
      return;
    }
    case "param":
    case "state":
      elaborateStatement(pairs, statement);
      copyBinding(pairs, own, statement.name.name);
      return;
    case "update":
      elaborateStatement(pairs, statement);
      copyBinding(pairs, own, statement.target.name);
      return;
    case "require":
      elaborateStatement(pairs, statement);
      return;
    case "result":
      readResult(pairs, own, statement, results);
      return;
    case "expression":
      reportLooseValue(
        pairs,
        statement,
        evaluate(pairs, statement.value),
        results.has("target") ? undefined : "target = ",
      );
      return;
    case "error":
      return;
    default:
      return statement satisfies never;
  }
}

function copyBinding(from: Frame, to: Frame, name: string): void {
  const binding = from.names.get(name);
  if (binding !== undefined) to.names.set(name, binding);
}

function readResult(
  pairs: Frame,
  own: Frame,
  statement: Extract<Statement, { kind: "result" }>,
  results: Map<string, ReadValue>,
): void {
  const { name, value } = statement;
  if (!resultNames.includes(name.name)) reportUnknownResult(pairs, statement, "margin", resultNames);
  const earlier = results.get(name.name);
  if (earlier !== undefined)
    report(pairs, duplicateName.report({ span: name.span, name: name.name, earlier: earlier.span }));
  const read: ReadValue = {
    pairs: evaluate(pairs, value),
    own: asOwn(own, evaluate(own, value)),
    span: value.span,
  };
  checkResult(pairs, name.name, read);
  results.set(name.name, read);
}

/** What is written out for all classes, as a list of numbers, for the row's own. */
function asOwn({ ambient: { reading } }: Frame, value: Value): Value {
  return reading === undefined ? value : reading.toOwn(reading.perPair(value));
}

function checkResult(frame: Frame, name: string, { pairs, span }: ReadValue): void {
  if (pairs.kind === "error") return;
  const number = knownNumber(pairs);
  if (name === "scale" && number !== undefined && !(number > 0))
    report(frame, scaleNotPositive.report({ span, value: number }));
  const isNumber =
    number !== undefined ||
    pairs.kind === "int" ||
    (pairs.kind === "tensor" && pairs.type.dtype !== "bool" && belongsToPairs(frame, pairs));
  if (!isNumber)
    report(
      frame,
      badMarginResult.report({
        span,
        name,
        found: pairs.kind === "tensor" ? printType(pairs.type) : phraseOf(pairs),
      }),
    );
}

/** Whether a value is one for each pair of row and class, for each of either, or for all. */
function belongsToPairs(frame: Frame, { type }: TensorValue): boolean {
  const [rows, classes] = [frame.dims.get("N")?.dim, frame.dims.get("C")?.dim];
  if (rows === undefined || classes === undefined) return false;
  const pairs: TensorType = { dtype: "f32", shape: [rows, classes] };
  if (type.shape.length > 2) return false;
  return stretchesTo(type.shape, pairs.shape) || isUndecided(frame, [type, pairs]);
}
