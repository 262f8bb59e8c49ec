/**
 * Two values that meet in a sum as matrices of rows: the axes that only one of them has are its rows, those that both
 * have and that are summed are their features. An axis of size 1, or one that a value lacks, is stretched when they
 * meet, so it is none of its axes.
 */
import { constantDim, isSize, productOfDims } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { dimAlong, input } from "../simplify/rule.ts";

export interface PairsOfRows {
  /** [rows, features] */
  readonly left: Node;
  /** [other rows, features] */
  readonly right: Node;
  /** From [rows, other rows] to what the sum gives. */
  readonly back: (pairs: Node) => Node;
}

/** Undefined where an axis that both have stays, or where one of the values is as large as all pairs. */
export function pairsOfRows(f: Formulas, sum: Node<"sum">, values: readonly Node[]): PairsOfRows | undefined {
  const { shape, dtype } = input(sum, 0).type;
  const [one, other] = values.map(unstretched);
  if (one === undefined || other === undefined || dtype !== "f32") return undefined;
  const axes = shape.map((_, axis) => axis);
  const has = (value: Node, axis: number): boolean => !isSize(dimAlong(value.type, axis, shape.length), 1);
  const shared = axes.filter((axis) => has(one, axis) && has(other, axis));
  const [rows, otherRows] = [
    axes.filter((axis) => has(one, axis) && !has(other, axis)),
    axes.filter((axis) => has(other, axis) && !has(one, axis)),
  ];
  if (shared.length === 0 || !shared.every((axis) => sum.attrs.axes.includes(axis))) return undefined;
  if (rows.length === 0 || otherRows.length === 0) return undefined;
  const inOrder = (rows[0] ?? 0) < (otherRows[0] ?? 0);
  const [first, second] = inOrder ? [rows, otherRows] : [otherRows, rows];
  return {
    left: asMatrix(f, inOrder ? one : other, first, shared, shape.length),
    right: asMatrix(f, inOrder ? other : one, second, shared, shape.length),
    back: (pairs) => summedPairs(f, pairs, sum, [...first, ...second]),
  };
}

function unstretched(value: Node): Node {
  return isOp(value, "broadcast") ? unstretched(input(value, 0)) : value;
}

/** A value whose axes beside those of a result of that rank are all 1, as [rows, features]. */
function asMatrix(
  f: Formulas,
  value: Node,
  rows: readonly number[],
  shared: readonly number[],
  rank: number,
): Node {
  const order = [...rows, ...shared];
  const own = order.toSorted((a, b) => a - b);
  const dims = (axes: readonly number[]) => axes.map((axis) => dimAlong(value.type, axis, rank));
  const bare = f.reshape(value, dims(own));
  return f.reshape(turned(f, bare, own, order), [productOfDims(dims(rows)), productOfDims(dims(shared))]);
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
