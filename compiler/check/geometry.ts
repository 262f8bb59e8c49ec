/**
 * The geometry of a head: cosines between rows and classes, and lengths, as matrices. What belongs to a row's
 * own class is computed from the gathered weight rows, so it costs N·D and not N·C. With W f32[C, K, D] every
 * class has K centres and the nearest one counts.
 */
import { type Dim, constantDim, multiplyDims } from "../ir/dim.ts";
import type { Span } from "../errors/span.ts";
import type { Frame } from "./frame.ts";
import { type TensorOrError, makeTensor, reshaped, stretched } from "./tensors.ts";
import { type TensorValue, type Value } from "./values.ts";

export interface Head {
  readonly frame: Frame;
  readonly span: Span;
  /** f32[N, D] */
  readonly x: TensorValue;
  /** f32[C, D] or f32[C, K, D] */
  readonly W: TensorValue;
  /** index<C>[N]; left out at inference. */
  readonly y: TensorValue | undefined;
}

export type GeometryName = "cos" | "theta" | "cos_y" | "theta_y" | "x_norm" | "w_norm" | "w_norm_y" | "y";

const one = constantDim(1);

/** Each value, made when it is first asked for. */
export function geometryOf(head: Head): (name: GeometryName) => Value {
  const made = new Map<GeometryName, Value>();
  const lookup = (name: GeometryName): Value => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = makeGeometry(head, name, lookup);
    made.set(name, value);
    return value;
  };
  return lookup;
}

function makeGeometry(head: Head, name: GeometryName, lookup: (name: GeometryName) => Value): Value {
  switch (name) {
    case "cos":
      return bestOf(head, similarities(head), 2);
    case "theta":
      return angleOf(head, lookup("cos"));
    case "cos_y":
      return ownClass(head, (y) => ownCosine(head, y));
    case "theta_y":
      return angleOf(head, lookup("cos_y"));
    case "x_norm":
      return makeTensor(head.frame, "norm", [head.x], { axis: 1 }, head.span);
    case "w_norm":
      return classLengths(head);
    case "w_norm_y":
      return ownClass(head, (y) => ownLength(head, y));
    case "y":
      return ownClass(head, (y) => column(head, y));
    default:
      return name satisfies never;
  }
}

function ownClass(head: Head, use: (y: TensorValue) => TensorOrError): Value {
  return head.y === undefined ? { kind: "error", because: "labels" } : use(head.y);
}

function angleOf({ frame, span }: Head, cosine: Value): Value {
  return cosine.kind === "tensor" ? makeTensor(frame, "acos", [cosine], {}, span) : cosine;
}

export function column({ frame, span }: Head, y: TensorValue): TensorOrError {
  const [rows] = y.type.shape;
  return reshaped(frame, y, [rows ?? one, one], span);
}

function sizesOf({ x, W }: Head): {
  readonly N: Dim;
  readonly C: Dim;
  readonly K: Dim | undefined;
  readonly D: Dim;
} {
  const isSubCentred = W.type.shape.length === 3;
  return {
    N: x.type.shape[0] ?? one,
    C: W.type.shape[0] ?? one,
    K: isSubCentred ? (W.type.shape[1] ?? one) : undefined,
    D: x.type.shape[1] ?? one,
  };
}

function isSubCentred({ W }: Head): boolean {
  return W.type.shape.length === 3;
}

function unit({ frame, span }: Head, x: TensorValue): TensorOrError {
  return makeTensor(frame, "normalize", [x], { axis: x.type.shape.length - 1 }, span);
}

/** [N, C], or [N, C, K] for each centre. */
function similarities(head: Head): TensorOrError {
  const { frame, span } = head;
  const { N, C, K, D } = sizesOf(head);
  const [x, W] = [unit(head, head.x), unit(head, head.W)];
  if (x.kind === "error") return x;
  const centres =
    W.kind === "error" || K === undefined ? W : reshaped(frame, W, [multiplyDims(C, K), D], span);
  if (centres.kind === "error") return centres;
  const product = makeTensor(frame, "matmul", [x, centres], { transposeA: false, transposeB: true }, span);
  return product.kind === "error" || K === undefined ? product : reshaped(frame, product, [N, C, K], span);
}

/** The largest along the axis of centres, if there is one. */
function bestOf(head: Head, value: TensorOrError, axis: number): TensorOrError {
  if (value.kind === "error" || !isSubCentred(head)) return value;
  return makeTensor(head.frame, "max", [value], { axes: [axis], keepDims: false }, head.span);
}

/** [N, 1], or [N, K] for each centre of the own class. */
function ownSimilarities(head: Head, y: TensorValue): TensorOrError {
  const { frame, span } = head;
  const { N, D } = sizesOf(head);
  const rows = makeTensor(frame, "gather", [head.W, y], {}, span);
  const [x, W] = [unit(head, head.x), rows.kind === "error" ? rows : unit(head, rows)];
  if (x.kind === "error") return x;
  if (W.kind === "error") return W;
  const wide = isSubCentred(head) ? reshaped(frame, x, [N, one, D], span) : x;
  if (wide.kind === "error") return wide;
  const products = makeTensor(frame, "mul", [wide, W], {}, span);
  if (products.kind === "error") return products;
  const axis = products.type.shape.length - 1;
  return makeTensor(frame, "sum", [products], { axes: [axis], keepDims: !isSubCentred(head) }, span);
}

function ownCosine(head: Head, y: TensorValue): TensorOrError {
  const found = ownSimilarities(head, y);
  if (found.kind === "error" || !isSubCentred(head)) return found;
  return makeTensor(head.frame, "max", [found], { axes: [1], keepDims: true }, head.span);
}

/** [1, C], or [N, C] where the nearest centre decides. */
function classLengths(head: Head): TensorOrError {
  const { frame, span, W } = head;
  const { N, C, K } = sizesOf(head);
  const lengths = makeTensor(frame, "norm", [W], { axis: W.type.shape.length - 1 }, span);
  if (lengths.kind === "error") return lengths;
  if (K === undefined) return reshaped(frame, lengths, [one, C], span);
  const row = reshaped(frame, lengths, [one, C, K], span);
  const all = row.kind === "error" ? row : stretched(frame, row, [N, C, K], span);
  return lengthOfBest(head, all, similarities(head), [N, C]);
}

function ownLength(head: Head, y: TensorValue): TensorOrError {
  const { frame, span } = head;
  const { N, K } = sizesOf(head);
  const rows = makeTensor(frame, "gather", [head.W, y], {}, span);
  if (rows.kind === "error") return rows;
  const lengths = makeTensor(frame, "norm", [rows], { axis: rows.type.shape.length - 1 }, span);
  if (lengths.kind === "error" || K === undefined) return lengths;
  return lengthOfBest(head, reshaped(frame, lengths, [N, K], span), ownSimilarities(head, y), [N, one]);
}

/** The lengths at the centre whose similarity is largest, along the last axis. */
function lengthOfBest(
  head: Head,
  lengths: TensorOrError,
  similar: TensorOrError,
  shape: readonly Dim[],
): TensorOrError {
  const { frame, span } = head;
  if (lengths.kind === "error") return lengths;
  if (similar.kind === "error") return similar;
  const axis = similar.type.shape.length - 1;
  const best = makeTensor(frame, "argmax", [similar], { axis }, span);
  if (best.kind === "error") return best;
  const index = reshaped(frame, best, [...best.type.shape, one], span);
  if (index.kind === "error") return index;
  const taken = makeTensor(frame, "take_along", [lengths, index], { axis }, span);
  return taken.kind === "error" ? taken : reshaped(frame, taken, shape, span);
}
