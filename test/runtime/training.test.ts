/** The trainer and its loop over a fake executor: events, resuming, cancelling, bad numbers, bad settings. */
import { describe, expect, it, vi } from "vitest";
import { datasetOf } from "../../runtime/arrays.ts";
import { batchRows, epochOrder, groupedByClass } from "../../runtime/batches.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../runtime/checkpoint.ts";
import { joinedBytes } from "../../runtime/safetensors.ts";
import { type Dataset, gatherBatch } from "../../runtime/dataset.ts";
import { isFault } from "../../runtime/errors.ts";
import { type Trainer, createTrainer, rowsOf } from "../../runtime/trainer.ts";
import type { TrainingEvent, TrainingOptions } from "../../runtime/training-run.ts";
import { folderFaults } from "../../src/runs/folder-faults.ts";
import { cornerDataset, faultText, whole } from "../support/datasets.ts";
import { fakeExecutor } from "../support/fake-executor.ts";

const dataset = cornerDataset(23, 4, 3);
const settings = { width: 4, classes: 3, rate: 0.1 };
const options: TrainingOptions = { batch: 5, epochs: 4 };

async function freshTrainer(rate = 0.1, seed = 3): Promise<Trainer> {
  return whole(await createTrainer(fakeExecutor({ ...settings, rate }), seed));
}

async function run(trainer: Trainer, data: Dataset, given: TrainingOptions) {
  const events: TrainingEvent[] = [];
  const outcome = await trainer.train(data, given, (event) => void events.push(event));
  const losses = events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
  return { events, outcome, losses };
}

