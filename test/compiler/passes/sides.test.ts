/**
 * Rows that meet rows of the same matrix: losses over all pairs of a batch or of classes are streamed as heads are, whatever
 * is made of their cosines, and agree with the reference and with their twin.
 */
import { describe, expect, test } from "vitest";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import { isOp, nodesOfGraph } from "../../../compiler/ir/node.ts";
import type { PassOptions, Stage } from "../../../compiler/passes/pass.ts";
import { peakBytes } from "../../../compiler/passes/plan.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { expectAgreement, programWithGradients } from "../../support/every-target.ts";
import { programOf } from "../../support/elaborated-loss.ts";
import { expectSameValues, randomFeeds } from "../../support/references.ts";

/** z is f32[N, N], the cosines of the batch; s is f32[C, C], those of the classes. */
function lossOf(definition: string): string {
  return `export loss own(x: f32[N, D], y: index<C>[N], t = 0.5) {
    param W: f32[C, D]
    let rows = normalize(x, over: D)
    let z = rows @ transpose(rows) / t
    let self = f32(reshape(range(N), [N, 1]) == range(N))
    let same = reshape(y, [N, 1]) == y
    let centres = normalize(W, over: D)
    let s = centres @ transpose(centres)
    let diagonal = reshape(range(C), [C, 1]) == range(C)
    ${definition}
  }`;
}

const contrastive = `
  let log_shares = z - logsumexp(z - 1e9 * self, over: -1, keep: true)
  let partners = f32(same) - self
  -mean(sum(partners * log_shares, over: -1) / max(sum(partners, over: -1), 1))`;
const nearest = "mean(max(if diagonal then -1 else s, over: -1))";
const arcFace = `
  let c = rows @ transpose(centres)
  let own = pick(c, y)
  mean(logsumexp(4 * c, over: C) - 4 * own * own)`;

const losses: readonly (readonly [string, string])[] = [
  ["contrastive", contrastive],
  [
    "hardest triplets",
    `let d = sum((reshape(x, [N, 1, D]) - x) ^ 2, over: D)
    mean(softplus(max(if same then d else -1e9, over: -1) - min(if same then 1e9 else d, over: -1) + 0.3))`,
  ],
  ["two views", "(mean(logsumexp(z, over: 1)) + mean(logsumexp(z, over: 0))) / 2 - mean(norm(x, over: D))"],
  ["columns alone", "mean(logsumexp(z * norm(x, over: D), over: 0))"],
  ["all pairs at once", "logsumexp(reshape(-2 * z, [-1]), over: 0)"],
  ["the nearest class of each", nearest],
  ["energy of the classes", "sum(if diagonal then 0 else 1 / sqrt(2.01 - 2 * s)) / f32(C) ^ 2"],
  ["classes beside a head", `${arcFace} + 0.3 * ${nearest}`],
  ["classes, batch and head", `${arcFace} + 0.3 * ${nearest} + logsumexp(reshape(z, [-1]), over: 0)`],
  [
    "a statistic of rows for columns too",
    "let r = logsumexp(z, over: 1, keep: true)\nmean(logsumexp(z - r - transpose(r), over: 1))",
  ],
  [
    "statistics of both sides together",
    "mean(exp(logsumexp(z, over: 1) / 9 - max(z, over: 0)) * norm(x, over: D))",
  ],
  [
    "shares times rows",
    "let near = softmax(z, over: 1) @ x\nmean(sum((near - x) ^ 2, over: D)) + mean(logsumexp(z, over: 1))",
  ],
  [
    "two matrices",
    `let e = (x * x) @ transpose(x * x)
    mean(logsumexp(tanh(e) * z, over: 1)) + mean(logsumexp(tanh(e), over: 1))`,
  ],
  ["one column of them", "mean(logsumexp(z, over: 1) - pick(z, y % N))"],
  [
    "the furthest by index",
    "mean(pick(z, argmax(z - 9 * self, over: 1)) * sum(x, over: D)) + mean(max(z, over: 1))",
  ],
];

