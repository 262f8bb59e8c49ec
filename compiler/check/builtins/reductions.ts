/**
 * Functions that look along axes. `over` names them; without it a reduction runs over everything and the
 * others over the last axis. In a margin every value is a matrix, so there a reduction with `over` keeps a 1
 * in the place of its axis.
 */
import { type Dim, constantDim, isSize, productOfDims } from "../../ir/dim.ts";
import { printType } from "../../ir/type.ts";
import { axesOf, axisOf } from "../axes.ts";
import { notAnAxis } from "../../errors/check-axes.ts";
import type { Expression } from "../../syntax/ast.ts";
import { report } from "../report.ts";
import { type TensorOrError, castTo, makeTensor, reshaped, scalar, stretched, toTensor } from "../tensors.ts";
import {
  type TensorValue,
  type Value,
  dimValue,
  errorValue,
  floatValue,
  intValue,
  knownNumber,
} from "../values.ts";
import { type Operand, numericPair } from "../operands.ts";
import {
  type Builtin,
  type BuiltinCall,
  type ReductionName,
  argument,
  flagArgument,
  isError,
  isWhole,
  markIntegral,
  numberArgument,
  tensorArgument,
} from "./builtin.ts";

type Reduce = "sum" | "mean" | "max" | "logsumexp";

const reduceDocs: { readonly [K in Reduce]: string } = {
  sum: "The sum along axes. True counts as 1.",
  mean: "The mean along axes.",
  max: "The largest along axes, or the larger of two.",
  logsumexp: "log(sum(exp(x))), computed without overflow.",
};

function reduction(name: Reduce): Builtin {
  const isPair = name === "max";
  return {
    signature: isPair
      ? "max(x, over: axes, keep: false)  or  max(a, b)"
      : `${name}(x, over: axes, keep: false)`,
    doc: reduceDocs[name],
    parameters: isPair ? ["x", "other?", "over?", "keep?"] : ["x", "over?", "keep?"],
    kind: "whole",
    evaluate: (call) =>
      isPair && call.given.has("other") ? larger(call, "maximum") : reduceArgument(call, name),
  };
}

export const reductionBuiltins: { readonly [K in ReductionName]: Builtin } = {
  sum: reduction("sum"),
  mean: reduction("mean"),
  max: reduction("max"),
  min: {
    signature: "min(x, over: axes, keep: false)  or  min(a, b)",
    doc: "The smallest along axes, or the smaller of two.",
    parameters: ["x", "other?", "over?", "keep?"],
    kind: "whole",
    evaluate: (call) => (call.given.has("other") ? larger(call, "minimum") : smallest(call)),
  },
  logsumexp: reduction("logsumexp"),
  softmax: along("softmax", "exp(x) / sum(exp(x)) along an axis.", (call, x, axis) =>
    makeTensor(call.frame, "softmax", [castTo(call.frame, x, "f32", call.span)], { axis }, call.span),
  ),
  argmax: along("argmax", "The position of the first largest element along an axis.", argmax),
  std: {
    signature: "std(x, over: axes, correction: 0, keep: false)",
    doc: "The standard deviation: squares are divided by max(n - correction, 1).",
    parameters: ["x", "over?", "correction?", "keep?"],
    kind: "whole",
    evaluate: deviation,
  },
  norm: {
    ...along(
      "norm",
      "The Euclidean norm along an axis; 0 with gradient 0 for a row of zeros.",
      (call, x, axis) => {
        const keep = flagArgument(call, "keep");
        if (isError(keep)) return keep;
        const f32 = castTo(call.frame, x, "f32", call.span);
        const kept = makeTensor(call.frame, "norm", [f32], { axis }, call.span);
        return kept.kind === "error" || keep || keepsAxes(call) ? kept : withoutAxes(call, kept, [axis]);
      },
    ),
    signature: "norm(x, over: axis, keep: false)",
    parameters: ["x", "over?", "keep?"],
  },
  normalize: along("normalize", "x / norm(x) along an axis; a row of zeros stays zero.", (call, x, axis) =>
    makeTensor(call.frame, "normalize", [castTo(call.frame, x, "f32", call.span)], { axis }, call.span),
  ),
  cumsum: {
    ...along("cumsum", "Running sums along an axis.", (call, x, axis) => {
      const reverse = flagArgument(call, "reverse");
      return isError(reverse) ? reverse : makeTensor(call.frame, "cumsum", [x], { axis, reverse }, call.span);
    }),
    signature: "cumsum(x, over: axis, reverse: false)",
    parameters: ["x", "over?", "reverse?"],
  },
  sort: ordering("sort", "x in order along an axis."),
  argsort: ordering("argsort", "The positions that sort x along an axis; equal elements keep their order."),
};

