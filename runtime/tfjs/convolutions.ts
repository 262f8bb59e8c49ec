/**
 * Convolutions with their gradients, each written as the forward convolution that the wasm backend is fast at, or as a
 * product. Its gradient of a convolution's input runs at a tenth of the speed, and for the filter it has no kernel at all.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "./heap.ts";
import { copyRun } from "./layout.ts";
import { type Epilogue, type Product, withBias } from "./products.ts";

export interface Convolution {
  readonly stride: readonly [number, number];
  readonly padding: "same" | "valid";
}

/** Windows of a size that is not that of a filter at hand. */
export interface Windows extends Convolution {
  readonly window: readonly [number, number];
}

export function convolutionKernels(heap: Heap, matMul: Product) {
  return {
    /** image[N, H, W, K], filter[kh, kw, K, F] */
    conv2d(image: tf.Tensor, filter: tf.Tensor, convolution: Convolution, epilogue?: Epilogue): tf.Tensor {
      const pads = padsOf(image.shape, filter.shape, convolution);
      const steps = { strides: convolution.stride, dilations: [1, 1] } as const;
      if (epilogue === undefined) return convolve(image, filter, pads, steps);
      return withBias(heap, epilogue, (ready) => convolve(image, filter, pads, steps, ready));
    },

    /** The adjoint of the image: a convolution of the spread-out adjoint with the filter turned round. */
    conv2dInputGradient(
      filter: tf.Tensor,
      adjoint: tf.Tensor,
      shape: readonly number[],
      convolution: Convolution,
    ): tf.Tensor {
      const frames = framesOf(shape, filter.shape, adjoint.shape, convolution);
      const spread = spreadOut(heap, adjoint, convolution.stride);
      const turned = turnFilter(heap, filter);
      const pads = frames.map(padsOfAdjoint);
      const result = convolve(spread, turned, pads, { strides: [1, 1], dilations: [1, 1] });
      tf.dispose([spread, turned]);
      return result;
    },

    /** image[N, H, W, K], filter[kh, kw, K]: each channel with its own filter. */
    depthwiseConv2d(image: tf.Tensor, filter: tf.Tensor, convolution: Convolution): tf.Tensor {
      const pads = padsOf(image.shape, filter.shape, convolution);
      return convolveEach(image, filter, pads, convolution.stride);
    },

    /** The adjoint of the image: a depthwise convolution of the spread-out adjoint with the filter turned round. */
    depthwiseConv2dInputGradient(
      filter: tf.Tensor,
      adjoint: tf.Tensor,
      shape: readonly number[],
      convolution: Convolution,
    ): tf.Tensor {
      const pads = framesOf(shape, filter.shape, adjoint.shape, convolution).map(padsOfAdjoint);
      const spread = spreadOut(heap, adjoint, convolution.stride);
      const turned = tf.reverse(filter, [0, 1]);
      const result = convolveEach(spread, turned, pads, [1, 1]);
      tf.dispose([spread, turned]);
      return result;
    },

    /** The adjoint of a depthwise convolution's filter by each image, [N, kh, kw, K]. */
    depthwiseConv2dFilterGradient(
      image: tf.Tensor,
      adjoint: tf.Tensor,
      { window: [tall, wide], stride, padding }: Windows,
    ): tf.Tensor {
      const [rows = 1, height = 1, width = 1, channels = 1] = image.shape;
      const result = heap.make([rows, tall, wide, channels], "float32");
      const [x, from, to] = [heap.view(image), heap.view(adjoint), heap.view(result)];
      to.fill(0);
      const [, down = 1, across = 1] = adjoint.shape;
      const [top, left] = framesOf(image.shape, [tall, wide], adjoint.shape, { stride, padding }).map(
        ({ before }) => before,
      );
      for (let n = 0; n < rows; n++)
        for (let tap = 0; tap < tall * wide; tap++) {
          const target = (n * tall * wide + tap) * channels;
          const [ky, kx] = [Math.floor(tap / wide) - (top ?? 0), (tap % wide) - (left ?? 0)];
          for (let oy = 0; oy < down; oy++) {
            const y = oy * stride[0] + ky;
            if (y < 0 || y >= height) continue;
            for (let ox = 0; ox < across; ox++) {
              const column = ox * stride[1] + kx;
              if (column < 0 || column >= width) continue;
              const [a, b] = [
                ((n * height + y) * width + column) * channels,
                ((n * down + oy) * across + ox) * channels,
              ];
              for (let k = 0; k < channels; k++)
                to[target + k] = (to[target + k] as number) + (x[a + k] as number) * (from[b + k] as number);
            }
          }
        }
      return result;
    },

    /**
     * The adjoint of the filter: the image and the adjoint of the result, each with its batch as channels,
     * convolved with the stride as dilation. With few channels, a product with gathered windows instead.
     */
    conv2dFilterGradient(
      image: tf.Tensor,
      adjoint: tf.Tensor,
      shape: readonly number[],
      convolution: Convolution,
    ): tf.Tensor {
      const frames = framesOf(image.shape, shape, adjoint.shape, convolution);
      return (shape[2] ?? 1) <= 4
        ? filterGradientByWindows({ heap, matMul }, image, adjoint, shape, convolution.stride, frames)
        : filterGradientByConvolution(heap, image, adjoint, convolution.stride, frames);
    },
  };
}

