/**
 * Margins. A margin says, for row i and class j, what the score is; its body is read twice, in step: for all
 * pairs, as matrices [N or 1, C or 1], and for each row's own class, as columns [N, 1]. The target's formula is
 * taken from the second reading, so its trigonometry is computed for N values and not for N·C. What looks at
 * more than one pair (a mean, a sort, a random number) is computed for all pairs in both readings and then
 * read at the own class, so the two agree. States are updated by the first reading alone.
 */
import { constantDim, isSize, sameDim } from "../ir/dim.ts";
import { nodesOf } from "../ir/node.ts";
import { printType } from "../ir/type.ts";
import type { Callable, Statement, TensorTypeExpression } from "../syntax/ast.ts";
import {
  badMarginResult,
  notAMargin,
  penaltyOutsideLoss,
  scaleNotPositive,
  scoresNeedLabels,
} from "../errors/check-losses.ts";
import { duplicateName, unusedValue } from "../errors/check-names.ts";
import { unknownResult } from "../errors/check-settings.ts";
import type { Span } from "../errors/span.ts";
import { bindName, bindParameters, elaborateStatement, enterCall, typedValue } from "./bodies.ts";
import { type BuiltinCall, argument, indexArgument, tensorArgument } from "./builtins/builtin.ts";
import { evaluate } from "./expressions.ts";
import { type Ambient, type Frame, type Reading, pathOfCall } from "./frame.ts";
import { type GeometryName, type Head, column, geometryOf } from "./geometry.ts";
import { applyBinary } from "./operators.ts";
import { report } from "./report.ts";
import { matchTensor } from "./signatures.ts";
import { suggestName } from "../errors/suggest.ts";
import { makeTensor, reshaped, toTensor } from "./tensors.ts";
import {
  type FunctionValue,
  type GivenArgument,
  type TensorValue,
  type Value,
  describeValue,
  phraseOf,
  errorValue,
  floatValue,
  kindOfValue,
  knownNumber,
} from "./values.ts";

export type MarginResultName = "scale" | "target" | "other" | "penalty";

/** A result in both readings. */
export interface ReadValue {
  readonly pairs: Value;
  readonly own: Value;
  readonly span: Span;
}

export type MarginResults = { readonly [K in MarginResultName]: ReadValue | undefined };

const resultNames: readonly string[] = ["scale", "target", "other", "penalty"];

// ---------------------------------------------------------------- builtins

/** `logits(margin, x, W, y)` */
export function marginLogits(call: BuiltinCall): Value {
  const margin = marginOf(call);
  const head = headOf(call, "labelled");
  if (margin === undefined || head === undefined || head.y === undefined) return errorValue;
  const path = pathOfCall(call.frame, margin.callee.callable.name.name);
  const frame = enterMargin(call, margin, head, path, geometryOf(head));
  if (frame === undefined) return errorValue;
  const results = readMargin(frame, margin.callee.callable);
  recordTraces(frame);
  addPenalty(call, results);
  const [target, other] = [scaled(call, results, "target", frame), scaled(call, results, "other", frame)];
  if (target === undefined || other === undefined) return errorValue;
  return joined(call, head, target, other);
}

/** `scores(margin, x, W)`: scale · cos. Nothing is updated by it. */
export function marginScores(call: BuiltinCall): Value {
  const margin = marginOf(call);
  const head = headOf(call, "unlabelled");
  if (margin === undefined || head === undefined) return errorValue;
  const { session } = call.frame;
  const still: Frame = { ...call.frame, session: { ...session, training: false } };
  // The same path as in `logits`, without counting: the states are shared.
  const path = `${call.frame.path}${margin.callee.callable.name.name}.`;
  const geometry = geometryOf(head);
  const frame = enterMargin({ ...call, frame: still }, margin, head, path, geometry);
  if (frame === undefined) return errorValue;
  const { scale } = readMargin(frame, margin.callee.callable);
  if (scale?.pairs.kind === "error" && scale.pairs.because === "labels")
    return report(
      call.frame,
      scoresNeedLabels.report({ span: call.span, name: margin.callee.callable.name.name, scale: scale.span }),
    );
  const result = times(call.frame, scale?.pairs ?? floatValue(1), geometry("cos"), call.span);
  return result.kind === "tensor" ? { ...result, type: { ...result.type, shape: scoreShape(head) } } : result;
}

