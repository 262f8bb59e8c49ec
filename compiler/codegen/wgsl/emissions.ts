/**
 * How each primitive is computed on WebGPU: one line each, total by its type. `stored` values are bound;
 * a `view` is worked out by whoever reads it; an `element` has a formula for one element of its result, and so can
 * be part of any kernel; a `kernel` has workgroups of its own.
 */
import type { Node } from "../../ir/node.ts";
import type { PrimitiveName } from "../../ops/attrs.ts";
import { depthwiseFilterGradientValue, depthwiseInputGradientValue, depthwiseValue } from "./depthwise.ts";
import { avgPoolGradientValue, maxPoolGradientValue, poolValue } from "./pooling.ts";
import {
  gatherValue,
  padValue,
  pickValue,
  scatterAddValue,
  scatterAlongValue,
  takeAlongValue,
} from "./indexing.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeAt, placeOf, stretchedPlace, turnedPlace } from "./place.ts";
import { type ScalarName, castValue, literalValue, scalars } from "./scalars.ts";
import { type Context, valueAt } from "./scope.ts";
import { plus } from "./sizes.ts";

type Formula<K extends PrimitiveName> = (node: Node<K>, place: Place, context: Context) => Value;

export type Emission<K extends PrimitiveName> =
  | { readonly kind: "stored" }
  | { readonly kind: "view" | "element"; readonly value: Formula<K> }
  | { readonly kind: "kernel" };

const stored: Emission<never> = { kind: "stored" };
const kernel: Emission<never> = { kind: "kernel" };

export const emissions: { readonly [K in PrimitiveName]: Emission<K> } = {
  input: stored,
  parameter: stored,
  state: stored,
  constant: view(({ attrs }) => literalValue(attrs.value, attrs.dtype)),
  literal: view(({ attrs }, place, { writer, scope }) =>
    writer.load(scope.constantBuffer(attrs.values, attrs.dtype), attrs.dtype, place.flat()),
  ),
  size: view(({ attrs }, _, { writer }) => ({ text: writer.numberOf(attrs.dim), type: "f32" })),
  iota: view((_, place) => ({ text: `i32(${place.flat()})`, type: "i32" })),
  random: element(({ attrs, inputs }, place, context) => {
    const [seed, step] = inputs.map((input) => valueAt(context, input, placeOf(context.writer, [], [])).text);
    const helper = attrs.distribution === "uniform" ? "uniform_number" : "normal_number";
    return context.writer.call(helper, "f32", seed ?? "0", step ?? "0", `i32(${attrs.site})`, place.flat());
  }),

  neg: scalar("neg"),
  abs: scalar("abs"),
  sign: scalar("sign"),
  exp: scalar("exp"),
  log: scalar("log"),
  sqrt: scalar("sqrt"),
  floor: scalar("floor"),
  round: scalar("round"),
  sin: scalar("sin"),
  cos: scalar("cos"),
  acos: scalar("acos"),
  tanh: scalar("tanh"),
  erf: scalar("erf"),
  half: scalar("half"),
  not: scalar("not"),
  cast: element((node, place, context) => castValue(operandAt(node, 0, place, context), node.attrs.dtype)),
  add: scalar("add"),
  sub: scalar("sub"),
  mul: scalar("mul"),
  div: scalar("div"),
  pow: scalar("pow"),
  minimum: scalar("minimum"),
  maximum: scalar("maximum"),
  less: scalar("less"),
  less_equal: scalar("less_equal"),
  equal: scalar("equal"),
  and: scalar("and"),
  or: scalar("or"),
  select: scalar("select"),

  sum: kernel,
  max: kernel,
  logsumexp: kernel,
  argmax: kernel,

  reshape: view((node, place, context) => {
    const x = operand(node, 0);
    return valueAt(context, x, placeAt(context.writer, x.type.shape, place.flat()));
  }),
  transpose: view((node, place, context) =>
    valueAt(context, operand(node, 0), turnedPlace(context.writer, node, place)),
  ),
  broadcast: view((node, place, context) => operandAt(node, 0, place, context)),
  slice: view((node, place, context) => {
    const x = operand(node, 0);
    const starts = node.attrs.starts.map((start) => context.writer.size(start));
    const coordinates = place.coordinates().map((position, axis) => plus(starts[axis] ?? "0u", position));
    return valueAt(context, x, placeOf(context.writer, x.type.shape, coordinates));
  }),
  pad: element(padValue),
  concat: kernel,
  alias: view((node, place, context) => operandAt(node, 0, place, context)),

  gather: element(gatherValue),
  scatter_add: element(scatterAddValue),
  pick: element(pickValue),
  take_along: element(takeAlongValue),
  scatter_along: element(scatterAlongValue),
  argsort: kernel,
  cumsum: kernel,

  matmul: kernel,
  conv2d: kernel,
  conv2d_input_gradient: kernel,
  conv2d_filter_gradient: kernel,
  depthwise_conv2d: element(depthwiseValue),
  depthwise_conv2d_input_gradient: element(depthwiseInputGradientValue),
  depthwise_conv2d_filter_gradient: element(depthwiseFilterGradientValue),
  max_pool: element((node, place, context) => poolValue(node, place, context, "max")),
  max_pool_gradient: element(maxPoolGradientValue),
  avg_pool: element((node, place, context) => poolValue(node, place, context, "mean")),
  avg_pool_gradient: element(avgPoolGradientValue),
};

function view<K extends PrimitiveName>(value: Formula<K>): Emission<K> {
  return { kind: "view", value };
}

function element<K extends PrimitiveName>(value: Formula<K>): Emission<K> {
  return { kind: "element", value };
}

function scalar<K extends ScalarName>(op: K): Emission<K> {
  return element<K>((node, place, context) => {
    const operands = node.inputs.map((_, index) => operandAt(node, index, place, context).text);
    return { text: scalars[op](operands, context.writer), type: node.type.dtype };
  });
}

/** The value of an operand that broadcasts to the node's shape. */
function operandAt(node: Node, index: number, place: Place, context: Context): Value {
  const x = operand(node, index);
  return valueAt(context, x, stretchedPlace(context.writer, place, x.type.shape));
}

export function operand(node: Node, index: number): Node {
  const input = node.inputs[index];
  if (input === undefined) throw new Error(`${node.op} has no input ${index}`);
  return input;
}