/** One axis of a convolution: sizes, padding, and the size of the adjoint spread by its stride. */
interface Frame {
  readonly size: number;
  readonly window: number;
  readonly outputs: number;
  /** Padding before, and on both sides together. */
  readonly before: number;
  readonly total: number;
  readonly spreadSize: number;
}

export function framesOf(
  image: readonly number[],
  filter: readonly number[],
  adjoint: readonly number[],
  { stride, padding }: Convolution,
): readonly [Frame, Frame] {
  const frame = (side: 0 | 1): Frame => {
    const [size = 1, window = 1, outputs = 1] = [image[side + 1], filter[side], adjoint[side + 1]];
    const total = padding === "same" ? Math.max((outputs - 1) * stride[side] + window - size, 0) : 0;
    return {
      size,
      window,
      outputs,
      before: Math.floor(total / 2),
      total,
      spreadSize: (outputs - 1) * stride[side] + 1,
    };
  };
  return [frame(0), frame(1)];
}

function outputsOf(
  image: readonly number[],
  filter: readonly number[],
  side: number,
  { stride, padding }: Convolution,
): number {
  const [size = 1, window = 1, step = 1] = [image[side + 1], filter[side], stride[side]];
  return padding === "same" ? Math.ceil(size / step) : Math.floor((size - window) / step) + 1;
}

/** With its padding in numbers: tfjs's own `same` is wrong on wasm where a stride skips the last rows. */
function convolve(
  image: tf.Tensor,
  filter: tf.Tensor,
  pads: readonly (readonly [number, number])[],
  { strides, dilations }: { readonly [K in "strides" | "dilations"]: readonly [number, number] },
  epilogue: { readonly bias?: tf.Tensor; readonly activation?: "relu" } = {},
): tf.Tensor {
  const [vertical = [0, 0], horizontal = [0, 0]] = pads;
  return tf.fused.conv2d({
    x: image as tf.Tensor4D,
    filter: filter as tf.Tensor4D,
    strides: [...strides],
    pad: [[0, 0], [...vertical], [...horizontal], [0, 0]],
    dataFormat: "NHWC",
    dilations: [...dilations],
    ...epilogue,
  });
}

/** What lies around an image, before and after it along each side. */
function padsOf(
  image: readonly number[],
  filter: readonly number[],
  convolution: Convolution,
): readonly (readonly [number, number])[] {
  const outputs = [0, 1, 2].map((axis) => outputsOf(image, filter, axis - 1, convolution));
  const frames = framesOf(image, filter, outputs, convolution);
  return frames.map(({ before, total }) => [before, total - before] as const);
}

/** What lies around the spread-out adjoint, so that the turned filter passes over each element of the image. */
function padsOfAdjoint({ before, spreadSize, size, window }: Frame): readonly [number, number] {
  const left = window - 1 - before;
  return [left, size - spreadSize - left + window - 1];
}

/** A filter a channel, with its padding in numbers. */
function convolveEach(
  image: tf.Tensor,
  filter: tf.Tensor,
  [vertical = [0, 0], horizontal = [0, 0]]: readonly (readonly [number, number])[],
  strides: readonly [number, number],
): tf.Tensor {
  const [height = 1, width = 1, channels = 1] = filter.shape;
  const each = tf.reshape(filter, [height, width, channels, 1]) as tf.Tensor4D;
  const pad: tf.backend_util.ExplicitPadding = [[0, 0], [...vertical], [...horizontal], [0, 0]];
  const result = tf.depthwiseConv2d(image as tf.Tensor4D, each, [...strides], pad);
  each.dispose();
  return result;
}

/** Puts stride - 1 zeros between the rows and columns of an image. */
function spreadOut(heap: Heap, x: tf.Tensor, [down, across]: readonly [number, number]): tf.Tensor {
  if (down === 1 && across === 1) return tf.clone(x);
  const [n = 1, h = 1, w = 1, k = 1] = x.shape;
  const [tall, wide] = [(h - 1) * down + 1, (w - 1) * across + 1];
  const result = heap.make([n, tall, wide, k], "float32");
  const [from, to] = [heap.view(x), heap.view(result)];
  to.fill(0);
  for (let image = 0; image < n; image++)
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++) {
        const at = ((image * tall + row * down) * wide + column * across) * k;
        copyRun(to, at, from, ((image * h + row) * w + column) * k, k);
      }
  return result;
}

