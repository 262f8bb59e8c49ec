/**
 * Pooling and its gradients over [N, H, W, K]. The forward passes are tfjs's; its gradients are thirty times slower than
 * the forward pass, these visit each window once: windows side by side in one vector loop, or in plain loops without SIMD.
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Windows, framesOf } from "./convolutions.ts";
import type { Heap } from "./heap.ts";
import type { PoolLoop } from "./window-loops.ts";

export function poolingKernels(heap: Heap) {
  return {
    maxPool: (image: tf.Tensor, { window, stride, padding }: Windows): tf.Tensor =>
      tf.maxPool(image as tf.Tensor4D, [...window], [...stride], padding),

    avgPool: (image: tf.Tensor, { window, stride, padding }: Windows): tf.Tensor =>
      tf.avgPool(image as tf.Tensor4D, [...window], [...stride], padding),

    /** Gives each window's adjoint to its first largest element. */
    maxPoolGradient(image: tf.Tensor, pooled: tf.Tensor, adjoint: tf.Tensor, pool: Windows): tf.Tensor {
      const result = heap.make(image.shape, "float32");
      heap.view(result).fill(0);
      if (heap.simd === undefined) maxPoolGradientByElements(heap, { image, pooled, adjoint, result }, pool);
      else {
        const loop = heap.simd.loops.windows.maxPoolGradient;
        poolGradientByVectors(heap.simd, loop, { image, pooled, adjoint, result }, pool);
      }
      return result;
    },

    /** Spreads each window's adjoint evenly over the elements that it covers. */
    avgPoolGradient(adjoint: tf.Tensor, shape: readonly number[], pool: Windows): tf.Tensor {
      const result = heap.make(shape, "float32");
      heap.view(result).fill(0);
      if (heap.simd === undefined) avgPoolGradientByElements(heap, adjoint, result, pool);
      else {
        const loop = heap.simd.loops.windows.avgPoolGradient;
        poolGradientByVectors(heap.simd, loop, { image: result, pooled: adjoint, adjoint, result }, pool);
      }
      return result;
    },
  };
}

/** The image and its adjoint are of one shape, what was pooled and its adjoint of another. */
interface Pooling {
  readonly image: tf.Tensor;
  readonly pooled: tf.Tensor;
  readonly adjoint: tf.Tensor;
  readonly result: tf.Tensor;
}

function poolGradientByVectors(
  { address }: NonNullable<Heap["simd"]>,
  loop: PoolLoop,
  { image, pooled, adjoint, result }: Pooling,
  pool: Windows,
): void {
  const [, , width = 1, channels = 1] = image.shape;
  const [x, largest, from, to] = [image, pooled, adjoint, result].map(address) as [
    number,
    number,
    number,
    number,
  ];
  const pixel = 4 * channels;
  forEachRunOfWindows(image.shape, pooled.shape, pool, ({ corner, rows, columns, at, count }) =>
    loop(
      x + pixel * corner,
      to + pixel * corner,
      largest + pixel * at,
      from + pixel * at,
      count,
      pixel * (pool.stride[1] - 1),
      rows,
      columns,
      rows * columns,
      pixel,
      pixel * (width - columns),
      channels,
    ),
  );
}

function maxPoolGradientByElements(
  heap: Heap,
  { image, pooled, adjoint, result }: Pooling,
  pool: Windows,
): void {
  const [x, largest, from, to] = [heap.view(image), heap.view(pooled), heap.view(adjoint), heap.view(result)];
  const [, , width = 1, channels = 1] = image.shape;
  const line = width * channels;
  forEachWindow(image.shape, pooled.shape, pool, ({ corner, rows, columns, at }) => {
    const end = (corner + rows * width) * channels;
    for (let k = 0; k < channels; k++) {
      const value = largest[at * channels + k] as number;
      // Only a NaN equals nothing in its window; the first element stands for it.
      let target = corner * channels + k;
      search: for (let row = target; row < end; row += line)
        for (let place = row; place < row + columns * channels; place += channels)
          if (x[place] === value) {
            target = place;
            break search;
          }
      to[target] = (to[target] as number) + (from[at * channels + k] as number);
    }
  });
}

function avgPoolGradientByElements(heap: Heap, adjoint: tf.Tensor, result: tf.Tensor, pool: Windows): void {
  const [from, to] = [heap.view(adjoint), heap.view(result)];
  const [, , width = 1, channels = 1] = result.shape;
  forEachWindow(result.shape, adjoint.shape, pool, ({ corner, rows, columns, at }) => {
    const area = rows * columns;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const target = (corner + row * width + column) * channels;
        for (let k = 0; k < channels; k++)
          to[target + k] = (to[target + k] as number) + (from[at * channels + k] as number) / area;
      }
  });
}

/** Windows side by side that reach equally far into the image. */
interface RunOfWindows {
  /** Pixel at the top left of the first one, and what of a window lies in the image. */
  readonly corner: number;
  readonly rows: number;
  readonly columns: number;
  /** Which window is the first, and how many there are. */
  readonly at: number;
  readonly count: number;
}

function forEachRunOfWindows(
  image: readonly number[],
  pooled: readonly number[],
  pool: Windows,
  visit: (run: RunOfWindows) => void,
): void {
  const [n = 1, height = 1, width = 1] = image;
  const [, down = 1, across = 1] = pooled;
  const frames = framesOf(image, pool.window, pooled, pool);
  const spanOf = (side: 0 | 1, index: number): Span => {
    const { before, size, window } = frames[side];
    const start = index * pool.stride[side] - before;
    return { start: Math.max(0, start), size: Math.min(size, start + window) - Math.max(0, start) };
  };
  const lines = Array.from({ length: down }, (_, y) => spanOf(0, y));
  const runs = runsOf(
    Array.from({ length: across }, (_, x) => spanOf(1, x)),
    pool.stride[1],
  );
  for (let i = 0; i < n; i++)
    for (const [y, { start: top, size: rows }] of lines.entries())
      for (const { first, count, start, size: columns } of runs)
        visit({
          corner: (i * height + top) * width + start,
          rows,
          columns,
          at: (i * down + y) * across + first,
          count,
        });
}

/** The part of a window inside the image, along one side. */
interface Span {
  readonly start: number;
  readonly size: number;
}

function runsOf(
  spans: readonly Span[],
  stride: number,
): readonly (Span & { readonly first: number; readonly count: number })[] {
  const firsts = [...spans.keys()].filter((index) => {
    const [before, here] = [spans[index - 1], spans[index]];
    return before?.size !== here?.size || (before?.start ?? 0) + stride !== here?.start;
  });
  return firsts.map((first, run) => ({
    ...(spans[first] as Span),
    first,
    count: (firsts[run + 1] ?? spans.length) - first,
  }));
}

/** The same, window by window. */
function forEachWindow(
  image: readonly number[],
  pooled: readonly number[],
  pool: Windows,
  visit: (window: Omit<RunOfWindows, "count">) => void,
): void {
  forEachRunOfWindows(image, pooled, pool, ({ corner, at, count, ...size }) => {
    for (let i = 0; i < count; i++) visit({ ...size, corner: corner + i * pool.stride[1], at: at + i });
  });
}
