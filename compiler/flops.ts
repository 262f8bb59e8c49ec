/**
 * How many floating-point operations a graph takes, as an expression of its free dimensions: 2·M·N·K for a matrix
 * product or a convolution, one for each element that any other operation works out or looks at, none for what
 * only names or moves values. Taps of a convolution that fall into the padding count too, as is usual.
 */
import { type Dim, addDims, constantDim, multiplyDims, productOfDims } from "./ir/dim.ts";
import { inputOf } from "./ir/build.ts";
import { type Graph, type Node, isOp, nodesOfGraph } from "./ir/node.ts";
import type { OpName } from "./ops/attrs.ts";
import { elementsOf } from "./ops/types.ts";

export function flopsOfGraph(graph: Graph): Dim {
  return nodesOfGraph(graph).map(flopsOf).reduce(addDims, constantDim(0));
}

/** Of one primitive; its inputs are not counted in. */
export function flopsOf(node: Node): Dim {
  if (moving.has(node.op)) return constantDim(0);
  if (isOp(node, "matmul")) {
    const depth = inputOf(node, 0).type.shape[node.attrs.transposeA ? 0 : 1];
    return twice(multiplyDims(elementsOf(node.type), depth ?? constantDim(1)));
  }
  if (isOp(node, "conv2d")) return ofConvolution(node.type.shape, inputOf(node, 1).type.shape);
  if (isOp(node, "conv2d_input_gradient"))
    return ofConvolution(inputOf(node, 1).type.shape, inputOf(node, 0).type.shape);
  if (isOp(node, "conv2d_filter_gradient"))
    return ofConvolution(inputOf(node, 1).type.shape, node.type.shape);
  if (isOp(node, "max_pool") || isOp(node, "avg_pool"))
    return multiplyDims(elementsOf(node.type), constantDim(node.attrs.window[0] * node.attrs.window[1]));
  if (readers.has(node.op)) return elementsOf(inputOf(node, 0).type);
  return elementsOf(node.type);
}

/** Result [N, rows, columns, F] and filter [height, width, K, F]. */
function ofConvolution(result: readonly Dim[], filter: readonly Dim[]): Dim {
  return twice(productOfDims([...result, ...filter.slice(0, 3)]));
}

function twice(dim: Dim): Dim {
  return multiplyDims(constantDim(2), dim);
}

/** Named, made without arithmetic, or put elsewhere. */
const moving: ReadonlySet<OpName> = new Set<OpName>([
  ...(["input", "parameter", "state", "constant", "literal", "size", "iota"] as const),
  ...(["reshape", "transpose", "broadcast", "slice", "pad", "concat"] as const),
  ...(["gather", "pick", "take_along", "cast"] as const),
]);

/** One operation for each element that is read rather than made. */
const readers: ReadonlySet<OpName> = new Set<OpName>(["sum", "max", "logsumexp", "argmax"]);
