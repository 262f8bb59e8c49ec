/** The text form: a form that reads back, and mistakes that name their line. */
import { describe, expect, test } from "vitest";
import { formulas } from "../../../compiler/ir/build.ts";
import { GraphBuilder } from "../../../compiler/ir/node.ts";
import { printGraph, readGraph } from "../../../compiler/ir/text.ts";
import { opCases } from "../../support/op-cases.ts";

const example = `%0 = input {dtype: f32, name: "conv2d_2.\\"W\\"", shape: [N, (H // 2), (N % 3)*K + 2*H - 1]} : f32[N, (H // 2), (N % 3)*K + 2*H - 1]
%1 = sum(%0) {axes: [1, 2], keepDims: false} : f32[N]
%2 = constant {dtype: f32, value: -1e-30} : f32
%3 = mul(%1, %2) : f32[N]
%4 = constant {dtype: f32, value: -Infinity} : f32
%5 = maximum(%3, %4) : f32[N]
%6 = constant {dtype: f32, value: -0} : f32
output "value" = %5
output "next:margin_softmax.W" = %6
`;

test("reads what it prints", () => {
  expect(printGraph(readGraph(example, new GraphBuilder()))).toBe(example);
});

describe("every operation and attribute reads back", () => {
  test.each(Object.entries(opCases))("%s", (_, uses) => {
    for (const use of uses) {
      const node = use(formulas(new GraphBuilder()));
      const text = printGraph({ outputs: [{ name: "value", node }] });
      expect(printGraph(readGraph(text, new GraphBuilder()))).toBe(text);
    }
  });
});

describe("mistakes", () => {
  test.each([
    ["%0 = exponent(%1) : f32", "line 1: there is no operation exponent in %0 = exponent(%1) : f32"],
    ["%1 = exp(%0) : f32", "line 1: %0 is used before it is made in %1 = exp(%0) : f32"],
    ["%0 = size {dims: N} : f32", "line 1: there is no attribute dims in %0 = size {dims: N} : f32"],
    ["%0 = size {dim: N} : i32", "line 1: %0 is f32, not i32 in %0 = size {dim: N} : i32"],
    ["%0 = iota {size: } : i32", "line 1: expected a dimension in %0 = iota {size: } : i32"],
    ['output "x" = %0 and', 'line 1: %0 is used before it is made in output "x" = %0 and'],
    ["hello", "line 1: expected a node in hello"],
  ])("%s", (text, message) => {
    expect(() => readGraph(text, new GraphBuilder())).toThrow(message);
  });
});
