/**
 * Matrix products and the operations on images. Each is linear in each operand, so the gradients of a
 * convolution are convolutions and the gradients of those are convolutions again. Pooling looks only at
 * the part of a window that lies inside the image.
 */
import { formulas, inputOf } from "../ir/build.ts";
import type { GraphBuilder, Node } from "../ir/node.ts";
import { at, emptyReference, operand } from "./arrays.ts";
import type { ConvolutionAttrs, PoolAttrs } from "./attrs.ts";
import { depthwiseFilterGradient, depthwiseSecond } from "./depthwise.ts";
import { choosePooled } from "./pooling.ts";
import type { PrimitiveTable, Reference } from "./record.ts";
import { forEachTap } from "./windows.ts";

type ContractionName =
  | "matmul"
  | "conv2d"
  | "conv2d_input_gradient"
  | "conv2d_filter_gradient"
  | "depthwise_conv2d"
  | "depthwise_conv2d_input_gradient"
  | "depthwise_conv2d_filter_gradient"
  | "max_pool"
  | "max_pool_gradient"
  | "avg_pool"
  | "avg_pool_gradient";

export const contractions: Pick<PrimitiveTable, ContractionName> = {
  matmul: {
    doc: "The product of two matrices, each transposed first where its flag says so.",
    evaluate: (inputs, { transposeA, transposeB }, shape) => {
      const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
      return product(transposeA ? transposed(a) : a, transposeB ? transposed(b) : b, shape);
    },
    gradient: (builder, node, g) => {
      const { matmul } = formulas(builder, node.span);
      const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
      const { transposeA, transposeB } = node.attrs;
      const toLeft = transposeA
        ? matmul(b, g, transposeB ? "flip" : "keep", "flip")
        : matmul(g, b, "keep", transposeB ? "keep" : "flip");
      const toRight = transposeB
        ? matmul(g, a, "flip", transposeA ? "flip" : "keep")
        : matmul(a, g, transposeA ? "keep" : "flip", "keep");
      return [toLeft, toRight];
    },
  },
  conv2d: {
    doc: "The correlation of images [N, H, W, K] with filters [height, width, K, F], with stride and padding.",
    evaluate: (inputs, attrs, shape) => {
      const [image, filter] = [operand(inputs, 0), operand(inputs, 1)];
      const result = emptyReference("f32", shape);
      forEachRow(image.shape, filter.shape, shape, attrs, (x, w, y, filters) =>
        addScaled(result.data, y, at(image.data, x), filter.data, w, filters),
      );
      return result;
    },
    gradient: (builder, node, g) => {
      const [image, filter] = [inputOf(node, 0), inputOf(node, 1)];
      return [
        toImage(builder, node.attrs, filter, g, image),
        toFilter(builder, node.attrs, image, g, filter),
      ];
    },
  },
  conv2d_input_gradient: {
    doc: "The adjoint of a convolution's image, from its filter and the adjoint of its result.",
    evaluate: (inputs, attrs, shape) => {
      const [filter, adjoint] = [operand(inputs, 0), operand(inputs, 1)];
      const result = emptyReference("f32", shape);
      forEachRow(shape, filter.shape, adjoint.shape, attrs, (x, w, y, filters) => {
        result.data[x] = at(result.data, x) + inner(filter.data, w, adjoint.data, y, filters);
      });
      return result;
    },
    gradient: (builder, node, g) => {
      const [filter, adjoint] = [inputOf(node, 0), inputOf(node, 1)];
      const { stride, padding } = node.attrs;
      return [
        toFilter(builder, { stride, padding }, g, adjoint, filter),
        builder.make("conv2d", [g, filter], { stride, padding }, node.span),
      ];
    },
  },
  conv2d_filter_gradient: {
    doc: "The adjoint of a convolution's filter, from its image and the adjoint of its result.",
    evaluate: (inputs, attrs, shape) => {
      const [image, adjoint] = [operand(inputs, 0), operand(inputs, 1)];
      const result = emptyReference("f32", shape);
      forEachRow(image.shape, shape, adjoint.shape, attrs, (x, w, y, filters) =>
        addScaled(result.data, w, at(image.data, x), adjoint.data, y, filters),
      );
      return result;
    },
    gradient: (builder, node, g) => {
      const [image, adjoint] = [inputOf(node, 0), inputOf(node, 1)];
      const { stride, padding } = node.attrs;
      return [
        toImage(builder, { stride, padding }, g, adjoint, image),
        builder.make("conv2d", [image, g], { stride, padding }, node.span),
      ];
    },
  },
  depthwise_conv2d: {
    doc: "The correlation of each channel of images [N, H, W, K] with its own filter of [height, width, K], with stride and padding.",
    evaluate: (inputs, attrs, shape) => {
      const [image, filter] = [operand(inputs, 0), operand(inputs, 1)];
      const result = emptyReference("f32", shape);
      forEachTap(image.shape, shape, attrs, windowOf(filter.shape), (x, y, tap) => {
        const weight = at(filter.data, tap * at(filter.shape, 2) + (y % at(filter.shape, 2)));
        result.data[y] = at(result.data, y) + weight * at(image.data, x);
      });
      return result;
    },
    gradient: (builder, node, g) => {
      const [image, filter] = [inputOf(node, 0), inputOf(node, 1)];
      const attrs = { ...node.attrs, shape: image.type.shape };
      return [
        builder.make("depthwise_conv2d_input_gradient", [filter, g], attrs, g.span),
        depthwiseFilterGradient(formulas(builder, node.span), node.attrs, image, g, filter),
      ];
    },
  },
  depthwise_conv2d_input_gradient: {
    doc: "The adjoint of a depthwise convolution's image, from its filter and the adjoint of its result.",
    evaluate: (inputs, attrs, shape) => {
      const [filter, adjoint] = [operand(inputs, 0), operand(inputs, 1)];
      const result = emptyReference("f32", shape);
      forEachTap(shape, adjoint.shape, attrs, windowOf(filter.shape), (x, y, tap) => {
        const weight = at(filter.data, tap * at(filter.shape, 2) + (y % at(filter.shape, 2)));
        result.data[x] = at(result.data, x) + weight * at(adjoint.data, y);
      });
      return result;
    },
    gradient: (builder, node, g) => {
      const [filter, adjoint] = [inputOf(node, 0), inputOf(node, 1)];
      const { stride, padding } = node.attrs;
      return [
        depthwiseFilterGradient(formulas(builder, node.span), { stride, padding }, g, adjoint, filter),
        builder.make("depthwise_conv2d", [g, filter], { stride, padding }, node.span),
      ];
    },
  },
  depthwise_conv2d_filter_gradient: {
    doc: "The adjoint of a depthwise convolution's filter by each image, [N, height, width, K], from the images and the adjoint of the result.",
    evaluate: (inputs, attrs, shape) => {
      const [image, adjoint] = [operand(inputs, 0), operand(inputs, 1)];
      const result = emptyReference("f32", shape);
      const [channels, elements] = [at(shape, 3), at(shape, 1) * at(shape, 2) * at(shape, 3)];
      const each = adjoint.data.length / at(shape, 0);
      forEachTap(image.shape, adjoint.shape, attrs, attrs.window, (x, y, tap) => {
        const to = Math.floor(y / each) * elements + tap * channels + (y % channels);
        result.data[to] = at(result.data, to) + at(image.data, x) * at(adjoint.data, y);
      });
      return result;
    },
    gradient: (builder, node, g) =>
      depthwiseSecond(formulas(builder, node.span), node.attrs, inputOf(node, 0), inputOf(node, 1), g),
  },
  max_pool: {
    doc: "The largest element of each window.",
    evaluate: (inputs, attrs, shape) => {
      const image = operand(inputs, 0);
      const result = emptyReference("f32", shape);
      result.data.fill(-Infinity);
      forEachTap(image.shape, shape, attrs, attrs.window, (x, y) => {
        result.data[y] = Math.max(at(result.data, y), at(image.data, x));
      });
      return result;
    },
    gradient: (builder, node, g) => [
      builder.make("max_pool_gradient", [inputOf(node, 0), node, g], node.attrs, node.span),
    ],
  },
  max_pool_gradient: {
    doc: "The adjoint of a max_pool's image: the adjoint of each window goes to its first largest element.",
    evaluate: (inputs, attrs, shape) => {
      const [image, pooled, adjoint] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
      const result = emptyReference("f32", shape);
      const given = new Uint8Array(pooled.data.length);
      forEachTap(image.shape, pooled.shape, attrs, attrs.window, (x, y) => {
        if (given[y] === 1 || at(image.data, x) !== at(pooled.data, y)) return;
        given[y] = 1;
        result.data[x] = at(result.data, x) + at(adjoint.data, y);
      });
      return result;
    },
    gradient: (builder, node, g) => [
      undefined,
      undefined,
      choosePooled(formulas(builder, node.span), node.attrs, inputOf(node, 0), inputOf(node, 1), g),
    ],
  },
  avg_pool: {
    doc: "The mean of the part of each window that lies inside the image.",
    evaluate: (inputs, attrs, shape) => {
      const image = operand(inputs, 0);
      const counts = tapCounts(image.shape, shape, attrs);
      const result = emptyReference("f32", shape);
      forEachTap(image.shape, shape, attrs, attrs.window, (x, y) => {
        result.data[y] = at(result.data, y) + at(image.data, x) / at(counts, y);
      });
      return result;
    },
    gradient: (builder, node, g) => {
      const { shape } = inputOf(node, 0).type;
      return [builder.make("avg_pool_gradient", [g], { ...node.attrs, shape }, node.span)];
    },
  },
  avg_pool_gradient: {
    doc: "The adjoint of an avg_pool's image: the adjoint of each window is shared by its elements.",
    evaluate: (inputs, attrs, shape) => {
      const adjoint = operand(inputs, 0);
      const counts = tapCounts(shape, adjoint.shape, attrs);
      const result = emptyReference("f32", shape);
      forEachTap(shape, adjoint.shape, attrs, attrs.window, (x, y) => {
        result.data[x] = at(result.data, x) + at(adjoint.data, y) / at(counts, y);
      });
      return result;
    },
    gradient: (builder, node, g) => {
      const { window, stride, padding } = node.attrs;
      return [builder.make("avg_pool", [g], { window, stride, padding }, node.span)];
    },
  },
};