/** A function along one axis, the last one by default. */
function along(
  name: ReductionName,
  doc: string,
  use: (call: BuiltinCall, x: TensorValue, axis: number) => TensorOrError,
): Builtin {
  return {
    signature: `${name}(x, over: axis)`,
    doc,
    parameters: ["x", "over?"],
    kind: "whole",
    evaluate: (call) => {
      const given = numbers(call);
      const x = given.kind === "error" ? given : inMargin(call, given);
      if (x.kind === "error") return x;
      if (x.type.shape.length === 0)
        return report(
          call.frame,
          notAnAxis.report({ span: argument(call, "x").span, callee: name, type: printType(x.type) }),
        );
      const axis = axisOf(call.frame, x, call.over, -1);
      return axis === undefined ? errorValue : use(call, x, axis);
    },
  };
}

function ordering(name: "sort" | "argsort", doc: string): Builtin {
  const base = along(name, doc, (call, x, axis) => {
    const descending = flagArgument(call, "descending");
    if (isError(descending)) return descending;
    const order = makeTensor(call.frame, "argsort", [x], { axis, descending }, call.span);
    if (name === "argsort" || order.kind === "error") return order;
    return makeTensor(call.frame, "take_along", [x, order], { axis }, call.span);
  });
  return {
    ...base,
    signature: `${name}(x, over: axis, descending: false)`,
    parameters: ["x", "over?", "descending?"],
  };
}

function argmax(call: BuiltinCall, x: TensorValue, axis: number): TensorOrError {
  const found = makeTensor(call.frame, "argmax", [x], { axis }, call.span);
  if (found.kind === "error") return found;
  const bounded: TensorValue = { ...found, bound: x.type.shape[axis] ?? constantDim(1) };
  if (!keepsAxes(call)) return bounded;
  const shape = x.type.shape.map((dim, i) => (i === axis ? constantDim(1) : dim));
  return reshaped(call.frame, bounded, shape, call.span);
}

// ---------------------------------------------------------------- reductions

function reduceArgument(call: BuiltinCall, name: Reduce): Value {
  const { value } = argument(call, "x");
  if (value.kind === "list" && call.over === undefined) {
    const folded = foldList(name, value.items);
    if (folded !== undefined) return folded;
  }
  const x = numbers(call);
  return x.kind === "error" ? x : reduceTensor(call, name, x);
}

function foldList(name: Reduce, items: readonly Value[]): Value | undefined {
  const known = items.map(knownNumber).filter((item) => item !== undefined);
  if (known.length !== items.length || known.length === 0) return undefined;
  const isInt = items.every((item) => item.kind === "int");
  const total = known.reduce((a, b) => a + b, 0);
  const largest = Math.max(...known);
  const folded = { sum: total, mean: total / known.length, max: largest, logsumexp: undefined }[name];
  if (folded === undefined) return undefined;
  return isInt && name !== "mean" ? intValue(folded) : floatValue(folded);
}

function reduceTensor(call: BuiltinCall, name: Reduce, given: TensorValue): TensorOrError {
  const keep = flagArgument(call, "keep");
  if (isError(keep)) return keep;
  const x = inMargin(call, given);
  if (x.kind === "error") return x;
  const axes = axesOf(call.frame, x, call.over);
  if (axes === undefined) return errorValue;
  const needsFloat = name === "mean" || name === "logsumexp";
  const operand = needsFloat ? castTo(call.frame, x, "f32", call.span) : x;
  if (axes.length === 0) return operand;
  const keepDims = keep || keepsAxes(call);
  const result = makeTensor(call.frame, name, [operand], { axes, keepDims }, call.span);
  return markIntegral(result, !needsFloat && isWhole(x));
}

function smallest(call: BuiltinCall): Value {
  const x = numbers(call);
  if (x.kind === "error") return x;
  const negative = makeTensor(call.frame, "neg", [x], {}, call.span);
  if (negative.kind === "error") return negative;
  const largest = reduceTensor(call, "max", negative);
  if (largest.kind === "error") return largest;
  return markIntegral(makeTensor(call.frame, "neg", [largest], {}, call.span), isWhole(x));
}

/** The larger or smaller of two, element by element. */
function larger(call: BuiltinCall, op: "maximum" | "minimum"): Value {
  const [left, right]: Operand[] = [argument(call, "x"), argument(call, "other")];
  if (left === undefined || right === undefined) return errorValue;
  const [a, b] = [knownNumber(left.value), knownNumber(right.value)];
  if (a !== undefined && b !== undefined) {
    const chosen = (op === "maximum" ? a >= b : a <= b) ? left.value : right.value;
    return chosen;
  }
  const pair = numericPair(call.frame, op === "maximum" ? "max" : "min", left, right);
  if (pair === undefined) return errorValue;
  return markIntegral(makeTensor(call.frame, op, pair, {}, call.span), pair.every(isWhole));
}

/**
 * The square root of the mean square distance from the mean, through `norm`, whose gradient is 0 where the
 * values are all the same.
 */
