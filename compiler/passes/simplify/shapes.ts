/**
 * Reshapes, transposes, casts, slices and pads that cancel, merge or do nothing.
 */
import { type Dim, addDims, constantDim, isSize } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { sameType } from "../../ir/type.ts";
import { classes, column, leaf, mask, matrix, rows } from "./examples.ts";
import { type SimplifyRule, input, isShape } from "./rule.ts";

export const shapeRules: readonly SimplifyRule[] = [
  {
    law: "reshape(x, its own shape) = x; the same for broadcast, cast and slice",
    on: ["reshape", "broadcast", "cast", "slice"],
    rule: (node) => {
      const x = input(node, 0);
      const whole = !isOp(node, "slice") || node.attrs.starts.every((start) => isSize(start, 0));
      return whole && sameType(x.type, node.type) ? x : undefined;
    },
    example: (f) => f.make("reshape", [matrix(f)], { shape: [rows, classes] }),
  },
  {
    law: "reshape(reshape x) = reshape x",
    on: ["reshape"],
    rule: (node, f) =>
      input(node, 0).op === "reshape" ? f.reshape(input(input(node, 0), 0), node.type.shape) : undefined,
    example: (f) => f.reshape(f.reshape(column(f), [rows]), [constantDim(1), rows]),
  },
  {
    law: "transpose(transpose x) is one transpose",
    on: ["transpose"],
    rule: (node, f) => {
      const inner = input(node, 0);
      if (!isOp(node, "transpose") || !isOp(inner, "transpose")) return undefined;
      const { permutation } = inner.attrs;
      return f.transpose(
        input(inner, 0),
        node.attrs.permutation.map((axis) => permutation[axis] ?? 0),
      );
    },
    example: (f) => f.flip(f.flip(matrix(f))),
  },
  {
    law: "a transpose that keeps the order of the axes larger than 1 is a reshape",
    on: ["transpose"],
    rule: (node, f) => {
      if (!isOp(node, "transpose")) return undefined;
      const { shape } = input(node, 0).type;
      const large = node.attrs.permutation.filter((axis) => !isSize(shape[axis] ?? constantDim(1), 1));
      const ascending = large.every((axis, index) => index === 0 || axis > (large[index - 1] ?? 0));
      return ascending ? f.reshape(input(node, 0), node.type.shape) : undefined;
    },
    example: (f) => f.flip(column(f)),
  },
  {
    law: "broadcast(broadcast x) = broadcast x",
    on: ["broadcast"],
    rule: (node, f) =>
      input(node, 0).op === "broadcast" ? f.broadcast(input(input(node, 0), 0), node.type.shape) : undefined,
    example: (f) => f.broadcast(f.broadcast(leaf(f, "s", "f32"), [rows, constantDim(1)]), [rows, classes]),
  },
  {
    law: "a broadcast that only adds axes of size 1 is a reshape",
    on: ["broadcast"],
    rule: (node, f) => {
      const x = input(node, 0);
      const extra = node.type.shape.length - x.type.shape.length;
      const adds = node.type.shape.slice(0, extra).every((dim) => isSize(dim, 1));
      return adds && isShape(x.type.shape, node.type.shape.slice(extra)) && x.op !== "constant"
        ? f.reshape(x, node.type.shape)
        : undefined;
    },
    example: (f) => f.broadcast(leaf(f, "v", "f32", classes), [constantDim(1), classes]),
  },
  {
    law: "one element is repeated from a scalar",
    on: ["broadcast"],
    rule: (node, f) => {
      const x = input(node, 0);
      const single = x.type.shape.length > 0 && x.type.shape.every((dim) => isSize(dim, 1));
      return single ? f.broadcast(f.reshape(x, []), node.type.shape) : undefined;
    },
    example: (f) => f.broadcast(leaf(f, "v", "f32", constantDim(1)), [rows, classes]),
  },
  {
    law: "reshape, transpose and slice of one repeated number are that number repeated",
    on: ["reshape", "transpose", "slice"],
    rule: (node, f) => {
      const x = input(node, 0);
      return x.op === "broadcast" && input(x, 0).type.shape.length === 0
        ? f.broadcast(input(x, 0), node.type.shape)
        : undefined;
    },
    example: (f) => f.flip(f.broadcast(leaf(f, "s", "f32"), [rows, classes])),
  },
  {
    law: "a number cast from bool through another type is cast at once",
    on: ["cast"],
    rule: (node, f) => {
      const inner = input(node, 0);
      const safe = inner.op === "cast" && input(inner, 0).type.dtype === "bool";
      return safe ? f.cast(input(inner, 0), node.type.dtype) : undefined;
    },
    example: (f) => f.cast(f.cast(mask(f), "i32"), "f32"),
  },
  {
    law: "pad by nothing = x",
    on: ["pad"],
    rule: (node) => {
      if (!isOp(node, "pad")) return undefined;
      const none = [...node.attrs.before, ...node.attrs.after].every((dim) => isSize(dim, 0));
      return none ? input(node, 0) : undefined;
    },
    example: (f) => f.make("pad", [matrix(f)], { before: zeros(2), after: zeros(2) }),
  },
  {
    law: "concat of one operand is that operand",
    on: ["concat"],
    rule: (node) => (node.inputs.length === 1 ? input(node, 0) : undefined),
    example: (f) => f.make("concat", [matrix(f)], { axis: 0 }),
  },
  {
    law: "a slice of a concat that is one operand is that operand",
    on: ["slice"],
    rule: (node) => slicedOperand(node),
    example: (f) => {
      const both = f.make("concat", [matrix(f), column(f)], { axis: 1 });
      return f.make("slice", [both], { starts: [constantDim(0), classes], sizes: [rows, constantDim(1)] });
    },
  },
];

function zeros(rank: number): readonly Dim[] {
  return Array.from({ length: rank }, () => constantDim(0));
}

function slicedOperand(node: Node): Node | undefined {
  const joined = input(node, 0);
  if (!isOp(node, "slice") || !isOp(joined, "concat")) return undefined;
  const { axis } = joined.attrs;
  const { starts } = node.attrs;
  if (!starts.every((start, i) => i === axis || isSize(start, 0))) return undefined;
  let start: Dim = constantDim(0);
  for (const operand of joined.inputs) {
    if (start.key === starts[axis]?.key && sameType(operand.type, node.type)) return operand;
    start = addDims(start, operand.type.shape[axis] ?? constantDim(0));
  }
  return undefined;
}