describe("a run", () => {
  it("sees every row once an epoch, the last batch short", () => {
    const order = epochOrder(3, 1, 23);
    const batches = [0, 1, 2, 3, 4].map((index) => batchRows(order, 5, index));
    expect(batches.map((rows) => rows.length)).toEqual([5, 5, 5, 5, 3]);
    expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, row) => row));
    expect(epochOrder(3, 1, 23)).toEqual(order);
    expect(epochOrder(3, 2, 23)).not.toEqual(order);
    expect(epochOrder(4, 1, 23)).not.toEqual(order);
  });

  it("shuffles evenly", () => {
    const places = new Float64Array(10);
    for (let epoch = 0; epoch < 2000; epoch++)
      places[epochOrder(1, epoch, 10).indexOf(0)] = (places[epochOrder(1, epoch, 10).indexOf(0)] ?? 0) + 1;
    for (const count of places) expect(Math.abs(count - 200)).toBeLessThan(70);
  });

  it("sees rows of a class together where it is asked to, each once an epoch and classes in no order", () => {
    const labels = Int32Array.from({ length: 203 }, (_, row) => (row * row + row) % 11);
    const order = epochOrder(5, 0, 203);
    const grouped = groupedByClass(order, labels, 4);
    expect([...grouped].sort((a, b) => a - b)).toEqual(Array.from({ length: 203 }, (_, row) => row));
    const sizes = new Map<number, number>();
    for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    // Every run of a class is of four rows, or several fours; only the last rows of a class are fewer.
    const runs: (readonly [label: number, rows: number])[] = [];
    for (const row of grouped) {
      const label = labels[row] ?? -1;
      const last = runs.at(-1);
      if (last?.[0] === label) runs[runs.length - 1] = [label, last[1] + 1];
      else runs.push([label, 1]);
    }
    for (const [label, rows] of runs) expect([0, (sizes.get(label) ?? 0) % 4]).toContain(rows % 4);
    expect(runs.length).toBeGreaterThan(30);
    const first = (seed: number) => labels[groupedByClass(epochOrder(seed, 0, 203), labels, 4)[0] ?? 0];
    expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(first)).size).toBeGreaterThan(2);
    expect(groupedByClass(order, labels, 1)).toEqual(order);
  });

  it("of classes that come together resumes as it would have gone on", async () => {
    const together = { ...options, perClass: 3 };
    const unbroken = await run(await freshTrainer(), dataset, together);
    expect(unbroken.losses).not.toEqual((await run(await freshTrainer(), dataset, options)).losses);
    const first = await freshTrainer();
    let saved = new Uint8Array();
    await run(first, dataset, {
      ...together,
      steps: 7,
      saveCheckpoint: async (bytes) => {
        saved = Uint8Array.from(bytes);
        return undefined;
      },
    });
    const second = await freshTrainer();
    expect(await second.load(saved)).toBeUndefined();
    expect((await run(second, dataset, together)).losses).toEqual(unbroken.losses.slice(7));
  });

  it("goes on where timers rest, as in a tab in the background", async () => {
    vi.stubGlobal("setTimeout", () => 0);
    // Every look at the clock finds the pause due.
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (time += 1000));
    let time = 0;
    try {
      expect((await run(await freshTrainer(), dataset, options)).losses).toHaveLength(20);
    } finally {
      clock.mockRestore();
      vi.unstubAllGlobals();
    }
  });

  it("tells its story as plain events and learns", async () => {
    const trainer = await freshTrainer();
    const { events, outcome } = await run(trainer, dataset, { ...options, validation: dataset });
    expect(events[0]).toEqual({ kind: "start", rows: 23, batchesPerEpoch: 5, totalSteps: 20, step: 0 });
    expect(events.filter(({ kind }) => kind === "step")).toHaveLength(20);
    expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(4);
    expect(events.filter(({ kind }) => kind === "evaluation")).toHaveLength(4);
    expect(outcome).toMatchObject({ kind: "finished", step: 20, evaluation: { accuracy: 1, rows: 23 } });
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
    const [first, last] = [
      events.find(({ kind }) => kind === "epoch"),
      events.findLast(({ kind }) => kind === "epoch"),
    ];
    expect(last?.kind === "epoch" && first?.kind === "epoch" && last.loss < first.loss).toBe(true);
    expect(
      events.flatMap((event) => (event.kind === "step" ? [event.traces["epoch"]] : [])).slice(4, 6),
    ).toEqual([0, 1]);
  });

  it("ends at its steps, also inside an epoch", async () => {
    const { outcome, events } = await run(await freshTrainer(), dataset, { batch: 5, epochs: 4, steps: 7 });
    expect(outcome).toMatchObject({ kind: "finished", step: 7 });
    expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(2);
  });

  it("predicts, embeds and evaluates without labels", async () => {
    const trainer = await freshTrainer();
    await run(trainer, dataset, options);
    const x = rowsOf(dataset, [0, 1, 2]);
    expect((await trainer.predict(x))?.shape).toEqual([3, 3]);
    expect((await trainer.embed(x))?.data).toEqual(x[0].data);
    expect(whole(await trainer.evaluate(dataset, { batch: 7 }))).toMatchObject({ accuracy: 1, rows: 23 });
  });
});

