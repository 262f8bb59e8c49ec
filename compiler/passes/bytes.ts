/**
 * Bytes of values, as expressions of the free dimensions, and what an operation's kernel allocates beside its
 * result while it runs. Both the chunk size and the plan count with these.
 */
import { type Dim, constantDim, multiplyDims } from "../ir/dim.ts";
import { type Node, isOp } from "../ir/node.ts";
import type { TensorType } from "../ir/type.ts";
import type { OpName } from "../ops/attrs.ts";
import { elementsOf } from "../ops/types.ts";
import { type KernelGroup, type KernelLimits, isLeaf } from "./fuse.ts";
import { isTileReduction, productIn } from "./fuse/products.ts";

/** tfjs keeps a boolean in one byte, everything else in four. */
export function bytesOf(type: TensorType): Dim {
  return multiplyDims(elementsOf(type), constantDim(type.dtype === "bool" ? 1 : 4));
}

/** The same of a node's value: what `narrow` rounded takes two bytes. */
export function bytesOfValue(node: Node): Dim {
  return isOp(node, "half") ? multiplyDims(elementsOf(node.type), constantDim(2)) : bytesOf(node.type);
}

/** Copies of its operands that one operation makes inside, on the tfjs target. */
const scratch: { readonly [K in OpName]?: number } = {
  logsumexp: 2,
  scatter_add: 1,
  conv2d_filter_gradient: 2,
  conv2d_input_gradient: 2,
  sum: 1,
};

/**
 * What a kernel allocates beside its results. An element-wise chain keeps its inner values in registers; the
 * chain before a reduction gives what the reduction reads.
 */
export function insideKernel(
  { kind, nodes, writes }: KernelGroup,
  limits: KernelLimits | undefined,
): readonly Dim[] {
  if (kind === "elementwise" || kind === "optimizer") return [];
  if (limits?.products === "chains") return tileBytes(nodes);
  const last = nodes.at(-1);
  const inner = nodes.filter(
    (node) => !writes.includes(node) && (kind !== "reduction" || last?.inputs.includes(node) === true),
  );
  return [...inner.map(bytesOfValue), ...nodes.flatMap(scratchOf)];
}

/**
 * Where products take chains, inner values are never stored, but the states of tiles are: at most twelve numbers for
 * each line of 64 elements of a tile, of which one byte an element is more than enough.
 */
function tileBytes(nodes: readonly Node[]): readonly Dim[] {
  const product = productIn(nodes);
  return product !== undefined && nodes.some(isTileReduction) ? [elementsOf(product.type)] : [];
}

function scratchOf(node: Node): readonly Dim[] {
  if (isLeaf(node)) return [];
  const factor = scratch[node.op] ?? 0;
  const flipped = isOp(node, "matmul") ? flippedOperands(node) : [];
  return [
    ...node.inputs.flatMap((input) => Array.from({ length: factor }, () => bytesOf(input.type))),
    ...flipped,
  ];
}

/** A transposed operand is copied before a product. */
function flippedOperands(node: Node<"matmul">): readonly Dim[] {
  const [a, b] = node.inputs;
  return [
    ...(node.attrs.transposeA && a !== undefined ? [bytesOf(a.type)] : []),
    ...(node.attrs.transposeB && b !== undefined ? [bytesOf(b.type)] : []),
  ];
}
