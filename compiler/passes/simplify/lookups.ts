/**
 * Looking one element a row up: `pick` and `gather` move through element-wise operations to the leaves, so
 * that one element is computed instead of a row of them; the pick from a product of matrices is a dot
 * product with gathered rows. A sum over a one-hot choice is a pick. An index out of range reads 0, so where
 * an index is not known to be in range the moved lookup keeps a guard.
 */
import { type Dim, constantDim, isSize, sameDim } from "../../ir/dim.ts";
import { type Formulas, inputOf } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { asColumn, ownColumn } from "../../ops/indices.ts";
import { classes, column, labels, leaf, matrix, rowsOfFeatures, weights } from "./examples.ts";
import {
  type Facts,
  type SimplifyRule,
  input,
  isConstant,
  isElementwise,
  isShape,
  withInputs,
} from "./rule.ts";

export const lookupRules: readonly SimplifyRule[] = [
  {
    law: "pick(f(a, b), y) = f(pick(a, y), pick(b, y))",
    on: ["pick"],
    rule: (node, f, facts) => {
      const [x, index] = [input(node, 0), input(node, 1)];
      if (!isElementwise(x)) return undefined;
      const picked = withInputs(
        f,
        x,
        x.inputs.map((operand) => pickOperand(f, operand, x, index)),
      );
      return guarded(f, facts, f.broadcast(picked, node.type.shape), index, lastSize(x));
    },
    example: (f) =>
      f.pick(f.add(f.exp(matrix(f)), f.mul(column(f), leaf(f, "v", "f32", classes))), labels(f)),
  },
  {
    law: "pick(broadcast x, y) = x where x does not vary along the row",
    on: ["pick"],
    rule: (node, f, facts) => {
      const [x, index] = [input(node, 0), input(node, 1)];
      if (x.op !== "broadcast") return undefined;
      const picked = pickWithoutRows(f, input(x, 0), x, index);
      return picked === undefined
        ? undefined
        : guarded(f, facts, f.broadcast(picked, node.type.shape), index, lastSize(x));
    },
    example: (f) => f.pick(f.broadcast(column(f), [...matrix(f).type.shape]), labels(f)),
  },
  {
    law: "pick(A · Bᵀ, y) = Σ A · B[y]",
    on: ["pick"],
    rule: (node, f) => {
      const [product, index] = [input(node, 0), input(node, 1)];
      if (!isOp(product, "matmul") || product.attrs.transposeA || !product.attrs.transposeB) return undefined;
      const own = f.gather(input(product, 1), index);
      return f.sum(f.mul(input(product, 0), own), { axes: [1], keepDims: false });
    },
    example: (f) => f.pick(f.matmul(rowsOfFeatures(f), weights(f), "keep", "flip"), labels(f)),
  },
  {
    law: "gather(f(a, b), y) = f(gather(a, y), gather(b, y))",
    on: ["gather"],
    rule: (node, f, facts) => {
      const [x, index] = [input(node, 0), input(node, 1)];
      const wide = x.type.shape.slice(1).some((dim) => !isSize(dim, 1));
      if (!wide || !isElementwise(x)) return undefined;
      const gathered = withInputs(
        f,
        x,
        x.inputs.map((operand) => gatherOperand(f, operand, x, index)),
      );
      return guarded(
        f,
        facts,
        f.broadcast(gathered, node.type.shape),
        index,
        x.type.shape[0] ?? constantDim(1),
      );
    },
    example: (f) => f.gather(f.mul(weights(f), leaf(f, "v", "f32", classes, constantDim(1))), labels(f)),
  },
  {
    law: "gather(0 … C-1, y) = y for y in range",
    on: ["gather"],
    rule: (node, f, facts) => {
      const [x, index] = [input(node, 0), input(node, 1)];
      return isOp(x, "iota") ? guarded(f, facts, index, index, x.attrs.size) : undefined;
    },
    example: (f) => f.gather(f.make("iota", [], { size: classes }), labels(f)),
  },
  {
    law: "Σ over j of select(j = y, x, 0) = pick(x, y)",
    on: ["sum"],
    rule: (node, f, facts) => summedChoice(node, f, facts),
    example: (f) => {
      const x = matrix(f);
      return f.sum(f.select(ownColumn(f, x, labels(f)), x, f.f32(0)), { axes: [1], keepDims: false });
    },
  },
  {
    law: "Σ over j of select(j = y, a, 0) · b = pick(a · b, y)",
    on: ["sum"],
    rule: (node, f, facts) => {
      const product = input(node, 0);
      if (!isOp(node, "sum") || product.op !== "mul") return undefined;
      for (const [choice, other] of [
        [input(product, 0), input(product, 1)],
        [input(product, 1), input(product, 0)],
      ] as const) {
        const columns =
          choice.op === "select" && isConstant(input(choice, 2), 0) ? ownLabels(input(choice, 0)) : undefined;
        if (columns === undefined || choice.type.shape.length !== product.type.shape.length) continue;
        const inside = f.select(input(choice, 0), f.mul(input(choice, 1), other), f.f32(0));
        // The choice on its own would be taken apart again by the laws of products, so it becomes a pick at once.
        if (isShape(inside.type.shape, product.type.shape))
          return summedChoice(f.sum(inside, node.attrs), f, facts);
      }
      return undefined;
    },
    example: (f) => {
      const x = matrix(f);
      const choice = f.select(ownColumn(f, x, labels(f)), column(f), f.f32(0));
      return f.sum(f.mul(choice, x), { axes: [1], keepDims: true });
    },
  },
  {
    law: "Σ over rows of select(j = y, x, 0) = scatter_add(y, pick(x, y))",
    on: ["sum"],
    rule: (node, f) => {
      const choice = input(node, 0);
      if (!isOp(node, "sum") || choice.op !== "select" || !isConstant(input(choice, 2), 0)) return undefined;
      const y = labelsOfAllRows(node, input(choice, 0));
      return y === undefined
        ? undefined
        : addedByClass(f, node, y, f.broadcast(pickOperand(f, input(choice, 1), choice, y), y.type.shape));
    },
    example: (f) => {
      const x = matrix(f);
      return f.sum(f.select(ownColumn(f, x, labels(f)), x, f.f32(0)), { axes: [0], keepDims: true });
    },
  },
  {
    law: "Σ over rows of (j = y) = scatter_add(y, 1)",
    on: ["sum"],
    rule: (node, f) => {
      const counted = input(node, 0);
      if (!isOp(node, "sum") || !isOp(counted, "cast")) return undefined;
      const y = labelsOfAllRows(node, input(counted, 0));
      return y === undefined ? undefined : addedByClass(f, node, y, f.broadcast(f.f32(1), y.type.shape));
    },
    example: (f) => {
      const own = ownColumn(f, matrix(f), labels(f));
      return f.sum(f.cast(own, "f32"), { axes: [0], keepDims: false });
    },
  },
];

