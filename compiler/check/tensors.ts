/**
 * From values to nodes: operations on labelled tensors, and constants made into tensors where one is
 * needed. The type rules run on the labelled types, so that a fault can be told with the names of the
 * source; the nodes themselves carry no labels.
 */
import { type Dim, constantDim, knownSize, namesOfDim, productOfDims, sameDim } from "../ir/dim.ts";
import type { Node } from "../ir/node.ts";
import { type DType, type TensorType, printType, scalarType } from "../ir/type.ts";
import type { AttrsOf, OpName } from "../ops/attrs.ts";
import { typeOfOp } from "../ops/types.ts";
import { notATensor, shapeFault, shapeOverflow } from "../errors/check-types.ts";
import type { Label } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import type { Frame } from "./frame.ts";
import { report } from "./report.ts";
import {
  type ErrorValue,
  type ListValue,
  type TensorValue,
  type Value,
  describeValue,
  errorValue,
  kindOfValue,
  knownNumber,
  tensorValue,
} from "./values.ts";

export type TensorOrError = TensorValue | ErrorValue;

/** Makes a node and its labelled type; a fault of the type rule becomes a diagnostic at `span`. */
export function makeTensor<K extends OpName>(
  frame: Frame,
  op: K,
  inputs: readonly TensorValue[],
  attrs: AttrsOf<K>,
  span: Span,
): TensorOrError {
  const types = inputs.map((input) => input.type);
  const type = typeOfOp(op, types, attrs);
  if ("fault" in type) {
    if (isUndecided(frame, types)) return errorValue;
    const help = helpWithShapes(op, types);
    return report(
      frame,
      shapeFault.report({ span, fault: type.fault, labels: originsOf(inputs, span), help }),
    );
  }
  if (isTooLarge(type)) return report(frame, shapeOverflow.report({ span, type: printType(type) }));
  const nodes = inputs.map((input) => input.node);
  return tensorValue(frame.session.program.builder.make(op, nodes, attrs, span), type);
}

const imageOps: ReadonlySet<OpName> = new Set(["conv2d", "depthwise_conv2d", "max_pool", "avg_pool"]);

/** What shapes that do not fit were likely to mean. */
function helpWithShapes(op: OpName, [first, second]: readonly TensorType[]): string | undefined {
  const [rows, inner, width] = first?.shape ?? [];
  if (op === "mul" && first?.shape.length === 2 && second?.shape.length === 2) {
    const [depth] = second.shape;
    const isProduct = inner !== undefined && depth !== undefined && sameDim(inner, depth);
    return isProduct ? "`*` multiplies element by element; the product of matrices is `@`" : undefined;
  }
  const isImage = imageOps.has(op) && rows !== undefined;
  const [height, columns] = [inner, width].map((dim) => (dim === undefined ? undefined : knownSize(dim)));
  const isThin = height !== undefined && columns !== undefined && height <= 4 && columns > 4;
  return isImage && isThin
    ? "an image is f32[N, height, width, channels]; is this one with its channels first?"
    : undefined;
}

/** Shapes whose agreement depends on a setting that a generic check does not know, or on a rounded division. */
export function isUndecided(frame: Frame, types: readonly TensorType[]): boolean {
  const { mode, openSettings } = frame.session.program;
  if (mode !== "generic") return false;
  const dims = types.flatMap((type) => type.shape);
  return dims.some(
    (dim) =>
      /[/%]/.test(dim.key) ||
      dim.key.includes("...") ||
      [...namesOfDim(dim)].some((name) => openSettings.has(name)),
  );
}

/** 2^53: the largest count that a number holds exactly. */
function isTooLarge(type: TensorType): boolean {
  const count = type.shape.reduce((product, dim) => product * Math.max(1, knownSize(dim) ?? 1), 1);
  return count > Number.MAX_SAFE_INTEGER;
}

/** "`W` is f32[C, D]" where each operand got its name, "this is f32[N, 10]" where it has none. */
export function originsOf(inputs: readonly TensorValue[], span: Span): readonly Label[] {
  return inputs.flatMap(({ origin, type, node }) => {
    if (origin !== undefined)
      return [{ span: origin.span, message: `\`${origin.name}\` is ${printType(type)}` }];
    const place = node.span;
    const shows =
      place !== undefined && place.file === span.file && place.start >= span.start && place.end <= span.end;
    return shows && place.end - place.start < span.end - span.start
      ? [{ span: place, message: `this is ${printType(type)}` }]
      : [];
  });
}

export function scalar(frame: Frame, value: number, dtype: DType, span: Span): TensorValue {
  const node = frame.session.program.builder.make("constant", [], { value, dtype }, span);
  const whole = dtype !== "bool" && Number.isInteger(value);
  return { ...tensorValue(node), ...(whole ? { integral: true as const } : {}) };
}

