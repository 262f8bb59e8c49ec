/** Pass `simplify`: what whole graphs come to. The laws one by one are in simplify-laws.test.ts. */
import { describe, expect, test } from "vitest";
import { type Formulas, formulas } from "../../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node, nodesOfGraph } from "../../../compiler/ir/node.ts";
import type { OpName } from "../../../compiler/ops/attrs.ts";
import { ownColumn } from "../../../compiler/ops/indices.ts";
import { decomposeGraph } from "../../../compiler/passes/decompose.ts";
import { differentiateGraph } from "../../../compiler/passes/gradient.ts";
import { labels, matrix, rowsOfFeatures, weights } from "../../../compiler/passes/simplify/examples.ts";
import { factsOf, simplify, simplifyGraph } from "../../../compiler/passes/simplify/index.ts";
import { defaultPassOptions } from "../../../compiler/compile.ts";
import { checkPass } from "../../support/check-pass.ts";

test("constants fold, units vanish, factors gather", () => {
  const text = checkPass(simplify, (f) => {
    const x = f.mul(f.f32(1), f.add(matrix(f), f.f32(0)));
    return f.mul(f.mul(x, f.f32(2)), f.mul(f.f32(3), f.exp(f.f32(0))));
  });
  expect(text).toMatchInlineSnapshot(`
    "%0 = constant {dtype: f32, value: 1} : f32
    %1 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %2 = constant {dtype: f32, value: 0} : f32
    %3 = add(%1, %2) : f32[N, C]
    %4 = mul(%0, %3) : f32[N, C]
    %5 = constant {dtype: f32, value: 2} : f32
    %6 = mul(%4, %5) : f32[N, C]
    %7 = constant {dtype: f32, value: 3} : f32
    %8 = exp(%2) : f32
    %9 = mul(%7, %8) : f32
    %10 = mul(%6, %9) : f32[N, C]
    output "value" = %10
    ----
    %0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = constant {dtype: f32, value: 6} : f32
    %2 = mul(%1, %0) : f32[N, C]
    output "value" = %2
    "
  `);
});

test("a transposed weight matrix is a flag, its normalisation a factor of the result", () => {
  const text = checkPass(simplify, (f) => {
    const factor = f.make("input", [], {
      name: "inverse",
      dtype: "f32",
      shape: [weights(f).type.shape[0] ?? constantDim(1), constantDim(1)],
    });
    return f.matmul(rowsOfFeatures(f), f.flip(f.mul(weights(f), factor)), "keep", "keep");
  });
  expect(text).toMatchInlineSnapshot(`
    "%0 = parameter {dtype: f32, name: "W", shape: [C, 3]} : f32[C, 3]
    %1 = input {dtype: f32, name: "inverse", shape: [C, 1]} : f32[C, 1]
    %2 = input {dtype: f32, name: "X", shape: [N, 3]} : f32[N, 3]
    %3 = mul(%0, %1) : f32[C, 3]
    %4 = transpose(%3) {permutation: [1, 0]} : f32[3, C]
    %5 = matmul(%2, %4) {transposeA: false, transposeB: false} : f32[N, C]
    output "value" = %5
    ----
    %0 = parameter {dtype: f32, name: "W", shape: [C, 3]} : f32[C, 3]
    %1 = input {dtype: f32, name: "inverse", shape: [C, 1]} : f32[C, 1]
    %2 = input {dtype: f32, name: "X", shape: [N, 3]} : f32[N, 3]
    %3 = matmul(%2, %0) {transposeA: false, transposeB: true} : f32[N, C]
    %4 = reshape(%1) {shape: [1, C]} : f32[1, C]
    %5 = mul(%3, %4) : f32[N, C]
    output "value" = %5
    "
  `);
});

