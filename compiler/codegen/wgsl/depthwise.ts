/** Depthwise convolution and its gradients, as formulas of one result element: windows over one channel, as pooling has them. */
import { constantDim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { operand } from "./emissions.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeOf } from "./place.ts";
import { four, overWindows, tapPosition } from "./pooling.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Side, dimAt, sidesOf } from "./windows.ts";

/** Each channel with its own filter. */
export function depthwiseValue(node: Node<"depthwise_conv2d">, place: Place, context: Context): Value {
  const { writer } = context;
  const [image, filter] = [operand(node, 0), operand(node, 1)];
  const [tall, wide] = depthwiseSides(node, image, node, filter, context);
  const [n, row, column, channel] = four(place);
  const total = writer.fresh("sum");
  writer.push({ kind: "variable", name: total, type: "f32", value: "0.0" });
  writer.loop("ky", "0u", tall.window, "1u", (ky) => {
    const y = tapPosition(context, row, ky, tall);
    writer.when(`${y} < ${tall.size}`, () => {
      writer.loop("kx", "0u", wide.window, "1u", (kx) => {
        const x = tapPosition(context, column, kx, wide);
        writer.when(`${x} < ${wide.size}`, () => {
          const value = valueAt(context, image, placeOf(writer, image.type.shape, [n, y, x, channel])).text;
          const weight = valueAt(context, filter, placeOf(writer, filter.type.shape, [ky, kx, channel])).text;
          writer.push({ kind: "assign", target: total, value: `${total} + ${value} * ${weight}` });
        });
      });
    });
  });
  return { text: total, type: "f32" };
}

export function depthwiseInputGradientValue(
  node: Node<"depthwise_conv2d_input_gradient">,
  place: Place,
  context: Context,
): Value {
  const { writer } = context;
  const [filter, adjoint] = [operand(node, 0), operand(node, 1)];
  const sides = depthwiseSides(node, node, adjoint, filter, context);
  const [n, , , channel] = four(place);
  return overWindows(place, context, sides, ({ oy, ox, ky, kx }, add) => {
    const weight = valueAt(context, filter, placeOf(writer, filter.type.shape, [ky, kx, channel])).text;
    const value = valueAt(context, adjoint, placeOf(writer, adjoint.type.shape, [n, oy, ox, channel])).text;
    add(`${value} * ${weight}`);
  });
}

/** By one image: the sum over the pixels of its result. */
export function depthwiseFilterGradientValue(
  node: Node<"depthwise_conv2d_filter_gradient">,
  place: Place,
  context: Context,
): Value {
  const { writer } = context;
  const [image, adjoint] = [operand(node, 0), operand(node, 1)];
  const window = node.attrs.window.map(constantDim);
  const [height = constantDim(1), width = constantDim(1)] = window;
  const [tall, wide] = sidesOf(writer, image.type, adjoint.type, [height, width], node.attrs);
  const [n, ky, kx, channel] = four(place);
  const total = writer.fresh("sum");
  writer.push({ kind: "variable", name: total, type: "f32", value: "0.0" });
  writer.loop("oy", "0u", tall.results, "1u", (oy) => {
    const y = tapPosition(context, oy, ky, tall);
    writer.when(`${y} < ${tall.size}`, () => {
      writer.loop("ox", "0u", wide.results, "1u", (ox) => {
        const x = tapPosition(context, ox, kx, wide);
        writer.when(`${x} < ${wide.size}`, () => {
          const value = valueAt(context, image, placeOf(writer, image.type.shape, [n, y, x, channel])).text;
          const from = valueAt(
            context,
            adjoint,
            placeOf(writer, adjoint.type.shape, [n, oy, ox, channel]),
          ).text;
          writer.push({ kind: "assign", target: total, value: `${total} + ${value} * ${from}` });
        });
      });
    });
  });
  return { text: total, type: "f32" };
}

function depthwiseSides(
  { attrs }: Node<"depthwise_conv2d" | "depthwise_conv2d_input_gradient">,
  image: Node,
  result: Node,
  filter: Node,
  { writer }: Context,
): readonly [Side, Side] {
  return sidesOf(writer, image.type, result.type, [dimAt(filter.type, 0), dimAt(filter.type, 1)], attrs);
}
