/**
 * Kernels that read or write by index: gather and its transpose, one element a row, along an axis, and
 * the stable sort order. The wasm backend lacks the gradient of gather, and its gather copies its whole
 * input; these touch only what they name. An index outside the axis is an error where it reads, and is
 * dropped where it adds, so that a chunk of classes can be given every label.
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { DataType, Heap, Values } from "./heap.ts";
import { copyRun } from "./layout.ts";
import type { Split } from "./reductions.ts";

export function indexingKernels(heap: Heap) {
  return {
    /** x[C, …rest] at index […lead] -> […lead, …rest] */
    gather(x: tf.Tensor, index: tf.Tensor): tf.Tensor {
      const result = heap.make([...index.shape, ...x.shape.slice(1)], x.dtype as DataType);
      const [rows, width] = [x.shape[0] ?? 1, x.size / (x.shape[0] ?? 1)];
      const [from, at, to] = [heap.view(x), heap.view(index), heap.view(result)];
      for (let i = 0; i < at.length; i++) {
        const row = at[i] as number;
        if (row >= 0 && row < rows) copyRun(to, i * width, from, row * width, width);
        else to.fill(0, i * width, (i + 1) * width);
      }
      return result;
    },

    /** Adds the rows of updates[…lead, …rest] into [size, …rest] at index […lead]. */
    scatterAdd(index: tf.Tensor, updates: tf.Tensor, size: number): tf.Tensor {
      const rest = updates.shape.slice(index.rank);
      const result = heap.make([size, ...rest], updates.dtype as DataType);
      const width = rest.reduce((product, n) => product * n, 1);
      const [at, from, to] = [heap.view(index), heap.view(updates), heap.view(result)];
      to.fill(0);
      for (let i = 0; i < at.length; i++) {
        const row = at[i] as number;
        if (row < 0 || row >= size) continue;
        for (let k = 0; k < width; k++)
          to[row * width + k] = (to[row * width + k] as number) + (from[i * width + k] as number);
      }
      return result;
    },

    /** x[…lead, C] at index […lead] -> […lead] */
    pick(x: tf.Tensor, index: tf.Tensor): tf.Tensor {
      const result = heap.make(index.shape, x.dtype as DataType);
      const width = x.shape[x.rank - 1] ?? 1;
      const [from, at, to] = [heap.view(x), heap.view(index), heap.view(result)];
      for (let i = 0; i < at.length; i++) {
        const column = at[i] as number;
        to[i] = column >= 0 && column < width ? (from[i * width + column] as number) : 0;
      }
      return result;
    },

    takeAlong(x: tf.Tensor, index: tf.Tensor, axis: number): tf.Tensor {
      const result = heap.make(index.shape, x.dtype as DataType);
      const length = x.shape[axis] ?? 1;
      const [from, at, to] = [heap.view(x), heap.view(index), heap.view(result)];
      forEachAlong(splitAxis(index.shape, axis), length, (inIndex, lane, inner) => {
        const place = at[inIndex] as number;
        to[inIndex] = place >= 0 && place < length ? (from[lane + place * inner] as number) : 0;
      });
      return result;
    },

    scatterAlong(index: tf.Tensor, updates: tf.Tensor, axis: number, size: number): tf.Tensor {
      const shape = updates.shape.map((n, i) => (i === axis ? size : n));
      const result = heap.make(shape, updates.dtype as DataType);
      const [at, from, to] = [heap.view(index), heap.view(updates), heap.view(result)];
      to.fill(0);
      forEachAlong(splitAxis(index.shape, axis), size, (inIndex, lane, inner) => {
        const row = at[inIndex] as number;
        if (row < 0 || row >= size) return;
        const target = lane + row * inner;
        to[target] = (to[target] as number) + (from[inIndex] as number);
      });
      return result;
    },

    /** The stable order that sorts along an axis. */
    argSort(x: tf.Tensor, axis: number, direction: "ascending" | "descending"): tf.Tensor {
      const result = heap.make(x.shape, "int32");
      const [from, to] = [heap.view(x), heap.view(result)];
      const { outer, length, inner } = splitAxis(x.shape, axis);
      const order = new Int32Array(length);
      for (let o = 0; o < outer; o++)
        for (let i = 0; i < inner; i++) {
          const start = o * length * inner + i;
          sortLane(order, from, start, inner, direction);
          for (let l = 0; l < length; l++) to[start + l * inner] = order[l] as number;
        }
      return result;
    },
  };
}

function splitAxis(shape: readonly number[], axis: number): Split {
  const size = (from: number, to: number) => shape.slice(from, to).reduce((product, n) => product * n, 1);
  return { outer: size(0, axis), length: shape[axis] ?? 1, inner: size(axis + 1, shape.length) };
}

/** Visits every element of an index, with the start of its lane in an array whose axis has `length`. */
function forEachAlong(
  index: Split,
  length: number,
  visit: (inIndex: number, lane: number, inner: number) => void,
): void {
  const { outer, length: count, inner } = index;
  for (let o = 0; o < outer; o++)
    for (let l = 0; l < count; l++)
      for (let i = 0; i < inner; i++) visit((o * count + l) * inner + i, o * length * inner + i, inner);
}

function sortLane(
  order: Int32Array,
  from: Values,
  start: number,
  inner: number,
  direction: "ascending" | "descending",
): void {
  for (let l = 0; l < order.length; l++) order[l] = l;
  const sign = direction === "ascending" ? 1 : -1;
  // The index as the last key makes the order stable both ways.
  order.sort((a, b) => {
    const difference = (from[start + a * inner] as number) - (from[start + b * inner] as number);
    return difference === 0 ? a - b : sign * difference;
  });
}
