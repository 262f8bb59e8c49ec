/**
 * The metrics of a `train`: numbers beside the loss, made of a batch's scores (the margin is off) and its
 * labels. `accuracy` is built in and the default; any function of scores, or of scores and labels, is one too that gives a
 * number, or two sums to divide, `[part, whole]`.
 */
import { isSize, productOfDims, sameDim } from "../ir/dim.ts";
import type { Output } from "../ir/node.ts";
import { duplicateName } from "../errors/check-names.ts";
import { metricNeedsScores, wrongMetric, wrongTrainSetting } from "../errors/check-train.ts";
import type { Span } from "../errors/span.ts";
import type { Expression, NameExpression } from "../syntax/ast.ts";
import { callValue } from "./calls.ts";
import { evaluate } from "./expressions.ts";
import type { Frame } from "./frame.ts";
import { evaluateName, lookupValue } from "./names.ts";
import { report } from "./report.ts";
import { isTensorParameter } from "./signatures.ts";
import { castTo, makeTensor, reshaped, toTensor } from "./tensors.ts";
import { type FunctionValue, type TensorValue, type Value, floatValue, phraseOf } from "./values.ts";

export type Metric =
  | { readonly kind: "accuracy"; readonly span: Span }
  | { readonly kind: "fn"; readonly name: string; readonly fn: FunctionValue; readonly span: Span };

/** What a `train` measures: its list, or accuracy wherever scores and labels have one. */
export type Metrics = readonly Metric[] | "default";

export const accuracyName = "accuracy";

/** The metrics that a list names; undefined after a diagnostic. */
export function readMetrics(frame: Frame, written: Expression): readonly Metric[] | undefined {
  const { span } = written;
  if (written.kind !== "list") {
    const isName = written.kind === "name";
    const value = isName ? undefined : evaluate(frame, written);
    const found = isName ? `\`${written.name}\`` : value === undefined ? "" : phraseOf(value);
    const wanted = "a list of names, such as [accuracy]";
    if (value?.kind !== "error")
      report(frame, wrongTrainSetting.report({ span, name: "metrics", wanted, found }));
    return undefined;
  }
  const seen = new Map<string, Span>();
  const metrics = written.items.map((item) => readMetric(frame, item, seen));
  return metrics.every((metric) => metric !== undefined) ? metrics : undefined;
}

function readMetric(frame: Frame, item: Expression, seen: Map<string, Span>): Metric | undefined {
  const { span } = item;
  if (item.kind !== "name") {
    const value = evaluate(frame, item);
    if (value.kind !== "error") report(frame, wrongMetric.report({ span, found: phraseOf(value) }));
    return undefined;
  }
  const earlier = seen.get(item.name);
  if (earlier !== undefined) report(frame, duplicateName.report({ span, name: item.name, earlier }));
  seen.set(item.name, span);
  return earlier === undefined ? namedMetric(frame, item) : undefined;
}

function namedMetric(frame: Frame, item: NameExpression): Metric | undefined {
  const { name, span } = item;
  // A function of that name, declared or imported, comes first, as everywhere.
  if (name === accuracyName && lookupValue(frame, name) === undefined) return { kind: "accuracy", span };
  const value = evaluateName(frame, item);
  if (value.kind === "function" && value.callable.kind === "fn") return { kind: "fn", name, fn: value, span };
  if (value.kind !== "error") report(frame, wrongMetric.report({ span, found: phraseOf(value) }));
  return undefined;
}

/** `accuracy`, and for each function `metric:NAME`, or `part:NAME` and `whole:NAME`. */
export function metricOutputs(
  frame: Frame,
  metrics: Metrics,
  scores: Value | undefined,
  labels: readonly TensorValue[],
): readonly Output[] {
  if (metrics === "default") return accuracyOf(frame, scores, labels[0]);
  return metrics.flatMap((metric) => {
    if (scores?.kind === "error") return [];
    const outputs =
      scores?.kind !== "tensor"
        ? []
        : metric.kind === "accuracy"
          ? accuracyOf(frame, scores, labels[0])
          : measured(frame, metric, scores, labels);
    if (outputs === undefined) return [];
    const name = metric.kind === "accuracy" ? accuracyName : metric.name;
    if (outputs.length === 0)
      report(frame, metricNeedsScores.report({ span: metric.span, name, isOfScores: isOfScores(metric) }));
    return outputs;
  });
}

/** Whether it looks at no labels. */
function isOfScores(metric: Metric): boolean {
  return metric.kind === "fn" && metric.fn.callable.parameters.filter(isTensorParameter).length <= 1;
}

