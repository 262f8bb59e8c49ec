/**
 * `select`: known conditions, equal branches, and what a condition already decides inside its branches. A
 * product with a condition cast to a number is a choice between the other factor and 0.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { column, mask, matrix } from "./examples.ts";
import { type SimplifyRule, input, isConstant, isElementwise, isShape, like, withInputs } from "./rule.ts";

/** How many element-wise nodes a branch is searched through for its own condition. */
const searchLimit = 24;

export const choiceRules: readonly SimplifyRule[] = [
  {
    law: "select(true, a, b) = a and select(false, a, b) = b",
    on: ["select"],
    rule: (node, f) => {
      const [condition, yes, no] = [input(node, 0), input(node, 1), input(node, 2)];
      if (isConstant(condition, 1)) return like(f, yes, node.type);
      return isConstant(condition, 0) ? like(f, no, node.type) : undefined;
    },
    example: (f) => f.select(f.constant(1, "bool"), column(f), matrix(f)),
  },
  {
    law: "select(c, a, a) = a",
    on: ["select"],
    rule: (node, f) => (input(node, 1) === input(node, 2) ? like(f, input(node, 1), node.type) : undefined),
    example: (f) => f.select(mask(f), column(f), column(f)),
  },
  {
    law: "select(not c, a, b) = select(c, b, a)",
    on: ["select"],
    rule: (node, f) => {
      const condition = input(node, 0);
      return condition.op === "not"
        ? f.select(input(condition, 0), input(node, 2), input(node, 1))
        : undefined;
    },
    example: (f) => f.select(f.not(mask(f)), column(f), matrix(f)),
  },
  {
    law: "inside select(c, a, b), c is true in a and false in b",
    on: ["select"],
    rule: (node, f) => {
      const [condition, yes, no] = [input(node, 0), input(node, 1), input(node, 2)];
      const [decidedYes, decidedNo] = [decided(f, yes, condition, 1), decided(f, no, condition, 2)];
      return decidedYes === yes && decidedNo === no
        ? undefined
        : like(f, f.select(condition, decidedYes, decidedNo), node.type);
    },
    example: (f) => f.select(mask(f), f.f32(0), f.exp(f.select(mask(f), column(f), matrix(f)))),
  },
  {
    law: "select(c, a, 0) + select(c, 0, b) = select(c, a, b)",
    on: ["add"],
    rule: (node, f) => {
      const [one, two] = [input(node, 0), input(node, 1)];
      if (one.op !== "select" || two.op !== "select" || input(one, 0) !== input(two, 0)) return undefined;
      const c = input(one, 0);
      if (isConstant(input(one, 2), 0) && isConstant(input(two, 1), 0))
        return like(f, f.select(c, input(one, 1), input(two, 2)), node.type);
      return isConstant(input(one, 1), 0) && isConstant(input(two, 2), 0)
        ? like(f, f.select(c, input(two, 1), input(one, 2)), node.type)
        : undefined;
    },
    example: (f) => f.add(f.select(mask(f), column(f), f.f32(0)), f.select(mask(f), f.f32(0), matrix(f))),
  },
  {
    law: "select(c, 0, r · x) = r · select(c, 0, x) where r is smaller than x, and c is not",
    on: ["select"],
    rule: (node, f) => {
      const condition = input(node, 0);
      if (!isShape(condition.type.shape, node.type.shape)) return undefined;
      for (const side of [1, 2] as const) {
        const product = input(node, side);
        if (product.op !== "mul" || !isConstant(input(node, 3 - side), 0)) continue;
        for (const [r, x] of [
          [input(product, 0), input(product, 1)],
          [input(product, 1), input(product, 0)],
        ] as const) {
          if (isShape(r.type.shape, node.type.shape) || !isShape(x.type.shape, node.type.shape)) continue;
          const zero = input(node, 3 - side);
          return f.mul(r, side === 1 ? f.select(condition, x, zero) : f.select(condition, zero, x));
        }
      }
      return undefined;
    },
    example: (f) => f.select(mask(f), f.f32(0), f.mul(column(f), matrix(f))),
  },
  {
    law: "number(c) · x = select(c, x, 0)",
    on: ["mul"],
    rule: (node, f) => {
      for (const [factor, x] of [
        [input(node, 0), input(node, 1)],
        [input(node, 1), input(node, 0)],
      ] as const)
        if (isOp(factor, "cast") && input(factor, 0).type.dtype === "bool")
          return f.select(input(factor, 0), x, f.constant(0, node.type.dtype));
      return undefined;
    },
    example: (f) => f.mul(f.cast(mask(f), "f32"), matrix(f)),
  },
  {
    law: "number(c) is select(c, 1, 0) when compared: 0 < number(c) = c",
    on: ["less"],
    rule: (node, f) => {
      const number = input(node, 1);
      const holds =
        isConstant(input(node, 0), 0) && isOp(number, "cast") && input(number, 0).type.dtype === "bool";
      return holds ? like(f, input(number, 0), node.type) : undefined;
    },
    example: (f) => f.less(f.f32(0), f.cast(mask(f), "f32")),
  },
];

/** An element-wise branch with every select on the same condition decided: input 1 or 2 of it is taken. */
function decided(f: Formulas, branch: Node, condition: Node, side: 1 | 2): Node {
  let left = searchLimit;
  const seen = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    const known = seen.get(node);
    if (known !== undefined) return known;
    if (!isElementwise(node) || left-- <= 0) return node;
    if (node.op === "select" && input(node, 0) === condition)
      return like(f, visit(input(node, side)), node.type);
    const inputs = node.inputs.map(visit);
    const changed = inputs.some((operand, index) => operand !== node.inputs[index]);
    const result = changed ? withInputs(f, node, inputs) : node;
    seen.set(node, result);
    return result;
  };
  return visit(branch);
}
