/**
 * Which axes are one and the same: axes of different nodes are joined where an operation carries positions of one
 * to positions of the other (element-wise, through a product, past a reduction). An axis then has a
 * family, and the class axis of a loss is the family of one axis of its logits. Only the graph's structure
 * counts: two axes that happen to have the same size are not joined.
 */
import { type Dim, constantDim, isSize, multiplyDims, sameDim } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { isElementwise } from "../fuse.ts";
import { type Place, noFamilies } from "./families.ts";

export interface Axes {
  /** The same number for axes of one family. */
  readonly family: (node: Node, axis: number) => number;
  /** The axes of a node that belong to a family. */
  readonly within: (node: Node, family: number) => readonly number[];
}

export function axesOf(nodes: readonly Node[]): Axes {
  const families = noFamilies();
  for (const node of nodes) for (const { from, to } of linksOf(node)) families.join(from, to);
  const family = (node: Node, axis: number): number => families.of({ node, axis });
  return {
    family,
    within: (node, wanted) =>
      node.type.shape.flatMap((_, axis) => (family(node, axis) === wanted ? [axis] : [])),
  };
}

/** An operation carries positions of one place to those of another: of its input, to itself or to another input. */
export interface Link {
  readonly user: Node;
  /** The input that is on the way. */
  readonly index: number;
  readonly from: Place;
  readonly to: Place;
}

export function linksOf(user: Node): readonly Link[] {
  return user.inputs
    .flatMap((input, index) =>
      carriedAxes(user, index).map(([from, to]): Link => ({
        user,
        index,
        from: { node: input, axis: from },
        to: { node: user, axis: to },
      })),
    )
    .concat(contracted(user));
}

/** For one input: its axes that go on, each with the node's axis that it becomes. */
export function carriedAxes(node: Node, index: number): readonly (readonly [number, number])[] {
  const input = node.inputs[index];
  if (input === undefined) return [];
  if (isElementwise(node) || isOp(node, "broadcast")) return alignedAxes(input, node);
  if (isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp"))
    return keptAxes(input, node.attrs.axes, node.attrs.keepDims);
  if (isOp(node, "argmax")) return keptAxes(input, [node.attrs.axis], false);
  if (isOp(node, "transpose")) return node.attrs.permutation.map((from, to) => [from, to]);
  if (isOp(node, "reshape"))
    return blocksOf(input, node).flatMap((block) => carriedMajor(input, node, block));
  if (isOp(node, "matmul")) return [freeAxis(node, index)];
  if (isOp(node, "scatter_add")) {
    const lead = node.inputs[0]?.type.shape.length ?? 0;
    return index === 0
      ? []
      : input.type.shape.flatMap((_, axis) => (axis < lead ? [] : [[axis, axis - lead + 1] as const]));
  }
  if (isOp(node, "gather")) {
    const lead = node.inputs[1]?.type.shape.length ?? 0;
    return index === 1
      ? input.type.shape.map((_, axis) => [axis, axis])
      : input.type.shape.flatMap((_, axis) => (axis === 0 ? [] : [[axis, axis + lead - 1] as const]));
  }
  if (isOp(node, "pick")) return node.type.shape.map((_, axis) => [axis, axis]);
  return [];
}

/** [axis of the operand, axis of the result] that a product leaves free. */
function freeAxis(node: Node<"matmul">, index: number): readonly [number, number] {
  return index === 0 ? [node.attrs.transposeA ? 1 : 0, 0] : [node.attrs.transposeB ? 0 : 1, 1];
}

/** The axis that a product sums over, of one operand. */
export function innerAxis(node: Node<"matmul">, index: number): number {
  return 1 - freeAxis(node, index)[0];
}

/** What two inputs have in common: the axis that is summed over, or the rows that are looked up one by one. */
function contracted(user: Node): readonly Link[] {
  const [a, b] = user.inputs;
  if (a === undefined || b === undefined) return [];
  const link = (axisOfA: number, axisOfB: number): Link => ({
    user,
    index: 1,
    from: { node: b, axis: axisOfB },
    to: { node: a, axis: axisOfA },
  });
  if (isOp(user, "matmul")) return [link(innerAxis(user, 0), innerAxis(user, 1))];
  if (isOp(user, "scatter_add")) return a.type.shape.map((_, axis) => link(axis, axis));
  if (isOp(user, "pick")) return b.type.shape.map((_, axis) => link(axis, axis));
  return [];
}

/** By NumPy's rule; an axis that is stretched is not carried. */
function alignedAxes(input: Node, node: Node): readonly (readonly [number, number])[] {
  const offset = node.type.shape.length - input.type.shape.length;
  return input.type.shape.flatMap((dim, axis) => {
    const own = node.type.shape[axis + offset];
    return own !== undefined && sameDim(own, dim) && !isSize(dim, 1) ? [[axis, axis + offset] as const] : [];
  });
}

function keptAxes(
  input: Node,
  reduced: readonly number[],
  keepDims: boolean,
): readonly (readonly [number, number])[] {
  let to = 0;
  return input.type.shape.flatMap((_, axis) => {
    const goes = reduced.includes(axis);
    const at = goes && !keepDims ? to : to++;
    return goes ? [] : [[axis, at] as const];
  });
}

/** A stretch of axes of one shape that holds the same elements as a stretch of the other. */
export interface Block {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** The finest split of a reshape into blocks; one block for the rest where sizes do not meet. */
export function blocksOf(input: Node, node: Node): readonly Block[] {
  const [before, after] = [input.type.shape, node.type.shape];
  const blocks: Block[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [from, to] = [
      [...range(i, Math.min(i + 1, before.length))],
      [...range(j, Math.min(j + 1, after.length))],
    ];
    let met = sameDim(productAt(before, from), productAt(after, to));
    // The shorter side takes one more axis until the products agree; unknown sizes are compared by their degree.
    while (!met && (i + from.length < before.length || j + to.length < after.length)) {
      const takeFrom =
        j + to.length >= after.length ||
        (i + from.length < before.length && smaller(productAt(before, from), productAt(after, to)));
      if (takeFrom) from.push(i + from.length);
      else to.push(j + to.length);
      met = sameDim(productAt(before, from), productAt(after, to));
    }
    blocks.push({ from, to });
    i += from.length;
    j += to.length;
  }
  return blocks;
}

function* range(start: number, end: number): Iterable<number> {
  for (let i = start; i < end; i++) yield i;
}

function productAt(shape: readonly Dim[], axes: readonly number[]): Dim {
  return axes.reduce((product, axis) => multiplyDims(product, shape[axis] ?? constantDim(1)), constantDim(1));
}

function smaller(a: Dim, b: Dim): boolean {
  const weight = (dim: Dim): number =>
    dim.terms.reduce((total, term) => total + Math.abs(term.coefficient) * 1e6 ** term.atoms.length, 0);
  return weight(a) < weight(b);
}

/** In a block the first axes that are not 1 carry each other: chunks of one are chunks of the other. */
function carriedMajor(input: Node, node: Node, { from, to }: Block): readonly (readonly [number, number])[] {
  const wide =
    (of: Node) =>
    (axis: number): boolean =>
      !isSize(of.type.shape[axis] ?? constantDim(1), 1);
  const [a, b] = [from.find(wide(input)), to.find(wide(node))];
  return a !== undefined && b !== undefined ? [[a, b]] : [];
}
