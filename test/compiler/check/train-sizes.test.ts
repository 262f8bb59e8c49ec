/** Sizes that are made of the number of rows: what the checker says of a batch, and what a run says before it computes. */
import { describe, expect, test } from "vitest";
import { programInfo } from "../../../compiler/artifact.ts";
import { defaultGradcheckOptions } from "../../../compiler/gradcheck.ts";
import { gradcheckEntry } from "../../../compiler/gradcheck/entries.ts";
import { type Executor, isFault } from "../../../runtime/index.ts";
import { datasetOf } from "../../../runtime/arrays.ts";
import { gatherBatch } from "../../../runtime/dataset.ts";
import { createTrainer } from "../../../runtime/trainer.ts";
import { createExecutor } from "../../../src/executors/create.ts";
import { runEntry } from "../../../src/values/run-entry.ts";
import { programOf, refusalOf, tensor } from "../../support/check-source.ts";
import { hostOf } from "../../support/elaborated-loss.ts";
import { whole } from "../../support/datasets.ts";
import { describeOnNullGpu } from "../../support/gpu.ts";
import { gpuExecutor } from "../../support/gpu-runs.ts";

const source = `model M(x: f32[N, 2]) {
  param W: f32[2, 2]
  x @ W
}
loss remembers(x: f32[N, D], y: index<C>[N], memory: int = 63) {
  state bank: f32[memory, D] = 0
  bank <- concat([x, bank[range(memory - N)]], over: 0)
  mean(x @ transpose(bank))
}
loss pairs(x: f32[N, D], y: index<C>[N]) = mean(x[range(2 * N - 7)])
loss late(x: f32[N, D], y: index<C>[N]) = mean(x[range(N - 3)] ^ 2)
loss halves(x: f32[N, D], y: index<C>[N]) = mean(x[range((N - 8) // 2 + 1)])
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = M
  loss = remembers
  data = npz("rows.npz", classes: 2)
  optimizer = sgd
  batch = 64
  epochs = 1
}
fn cut(x: f32[N, D]) = x[range(N - 8)]
`;

describe("a batch that makes a size less than 0 is an error", () => {
  test.each([
    [{}, "the size 63 - N is -1", "at most 63 rows, or have at least 64 in the place of 63"],
    [{ batch: "100" }, "in a batch of 100 rows the size 63 - N is -37", "at least 100 in the place of 63"],
    [
      { loss: "pairs", batch: "3" },
      "the size 2*N - 7 is -1",
      "at least 4 rows, or have at most 6 in the place of 7",
    ],
    [{ loss: "halves", batch: "1" }, "is -3", "take another `batch`, or change the settings"],
  ])("%j: %s", (set, words, help) => {
    const refused = refusalOf(source, "T", { set });
    expect(refused).toContain("M0524");
    expect(refused).toContain(words);
    expect(refused).toContain(help);
  });

  test.each([
    [{ batch: "63" }],
    [{ loss: "remembers(memory: 64)" }],
    [{ loss: "pairs", batch: "4" }],
    [{ loss: "halves", batch: "6" }],
  ])("%j fits", (set) => {
    expect(programOf(source, "T", { set }).name).toBe("T");
  });
});

const rows = (count: number) =>
  whole(
    datasetOf({
      features: new Float32Array(2 * count).fill(0.5),
      shape: [2],
      labels: Int32Array.from({ length: count }, (_, row) => row % 2),
      classes: 2,
    }),
  );

async function executorOf(target: "tfjs" | "reference"): Promise<Executor> {
  return createExecutor(programOf(source, "T", { set: { loss: "late", batch: "4" } }), target);
}

describe.each(["tfjs", "reference"] as const)("on %s", (target) => {
  test("a run whose last batch is too small ends before its first step", async () => {
    const trainer = whole(await createTrainer(await executorOf(target)));
    const events: string[] = [];
    const train = (count: number, options: { readonly steps?: number }) =>
      trainer.train(rows(count), { batch: 4, ...options }, ({ kind }) => void events.push(kind));
    const refused = await train(10, {});
    expect(refused).toMatchObject({
      kind: "failed",
      fault: { code: "M0609", message: "in a batch of 2 rows the size N - 3 is -1" },
    });
    expect(events).toEqual([]);
    expect(await train(10, { steps: 2 })).toMatchObject({ kind: "finished", step: 2 });
    const evaluated = await trainer.evaluate(rows(9), { batch: 4 });
    expect(isFault(evaluated) && evaluated.message).toBe("in a batch of 1 row the size N - 3 is -2");
    const unevaluated = await trainer.train(rows(12), { batch: 4, validation: rows(2) });
    expect(unevaluated).toMatchObject({ kind: "failed", fault: { code: "M0609" } });
    await expect(trainer.step(gatherBatch(rows(2), [0, 1]))).rejects.toThrow(
      "step cannot run: the size N - 3 is -1 where N = 2; give inputs of other sizes",
    );
    trainer.dispose();
  });

  test("an entry on too few rows is refused", async () => {
    const program = programOf(source, "cut");
    const values = {
      inputs: {
        x: tensor([
          [1, 2],
          [3, 4],
        ]),
      },
      params: {},
      state: {},
      step: 0,
    };
    expect(await runEntry(program, values, { target, seed: 0, dims: {} })).toMatchObject({
      kind: "refused",
      message: "the size N - 8 is -6 where N = 2",
    });
  });
});

test("an artifact names the sizes that a call may make less than 0, on every target", () => {
  const sizesOf = (entry: string, set: Readonly<Record<string, string>>) =>
    programInfo(programOf(source, entry, { set }), "wgsl", "0").functions.map(({ name, sizes }) => [
      name,
      sizes,
    ]);
  expect(sizesOf("cut", {})).toEqual([["value", ["N - 8"]]]);
  expect(sizesOf("T", { batch: "8" })).toEqual([
    ["step", ["63 - N"]],
    ["evaluate", undefined],
    ["embed", undefined],
  ]);
});

test("gradients are not checked on rows that are too few, and it is said", () => {
  const host = hostOf({ "test.margo": source });
  expect(gradcheckEntry(host, "test.margo", "cut", {}, defaultGradcheckOptions)).toMatchObject({
    reason: "checks have few rows, and its size N - 8 is -4 where N = 4",
  });
});

await describeOnNullGpu("on wgsl", (gpu) => {
  test("a call that makes a size less than 0 is refused, and so is a run", async () => {
    const program = programOf(source, "T", { set: { loss: "late", batch: "4" } });
    const trainer = whole(await createTrainer(gpuExecutor(gpu, program)));
    expect(await trainer.train(rows(10), { batch: 4 })).toMatchObject({
      kind: "failed",
      fault: { code: "M0609" },
    });
    await expect(trainer.step(gatherBatch(rows(2), [0, 1]))).rejects.toThrow(
      "step cannot run: the size N - 3 is -1 where N = 2; give inputs of other sizes",
    );
    trainer.dispose();
  });
});
