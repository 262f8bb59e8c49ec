/**
 * What `logits`, `scores` and `cosine` make of a margin. The target's formula is taken from the reading of the
 * margin for each row's own class, so its trigonometry is computed for N values and not for N·C; the two parts are
 * joined by one select.
 */
import { constantDim, isSize, namesOfDim } from "../ir/dim.ts";
import { printType } from "../ir/type.ts";
import type { TensorTypeExpression } from "../syntax/ast.ts";
import { badMarginResult, notAMargin, penaltyOutsideLoss, scoresNeedLabels } from "../errors/check-losses.ts";
import type { Span } from "../errors/span.ts";
import { enterCall } from "./bodies.ts";
import { bindParameters } from "./parameters.ts";
import { type BuiltinCall, argument, indexArgument, tensorArgument } from "./builtins/builtin.ts";
import { type Frame, pathOfCall } from "./frame.ts";
import { type GeometryName, type Head, column, geometryOf } from "./geometry.ts";
import { type MarginResults, bindHeadDims, pairsAmbient, readMargin } from "./margin-readings.ts";
import { applyBinary } from "./operators.ts";
import { report } from "./report.ts";
import { matchTensor } from "./signatures.ts";
import { makeTensor, reshaped, toTensor } from "./tensors.ts";
import { traceBody } from "./traces.ts";
import {
  type FunctionValue,
  type GivenArgument,
  type TensorValue,
  type Value,
  errorValue,
  floatValue,
  kindOfValue,
  knownNumber,
} from "./values.ts";

// ---------------------------------------------------------------- builtins

/** `logits(margin, x, W, y)` */
export function marginLogits(call: BuiltinCall): Value {
  const margin = marginOf(call);
  const head = headOf(call, "labelled");
  if (margin === undefined || head === undefined || head.y === undefined) return errorValue;
  const frame = enterMargin(call, margin, head, "logits", geometryOf(head));
  if (frame === undefined) return errorValue;
  const results = readMargin(frame, margin.callee.callable);
  traceBody(frame);
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
  const geometry = geometryOf(head);
  const frame = enterMargin({ ...call, frame: still }, margin, head, "scores", geometry);
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

type MarginUse = "logits" | "scores";

interface GivenMargin {
  readonly value: Value;
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
  return { value, callee, given: value.kind === "partial" ? value.given : new Map(), span };
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
  margin: GivenMargin,
  head: Head,
  use: MarginUse,
  geometry: (name: GeometryName) => Value,
): Frame | undefined {
  const { callee, given, span } = margin;
  const ambient = pairsAmbient(head, geometry);
  const home = homeOf(call.frame, margin.value);
  const entered = enterCall(call.frame, callee, call.span, pathOfMargin(home, margin, use), ambient);
  if (entered === undefined) return undefined;
  const frame: Frame = { ...entered, home };
  bindHeadDims(frame, head, span);
  if (!bindParameters(frame, callee.callable, given)) return undefined;
  openClasses(frame, head);
  return frame;
}

/** The body that a margin belongs to. A function owns nothing: what it was given is its caller's. */
function homeOf(frame: Frame, margin: Value): Frame {
  const isGiven = [...frame.names.values()].some(
    ({ value, givenAt }) => value === margin && givenAt !== undefined,
  );
  return frame.owner?.kind === "fn" && frame.caller !== undefined && isGiven
    ? homeOf(frame.caller.frame, margin)
    : frame;
}

/** The first use of a margin in its body names its variables, and the others are of the same ones. */
function pathOfMargin(home: Frame, { value, callee: { callable } }: GivenMargin, use: MarginUse): string {
  const known = home.margins.get(value);
  if (known !== undefined) return known;
  const { name } = callable.name;
  const isHeld = [...home.names.values()].some((binding) => binding.value === value);
  // A margin that is written within `scores` is the one that `logits` has under the same words: it does not count.
  if (use === "scores" && !isHeld) return `${home.path}${name}.`;
  const path = pathOfCall(home, name);
  home.margins.set(value, path);
  return path;
}

/** Where C is open, a list may decide how many classes there are: a generic check cannot know. */
function openClasses({ names, session: { program } }: Frame, { W }: Head): void {
  const classes = W.type.shape[0];
  const takesList = [...names.values()].some(({ value }) => value.kind === "list" && value.items.length > 1);
  if (program.mode !== "generic" || !takesList || classes === undefined) return;
  for (const name of namesOfDim(classes)) program.openSettings.add(name);
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
  // What fails for all pairs has been told.
  if (results[part]?.pairs.kind === "error") return undefined;
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