/** `value` where the index is in range, else 0. */
function guarded(f: Formulas, facts: Facts, value: Node, index: Node, size: Dim): Node {
  if (facts.inRange(index, size)) return value;
  const limit = f.cast(f.make("size", [], { dim: size }), "i32");
  const inside = f.and(f.lessEqual(f.i32(0), index), f.less(index, limit));
  const extra = value.type.shape.length - index.type.shape.length;
  const shape = [...index.type.shape, ...Array.from({ length: extra }, () => constantDim(1))];
  return f.select(f.reshape(inside, shape), value, f.constant(0, value.type.dtype));
}

/** What an operand of an element-wise x[…lead, C] is at the picked column: shaped to broadcast with […lead]. */
function pickOperand(f: Formulas, operand: Node, x: Node, index: Node): Node {
  const last = operand.type.shape.at(-1) ?? constantDim(1);
  return (
    pickWithoutRows(f, operand, x, index) ?? f.pick(f.broadcast(operand, [...index.type.shape, last]), index)
  );
}

/** The same where no row of the operand is looked into: it has one element a row, or is one row for all. */
function pickWithoutRows(f: Formulas, operand: Node, x: Node, index: Node): Node | undefined {
  const own = operand.type.shape;
  const last = own.at(-1);
  if (last === undefined) return operand;
  if (isSize(last, 1) && !isSize(lastSize(x), 1)) return f.reshape(operand, own.slice(0, -1));
  if (own.slice(0, -1).every((dim) => isSize(dim, 1)) && index.type.shape.some((dim) => !isSize(dim, 1)))
    return f.gather(f.reshape(operand, [last]), index);
  return undefined;
}

