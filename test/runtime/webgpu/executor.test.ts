/**
 * The WebGPU executor: what it refuses and says, what it keeps and frees, very many workgroups, and a head of a
 * million classes in bounded memory.
 */
import { expect, test } from "vitest";
import { formulas } from "../../../compiler/ir/build.ts";
import { namedDim } from "../../../compiler/ir/dim.ts";
import { GraphBuilder } from "../../../compiler/ir/node.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { openDevice } from "../../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { planFunction, workingBytes } from "../../../runtime/webgpu/plan.ts";
import { gpuOfNode } from "../../../src/executors/dawn.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { evaluateOnGpu, gpuExecutor, gpuModule, gpuOptions } from "../../support/gpu-runs.ts";
import { arcFace, headProgram } from "../../support/head-programs.ts";
import { runSteps } from "../../support/head-runs.ts";
import { expectSameValues, randomFeeds } from "../../support/references.ts";
import { withLimits, withMembers } from "../../support/stand-in-device.ts";
import { tinyProgram } from "../../support/tiny-program.ts";

const training = { data: { reader: "csv", files: [], options: {} }, batch: 4, epochs: 1, seed: 1, spans: {} };
const tiny = () => tinyProgram({ width: 4, classes: 3, rate: 0.1, first: "nothing", training });
const rows = (count: number) => ({
  x: { dtype: "f32", shape: [count, 4], data: new Float32Array(count * 4).fill(0.5) } as const,
  y: { dtype: "i32", shape: [count], data: new Int32Array(count) } as const,
});
const counters = {
  seed: { dtype: "i32", shape: [], data: Int32Array.of(1) },
  step: { dtype: "i32", shape: [], data: Int32Array.of(0) },
} as const;

