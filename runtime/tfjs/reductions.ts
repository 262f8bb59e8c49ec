/**
 * Reductions. The shape is seen as [outer, length, inner] with the reduced axis in the middle. Over the last
 * axis each row has a vector loop of its own; over earlier ones columns of several vectors stay in registers,
 * each from its first row to its last. (A row of ones times the matrix looks fast in a loop that repeats it,
 * but the backend then packs the matrix only once; with a new matrix each time it takes ten times as long.)
 */
import * as tf from "@tensorflow/tfjs-core";
import type { ElementwiseKernels } from "./elementwise.ts";
import type { DataType, Heap, Values } from "./heap.ts";
import type { UnaryLoop } from "./simd.ts";

export function reductionKernels(heap: Heap, elementwise: ElementwiseKernels) {
  const reduce = (
    name: "sum" | "max",
    x: tf.Tensor,
    axes: readonly number[],
    keepDims: boolean,
  ): tf.Tensor => {
    const shape = reducedShape(x.shape, axes, keepDims);
    const split = splitAxes(x.shape, axes);
    if (split !== undefined) return reduceMiddle(heap, name, x, split, shape);
    // Axes that do not lie together are moved to the end first.
    const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const moved = tf.transpose(x, [...kept, ...axes]);
    const sizeOf = (some: readonly number[]) => some.reduce((size, axis) => size * (x.shape[axis] ?? 1), 1);
    const rows: Split = { outer: sizeOf(kept), length: sizeOf(axes), inner: 1 };
    const result = reduceMiddle(heap, name, moved, rows, shape);
    moved.dispose();
    return result;
  };

  const keptKernels = {
    sum: (x: tf.Tensor, axes: readonly number[]) => reduce("sum", x, axes, true),
    max: (x: tf.Tensor, axes: readonly number[]) => reduce("max", x, axes, true),
  };

  return {
    /** Sums over axes that go. */
    sum: (x: tf.Tensor, axes: readonly number[]) => reduce("sum", x, axes, false),
    /** Sums over axes that stay as 1. */
    sumKept: keptKernels.sum,
    max: (x: tf.Tensor, axes: readonly number[]) => reduce("max", x, axes, false),
    maxKept: keptKernels.max,

    /** log Σ exp x, with the largest element taken out first. */
    logSumExp: (x: tf.Tensor, axes: readonly number[]) =>
      logSumExp(heap, elementwise, keptKernels.max, x, axes, reducedShape(x.shape, axes, false)),
    logSumExpKept: (x: tf.Tensor, axes: readonly number[]) =>
      logSumExp(heap, elementwise, keptKernels.max, x, axes, reducedShape(x.shape, axes, true)),

    /** Σ a·b over the last axis, which stays as 1; a and b have one shape, and no product is stored. */
    sumOfProducts(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
      const last = a.rank - 1;
      const result = heap.make(reducedShape(a.shape, [last], true), "float32");
      sumProducts(heap, a, b, result, a.shape[last] ?? 1);
      return result;
    },

    /** Index of the first largest element along an axis. */
    argMax(x: tf.Tensor, axis: number): tf.Tensor {
      const split = splitAxes(x.shape, [axis]) as Split;
      const result = heap.make(reducedShape(x.shape, [axis], false), "int32");
      argMaxMiddle(heap.view(x), heap.view(result), split);
      return result;
    },

    cumulativeSum(x: tf.Tensor, axis: number, direction: "forward" | "reverse"): tf.Tensor {
      const result = heap.make(x.shape, x.dtype as DataType);
      cumulate(heap.view(x), heap.view(result), splitAxes(x.shape, [axis]) as Split, direction);
      return result;
    },
  };
}

export interface Split {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** [outer, length, inner] around axes that lie together; axes of size 1 between them do no harm. */
export function splitAxes(shape: readonly number[], axes: readonly number[]): Split | undefined {
  const wide = axes.filter((axis) => shape[axis] !== 1);
  const [first, last] = [wide[0] ?? shape.length, wide[wide.length - 1] ?? shape.length - 1];
  const size = (from: number, to: number) => shape.slice(from, to).reduce((product, n) => product * n, 1);
  const together = shape.every((n, axis) => n === 1 || axis < first || axis > last || wide.includes(axis));
  return together
    ? { outer: size(0, first), length: size(first, last + 1), inner: size(last + 1, shape.length) }
    : undefined;
}

function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keepDims ? [1] : []));
}

function reduceMiddle(
  heap: Heap,
  name: "sum" | "max",
  x: tf.Tensor,
  split: Split,
  shape: number[],
): tf.Tensor {
  const { length, inner } = split;
  if (length === 1) return tf.reshape(x, shape);
  const result = heap.make(shape, x.dtype as DataType);
  if (length === 0) {
    heap.view(result).fill(name === "sum" ? 0 : -Infinity);
    return result;
  }
  if (inner === 1 && x.dtype === "float32" && heap.simd !== undefined) {
    const { loops, address } = heap.simd;
    forEachRow(split, address(x), address(result), loops.rows[name]);
    return result;
  }
  if (x.dtype === "float32" && heap.simd !== undefined) reduceColumns(heap.simd, name, x, result, split);
  else reduceElements(heap, name, x, result, split);
  return result;
}

/** Columns of wide rows end after eight: more of them, a power of two apart, push each other out of the first cache. */
function reduceColumns(
  { loops, address }: NonNullable<Heap["simd"]>,
  name: "sum" | "max",
  x: tf.Tensor,
  result: tf.Tensor,
  { outer, length, inner }: Split,
): void {
  const loop = loops.columns[name];
  const row = 4 * inner;
  const rows = inner < 64 ? length : 8;
  for (let o = 0; o < outer; o++) {
    const [from, to] = [address(x) + o * length * row, address(result) + o * row];
    for (let l = 1; l < length; l += rows)
      loop(l === 1 ? from : to, from + l * row, row, Math.min(rows, length - l), to, inner);
  }
}