test("a sum over a one-hot choice of cosines is a dot product with gathered rows", () => {
  const text = checkPass(simplify, (f) => {
    const cosines = f.matmul(rowsOfFeatures(f), weights(f), "keep", "flip");
    const own = f.select(ownColumn(f, cosines, labels(f)), cosines, f.f32(0));
    return f.sum(own, { axes: [1], keepDims: false });
  });
  expect(text).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "X", shape: [N, 3]} : f32[N, 3]
    %1 = parameter {dtype: f32, name: "W", shape: [C, 3]} : f32[C, 3]
    %2 = matmul(%0, %1) {transposeA: false, transposeB: true} : f32[N, C]
    %3 = input {dtype: i32, name: "y", shape: [N]} : i32[N]
    %4 = iota {size: C} : i32[C]
    %5 = reshape(%3) {shape: [N, 1]} : i32[N, 1]
    %6 = equal(%4, %5) : bool[N, C]
    %7 = constant {dtype: f32, value: 0} : f32
    %8 = select(%6, %2, %7) : f32[N, C]
    %9 = sum(%8) {axes: [1], keepDims: false} : f32[N]
    output "value" = %9
    ----
    %0 = input {dtype: f32, name: "X", shape: [N, 3]} : f32[N, 3]
    %1 = parameter {dtype: f32, name: "W", shape: [C, 3]} : f32[C, 3]
    %2 = input {dtype: i32, name: "y", shape: [N]} : i32[N]
    %3 = gather(%1, %2) : f32[N, 3]
    %4 = mul(%0, %3) : f32[N, 3]
    %5 = sum(%4) {axes: [1], keepDims: false} : f32[N]
    output "value" = %5
    "
  `);
});

describe("a margin softmax step over 10,000 classes", () => {
  const counts = countsOf(marginSoftmaxStep());

  test("multiplies matrices three times: cosines, and the gradients of features and weights", () => {
    expect(counts.get("matmul")).toBe(3);
  });

  test("picks nothing from the N×C matrix", () => {
    expect(counts.get("pick")).toBe(undefined);
    expect(counts.get("gather")).toBe(2);
  });

  test("passes over N×C values seven times, products of matrices and the reduction aside", () => {
    expect(counts.get("N×C element-wise")).toBe(7);
  });

  test("passes over C×D values seven times besides the products of matrices", () => {
    expect(counts.get("C×D element-wise")).toBe(7);
  });
});

/** CosFace by hand: loss, gradient of the features, and one step of gradient descent on the weights. */
function marginSoftmaxStep(): readonly Node[] {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const [rows, classes, features] = [namedDim("N"), constantDim(10_000), constantDim(512)];
  const x = f.make("input", [], { name: "x", dtype: "f32", shape: [rows, features] });
  const W = f.make("parameter", [], { name: "W", dtype: "f32", shape: [classes, features] });
  const y = f.make("input", [], { name: "y", dtype: "i32", shape: [rows] });
  const loss = cosFace(f, x, W, y);
  const outputs = [
    { name: "loss", node: loss },
    { name: "gradient:x", node: f.make("gradient", [loss, x], {}) },
    { name: "next:W", node: f.sub(W, f.mul(f.f32(0.1), f.make("gradient", [loss, W], {}))) },
  ];
  const facts = factsOf({
    inputs: [{ name: "y", type: y.type, role: "data", bound: classes }],
    options: defaultPassOptions,
  });
  return nodesOfGraph(
    simplifyGraph(differentiateGraph(decomposeGraph({ outputs }, builder), builder), builder, facts),
  );
}

function cosFace(f: Formulas, x: Node, W: Node, y: Node): Node {
  const [features, centres] = [x, W].map((node) => f.make("normalize", [node], { axis: 1 }));
  if (features === undefined || centres === undefined) throw new Error("unreachable");
  const cosines = f.matmul(features, centres, "keep", "flip");
  const own = f.sum(f.mul(features, f.gather(centres, y)), { axes: [1], keepDims: true });
  const target = f.mul(f.f32(64), f.sub(own, f.f32(0.35)));
  const logits = f.select(ownColumn(f, cosines, y), target, f.mul(f.f32(64), cosines));
  const losses = f.sub(f.logsumexp(logits, { axes: [1], keepDims: false }), f.pick(logits, y));
  return f.mean(losses, { axes: [0], keepDims: false });
}

function countsOf(nodes: readonly Node[]): ReadonlyMap<OpName | string, number> {
  const counts = new Map<OpName | string, number>();
  const count = (key: string): Map<string, number> => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const node of nodes) {
    count(node.op);
    const shape = node.type.shape.map((dim) => dim.key).join("×");
    if (["matmul", "input", "parameter"].includes(node.op)) continue;
    if (shape === "N×10000") count("N×C element-wise");
    if (shape === "10000×512") count("C×D element-wise");
  }
  return counts;
}
