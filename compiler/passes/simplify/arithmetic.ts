/**
 * Identities of arithmetic and logic. Signs move outwards, scalar and row factors gather in front, so that
 * a large value is touched once. Laws hold for finite values: 0 · x = 0 forgets an infinity.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { leaf, mask, matrix, column, scalar } from "./examples.ts";
import { type SimplifyRule, constantValue, input, isConstant, isShape, jointShape, like } from "./rule.ts";

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

const products: readonly SimplifyRule[] = [
  {
    law: "1 · x = x",
    on: ["mul"],
    rule: (node, f) => (isConstant(input(node, 0), 1) ? like(f, input(node, 1), node.type) : undefined),
    example: (f) => f.mul(f.f32(1), matrix(f)),
  },
  {
    law: "-1 · x = -x",
    on: ["mul"],
    rule: (node, f) =>
      isConstant(input(node, 0), -1) ? like(f, f.neg(input(node, 1)), node.type) : undefined,
    example: (f) => f.mul(f.f32(-1), matrix(f)),
  },
  {
    law: "0 · x = 0 and 0 / x = 0",
    on: ["mul", "div"],
    rule: (node, f) => (isConstant(input(node, 0), 0) ? f.filled(0, node.type) : undefined),
    example: (f) => f.mul(f.f32(0), matrix(f)),
  },
  {
    law: "x / c = (1 / c) · x for a constant c",
    on: ["div"],
    rule: (node, f) => {
      const c = constantValue(input(node, 1));
      const inverse = c === undefined ? NaN : 1 / c;
      return Number.isFinite(inverse) && inverse !== 0
        ? like(f, f.mul(f.f32(inverse), input(node, 0)), node.type)
        : undefined;
    },
    example: (f) => f.div(matrix(f), f.f32(8)),
  },
  {
    law: "c · (d · x) = (c · d) · x for constants c, d",
    on: ["mul"],
    rule: (node, f) => {
      const [c, rest] = [input(node, 0), input(node, 1)];
      if (!isOp(c, "constant") || rest.op !== "mul" || !isOp(input(rest, 0), "constant")) return undefined;
      return f.mul(f.mul(c, input(rest, 0)), input(rest, 1));
    },
    example: (f) => f.mul(f.f32(2), f.mul(f.f32(3), scalar(f))),
  },
  {
    law: "a · (b · x) = (a · b) · x where a and b are smaller than x",
    on: ["mul"],
    rule: (node, f) => regrouped(node, f),
    example: (f) => f.mul(f.mul(column(f), matrix(f)), scalar(f)),
  },
  {
    law: "x · (r · y) = r · (x · y) where r is smaller than x and y",
    on: ["mul"],
    rule: (node, f, { usedOnce }) => {
      for (const [x, product] of [
        [input(node, 0), input(node, 1)],
        [input(node, 1), input(node, 0)],
      ] as const) {
        const part = isShape(x.type.shape, node.type.shape) ? factored(product) : undefined;
        if (part === undefined || !isShape(part.large.type.shape, node.type.shape)) continue;
        // A shared product stays, unless it is an adjoint: its readers' results are about to be added up.
        if (usedOnce(product) || part.large.op === "select") return f.mul(part.small, f.mul(x, part.large));
      }
      return undefined;
    },
    example: (f) => f.mul(matrix(f), f.mul(column(f), matrix(f, "z"))),
  },
  {
    law: "c · (x / y) = (c · x) / y for a constant c and an x smaller than y",
    on: ["mul"],
    rule: (node, f) => {
      const [c, ratio] = [input(node, 0), input(node, 1)];
      if (!isOp(c, "constant") || ratio.op !== "div") return undefined;
      const x = input(ratio, 0);
      return isShape(x.type.shape, ratio.type.shape) && !isOp(x, "constant")
        ? undefined
        : f.div(f.mul(c, x), input(ratio, 1));
    },
    example: (f) => f.mul(f.f32(3), f.div(column(f), f.exp(matrix(f)))),
  },
];

const distributions: readonly SimplifyRule[] = [
  {
    law: "c · (a · x + b · y) = (c · a) · x + (c · b) · y where a, b and c are smaller than x and y",
    on: ["mul"],
    rule: (node, f, { usedOnce }) => {
      const [c, sum] = [input(node, 0), input(node, 1)];
      if ((sum.op !== "add" && sum.op !== "sub") || isShape(c.type.shape, node.type.shape)) return undefined;
      if (!usedOnce(sum)) return undefined;
      const parts = sum.inputs.map(factored);
      if (!parts.every((part) => part !== undefined && isShape(part.large.type.shape, node.type.shape)))
        return undefined;
      const scaled = parts.map((part, index) => {
        const small = part === undefined ? undefined : f.mul(c, part.small);
        return small === undefined || isShape(small.type.shape, node.type.shape)
          ? undefined
          : f.mul(small, part?.large ?? input(sum, index));
      });
      const [left, right] = scaled;
      return left === undefined || right === undefined ? undefined : f.make(sum.op, [left, right], {});
    },
    example: (f) => f.mul(f.f32(3), f.add(f.mul(column(f), matrix(f)), f.mul(scalar(f), matrix(f, "z")))),
  },
  {
    law: "a · x + a · y = a · (x + y), and with minus",
    on: ["add", "sub"],
    rule: (node, f, { usedOnce }) => {
      const [left, right] = [input(node, 0), input(node, 1)];
      if (left.op !== "mul" || right.op !== "mul" || !usedOnce(left) || !usedOnce(right)) return undefined;
      for (const own of [0, 1] as const)
        for (const other of [0, 1] as const)
          if (input(left, own) === input(right, other)) {
            const rest = f.make(node.op, [input(left, 1 - own), input(right, 1 - other)], {});
            return f.mul(input(left, own), rest);
          }
      return undefined;
    },
    example: (f) => f.sub(f.mul(matrix(f), column(f)), f.mul(matrix(f, "z"), matrix(f))),
  },
  {
    law: "x - (y + b · x) = (1 - b) · x - y where b is smaller than x",
    on: ["sub"],
    rule: (node, f, { usedOnce }) => {
      const [x, sum] = [input(node, 0), input(node, 1)];
      if (sum.op !== "add" || !usedOnce(sum) || !isShape(x.type.shape, node.type.shape)) return undefined;
      for (const [own, y] of [
        [input(sum, 0), input(sum, 1)],
        [input(sum, 1), input(sum, 0)],
      ] as const) {
        const part = factored(own);
        if (part?.large === x) return f.sub(f.mul(f.sub(f.f32(1), part.small), x), y);
      }
      return undefined;
    },
    example: (f) => f.sub(matrix(f), f.add(matrix(f, "z"), f.mul(column(f), matrix(f)))),
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

export const arithmeticRules: readonly SimplifyRule[] = [
  ...sums,
  ...signs,
  ...products,
  ...distributions,
  ...powers,
  ...logic,
];

/** A product's two small factors first; only when together they are still smaller than the result. */
function regrouped(node: Node, f: Formulas): Node | undefined {
  const [left, right] = [input(node, 0), input(node, 1)];
  for (const [outer, inner] of [
    [left, right],
    [right, left],
  ] as const) {
    if (inner.op !== "mul" || isShape(outer.type.shape, node.type.shape)) continue;
    for (const [small, large] of [
      [input(inner, 0), input(inner, 1)],
      [input(inner, 1), input(inner, 0)],
    ] as const) {
      const together = jointShape([outer, small]);
      const smaller = together !== undefined && !isShape(together, node.type.shape);
      if (smaller && isShape(large.type.shape, node.type.shape)) return f.mul(f.mul(outer, small), large);
    }
  }
  return undefined;
}

/** A product of a small factor and a value of the product's own shape. */
function factored(product: Node): { readonly small: Node; readonly large: Node } | undefined {
  if (product.op !== "mul" || product.type.dtype !== "f32") return undefined;
  for (const [small, large] of [
    [input(product, 0), input(product, 1)],
    [input(product, 1), input(product, 0)],
  ] as const) {
    const fits =
      isShape(large.type.shape, product.type.shape) && !isShape(small.type.shape, product.type.shape);
    if (fits) return { small, large };
  }
  return undefined;
}

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