function windowOf([height = 1, width = 1]: readonly number[]): readonly [number, number] {
  return [height, width];
}

function toImage(
  builder: GraphBuilder,
  attrs: ConvolutionAttrs,
  filter: Node,
  adjoint: Node,
  image: Node,
): Node {
  return builder.make(
    "conv2d_input_gradient",
    [filter, adjoint],
    { ...attrs, shape: image.type.shape },
    adjoint.span,
  );
}

function toFilter(
  builder: GraphBuilder,
  attrs: ConvolutionAttrs,
  image: Node,
  adjoint: Node,
  filter: Node,
): Node {
  return builder.make(
    "conv2d_filter_gradient",
    [image, adjoint],
    { ...attrs, shape: filter.type.shape },
    adjoint.span,
  );
}

function transposed(x: Reference): Reference {
  const [rows, columns] = [at(x.shape, 0), at(x.shape, 1)];
  const result = emptyReference(x.dtype, [columns, rows]);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result.data[j * rows + i] = at(x.data, i * columns + j);
  return result;
}

function product(a: Reference, b: Reference, shape: readonly number[]): Reference {
  const [rows, depth, columns] = [at(a.shape, 0), at(a.shape, 1), at(b.shape, 1)];
  const result = emptyReference("f32", shape);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < depth; k++)
      addScaled(result.data, i * columns, at(a.data, i * depth + k), b.data, k * columns, columns);
  return result;
}

