/**
 * Element-wise operations broadcast by themselves, so a written-out broadcast below one is needless: the
 * work is done at the small shape and stretched as late as possible.
 */
import { constantDim, isSize, multiplyDims, productOfDims, sameDim } from "../../ir/dim.ts";
import { inputOf, type Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { sizeNode } from "../../ops/composites.ts";
import { classes, column, leaf, mask, matrix, rows } from "./examples.ts";
import { type SimplifyRule, elementwiseNames, input, isShape, jointShape, withInputs } from "./rule.ts";

export const broadcastRules: readonly SimplifyRule[] = [
  {
    law: "f(broadcast x, y) = f(x, y), stretched afterwards where it must be",
    on: elementwiseNames,
    rule: (node, f) => {
      const small = node.inputs.map((operand) => (operand.op === "broadcast" ? input(operand, 0) : operand));
      if (small.every((operand, index) => operand === node.inputs[index])) return undefined;
      return f.broadcast(withInputs(f, node, small), node.type.shape);
    },
    example: (f) => f.mul(f.broadcast(column(f), [rows, classes]), matrix(f)),
  },
  {
    law: "f(reshape x, y) = f(x, y) where the reshape only adds axes of size 1 in front",
    on: elementwiseNames,
    rule: (node, f) => {
      const bare = node.inputs.map(withoutLeadingOnes);
      if (bare.every((operand, index) => operand === node.inputs[index])) return undefined;
      const joint = jointShape(bare);
      return joint !== undefined && isShape(joint, node.type.shape) ? withInputs(f, node, bare) : undefined;
    },
    example: (f) => f.mul(f.reshape(leaf(f, "v", "f32", classes), [constantDim(1), classes]), matrix(f)),
  },
  {
    law: "f(reshape x, v) = reshape f(x, v) where the reshape keeps the last axis and v has no other",
    on: elementwiseNames,
    rule: (node, f) => reshapedAfterwards(node, f),
    example: (f) =>
      f.sub(f.reshape(cube(f), [multiplyDims(rows, constantDim(2)), classes]), leaf(f, "v", "f32", classes)),
  },
  {
    law: "f(reshape x, reshape y, s) = reshape f(x, y, s) for x and y of one shape and a scalar s",
    on: elementwiseNames,
    rule: (node, f) => rearrangedAfterwards(node, f),
    example: (f) => {
      const joined = (x: Node): Node => f.reshape(x, [multiplyDims(rows, classes)]);
      return f.select(joined(mask(f)), joined(matrix(f)), leaf(f, "s", "f32"));
    },
  },
  {
    law: "f(reshape x, reshape y) = reshape f(x, y) where the reshapes only add axes of size 1",
    on: elementwiseNames,
    rule: (node, f) => onesAddedAfterwards(node, f),
    example: (f) => f.mul(f.reshape(leaf(f, "v", "f32", rows), [rows, constantDim(1)]), leaf(f, "s", "f32")),
  },
  {
    law: "sum(broadcast x) = size · x along stretched axes; max(broadcast x) = x",
    on: ["sum", "max"],
    rule: (node, f) => reducedBroadcast(node, f),
    example: (f) => f.sum(f.broadcast(column(f), [rows, classes]), { axes: [0, 1], keepDims: false }),
  },
];

/** f32[N, 2, C] */
function cube(f: Formulas): Node {
  return leaf(f, "x", "f32", rows, constantDim(2), classes);
}

/** Only for operands of the result's own shape that were all reshaped from one shape. */
function reshapedAfterwards(node: Node, f: Formulas): Node | undefined {
  const moved = node.inputs.filter((operand) => operand.type.shape.length > 1);
  const [first] = moved;
  if (first === undefined || first.op !== "reshape") return undefined;
  const { shape } = input(first, 0).type;
  const [own, last] = [shape.at(-1), node.type.shape.at(-1)];
  if (own === undefined || last === undefined || !sameDim(own, last) || shape.length < 2) return undefined;
  const fits = moved.every(
    (operand) =>
      operand.op === "reshape" &&
      isShape(operand.type.shape, node.type.shape) &&
      isShape(input(operand, 0).type.shape, shape),
  );
  if (!fits) return undefined;
  const sources = node.inputs.map((operand) => (operand.type.shape.length > 1 ? input(operand, 0) : operand));
  const made = withInputs(f, node, sources);
  return isShape(made.type.shape, shape) ? f.reshape(made, node.type.shape) : undefined;
}

/** A reduction of everything then meets the values with their own axes, and so does the reshape back of a gradient. */
function rearrangedAfterwards(node: Node, f: Formulas): Node | undefined {
  const { shape } = node.type;
  const isScalar = ({ type }: Node): boolean => type.shape.length === 0;
  const whole = node.inputs.filter((operand) => !isScalar(operand));
  const [first] = whole;
  if (first?.op !== "reshape") return undefined;
  const own = input(first, 0).type.shape;
  const fits = whole.every(
    (operand) =>
      operand.op === "reshape" &&
      isShape(operand.type.shape, shape) &&
      isShape(input(operand, 0).type.shape, own),
  );
  if (!fits) return undefined;
  const sources = node.inputs.map((operand) => (isScalar(operand) ? operand : input(operand, 0)));
  return f.reshape(withInputs(f, node, sources), shape);
}

/** Where every operand is a scalar, or has the result's axes larger than 1 by itself or under a reshape. */
function onesAddedAfterwards(node: Node, f: Formulas): Node | undefined {
  const large = node.type.shape.filter((dim) => !isSize(dim, 1));
  const sources = node.inputs.map((operand) => {
    const bare = operand.op === "reshape" ? input(operand, 0) : operand;
    return bare.type.shape.length === 0 || isShape(bare.type.shape, large) ? bare : undefined;
  });
  const bare = sources.filter((source) => source !== undefined);
  const isNew = bare.some((source, index) => source !== node.inputs[index]);
  const isWhole = bare.some(({ type }) => isShape(type.shape, large));
  if (!isNew || !isWhole || bare.length < sources.length) return undefined;
  return f.reshape(withInputs(f, node, bare), node.type.shape);
}

function withoutLeadingOnes(node: Node): Node {
  if (node.op !== "reshape") return node;
  const x = input(node, 0);
  const extra = node.type.shape.length - x.type.shape.length;
  const leading = extra > 0 && node.type.shape.slice(0, extra).every((dim) => isSize(dim, 1));
  return leading && isShape(node.type.shape.slice(extra), x.type.shape) ? withoutLeadingOnes(x) : node;
}

function reducedBroadcast(node: Node, f: Formulas): Node | undefined {
  const stretched = inputOf(node, 0);
  if (!(isOp(node, "sum") || isOp(node, "max")) || stretched.op !== "broadcast") return undefined;
  if (node.type.dtype !== "f32") return undefined;
  const { shape } = stretched.type;
  const x = input(stretched, 0);
  const padded = [...shape.slice(x.type.shape.length).map(() => constantDim(1)), ...x.type.shape];
  const isStretched = (axis: number): boolean =>
    isSize(padded[axis] ?? constantDim(1), 1) && !isSize(shape[axis] ?? constantDim(1), 1);
  const { axes, keepDims } = node.attrs;
  if (!axes.some(isStretched)) return undefined;
  const rest = axes.filter((axis) => !isStretched(axis));
  const own = f.reshape(x, padded);
  const reduced = rest.length === 0 ? own : f.make(node.op, [own], { axes: rest, keepDims: true });
  const factor = productOfDims(shape.filter((_, axis) => axes.includes(axis) && isStretched(axis)));
  const scaled = isOp(node, "sum") ? f.mul(sizeNode(f, factor), reduced) : reduced;
  const kept = scaled.type.shape.filter((_, axis) => keepDims || !axes.includes(axis));
  const shaped = f.reshape(scaled, kept);
  const joint = jointShape([shaped, node]);
  return joint !== undefined && isShape(joint, node.type.shape)
    ? f.broadcast(shaped, node.type.shape)
    : undefined;
}
