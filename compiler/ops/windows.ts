/**
 * Windows that slide over an image: where they start, and which elements they touch. The one place that
 * knows how `same` pads (as TensorFlow does: the odd element goes after).
 */
import { at } from "./arrays.ts";
import type { ConvolutionAttrs } from "./attrs.ts";

/** Zeros that `same` puts before an axis of the image. */
export function paddingBefore(
  size: number,
  results: number,
  window: number,
  stride: number,
  padding: ConvolutionAttrs["padding"],
): number {
  return padding === "valid" ? 0 : Math.floor(Math.max((results - 1) * stride + window - size, 0) / 2);
}

/**
 * Visits each element that a window touches, by its offset in the image and in the result, and the
 * position in the window. Windows of one result element are visited in row-major order.
 */
export function forEachTap(
  image: readonly number[],
  result: readonly number[],
  { stride, padding }: ConvolutionAttrs,
  window: readonly [number, number],
  visit: (image: number, result: number, tap: number) => void,
): void {
  const [height, width, channels] = [at(image, 1), at(image, 2), at(image, 3)];
  const [rows, columns] = [at(result, 1), at(result, 2)];
  const top = paddingBefore(height, rows, window[0], stride[0], padding);
  const left = paddingBefore(width, columns, window[1], stride[1], padding);
  for (let n = 0; n < at(result, 0); n++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let tap = 0; tap < window[0] * window[1]; tap++) {
          const y = row * stride[0] - top + Math.floor(tap / window[1]);
          const x = column * stride[1] - left + (tap % window[1]);
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          const [from, to] = [(n * height + y) * width + x, (n * rows + row) * columns + column];
          for (let channel = 0; channel < channels; channel++)
            visit(from * channels + channel, to * channels + channel, tap);
        }
}