describeOnGpu("the WebGPU executor", (gpu) => {
  test("says what is missing, unknown or of the wrong shape", async () => {
    const executor = gpuExecutor(gpu, tiny());
    await expect(executor.call("evaluate", rows(2))).rejects.toThrow(/initialize/);
    await executor.initialize(1);
    await expect(executor.call("nothing", {})).rejects.toThrow(/no function "nothing"/);
    await expect(executor.call("evaluate", { x: rows(2).x })).rejects.toThrow(/needs the input "y"/);
    await expect(executor.call("evaluate", { ...rows(2), x: rows(3).x })).rejects.toThrow(/N = /);
    await expect(executor.call("evaluate", rows(2), ["weight"])).rejects.toThrow(/no output "weight"/);
    expect((await executor.call("evaluate", rows(2), ["loss"]))["loss"]?.data.length).toBe(1);
    executor.dispose();
  });

  test("an empty batch, one row and another batch size", async () => {
    const executor = gpuExecutor(gpu, tiny());
    await executor.initialize(1);
    for (const count of [0, 1, 7]) {
      const outputs = await executor.call("predict", { x: rows(count).x }, ["scores"]);
      expect(outputs["scores"]?.shape).toEqual([count, 3]);
    }
    executor.dispose();
  });

  test("memory stays the same from step to step, and nothing is left at the end", async () => {
    const executor = gpuExecutor(gpu, tiny());
    await executor.initialize(1);
    const step = () => executor.call("step", { ...rows(4), ...counters }, ["loss"]);
    await step();
    const held = executor.memory();
    for (let count = 0; count < 1000; count++) await step();
    expect(executor.memory()).toEqual(held);
    executor.dispose();
    expect(executor.memory()).toEqual({ bytes: 0, tensors: 0 });
  });

  test("a device that was lost stops the program with its reason", async () => {
    const own = await openDevice(await gpuOfNode());
    if (own === undefined) throw new Error("there was an adapter before");
    const executor = gpuExecutor(own, tiny());
    await executor.initialize(1);
    own.device.destroy();
    await own.device.lost;
    await expect(executor.call("evaluate", rows(2))).rejects.toThrow(
      /Tiny cannot go on: the device was lost \(destroyed\)/,
    );
  });

  test("limits are checked before anything is allocated", async () => {
    const small = withLimits(gpu, { maxStorageBufferBindingSize: 40 });
    const executor = createWebGpuExecutor(gpuModule(tiny()), small);
    await expect(executor.initialize(1)).rejects.toThrow(
      /maxStorageBufferBindingSize 40, but 48 is needed for .+, 8 more/,
    );
    expect(executor.memory().bytes).toBe(0);
  });

  test("compiling is told kernel by kernel, and only once for the same sizes", async () => {
    const heard: (readonly [ready: number, asked: number])[] = [];
    const executor = createWebGpuExecutor(gpuModule(tiny()), gpu, {
      onCompiled: (...told) => heard.push(told),
    });
    const step = (count: number) => executor.call("step", { ...rows(count), ...counters }, ["loss"]);
    await executor.initialize(1);
    await step(4);
    expect(heard.map(([ready]) => ready)).toEqual(heard.map((_, index) => index + 1));
    expect(heard.every(([ready, asked]) => ready <= asked)).toBe(true);
    expect(heard.at(-1)).toEqual([heard.length, heard.length]);
    const before = heard.length;
    await step(4);
    expect(heard.length).toBe(before);
    await step(3);
    expect(heard.length).toBeGreaterThan(before);
    executor.dispose();
  });

  test("a device without memory is told so, and nothing is held", async () => {
    const refused = Object.assign(new Error("it is full"), { constructor: { name: "GPUOutOfMemoryError" } });
    const full = withMembers(gpu, {
      popErrorScope: async () => {
        await gpu.device.popErrorScope();
        return refused;
      },
    });
    const executor = createWebGpuExecutor(gpuModule(tiny()), full);
    await expect(executor.initialize(1)).rejects.toThrow(
      /has no memory for the variables of Tiny, 0\.0 MiB: it is full/,
    );
    expect(executor.memory().bytes).toBe(0);
  });

  test("an error that nobody expected is told as a bug of Margo", async () => {
    const own = await openDevice(await gpuOfNode());
    if (own === undefined) throw new Error("there was an adapter before");
    const executor = gpuExecutor(own, tiny());
    await executor.initialize(1);
    own.device.createBuffer({ size: 16, usage: 0 });
    await expect(executor.call("evaluate", rows(2))).rejects.toThrow(
      /a bug in Margo; please report it with this text:\n.+usage/,
    );
    own.device.destroy();
  });

  test("more than 65,535 workgroups", async () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const N = namedDim("N");
    const long = f.make("iota", [], { size: N });
    const last = f.max(f.add(long, f.i32(1)), { axes: [0], keepDims: false });
    const spread = f.add(f.cast(long, "f32"), f.make("input", [], { name: "x", dtype: "f32", shape: [] }));
    const graph = {
      outputs: [
        { name: "last", node: last },
        { name: "end", node: f.max(spread, { axes: [0], keepDims: false }) },
        {
          name: "spread",
          node: f.gather(spread, f.make("input", [], { name: "at", dtype: "i32", shape: [] })),
        },
      ],
    };
    const dims = { N: 65535 * 64 + 77 };
    const feeds = { ...randomFeeds(graph, dims, 1, { low: 0, high: 0 }) };
    const at = { dtype: "i32", shape: [], data: Float64Array.of(dims.N - 1) } as const;
    const actual = await evaluateOnGpu(gpu, builder, graph, { ...feeds, at }, dims, gpuOptions);
    expectSameValues(actual, evaluateGraph(graph, { ...feeds, at }, dims), 1e-6);
  });

  test("a step with 1,000,000 classes holds its parameters and the budget", async () => {
    const sizes = { N: 16, C: 1_000_000 };
    const program = headProgram({ width: 64, classes: "free" }, arcFace);
    const module = gpuModule(program);
    const step = module.functions["step"];
    if (step === undefined) throw new Error("a head has a step");
    const bytes = workingBytes(planFunction(step, module.kernels, sizes));
    const parameters = sizes.C * 64 * 4;
    // The budget of chunks, and vectors over the rows and classes: new rows of W are written where the old ones lie.
    expect(bytes).toBeLessThan(64 * 2 ** 20 + 64 * (sizes.N * 64 + sizes.C));
    expect(bytes).toBeLessThan(parameters / 2);
    const stored = gpuModule(program, { ...gpuOptions, without: ["stream"] }).functions["step"];
    if (stored === undefined) throw new Error("a head has a step");
    expect(workingBytes(planFunction(stored, module.kernels, sizes))).toBeGreaterThan(bytes);
  });

  test("classes beyond one chunk's budget give the loss of the stored twin", async () => {
    const program = headProgram({ width: 16, classes: "free" }, arcFace);
    const sizes = { N: 4, C: 20_000 };
    const run = async (options: typeof gpuOptions) => {
      const executor = gpuExecutor(gpu, program, options);
      const outcome = await runSteps(executor, program, sizes, 1);
      executor.dispose();
      return outcome.outputs[0]?.["loss"]?.data[0] ?? NaN;
    };
    const streamed = await run({ ...gpuOptions, budgetBytes: 2 ** 19 });
    expect(streamed).toBeCloseTo(await run({ ...gpuOptions, without: ["stream"] }), 3);
  });
});
