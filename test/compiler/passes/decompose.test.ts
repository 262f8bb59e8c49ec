/** Pass `decompose`: what each composite is made of. */
import { expect, test } from "vitest";
import { decompose } from "../../../compiler/passes/decompose.ts";
import { column, matrix, scalar } from "../../../compiler/passes/simplify/examples.ts";
import { checkPass } from "../../support/check-pass.ts";

test("softmax keeps logsumexp as one reduction", () => {
  const text = checkPass(decompose, (f) => f.make("softmax", [matrix(f)], { axis: 1 }));
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = softmax(%0) {axis: 1} : f32[N, C]
    output "value" = %1
    ----
    %0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = logsumexp(%0) {axes: [1], keepDims: true} : f32[N, 1]
    %2 = sub(%0, %1) : f32[N, C]
    %3 = exp(%2) : f32[N, C]
    output "value" = %3
    "
  `);
});

test("normalize is a factor that is 0 for a zero row", () => {
  const text = checkPass(decompose, (f) => f.make("normalize", [matrix(f)], { axis: 1 }));
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = normalize(%0) {axis: 1} : f32[N, C]
    output "value" = %1
    ----
    %0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = mul(%0, %0) : f32[N, C]
    %2 = sum(%1) {axes: [1], keepDims: true} : f32[N, 1]
    %3 = constant {dtype: f32, value: 1e-30} : f32
    %4 = maximum(%2, %3) : f32[N, 1]
    %5 = sqrt(%4) : f32[N, 1]
    %6 = less(%3, %2) : bool[N, 1]
    %7 = constant {dtype: f32, value: 1} : f32
    %8 = div(%7, %5) : f32[N, 1]
    %9 = constant {dtype: f32, value: 0} : f32
    %10 = select(%6, %8, %9) : f32[N, 1]
    %11 = mul(%0, %10) : f32[N, C]
    output "value" = %11
    "
  `);
});

test("a power is built by squaring, a mean over a free size divides by it", () => {
  const text = checkPass(decompose, (f) =>
    f.mean(f.make("integer_power", [column(f)], { exponent: 5 }), { axes: [0, 1], keepDims: false }),
  );
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "r", shape: [N, 1]} : f32[N, 1]
    %1 = integer_power(%0) {exponent: 5} : f32[N, 1]
    %2 = mean(%1) {axes: [0, 1], keepDims: false} : f32
    output "value" = %2
    ----
    %0 = input {dtype: f32, name: "r", shape: [N, 1]} : f32[N, 1]
    %1 = mul(%0, %0) : f32[N, 1]
    %2 = mul(%1, %1) : f32[N, 1]
    %3 = mul(%2, %0) : f32[N, 1]
    %4 = sum(%3) {axes: [0, 1], keepDims: false} : f32
    %5 = size {dim: N} : f32
    %6 = div(%4, %5) : f32
    output "value" = %6
    "
  `);
});

test("what speaks about gradients stays", () => {
  const text = checkPass(decompose, (f) => {
    const s = scalar(f);
    return f.make("gradient", [f.make("clamp", [f.make("detach", [s], {}), f.f32(0), s], {}), s], {});
  });
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = detach(%0) : f32
    %2 = constant {dtype: f32, value: 0} : f32
    %3 = clamp(%1, %2, %0) : f32
    %4 = gradient(%3, %0) : f32
    output "value" = %4
    ----
    %0 = input {dtype: f32, name: "s", shape: []} : f32
    %1 = detach(%0) : f32
    %2 = constant {dtype: f32, value: 0} : f32
    %3 = maximum(%2, %1) : f32
    %4 = minimum(%0, %3) : f32
    %5 = gradient(%4, %0) : f32
    output "value" = %5
    "
  `);
});