describe("resuming", () => {
  it.each([1, 3, 5, 7, 10, 19])("at step %i equals the uninterrupted run bit for bit", async (at) => {
    const straight = await freshTrainer();
    const whole20 = await run(straight, dataset, options);
    const before = await freshTrainer();
    const head = await run(before, dataset, { ...options, steps: at });
    const { buffer } = Uint8Array.from(await before.save());
    const after = await freshTrainer(0.1, 999);
    expect(await after.load(buffer)).toBeUndefined();
    const tail = await run(after, dataset, options);
    expect([...head.losses, ...tail.losses]).toEqual(whole20.losses);
    expect(await after.save()).toEqual(await straight.save());
    expect(tail.events.findLast(({ kind }) => kind === "epoch")).toMatchObject({
      loss: (whole20.events.findLast(({ kind }) => kind === "epoch") as { loss: number }).loss,
    });
  });

  it("goes on from the checkpoint that cancelling wrote", async () => {
    const straight = await freshTrainer();
    const whole20 = await run(straight, dataset, options);
    const stop = new AbortController();
    let saved = new Uint8Array();
    const trainer = await freshTrainer();
    const outcome = await trainer.train(
      dataset,
      {
        ...options,
        signal: stop.signal,
        saveCheckpoint: async (bytes) => void (saved = Uint8Array.from(bytes)),
      },
      (event) => {
        if (event.kind === "step" && event.step === 8) stop.abort();
      },
    );
    expect(outcome).toEqual({ kind: "cancelled", step: 8 });
    const resumed = await freshTrainer();
    expect(await resumed.load(saved)).toBeUndefined();
    const { losses } = await run(resumed, dataset, options);
    expect(losses).toEqual(whole20.losses.slice(8));
    expect(await resumed.save()).toEqual(await straight.save());
  });

  it("saves within an epoch after so long, in parts that together are the checkpoint", async () => {
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (time += 1000));
    let time = 0;
    const saved: { readonly step: number; readonly bytes: Uint8Array }[] = [];
    const trainer = await freshTrainer();
    try {
      await run(trainer, dataset, {
        ...options,
        checkpointSeconds: 0,
        saveCheckpointParts: async (parts, step) => void saved.push({ step, bytes: joinedBytes(parts) }),
      });
      expect(saved.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
      expect(saved.at(-1)?.bytes).toEqual(await trainer.save());
      const middle = saved[6];
      const resumed = await freshTrainer();
      expect(middle && (await resumed.load(middle.bytes))).toBeUndefined();
      await run(resumed, dataset, options);
      expect(await resumed.save()).toEqual(await trainer.save());
      saved.length = 0;
      await run(await freshTrainer(), dataset, {
        ...options,
        checkpointSeconds: 3600,
        saveCheckpointParts: async (_, step) => void saved.push({ step, bytes: new Uint8Array() }),
      });
      const [first = 0, second = 0] = saved.map(({ step }) => step);
      expect(second - first).toBe(first);
      expect(saved.length).toBeLessThan(20);
    } finally {
      clock.mockRestore();
    }
  });

  it("refuses checkpoints of other programs and leaves the trainer as it was", async () => {
    const other = whole(await createTrainer(fakeExecutor({ ...settings, width: 5 }), 1));
    const trainer = await freshTrainer();
    const before = await trainer.save();
    expect(faultText(await trainer.load(await other.save()))).toMatchInlineSnapshot(
      `"M0612 the checkpoint belongs to another program: "W" is f32[3, 5] in it and f32[3, 4] in the program / resume with the source and settings that the run was started with, or start a new run"`,
    );
    const checkpoint = whole(decodeCheckpoint(before));
    const { W } = checkpoint.variables;
    expect(
      faultText(
        await trainer.load(encodeCheckpoint({ ...checkpoint, variables: W === undefined ? {} : { W } })),
      ),
    ).toContain('it has no variable "sgd.v.W"');
    expect(faultText(await trainer.load(before.subarray(0, before.length - 4)))).toContain(
      "M0610 this is no whole safetensors file",
    );
    expect(await trainer.save()).toEqual(before);
  });

  it("refuses a position that the data does not have", async () => {
    const trainer = await freshTrainer();
    await run(trainer, dataset, { ...options, steps: 4 });
    const { outcome } = await run(trainer, cornerDataset(6, 4, 3), options);
    expect(outcome.kind === "failed" && faultText(outcome.fault)).toContain(
      "it stands at batch 4 of an epoch, but this data and batch size make only 2",
    );
  });
});

