/**
 * How much arithmetic a graph asks for, as an expression of its free dimensions: 2·M·N·K for a product of
 * matrices, twice the elements of the filter at each output for a convolution, one for each element that an
 * element-wise operation makes or a reduction reads. Moving numbers about counts nothing. It is what the
 * formulas say before any pass saves work, so two people count the same (taps of a convolution that fall into the
 * padding count too, as is usual); a kernel may need less.
 */
import { type Dim, addDims, constantDim, multiplyDims, productOfDims } from "./ir/dim.ts";
import { inputOf } from "./ir/build.ts";
import { type Graph, type Node, nodesOfGraph } from "./ir/node.ts";
import type { OpName } from "./ops/attrs.ts";
import { elementsOf } from "./ops/types.ts";
import { decomposeGraph } from "./passes/decompose.ts";
import { differentiateGraph } from "./passes/gradient.ts";
import type { Program, ProgramFunction } from "./program.ts";

/** Of one call of a function, its gradients written out where it has any. */
export function flopsOfFunction({ builder }: Program, { graph }: ProgramFunction): Dim {
  const plain = decomposeGraph(graph, builder);
  return flopsOfGraph(differentiateGraph(plain, builder));
}

/** Of a graph of primitives. What a composite operation costs is known once it is decomposed: here it counts nothing. */
export function flopsOfGraph(graph: Graph): Dim {
  return nodesOfGraph(graph)
    .map((node) => flopsOf(node))
    .reduce(addDims, constantDim(0));
}

/** Numbers that a program learns. */
export function parameterCount({ variables }: Pick<Program, "variables">): Dim {
  return variables
    .filter(({ kind }) => kind === "parameter")
    .map(({ type }) => elementsOf(type))
    .reduce(addDims, constantDim(0));
}

/** Of one primitive; its inputs are not counted in. */
export function flopsOf<K extends OpName>(node: Node<K>): Dim {
  return costs[node.op](node);
}

const free = (): Dim => constantDim(0);
const eachMade = (node: Node): Dim => elementsOf(node.type);
const eachRead = (node: Node): Dim => elementsOf(inputOf(node, 0).type);
const eachAdded = (node: Node): Dim => elementsOf(inputOf(node, 1).type);

function ofProduct(node: Node<"matmul">): Dim {
  const inner = inputOf(node, 0).type.shape[node.attrs.transposeA ? 0 : 1];
  return productOfDims([constantDim(2), eachMade(node), inner ?? constantDim(1)]);
}

// A filter is [height, width, in, out]: each output sums over all but the last, and the gradients mirror that.

function ofConvolution(node: Node): Dim {
  return productOfDims([constantDim(2), eachMade(node), ...inputOf(node, 1).type.shape.slice(0, 3)]);
}

function ofInputGradient(node: Node): Dim {
  return productOfDims([constantDim(2), eachAdded(node), ...inputOf(node, 0).type.shape.slice(0, 3)]);
}

function ofFilterGradient(node: Node): Dim {
  return productOfDims([constantDim(2), eachAdded(node), ...node.type.shape.slice(0, 3)]);
}

type Pooling = "max_pool" | "avg_pool" | "max_pool_gradient" | "avg_pool_gradient";

function ofPooling(node: Node<Pooling>): Dim {
  const [height, width] = node.attrs.window;
  return multiplyDims(eachMade(node), constantDim(height * width));
}

/** A gradient visits the window of each element of its adjoint, the input of that number. */
function ofWindows(node: Node<Pooling>, adjoint: number): Dim {
  const [height, width] = node.attrs.window;
  return multiplyDims(elementsOf(inputOf(node, adjoint).type), constantDim(height * width));
}

/** A multiply-add for each element of a filter at each element of the result. */
function ofDepthwise(node: Node, results: Dim, filter: number): Dim {
  return productOfDims([constantDim(2), results, ...inputOf(node, filter).type.shape.slice(0, 2)]);
}

const costs: { readonly [K in OpName]: (node: Node<K>) => Dim } = {
  input: free,
  parameter: free,
  state: free,
  constant: free,
  literal: free,
  size: free,
  iota: free,
  random: eachMade,
  neg: eachMade,
  abs: eachMade,
  sign: eachMade,
  exp: eachMade,
  log: eachMade,
  sqrt: eachMade,
  floor: eachMade,
  round: eachMade,
  sin: eachMade,
  cos: eachMade,
  acos: eachMade,
  tanh: eachMade,
  erf: eachMade,
  not: eachMade,
  cast: free,
  half: free,
  add: eachMade,
  sub: eachMade,
  mul: eachMade,
  div: eachMade,
  pow: eachMade,
  minimum: eachMade,
  maximum: eachMade,
  less: eachMade,
  less_equal: eachMade,
  equal: eachMade,
  and: eachMade,
  or: eachMade,
  select: eachMade,
  sum: eachRead,
  max: eachRead,
  logsumexp: eachRead,
  argmax: eachRead,
  reshape: free,
  transpose: free,
  broadcast: free,
  slice: free,
  pad: free,
  concat: free,
  alias: free,
  gather: free,
  scatter_add: eachAdded,
  pick: free,
  take_along: free,
  scatter_along: eachAdded,
  argsort: free,
  cumsum: eachRead,
  matmul: ofProduct,
  conv2d: ofConvolution,
  conv2d_input_gradient: ofInputGradient,
  conv2d_filter_gradient: ofFilterGradient,
  depthwise_conv2d: (node) => ofDepthwise(node, eachMade(node), 1),
  depthwise_conv2d_filter_gradient: (node) =>
    productOfDims([constantDim(2), elementsOf(inputOf(node, 1).type), ...node.attrs.window.map(constantDim)]),
  depthwise_conv2d_input_gradient: (node) => ofDepthwise(node, elementsOf(inputOf(node, 1).type), 0),
  max_pool: ofPooling,
  max_pool_gradient: (node) => ofWindows(node, 2),
  avg_pool: ofPooling,
  avg_pool_gradient: (node) => ofWindows(node, 0),
  mean: free,
  softmax: free,
  norm: free,
  normalize: free,
  clamp: free,
  sigmoid: free,
  softplus: free,
  logaddexp: free,
  parity: free,
  integer_power: free,
  detach: free,
  straight_through: free,
  gradient: free,
};
