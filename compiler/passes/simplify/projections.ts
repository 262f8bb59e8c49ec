/**
 * The dot product of each row of a stored matrix with the same row of a product that it took part in. The gradient
 * of a normalised weight loses its share along the weight itself, and asks for that share before a row of it is
 * finished. The cosines hold it already: Σ_d W·(GᵀX) is Σ_n G·(XWᵀ), so the product of the backward pass needs to be
 * read once, and an update may stand behind it in its kernel. That saves what a chunk of the gradient would take;
 * a few classes that are stored whole would only pay for the sums over them.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp, nodesOf } from "../../ir/node.ts";
import { classes, leaf, rows, rowsOfFeatures, weights } from "./examples.ts";
import {
  type Facts,
  type SimplifyRule,
  constantAlong,
  input,
  isShape,
  isStored,
  withoutReshape,
} from "./rule.ts";

export const projectionRules: readonly SimplifyRule[] = [
  {
    law: "Σ_d W · (Gᵀ · k X) = Σ_n k G · (X · Wᵀ) for a stored W, where G is made from X · Wᵀ in chunks",
    on: ["sum"],
    rule: dotOfRows,
    example: (f) => {
      const scores = f.matmul(rowsOfFeatures(f), weights(f), "keep", "flip");
      const adjoint = f.mul(leaf(f, "G", "f32", rows, classes), f.exp(scores));
      const scaled = f.mul(f.f32(3), rowsOfFeatures(f));
      const gradient = f.matmul(adjoint, scaled, "flip", "keep");
      return f.sum(f.mul(weights(f), gradient), { axes: [1], keepDims: false });
    },
  },
];

function dotOfRows(node: Node, f: Formulas, { isChunked }: Facts): Node | undefined {
  const product = input(node, 0);
  if (!isOp(node, "sum") || product.op !== "mul" || node.attrs.axes.join() !== lastAxis(product))
    return undefined;
  for (const [weight, gradient] of [
    [input(product, 0), input(product, 1)],
    [input(product, 1), input(product, 0)],
  ] as const) {
    if (!isStored(weight) || !isShape(weight.type.shape, gradient.type.shape)) continue;
    const matrix = asMatrix(gradient);
    const [count] = matrix.type.shape;
    const dots = count !== undefined && isChunked(count) ? dotsWith(weight, matrix, f) : undefined;
    if (dots !== undefined) return f.reshape(dots, node.type.shape);
  }
  return undefined;
}

function lastAxis(x: Node): string {
  return String(x.type.shape.length - 1);
}

/** A value of more axes as the matrix that was reshaped into it, if its rows stayed whole. */
function asMatrix(x: Node): Node {
  const from = x.op === "reshape" ? input(x, 0) : x;
  return from.type.shape.length === 2 && isShape(from.type.shape.slice(1), x.type.shape.slice(-1)) ? from : x;
}

function dotsWith(weight: Node, gradient: Node, f: Formulas): Node | undefined {
  if (!isOp(gradient, "matmul") || gradient.attrs.transposeB) return undefined;
  const [adjoint, factor] = [input(gradient, 0), input(gradient, 1)];
  const classAxis = gradient.attrs.transposeA ? 1 : 0;
  for (const scores of nodesOf([adjoint])) {
    const other = isOp(scores, "matmul") ? otherOperand(scores, weight, gradient, classAxis) : undefined;
    const rest = other === undefined ? undefined : quotient(factor, other, f);
    if (rest === undefined || !rest.every((each) => constantAlong(each, [1], 2))) continue;
    const scaled = rest.map((each) => (classAxis === 1 ? each : f.flip(each))).reduce(f.mul, adjoint);
    return f.sum(f.mul(scaled, scores), { axes: [1 - classAxis], keepDims: false });
  }
  return undefined;
}

/** X of X · Wᵀ (or of W · Xᵀ where classes come first), as rows of features. */
function otherOperand(
  scores: Node<"matmul">,
  weight: Node,
  gradient: Node,
  classAxis: 0 | 1,
): Node | undefined {
  const { transposeA, transposeB } = scores.attrs;
  if (transposeA || !transposeB) return undefined;
  const [own, other] = [input(scores, classAxis), input(scores, 1 - classAxis)];
  const isWeight = withoutReshape(own) === withoutReshape(weight);
  return isWeight && isShape(own.type.shape, gradient.type.shape) ? other : undefined;
}

/** The factors that a product has beside those of another one; undefined where it lacks some of them. */
function quotient(product: Node, by: Node, f: Formulas): readonly Node[] | undefined {
  const rest = [...factorsOf(product, f)];
  for (const each of factorsOf(by, f)) {
    const at = rest.indexOf(each);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest;
}

/** A product under a reshape is taken apart too: its factors are reshaped one by one, scalars stay scalars. */
function factorsOf(x: Node, f: Formulas): readonly Node[] {
  if (x.op === "mul") return x.inputs.flatMap((factor) => factorsOf(factor, f));
  const inner = x.op === "reshape" ? input(x, 0) : x;
  const isScalar = ({ type }: Node): boolean => type.shape.length === 0;
  const isWhole = (factor: Node): boolean => isScalar(factor) || isShape(factor.type.shape, inner.type.shape);
  if (inner === x || inner.op !== "mul" || !inner.inputs.every(isWhole)) return [x];
  return inner.inputs.flatMap((factor) =>
    factorsOf(isScalar(factor) ? factor : f.reshape(factor, x.type.shape), f),
  );
}