/** What an operand of an element-wise x[C, …rest] is at the gathered rows. */
function gatherOperand(f: Formulas, operand: Node, x: Node, index: Node): Node {
  const own = operand.type.shape;
  if (own.length < x.type.shape.length) return operand;
  const [first, ...rest] = own;
  if (first === undefined) return operand;
  if (!isSize(first, 1) || isSize(x.type.shape[0] ?? first, 1)) return f.gather(operand, index);
  return f.reshape(operand, [...index.type.shape.map(() => constantDim(1)), ...rest]);
}

function lastSize(x: Node): Dim {
  return x.type.shape.at(-1) ?? constantDim(1);
}

/** The y of a condition `j = y`, for j the positions of the last axis. */
export function ownLabels(condition: Node): Node | undefined {
  if (!isOp(condition, "equal")) return undefined;
  for (const [positions, wanted] of [
    [inputOf(condition, 0), inputOf(condition, 1)],
    [inputOf(condition, 1), inputOf(condition, 0)],
  ] as const) {
    const last = wanted.type.shape.at(-1);
    const fits = last !== undefined && isSize(last, 1) && wanted.op === "reshape";
    if (!fits || !isOp(asRow(positions), "iota")) continue;
    const y = inputOf(wanted, 0);
    if (isShape(y.type.shape, wanted.type.shape.slice(0, -1))) return y;
  }
  return undefined;
}

/** The y of a condition `j = y` where a sum runs over every axis but that of j. */
function labelsOfAllRows(sum: Node<"sum">, condition: Node): Node | undefined {
  const { shape } = input(sum, 0).type;
  const last = shape.length - 1;
  const y = ownLabels(condition);
  const allRows = sum.attrs.axes.length === last && !sum.attrs.axes.includes(last);
  return y !== undefined && allRows && sum.type.dtype === "f32" && isShape(y.type.shape, shape.slice(0, last))
    ? y
    : undefined;
}

function addedByClass(f: Formulas, sum: Node<"sum">, y: Node, values: Node): Node {
  const added = f.make("scatter_add", [y, values], { size: lastSize(input(sum, 0)) });
  return sum.attrs.keepDims ? f.reshape(added, sum.type.shape) : added;
}

/** Looks through a reshape that only adds leading axes of size 1. */
function asRow(node: Node): Node {
  const leading = node.type.shape.slice(0, -1).every((dim) => isSize(dim, 1));
  return isOp(node, "reshape") && leading && inputOf(node, 0).type.shape.length === 1
    ? inputOf(node, 0)
    : node;
}

function summedChoice(node: Node, f: Formulas, facts: Facts): Node | undefined {
  const choice = input(node, 0);
  if (!isOp(node, "sum") || choice.op !== "select" || !isConstant(input(choice, 2), 0)) return undefined;
  const y = ownLabels(input(choice, 0));
  const last = choice.type.shape.length - 1;
  if (y === undefined || !node.attrs.axes.includes(last) || y.type.shape.length !== last) return undefined;
  if (!y.type.shape.every((dim, axis) => sameDim(dim, choice.type.shape[axis] ?? constantDim(-1))))
    return undefined;
  const chosen = f.broadcast(pickOperand(f, input(choice, 1), choice, y), y.type.shape);
  const isPick = chosen.op === "pick" || chosen.op === "gather";
  const picked = isPick ? chosen : guarded(f, facts, chosen, y, lastSize(choice));
  const axes = node.attrs.axes.filter((axis) => axis !== last);
  const summed = axes.length === 0 ? picked : f.sum(picked, { axes, keepDims: node.attrs.keepDims });
  return node.attrs.keepDims ? asColumn(f, summed) : summed;
}
