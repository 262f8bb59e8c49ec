/**
 * Identities of sums, signs, powers and logic. Signs move outwards, where they meet and cancel.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { leaf, mask, matrix, column } from "./examples.ts";
import { type SimplifyRule, constantValue, input, isConstant, like } from "./rule.ts";

const sums: readonly SimplifyRule[] = [
  {
    law: "0 + x = x",
    on: ["add"],
    rule: (node, f) => (isConstant(input(node, 0), 0) ? like(f, input(node, 1), node.type) : undefined),
    example: (f) => f.add(f.f32(0), matrix(f)),
  },
  {
    law: "x - 0 = x",
    on: ["sub"],
    rule: (node, f) => (isConstant(input(node, 1), 0) ? like(f, input(node, 0), node.type) : undefined),
    example: (f) => f.sub(matrix(f), f.f32(0)),
  },
  {
    law: "0 - x = -x",
    on: ["sub"],
    rule: (node, f) =>
      isConstant(input(node, 0), 0) ? like(f, f.neg(input(node, 1)), node.type) : undefined,
    example: (f) => f.sub(f.f32(0), matrix(f)),
  },
  {
    law: "x - x = 0",
    on: ["sub"],
    rule: (node, f) => (input(node, 0) === input(node, 1) ? f.filled(0, node.type) : undefined),
    example: (f) => f.sub(matrix(f), matrix(f)),
  },
  {
    law: "x + x = 2 · x",
    on: ["add"],
    rule: (node, f) =>
      input(node, 0) === input(node, 1) ? f.mul(f.constant(2, node.type.dtype), input(node, 0)) : undefined,
    example: (f) => f.add(matrix(f), matrix(f)),
  },
  {
    law: "b + (a + b) = a + 2 · b",
    on: ["add"],
    rule: (node, f, { usedOnce }) => {
      for (const [b, sum] of [
        [input(node, 0), input(node, 1)],
        [input(node, 1), input(node, 0)],
      ] as const) {
        if (sum.op !== "add" || !usedOnce(sum) || (input(sum, 0) !== b && input(sum, 1) !== b)) continue;
        const a = input(sum, 0) === b ? input(sum, 1) : input(sum, 0);
        return f.add(a, f.mul(f.constant(2, node.type.dtype), b));
      }
      return undefined;
    },
    example: (f) => f.add(matrix(f), f.add(column(f), matrix(f))),
  },
  {
    law: "a + -b = a - b",
    on: ["add"],
    rule: (node, f) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      if (b.op === "neg") return f.sub(a, input(b, 0));
      return a.op === "neg" ? f.sub(b, input(a, 0)) : undefined;
    },
    example: (f) => f.add(matrix(f), f.neg(matrix(f, "z"))),
  },
  {
    law: "a - -b = a + b",
    on: ["sub"],
    rule: (node, f) =>
      input(node, 1).op === "neg" ? f.add(input(node, 0), input(input(node, 1), 0)) : undefined,
    example: (f) => f.sub(matrix(f), f.neg(matrix(f, "z"))),
  },
  {
    law: "-a - b = -(a + b)",
    on: ["sub"],
    rule: (node, f) =>
      input(node, 0).op === "neg" ? f.neg(f.add(input(input(node, 0), 0), input(node, 1))) : undefined,
    example: (f) => f.sub(f.neg(matrix(f)), matrix(f, "z")),
  },
  {
    law: "c + (d + x) = (c + d) + x for constants c, d",
    on: ["add"],
    rule: (node, f) => {
      const [c, rest] = [input(node, 0), input(node, 1)];
      if (!isOp(c, "constant") || rest.op !== "add" || !isOp(input(rest, 0), "constant")) return undefined;
      return f.add(f.add(c, input(rest, 0)), input(rest, 1));
    },
    example: (f) => f.add(f.f32(2), f.add(f.f32(3), matrix(f))),
  },
];

const signs: readonly SimplifyRule[] = [
  {
    law: "--x = x",
    on: ["neg"],
    rule: (node) => (input(node, 0).op === "neg" ? input(input(node, 0), 0) : undefined),
    example: (f) => f.neg(f.neg(matrix(f))),
  },
  {
    law: "-(a - b) = b - a",
    on: ["neg"],
    rule: (node, f) => {
      const difference = input(node, 0);
      return difference.op === "sub" ? f.sub(input(difference, 1), input(difference, 0)) : undefined;
    },
    example: (f) => f.neg(f.sub(matrix(f), column(f))),
  },
  {
    law: "-(c · x) = -c · x for a constant c",
    on: ["neg"],
    rule: (node, f) => {
      const product = input(node, 0);
      const constant = product.op === "mul" ? input(product, 0) : undefined;
      return constant !== undefined && isOp(constant, "constant")
        ? f.mul(f.constant(-constant.attrs.value, constant.attrs.dtype), input(product, 1))
        : undefined;
    },
    example: (f) => f.neg(f.mul(f.f32(3), matrix(f))),
  },
  {
    law: "-a · b = -(a · b) and -a / b = -(a / b)",
    on: ["mul", "div"],
    rule: (node, f) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      if (a.op === "neg") return f.neg(f.make(node.op, [input(a, 0), b], {}));
      return b.op === "neg" ? f.neg(f.make(node.op, [a, input(b, 0)], {})) : undefined;
    },
    example: (f) => f.mul(f.neg(matrix(f)), column(f)),
  },
  {
    law: "|-x| = |x| and ||x|| = |x|",
    on: ["abs"],
    rule: (node, f) => {
      const x = input(node, 0);
      return x.op === "neg" || x.op === "abs" ? f.abs(input(x, 0)) : undefined;
    },
    example: (f) => f.abs(f.neg(matrix(f))),
  },
];

const powers: readonly SimplifyRule[] = [
  {
    law: "x^1 = x, x^0 = 1, x^2 = x · x, x^-1 = 1 / x, x^½ = √x",
    on: ["pow"],
    rule: (node, f) => {
      const x = input(node, 0);
      const power = powerOf(x, constantValue(input(node, 1)), f);
      return power === undefined ? undefined : like(f, power, node.type);
    },
    example: (f) => f.pow(matrix(f), f.f32(2)),
  },
  {
    law: "log(exp x) = x",
    on: ["log"],
    rule: (node) => (input(node, 0).op === "exp" ? input(input(node, 0), 0) : undefined),
    example: (f) => f.log(f.exp(matrix(f))),
  },
];

const logic: readonly SimplifyRule[] = [
  {
    law: "not not p = p",
    on: ["not"],
    rule: (node) => (input(node, 0).op === "not" ? input(input(node, 0), 0) : undefined),
    example: (f) => f.not(f.not(mask(f))),
  },
  {
    law: "true and p = p, false and p = false, p and p = p",
    on: ["and"],
    rule: (node, f) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      if (isConstant(a, 1) || a === b) return like(f, b, node.type);
      return isConstant(a, 0) ? f.filled(0, node.type) : undefined;
    },
    example: (f) => f.and(f.constant(1, "bool"), mask(f)),
  },
  {
    law: "false or p = p, true or p = true, p or p = p",
    on: ["or"],
    rule: (node, f) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      if (isConstant(a, 0) || a === b) return like(f, b, node.type);
      return isConstant(a, 1) ? f.filled(1, node.type) : undefined;
    },
    example: (f) => f.make("or", [f.constant(0, "bool"), mask(f)], {}),
  },
  {
    law: "n = n and n ≤ n are true, n < n is false, for integers",
    on: ["equal", "less_equal", "less"],
    rule: (node, f) => {
      const [a, b] = [input(node, 0), input(node, 1)];
      return a === b && a.type.dtype === "i32" ? f.filled(node.op === "less" ? 0 : 1, node.type) : undefined;
    },
    example: (f) => f.equal(leaf(f, "y", "i32"), leaf(f, "y", "i32")),
  },
  {
    law: "min(x, x) = max(x, x) = x",
    on: ["minimum", "maximum"],
    rule: (node) => (input(node, 0) === input(node, 1) ? input(node, 0) : undefined),
    example: (f) => f.maximum(matrix(f), matrix(f)),
  },
];

export const arithmeticRules: readonly SimplifyRule[] = [...sums, ...signs, ...powers, ...logic];

function powerOf(x: Node, exponent: number | undefined, f: Formulas): Node | undefined {
  if (exponent === undefined) return undefined;
  const powers = new Map<number, () => Node>([
    [0, () => f.filled(1, x.type)],
    [1, () => x],
    [2, () => f.mul(x, x)],
    [0.5, () => f.sqrt(x)],
    [-1, () => f.div(f.f32(1), x)],
  ]);
  return powers.get(exponent)?.();
}
