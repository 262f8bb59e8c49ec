/**
 * Kernels that only move elements: slices, padding, stretching, and rows that are written into a tensor in
 * place. tfjs's own slice on wasm copies its whole input first, which makes a loop over chunks quadratic;
 * these cost what they move.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { DataType, Heap, Values } from "./heap.ts";
import { forEachRun, planWalk } from "./rows.ts";

export function layoutKernels(heap: Heap) {
  const slice = (x: tf.Tensor, starts: readonly number[], sizes: readonly number[]): tf.Tensor => {
    checkSlice(x.shape, starts, sizes);
    const result = heap.make(sizes, x.dtype as DataType);
    const [from, to] = [heap.view(x), heap.view(result)];
    forEachBlock(x.shape, starts, sizes, (large, small, length) => copyRun(to, small, from, large, length));
    return result;
  };
  return {
    slice,

    /** `count` rows from `start`: a slice of the first axis. */
    rows(x: tf.Tensor, start: number, count: number): tf.Tensor {
      return slice(x, [start, ...x.shape.slice(1).map(() => 0)], [count, ...x.shape.slice(1)]);
    },

    /** A new tensor whose elements are not set; for `setRows`. */
    empty(shape: readonly number[], dtype: DataType): tf.Tensor {
      return heap.make(shape, dtype);
    },

    filled(shape: readonly number[], value: number, dtype: DataType): tf.Tensor {
      const result = heap.make(shape, dtype);
      heap.view(result).fill(value);
      return result;
    },

    /** Copies `chunk` into the rows of `target` from `start` on, in place. */
    setRows(target: tf.Tensor, chunk: tf.Tensor, start: number): void {
      const width = target.size / (target.shape[0] ?? 1);
      heap.view(target).set(heap.view(chunk), start * width);
    },

    /** Zeros before and after each axis. */
    pad(x: tf.Tensor, before: readonly number[], after: readonly number[]): tf.Tensor {
      const shape = x.shape.map((size, axis) => (before[axis] ?? 0) + size + (after[axis] ?? 0));
      const result = heap.make(shape, x.dtype as DataType);
      const [from, to] = [heap.view(x), heap.view(result)];
      to.fill(0);
      forEachBlock(shape, before, x.shape, (large, small, length) => copyRun(to, large, from, small, length));
      return result;
    },

    /** Stretches axes of size 1. */
    broadcast(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
      const result = heap.make(shape, x.dtype as DataType);
      const walk = planWalk(shape, [x.shape]);
      const [from, to] = [heap.view(x), heap.view(result)];
      forEachRun(walk, ([offset = 0], at) => {
        if (walk.steps[0] === 1) copyRun(to, at, from, offset, walk.run);
        else to.fill(from[offset] as number, at, at + walk.run);
      });
      return result;
    },

    concat(parts: readonly tf.Tensor[], axis: number): tf.Tensor {
      const [only] = parts;
      return parts.length === 1 && only !== undefined ? tf.clone(only) : tf.concat([...parts], axis);
    },

    transpose(x: tf.Tensor, permutation: readonly number[]): tf.Tensor {
      return tf.transpose(x, [...permutation]);
    },
  };
}

/** Short runs by hand: a subarray costs more than a few elements do. */
export function copyRun(to: Values, at: number, from: Values, offset: number, length: number): void {
  if (length > 24) to.set(from.subarray(offset, offset + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[offset + i] as number;
}

/** Every contiguous run of a block inside a larger array, with its offset in the array and in the block. */
function forEachBlock(
  shape: readonly number[],
  starts: readonly number[],
  sizes: readonly number[],
  visit: (inArray: number, inBlock: number, length: number) => void,
): void {
  // Trailing axes that are taken whole belong to the run.
  let axis = shape.length - 1;
  let width = 1;
  while (axis > 0 && sizes[axis] === shape[axis]) width *= shape[axis--] ?? 1;
  const run = width * (sizes[axis] ?? 1);
  let inBlock = 0;
  const walk = (level: number, offset: number): void => {
    const start = starts[level] ?? 0;
    if (level >= axis) {
      visit(offset * (shape[level] ?? 1) * width + start * width, inBlock, run);
      inBlock += run;
      return;
    }
    const size = shape[level] ?? 1;
    for (let i = 0; i < (sizes[level] ?? 1); i++) walk(level + 1, offset * size + start + i);
  };
  if (sizes.every((size) => size > 0)) walk(0, 0);
}

function checkSlice(shape: readonly number[], starts: readonly number[], sizes: readonly number[]): void {
  const bad = shape.findIndex((size, axis) => {
    const start = starts[axis] ?? -1;
    return start < 0 || start + (sizes[axis] ?? 0) > size;
  });
  if (bad >= 0 || starts.length !== shape.length)
    throw new Error(`the slice [${sizes}] at [${starts}] leaves a tensor of shape [${shape}]`);
}
