/**
 * Products of matrices: transposes become flags, and a factor of a stored matrix moves off it, to the
 * result or to the other operand. So a normalised weight matrix diag(r)·W is never written down: r becomes
 * a factor of the cosines (forward) or of their adjoint (backward).
 */
import { type Dim, constantDim, isSize, knownSize } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { classes, leaf, rows, rowsOfFeatures, weights } from "./examples.ts";
import { type SimplifyRule, constantAlong, input, isShape, isStored } from "./rule.ts";

export const productRules: readonly SimplifyRule[] = [
  {
    law: "a transpose under a matrix product is a flag of it",
    on: ["matmul"],
    rule: (node, f) => {
      if (!isOp(node, "matmul")) return undefined;
      const [a, b] = [input(node, 0), input(node, 1)];
      if (a.op !== "transpose" && b.op !== "transpose") return undefined;
      const side = (x: Node, flag: boolean): readonly [Node, boolean] =>
        x.op === "transpose" ? [input(x, 0), !flag] : [x, flag];
      const [left, transposeA] = side(a, node.attrs.transposeA);
      const [right, transposeB] = side(b, node.attrs.transposeB);
      return f.make("matmul", [left, right], { transposeA, transposeB });
    },
    example: (f) => f.matmul(rowsOfFeatures(f), f.flip(weights(f)), "keep", "keep"),
  },
  {
    law: "(A · B)ᵀ = Bᵀ · Aᵀ",
    on: ["transpose"],
    rule: (node, f) => {
      const product = input(node, 0);
      if (!isOp(product, "matmul")) return undefined;
      const { transposeA, transposeB } = product.attrs;
      const flags = { transposeA: !transposeB, transposeB: !transposeA };
      return f.make("matmul", [input(product, 1), input(product, 0)], flags);
    },
    example: (f) => f.flip(f.matmul(rowsOfFeatures(f), weights(f), "keep", "flip")),
  },
  {
    law: "(diag(r) · W) · B = diag(r) · (W · B) for a stored W",
    on: ["matmul"],
    rule: (node, f) => factorToResult(node, f),
    example: (f) => f.matmul(rowsOfFeatures(f), f.mul(weights(f), classFactor(f)), "keep", "flip"),
  },
  {
    law: "A · (diag(r) · W) = (A · diag(r)) · W for a stored W and an A that is not",
    on: ["matmul"],
    rule: (node, f) => factorToOther(node, f),
    example: (f) =>
      f.matmul(leaf(f, "G", "f32", rows, classes), f.mul(weights(f), classFactor(f)), "keep", "keep"),
  },
  {
    law: "(diag(r) · A) · B = diag(r) · (A · B) and (A · diag(r)) · B = A · (diag(r) · B) where that is smaller",
    on: ["matmul"],
    rule: (node, f) => factorToSmaller(node, f, "left") ?? factorToSmaller(node, f, "right"),
    example: (f) => {
      const many = leaf(f, "G", "f32", constantDim(2), constantDim(5));
      const few = leaf(f, "H", "f32", constantDim(5), constantDim(3));
      return f.matmul(f.mul(leaf(f, "v", "f32", constantDim(2), constantDim(1)), many), few, "keep", "keep");
    },
  },
];

function classFactor(f: Formulas): Node {
  return leaf(f, "v", "f32", classes, constantDim(1));
}

/** A stored matrix M times a factor that is constant along one axis: `along` is the axis it varies on. */
interface Scaled {
  readonly stored: Node;
  readonly factor: Node;
  readonly along: 0 | 1;
}

function scaled(operand: Node): Scaled | undefined {
  if (operand.op !== "mul") return undefined;
  for (const [stored, factor] of [
    [input(operand, 0), input(operand, 1)],
    [input(operand, 1), input(operand, 0)],
  ] as const) {
    if (!isStored(stored) || !isShape(stored.type.shape, operand.type.shape)) continue;
    const [rowDim, columnDim] = factor.type.shape;
    if (rowDim === undefined || columnDim === undefined) continue;
    if (isSize(columnDim, 1) && !isSize(rowDim, 1)) return { stored, factor, along: 0 };
    if (isSize(rowDim, 1) && !isSize(columnDim, 1)) return { stored, factor, along: 1 };
  }
  return undefined;
}

