/**
 * Products of matrices: transposes become flags, and a factor of a stored matrix moves off it, to the
 * result or to the other operand. So a normalised weight matrix diag(r)·W is never written down: r becomes
 * a factor of the cosines (forward) or of their adjoint (backward).
 */
import { constantDim, isSize } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { classes, leaf, rows, rowsOfFeatures, weights } from "./examples.ts";
import { type SimplifyRule, input, isShape } from "./rule.ts";

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
    law: "A · (diag(r) · W) = (A · diag(r)) · W for a stored W",
    on: ["matmul"],
    rule: (node, f) => factorToOther(node, f),
    example: (f) =>
      f.matmul(leaf(f, "G", "f32", rows, classes), f.mul(weights(f), classFactor(f)), "keep", "keep"),
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

/** Only leaves count as stored: anything else is written down in any case, with its factor already in it. */
function scaled(operand: Node): Scaled | undefined {
  if (operand.op !== "mul") return undefined;
  for (const [stored, factor] of [
    [input(operand, 0), input(operand, 1)],
    [input(operand, 1), input(operand, 0)],
  ] as const) {
    const isStored = isOp(stored, "parameter") || isOp(stored, "state");
    if (!isStored || !isShape(stored.type.shape, operand.type.shape)) continue;
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

/** The factor varies along the contracted axis: it may stand on the other operand as well. */
function factorToOther(node: Node, f: Formulas): Node | undefined {
  if (!isOp(node, "matmul")) return undefined;
  const { transposeA, transposeB } = node.attrs;
  const [a, b] = [input(node, 0), input(node, 1)];
  const [left, right] = [scaled(a), scaled(b)];
  if (right !== undefined && right.along === (transposeB ? 1 : 0)) {
    const wanted = transposeA ? 0 : 1;
    const factor = right.along === wanted ? right.factor : f.flip(right.factor);
    return f.make("matmul", [f.mul(a, factor), right.stored], node.attrs);
  }
  if (left !== undefined && left.along === (transposeA ? 0 : 1)) {
    const wanted = transposeB ? 1 : 0;
    const factor = left.along === wanted ? left.factor : f.flip(left.factor);
    return f.make("matmul", [left.stored, f.mul(factor, b)], node.attrs);
  }
  return undefined;
}
