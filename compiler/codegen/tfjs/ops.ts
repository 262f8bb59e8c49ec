/**
 * One line a primitive: the JavaScript expression that computes it with tfjs. In scope of an expression
 * are `tf` (tfjs-core, for what the wasm backend does well) and `k` (runtime/tfjs/kernels.ts, for what it
 * lacks or does slowly). An expression reads its operands and gives one new tensor that the caller
 * disposes, constants included. Which statement comes when is the business of module.ts.
 */
import type { Dim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import type { DType, TensorType } from "../../ir/type.ts";
import type { AttrsOf, ConvolutionAttrs, PoolAttrs, PrimitiveName, ReduceAttrs } from "../../ops/attrs.ts";

export type LeafName = "input" | "parameter" | "state";
export type ComputedName = Exclude<PrimitiveName, LeafName>;

export interface EmissionContext {
  /** The JavaScript expression of a size. */
  readonly dim: (dim: Dim) => string;
}

type Emission<K extends ComputedName> = (
  operands: readonly string[],
  attrs: AttrsOf<K>,
  context: EmissionContext,
  types: { readonly result: TensorType; readonly inputs: readonly TensorType[] },
) => string;

/** The expression for a node whose operands are the variables named. Throws for a leaf or a composite. */
export function emitOp(node: Node, operands: readonly string[], context: EmissionContext): string {
  if (!(node.op in emissions)) throw new Error(`${node.op} is no operation of the tfjs target`);
  const emission = emissions[node.op as ComputedName] as Emission<ComputedName>;
  const types = { result: node.type, inputs: node.inputs.map((input) => input.type) };
  return emission(operands, node.attrs as AttrsOf<ComputedName>, context, types);
}

export const emissions: { readonly [K in ComputedName]: Emission<K> } = {
  constant: (_, { value, dtype }) => `k.scalar(${number(value)}, ${dataType(dtype)})`,
  literal: (_, { values, dtype }) => `k.list([${values.map(number).join(", ")}], ${dataType(dtype)})`,
  size: (_, { dim }, context) => `k.size(${context.dim(dim)})`,
  iota: (_, { size }, context) => `k.range(${context.dim(size)})`,
  random: ([seed, step], { site, distribution, shape }, context) =>
    `k.random("${distribution}", ${site}, ${sizes(shape, context)}, ${seed}, ${step})`,

  neg: unary("neg", "tf.neg"),
  abs: unary("abs", "tf.abs"),
  sign: unary("sign"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: ([x]) => `tf.sqrt(${x})`,
  floor: ([x]) => `tf.floor(${x})`,
  round: unary("round"),
  sin: unary("sin"),
  cos: unary("cos"),
  acos: unary("acos"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  half: unary("half"),
  not: unary("not"),
  cast: ([x], { dtype }) => `k.cast(${x}, ${dataType(dtype)})`,

  add: binary("add", "tf.add"),
  sub: binary("sub", "tf.sub"),
  mul: binary("mul", "tf.mul"),
  div: ([a, b]) => `tf.div(${a}, ${b})`,
  pow: binary("pow"),
  minimum: binary("minimum"),
  maximum: binary("maximum"),
  less: binary("less"),
  less_equal: binary("less_equal"),
  equal: binary("equal"),
  and: binary("and"),
  or: binary("or"),
  select: (operands) => `k.select(${operands.join(", ")})`,

  sum: reduction("sum"),
  max: reduction("max"),
  logsumexp: reduction("logSumExp"),
  argmax: ([x], { axis }) => `k.argMax(${x}, ${axis})`,

  reshape: ([x], { shape }, context) => `tf.reshape(${x}, ${sizes(shape, context)})`,
  transpose: ([x], { permutation }) => `k.transpose(${x}, [${permutation.join(", ")}])`,
  broadcast: ([x], { shape }, context) => `k.broadcast(${x}, ${sizes(shape, context)})`,
  slice: ([x], attrs, context) =>
    `k.slice(${x}, ${sizes(attrs.starts, context)}, ${sizes(attrs.sizes, context)})`,
  pad: ([x], { before, after }, context) =>
    `k.pad(${x}, ${sizes(before, context)}, ${sizes(after, context)})`,
  concat: (parts, { axis }) => `k.concat([${parts.join(", ")}], ${axis})`,
  alias: ([x]) => `tf.reshape(${x}, ${x}.shape)`,

  gather: ([x, index]) => `k.gather(${x}, ${index})`,
  scatter_add: ([index, updates], { size }, context) =>
    `k.scatterAdd(${index}, ${updates}, ${context.dim(size)})`,
  pick: ([x, index]) => `k.pick(${x}, ${index})`,
  take_along: ([x, index], { axis }) => `k.takeAlong(${x}, ${index}, ${axis})`,
  scatter_along: ([index, updates], { axis, size }, context) =>
    `k.scatterAlong(${index}, ${updates}, ${axis}, ${context.dim(size)})`,
  argsort: ([x], { axis, descending }) =>
    `k.argSort(${x}, ${axis}, "${descending ? "descending" : "ascending"}")`,
  cumsum: ([x], { axis, reverse }) => `k.cumulativeSum(${x}, ${axis}, "${reverse ? "reverse" : "forward"}")`,

  matmul: ([a, b], { transposeA, transposeB }) => {
    const form = transposeA ? (transposeB ? "TransposeBoth" : "TransposeA") : transposeB ? "TransposeB" : "";
    return `k.matMul${form}(${a}, ${b})`;
  },
  conv2d: ([image, filter], attrs) => `k.conv2d(${image}, ${filter}, ${convolution(attrs)})`,
  conv2d_input_gradient: ([filter, adjoint], attrs, context) =>
    `k.conv2dInputGradient(${filter}, ${adjoint}, ${sizes(attrs.shape, context)}, ${convolution(attrs)})`,
  conv2d_filter_gradient: ([image, adjoint], attrs, context) =>
    `k.conv2dFilterGradient(${image}, ${adjoint}, ${sizes(attrs.shape, context)}, ${convolution(attrs)})`,
  depthwise_conv2d: ([image, filter], attrs) =>
    `k.depthwiseConv2d(${image}, ${filter}, ${convolution(attrs)})`,
  depthwise_conv2d_input_gradient: ([filter, adjoint], attrs, context) =>
    `k.depthwiseConv2dInputGradient(${filter}, ${adjoint}, ${sizes(attrs.shape, context)}, ${convolution(attrs)})`,
  depthwise_conv2d_filter_gradient: ([image, adjoint], attrs) =>
    `k.depthwiseConv2dFilterGradient(${image}, ${adjoint}, ${pool(attrs)})`,
  max_pool: ([image], attrs) => `k.maxPool(${image}, ${pool(attrs)})`,
  max_pool_gradient: (operands, attrs) => `k.maxPoolGradient(${operands.join(", ")}, ${pool(attrs)})`,
  avg_pool: ([image], attrs) => `k.avgPool(${image}, ${pool(attrs)})`,
  avg_pool_gradient: ([adjoint], attrs, context) =>
    `k.avgPoolGradient(${adjoint}, ${sizes(attrs.shape, context)}, ${pool(attrs)})`,
};

/** tfjs's kernel for floats where it has a fast one; our own for the rest. */
function unary(name: string, float?: string) {
  return (
    [x]: readonly string[],
    _: object,
    __: EmissionContext,
    { result }: { result: TensorType },
  ): string =>
    float !== undefined && result.dtype === "f32" ? `${float}(${x})` : `k.unary("${name}", ${x})`;
}

function binary(name: string, float?: string) {
  return (
    [a, b]: readonly string[],
    _: object,
    __: EmissionContext,
    { result }: { result: TensorType },
  ): string =>
    float !== undefined && result.dtype === "f32"
      ? `${float}(${a}, ${b})`
      : `k.binary("${name}", ${a}, ${b})`;
}

function reduction(name: string) {
  return ([x]: readonly string[], { axes, keepDims }: ReduceAttrs): string =>
    `k.${name}${keepDims ? "Kept" : ""}(${x}, [${axes.join(", ")}])`;
}

export function convolution({ stride, padding }: ConvolutionAttrs): string {
  return `{ stride: [${stride.join(", ")}], padding: "${padding}" }`;
}

function pool({ window, stride, padding }: PoolAttrs): string {
  return `{ window: [${window.join(", ")}], stride: [${stride.join(", ")}], padding: "${padding}" }`;
}

function sizes(shape: readonly Dim[], context: EmissionContext): string {
  return `[${shape.map(context.dim).join(", ")}]`;
}

/** A number as JavaScript text; String alone would lose the sign of zero. */
function number(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function dataType(dtype: DType): string {
  return { f32: '"float32"', i32: '"int32"', bool: '"bool"' }[dtype];
}