/** into[i…] += factor · from[j…], `count` elements. The innermost loop of all: it reads its arrays directly. */
function addScaled(
  into: Float64Array,
  i: number,
  factor: number,
  from: Float64Array,
  j: number,
  count: number,
): void {
  for (let k = 0; k < count; k++) into[i + k] = (into[i + k] ?? NaN) + factor * (from[j + k] ?? NaN);
}

/** Σ a[i…] · b[j…] over `count` elements. */
function inner(a: Float64Array, i: number, b: Float64Array, j: number, count: number): number {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += (a[i + k] ?? NaN) * (b[j + k] ?? NaN);
  return sum;
}

/**
 * The sum that a convolution is, a row of products at a time: the offsets of an image element, and of the first of
 * its `filters` weights and results.
 */
function forEachRow(
  image: readonly number[],
  filter: readonly number[],
  result: readonly number[],
  attrs: ConvolutionAttrs,
  visit: (x: number, w: number, y: number, filters: number) => void,
): void {
  const [height, width, channels, filters] = [at(filter, 0), at(filter, 1), at(filter, 2), at(filter, 3)];
  const pixels = (shape: readonly number[]): number[] => [at(shape, 0), at(shape, 1), at(shape, 2), 1];
  forEachTap(pixels(image), pixels(result), attrs, [height, width], (pixel, spot, tap) => {
    for (let k = 0; k < channels; k++)
      visit(pixel * channels + k, (tap * channels + k) * filters, spot * filters, filters);
  });
}

function tapCounts(image: readonly number[], result: readonly number[], attrs: PoolAttrs): Float64Array {
  const counts = emptyReference("f32", result).data;
  forEachTap(image, result, attrs, attrs.window, (_, y) => (counts[y] = at(counts, y) + 1));
  return counts;
}
