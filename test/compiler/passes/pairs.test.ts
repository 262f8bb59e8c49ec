/**
 * Pass `pairs`: distances and products of all pairs of rows against their twin without the pass, with gradients, and
 * what no longer is stored.
 */
import { describe, expect, test } from "vitest";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import { nodesOfGraph } from "../../../compiler/ir/node.ts";
import { pairGraph, pairs } from "../../../compiler/passes/pairs.ts";
import type { PassOptions, Stage } from "../../../compiler/passes/pass.ts";
import { peakBytes } from "../../../compiler/passes/plan.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { features, rows, rowsOfFeatures, weights } from "../../../compiler/passes/simplify/examples.ts";
import { constantDim } from "../../../compiler/ir/dim.ts";
import { checkPass, stageOf } from "../../support/check-pass.ts";
import { expectAgreement, programWithGradients } from "../../support/every-target.ts";
import { expectSameValues, randomFeeds } from "../../support/references.ts";

test("squared distances are lengths and a product of matrices", () => {
  const text = checkPass(pairs, (f) => {
    const difference = f.sub(f.reshape(rowsOfFeatures(f), [rows, constantDim(1), features]), weights(f));
    return f.sum(f.mul(difference, difference), { axes: [2], keepDims: false });
  });
  expect(text.split("----\n")[1]).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "X", shape: [N, 3]} : f32[N, 3]
    %1 = reshape(%0) {shape: [N, 1, 3]} : f32[N, 1, 3]
    %2 = parameter {dtype: f32, name: "W", shape: [C, 3]} : f32[C, 3]
    %3 = reshape(%1) {shape: [N, 3]} : f32[N, 3]
    %4 = mul(%3, %3) : f32[N, 3]
    %5 = sum(%4) {axes: [1], keepDims: true} : f32[N, 1]
    %6 = mul(%2, %2) : f32[C, 3]
    %7 = sum(%6) {axes: [1], keepDims: false} : f32[C]
    %8 = add(%5, %7) : f32[N, C]
    %9 = constant {dtype: f32, value: 0} : f32
    %10 = constant {dtype: f32, value: 2} : f32
    %11 = matmul(%3, %2) {transposeA: false, transposeB: true} : f32[N, C]
    %12 = mul(%10, %11) : f32[N, C]
    %13 = sub(%8, %12) : f32[N, C]
    %14 = maximum(%9, %13) : f32[N, C]
    output "value" = %14
    "
  `);
});

/** Of x[N, D], W[C, D], V[C, 2, D] and U[1, C, D]. */
const sums: readonly (readonly [string, string])[] = [
  ["distances to prototypes", "let d = sum((reshape(x, [N, 1, D]) - W) ^ 2, over: D)"],
  ["prototypes first", "let d = sum((reshape(W, [C, 1, D]) - x) ^ 2, over: D)"],
  [
    "features first",
    "let d = sum((reshape(transpose(x), [D, N, 1]) - reshape(transpose(W), [D, 1, C])) ^ 2, over: D)",
  ],
  ["features between", "let d = sum((reshape(x, [N, D, 1]) - transpose(W)) ^ 2, over: D)"],
  ["their mean", "let d = mean((W - reshape(x, [N, 1, D])) ^ 2, over: D)"],
  ["lengths of differences", "let d = norm(reshape(x, [N, 1, D]) - W, over: D)"],
  ["several prototypes a class", "let d = sum((reshape(x, [N, 1, 1, D]) - V) ^ 2, over: D)"],
  [
    "classes around the rows",
    "let d = sum((reshape(V, [C, 1, 2, D]) - reshape(x, [1, N, 1, D])) ^ 2, over: D)",
  ],
  [
    "rows of several axes summed away",
    "let d = sum((reshape(V, [C, 1, 2, D]) - reshape(V, [1, C, 2, D])) ^ 2, over: [2, 3])",
  ],
  ["all of them", "let d = sum((reshape(x, [N, 1, D]) - W) ^ 2)"],
  ["a batch with itself", "let d = sum((reshape(x, [N, 1, D]) - x) ^ 2, over: D)"],
  ["parameters with an axis for the rows", "let d = sum((reshape(x, [N, 1, D]) - U) ^ 2, over: D)"],
  ["products", "let d = sum(reshape(x, [N, 1, D]) * W, over: D)"],
  ["products with a gate", "let d = sum(reshape(x, [N, 1, D]) * W * sigmoid(g), over: D)"],
  ["products over lengths", "let d = sum(reshape(x, [N, 1, D]) * W / (1 + W ^ 2), over: D)"],
  ["squares over variances", "let d = sum((reshape(x, [N, 1, D]) - W) ^ 2 / (0.1 + W ^ 2), over: D)"],
  ["squares of scaled differences", "let d = sum(((reshape(x, [N, 1, D]) - W) / exp(W)) ^ 2, over: D)"],
  [
    "weights of both sides",
    "let d = sum(abs(reshape(x, [N, 1, D])) * softplus(W) * (reshape(x, [N, 1, D]) - W) ^ 2, over: D)",
  ],
  ["shares of a feature", "let d = sum(sigmoid(W) * (reshape(x, [N, 1, D]) - W) ^ 2, over: D)"],
  ["a weight a feature", "let d = sum(exp(g) * (reshape(x, [N, 1, D]) - W) ^ 2, over: D)"],
  [
    "a weight a class",
    "let d = sqrt(sum(exp(reshape(sum(W, over: D), [C, 1])) * (reshape(x, [N, 1, D]) - W) ^ 2, over: D) + 0.1)",
  ],
  ["a stopped side", "let d = sum((reshape(x, [N, 1, D]) - detach(W)) ^ 2, over: D)"],
  [
    "a sum inside another",
    "let d = sum((reshape(sum((reshape(x, [N, 1, D]) - W) ^ 2, over: D), [N, 1, C]) - transpose(W)) ^ 2, over: C)",
  ],
];

const sizes = { N: 5, C: 7, D: 3 };

function lossOf(definition: string): string {
  return `export loss own(x: f32[N, D], y: index<C>[N]) {
    param W: f32[C, D]
    param V: f32[C, 2, D]
    param U: f32[1, C, D]
    param g: f32[D]
    ${definition}
    mean(tanh(d)) + sum(V) + sum(W) + sum(U) + sum(g)
  }`;
}

function valueStage(text: string, options: Partial<PassOptions>): Stage {
  const program = programWithGradients(text, "own");
  const [fn] = program.functions;
  if (fn === undefined) throw new Error("a loss has a value");
  return compileVerified(program, fn, { ...defaultPassOptions, ...options });
}

describe.each(sums)("%s", (_, definition) => {
  test("agrees with its twin, in values and gradients", () => {
    const [own, twin] = [[], ["pairs" as const]].map((without) =>
      valueStage(lossOf(definition), { without }),
    );
    if (own === undefined || twin === undefined) throw new Error("unreachable");
    const feeds = randomFeeds(own.graph, sizes, 4, { low: 0, high: sizes.C - 1 });
    // The root of a distance that nearly vanishes loses half of its digits.
    expectSameValues(evaluateGraph(own.graph, feeds, sizes), evaluateGraph(twin.graph, feeds, sizes), 1e-7);
    expect(products(own)).toBeGreaterThan(products(twin));
  });

  test("agrees with the reference on every target", async () => {
    await expectAgreement(lossOf(definition), "own", {
      dims: sizes,
      targets: ["tfjs", "wgsl"],
      tolerance: 2e-5,
    });
  });
});

function products({ graph }: Stage): number {
  return nodesOfGraph(graph).filter(({ op }) => op === "matmul").length;
}

test.each([
  ["an axis that both have stays", "let d = sum((x * W[0]) * x, over: D)"],
  ["a weight may be below 0", "let d = sum(W * (reshape(x, [N, 1, D]) - W) ^ 2, over: D)"],
  [
    "a weight has the rows of both sides",
    "let d = sum(reshape(exp(reshape(sum(x, over: D), [N, 1]) * sum(W, over: D)), [N, C, 1]) * (reshape(x, [N, 1, D]) - W) ^ 2, over: D)",
  ],
  ["one is as large as all pairs", "let d = sum((V - W[0]) ^ 2, over: D)"],
])("not where %s", (_, definition) => {
  expect(products(valueStage(lossOf(definition), {}))).toBe(0);
});

test("not where something is differentiated with respect to all differences", () => {
  const { graph, builder } = stageOf((f) => {
    const difference = f.sub(f.reshape(rowsOfFeatures(f), [rows, constantDim(1), features]), weights(f));
    const distances = f.sum(f.mul(difference, difference), { axes: [2], keepDims: false });
    return f.make("gradient", [f.sum(distances, { axes: [0, 1], keepDims: false }), difference], {});
  });
  expect(pairGraph(graph, builder)).toBe(graph);
});

test.each([
  ["prototypes", 1, "let d = sum((reshape(x, [N, 1, D]) - W) ^ 2, over: D)"],
  [
    "Gaussians",
    2,
    `param V: f32[C, D]
    let d = sum((reshape(x, [N, 1, D]) - W) ^ 2 / exp(V), over: D) + sum(V, over: D)`,
  ],
])("a loss of distances to a million %s streams", (_, parameters, definition) => {
  const text = `export loss own(x: f32[N, D], y: index<C>[N]) {
    param W: f32[C, D]
    ${definition}
    mean(logsumexp(-d, over: C) + pick(d, y))
  }`;
  const million = { N: 512, C: 1_000_000, D: 64 };
  const { plan, regions } = valueStage(text, {});
  expect(regions?.length).toBe(1);
  // The weights, their gradients, and the budget of the chunks.
  const needed = 2 * parameters * 4 * million.C * million.D + 2 ** 26;
  expect(plan === undefined ? NaN : peakBytes(plan, million)).toBeLessThan(needed);
});
