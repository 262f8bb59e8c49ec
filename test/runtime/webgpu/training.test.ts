/**
 * Runs on a GPU: losses come back in blocks and are the same as one by one, a loss that is no number is found at its
 * step however late it comes, and a device that is lost costs the run nothing.
 */
import { expect, test } from "vitest";
import { decodeCheckpoint } from "../../../runtime/checkpoint.ts";
import { DeviceLost } from "../../../runtime/device-fault.ts";
import type { Executor } from "../../../runtime/program.ts";
import { type Trainer, createTrainer } from "../../../runtime/trainer.ts";
import type { TrainingEvent, TrainingOptions, TrainingOutcome } from "../../../runtime/training-run.ts";
import { type GpuDevice, openDevice } from "../../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { gpuOfNode } from "../../../src/executors/dawn.ts";
import type { Dataset } from "../../../runtime/dataset.ts";
import { cornerDataset, whole } from "../../support/datasets.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { gpuModule } from "../../support/gpu-runs.ts";
import { tinyProgram } from "../../support/tiny-program.ts";

const training = { data: { reader: "csv", files: [], options: {} }, batch: 4, epochs: 1, seed: 1, spans: {} };
const module = gpuModule(tinyProgram({ width: 4, classes: 3, rate: 0.1, first: "nothing", training }));
const dataset = cornerDataset(400, 4, 3);
const options: TrainingOptions = { batch: 4, epochs: 3, validation: cornerDataset(9, 4, 3) };

interface Told {
  readonly outcome: TrainingOutcome;
  readonly events: readonly TrainingEvent[];
  readonly losses: readonly number[];
}

async function run(
  trainer: Trainer,
  changes: Partial<TrainingOptions> = {},
  onEvent: (event: TrainingEvent) => void = () => undefined,
  data = dataset,
): Promise<Told> {
  const events: TrainingEvent[] = [];
  const outcome = await trainer.train(data, { ...options, ...changes }, (event) => {
    events.push(event);
    onEvent(event);
  });
  const losses = events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
  return { outcome, events, losses };
}

async function started(executor: Executor): Promise<Trainer> {
  return whole(await createTrainer(executor, 5));
}

/** A device of its own, whose first, second, … successors are told to `onOpened`. */
async function ownDevice(onOpened: (device: GPUDevice) => void): Promise<GpuDevice> {
  const told = (gpu: GpuDevice | undefined): GpuDevice => {
    if (gpu === undefined) throw new Error("there was an adapter before");
    onOpened(gpu.device);
    return { ...gpu, reopen: async () => told(await gpu.reopen()) };
  };
  return told(await openDevice(await gpuOfNode()));
}

