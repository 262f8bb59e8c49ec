/**
 * Products: units, and factors that gather in front, so that a large value is touched once. A factor counts
 * as small when the product is stretched over it. Laws hold for finite values: 0 · x = 0 forgets an infinity.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { column, matrix, scalar } from "./examples.ts";
import { type SimplifyRule, constantValue, input, isConstant, isShape, jointShape, like } from "./rule.ts";

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

export const factorRules: readonly SimplifyRule[] = [...products, ...distributions];

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
