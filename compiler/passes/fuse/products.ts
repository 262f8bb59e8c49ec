/**
 * What a kernel with a matrix product or a convolution may hold beside it: element-wise operations on values of the
 * product's shape, and reductions of those along its rows or along its columns, which a tile can begin and a small
 * kernel finishes, with their epilogue.
 */
import { knownSize } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import type { OpName } from "../../ops/attrs.ts";
import { isElementwise } from "../fuse.ts";
import { isInOrder, partsOfFold } from "./epilogues.ts";

/** Results of one kernel's tiles: the kernel that puts them together writes each to a buffer of its own. */
export const mostReductions = 6;

export type ProductNode = Node<"matmul" | "conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient">;

/** The gradients of a convolution are products as well: each element of the result is one sum. */
export function isProduct(node: Node): node is ProductNode {
  return (
    isOp(node, "matmul") ||
    isOp(node, "conv2d") ||
    isOp(node, "conv2d_input_gradient") ||
    isOp(node, "conv2d_filter_gradient")
  );
}

export function productIn(nodes: readonly Node[]): ProductNode | undefined {
  return nodes.find(isProduct);
}

/** All axes but the last are the rows of a product, the last its columns. */
export type FoldedAxis = "rows" | "columns";

export type TileReduction = Node<"sum" | "max" | "logsumexp" | "argmax">;

export function isTileReduction(node: Node): node is TileReduction {
  return isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp") || isOp(node, "argmax");
}

/** What a reduction of a value of the product's shape leaves out; undefined where it mixes rows and columns. */
export function foldedAxis(node: TileReduction): FoldedAxis | undefined {
  const rank = node.inputs[0]?.type.shape.length ?? 0;
  const axes = isOp(node, "argmax") ? [node.attrs.axis] : (node as Node<"sum">).attrs.axes;
  if (axes.length === 1 && axes[0] === rank - 1) return "columns";
  return axes.length === rank - 1 && !axes.includes(rank - 1) ? "rows" : undefined;
}

/** Whether a kernel that has a product takes the node. */
export function mayFollow(kernel: readonly Node[], node: Node): boolean {
  return (
    productIn(kernel) !== undefined &&
    (isElementwise(node) || isTileReduction(node)) &&
    isOfTile([...kernel, node])
  );
}

/**
 * Whether what follows a product has its shape, reduces it, or is the epilogue of that, all reductions along the same axis,
 * and none is read where it is not complete.
 */
export function isOfTile(nodes: readonly Node[]): boolean {
  const product = productIn(nodes);
  if (product === undefined) return true;
  const parts = partsOfFold(nodes);
  const inTile = new Set(parts.elements);
  const shape = shapeKey(product.type.shape);
  const { reductions } = parts;
  const [axis] = reductions.map(foldedAxis);
  const isInTile = (node: Node | undefined): boolean =>
    node !== undefined && inTile.has(node) && shapeKey(node.type.shape) === shape;
  return (
    reductions.length <= mostReductions &&
    reductions.every(
      (each) =>
        axis !== undefined &&
        foldedAxis(each) === axis &&
        isInTile(each.inputs[0]) &&
        each.inputs[0]?.type.dtype === "f32",
    ) &&
    isInOrder(parts) &&
    behind(parts.elements, product).every(
      (node) => isElementwise(node) && shapeKey(node.type.shape) === shape,
    )
  );
}

/** Nodes that are made from the product. */
function behind(nodes: readonly Node[], product: Node): readonly Node[] {
  const found = new Set<Node>([product]);
  for (const node of [...nodes].sort((a, b) => a.id - b.id))
    if (node.inputs.some((input) => found.has(input))) found.add(node);
  return [...found].filter((node) => node !== product);
}

const cheapOps: ReadonlySet<OpName> = new Set<OpName>([
  ...(["neg", "abs", "cast", "add", "sub", "mul", "minimum", "maximum"] as const),
  ...(["less", "less_equal", "equal", "and", "or", "not", "select"] as const),
]);

/** Whether the nodes cost so little that each element of a tile may work them out anew. */
export function areCheap(nodes: readonly Node[]): boolean {
  return nodes.length <= 2 && nodes.every(({ op }) => cheapOps.has(op));
}

/** By how many tiles of 64 an operand's element is read; infinitely many where that is not known. */
export function rereads(product: Node, operand: number): number {
  if (!isOp(product, "matmul")) return Infinity;
  const size = knownSize(product.type.shape[1 - operand] ?? { key: "", terms: [] });
  return size === undefined ? Infinity : Math.ceil(size / 64);
}