/** The factor varies along the operand's free axis: it scales rows (or columns) of the result. */
function factorToResult(node: Node, f: Formulas): Node | undefined {
  if (!isOp(node, "matmul")) return undefined;
  const { transposeA, transposeB } = node.attrs;
  const [a, b] = [input(node, 0), input(node, 1)];
  const [left, right] = [scaled(a), scaled(b)];
  if (left !== undefined && left.along === (transposeA ? 1 : 0)) {
    const column = left.along === 0 ? left.factor : f.flip(left.factor);
    return f.mul(column, f.make("matmul", [left.stored, b], node.attrs));
  }
  if (right !== undefined && right.along === (transposeB ? 0 : 1)) {
    const row = right.along === 1 ? right.factor : f.flip(right.factor);
    return f.mul(row, f.make("matmul", [a, right.stored], node.attrs));
  }
  return undefined;
}

/**
 * The factor varies along the contracted axis: it may stand on the other operand as well. Another stored operand would
 * have to be written down with it just the same, so it takes a factor only where it has one along that axis.
 */
function factorToOther(node: Node, f: Formulas): Node | undefined {
  if (!isOp(node, "matmul")) return undefined;
  const { transposeA, transposeB } = node.attrs;
  const [innerOfLeft, innerOfRight] = [transposeA ? 0 : 1, transposeB ? 1 : 0];
  const [a, b] = [input(node, 0), input(node, 1)];
  const [left, right] = [scaled(a), scaled(b)];
  if (right?.along === innerOfRight && !isStored(a)) {
    const factor = right.along === innerOfLeft ? right.factor : f.flip(right.factor);
    return f.make("matmul", [f.mul(a, factor), right.stored], node.attrs);
  }
  if (left?.along === innerOfLeft && !isStored(b)) {
    const factor = left.along === innerOfRight ? left.factor : f.flip(left.factor);
    return f.make("matmul", [left.stored, f.mul(factor, b)], node.attrs);
  }
  return undefined;
}

/**
 * A factor of one operand, if the result or the other operand has fewer elements than that operand: known
 * sizes only. A stored operand takes no factor, since the rules above would move it off again.
 */
function factorToSmaller(node: Node, f: Formulas, side: "left" | "right"): Node | undefined {
  if (!isOp(node, "matmul")) return undefined;
  const { transposeA, transposeB } = node.attrs;
  const isLeft = side === "left";
  const [operand, other] = isLeft ? [input(node, 0), input(node, 1)] : [input(node, 1), input(node, 0)];
  const freeAxis = (isLeft ? transposeA : !transposeB) ? 1 : 0;
  const part = factoredMatrix(operand);
  if (part === undefined) return undefined;
  const [free, inner] = [operand.type.shape[freeAxis], operand.type.shape[1 - freeAxis]];
  const outer = node.type.shape[isLeft ? 1 : 0];
  const product = (x: Node, y: Node): Node => f.make("matmul", isLeft ? [x, y] : [y, x], node.attrs);
  if (constantAlong(part.factor, [1 - freeAxis], 2) && isSmaller(outer, inner)) {
    const resultAxis = isLeft ? 0 : 1;
    return f.mul(turned(f, part.factor, freeAxis === resultAxis), product(part.matrix, other));
  }
  if (constantAlong(part.factor, [freeAxis], 2) && isSmaller(outer, free) && !isStored(other)) {
    const otherInner = (isLeft ? transposeB : !transposeA) ? 1 : 0;
    return product(part.matrix, f.mul(turned(f, part.factor, 1 - freeAxis === otherInner), other));
  }
  return undefined;
}

function isSmaller(a: Dim | undefined, b: Dim | undefined): boolean {
  const [left, right] = [
    a === undefined ? undefined : knownSize(a),
    b === undefined ? undefined : knownSize(b),
  ];
  return left !== undefined && right !== undefined && left < right;
}

/** The factor as it stands, or turned by 90 degrees when its axis is another one there. */
function turned(f: Formulas, factor: Node, sameAxis: boolean): Node {
  return sameAxis || factor.type.shape.length < 2 ? factor : f.flip(factor);
}

function factoredMatrix(operand: Node): { readonly factor: Node; readonly matrix: Node } | undefined {
  if (operand.op !== "mul") return undefined;
  for (const [factor, matrix] of [
    [input(operand, 0), input(operand, 1)],
    [input(operand, 1), input(operand, 0)],
  ] as const) {
    const smaller = !isShape(factor.type.shape, operand.type.shape) && factor.type.shape.length !== 1;
    if (smaller && isShape(matrix.type.shape, operand.type.shape)) return { factor, matrix };
  }
  return undefined;
}
