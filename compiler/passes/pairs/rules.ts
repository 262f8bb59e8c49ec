/**
 * The laws of pass `pairs`. Each speaks about a sum over all axes that two values share, where each value has an axis
 * that the other one lacks: a and b are rows of matrices A and B, whatever axes they had.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { features, leaf, rows, weights } from "../simplify/examples.ts";
import type { SimplifyRule } from "../simplify/rule.ts";
import { constantDim } from "../../ir/dim.ts";
import { type PairsOfRows, pairsOfRows } from "./rows.ts";

/** A law of values alone: it asks neither who reads them nor what range they have. */
export interface PairRule extends Omit<SimplifyRule, "rule"> {
  readonly rule: (node: Node, f: Formulas) => Node | undefined;
}

export const pairRules: readonly PairRule[] = [
  {
    law: "Σ_d a · b = A · Bᵀ for rows a of A and b of B",
    on: ["sum"],
    rule: (node, f) => {
      const found = isOp(node, "sum") ? sumOfProducts(node, f) : undefined;
      return found?.back(crossProduct(f, found));
    },
    example: (f) => f.sum(f.mul(rowsApart(f), weights(f)), { axes: [2], keepDims: false }),
  },
  {
    law: "Σ_d (a - b)² = max(0, Σ_d a² + Σ_d b² - 2 · A · Bᵀ) for rows a of A and b of B",
    on: ["sum"],
    rule: (node, f) => {
      const found = isOp(node, "sum") ? sumOfSquares(node, f) : undefined;
      return found?.back(squaredDistances(f, found));
    },
    example: (f) => {
      const difference = f.sub(rowsApart(f), weights(f));
      return f.sum(f.mul(difference, difference), { axes: [2], keepDims: false });
    },
  },
];

/** f32[N, 1, 3] */
function rowsApart(f: Formulas): Node {
  return leaf(f, "x", "f32", rows, constantDim(1), features);
}

function sumOfProducts(node: Node<"sum">, f: Formulas): PairsOfRows | undefined {
  const [product] = node.inputs;
  return product !== undefined && isOp(product, "mul") ? pairsOfRows(f, node, product.inputs) : undefined;
}

function sumOfSquares(node: Node<"sum">, f: Formulas): PairsOfRows | undefined {
  const [square] = node.inputs;
  const difference = square !== undefined && isOp(square, "mul") ? square.inputs[0] : undefined;
  return difference !== undefined && isOp(difference, "sub") && difference === square?.inputs[1]
    ? pairsOfRows(f, node, difference.inputs)
    : undefined;
}

function crossProduct(f: Formulas, { left, right }: PairsOfRows): Node {
  return f.matmul(left, right, "keep", "flip");
}

/**
 * Where rows are close to each other, large numbers cancel: the absolute error is about 2⁻²³ (|a|² + |b|²), as for every
 * library that multiplies matrices here. A distance that comes out below 0 is 0, so that its root is a number.
 */
function squaredDistances(f: Formulas, found: PairsOfRows): Node {
  const lengths = (matrix: Node, keepDims: "keep" | "drop"): Node =>
    f.sum(f.mul(matrix, matrix), { axes: [1], keepDims: keepDims === "keep" });
  const both = f.add(lengths(found.left, "keep"), lengths(found.right, "drop"));
  return f.maximum(f.f32(0), f.sub(both, f.mul(f.f32(2), crossProduct(f, found))));
}
