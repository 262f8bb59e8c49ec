/** A run on the real targets: resumed runs equal uninterrupted ones bit for bit, and targets agree. */
import { describe, expect, it } from "vitest";
import { compileFunction, defaultPassOptions } from "../../../compiler/compile.ts";
import { emitModule, functionsToCompile } from "../../../compiler/codegen/tfjs/module.ts";
import type { Program } from "../../../compiler/program.ts";
import type { Executor } from "../../../runtime/program.ts";
import { createTfjsExecutor } from "../../../runtime/tfjs/executor.ts";
import { type Trainer, createTrainer } from "../../../runtime/trainer.ts";
import { loadTfjsModule } from "../../../src/executors/load-tfjs-module.ts";
import { createReferenceExecutor } from "../../../src/executors/reference.ts";
import { cornerDataset, whole } from "../../support/datasets.ts";
import { tinyProgram } from "../../support/tiny-program.ts";

const dataset = cornerDataset(27, 4, 3);
const program = tinyProgram({
  width: 4,
  classes: 3,
  rate: 0.2,
  first: "nothing",
  training: { data: { reader: "csv", files: [], options: {} }, batch: 4, epochs: 3, seed: 5, spans: {} },
});

async function tfjsExecutor(source: Program, backend: "wasm" | "cpu"): Promise<Executor> {
  const compiled = functionsToCompile(source).map((fn) => ({
    fn,
    stage: compileFunction(source, fn, { ...defaultPassOptions, target: "tfjs" }),
  }));
  return createTfjsExecutor(await loadTfjsModule(emitModule(source, compiled, "test").js), backend);
}

const targets: Readonly<Record<string, () => Promise<Executor>>> = {
  reference: async () => createReferenceExecutor(program, "test"),
  "tfjs on cpu": () => tfjsExecutor(program, "cpu"),
  "tfjs on wasm": () => tfjsExecutor(program, "wasm"),
};

async function run(trainer: Trainer, steps?: number): Promise<readonly number[]> {
  const losses: number[] = [];
  const options = { batch: 4, epochs: 3, ...(steps === undefined ? {} : { steps }) };
  const outcome = await trainer.train(dataset, options, (event) => {
    if (event.kind === "step") losses.push(event.loss);
  });
  expect(outcome.kind).toBe("finished");
  return losses;
}

describe.each(Object.entries(targets))("on %s", (_, executor) => {
  const fresh = async (seed: number) => whole(await createTrainer(await executor(), seed));

  it("a resumed run equals the uninterrupted one bit for bit", async () => {
    const straight = await fresh(5);
    const losses = await run(straight);
    const first = await fresh(5);
    const head = await run(first, 10);
    const second = await fresh(6);
    expect(await second.load(await first.save())).toBeUndefined();
    expect([...head, ...(await run(second))]).toEqual(losses);
    expect(await second.save()).toEqual(await straight.save());
    for (const trainer of [straight, first, second]) trainer.dispose();
  });

  it("the losses are those of the reference", async () => {
    const reference = whole(await createTrainer(createReferenceExecutor(program, "test"), 5));
    const own = await fresh(5);
    const [expected, losses] = [await run(reference), await run(own)];
    for (const [at, loss] of losses.entries())
      expect(Math.abs(loss - (expected[at] ?? 0))).toBeLessThan(1e-5);
    own.dispose();
  });
});
