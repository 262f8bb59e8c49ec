/**
 * Convolutions and their gradients for the image, each written as the forward convolution that the wasm backend is fast at:
 * its own gradient of a convolution's input runs at a tenth of the speed. Those for the filter are in filter-gradients.ts.
 */
import * as tf from "@tensorflow/tfjs-core";
import type { Heap } from "./heap.ts";
import { copyRun } from "./layout.ts";
import { type Epilogue, withBias } from "./products.ts";

export interface Convolution {
  readonly stride: readonly [number, number];
  readonly padding: "same" | "valid";
}

/** Windows of a size that is not that of a filter at hand. */
export interface Windows extends Convolution {
  readonly window: readonly [number, number];
}

export function convolutionKernels(heap: Heap) {
  return {
    /** image[N, H, W, K], filter[kh, kw, K, F] */
    conv2d(image: tf.Tensor, filter: tf.Tensor, convolution: Convolution, epilogue?: Epilogue): tf.Tensor {
      const pads = padsOf(image.shape, filter.shape, convolution);
      if (epilogue === undefined) return convolve(image, filter, pads, convolution.stride);
      return withBias(heap, epilogue, (ready) => convolve(image, filter, pads, convolution.stride, ready));
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
      const result = convolve(spread, turned, pads, [1, 1]);
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
  };
}

/** One axis of a convolution: sizes, padding, and the size of the adjoint spread by its stride. */
export interface Frame {
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
  strides: readonly [number, number],
  epilogue: { readonly bias?: tf.Tensor; readonly activation?: "relu" } = {},
): tf.Tensor {
  const [vertical = [0, 0], horizontal = [0, 0]] = pads;
  return tf.fused.conv2d({
    x: image as tf.Tensor4D,
    filter: filter as tf.Tensor4D,
    strides: [...strides],
    pad: [[0, 0], [...vertical], [...horizontal], [0, 0]],
    dataFormat: "NHWC",
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