/** `cosine(x, W)` */
export function marginCosine(call: BuiltinCall): Value {
  const head = headOf(call, "unlabelled");
  return head === undefined ? errorValue : geometryOf(head)("cos");
}

function scoreShape({ x, W }: Head) {
  return [x.type.shape[0] ?? constantDim(1), W.type.shape[0] ?? constantDim(1)];
}

interface GivenMargin {
  readonly callee: FunctionValue;
  readonly given: ReadonlyMap<string, GivenArgument>;
  readonly span: Span;
}

function marginOf(call: BuiltinCall): GivenMargin | undefined {
  const { value, span } = argument(call, "margin");
  const isDeclared = value.kind === "function" || value.kind === "partial";
  if (!isDeclared || value.callable.kind !== "margin") {
    if (value.kind !== "error") report(call.frame, notAMargin.report({ span, found: kindOfValue(value) }));
    return undefined;
  }
  const callee: FunctionValue = { kind: "function", callable: value.callable, module: value.module };
  return { callee, given: value.kind === "partial" ? value.given : new Map(), span };
}

/** Features, weights and labels, their shapes checked against each other. */
function headOf(call: BuiltinCall, labels: "labelled" | "unlabelled"): Head | undefined {
  const [x, W] = [tensorArgument(call, "x", "f32"), tensorArgument(call, "W", "f32")];
  const y = labels === "labelled" ? indexArgument(call, "y") : undefined;
  if (x.kind === "error" || W.kind === "error" || y?.kind === "error") return undefined;
  const scratch: Frame = { ...call.frame, names: new Map(), dims: new Map() };
  const centred = W.type.shape.length === 3;
  const fits =
    matches(call, scratch, "x", x, ["N", "D"]) &&
    matches(call, scratch, "W", W, centred ? ["C", "K", "D"] : ["C", "D"]) &&
    (y === undefined || matches(call, scratch, "y", y, ["N"]));
  return fits ? { frame: call.frame, span: call.span, x, W, y } : undefined;
}

function matches(
  call: BuiltinCall,
  scratch: Frame,
  name: string,
  value: TensorValue,
  dims: readonly string[],
): boolean {
  const { span } = argument(call, name);
  const type = writtenAs(name === "y" ? "index" : "f32", dims, span);
  return matchTensor(scratch, type, value, { name, span, blame: call.frame }) !== undefined;
}

function writtenAs(dtype: "f32" | "index", names: readonly string[], span: Span): TensorTypeExpression {
  const dims = names.map((name) => ({ kind: "name" as const, name, span }));
  const bound = { kind: "name" as const, name: "C", span };
  return { kind: "tensor", dtype, dims, span, ...(dtype === "index" ? { bound } : {}) };
}