/** Undefined after a diagnostic, nothing where there are no labels for it. */
function measured(
  frame: Frame,
  { name, fn, span }: Extract<Metric, { kind: "fn" }>,
  scores: TensorValue,
  labels: readonly TensorValue[],
): readonly Output[] | undefined {
  const wanted = fn.callable.parameters.filter(isTensorParameter).length;
  if (wanted > labels.length + 1) return [];
  const given = [scores, ...labels].slice(0, wanted).map((value) => ({ value, span }));
  const value = callValue(frame, fn, given, span, span);
  if (value.kind === "error") return undefined;
  const outputs =
    value.kind === "list" ? quotientOf(frame, name, value, span) : meanOf(frame, name, value, span);
  if (outputs === undefined)
    report(frame, wrongMetric.report({ span, found: phraseOf(fn), gives: phraseOf(value) }));
  return outputs;
}

/** One number, whose mean over the rows counts; undefined for anything else. */
function meanOf(frame: Frame, name: string, value: Value, span: Span): readonly Output[] | undefined {
  const tensor = numbersOf(frame, value, span);
  return tensor?.type.shape.length === 0 ? [{ name: `metric:${name}`, node: tensor.node }] : undefined;
}

/** `[part, whole]`: two sums, or two for each class, that are added up over the rows before they are divided. */
function quotientOf(
  frame: Frame,
  name: string,
  { items }: Extract<Value, { kind: "list" }>,
  span: Span,
): readonly Output[] | undefined {
  const [part, whole, ...more] = items.map((item) => numbersOf(frame, item, span));
  if (part === undefined || whole === undefined || more.length > 0) return undefined;
  const [over, under] = [part.type.shape, whole.type.shape];
  const isAlike = over.length === under.length && over.every((dim, axis) => sameDim(dim, under[axis] ?? dim));
  if (!isAlike || over.length > 1) return undefined;
  return [
    { name: `part:${name}`, node: part.node },
    { name: `whole:${name}`, node: whole.node },
  ];
}

/** Whole numbers and truth values are no sums yet. */
function numbersOf(frame: Frame, value: Value, span: Span): TensorValue | undefined {
  const tensor = value.kind === "list" ? undefined : toTensor(frame, value, span);
  return tensor?.kind === "tensor" && tensor.type.dtype === "f32" ? tensor : undefined;
}

/**
 * `predictions`, i32[N, …]: the class of each label's best score, or, where two classes share one score, whether it is above
 * 0. It is all that an evaluation wants of the scores.
 */
export function predictionOutputs(
  frame: Frame,
  scores: Value | undefined,
  labels: TensorValue | undefined,
): readonly Output[] {
  if (scores?.kind !== "tensor" || labels?.type.dtype !== "i32") return [];
  const best = bestClasses(frame, scores, labels) ?? secondClasses(frame, scores, labels);
  return best?.kind !== "tensor" ? [] : [{ name: "predictions", node: best.node }];
}

/** Undefined where labels have no scores of all classes. */
function bestClasses(
  frame: Frame,
  scores: TensorValue,
  { type, bound }: TensorValue,
): TensorValue | undefined {
  const axis = type.shape.length;
  const classes = scores.type.shape[axis];
  if (axis === 0 || classes === undefined || scores.type.shape.length !== axis + 1) return undefined;
  if (bound === undefined && isSize(classes, 1)) return undefined;
  const best = makeTensor(frame, "argmax", [scores], { axis }, spanOf(frame));
  return best.kind === "error" ? undefined : best;
}

function secondClasses(frame: Frame, scores: TensorValue, { type }: TensorValue): TensorValue | undefined {
  if (!sameDim(productOfDims(scores.type.shape), productOfDims(type.shape))) return undefined;
  const span = spanOf(frame);
  const zero = toTensor(frame, floatValue(0), span);
  const above = zero.kind === "error" ? zero : makeTensor(frame, "less", [zero, scores], {}, span);
  if (above.kind === "error") return undefined;
  const second = reshaped(frame, castTo(frame, above, "i32", span), type.shape, span);
  return second.kind === "error" ? undefined : second;
}

function spanOf({ owner, module }: Frame): Span {
  return owner?.span ?? { file: module.file, start: 0, end: 0 };
}

/** The share of labels whose best score is their class's. */
function accuracyOf(
  frame: Frame,
  scores: Value | undefined,
  labels: TensorValue | undefined,
): readonly Output[] {
  if (scores?.kind !== "tensor" || labels?.bound === undefined) return [];
  const best = bestClasses(frame, scores, labels);
  if (best === undefined) return [];
  const span = spanOf(frame);
  const hit = makeTensor(frame, "equal", [best, labels], {}, span);
  if (hit.kind === "error") return [];
  const axes = labels.type.shape.map((_, axis) => axis);
  const share = castTo(frame, hit, "f32", span);
  const mean = makeTensor(frame, "mean", [share], { axes, keepDims: false }, span);
  return mean.kind === "error" ? [] : [{ name: accuracyName, node: mean.node }];
}