describeOnGpu("training", (gpu) => {
  test("losses come back in blocks, as they are one by one", async () => {
    const executor = createWebGpuExecutor(module, gpu);
    let [ahead, most] = [0, 0];
    const counted: Executor = {
      ...executor,
      start: async (...call) => {
        const step = await executor.start?.(...call);
        if (step === undefined) throw new Error("a GPU starts calls");
        most = Math.max(most, ++ahead);
        return { outputs: () => step.outputs().finally(() => ahead--) };
      },
    };
    const blocks = await run(await started(counted));
    const { start: _, ...waiting } = createWebGpuExecutor(module, gpu);
    const single = await run(await started(waiting));
    expect(most).toBeGreaterThan(2);
    expect(blocks.losses.length).toBe(300);
    expect(blocks.losses).toEqual(single.losses);
    expect(toldWhat(blocks)).toEqual(toldWhat(single));
  });

  test("a loss that is no number is found at its step, and checkpoints are of good steps", async () => {
    const features = dataset.features[0].data.slice();
    features[397 * 4] = 3e38;
    const spoiled: Dataset = { ...dataset, features: [{ ...dataset.features[0], data: features }] };
    const waited = await started(createWebGpuExecutor(module, gpu));
    const expected = await run(waited, { checkpointEvery: 1 }, undefined, spoiled);
    const saved: Uint8Array[] = [];
    const trainer = await started(createWebGpuExecutor(module, gpu));
    const actual = await run(
      trainer,
      { checkpointEvery: 7, saveCheckpoint: async (bytes) => void saved.push(bytes) },
      undefined,
      spoiled,
    );
    if (actual.outcome.kind !== "failed" || expected.outcome.kind !== "failed")
      throw new Error("the runs should have failed");
    expect(actual.outcome.broken?.batch.rows).toContain(397);
    expect(actual.outcome.fault).toEqual(expected.outcome.fault);
    expect(actual.losses).toEqual(expected.losses);
    const last = whole(decodeCheckpoint(saved.at(-1) ?? new Uint8Array()));
    expect(last.progress.step).toBeLessThan(actual.outcome.broken?.step ?? 0);
  });

  test("a run whose device is lost goes on and tells what it would have told", async () => {
    const straight = await started(createWebGpuExecutor(module, gpu));
    const expected = await run(straight);
    const opened: GPUDevice[] = [];
    const first = await ownDevice((device) => opened.push(device));
    const executor = createWebGpuExecutor(module, first);
    const trainer = await started(executor);
    const lostAfter = [20, 130, 250];
    const actual = await run(trainer, { saveCheckpoint: async () => undefined }, (event) => {
      if (event.kind === "step" && event.step === lostAfter[0]) {
        lostAfter.shift();
        opened.at(-1)?.destroy();
      }
    });
    expect(opened.length).toBe(4);
    expect(actual.losses).toEqual(expected.losses);
    expect(toldWhat(actual)).toEqual(toldWhat(expected));
    expect(actual.events.filter(({ kind }) => kind === "recovery")).toMatchObject([
      { step: 0 },
      { step: 100 },
      { step: 200 },
    ]);
    expect(await trainer.save()).toEqual(await straight.save());
    executor.dispose();
    first.device.destroy();
  });

  test("a device lost while the features are looked at costs nothing either", async () => {
    const expected = await run(await started(createWebGpuExecutor(module, gpu)));
    const opened: GPUDevice[] = [];
    const trainer = await started(
      createWebGpuExecutor(module, await ownDevice((device) => opened.push(device))),
    );
    let lost = false;
    const actual = await run(trainer, {
      observe: () => {
        if (!lost) opened[0]?.destroy();
        lost = true;
      },
    });
    expect(lost).toBe(true);
    expect(toldWhat(actual)).toEqual(toldWhat(expected));
    trainer.dispose();
  });

  test("a run that loses every device stops with its last snapshot as a checkpoint", async () => {
    const saved: Uint8Array[] = [];
    let devices = 0;
    const first = await ownDevice((device) => {
      // All but the first end when they are given work.
      if (++devices > 1) device.queue.submit = () => device.destroy();
    });
    const trainer = await started(createWebGpuExecutor(module, first));
    const failed = run(trainer, { saveCheckpoint: async (bytes) => void saved.push(bytes) }, (event) => {
      if (event.kind === "step" && event.step === 130) first.device.destroy();
    });
    await expect(failed).rejects.toThrow(DeviceLost);
    await expect(failed).rejects.toThrow(/Tiny cannot go on: the device was lost/);
    expect(devices).toBe(4);
    expect(whole(decodeCheckpoint(saved.at(-1) ?? new Uint8Array())).progress.step).toBe(100);
  });
});

/** All that does not depend on the clock, but for lost devices. */
function toldWhat({ events }: Told): readonly unknown[] {
  return events.flatMap((event): readonly unknown[] => {
    if (event.kind === "recovery" || event.kind === "checkpoint") return [];
    if (event.kind === "step") return [{ ...event, rowsPerSecond: 0, timeLeft: 0 }];
    return [event.kind === "epoch" ? { ...event, seconds: 0 } : event];
  });
}
