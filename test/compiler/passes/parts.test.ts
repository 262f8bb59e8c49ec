/**
 * Pass `parts`: losses of scores with a few more beside them against their twin without the pass, with gradients, and what
 * no longer is stored.
 */
import { describe, expect, test } from "vitest";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import { nodesOfGraph } from "../../../compiler/ir/node.ts";
import type { PassOptions, Stage } from "../../../compiler/passes/pass.ts";
import { parts, takenApart } from "../../../compiler/passes/parts.ts";
import { peakBytes } from "../../../compiler/passes/plan.ts";
import { factsOf } from "../../../compiler/passes/simplify/index.ts";
import { column, matrix } from "../../../compiler/passes/simplify/examples.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { checkPass, stageOf } from "../../support/check-pass.ts";
import { expectAgreement, programWithGradients } from "../../support/every-target.ts";
import { expectSameValues, randomFeeds } from "../../support/references.ts";

test("a reduction meets the parts one by one", () => {
  const text = checkPass(parts, (f) =>
    f.logsumexp(f.exp(f.make("concat", [matrix(f), column(f)], { axis: 1 })), { axes: [1], keepDims: false }),
  );
  expect(text.split("----\n")[1]).toMatchInlineSnapshot(`
    "%0 = input {dtype: f32, name: "x", shape: [N, C]} : f32[N, C]
    %1 = input {dtype: f32, name: "r", shape: [N, 1]} : f32[N, 1]
    %2 = exp(%0) : f32[N, C]
    %3 = exp(%1) : f32[N, 1]
    %4 = logsumexp(%2) {axes: [1], keepDims: true} : f32[N, 1]
    %5 = logsumexp(%3) {axes: [1], keepDims: true} : f32[N, 1]
    %6 = concat(%4, %5) {axis: 1} : f32[N, 2]
    %7 = logsumexp(%6) {axes: [1], keepDims: false} : f32[N]
    output "value" = %7
    "
  `);
});

/** z f32[N, C + …] of scores s and what stands beside them. */
const losses: readonly (readonly [string, string])[] = [
  ["a class for none of them", "let z = concat([s, v], over: 1)\nmean(logsumexp(z, over: 1) - pick(z, y))"],
  ["it stands first", "let z = concat([v, s], over: 1)\nmean(logsumexp(z, over: 1) - pick(z, y + 1))"],
  [
    "several, scaled by row",
    "let z = concat([s, v, 2 * v], over: 1) / (1 + v ^ 2)\nmean(logsumexp(z, over: 1) - pick(z, y))",
  ],
  [
    "two of them, alike",
    "let z = concat([s, v], over: 1)\nlet q = softmax(concat([2 * s, v], over: 1), over: 1)\nmean(sum(q * (logsumexp(z, over: 1, keep: true) - z), over: 1))",
  ],
  [
    "the largest, and all",
    "let z = tanh(concat([s, v], over: 1))\nmean(max(z, over: 1)) + sum(z) + f32(y[0])",
  ],
];

function lossOf(definition: string): string {
  return `export loss own(x: f32[N, D], y: index<C>[N]) {
    param W: f32[C, D]
    let s = x @ transpose(W)
    let v = norm(x, over: D, keep: true)
    ${definition}
  }`;
}

const sizes = { N: 5, C: 7, D: 3 };

function valueStage(definition: string, options: Partial<PassOptions>): Stage {
  const program = programWithGradients(lossOf(definition), "own");
  const [fn] = program.functions;
  if (fn === undefined) throw new Error("a loss has a value");
  return compileVerified(program, fn, { ...defaultPassOptions, ...options });
}

describe.each(losses)("%s", (_, definition) => {
  test("agrees with its twin, in values and gradients", () => {
    const [own, twin] = [[], ["parts" as const]].map((without) =>
      valueStage(definition, { without, streamFrom: 2 }),
    );
    if (own === undefined || twin === undefined) throw new Error("unreachable");
    const feeds = randomFeeds(own.graph, sizes, 4, { low: 0, high: sizes.C - 1 });
    expectSameValues(evaluateGraph(own.graph, feeds, sizes), evaluateGraph(twin.graph, feeds, sizes), 1e-9);
    const wholes = ({ graph }: Stage): number =>
      nodesOfGraph(graph).filter(
        ({ op, type }) => op === "concat" && type.shape.some(({ key }) => key.includes("C")),
      ).length;
    expect([wholes(own), wholes(twin) > 0]).toEqual([0, true]);
  });

  test("agrees with the reference on every target", async () => {
    await expectAgreement(lossOf(definition), "own", { dims: sizes, targets: ["tfjs", "wgsl"] });
  });
});

test("not where something is differentiated with respect to the whole", () => {
  const stage = stageOf((f) => {
    const whole = f.make("concat", [matrix(f), column(f)], { axis: 1 });
    const value = f.sum(f.exp(whole), { axes: [0, 1], keepDims: false });
    return f.make("gradient", [value, whole], {});
  });
  expect(takenApart(stage.graph, stage.builder, factsOf(stage))).toBe(stage.graph);
});

test("not where rows are put together", () => {
  const stage = stageOf((f) => f.exp(f.make("concat", [matrix(f), matrix(f, "z")], { axis: 0 })));
  expect(takenApart(stage.graph, stage.builder, factsOf(stage))).toEqual(stage.graph);
});

test("one class more costs a million of them no scores", () => {
  const [, definition = ""] = losses[0] ?? [];
  const dims = { N: 512, C: 1_000_000, D: 64 };
  const bytes = (without: PassOptions["without"]): number => {
    const { plan } = valueStage(definition, { without });
    return plan === undefined ? NaN : peakBytes(plan, dims);
  };
  const scores = 4 * dims.N * dims.C;
  expect(bytes(["parts"])).toBeGreaterThan(scores);
  expect(bytes([])).toBeLessThan(scores / 3);
});
