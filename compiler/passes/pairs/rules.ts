/**
 * The laws of pass `pairs`. Each speaks about a sum over all axes that two values share, where each value has an axis
 * that the other one lacks: a and b are rows of matrices A and B, whatever axes they had.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { features, leaf, rows, weights } from "../simplify/examples.ts";
import type { SimplifyRule } from "../simplify/rule.ts";
import { constantDim } from "../../ir/dim.ts";
import { factorsOfPairs } from "./factors.ts";
import { type PairsOfRows, type Side, pairsOfRows } from "./rows.ts";
import { isNotNegative } from "./signs.ts";

/** A law of values alone: it asks neither who reads them nor what range they have. */
export interface PairRule extends Omit<SimplifyRule, "rule"> {
  readonly rule: (node: Node, f: Formulas) => Node | undefined;
}

export const pairRules: readonly PairRule[] = [
  {
    law: "Σ_d a · b = A · Bᵀ for rows a of A and b of B",
    on: ["sum"],
    rule: (node, f) => (isOp(node, "sum") ? sumOfProducts(node, f) : undefined),
    example: (f) => f.sum(f.mul(rowsApart(f), weights(f)), { axes: [2], keepDims: false }),
  },
  {
    law: "Σ_d u · v · (a - b)² = max(0, U·A² · Vᵀ + U · (V·B²)ᵀ - 2 · U·A · (V·B)ᵀ) for rows a of A and b of B, their weights u, v ≥ 0",
    on: ["sum"],
    rule: (node, f) => (isOp(node, "sum") ? sumOfSquares(node, f) : undefined),
    example: (f) => {
      const scaled = f.mul(f.sub(rowsApart(f), weights(f)), f.exp(weights(f)));
      return f.sum(f.mul(scaled, scaled), { axes: [2], keepDims: false });
    },
  },
];

/** f32[N, 1, 3] */
function rowsApart(f: Formulas): Node {
  return leaf(f, "x", "f32", rows, constantDim(1), features);
}

function sumOfProducts(sum: Node<"sum">, f: Formulas): Node | undefined {
  const { ofPairs, others } = factorsOfPairs(f, sum);
  if (ofPairs.length > 0) return undefined;
  for (const one of others)
    for (const other of others.slice(others.indexOf(one) + 1)) {
      const rest = others.filter((value) => value !== one && value !== other);
      const found = pairsOfRows(f, sum, [one, other], rest);
      if (found !== undefined) return found.back(crossProduct(f, found));
    }
  return undefined;
}

/** Weights stand before a difference as squares do: each of them belongs to one of the sides. */
function sumOfSquares(sum: Node<"sum">, f: Formulas): Node | undefined {
  const { ofPairs, others } = factorsOfPairs(f, sum);
  const [difference, again, ...more] = ofPairs;
  if (difference === undefined || difference !== again || more.length > 0) return undefined;
  if (!isOp(difference, "sub") || !others.every(isNotNegative)) return undefined;
  const found = pairsOfRows(f, sum, difference.inputs, others);
  return found?.back(squaredDistances(f, found));
}

function crossProduct(f: Formulas, { left, right }: PairsOfRows): Node {
  const whole = ({ matrix, others }: Side): Node => others.reduce(f.mul, matrix);
  return f.matmul(whole(left), whole(right), "keep", "flip");
}

/**
 * Where rows are close to each other, large numbers cancel: the absolute error is about 2⁻²³ (|a|² + |b|²), as for every
 * library that multiplies matrices here. A distance that comes out below 0 is 0, so that its root is a number.
 */
function squaredDistances(f: Formulas, found: PairsOfRows): Node {
  const { left, right } = found;
  const squares = ({ matrix, others }: Side): Node => others.reduce(f.mul, f.mul(matrix, matrix));
  const lengths = (side: Side, keepDims: "keep" | "drop"): Node =>
    f.sum(squares(side), { axes: [1], keepDims: keepDims === "keep" });
  const [u, v] = [left, right].map(({ others: [first, ...rest] }) =>
    first === undefined ? undefined : rest.reduce(f.mul, first),
  );
  const ofLeft = v === undefined ? lengths(left, "keep") : f.matmul(squares(left), v, "keep", "flip");
  const ofRight = u === undefined ? lengths(right, "drop") : f.matmul(u, squares(right), "keep", "flip");
  const both = f.add(ofLeft, ofRight);
  return f.maximum(f.f32(0), f.sub(both, f.mul(f.f32(2), crossProduct(f, found))));
}