describe("weights of another run", () => {
  it("are taken where name and shape fit; the step and the optimizer's state begin anew", async () => {
    const [earlier, trainer] = [await freshTrainer(), await freshTrainer(0.1, 9)];
    await run(earlier, dataset, options);
    const before = await trainer.executor.read();
    const weights = whole(await trainer.loadWeights(await earlier.save()));
    expect(weights.fresh).toEqual([]);
    expect(trainer.progress.step).toBe(0);
    const [after, given] = [await trainer.executor.read(), await earlier.executor.read()];
    const kinds = new Map(trainer.executor.info.variables.map(({ name, kind }) => [name, kind]));
    for (const [name, value] of Object.entries(after))
      expect(value, name).toEqual(kinds.get(name) === "optimizer" ? before[name] : given[name]);
    expect(Object.keys(weights.taken)).toEqual(
      [...kinds].flatMap(([name, kind]) => (kind === "optimizer" ? [] : [name])),
    );
  });

  it("of which none fits are refused, and nothing changes", async () => {
    const trainer = await freshTrainer();
    const before = await trainer.executor.read();
    const other = whole(await createTrainer(fakeExecutor({ ...settings, width: 5 }), 1));
    expect(faultText(await trainer.loadWeights(await other.save(), "other"))).toMatch(
      /^M0613 nothing in these weights has both the name and the shape of a variable of /,
    );
    expect(faultText(await trainer.loadWeights(new Uint8Array(3), "short"))).toContain("M0610");
    expect(await trainer.executor.read()).toEqual(before);
  });
});

describe("a loss that is no number", () => {
  const features = dataset.features[0].data.slice();
  features[17 * 4] = 3e38;
  const spoiled: Dataset = { ...dataset, features: [{ ...dataset.features[0], data: features }] };

  it("stops with the step that did the harm and the variables before it", async () => {
    const trainer = await freshTrainer();
    const { outcome, events } = await run(trainer, spoiled, options);
    if (outcome.kind !== "failed" || outcome.broken === undefined)
      throw new Error("the run should have failed");
    const { broken } = outcome;
    expect(outcome.fault.code).toBe("M0601");
    expect(broken.batch.rows).toContain(17);
    expect(
      Object.values(broken.variables).every(({ data }) => data.every((value) => Number.isFinite(value))),
    ).toBe(true);
    expect(events.at(-1)).toMatchObject({ kind: "replay", from: 1 });
    expect(trainer.progress.step).toBe(broken.step - 1);
    const again = await trainer.step(gatherBatch(spoiled, broken.batch.rows));
    const after = await trainer.executor.read(["W"]);
    expect(Number.isFinite(again.loss) && after["W"]?.data.every((value) => Number.isFinite(value))).toBe(
      false,
    );
  });

  it("is not waited for: parameters that are none end the run before they are a checkpoint", async () => {
    const saved: number[] = [];
    const saveCheckpoint = async (bytes: Uint8Array) => void saved.push(bytes.length);
    const given = { batch: 5, steps: 1, saveCheckpoint };
    const { outcome } = await run(await freshTrainer(1e300), dataset, given);
    expect(outcome).toMatchObject({
      kind: "failed",
      fault: { code: "M0605" },
      broken: { output: "W", step: 1 },
    });
    expect(saved).toEqual([]);
  });

  it("ends the run when a checkpoint cannot be written", async () => {
    const trainer = await freshTrainer();
    const full = folderFaults.outputUnwritable("run/checkpoint.safetensors", "the disk is full");
    const { outcome } = await run(trainer, dataset, { ...options, saveCheckpoint: async () => full });
    expect(outcome).toEqual({ kind: "failed", fault: full });
  });
});

