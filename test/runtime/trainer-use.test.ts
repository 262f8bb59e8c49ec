/** A trainer used from several places at once, with what is no tensor, and after or while it is disposed. */
import { describe, expect, test } from "vitest";
import { emitModule } from "../../compiler/codegen/tfjs/module.ts";
import { gatherBatch, rowCount } from "../../runtime/dataset.ts";
import type { Executor } from "../../runtime/program.ts";
import { createTfjsExecutor } from "../../runtime/tfjs/executor.ts";
import { type Trainer, createTrainer, rowsOf } from "../../runtime/trainer.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { compileProgram } from "../../src/artifacts/compile-program.ts";
import { loadTfjsModule } from "../../src/executors/load-tfjs-module.ts";
import { cornerDataset, faultText, whole } from "../support/datasets.ts";
import { describeOnGpu } from "../support/gpu.ts";
import { gpuModule } from "../support/gpu-runs.ts";
import { tinyProgram } from "../support/tiny-program.ts";

const training = { data: { reader: "csv", files: [], options: {} }, batch: 4, epochs: 1, seed: 1, spans: {} };
const program = tinyProgram({ width: 4, classes: 3, rate: 0.1, first: "nothing", training });
const dataset = cornerDataset(40, 4, 3);
const options = { batch: 4, epochs: 5 };
const rows = rowsOf(dataset, [0, 1]);

const onTfjs = async (): Promise<Executor> =>
  createTfjsExecutor(await loadTfjsModule(emitModule(program, compileProgram(program), "test").js), "cpu");

describe("on tfjs", () => check(onTfjs));
describeOnGpu("on WebGPU", (gpu) => check(async () => createWebGpuExecutor(gpuModule(program), gpu)));

function check(executor: () => Promise<Executor>): void {
  const fresh = async (): Promise<Trainer> => whole(await createTrainer(await executor(), 1));

  test("what looks at a trainer while it takes a step sees it before or after", async () => {
    const [together, inTurn] = [await fresh(), await fresh()];
    const batch = gatherBatch(dataset, [0, 1, 2]);
    const [first, step, second] = await Promise.all([
      together.predict(rows),
      together.step(batch),
      together.predict(rows),
    ]);
    const before = await inTurn.predict(rows);
    expect(step).toEqual(await inTurn.step(batch));
    const states = [before, await inTurn.predict(rows)];
    expect(states).toContainEqual(first);
    expect(states).toContainEqual(second);
    expect(await together.predict(rows)).toEqual(states[1]);
    together.dispose();
    inTurn.dispose();
  });

  test("features that are no tensor are refused with words", async () => {
    const trainer = await fresh();
    for (const wrong of [[1, 2, 3, 4], Float32Array.of(1, 2, 3, 4), "rows"] as never[]) {
      await expect(trainer.predict(wrong)).rejects.toThrow(/^x is f32\[N, 4\], given as \{ dtype: "f32"/);
    }
    await expect(trainer.predict(undefined as never)).rejects.toThrow('predict needs the input "x"');
    trainer.dispose();
  });

  test("a second run at once is a fault, and the first goes on", async () => {
    const trainer = await fresh();
    const first = trainer.train(dataset, options);
    const second = await trainer.train(dataset, options);
    expect(second.kind === "failed" && faultText(second.fault)).toMatch(
      /M0607 a run of this trainer of Tiny is under way/,
    );
    const steps = (rowCount(dataset) / options.batch) * options.epochs;
    expect(await first).toMatchObject({ kind: "finished", step: steps });
    expect(await trainer.train(dataset, { ...options, epochs: 6 })).toMatchObject({ kind: "finished" });
    trainer.dispose();
  });

  test("what is under way when the trainer is disposed says so", async () => {
    const trainer = await fresh();
    const underWay = [trainer.predict(rows), trainer.train(dataset, options), trainer.save()];
    trainer.dispose();
    for (const { reason } of (await Promise.allSettled(underWay)) as PromiseRejectedResult[])
      expect(String(reason)).toMatch(/Tiny was disposed/);
  });

  test("so does a run that is disposed by its own callback, and whatever comes afterwards", async () => {
    const trainer = await fresh();
    const stop = (event: { readonly kind: string }): void => {
      if (event.kind === "epoch") trainer.dispose();
    };
    await expect(trainer.train(dataset, options, stop)).rejects.toThrow("Tiny was disposed");
    await expect(trainer.predict(rows)).rejects.toThrow("Tiny was disposed");
    await expect(trainer.step(gatherBatch(dataset, [0]))).rejects.toThrow("Tiny was disposed");
    await expect(trainer.save()).rejects.toThrow("Tiny was disposed");
    trainer.dispose();
  });
}
