/**
 * Convolutions and their gradients for the image, each written as the forward convolution that the wasm backend is fast at:
 * its own gradient of a convolution's input runs at a tenth of the speed. With a stride there are several, one for each
 * phase of the pixels. Gradients for the filter are in filter-gradients.ts.
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

    /** The adjoint of the image: convolutions of the adjoint with the filter turned round. */
    conv2dInputGradient(
      filter: tf.Tensor,
      adjoint: tf.Tensor,
      shape: readonly number[],
      convolution: Convolution,
    ): tf.Tensor {
      return phaseByPhase(heap, { filter, adjoint, shape, convolution }, (rows, columns) => {
        const turned = turnFilter(heap, filter, [rows.taps, columns.taps]);
        const result = convolve(adjoint, turned, [rows.pads, columns.pads], [1, 1]);
        turned.dispose();
        return result;
      });
    },

    /** image[N, H, W, K], filter[kh, kw, K]: each channel with its own filter. */
    depthwiseConv2d(image: tf.Tensor, filter: tf.Tensor, convolution: Convolution): tf.Tensor {
      const pads = padsOf(image.shape, filter.shape, convolution);
      return convolveEach(image, filter, pads, convolution.stride);
    },

    /**
     * The adjoint of the image: a depthwise convolution of the spread-out adjoint with the filter turned round. Phases
     * do not pay here: the backend has fast loops for filters of the usual sizes only.
     */
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
  heap.view(result).fill(0);
  const copyPixels = pixelCopy(heap, x, result, w, across);
  for (let image = 0; image < n; image++)
    for (let row = 0; row < h; row++) copyPixels((image * h + row) * w, (image * tall + row * down) * wide);
  return result;
}

/** Copies `count` pixels side by side to every `stride`-th place, from one pixel on to another. */
function pixelCopy(
  heap: Heap,
  from: tf.Tensor,
  to: tf.Tensor,
  count: number,
  stride: number,
): (source: number, target: number) => void {
  const channels = from.shape[3] ?? 1;
  if (heap.simd !== undefined) {
    const { loops, address } = heap.simd;
    const [start, end, pixel] = [address(from), address(to), 4 * channels];
    return (source, target) =>
      loops.windows.spread(
        start + pixel * source,
        end + pixel * target,
        pixel * (stride - 1),
        count,
        channels,
      );
  }
  const [values, result] = [heap.view(from), heap.view(to)];
  return (source, target) => {
    for (let i = 0; i < count; i++)
      copyRun(result, (target + i * stride) * channels, values, (source + i) * channels, channels);
  };
}

/**
 * Along one side, the pixels of the image that meet the same taps of the filter: with a stride of 2 the even ones and
 * the odd ones. Their adjoint is a convolution of its own with these taps, and no product with a zero between strides.
 */
interface Phase {
  /** From the last to the first. */
  readonly taps: readonly number[];
  /** Around the adjoint. */
  readonly pads: readonly [number, number];
  /** How many results it has, of which some at both ends may belong to no pixel. */
  readonly results: number;
  readonly skipped: number;
  /** The first pixel, and how many there are. */
  readonly start: number;
  readonly pixels: number;
}

/** Pixel p = s·u + r − before gets from output u − j by tap r + s·j, of all phases r below the stride s. */
function phasesOf({ size, window, outputs, before }: Frame, stride: number): readonly Phase[] {
  const phases = Array.from({ length: Math.min(stride, window) }, (_, r): Phase => {
    const count = Math.ceil((window - r) / stride);
    const [from, to] = [Math.ceil((before - r) / stride), Math.floor((size - 1 + before - r) / stride)];
    // A convolution sees all of the adjoint, so it may begin before the image and end behind it.
    const [first, last] = [Math.min(from, count - 1), Math.max(to, outputs - 1)];
    return {
      taps: Array.from({ length: count }, (_, j) => r + stride * (count - 1 - j)),
      pads: [count - 1 - first, last - (outputs - 1)],
      results: last - first + 1,
      skipped: from - first,
      start: stride * from + r - before,
      pixels: to - from + 1,
    };
  });
  return phases.filter(({ pixels }) => pixels > 0);
}

interface InputGradient {
  readonly filter: tf.Tensor;
  readonly adjoint: tf.Tensor;
  readonly shape: readonly number[];
  readonly convolution: Convolution;
}

function phaseByPhase(
  heap: Heap,
  { filter, adjoint, shape, convolution }: InputGradient,
  convolvePhase: (rows: Phase, columns: Phase) => tf.Tensor,
): tf.Tensor {
  const { stride } = convolution;
  const [vertical, horizontal] = framesOf(shape, filter.shape, adjoint.shape, convolution);
  const [down, across] = [phasesOf(vertical, stride[0]), phasesOf(horizontal, stride[1])];
  const [rows, columns] = [down[0], across[0]];
  if (stride[0] === 1 && stride[1] === 1 && rows !== undefined && columns !== undefined)
    return convolvePhase(rows, columns);
  const result = heap.make(shape, "float32");
  heap.view(result).fill(0);
  for (const rows of down)
    for (const columns of across) {
      const part = convolvePhase(rows, columns);
      putPhase(heap, part, result, [rows, columns], stride);
      part.dispose();
    }
  return result;
}

/** Copies the pixels of a phase to where they belong. */
function putPhase(
  heap: Heap,
  part: tf.Tensor,
  result: tf.Tensor,
  [rows, columns]: readonly [Phase, Phase],
  stride: readonly [number, number],
): void {
  const [n = 1, height = 1, width = 1] = result.shape;
  const copyPixels = pixelCopy(heap, part, result, columns.pixels, stride[1]);
  for (let image = 0; image < n; image++)
    for (let row = 0; row < rows.pixels; row++)
      copyPixels(
        (image * rows.results + rows.skipped + row) * columns.results + columns.skipped,
        (image * height + rows.start + row * stride[0]) * width + columns.start,
      );
}

/** Taps of a filter[kh, kw, K, F], with in and out exchanged. */
function turnFilter(
  heap: Heap,
  filter: tf.Tensor,
  [rows, columns]: readonly [readonly number[], readonly number[]],
): tf.Tensor {
  const [, wide = 1, ins = 1, outs = 1] = filter.shape;
  const result = heap.make([rows.length, columns.length, outs, ins], "float32");
  const [from, to] = [heap.view(filter), heap.view(result)];
  let target = 0;
  for (const row of rows)
    for (const column of columns) {
      const start = (row * wide + column) * ins * outs;
      for (let i = 0; i < ins; i++)
        for (let o = 0; o < outs; o++) to[target + o * ins + i] = from[start + i * outs + o] as number;
      target += ins * outs;
    }
  return result;
}