function enterMargin(
  call: BuiltinCall,
  { callee, given, span }: GivenMargin,
  head: Head,
  path: string,
  geometry: (name: GeometryName) => Value,
): Frame | undefined {
  const ambient = pairsAmbient(head, geometry);
  const frame = enterCall(call.frame, callee, call.span, path, ambient);
  if (frame === undefined) return undefined;
  bindHeadDims(frame, head, span);
  return bindParameters(frame, callee.callable, given) ? frame : undefined;
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

// ---------------------------------------------------------------- the two readings

const ambientNames: readonly GeometryName[] = ["cos", "theta", "cos_y", "theta_y", "x_norm", "w_norm", "y"];

export function pairsAmbient(head: Head, geometry: (name: GeometryName) => Value): Ambient {
  const reading: Reading = {
    of: "pairs",
    pairs: undefined,
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

function ownAmbient(pairs: Frame): Ambient {
  const { head, geometry } = pairs.ambient;
  if (head === undefined || geometry === undefined) return pairs.ambient;
  const ownNames: Readonly<Record<string, GeometryName>> = {
    cos: "cos_y",
    theta: "theta_y",
    w_norm: "w_norm_y",
  };
  const toOwn = (value: Value): Value => valueOfOwnClass(head, geometry, value);
  return {
    ...pairs.ambient,
    lookup: (name) => (isAmbient(name) ? geometry(ownNames[name] ?? name) : undefined),
    reading: { of: "own", pairs, perPair: (value) => perRow(head, geometry, value), toOwn },
  };
}

function isAmbient(name: string): name is GeometryName {
  return ambientNames.some((known) => known === name);
}

/** f32[C]: one number a class. */
function isPerClass({ W }: Head, value: Value): value is TensorValue {
  const [classes] = W.type.shape;
  const [only, ...rest] = value.kind === "tensor" ? value.type.shape : [];
  return only !== undefined && classes !== undefined && rest.length === 0 && sameDim(only, classes);
}

function rowOfClasses(head: Head, value: TensorValue): Value {
  return reshaped(head.frame, value, [constantDim(1), ...value.type.shape], head.span);
}

/** A list or tensor with a number a class, as each row's own. */
function perRow(head: Head, geometry: (name: GeometryName) => Value, value: Value): Value {
  const { frame, span } = head;
  const table =
    value.kind === "list" && isSize(head.W.type.shape[0] ?? constantDim(-1), value.items.length)
      ? toTensor(frame, value, span)
      : value;
  if (!isPerClass(head, table)) return value;
  const y = geometry("y");
  return y.kind === "tensor" ? makeTensor(frame, "gather", [table, y], {}, span) : y;
}

/** A value of the first reading where j is the row's own class. */
function valueOfOwnClass(head: Head, geometry: (name: GeometryName) => Value, value: Value): Value {
  const { frame, span, y } = head;
  if (value.kind !== "tensor" || value.type.shape.length !== 2 || y === undefined) return value;
  const [rows, columns] = value.type.shape;
  if (rows === undefined || columns === undefined || isSize(columns, 1)) return value;
  if (isSize(rows, 1)) {
    const flat = reshaped(frame, value, [columns], span);
    const label = geometry("y");
    if (flat.kind === "error" || label.kind !== "tensor") return errorValue;
    return makeTensor(frame, "gather", [flat, label], {}, span);
  }
  const picked = makeTensor(frame, "pick", [value, y], {}, span);
  return picked.kind === "error" ? picked : column(head, picked);
}

/** Reads the body in both ways, statement by statement. `frame` is the one for pairs, parameters bound. */
export function readMargin(frame: Frame, callable: Callable): MarginResults {
  const own: Frame = { ...frame, names: new Map(frame.names), ambient: ownAmbient(frame) };
  const results = new Map<string, ReadValue>();
  for (const statement of callable.body) readStatement(frame, own, statement, results);
  const result = (name: MarginResultName) => results.get(name);
  return {
    scale: result("scale"),
    target: result("target"),
    other: result("other"),
    penalty: result("penalty"),
  };
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
      const value = evaluate(own, statement.value);
      const { type } = statement;
      const typed =
        type === undefined ? value : typedValue(own, value, type, statement.name, statement.value.span);
      bindName(own, "let", statement.name, typed);
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
      report(
        pairs,
        unusedValue.report({ span: statement.span, found: phraseOf(evaluate(pairs, statement.value)) }),
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
  { name, value }: Extract<Statement, { kind: "result" }>,
  results: Map<string, ReadValue>,
): void {
  const known = resultNames.includes(name.name);
  if (!known)
    report(
      pairs,
      unknownResult.report({
        span: name.span,
        name: name.name,
        kind: "margin",
        known: resultNames,
        suggestion: suggestName(name.name, resultNames),
      }),
    );
  const earlier = results.get(name.name);
  if (earlier !== undefined)
    report(pairs, duplicateName.report({ span: name.span, name: name.name, earlier: earlier.span }));
  const read: ReadValue = { pairs: evaluate(pairs, value), own: evaluate(own, value), span: value.span };
  checkResult(pairs, name.name, read);
  results.set(name.name, read);
}

function checkResult(frame: Frame, name: string, { pairs, span }: ReadValue): void {
  if (pairs.kind === "error") return;
  const number = knownNumber(pairs);
  if (name === "scale" && number !== undefined && !(number > 0))
    report(frame, scaleNotPositive.report({ span, value: number }));
  const isNumber =
    number !== undefined ||
    pairs.kind === "int" ||
    (pairs.kind === "tensor" && pairs.type.dtype !== "bool" && pairs.type.shape.length <= 2);
  if (!isNumber)
    report(
      frame,
      badMarginResult.report({
        span,
        name,
        found: pairs.kind === "tensor" ? printType(pairs.type) : describeValue(pairs),
      }),
    );
}

// ---------------------------------------------------------------- putting the score together

function scaled(
  call: BuiltinCall,
  results: MarginResults,
  part: "target" | "other",
  inside: Frame,
): TensorValue | undefined {
  const reading = part === "target" ? "own" : "pairs";
  const plain = inside.ambient.geometry?.(part === "target" ? "cos_y" : "cos") ?? errorValue;
  const value = results[part]?.[reading] ?? plain;
  const scale = results.scale?.[reading] ?? floatValue(1);
  const score = toTensor(call.frame, times(call.frame, scale, value, call.span), call.span);
  if (score.kind === "error") return undefined;
  const last = score.type.shape.at(-1);
  const isColumn = part === "other" || last === undefined || isSize(last, 1);
  if (isColumn) return score;
  report(
    call.frame,
    badMarginResult.report({
      span: results[part]?.span ?? call.span,
      name: part,
      found: printType(score.type),
    }),
  );
  return undefined;
}

export function times(frame: Frame, scale: Value, value: Value, span: Span): Value {
  if (knownNumber(scale) === 1) return value;
  return applyBinary(frame, {
    operator: "*",
    left: { value: scale, span },
    right: { value, span },
    span,
  });
}

/** select(j == y, target, other): f32[N, C]. */
function joined(call: BuiltinCall, head: Head, target: TensorValue, other: TensorValue): Value {
  const { frame, span } = call;
  const [N, C] = scoreShape(head);
  if (N === undefined || C === undefined || head.y === undefined) return errorValue;
  const classes = makeTensor(frame, "iota", [], { size: C }, span);
  const labels = column(head, head.y);
  if (classes.kind === "error" || labels.kind === "error") return errorValue;
  const row = reshaped(frame, classes, [constantDim(1), C], span);
  if (row.kind === "error") return row;
  const isOwn = makeTensor(frame, "equal", [row, labels], {}, span);
  if (isOwn.kind === "error") return isOwn;
  const z = makeTensor(frame, "select", [isOwn, target, other], {}, span);
  return z.kind === "error" ? z : { ...z, type: { ...z.type, shape: [N, C] } };
}

function addPenalty(call: BuiltinCall, { penalty }: MarginResults): void {
  if (penalty === undefined) return;
  const value = toTensor(call.frame, penalty.own, penalty.span);
  if (value.kind === "error") return;
  if (call.frame.penalties === undefined)
    report(call.frame, penaltyOutsideLoss.report({ span: call.span, penalty: penalty.span }));
  else call.frame.penalties.push(value);
}

/** Scalars that move during training (λ of a schedule, t of a running mean) are shown by the run. */
function recordTraces(frame: Frame): void {
  const { traces } = frame.session;
  for (const [name, { kind, value }] of frame.names) {
    const isScalar = value.kind === "tensor" && value.type.shape.length === 0 && value.type.dtype === "f32";
    if (!isScalar || (kind !== "let" && kind !== "state") || traces.has(name)) continue;
    const moves = nodesOf([value.node]).some(
      (node) => node.op === "input" || node.op === "state" || node.op === "parameter",
    );
    if (moves) traces.set(name, value.node);
  }
}
