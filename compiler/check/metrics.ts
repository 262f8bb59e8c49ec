/**
 * The metrics of a `train`: numbers beside the loss, made of a batch's scores (the margin is off) and its
 * labels. `accuracy` is built in and the default; any function `(scores, labels) -> f32` is one too.
 */
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
import { castTo, makeTensor, toTensor } from "./tensors.ts";
import { type FunctionValue, type TensorValue, type Value, phraseOf } from "./values.ts";

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

/** `accuracy`, and `metric:NAME` for each function. */
export function metricOutputs(
  frame: Frame,
  metrics: Metrics,
  scores: Value | undefined,
  labels: TensorValue | undefined,
): readonly Output[] {
  if (metrics === "default") return accuracyOf(frame, scores, labels);
  return metrics.flatMap((metric) => {
    if (scores?.kind === "error") return [];
    const outputs =
      scores?.kind !== "tensor" || labels === undefined
        ? []
        : metric.kind === "accuracy"
          ? accuracyOf(frame, scores, labels)
          : measured(frame, metric, scores, labels);
    if (outputs === undefined) return [];
    const name = metric.kind === "accuracy" ? accuracyName : metric.name;
    if (outputs.length === 0) report(frame, metricNeedsScores.report({ span: metric.span, name }));
    return outputs;
  });
}

/** Undefined after a diagnostic. */
function measured(
  frame: Frame,
  { name, fn, span }: Extract<Metric, { kind: "fn" }>,
  scores: TensorValue,
  labels: TensorValue,
): readonly Output[] | undefined {
  const given = [scores, labels].map((value) => ({ value, span }));
  const value = callValue(frame, fn, given, span, span);
  const tensor = value.kind === "error" ? value : toTensor(frame, value, span);
  if (tensor.kind === "error") return undefined;
  const isNumber = tensor.type.dtype === "f32" && tensor.type.shape.length === 0;
  if (isNumber) return [{ name: `metric:${name}`, node: tensor.node }];
  report(frame, wrongMetric.report({ span, found: phraseOf(fn), gives: phraseOf(tensor) }));
  return undefined;
}

/** `predictions`, the class of each row's best score, i32[N]: all that an evaluation wants of N×C scores. */
export function predictionOutputs(
  frame: Frame,
  scores: Value | undefined,
  labels: TensorValue | undefined,
): readonly Output[] {
  const best = bestClasses(frame, scores, labels);
  return best === undefined ? [] : [{ name: "predictions", node: best.node }];
}

/** Undefined where rows have no one label. */
function bestClasses(
  frame: Frame,
  scores: Value | undefined,
  labels: TensorValue | undefined,
): TensorValue | undefined {
  const isClassified =
    scores?.kind === "tensor" &&
    scores.type.shape.length === 2 &&
    labels?.bound !== undefined &&
    labels.type.shape.length === 1;
  if (!isClassified) return undefined;
  const best = makeTensor(frame, "argmax", [scores], { axis: 1 }, spanOf(frame));
  return best.kind === "error" ? undefined : best;
}

function spanOf({ owner, module }: Frame): Span {
  return owner?.span ?? { file: module.file, start: 0, end: 0 };
}

/** The share of rows whose best score is their label's. */
function accuracyOf(
  frame: Frame,
  scores: Value | undefined,
  labels: TensorValue | undefined,
): readonly Output[] {
  const best = bestClasses(frame, scores, labels);
  if (best === undefined || labels === undefined) return [];
  const span = spanOf(frame);
  const hit = makeTensor(frame, "equal", [best, labels], {}, span);
  if (hit.kind === "error") return [];
  const share = castTo(frame, hit, "f32", span);
  const mean = makeTensor(frame, "mean", [share], { axes: [0], keepDims: false }, span);
  return mean.kind === "error" ? [] : [{ name: accuracyName, node: mean.node }];
}
