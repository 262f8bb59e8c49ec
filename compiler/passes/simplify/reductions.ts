/**
 * Reductions over nothing, over each other, and of products with a factor that does not vary along the
 * reduced axes.
 */
import { constantDim, isSize, knownSize, multiplyDims, productOfDims, sameDim } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp, isReduction } from "../../ir/node.ts";
import { classes, column, leaf, matrix, rows } from "./examples.ts";
import {
  type SimplifyRule,
  constantAlong,
  constantValue,
  dimAlong,
  input,
  isShape,
  withoutReshape,
} from "./rule.ts";

export const reductionRules: readonly SimplifyRule[] = [
  {
    law: "sum, max and logsumexp over axes of size 1 keep the elements",
    on: ["sum", "max", "logsumexp"],
    rule: (node, f) => {
      if (!isReduction(node)) return undefined;
      const x = input(node, 0);
      const axes = node.attrs.axes.filter((axis) => !isSize(dimAlong(x.type, axis, x.type.shape.length), 1));
      if (axes.length === node.attrs.axes.length) return undefined;
      const rest = axes.length === 0 ? x : f.make(node.op, [x], { axes, keepDims: true });
      return f.reshape(rest, node.type.shape);
    },
    example: (f) => f.sum(column(f), { axes: [0, 1], keepDims: false }),
  },
  {
    law: "a reduction over no axes is its operand",
    on: ["sum", "max", "logsumexp"],
    rule: (node) => (isReduction(node) && node.attrs.axes.length === 0 ? input(node, 0) : undefined),
    example: (f) => f.sum(matrix(f), { axes: [], keepDims: false }),
  },
  {
    law: "a reduction that keeps its axes is one that does not, reshaped",
    on: ["sum", "max", "logsumexp"],
    rule: (node, f) =>
      isReduction(node) && node.attrs.keepDims
        ? f.reshape(
            f.make(node.op, [input(node, 0)], { axes: node.attrs.axes, keepDims: false }),
            node.type.shape,
          )
        : undefined,
    example: (f) => f.logsumexp(matrix(f), { axes: [1], keepDims: true }),
  },
  {
    law: "a reduction over axes that a reshape has joined is one over those axes themselves",
    on: ["sum", "max", "logsumexp"],
    rule: (node, f) => {
      const joined = input(node, 0);
      if (!isReduction(node) || joined.op !== "reshape" || node.attrs.axes.join() !== "0") return undefined;
      const x = input(joined, 0);
      const extra = x.type.shape.length - joined.type.shape.length;
      if (extra <= 0 || !isShape(x.type.shape.slice(extra + 1), joined.type.shape.slice(1))) return undefined;
      const axes = Array.from({ length: extra + 1 }, (_, axis) => axis);
      return f.reshape(f.make(node.op, [x], { axes, keepDims: false }), node.type.shape);
    },
    example: (f) => {
      const x = leaf(f, "x", "f32", rows, constantDim(2), classes);
      const joined = f.reshape(x, [multiplyDims(rows, constantDim(2)), classes]);
      return f.max(joined, { axes: [0], keepDims: false });
    },
  },
  {
    law: "Σ (x - mean x) = 0",
    on: ["sum"],
    rule: (node, f) => {
      const centred = input(node, 0);
      if (!isOp(node, "sum") || centred.op !== "sub") return undefined;
      return isMeanOf(input(centred, 1), input(centred, 0), node.attrs.axes)
        ? f.filled(0, node.type)
        : undefined;
    },
    example: (f) => {
      const mean = f.div(f.sum(matrix(f), { axes: [0], keepDims: false }), f.make("size", [], { dim: rows }));
      return f.sum(f.sub(matrix(f), mean), { axes: [0], keepDims: false });
    },
  },
  {
    law: "sum(sum x) is one sum",
    on: ["sum"],
    rule: (node, f) => mergedSums(node, f),
    example: (f) => f.sum(f.sum(matrix(f), { axes: [1], keepDims: false }), { axes: [0], keepDims: false }),
  },
  {
    law: "a reduction of all elements does not depend on their arrangement",
    on: ["sum", "max", "logsumexp"],
    rule: (node, f) => {
      const moved = input(node, 0);
      const all = isReduction(node) && node.attrs.axes.length === moved.type.shape.length;
      if (!all || (moved.op !== "reshape" && moved.op !== "transpose")) return undefined;
      const x = input(moved, 0);
      const axes = x.type.shape.map((_, axis) => axis);
      return f.reshape(f.make(node.op, [x], { axes, keepDims: false }), node.type.shape);
    },
    example: (f) => f.sum(f.flip(matrix(f)), { axes: [0, 1], keepDims: false }),
  },
  {
    law: "Σ -x = -Σ x",
    on: ["sum"],
    rule: (node, f) =>
      isOp(node, "sum") && input(node, 0).op === "neg"
        ? f.neg(f.sum(input(input(node, 0), 0), node.attrs))
        : undefined,
    example: (f) => f.sum(f.neg(matrix(f)), { axes: [1], keepDims: false }),
  },
  {
    law: "Σ r · x = r · Σ x where r does not vary along the summed axes",
    on: ["sum"],
    rule: (node, f) => factorOutOfSum(node, f),
    example: (f) => f.sum(f.mul(column(f), matrix(f)), { axes: [1], keepDims: false }),
  },
  {
    law: "Σ x / r = (Σ x) / r where r does not vary along the summed axes",
    on: ["sum"],
    rule: (node, f) => {
      const ratio = input(node, 0);
      if (!isOp(node, "sum") || ratio.op !== "div") return undefined;
      const [x, r] = [input(ratio, 0), input(ratio, 1)];
      if (!isShape(x.type.shape, ratio.type.shape)) return undefined;
      if (!constantAlong(r, node.attrs.axes, ratio.type.shape.length)) return undefined;
      const kept = f.div(f.sum(x, { axes: node.attrs.axes, keepDims: true }), r);
      return f.reshape(kept, node.type.shape);
    },
    example: (f) => f.sum(f.div(matrix(f), f.exp(column(f))), { axes: [1], keepDims: false }),
  },
];

