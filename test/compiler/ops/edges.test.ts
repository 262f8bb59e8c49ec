/**
 * Values and gradients at the edges that margins meet: zero rows, cosines of ±1, ties, kinks, one row, one
 * class, indices out of range.
 */
import { describe, expect, test } from "vitest";
import { type Formulas, formulas } from "../../../compiler/ir/build.ts";
import { constantDim } from "../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../compiler/ir/node.ts";
import { errorFunction, roundHalfToEven } from "../../../compiler/ops/functions.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { values } from "../../support/references.ts";

interface Case {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly of: (f: Formulas, x: Node) => Node;
}

/** The value and the gradient of its sum, for one float input. */
function check({ shape, data, of }: Case): { value: number[]; gradient: number[] } {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const x = f.make("input", [], { name: "x", dtype: "f32", shape: shape.map(constantDim) });
  const y = of(f, x);
  const outputs = [
    { name: "value", node: y },
    { name: "gradient", node: f.make("gradient", [y, x], {}) },
  ];
  const results = evaluateGraph({ outputs }, { x: values("f32", shape, data) }, {});
  const numbers = (name: string): number[] => [...(results[name]?.data ?? [])].map((number) => number + 0);
  return { value: numbers("value"), gradient: numbers("gradient") };
}

describe("zero rows", () => {
  test("the norm and its gradient are 0", () => {
    const of = (f: Formulas, x: Node): Node => f.make("norm", [x], { axis: 1 });
    const { value, gradient } = check({ shape: [2, 2], data: [0, 0, 0, 4], of });
    expect(value).toEqual([0, 4]);
    expect(gradient).toEqual([0, 0, 0, 1]);
  });

  test("normalize keeps them, with gradient 0", () => {
    const of = (f: Formulas, x: Node): Node => f.make("normalize", [x], { axis: 1 });
    const { value, gradient } = check({ shape: [2, 2], data: [0, 0, 0, 4], of });
    expect(value).toEqual([0, 0, 0, 1]);
    expect(gradient).toEqual([0, 0, 0.25, 0]);
  });

  test("so does every step of a cosine of a zero row", () => {
    const of = (f: Formulas, x: Node): Node => {
      const unit = f.make("normalize", [x], { axis: 1 });
      return f.make("acos", [f.matmul(unit, unit, "keep", "flip")], {});
    };
    const { value, gradient } = check({ shape: [2, 2], data: [0, 0, 0, 4], of });
    expect(value).toEqual([Math.PI / 2, Math.PI / 2, Math.PI / 2, 0]);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});

describe("cosines of ±1", () => {
  const of = (f: Formulas, x: Node): Node => f.make("acos", [x], {});
  test("acos has gradient 0 there and is clamped beyond", () => {
    expect(check({ shape: [4], data: [1, -1, 1.5, -2], of })).toEqual({
      value: [0, Math.PI, 0, Math.PI],
      gradient: [0, 0, 0, 0],
    });
  });

  test("acos has its true gradient close by", () => {
    const near = 1 - 1e-9;
    expect(check({ shape: [1], data: [near], of }).gradient[0]).toBeCloseTo(
      -1 / Math.sqrt(1 - near * near),
      4,
    );
  });
});

describe("kinks and ties", () => {
  const cases: readonly (Case & { name: string; gradient: readonly number[] })[] = [
    { name: "max(x, 0) at 0", shape: [1], data: [0], of: (f, x) => f.maximum(x, f.f32(0)), gradient: [0] },
    { name: "|x| at 0", shape: [1], data: [0], of: (f, x) => f.abs(x), gradient: [0] },
    {
      name: "clamp at its bounds",
      shape: [4],
      data: [-2, -1, 1, 2],
      of: (f, x) => f.make("clamp", [x, f.f32(-1), f.f32(1)], {}),
      gradient: [0, 1, 1, 0],
    },
    {
      name: "the largest of equal elements",
      shape: [4],
      data: [2, 1, 2, 0],
      of: (f, x) => f.max(x, { axes: [0], keepDims: false }),
      gradient: [1, 0, 0, 0],
    },
    {
      name: "the largest of equal elements along two axes",
      shape: [2, 2],
      data: [1, 3, 3, 1],
      of: (f, x) => f.max(x, { axes: [0, 1], keepDims: false }),
      gradient: [0, 0, 1, 0],
    },
    {
      name: "max(x, x)",
      shape: [2],
      data: [1, -1],
      of: (f, x) => f.maximum(x, x),
      gradient: [1, 1],
    },
    {
      name: "an infinite slope that is not chosen",
      shape: [2],
      data: [0, 4],
      of: (f, x) => f.select(f.less(f.f32(0), x), f.sqrt(f.maximum(x, f.f32(1e-30))), f.f32(0)),
      gradient: [0, 0.25],
    },
    {
      name: "a power of 0",
      shape: [2],
      data: [0, 2],
      of: (f, x) => f.make("integer_power", [x], { exponent: 3 }),
      gradient: [0, 12],
    },
    {
      name: "detach and straight_through",
      shape: [2],
      data: [3, 5],
      of: (f, x) => f.make("straight_through", [f.floor(x), f.mul(x, f.make("detach", [x], {}))], {}),
      gradient: [3, 5],
    },
  ];
  test.each(cases)("$name", ({ gradient, ...example }) => {
    expect(check(example).gradient).toEqual(gradient);
  });

  test("max pooling gives a tie to the first element", () => {
    const of = (f: Formulas, x: Node): Node =>
      f.make("max_pool", [x], { window: [2, 2], stride: [2, 2], padding: "valid" });
    expect(check({ shape: [1, 2, 2, 1], data: [1, 7, 7, 7], of }).gradient).toEqual([0, 1, 0, 0]);
  });
});

describe("one of everything", () => {
  test("logsumexp and softmax over one class", () => {
    const of = (f: Formulas, x: Node): Node => f.logsumexp(x, { axes: [1], keepDims: false });
    expect(check({ shape: [1, 1], data: [3], of })).toEqual({ value: [3], gradient: [1] });
    const softmax = (f: Formulas, x: Node): Node => f.make("softmax", [x], { axis: 1 });
    expect(check({ shape: [1, 1], data: [800], of: softmax })).toEqual({ value: [1], gradient: [0] });
  });

  test("logsumexp of large and of infinite values", () => {
    const of = (f: Formulas, x: Node): Node => f.logsumexp(x, { axes: [0], keepDims: false });
    expect(check({ shape: [2], data: [1000, 1000], of }).value[0]).toBeCloseTo(1000 + Math.log(2), 10);
    expect(check({ shape: [2], data: [-Infinity, 1], of })).toEqual({ value: [1], gradient: [0, 1] });
  });
});

describe("indices out of range read 0 and write nothing", () => {
  const index = (f: Formulas): Node => f.make("literal", [], { values: [-1, 0, 3], dtype: "i32" });
  test("gather", () => {
    const of = (f: Formulas, x: Node): Node => f.gather(x, index(f));
    expect(check({ shape: [3], data: [5, 6, 7], of })).toEqual({ value: [0, 5, 0], gradient: [1, 0, 0] });
  });

  test("pick", () => {
    const of = (f: Formulas, x: Node): Node => f.pick(x, index(f));
    const data = [1, 2, 3, 4, 5, 6];
    expect(check({ shape: [3, 2], data, of })).toEqual({ value: [0, 3, 0], gradient: [0, 0, 1, 0, 0, 0] });
  });

  test("scatter_add", () => {
    const of = (f: Formulas, x: Node): Node => f.make("scatter_add", [index(f), x], { size: constantDim(2) });
    expect(check({ shape: [3], data: [5, 6, 7], of })).toEqual({ value: [6, 0], gradient: [0, 1, 0] });
  });
});

describe("functions that Math lacks", () => {
  /** The nearest float64 to erf, from tables of 20 digits. */
  test.each([
    [0, 0],
    [1e-10, 1.1283791670955126e-10],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.9999, 0.9953201979070294],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [-1, -0.8427007929497149],
    [7, 1],
  ])("erf(%d) = %d", (x, expected) => {
    expect(Math.abs(errorFunction(x) - expected)).toBeLessThanOrEqual(5e-16 * Math.abs(expected));
  });

  test("halves round to even", () => {
    const inputs = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6, -2.6];
    expect(inputs.map((x) => roundHalfToEven(x) + 0)).toEqual([-2, -2, 0, 0, 2, 2, 2, 3, -3]);
  });
});