/** What cannot be streamed must be right all the same. */
const others: readonly (readonly [string, string])[] = [
  ["its own transpose", "mean(logsumexp(z * z + transpose(z ^ 3), over: 1))"],
  ["its own square", "mean(logsumexp(z @ z, over: 1))"],
  ["an axis three times", "mean(logsumexp(reshape(z, [N, N, 1]) - reshape(z, [N, 1, N]), over: 2))"],
];

const sizes = { N: 13, C: 17, D: 3 };

function valueStage(definition: string, options: Partial<PassOptions>): Stage {
  const program = programWithGradients(lossOf(definition), "own");
  const [fn] = program.functions;
  if (fn === undefined) throw new Error("a loss has a value");
  return compileVerified(program, fn, { ...defaultPassOptions, ...options });
}

describe.each([...losses, ...others])("%s", (_, definition) => {
  test("agrees with its twin", () => {
    const [own, twin] = [[], ["stream" as const]].map((without) => valueStage(definition, { without }));
    if (own === undefined || twin === undefined) throw new Error("unreachable");
    const feeds = randomFeeds(own.graph, sizes, 4, { low: 0, high: sizes.C - 1 });
    expectSameValues(evaluateGraph(own.graph, feeds, sizes), evaluateGraph(twin.graph, feeds, sizes), 1e-9);
  });

  test.each([sizes, { N: 1, C: 1, D: 2 }])("agrees with the reference on every target: %o", async (dims) => {
    const targets = ["tfjs", "wgsl"] as const;
    await expectAgreement(lossOf(definition), "own", { dims, targets, budgetBytes: 2048, tolerance: 2e-5 });
  });
});

test.each(losses)("%s: no value of all pairs is stored", (_, definition) => {
  const dims = { N: 20_000, C: 20_000, D: 16 };
  const bytes = (without: PassOptions["without"]): number => {
    const { plan } = valueStage(definition, { without });
    return plan === undefined ? NaN : peakBytes(plan, dims);
  };
  const pairs = 4 * dims.N * dims.N;
  expect(bytes(["stream"])).toBeGreaterThan(pairs / 4);
  expect(bytes([])).toBeLessThan(pairs / 8);
});

test("a layer that adds to what it reads is no side of pairs", () => {
  const text = `import { dense, layer_norm } from "std/layers"
  export loss own(x: f32[N, 8]) {
    let h = x |> dense(4096)
    let more = h + (h |> layer_norm() |> dense(4096))
    mean(logsumexp(more, over: 1))
  }`;
  const program = programWithGradients(text, "own");
  const [fn] = program.functions;
  if (fn === undefined) throw new Error("a loss has a value");
  const { graph } = compileVerified(program, fn, defaultPassOptions);
  expect(nodesOfGraph(graph).some((node) => isOp(node, "alias"))).toBe(false);
});

test("a batch whose pairs are few stores them", () => {
  const streams = (batch: number): boolean => {
    const text = `import { sgd } from "std/optimizers"
    import { dense } from "std/layers"
    ${lossOf(contrastive)}
    model Rows(x: f32[N, 4]) -> f32[N, 3] { x |> dense(3) }
    train Pairs {
      model = Rows
      loss = own
      data = csv("rows.csv", label: 0, classes: 7)
      optimizer = sgd(rate: 0.1)
      batch = ${batch}
      epochs = 1
    }`;
    const program = programOf(text, "Pairs");
    const step = program.functions.find(({ name }) => name === "step");
    if (step === undefined) throw new Error("a train has a step");
    const { graph, regions } = compileVerified(program, step, defaultPassOptions);
    const isCut = nodesOfGraph(graph).some((node) => isOp(node, "alias"));
    expect(isCut).toBe(regions?.length === 1);
    return isCut;
  };
  expect([256, 4096].map(streams)).toEqual([false, true]);
});