/** Filter[kh, kw, K, F] turned by half a circle, with in and out exchanged. */
function turnFilter(heap: Heap, filter: tf.Tensor): tf.Tensor {
  const [kh = 1, kw = 1, ins = 1, outs = 1] = filter.shape;
  const result = heap.make([kh, kw, outs, ins], "float32");
  const [from, to] = [heap.view(filter), heap.view(result)];
  for (let cell = 0; cell < kh * kw; cell++) {
    const target = (kh * kw - 1 - cell) * ins * outs;
    for (let i = 0; i < ins; i++)
      for (let o = 0; o < outs; o++) to[target + o * ins + i] = from[(cell * ins + i) * outs + o] as number;
  }
  return result;
}

function filterGradientByConvolution(
  heap: Heap,
  image: tf.Tensor,
  adjoint: tf.Tensor,
  stride: readonly [number, number],
  frames: readonly [Frame, Frame],
): tf.Tensor {
  // Where a stride leaves rows at the end that no window reached, they are cut off.
  const reach = frames.map(({ window, before, spreadSize }) => window - 1 + spreadSize - before);
  const used = frames.map(({ size }, side) => Math.min(size, reach[side] ?? size));
  const cut = cutImage(heap, image, used);
  const batchLast = tf.transpose(cut, [3, 1, 2, 0]);
  const kernel = tf.transpose(adjoint, [1, 2, 0, 3]);
  cut.dispose();
  const pads = frames.map(({ before }, side) => [before, (reach[side] ?? 0) - (used[side] ?? 0)] as const);
  const product = convolve(batchLast, kernel, pads, { strides: [1, 1], dilations: stride });
  tf.dispose([batchLast, kernel]);
  const result = tf.transpose(product, [1, 2, 0, 3]);
  product.dispose();
  return result;
}

function cutImage(heap: Heap, image: tf.Tensor, used: readonly number[]): tf.Tensor {
  const [n = 1, h = 1, w = 1, k = 1] = image.shape;
  const [tall = h, wide = w] = used;
  if (tall === h && wide === w) return tf.clone(image);
  const result = heap.make([n, tall, wide, k], "float32");
  const [from, to] = [heap.view(image), heap.view(result)];
  for (let i = 0; i < n; i++)
    for (let row = 0; row < tall; row++)
      copyRun(to, (i * tall + row) * wide * k, from, (i * h + row) * w * k, wide * k);
  return result;
}

function filterGradientByWindows(
  { heap, matMul }: { readonly heap: Heap; readonly matMul: Product },
  image: tf.Tensor,
  adjoint: tf.Tensor,
  shape: readonly number[],
  stride: readonly [number, number],
  frames: readonly [Frame, Frame],
): tf.Tensor {
  const [vertical, horizontal] = frames;
  const [n = 1, , , channels = 1] = image.shape;
  const planes = tf.transpose(image, [3, 0, 1, 2]);
  const columns = n * vertical.outputs * horizontal.outputs;
  const windows = heap.make([vertical.window * horizontal.window * channels, columns], "float32");
  const [from, to] = [heap.view(planes), heap.view(windows)];
  to.fill(0);
  let at = 0;
  for (let y = 0; y < vertical.window; y++)
    for (let x = 0; x < horizontal.window; x++)
      for (let plane = 0; plane < channels * n; plane++)
        for (let row = 0; row < vertical.outputs; row++, at += horizontal.outputs) {
          const line = row * stride[0] + y - vertical.before;
          if (line < 0 || line >= vertical.size) continue;
          copyLine(to, at, from, (plane * vertical.size + line) * horizontal.size, x, stride[1], horizontal);
        }
  planes.dispose();
  const outs = shape[3] ?? 1;
  const rows = tf.reshape(adjoint, [columns, outs]);
  const product = matMul(windows, rows);
  const result = tf.reshape(product, [...shape]);
  tf.dispose([windows, rows, product]);
  return result;
}

/** The elements of one image line that column `x` of the window meets, left to right; zeros stay outside. */
function copyLine(
  to: ReturnType<Heap["view"]>,
  at: number,
  from: ReturnType<Heap["view"]>,
  line: number,
  x: number,
  stride: number,
  { before, size, outputs }: Frame,
): void {
  const shift = x - before;
  const first = Math.max(0, Math.ceil(-shift / stride));
  const last = Math.min(outputs - 1, Math.floor((size - 1 - shift) / stride));
  if (last < first) return;
  if (stride === 1) copyRun(to, at + first, from, line + first + shift, last - first + 1);
  else for (let i = first; i <= last; i++) to[at + i] = from[line + i * stride + shift] as number;
}
