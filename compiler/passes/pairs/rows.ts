/**
 * Values that meet in a sum as matrices of rows: the axes that only one of two has are its rows, those that both
 * have and that are summed are their features. An axis of size 1, or one that a value lacks, is stretched when they
 * meet, so it is none of its axes. Further values belong to the side whose rows they have, or to either.
 */
import { constantDim, isSize, productOfDims } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { dimAlong, input } from "../simplify/rule.ts";

export interface PairsOfRows {
  /** [rows, features]: the value first met on this side, then those that belong to it. */
  readonly left: Side;
  /** [other rows, features] */
  readonly right: Side;
  /** From [rows, other rows] to what the sum gives. */
  readonly back: (pairs: Node) => Node;
}

export interface Side {
  readonly matrix: Node;
  readonly others: readonly Node[];
}

/** Undefined where an axis that both have stays, or where a value belongs to neither side. */
export function pairsOfRows(
  f: Formulas,
  sum: Node<"sum">,
  two: readonly Node[],
  others: readonly Node[] = [],
): PairsOfRows | undefined {
  const { shape, dtype } = input(sum, 0).type;
  const [one, other] = two.map(unstretched);
  if (one === undefined || other === undefined || dtype !== "f32") return undefined;
  const axes = shape.map((_, axis) => axis);
  const has = (value: Node, axis: number): boolean => !isSize(dimAlong(value.type, axis, shape.length), 1);
  const shared = axes.filter((axis) => has(one, axis) && has(other, axis));
  const rows = axes.filter((axis) => has(one, axis) && !has(other, axis));
  const otherRows = axes.filter((axis) => has(other, axis) && !has(one, axis));
  if (shared.length === 0 || !shared.every((axis) => sum.attrs.axes.includes(axis))) return undefined;
  if (rows.length === 0 || otherRows.length === 0) return undefined;
  const [first, second] = (rows[0] ?? 0) < (otherRows[0] ?? 0) ? [rows, otherRows] : [otherRows, rows];
  const belongs = (value: Node, own: readonly number[]): boolean =>
    axes.every((axis) => !has(value, axis) || own.includes(axis) || shared.includes(axis));
  const onRight = others.filter((value) => belongs(value, second));
  const onLeft = others.filter((value) => !onRight.includes(value));
  if (!onLeft.every((value) => belongs(value, first))) return undefined;
  const matrix = (value: Node, own: readonly number[]): Node => asMatrix(f, value, own, shared, sum);
  const side = (value: Node, own: readonly number[], more: readonly Node[]): Side => ({
    matrix: matrix(value, own),
    others: more.map((each) => matrix(each, own)),
  });
  const [leftmost, rightmost] = first === rows ? [one, other] : [other, one];
  return {
    left: side(leftmost, first, onLeft),
    right: side(rightmost, second, onRight),
    back: (pairs) => summedPairs(f, pairs, sum, [...first, ...second]),
  };
}

function unstretched(value: Node): Node {
  return isOp(value, "broadcast") ? unstretched(input(value, 0)) : value;
}

/** A value that has no other axes than these rows and features, as [rows, features]. */
function asMatrix(
  f: Formulas,
  value: Node,
  rows: readonly number[],
  shared: readonly number[],
  sum: Node<"sum">,
): Node {
  const { shape } = input(sum, 0).type;
  const order = [...rows, ...shared];
  const own = order.toSorted((a, b) => a - b);
  const dims = (axes: readonly number[]) => axes.map((axis) => shape[axis] ?? constantDim(1));
  const apart = own.map((axis) => dimAlong(value.type, axis, shape.length));
  const whole = f.broadcast(f.reshape(value, apart), dims(own));
  return f.reshape(turned(f, whole, own, order), [productOfDims(dims(rows)), productOfDims(dims(shared))]);
}
/** Pairs whose rows and other rows were these axes, in that order, as what the sum gives. */
function summedPairs(f: Formulas, pairs: Node, sum: Node<"sum">, order: readonly number[]): Node {
  const { shape } = input(sum, 0).type;
  const apart = f.reshape(
    pairs,
    order.map((axis) => shape[axis] ?? constantDim(1)),
  );
  const own = order.toSorted((a, b) => a - b);
  const ordered = turned(f, apart, order, own);
  const axes = own.flatMap((axis, at) => (sum.attrs.axes.includes(axis) ? [at] : []));
  const summed = axes.length === 0 ? ordered : f.sum(ordered, { axes, keepDims: false });
  return f.reshape(summed, sum.type.shape);
}

/** A value with these axes, in another order. */
function turned(f: Formulas, value: Node, from: readonly number[], to: readonly number[]): Node {
  const permutation = to.map((axis) => from.indexOf(axis));
  return permutation.every((axis, at) => axis === at) ? value : f.transpose(value, permutation);
}
