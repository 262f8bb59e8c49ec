/**
 * Known arguments run the reference: an operation on constants is the constant that the evaluator gives.
 */
import { constantDim, knownSize } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { reference } from "../../ops/arrays.ts";
import type { Reference } from "../../ops/record.ts";
import { evaluateNode } from "../../ops/table.ts";
import { leaf } from "./examples.ts";
import { type SimplifyRule, constantValue, elementwiseNames, input } from "./rule.ts";

/** Lists longer than this stay lists of operations: the artifact would hold every number. */
const longestLiteral = 64;

export const constantRules: readonly SimplifyRule[] = [
  {
    law: "f(constants) is a constant",
    on: [...elementwiseNames, "sum", "max", "logsumexp", "reshape", "gather", "cumsum"],
    rule: (node, f) => folded(node, f),
    example: (f) => f.add(f.f32(6), f.make("literal", [], { values: [1, 2, 4], dtype: "f32" })),
  },
  {
    law: "the size of a known dimension is a constant",
    on: ["size"],
    rule: (node, f) => {
      const known = isOp(node, "size") ? knownSize(node.attrs.dim) : undefined;
      return known === undefined ? undefined : f.f32(known);
    },
    example: (f) => f.make("size", [], { dim: constantDim(7) }),
  },
  {
    law: "c + x = x + c, c · x = x · c: constants stand first, then older values",
    on: ["add", "mul", "and", "or", "equal"],
    rule: (node, f) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      const [left, right] = [constantValue(a) !== undefined, constantValue(b) !== undefined];
      const swap = left === right ? !left && a.id > b.id : right;
      return swap ? f.make(node.op, [b, a], {}) : undefined;
    },
    example: (f) => f.mul(leaf(f, "x", "f32"), f.f32(3)),
  },
];

function folded(node: Node, f: Formulas): Node | undefined {
  if (!node.inputs.every((operand) => isOp(operand, "constant") || isOp(operand, "literal")))
    return undefined;
  const shape = node.type.shape.map(knownSize).filter((size) => size !== undefined);
  if (shape.length !== node.type.shape.length || shape.length > 1 || (shape[0] ?? 1) > longestLiteral)
    return undefined;
  if (node.op === "reshape" && shape.length === 1 && isOp(input(node, 0), "constant")) return undefined;
  const { data } = evaluateNode(node, node.inputs.map(valueOf), shape, {});
  if (!data.every(Number.isFinite)) return undefined;
  const { dtype } = node.type;
  return shape.length === 0
    ? f.constant(data[0] ?? 0, dtype)
    : f.make("literal", [], { values: [...data], dtype });
}

function valueOf(node: Node): Reference {
  if (isOp(node, "literal"))
    return reference(node.attrs.dtype, [node.attrs.values.length], Float64Array.from(node.attrs.values));
  if (isOp(node, "constant")) return reference(node.attrs.dtype, [], Float64Array.of(node.attrs.value));
  throw new Error(`${node.op} is not a constant`);
}