function reduceElements(
  heap: Heap,
  name: "sum" | "max",
  x: tf.Tensor,
  result: tf.Tensor,
  split: Split,
): void {
  const { outer, length, inner } = split;
  const [from, to] = [heap.view(x), heap.view(result)];
  for (let o = 0; o < outer; o++) {
    const [start, at] = [o * length * inner, o * inner];
    for (let i = 0; i < inner; i++) to[at + i] = from[start + i] as number;
    for (let l = 1; l < length; l++) {
      const row = start + l * inner;
      if (name === "sum")
        for (let i = 0; i < inner; i++) to[at + i] = (to[at + i] as number) + (from[row + i] as number);
      else
        for (let i = 0; i < inner; i++) {
          const value = from[row + i] as number;
          if (value > (to[at + i] as number) || Number.isNaN(value)) to[at + i] = value;
        }
    }
  }
}

/** A loop over each row of the last axis. */
function forEachRow({ outer, length }: Split, from: number, to: number, loop: UnaryLoop): void {
  for (let o = 0; o < outer; o++) loop(from + 4 * o * length, to + 4 * o, length);
}

function logSumExp(
  heap: Heap,
  { unary }: ElementwiseKernels,
  largestOf: (x: tf.Tensor, axes: readonly number[]) => tf.Tensor,
  x: tf.Tensor,
  axes: readonly number[],
  shape: number[],
): tf.Tensor {
  const largest = largestOf(x, axes);
  const total = sumOfPowers(heap, x, largest, axes, shape);
  const logarithm = unary("log", total);
  const shift = tf.reshape(largest, shape);
  const result = tf.add(logarithm, shift);
  tf.dispose([largest, total, logarithm, shift]);
  return result;
}

/** Σ exp(x - m), with m one number a row of the reduced axes. */
function sumOfPowers(
  heap: Heap,
  x: tf.Tensor,
  largest: tf.Tensor,
  axes: readonly number[],
  shape: number[],
): tf.Tensor {
  const split = splitAxes(x.shape, axes);
  if (split === undefined || (split.inner > 1 && split.inner < 8)) {
    // Only reductions over axes that lie apart, or over few columns, come here.
    const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const moved = tf.transpose(x, [...kept, ...axes]);
    const rows = tf.reshape(moved, [largest.size, x.size / largest.size]);
    const result = sumOfPowers(heap, rows, largest, [1], shape);
    tf.dispose([moved, rows]);
    return result;
  }
  const result = heap.make(shape, "float32");
  heap.view(result).fill(0);
  if (heap.simd !== undefined) sumPowersByVectors(heap.simd, x, largest, result, split);
  else sumPowersByElements(heap, x, largest, result, split);
  return result;
}

function sumPowersByVectors(
  { loops, address }: NonNullable<Heap["simd"]>,
  x: tf.Tensor,
  largest: tf.Tensor,
  result: tf.Tensor,
  { outer, length, inner }: Split,
): void {
  const [from, shift, to] = [address(x), address(largest), address(result)];
  for (let o = 0; o < outer; o++) {
    if (inner === 1) {
      loops.rows.sumExp(from + 4 * o * length, shift + 4 * o, to + 4 * o, length);
      continue;
    }
    const [start, at] = [from + 4 * o * length * inner, 4 * o * inner];
    for (let l = 0; l < length; l++) loops.addExp(start + 4 * l * inner, shift + at, to + at, inner);
  }
}

function sumPowersByElements(
  heap: Heap,
  x: tf.Tensor,
  largest: tf.Tensor,
  result: tf.Tensor,
  split: Split,
): void {
  const { outer, length, inner } = split;
  const [from, shift, to] = [heap.view(x), heap.view(largest), heap.view(result)];
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const [start, at] = [o * length * inner + i, o * inner + i];
      let total = 0;
      for (let l = 0; l < length; l++)
        total += Math.exp((from[start + l * inner] as number) - (shift[at] as number));
      to[at] = total;
    }
}

function sumProducts(heap: Heap, a: tf.Tensor, b: tf.Tensor, result: tf.Tensor, length: number): void {
  if (heap.simd !== undefined) {
    const { loops, address } = heap.simd;
    const [fromA, fromB, to] = [address(a), address(b), address(result)];
    for (let row = 0; row < result.size; row++)
      loops.rows.dot(fromA + 4 * row * length, fromB + 4 * row * length, to + 4 * row, length);
    return;
  }
  const [x, y, sums] = [heap.view(a), heap.view(b), heap.view(result)];
  for (let row = 0, at = 0; row < sums.length; row++) {
    let total = 0;
    for (let i = 0; i < length; i++, at++) total += (x[at] as number) * (y[at] as number);
    sums[row] = total;
  }
}

function argMaxMiddle(from: Values, to: Values, { outer, length, inner }: Split): void {
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      let best = 0;
      const at = o * length * inner + i;
      for (let l = 1; l < length; l++)
        if ((from[at + l * inner] as number) > (from[at + best * inner] as number)) best = l;
      to[o * inner + i] = best;
    }
}

function cumulate(
  from: Values,
  to: Values,
  { outer, length, inner }: Split,
  direction: "forward" | "reverse",
): void {
  const step = direction === "forward" ? inner : -inner;
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      let at = o * length * inner + i + (direction === "forward" ? 0 : (length - 1) * inner);
      let total = 0;
      for (let l = 0; l < length; l++, at += step) {
        total += from[at] as number;
        to[at] = total;
      }
    }
}