/** A size as an f32 or i32 scalar. */
function sizeScalar(frame: Frame, dim: Dim, dtype: "f32" | "i32", span: Span): TensorValue {
  const known = knownSize(dim);
  if (known !== undefined) return scalar(frame, known, dtype, span);
  const { builder } = frame.session.program;
  const size = builder.make("size", [], { dim }, span);
  const node = dtype === "f32" ? size : builder.make("cast", [size], { dtype }, span);
  return { ...tensorValue(node), integral: true };
}

/** A value as a tensor; constants become scalars of the dtype that is wanted (i32 only if whole). */
export function toTensor(
  frame: Frame,
  value: Value,
  span: Span,
  wanted: "f32" | "i32" = "f32",
): TensorOrError {
  switch (value.kind) {
    case "tensor":
    case "error":
      return value;
    case "int":
      return sizeScalar(frame, value.dim, wanted, span);
    case "float":
      return scalar(
        frame,
        value.value,
        wanted === "i32" && Number.isInteger(value.value) ? "i32" : "f32",
        span,
      );
    case "bool":
      return value.value === undefined ? errorValue : scalar(frame, Number(value.value), "bool", span);
    case "list":
      return listTensor(frame, value, span, wanted);
    case "string":
    case "function":
    case "partial":
    case "builtin":
    case "data":
      return report(
        frame,
        notATensor.report({ span, found: kindOfValue(value), what: describeValue(value) }),
      );
    default:
      return value satisfies never;
  }
}

/** Numbers become one literal; a list that holds scalars of the graph is put together. */
function listTensor(frame: Frame, list: ListValue, span: Span, wanted: "f32" | "i32"): TensorOrError {
  const numbers = list.items.map(knownNumber);
  if (numbers.every((number) => number !== undefined)) {
    const dtype = wanted === "i32" && numbers.every(Number.isInteger) ? "i32" : "f32";
    const node = frame.session.program.builder.make("literal", [], { values: numbers, dtype }, span);
    return { ...tensorValue(node), ...(numbers.every(Number.isInteger) ? { integral: true as const } : {}) };
  }
  const parts: TensorValue[] = [];
  for (const item of list.items) {
    const part = toTensor(frame, item, span, wanted);
    if (part.kind === "error") return part;
    const row = makeTensor(frame, "reshape", [part], { shape: [constantDim(1), ...part.type.shape] }, span);
    if (row.kind === "error") return row;
    parts.push(row);
  }
  return makeTensor(frame, "concat", parts, { axis: 0 }, span);
}

export function castTo(frame: Frame, value: TensorValue, dtype: DType, span: Span): TensorValue {
  if (value.type.dtype === dtype) return value;
  const node = frame.session.program.builder.make("cast", [value.node], { dtype }, span);
  const type = { dtype, shape: value.type.shape };
  const whole = value.type.dtype !== "f32" || value.integral === true;
  return { ...tensorValue(node, type), ...(whole ? { integral: true as const } : {}) };
}

/** Stretches to a shape that it is known to stretch to. */
export function stretched(
  frame: Frame,
  value: TensorValue,
  shape: readonly Dim[],
  span: Span,
): TensorOrError {
  const same =
    value.type.shape.length === shape.length && value.type.shape.every((dim, i) => dim.key === shape[i]?.key);
  return same ? value : makeTensor(frame, "broadcast", [value], { shape }, span);
}

export function reshaped(frame: Frame, value: TensorValue, shape: readonly Dim[], span: Span): TensorOrError {
  const same =
    value.type.shape.length === shape.length && value.type.shape.every((dim, i) => dim.key === shape[i]?.key);
  const result = same
    ? { ...value, type: { dtype: value.type.dtype, shape } }
    : makeTensor(frame, "reshape", [value], { shape }, span);
  return result.kind === "tensor" && value.bound !== undefined ? { ...result, bound: value.bound } : result;
}

export function isScalar(value: TensorValue): boolean {
  return value.type.shape.length === 0;
}

export function isConstantNode(node: Node): boolean {
  return node.op === "constant" || node.op === "literal";
}

export function elementCount(type: TensorType): Dim {
  return productOfDims(type.shape);
}

/** Runs an op of several tensors where one may already be an error. */
export function withTensors(
  values: readonly TensorOrError[],
  use: (tensors: readonly TensorValue[]) => TensorOrError,
): TensorOrError {
  const bad = values.find((value) => value.kind === "error");
  return bad ?? use(values.filter((value) => value.kind === "tensor"));
}

export const scalarF32: TensorType = scalarType("f32");
