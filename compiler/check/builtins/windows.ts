/**
 * Windows that move over an image f32[N, H, W, K]: convolution and pooling.
 */
import { makeTensor } from "../tensors.ts";
import type { ErrorValue, Value } from "../values.ts";
import type { ConvolutionAttrs, Padding } from "../../ops/attrs.ts";
import {
  type Builtin,
  type BuiltinCall,
  type WindowName,
  isError,
  sidesArgument,
  tensorArgument,
  wrong,
} from "./builtin.ts";
import { errorValue } from "../values.ts";

export const windowBuiltins: { readonly [K in WindowName]: Builtin } = {
  convolve2d: {
    signature: 'convolve2d(image, filter, stride: 1, padding: "same")',
    doc: "Cross-correlation of f32[N, H, W, K] with a filter [height, width, K, F].",
    parameters: ["image", "filter", "stride?", "padding?"],
    kind: "whole",
    evaluate: (call) => convolve(call, "conv2d"),
  },
  convolve2d_depthwise: {
    signature: 'convolve2d_depthwise(image, filter, stride: 1, padding: "same")',
    doc: "Each channel of f32[N, H, W, K] with a filter of its own, [height, width, K].",
    parameters: ["image", "filter", "stride?", "padding?"],
    kind: "whole",
    evaluate: (call) => convolve(call, "depthwise_conv2d"),
  },
  pool_max: pooling("pool_max", "max_pool", "The largest element of each window."),
  pool_avg: pooling("pool_avg", "avg_pool", "The mean of each window, of the part inside the image."),
};

function convolve(call: BuiltinCall, op: "conv2d" | "depthwise_conv2d"): Value {
  const [image, filter] = [tensorArgument(call, "image", "f32"), tensorArgument(call, "filter", "f32")];
  const stride = sidesArgument(call, "stride", [1, 1]);
  const padding = paddingArgument(call);
  if (image.kind === "error") return image;
  if (filter.kind === "error") return filter;
  if (isError(stride) || isError(padding)) return errorValue;
  const attrs: ConvolutionAttrs = { stride, padding };
  return makeTensor(call.frame, op, [image, filter], attrs, call.span);
}

function pooling(name: WindowName, op: "max_pool" | "avg_pool", doc: string): Builtin {
  return {
    signature: `${name}(image, window: 2, stride: window, padding: "valid")`,
    doc,
    parameters: ["image", "window", "stride?", "padding?"],
    kind: "whole",
    evaluate: (call) => pool(call, op),
  };
}

function pool(call: BuiltinCall, op: "max_pool" | "avg_pool"): Value {
  const image = tensorArgument(call, "image", "f32");
  if (image.kind === "error") return image;
  const window = sidesArgument(call, "window", undefined);
  if (isError(window)) return window;
  const stride = sidesArgument(call, "stride", window);
  const padding = call.given.has("padding") ? paddingArgument(call) : "valid";
  if (isError(stride) || isError(padding)) return errorValue;
  return makeTensor(call.frame, op, [image], { window, stride, padding }, call.span);
}

function paddingArgument(call: BuiltinCall): Padding | ErrorValue {
  const value = call.given.get("padding")?.value;
  if (value === undefined) return "same";
  const text = value.kind === "string" ? value.value : undefined;
  if (text === "same" || text === "valid") return text;
  // An undecided string of a generic check.
  return value.kind === "string" && text === undefined
    ? errorValue
    : wrong(call, "padding", '"same" or "valid"');
}
