/**
 * Pooling and its gradients over [N, H, W, K]. The forward passes are tfjs's; its gradients are thirty
 * times slower than the forward pass, these visit each window once.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "./heap.ts";
import type { Windows } from "./convolutions.ts";

export function poolingKernels(heap: Heap) {
  return {
    maxPool: (image: tf.Tensor, { window, stride, padding }: Windows): tf.Tensor =>
      tf.maxPool(image as tf.Tensor4D, [...window], [...stride], padding),

    avgPool: (image: tf.Tensor, { window, stride, padding }: Windows): tf.Tensor =>
      tf.avgPool(image as tf.Tensor4D, [...window], [...stride], padding),

    /** Gives each window's adjoint to its first largest element. */
    maxPoolGradient(image: tf.Tensor, pooled: tf.Tensor, adjoint: tf.Tensor, pool: Windows): tf.Tensor {
      const result = heap.make(image.shape, "float32");
      const [x, largest, from, to] = [
        heap.view(image),
        heap.view(pooled),
        heap.view(adjoint),
        heap.view(result),
      ];
      to.fill(0);
      const [, , width = 1, channels = 1] = image.shape;
      forEachWindow(image.shape, pooled.shape, pool, (corner, rows, columns, at) => {
        const line = width * channels;
        const end = corner + rows * line;
        for (let k = 0; k < channels; k++) {
          const value = largest[at + k] as number;
          // Only a NaN equals nothing in its window; the first element stands for it.
          let target = corner + k;
          search: for (let row = target; row < end; row += line)
            for (let place = row; place < row + columns * channels; place += channels)
              if (x[place] === value) {
                target = place;
                break search;
              }
          to[target] = (to[target] as number) + (from[at + k] as number);
        }
      });
      return result;
    },

    /** Spreads each window's adjoint evenly over the elements that it covers. */
    avgPoolGradient(adjoint: tf.Tensor, shape: readonly number[], pool: Windows): tf.Tensor {
      const result = heap.make(shape, "float32");
      const [from, to] = [heap.view(adjoint), heap.view(result)];
      to.fill(0);
      const [, , width = 1, channels = 1] = shape;
      forEachWindow(shape, adjoint.shape, pool, (corner, rows, columns, at) => {
        const share = 1 / (rows * columns);
        for (let row = 0; row < rows; row++)
          for (let column = 0; column < columns; column++) {
            const target = corner + (row * width + column) * channels;
            for (let k = 0; k < channels; k++)
              to[target + k] = (to[target + k] as number) + share * (from[at + k] as number);
          }
      });
      return result;
    },
  };
}

/** Visits every window: offset of its top left element inside the image, its size there, its own offset. */
function forEachWindow(
  image: readonly number[],
  pooled: readonly number[],
  { window, stride, padding }: Windows,
  visit: (corner: number, rows: number, columns: number, at: number) => void,
): void {
  const [n = 1, height = 1, width = 1, channels = 1] = image;
  const [, down = 1, across = 1] = pooled;
  const before = (size: number, outputs: number, side: 0 | 1): number =>
    padding === "valid" ? 0 : Math.floor(Math.max((outputs - 1) * stride[side] + window[side] - size, 0) / 2);
  const [above, left] = [before(height, down, 0), before(width, across, 1)];
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let y = 0; y < down; y++) {
      const top = Math.max(0, y * stride[0] - above);
      const bottom = Math.min(height, y * stride[0] - above + window[0]);
      for (let x = 0; x < across; x++, at += channels) {
        const start = Math.max(0, x * stride[1] - left);
        const end = Math.min(width, x * stride[1] - left + window[1]);
        visit(((i * height + top) * width + start) * channels, bottom - top, end - start, at);
      }
    }
}
