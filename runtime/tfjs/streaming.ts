/**
 * Kernels for loops over chunks: running results that take up one chunk's part in place, and chunks that are
 * written to their place in a larger tensor. None of them makes a tensor but `copy`.
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { DataType, Heap, Values } from "./heap.ts";
import { copyRun } from "./layout.ts";

export function streamingKernels(heap: Heap) {
  return {
    /** A tensor with memory of its own: a running result must not share its first part's. */
    copy(x: tf.Tensor): tf.Tensor {
      const result = heap.make(x.shape, x.dtype as DataType);
      heap.view(result).set(heap.view(x));
      return result;
    },

    /** Writes `part` into `target` in place, from position `start` of an axis on. */
    setAlong(target: tf.Tensor, part: tf.Tensor, axis: number, start: number): void {
      const [to, from] = [heap.view(target), heap.view(part)];
      const inner = product(target.shape.slice(axis + 1));
      const [wide, narrow] = [inner * (target.shape[axis] ?? 1), inner * (part.shape[axis] ?? 1)];
      const outer = product(target.shape.slice(0, axis));
      for (let row = 0; row < outer; row++)
        copyRun(to, row * wide + start * inner, from, row * narrow, narrow);
    },

    /** target = log(exp target + exp part): logsumexp of two parts, exact where both are -∞. */
    logAddExpInto(target: tf.Tensor, part: tf.Tensor): void {
      const [to, from] = [heap.view(target), heap.view(part)];
      for (let i = 0; i < to.length; i++) {
        const [a, b] = [to[i] as number, from[i] as number];
        to[i] = a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
      }
    },

    /** Takes up a chunk's largest elements and their classes; of equal ones the first stays. */
    argMaxInto(index: tf.Tensor, largest: tf.Tensor, partIndex: tf.Tensor, partLargest: tf.Tensor): void {
      const views = [index, largest, partIndex, partLargest].map(heap.view) as [
        Values,
        Values,
        Values,
        Values,
      ];
      const [at, best, otherAt, other] = views;
      for (let i = 0; i < best.length; i++)
        if ((other[i] as number) > (best[i] as number)) {
          best[i] = other[i] as number;
          at[i] = otherAt[i] as number;
        }
    },
  };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
