/**
 * Gradients of convolutions for their filters, for which the wasm backend has no kernel. Each tap of a filter is a sum of
 * products over the pixels that it meets; a vector loop keeps the sums of several channels in registers. (To convolve the
 * images with the adjoint, their batch as channels, takes two transposes and three times as long.)
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Convolution, type Frame, type Windows, framesOf } from "./convolutions.ts";
import type { Heap } from "./heap.ts";
import { countBlocks } from "./loop-code.ts";
import type { TapLoop } from "./window-loops.ts";

export function filterGradientKernels(heap: Heap) {
  return {
    /** The adjoint of a depthwise convolution's filter by each image, [N, kh, kw, K]. */
    depthwiseConv2dFilterGradient(
      image: tf.Tensor,
      adjoint: tf.Tensor,
      { window, ...convolution }: Windows,
    ): tf.Tensor {
      const meeting = meetingOf(image, adjoint, window, convolution);
      const result = zeros(heap, [meeting.images, ...window, meeting.ins]);
      if (heap.simd === undefined) depthwiseByElements(heap, meeting, result);
      else depthwiseByVectors(heap.simd, meeting, result);
      return result;
    },

    /** The adjoint of the filter, [kh, kw, K, F]. */
    conv2dFilterGradient(
      image: tf.Tensor,
      adjoint: tf.Tensor,
      shape: readonly number[],
      convolution: Convolution,
    ): tf.Tensor {
      const [tall = 1, wide = 1, ins = 1, outs = 1] = shape;
      const meeting = meetingOf(image, adjoint, [tall, wide], convolution);
      // The side that is left in fewer blocks is taken in vectors: each block goes over all pixels again.
      if (heap.simd !== undefined && countBlocks(ins) * outs < countBlocks(outs) * ins) {
        const turned = zeros(heap, [tall, wide, outs, ins]);
        sumByVectors(heap.simd, meeting, turned, "ins in vectors");
        const result = tf.transpose(turned, [0, 1, 3, 2]);
        turned.dispose();
        return result;
      }
      const result = zeros(heap, shape);
      if (heap.simd === undefined) sumByElements(heap, meeting, result);
      else sumByVectors(heap.simd, meeting, result, "outs in vectors");
      return result;
    },
  };
}

function zeros(heap: Heap, shape: readonly number[]): tf.Tensor {
  const result = heap.make(shape, "float32");
  heap.view(result).fill(0);
  return result;
}

/** Which elements of the image met which of the adjoint. */
interface Meeting {
  readonly image: tf.Tensor;
  readonly adjoint: tf.Tensor;
  readonly images: number;
  readonly ins: number;
  readonly outs: number;
  readonly stride: readonly [number, number];
  readonly vertical: Frame;
  readonly horizontal: Frame;
}

function meetingOf(
  image: tf.Tensor,
  adjoint: tf.Tensor,
  window: readonly [number, number],
  convolution: Convolution,
): Meeting {
  const [vertical, horizontal] = framesOf(image.shape, window, adjoint.shape, convolution);
  const [images = 1, , , ins = 1] = image.shape;
  const outs = adjoint.shape[3] ?? 1;
  return { image, adjoint, images, ins, outs, stride: convolution.stride, vertical, horizontal };
}

/** Part of what one tap of the filter meets in one image. `x` and `y` are its first pixels, counted through all images. */
interface Tap {
  readonly index: number;
  readonly image: number;
  readonly x: number;
  readonly y: number;
  readonly rows: number;
  readonly columns: number;
}

/** Floats of an image and its adjoint that fit into the first cache, where all taps and channels find them again. */
const cachedFloats = 8192;

function forEachTap(
  { images, ins, outs, stride, vertical, horizontal }: Meeting,
  visit: (tap: Tap) => void,
): void {
  const height = Math.max(1, Math.floor(cachedFloats / (horizontal.outputs * (ins + outs))));
  const columns = Array.from({ length: horizontal.window }, (_, x) =>
    metBy(horizontal, x, stride[1], 0, horizontal.outputs),
  );
  for (let image = 0; image < images; image++)
    for (let top = 0; top < vertical.outputs; top += height)
      for (let index = 0; index < vertical.window * horizontal.window; index++) {
        const row = metBy(vertical, Math.floor(index / horizontal.window), stride[0], top, top + height);
        const column = columns[index % horizontal.window];
        if (column === undefined || row.count <= 0 || column.count <= 0) continue;
        visit({
          index,
          image,
          x: (image * vertical.size + row.at) * horizontal.size + column.at,
          y: (image * vertical.outputs + row.first) * horizontal.outputs + column.first,
          rows: row.count,
          columns: column.count,
        });
      }
}

/** Along one side, of the outputs given: the first whose tap lies in the image, where that is, and how many there are. */
function metBy(
  { before, size, outputs }: Frame,
  tap: number,
  stride: number,
  start: number,
  end: number,
): { readonly first: number; readonly at: number; readonly count: number } {
  const shift = tap - before;
  const first = Math.max(start, Math.ceil(-shift / stride));
  const last = Math.min(end - 1, outputs - 1, Math.floor((size - 1 - shift) / stride));
  return { first, at: first * stride + shift, count: last - first + 1 };
}

