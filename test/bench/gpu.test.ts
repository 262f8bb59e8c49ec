/** The GPU benchmarks but for their times: what they compile, how a software adapter's numbers are marked, and the bundle. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limitOf } from "../../bench/gpu/limit.ts";
import { headProgram, inputsOf, moduleOf, productProgram } from "../../bench/gpu/programs.ts";
import { type Results, markdownOf } from "../../bench/gpu/section.ts";
import { stampDispatches } from "../../bench/gpu/stamps.ts";
import { callSeconds, passSeconds } from "../../bench/gpu/timing.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { footprintOf } from "../../runtime/webgpu/footprint.ts";
import { describeOnGpu } from "../support/gpu.ts";

const root = join(import.meta.dirname, "..", "..");

describeOnGpu("the GPU benchmarks", (gpu) => {
  test("a row in f16 rounds its operands, with and without passes", () => {
    const able = { ...gpu, offer: { ...gpu.offer, features: ["shader-f16"] } };
    for (const without of [[], ["stream"]] as const) {
      const { features } = moduleOf(headProgram({ rows: 40, width: 8, classes: 3000 }), able, {
        path: "f16",
        without,
      });
      expect(features).toContain("shader-f16");
    }
  });

  test("the forward pass is the step's loss, by fewer dispatches; storing the scores takes more memory", async () => {
    const streamed = moduleOf(headProgram({ rows: 40, width: 8, classes: 3000 }), gpu);
    const stored = moduleOf(headProgram({ rows: 40, width: 8, classes: 3000 }), gpu, { without: ["stream"] });
    const [forward, step, whole] = [
      footprintOf(streamed, "forward", { N: 40 }, 2 ** 18),
      footprintOf(streamed, "step", { N: 40 }, 2 ** 18),
      footprintOf(stored, "step", { N: 40 }, 2 ** 18),
    ];
    expect(forward.dispatches).toBeLessThan(step.dispatches);
    expect(step.peakBytes).toBeLessThan(whole.peakBytes);
    const losses: number[] = [];
    for (const module of [streamed, stored])
      for (const name of ["forward", "step"]) {
        const executor = createWebGpuExecutor(module, gpu);
        await executor.initialize(1);
        const { loss } = await executor.call(name, inputsOf(module, name, 40), ["loss"]);
        losses.push(loss?.data[0] ?? NaN);
        executor.dispose();
      }
    const [first = NaN] = losses;
    expect(first).toBeGreaterThan(1);
    // Sums of 3,000 exponentials in f32, in two orders.
    for (const loss of losses) expect(Math.abs(loss - first)).toBeLessThan(1e-4 * first);
  });

  test.runIf(gpu.device.features.has("timestamp-query"))(
    "dispatches are timed one by one, with the same result",
    async () => {
      const module = moduleOf(headProgram({ rows: 40, width: 8, classes: 3000 }), gpu);
      const stamped = stampDispatches(gpu);
      const losses: number[] = [];
      for (const each of [gpu, stamped.gpu]) {
        const executor = createWebGpuExecutor(module, each);
        await executor.initialize(1);
        await stamped.take();
        const { loss } = await executor.call("step", inputsOf(module, "step", 40), ["loss"]);
        losses.push(loss?.data[0] ?? NaN);
        executor.dispose();
      }
      const taken = await stamped.take();
      expect(losses[1]).toBe(losses[0]);
      expect(taken).toHaveLength(footprintOf(module, "step", { N: 40 }).dispatches);
      expect(taken.every(({ seconds, workgroups }) => seconds >= 0 && workgroups > 0)).toBe(true);
      expect(taken.some(({ seconds }) => seconds > 0)).toBe(true);
    },
  );

  test("a call and a pass are timed", async () => {
    const shape = { rows: 5, depth: 6, columns: 7, flipped: "left" } as const;
    const module = moduleOf(productProgram(shape), gpu);
    const executor = createWebGpuExecutor(module, gpu);
    await executor.initialize(1);
    const effort = { runs: 2, least: 0 };
    const seconds = await callSeconds(gpu, executor, "value", inputsOf(module, "value", 1), effort);
    expect(seconds).toBeGreaterThan(0);
    expect(await passSeconds(gpu.device, effort, () => undefined)).toBeGreaterThanOrEqual(0);
    executor.dispose();
  });
});

test("no call is faster than its multiply-adds, nor than its bytes", () => {
  const product = productProgram({ rows: 50, depth: 60, columns: 70, flipped: "left" });
  const flops = 2 * 50 * 60 * 70;
  // Both parameters, the number that the model takes, and the product.
  const bytes = 4 * (50 * 60 + 60 * 70 + 1 + 50 * 70);
  const limit = (each: { flops: number; bytes: number }) =>
    limitOf(product, "value", { N: 1 }, { ...each, section: { title: "", rows: [] } });
  expect(limit({ flops: 1000, bytes: 1e9 })).toEqual({ seconds: flops / 1000, by: "arithmetic" });
  expect(limit({ flops: 1e12, bytes: 1000 })).toEqual({ seconds: bytes / 1000, by: "memory" });
});

test("a head multiplies three times, however it is cut", () => {
  const ceilings = { flops: 1, bytes: Infinity, section: { title: "", rows: [] } };
  const seconds = limitOf(
    headProgram({ rows: 40, width: 8, classes: 3000 }),
    "step",
    { N: 40 },
    ceilings,
  ).seconds;
  expect(seconds).toBe(3 * 2 * 40 * 8 * 3000);
});

test("a table names its adapter, and a software one is told from a GPU", () => {
  const results: Results = {
    adapter: "Some card",
    kind: "hardware",
    machine: "a machine",
    sections: [
      {
        title: "Times",
        rows: [
          { what: "a", ms: 1234.5 },
          { what: "b", ms: 0.01234 },
        ],
        notes: ["A note."],
      },
    ],
  };
  expect(markdownOf(results)).toBe(
    "## Some card\n\na machine\n\n### Times (Some card)\n\n| what | ms |\n| --- | --: |\n| a | 1,235 |\n| b | 0.0123 |\n\nA note.\n",
  );
  const warning = "A software adapter: these are the times of a processor that plays a GPU";
  expect(markdownOf(results)).not.toContain(warning);
  expect(markdownOf({ ...results, kind: "software" })).toContain(warning);
});

test.runIf(process.platform !== "win32")("run.sh is a script of plain sh and finds all it names", () => {
  const script = join(root, "scripts/bench-bundle.sh");
  execFileSync("sh", ["-n", script]);
  const maker = readFileSync(join(root, "scripts/bench-bundle.mjs"), "utf8");
  for (const [, path = ""] of readFileSync(script, "utf8").matchAll(/\$here\/([\w./]+)/g))
    expect(maker, path).toContain(path.split("/").at(-1)?.replace(/\$.*/, ""));
});
