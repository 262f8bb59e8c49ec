/**
 * `select`: known conditions, equal branches, and what a condition already decides inside its branches. A
 * product with a condition cast to a number is a choice between the other factor and 0.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { column, mask, matrix } from "./examples.ts";
import {
  type Context,
  type SimplifyRule,
  constantValue,
  input,
  isConstant,
  isElementwise,
  isShape,
  like,
  withInputs,
} from "./rule.ts";

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
    rule: (node, f, context) => {
      const [condition, yes, no] = [input(node, 0), input(node, 1), input(node, 2)];
      const [decidedYes, decidedNo] = [
        decided(f, yes, condition, 1, context),
        decided(f, no, condition, 2, context),
      ];
      return decidedYes === yes && decidedNo === no
        ? undefined
        : like(f, f.select(condition, decidedYes, decidedNo), node.type);
    },
    example: (f) => f.select(mask(f), f.f32(0), f.exp(f.select(mask(f), column(f), matrix(f)))),
  },
  {
    law: "select(c, a, b) + x · select(c, d, 0) = select(c, a + x · d, b) where a or b is 0",
    on: ["add"],
    rule: (node, f) => mergedChoices(node, f),
    example: (f) =>
      f.add(
        f.select(mask(f), f.f32(0), matrix(f, "z")),
        f.mul(matrix(f), f.select(mask(f), column(f, "q"), f.f32(0))),
      ),
  },
  {
    law: "r · x + select(c, -r, 0) = r · (x + select(c, -1, 0)) where r is smaller than x",
    on: ["add"],
    rule: (node, f) => {
      for (const [product, choice] of [
        [input(node, 0), input(node, 1)],
        [input(node, 1), input(node, 0)],
      ] as const) {
        if (product.op !== "mul" || choice.op !== "select" || !isConstant(input(choice, 2), 0)) continue;
        for (const [r, x] of [
          [input(product, 0), input(product, 1)],
          [input(product, 1), input(product, 0)],
        ] as const) {
          if (isShape(r.type.shape, node.type.shape) || !isNegative(input(choice, 1), r)) continue;
          if (!isShape(x.type.shape, node.type.shape)) continue;
          return f.mul(r, f.add(x, f.select(input(choice, 0), f.f32(-1), f.f32(0))));
        }
      }
      return undefined;
    },
    example: (f) => f.add(f.mul(column(f), matrix(f)), f.select(mask(f), f.neg(column(f)), f.f32(0))),
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
    law: "select(c, r · x, r · y) = r · select(c, x, y)",
    on: ["select"],
    rule: (node, f) => {
      const [condition, yes, no] = [input(node, 0), input(node, 1), input(node, 2)];
      if (yes.op !== "mul" || no.op !== "mul") return undefined;
      for (const own of [0, 1] as const)
        for (const other of [0, 1] as const)
          if (input(yes, own) === input(no, other)) {
            const rest = f.select(condition, input(yes, 1 - own), input(no, 1 - other));
            return like(f, f.mul(input(yes, own), rest), node.type);
          }
      return undefined;
    },
    example: (f) => f.select(mask(f), f.mul(column(f), matrix(f)), f.mul(matrix(f, "z"), column(f))),
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

/**
 * An element-wise branch with every select on the same condition decided: input 1 or 2 of it is taken. It
 * goes only through values that have no other reader, since those are computed again in any case.
 */
function decided(f: Formulas, branch: Node, condition: Node, side: 1 | 2, { usedOnce }: Context): Node {
  let left = searchLimit;
  const visit = (node: Node): Node => {
    if (node.op === "select" && input(node, 0) === condition)
      return like(f, visit(input(node, side)), node.type);
    if (!isElementwise(node) || !usedOnce(node) || left-- <= 0) return node;
    const inputs = node.inputs.map(visit);
    return inputs.some((operand, index) => operand !== node.inputs[index])
      ? withInputs(f, node, inputs)
      : node;
  };
  return visit(branch);
}

interface Choice {
  readonly condition: Node;
  readonly yes: Node;
  readonly no: Node;
}

/** A select, or a product of one that has a 0 with something: its factor belongs to the other branch. */
function choiceOf(f: Formulas, node: Node): Choice | undefined {
  if (node.op === "select") return { condition: input(node, 0), yes: input(node, 1), no: input(node, 2) };
  if (node.op !== "mul") return undefined;
  for (const [choice, factor] of [
    [input(node, 0), input(node, 1)],
    [input(node, 1), input(node, 0)],
  ] as const) {
    if (choice.op !== "select") continue;
    const [condition, yes, no] = [input(choice, 0), input(choice, 1), input(choice, 2)];
    if (isConstant(no, 0)) return { condition, yes: f.mul(factor, yes), no };
    if (isConstant(yes, 0)) return { condition, yes, no: f.mul(factor, no) };
  }
  return undefined;
}

function mergedChoices(node: Node, f: Formulas): Node | undefined {
  const [one, two] = [choiceOf(f, input(node, 0)), choiceOf(f, input(node, 1))];
  if (one === undefined || two === undefined || one.condition !== two.condition) return undefined;
  const free = (a: Node, b: Node): boolean => isConstant(a, 0) || isConstant(b, 0);
  // A smaller condition chooses between smaller values: merged, it would choose between large ones.
  if (!isShape(one.condition.type.shape, node.type.shape)) return undefined;
  if (!free(one.yes, two.yes) && !free(one.no, two.no)) return undefined;
  const together = (a: Node, b: Node): Node => (isConstant(a, 0) ? b : isConstant(b, 0) ? a : f.add(a, b));
  const merged = f.select(one.condition, together(one.yes, two.yes), together(one.no, two.no));
  return like(f, merged, node.type);
}

/** Whether a is -b: written so, or both known. */
function isNegative(a: Node, b: Node): boolean {
  const [left, right] = [constantValue(a), constantValue(b)];
  return (
    (a.op === "neg" && input(a, 0) === b) || (left !== undefined && right !== undefined && left === -right)
  );
}
