/**
 * Every operation of the IR, declared once with its attributes. Deriving the names from the records
 * would be circular in TypeScript, so the names come first and each aspect (types, records, one
 * emission a target) is a total table over them: a forgotten operation does not compile.
 *
 * Element-wise operations broadcast by NumPy's rule. Comparisons and logic give `bool`. Reductions
 * name axes by position; `keepDims` leaves a 1 in their place.
 */
import type { Dim } from "../ir/dim.ts";
import type { DType } from "../ir/type.ts";

type None = Readonly<Record<never, never>>;

/** A named leaf: fed (`input`), learned (`parameter`) or carried from step to step (`state`). */
export interface LeafAttrs {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

export interface ReduceAttrs {
  /** Ascending, not negative, without repeats. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export type Padding = "same" | "valid";

/** NHWC images; filters are [height, width, in, out]. `same` pads as TensorFlow does. */
export interface ConvolutionAttrs {
  readonly stride: readonly [number, number];
  readonly padding: Padding;
}

export interface PoolAttrs extends ConvolutionAttrs {
  readonly window: readonly [number, number];
}

/** Primitive operations: what every target implements and `gradient` differentiates. */
export interface PrimitiveAttrs {
  // leaves
  input: LeafAttrs;
  parameter: LeafAttrs;
  state: LeafAttrs;
  constant: { readonly value: number; readonly dtype: DType };
  /** A list as a tensor of rank 1. */
  literal: { readonly values: readonly number[]; readonly dtype: DType };
  /** The size of a dimension as an f32 scalar. */
  size: { readonly dim: Dim };
  /** 0, 1, … size-1 as i32[size]. */
  iota: { readonly size: Dim };
  /** Inputs: seed, step (i32 scalars). One stream of numbers a site: uniform in [0, 1) or standard normal. */
  random: {
    readonly site: number;
    readonly distribution: "uniform" | "normal";
    readonly shape: readonly Dim[];
  };

  // element-wise, one input
  neg: None;
  abs: None;
  /** -1, 0 or 1; sign(0) = 0. */
  sign: None;
  exp: None;
  log: None;
  sqrt: None;
  floor: None;
  /** To the nearest integer, halves to even. */
  round: None;
  sin: None;
  cos: None;
  /** Of the input clamped to [-1, 1]. */
  acos: None;
  tanh: None;
  erf: None;
  /** To the nearest number of half precision (f16), ties to even; beyond its range the largest. */
  half: None;
  not: None;
  cast: { readonly dtype: DType };

  // element-wise, two inputs
  add: None;
  sub: None;
  mul: None;
  div: None;
  pow: None;
  minimum: None;
  maximum: None;
  less: None;
  less_equal: None;
  equal: None;
  and: None;
  or: None;

  /** select(condition, whenTrue, whenFalse) */
  select: None;

  // reductions
  sum: ReduceAttrs;
  max: ReduceAttrs;
  logsumexp: ReduceAttrs;
  /** Index of the first largest element along an axis, as i32; the axis goes. */
  argmax: { readonly axis: number };

  // shape
  reshape: { readonly shape: readonly Dim[] };
  transpose: { readonly permutation: readonly number[] };
  broadcast: { readonly shape: readonly Dim[] };
  slice: { readonly starts: readonly Dim[]; readonly sizes: readonly Dim[] };
  /** Zeros before and after each axis. */
  pad: { readonly before: readonly Dim[]; readonly after: readonly Dim[] };
  concat: { readonly axis: number };
  /** The same values, whose axes are others: those of a pair's second side, or of its first again. */
  alias: { readonly side: "rows" | "columns" };

  // indices: an index out of range reads 0 and writes nothing, on every target
  /** gather(x[C, …rest], index i32[…lead]) -> [...lead, ...rest] */
  gather: None;
  /** scatter_add(index i32[…lead], updates[...lead, ...rest]) -> [size, ...rest]; rows that repeat add up. */
  scatter_add: { readonly size: Dim };
  /** pick(x[…lead, C], index i32[…lead]) -> [...lead]: one element a row. */
  pick: None;
  /** take_along(x, index i32): index has x's rank; result[…, i, …] = x[…, index[…, i, …], …] along the axis. */
  take_along: { readonly axis: number };
  /** scatter_along(index i32, updates): the transpose of take_along; repeats add up. */
  scatter_along: { readonly axis: number; readonly size: Dim };
  /** The stable order that sorts along an axis, as i32. */
  argsort: { readonly axis: number; readonly descending: boolean };
  cumsum: { readonly axis: number; readonly reverse: boolean };

  // contractions
  /** Of two matrices, each transposed first where its flag says so. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** conv2d(image[N, H, W, K], filter[kh, kw, K, F]) */
  conv2d: ConvolutionAttrs;
  /** conv2d_input_gradient(filter, adjoint) -> shape */
  conv2d_input_gradient: ConvolutionAttrs & { readonly shape: readonly Dim[] };
  /** conv2d_filter_gradient(image, adjoint) -> shape */
  conv2d_filter_gradient: ConvolutionAttrs & { readonly shape: readonly Dim[] };
  /** depthwise_conv2d(image[N, H, W, K], filter[kh, kw, K]): each channel with a filter of its own. */
  depthwise_conv2d: ConvolutionAttrs;
  /** depthwise_conv2d_input_gradient(filter, adjoint) -> shape */
  depthwise_conv2d_input_gradient: ConvolutionAttrs & { readonly shape: readonly Dim[] };
  /** depthwise_conv2d_filter_gradient(image, adjoint) -> [N, kh, kw, K]: the filter's adjoint by each image, to be summed. */
  depthwise_conv2d_filter_gradient: PoolAttrs;
  max_pool: PoolAttrs;
  /** max_pool_gradient(image, pooled, adjoint): to the first largest element of each window. */
  max_pool_gradient: PoolAttrs;
  /** Means over the part of the window that lies inside the image. */
  avg_pool: PoolAttrs;
  /** avg_pool_gradient(adjoint) -> shape */
  avg_pool_gradient: PoolAttrs & { readonly shape: readonly Dim[] };
}

/** Operations that only the source level knows; `decompose` and `gradient` remove them. */
export interface CompositeAttrs {
  mean: ReduceAttrs;
  softmax: { readonly axis: number };
  /** Euclidean norm along an axis, kept as a 1; value and gradient are 0 for a zero row. */
  norm: { readonly axis: number };
  /** x / norm(x); a zero row stays zero, with gradient zero. */
  normalize: { readonly axis: number };
  /** clamp(x, low, high) */
  clamp: None;
  sigmoid: None;
  softplus: None;
  logaddexp: None;
  /** (-1)^k for an integer-valued k. */
  parity: None;
  /** Repeated multiplication; a negative exponent divides. */
  integer_power: { readonly exponent: number };
  /** Forward the input; no gradient flows. */
  detach: None;
  /** straight_through(forward, backward): the first one's value with the second one's gradient. */
  straight_through: None;
  /** gradient(of, with respect to): d sum(of) / d input 1, shaped like input 1. */
  gradient: None;
}

export type OpAttrs = PrimitiveAttrs & CompositeAttrs;
export type PrimitiveName = keyof PrimitiveAttrs;
export type CompositeName = keyof CompositeAttrs;
export type OpName = keyof OpAttrs;
export type AttrsOf<K extends OpName> = OpAttrs[K];