describe("what does not fit", () => {
  const start = async (data: Dataset, given: TrainingOptions = options): Promise<string> => {
    const { outcome } = await run(await freshTrainer(), data, given);
    return outcome.kind === "failed" ? faultText(outcome.fault) : outcome.kind;
  };

  it("names both shapes", async () => {
    expect(await start(cornerDataset(6, 3, 3))).toMatchInlineSnapshot(
      `"M0720 corners has rows of shape [3], but "x" takes rows of shape [4] / change the shape of "x" in the model, or give data of its shape"`,
    );
  });
  it("names both class counts", async () => {
    expect(await start(cornerDataset(8, 4, 4))).toMatchInlineSnapshot(
      `"M0724 corners has 4 classes, but the program was compiled for 3 / write classes: 4 for the data, or 3 classes for both"`,
    );
  });
  it("names the row of a label out of range", async () => {
    const labels = {
      dtype: "i32",
      shape: [23],
      data: Int32Array.from({ length: 23 }, (_, row) => (row === 9 ? 7 : 0)),
    } as const;
    expect(await start({ ...dataset, labels: [labels] })).toMatchInlineSnapshot(
      `"M0725 the label of row 9 of corners is 7, but with 3 classes labels are 0…2 / correct the row (rows count from 0), or write classes: 8 if there are more classes"`,
    );
  });
  it("names missing labels, no rows and bad settings", async () => {
    expect(await start({ ...dataset, labels: [] })).toMatch(/M0722 corners has no labels/);
    expect(await start(cornerDataset(0, 4, 3))).toMatch(/M0603 corners has no rows/);
    expect(await start(dataset, { batch: 0 })).toMatch(/M0604 batch is 0/);
    expect(await start(dataset, { batch: 4, epochs: 1.5 })).toMatch(/M0604 epochs is 1.5/);
  });
  it("refuses rows of a class together where there are no classes", async () => {
    const { outcome } = await run(await freshTrainer(), dataset, { ...options, perClass: 0 });
    expect(outcome).toMatchObject({ kind: "failed", fault: { code: "M0604" } });
  });

  it("says why where a fault was handed on in place of the data", async () => {
    const trainer = await freshTrainer();
    const broken = datasetOf({ features: new Float32Array(7), shape: [4] }) as Dataset;
    const words = /M0731 the data has 7 elements/;
    expect(await start(broken)).toMatch(words);
    expect(await start(dataset, { ...options, validation: broken })).toMatch(words);
    expect(faultText(await trainer.evaluate(broken, { batch: 4 }))).toMatch(words);
    expect(await start([1, 2] as never)).toMatch(/M0604 the data is 1,2, but it must be a dataset/);
    expect(await start(undefined as never)).toMatch(/M0604 the data is undefined/);
  });

  it("says what was forgotten", async () => {
    const trainer = await freshTrainer();
    const nothing = undefined as never;
    const outcome = await trainer.train(dataset, nothing);
    expect(outcome.kind === "failed" && faultText(outcome.fault)).toMatch(/M0604 batch is undefined/);
    expect(faultText(await trainer.evaluate(dataset, nothing))).toMatch(/M0604 batch is undefined/);
    expect(faultText(await trainer.evaluate(dataset, { batch: 0 }))).toMatch(/M0604 batch is 0/);
    expect(await trainer.train(dataset, options)).toMatchObject({ kind: "finished" });
    const opened = { executor: fakeExecutor(settings) };
    expect(faultText(await createTrainer(opened as never))).toMatch(/M0604 the executor is .*openProgram/);
  });

  it("takes the program's seed where none is given, and refuses what is none", async () => {
    const executor = fakeExecutor(settings);
    const data = { reader: "csv", files: [], options: {} };
    const info = { ...executor.info, training: { data, batch: 4, seed: 17 } };
    expect(whole(await createTrainer({ ...executor, info })).seed).toBe(17);
    expect(whole(await createTrainer(executor)).seed).toBe(0);
    expect(faultText(await createTrainer(executor, 1.5))).toMatch(/M0604 seed is 1.5/);
  });

  it("refuses programs that cannot be trained", async () => {
    const executor = fakeExecutor(settings);
    const trainer = await createTrainer({ ...executor, info: { ...executor.info, functions: [] } }, 1);
    expect(isFault(trainer) && trainer.code).toBe("M0602");
  });
});