/** Whether m is (Σ x) / n or (1/n) · Σ x over these axes, n the number of elements summed. */
function isMeanOf(m: Node, x: Node, axes: readonly number[]): boolean {
  const quotient = withoutReshape(m);
  if (quotient.op !== "div" && quotient.op !== "mul") return false;
  const [total, by] =
    quotient.op === "div"
      ? [input(quotient, 0), input(quotient, 1)]
      : [input(quotient, 1), input(quotient, 0)];
  const sum = withoutReshape(total);
  if (!isOp(sum, "sum") || input(sum, 0) !== x || sum.attrs.axes.join() !== axes.join()) return false;
  // What is left must stand where it stood: at the axes that stay, or behind all those that went.
  if (!constantAlong(m, axes, x.type.shape.length)) return false;
  const leading = axes.every((axis, index) => axis === index);
  if (!leading && m.type.shape.length !== x.type.shape.length) return false;
  const count = productOfDims(axes.map((axis) => dimAlong(x.type, axis, x.type.shape.length)));
  if (isOp(by, "size")) return quotient.op === "div" && sameDim(by.attrs.dim, count);
  const [value, known] = [constantValue(by), knownSize(count)];
  return known !== undefined && value === (quotient.op === "div" ? known : 1 / known);
}

function mergedSums(node: Node, f: Formulas): Node | undefined {
  const inner = input(node, 0);
  if (!isOp(node, "sum") || !isOp(inner, "sum")) return undefined;
  const x = input(inner, 0);
  const left = x.type.shape.flatMap((_, axis) =>
    inner.attrs.keepDims || !inner.attrs.axes.includes(axis) ? [axis] : [],
  );
  const outer = node.attrs.axes.map((axis) => left[axis] ?? axis);
  const axes = [...new Set([...inner.attrs.axes, ...outer])].toSorted((a, b) => a - b);
  return f.reshape(f.sum(x, { axes, keepDims: false }), node.type.shape);
}

/** The factor leaves only if the other one is what gives the product its shape. */
function factorOutOfSum(node: Node, f: Formulas): Node | undefined {
  const product = input(node, 0);
  if (!isOp(node, "sum") || product.op !== "mul") return undefined;
  const { axes } = node.attrs;
  for (const [r, x] of [
    [input(product, 0), input(product, 1)],
    [input(product, 1), input(product, 0)],
  ] as const) {
    const rank = product.type.shape.length;
    if (!isShape(x.type.shape, product.type.shape) || !constantAlong(r, axes, rank)) continue;
    // Along axes of size 1 everything is constant: another rule removes those.
    if (constantAlong(x, axes, rank)) continue;
    return f.reshape(f.mul(r, f.sum(x, { axes, keepDims: true })), node.type.shape);
  }
  return undefined;
}
