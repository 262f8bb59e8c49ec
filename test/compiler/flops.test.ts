import { describe, expect, it } from "vitest";
import { flopsOfFunction, flopsOfGraph, parameterCount } from "../../compiler/flops.ts";
import { type Formulas, formulas } from "../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../compiler/ir/node.ts";
import { functionOf, programOf } from "../support/check-source.ts";

const f32 = (f: Formulas, name: string, ...shape: readonly (number | string)[]): Node =>
  f.make("input", [], {
    name,
    dtype: "f32",
    shape: shape.map((size) => (typeof size === "number" ? constantDim(size) : namedDim(size))),
  });
const flops = (make: (f: Formulas) => Node): string => {
  const node = make(formulas(new GraphBuilder()));
  return flopsOfGraph({ outputs: [{ name: "value", node }] }).key;
};
const once = { stride: [1, 1], padding: "same" } as const;

describe("floating-point operations, counted by hand", () => {
  const x = (f: Formulas): Node => f32(f, "x", "N", 5);

  it("2·M·N·K for a product, however its operands lie", () => {
    expect(flops((f) => f.matmul(x(f), f32(f, "w", 5, 3), "keep", "keep"))).toBe("30*N");
    expect(flops((f) => f.matmul(x(f), f32(f, "w", 3, 5), "keep", "flip"))).toBe("30*N");
    expect(flops((f) => f.matmul(x(f), f32(f, "w", "N", 3), "flip", "keep"))).toBe("30*N");
  });

  it("2 · pixels · filters · taps · channels for a convolution and for both of its gradients", () => {
    const count = `${2 * 8 * 8 * 4 * 9 * 3}*N`;
    const [image, filter] = [
      (f: Formulas) => f32(f, "x", "N", 8, 8, 3),
      (f: Formulas) => f32(f, "w", 3, 3, 3, 4),
    ];
    const adjoint = (f: Formulas): Node => f32(f, "g", "N", 8, 8, 4);
    expect(flops((f) => f.make("conv2d", [image(f), filter(f)], once))).toBe(count);
    const shape = (node: Node) => ({ ...once, shape: node.type.shape });
    expect(flops((f) => f.make("conv2d_input_gradient", [filter(f), adjoint(f)], shape(image(f))))).toBe(
      count,
    );
    expect(flops((f) => f.make("conv2d_filter_gradient", [image(f), adjoint(f)], shape(filter(f))))).toBe(
      count,
    );
  });

  it("one an element for the rest, counted where a reduction reads, and none for moving", () => {
    expect(flops((f) => f.exp(x(f)))).toBe("5*N");
    expect(flops((f) => f.sum(x(f), { axes: [0, 1], keepDims: false }))).toBe("5*N");
    expect(flops((f) => f.make("transpose", [x(f)], { permutation: [1, 0] }))).toBe("0");
    expect(flops((f) => f.make("max_pool", [f32(f, "x", "N", 8, 8, 3)], { ...once, window: [2, 2] }))).toBe(
      "768*N",
    );
  });
});

const layers = 'import { dense, conv2d, max_pool, avg_pool, flatten, relu } from "std/layers"\n';

function check(
  source: string,
  entry: string,
  expected: { readonly flops: string; readonly parameters: string },
): void {
  const program = programOf(source, entry);
  const flops = flopsOfFunction(program, functionOf(program, "value")).key;
  expect({ flops, parameters: parameterCount(program).key }).toEqual(expected);
}

describe("a function's, with what it learns", () => {
  it("a product of matrices: two for each of M·N·K", () => {
    check("fn f(a: f32[M, K], b: f32[K, N]) = a @ b\n", "f", { flops: "2*K*M*N", parameters: "0" });
    check("fn f(a: f32[3, 4], b: f32[5, 4]) = a @ transpose(b)\n", "f", { flops: "120", parameters: "0" });
  });

  it("one for each element that is made or reduced; moving is free", () => {
    check("fn f(x: f32[N, 8]) = sum(2 * x + 1, over: -1)\n", "f", { flops: "24*N", parameters: "0" });
    check("fn f(x: f32[N, 8]) = reshape(x, [8 * N])\n", "f", { flops: "0", parameters: "0" });
    // An element of x and a number broadcast to it: the product has 8 N elements.
    check("fn f(x: f32[N, 8], y: f32[8]) = x * y\n", "f", { flops: "8*N", parameters: "0" });
  });

  it("a dense layer: its product and its bias", () => {
    // 2·784·10 + 10 a row; 784·10 + 10 numbers.
    const source = `${layers}model M(x: f32[N, 784]) = x |> dense(10)\n`;
    check(source, "M", { flops: "15690*N", parameters: "7850" });
  });

  it("a convolution: the filter's elements at every output", () => {
    // 26·26·4 outputs, each 2·3·3·2, and a bias.
    const source = `${layers}model M(x: f32[N, 28, 28, 2]) = x |> conv2d(4, kernel: 3, padding: "valid")\n`;
    check(source, "M", { flops: `${26 * 26 * 4 * (2 * 18 + 1)}*N`, parameters: String(3 * 3 * 2 * 4 + 4) });
  });

  it("pooling: each window's elements", () => {
    check(`${layers}model M(x: f32[N, 8, 8, 3]) = x |> max_pool(2)\n`, "M", {
      flops: `${4 * 4 * 3 * 4}*N`,
      parameters: "0",
    });
  });

  it("gradients count as the graph that they are", () => {
    // Forward 2·N·3·5, sum N·5; backward to x: 2·N·5·3 and the ones that are broadcast are free.
    const program = programOf("fn f(x: f32[N, 3], w: f32[3, 5]) = sum(x @ w)\n", "f", { gradients: true });
    const forward = 2 * 3 * 5 + 5;
    expect(flopsOfFunction(program, functionOf(program, "value")).key).toBe(`${forward + 2 * 2 * 3 * 5}*N`);
  });
});
