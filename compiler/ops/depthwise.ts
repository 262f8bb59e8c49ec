/**
 * The derivatives of a depthwise convolution by its filter, in primitives. The second one goes over the elements of the filter one
 * by one, each as a convolution with a filter of ones and zeros; only a gradient of a gradient needs it.
 */
import { constantDim, knownSize } from "../ir/dim.ts";
import type { Formulas } from "../ir/build.ts";
import type { Node } from "../ir/node.ts";
import type { ConvolutionAttrs, PoolAttrs } from "./attrs.ts";

/** [height, width, K] from images, an adjoint of the result's shape, and the filter for its shape. */
export function depthwiseFilterGradient(
  f: Formulas,
  { stride, padding }: ConvolutionAttrs,
  image: Node,
  adjoint: Node,
  filter: Node,
): Node {
  const [height, width] = filter.type.shape.map(knownSize);
  if (height === undefined || width === undefined) throw new Error("a depthwise filter has a known size");
  const attrs: PoolAttrs = { stride, padding, window: [height, width] };
  const each = f.make("depthwise_conv2d_filter_gradient", [image, adjoint], attrs);
  return f.sum(each, { axes: [0], keepDims: false });
}

/** The adjoints of the images and of the result's adjoint, from g in the shape of the filter's gradient by each image. */
export function depthwiseSecond(
  f: Formulas,
  { stride, padding, window }: PoolAttrs,
  image: Node,
  adjoint: Node,
  g: Node,
): readonly [Node, Node] {
  const [height, width] = window;
  const [batch = one, , , channels = one] = g.type.shape;
  const parts = Array.from({ length: height * width }, (_, tap) => {
    const values = Array.from({ length: height * width }, (_, other) => (other === tap ? 1 : 0));
    const literal = f.make("literal", [], { values, dtype: "f32" });
    const shape = window.map(constantDim);
    const under = f.broadcast(f.reshape(literal, [...shape, one]), [...shape, channels]);
    const share = f.make("slice", [g], {
      starts: [0, Math.floor(tap / width), tap % width, 0].map(constantDim),
      sizes: [batch, one, one, channels],
    });
    const attrs = { stride, padding };
    const spread = { ...attrs, shape: image.type.shape };
    return {
      image: f.make("depthwise_conv2d_input_gradient", [under, f.mul(adjoint, share)], spread),
      adjoint: f.mul(f.make("depthwise_conv2d", [image, under], attrs), share),
    };
  });
  const total = (which: "image" | "adjoint") =>
    parts.map((part) => part[which]).reduce((a, b) => f.add(a, b));
  return [total("image"), total("adjoint")];
}

const one = constantDim(1);