type Simd = NonNullable<Heap["simd"]>;

/** Address of a tap's first pixel, and the bytes to the next column and from behind the last one to the next row. */
type Way = readonly [at: number, column: number, row: number];

function imageWay({ address }: Simd, { image, ins, stride, horizontal }: Meeting, { x, columns }: Tap): Way {
  const pixel = 4 * ins;
  const row = horizontal.size * stride[0] - columns * stride[1];
  return [address(image) + pixel * x, pixel * stride[1], pixel * row];
}

function adjointWay({ address }: Simd, { adjoint, outs, horizontal }: Meeting, { y, columns }: Tap): Way {
  const pixel = 4 * outs;
  return [address(adjoint) + pixel * y, pixel, pixel * (horizontal.outputs - columns)];
}

/** Multiply-adds below which threads take longer to wake than they save. */
const worthThreads = 2 ** 22;

/**
 * Into filter[kh, kw, K, F], or with the channels of the image in vectors into filter[kh, kw, F, K]. Threads take some each
 * of the channels that are not in vectors, over all pixels, so that every sum is the same as by one thread.
 */
function sumByVectors(
  simd: Simd,
  meeting: Meeting,
  result: tf.Tensor,
  form: "ins in vectors" | "outs in vectors",
): void {
  const { ins, outs } = meeting;
  const to = simd.address(result);
  const { all: loop } = simd.loops.windows.tap;
  const [single, inVectors] = form === "outs in vectors" ? [ins, outs] : [outs, ins];
  const calls: Parameters<TapLoop>[] = [];
  let work = 0;
  forEachTap(meeting, (tap) => {
    const [x, y] = [imageWay(simd, meeting, tap), adjointWay(simd, meeting, tap)];
    const ways = form === "outs in vectors" ? ([...x, ...y] as const) : ([...y, ...x] as const);
    calls.push([...ways, tap.rows, tap.columns, to + 4 * tap.index * ins * outs, single, inVectors]);
    work += tap.rows * tap.columns * ins * outs;
  });
  const { pool } = simd;
  if (pool === undefined || work < worthThreads) for (const call of calls) loop(...call);
  else pool.run("tap.all", loop, calls, channelParts(single, inVectors, 2 * pool.threads));
}

/** What to add to a call of the loop for a part of its `single` channels. */
function channelParts(single: number, inVectors: number, parts: number): readonly Parameters<TapLoop>[] {
  const size = Math.ceil(single / parts);
  return Array.from({ length: Math.ceil(single / size) }, (_, part) => {
    const first = part * size;
    const left = single - Math.min(single, first + size);
    return [4 * first, 0, 0, 0, 0, 0, 0, 0, 4 * first * inVectors, -(first + left), 0];
  });
}

function sumByElements(heap: Heap, meeting: Meeting, result: tf.Tensor): void {
  const { image, adjoint, ins, outs, stride, horizontal } = meeting;
  const [x, y, to] = [heap.view(image), heap.view(adjoint), heap.view(result)];
  forEachTap(meeting, (tap) => {
    for (let k = 0; k < ins; k++)
      for (let f = 0; f < outs; f++) {
        let total = 0;
        for (let row = 0; row < tap.rows; row++) {
          let a = (tap.x + row * stride[0] * horizontal.size) * ins + k;
          let b = (tap.y + row * horizontal.outputs) * outs + f;
          for (let column = 0; column < tap.columns; column++, a += stride[1] * ins, b += outs)
            total += (x[a] as number) * (y[b] as number);
        }
        const target = (tap.index * ins + k) * outs + f;
        to[target] = (to[target] as number) + total;
      }
  });
}

function depthwiseByVectors(simd: Simd, meeting: Meeting, result: tf.Tensor): void {
  const { ins, vertical, horizontal } = meeting;
  const to = simd.address(result);
  forEachTap(meeting, (tap) => {
    const target = to + 4 * ins * (tap.image * vertical.window * horizontal.window + tap.index);
    const [x, y] = [imageWay(simd, meeting, tap), adjointWay(simd, meeting, tap)];
    simd.loops.windows.tap.own(...x, ...y, tap.rows, tap.columns, target, 1, ins);
  });
}

function depthwiseByElements(heap: Heap, meeting: Meeting, result: tf.Tensor): void {
  const { image, adjoint, ins, stride, vertical, horizontal } = meeting;
  const [x, y, to] = [heap.view(image), heap.view(adjoint), heap.view(result)];
  forEachTap(meeting, (tap) => {
    const target = (tap.image * vertical.window * horizontal.window + tap.index) * ins;
    for (let row = 0; row < tap.rows; row++)
      for (let column = 0; column < tap.columns; column++) {
        const a = (tap.x + row * stride[0] * horizontal.size + column * stride[1]) * ins;
        const b = (tap.y + row * horizontal.outputs + column) * ins;
        for (let k = 0; k < ins; k++)
          to[target + k] = (to[target + k] as number) + (x[a + k] as number) * (y[b + k] as number);
      }
  });
}
