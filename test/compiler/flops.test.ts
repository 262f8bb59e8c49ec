import { describe, expect, it } from "vitest";
import { flopsOfGraph } from "../../compiler/flops.ts";
import { type Formulas, formulas } from "../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../compiler/ir/node.ts";

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
