/** Pass `gradient`: what reverse mode writes, and what becomes of detach, straight_through and inner gradients. */
import { expect, test } from "vitest";
import { formulas } from "../../../compiler/ir/build.ts";
import { GraphBuilder, nodesOfGraph } from "../../../compiler/ir/node.ts";
import { differentiateGraph, gradient } from "../../../compiler/passes/gradient.ts";
import { labels, leaf, matrix, scalar } from "../../../compiler/passes/simplify/examples.ts";
import { checkPass } from "../../support/check-pass.ts";

test("the gradient of a product is the other factor", () => {
  const text = checkPass(gradient, (f) =>
    f.make("gradient", [f.mul(scalar(f), scalar(f, "t")), scalar(f)], {}),
  );
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = input {dtype: f32, name: "t", shape: []} : f32
    %2 = mul(%0, %1) : f32
    %3 = gradient(%2, %0) : f32
    output "value" = %3
    ----
    %0 = input {dtype: f32, name: "t", shape: []} : f32
    %1 = constant {dtype: f32, value: 1} : f32
    %2 = mul(%1, %0) : f32
    output "value" = %2
    "
  `);
});

test("the gradient of a pick is a choice, not a scatter", () => {
  const text = checkPass(gradient, (f) => f.make("gradient", [f.pick(matrix(f), labels(f)), matrix(f)], {}));
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = input {dtype: i32, name: "y", shape: [N]} : i32[N]
    %2 = pick(%0, %1) : f32[N]
    %3 = gradient(%2, %0) : f32[N, C]
    output "value" = %3
    ----
    %0 = input {dtype: i32, name: "y", shape: [N]} : i32[N]
    %1 = constant {dtype: f32, value: 1} : f32
    %2 = broadcast(%1) {shape: [N]} : f32[N]
    %3 = iota {size: C} : i32[C]
    %4 = reshape(%0) {shape: [N, 1]} : i32[N, 1]
    %5 = equal(%3, %4) : bool[N, C]
    %6 = reshape(%2) {shape: [N, 1]} : f32[N, 1]
    %7 = constant {dtype: f32, value: 0} : f32
    %8 = select(%5, %6, %7) : f32[N, C]
    output "value" = %8
    "
  `);
});

test("detach stops a gradient, straight_through sends it elsewhere, both are gone", () => {
  const text = checkPass(gradient, (f) => {
    const s = scalar(f);
    const stepped = f.make("straight_through", [f.floor(s), f.sin(s)], {});
    return f.make("gradient", [f.mul(stepped, f.make("detach", [s], {})), s], {});
  });
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = floor(%0) : f32
    %2 = sin(%0) : f32
    %3 = straight_through(%1, %2) : f32
    %4 = detach(%0) : f32
    %5 = mul(%3, %4) : f32
    %6 = gradient(%5, %0) : f32
    output "value" = %6
    ----
    %0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = constant {dtype: f32, value: 1} : f32
    %2 = cos(%0) : f32
    %3 = mul(%1, %0) : f32
    %4 = mul(%3, %2) : f32
    output "value" = %4
    "
  `);
});

test("what the value does not depend on has gradient 0", () => {
  const text = checkPass(gradient, (f) => f.make("gradient", [scalar(f), matrix(f)], {}));
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %2 = gradient(%0, %1) : f32[N, C]
    output "value" = %2
    ----
    %0 = constant {dtype: f32, value: 0} : f32
    %1 = broadcast(%0) {shape: [N, C]} : f32[N, C]
    output "value" = %1
    "
  `);
});

test("a gradient of a gradient", () => {
  const text = checkPass(gradient, (f) => {
    const s = scalar(f);
    return f.make("gradient", [f.make("gradient", [f.sin(s), s], {}), s], {});
  });
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = sin(%0) : f32
    %2 = gradient(%1, %0) : f32
    %3 = gradient(%2, %0) : f32
    output "value" = %3
    ----
    %0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = sin(%0) : f32
    %2 = constant {dtype: f32, value: 1} : f32
    %3 = mul(%2, %2) : f32
    %4 = mul(%3, %1) : f32
    %5 = neg(%4) : f32
    output "value" = %5
    "
  `);
});

test("one sweep serves every leaf: parameters more cost no second one", () => {
  const nodeCount = (wanted: number): number => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const leaves = Array.from({ length: 8 }, (_, i) => leaf(f, `p${i}`, "f32"));
    const product = leaves.reduce((all, one) => f.mul(all, f.sin(one)), f.f32(1));
    const outputs = leaves
      .slice(0, wanted)
      .map((p, i) => ({ name: `g${i}`, node: f.make("gradient", [product, p], {}) }));
    return nodesOfGraph(differentiateGraph({ outputs }, builder)).length;
  };
  expect(nodeCount(8) - nodeCount(1)).toBeLessThan(8 * 6);
});