function deviation(call: BuiltinCall): Value {
  const keep = flagArgument(call, "keep");
  const correction = numberArgument(call, "correction", 0);
  const given = tensorArgument(call, "x", "f32");
  if (given.kind === "error") return given;
  if (isError(keep) || isError(correction)) return errorValue;
  const x = inMargin(call, given);
  if (x.kind === "error") return x;
  const axes = axesOf(call.frame, x, call.over);
  if (axes === undefined) return errorValue;
  const { frame, span } = call;
  const mean = makeTensor(frame, "mean", [x], { axes, keepDims: true }, span);
  if (mean.kind === "error") return mean;
  const centred = makeTensor(frame, "sub", [x, mean], {}, span);
  if (centred.kind === "error") return centred;
  const length = normOverAxes(call, centred, axes);
  const count = toTensor(
    frame,
    dimValue(productOfDims(axes.map((axis) => x.type.shape[axis] ?? constantDim(1)))),
    span,
  );
  if (length.kind === "error" || count.kind === "error") return errorValue;
  const less = makeTensor(frame, "sub", [count, scalar(frame, correction, "f32", span)], {}, span);
  if (less.kind === "error") return less;
  const divisor = makeTensor(frame, "maximum", [less, scalar(frame, 1, "f32", span)], {}, span);
  const root = divisor.kind === "error" ? divisor : makeTensor(frame, "sqrt", [divisor], {}, span);
  if (root.kind === "error") return root;
  const result = makeTensor(frame, "div", [length, root], {}, span);
  return result.kind === "error" || keep || keepsAxes(call) ? result : withoutAxes(call, result, axes);
}

/** The norm over several axes, each kept as a 1: they are brought together at the end first. */
function normOverAxes(call: BuiltinCall, x: TensorValue, axes: readonly number[]): TensorOrError {
  const { frame, span } = call;
  const { shape } = x.type;
  const rest = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const kept = shape.map((dim, axis) => (axes.includes(axis) ? constantDim(1) : dim));
  const turned = makeTensor(frame, "transpose", [x], { permutation: [...rest, ...axes] }, span);
  if (turned.kind === "error") return turned;
  const sizes = (positions: readonly number[]): readonly Dim[] =>
    positions.map((axis) => shape[axis] ?? constantDim(1));
  const flat = reshaped(frame, turned, [...sizes(rest), productOfDims(sizes(axes))], span);
  if (flat.kind === "error") return flat;
  const norm = makeTensor(frame, "norm", [flat], { axis: rest.length }, span);
  return norm.kind === "error" ? norm : reshaped(frame, norm, kept, span);
}

// ---------------------------------------------------------------- shared

/** The argument as numbers: a bool counts as 0 or 1. */
function numbers(call: BuiltinCall): TensorOrError {
  const { value, span } = argument(call, "x");
  const tensor = toTensor(call.frame, value, span);
  if (tensor.kind === "error" || tensor.type.dtype !== "bool") return tensor;
  return castTo(call.frame, tensor, "f32", span);
}

/** Whether axes stay as a 1: in a margin, when they were named. */
function keepsAxes(call: BuiltinCall): boolean {
  return call.frame.ambient.reading !== undefined && call.over !== undefined;
}

/**
 * In a margin `over: C` runs over all classes and `over: N` over all rows, also of a value that is the same
 * for each of them. A number a class has one axis for whoever wrote it, so `over: 0` is that of the classes.
 */
function inMargin(call: BuiltinCall, x: TensorValue): TensorOrError {
  const { ambient, dims } = call.frame;
  if (ambient.reading === undefined || call.over === undefined || x.type.shape.length > 2) return x;
  const names = call.over.kind === "name" ? [call.over.name] : [];
  if (!names.some((name) => name === "N" || name === "C")) return withoutRowAxis(call, x, call.over);
  const [rows, classes] = [dims.get("N")?.dim, dims.get("C")?.dim];
  if (rows === undefined || classes === undefined) return x;
  const [row, column] = [x.type.shape.at(-2) ?? constantDim(1), x.type.shape.at(-1) ?? constantDim(1)];
  const shape = [names.includes("N") ? rows : row, names.includes("C") ? classes : column];
  return stretched(call.frame, x, shape, call.span);
}

function withoutRowAxis(call: BuiltinCall, x: TensorValue, over: Expression): TensorOrError {
  const [rows, classes, ...rest] = x.type.shape;
  const isRow = rows !== undefined && isSize(rows, 1) && classes !== undefined && rest.length === 0;
  const isFirst = isRow && over.kind === "number" && over.value === 0;
  return isFirst ? reshaped(call.frame, x, [classes], call.span) : x;
}

function withoutAxes(call: BuiltinCall, x: TensorValue, axes: readonly number[]): TensorOrError {
  return reshaped(
    call.frame,
    x,
    x.type.shape.filter((_, axis) => !axes.includes(axis)),
    call.span,
  );
}
