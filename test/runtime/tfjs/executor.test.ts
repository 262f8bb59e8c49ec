/**
 * The executor over a module written by hand, on both backends: variables live between calls, outputs are
 * copied only when asked for, every wrong call is refused with words, and no tensor is left behind.
 */
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Executor, HostTensor } from "../../../runtime/program.ts";
import { backendNames } from "../../../runtime/tfjs/backend.ts";
import { createTfjsExecutor } from "../../../runtime/tfjs/executor.ts";
import { loadTfjsModule } from "../../../src/executors/load-tfjs-module.ts";

/** w <- w - x̄, with the labels' count as a second output. */
const text = `
export const info = {
  name: "Tiny", version: "0", target: "tfjs",
  variables: [{ name: "w", kind: "parameter", dtype: "f32", shape: [2, 3] }],
  functions: [
    {
      name: "step",
      inputs: [
        { name: "x", dtype: "f32", shape: ["N", 3], role: "data" },
        { name: "y", dtype: "i32", shape: ["N"], role: "labels", bound: 4 },
      ],
      outputs: [{ name: "total", dtype: "f32", shape: [] }, { name: "twice", dtype: "f32", shape: ["2*N", 3] }],
    },
    { name: "fail", inputs: [], outputs: [] },
  ],
};
export const functions = {
  initialize(tf, k, inputs, variables, dims) {
    return { "next:w": k.broadcast(k.scalar(1, "float32"), [2, 3]) };
  },
  step(tf, k, inputs, variables, dims) {
    const total = k.sum(inputs.x, [0, 1]);
    const twice = k.concat([inputs.x, inputs.x], 0);
    const rate = k.size(1 / dims.N);
    const sum = k.sum(inputs.x, [0]);
    const mean = tf.mul(sum, rate);
    const next = tf.sub(variables.w, mean);
    tf.dispose([rate, sum, mean]);
    return { total, twice, "next:w": next };
  },
  fail(tf, k) {
    k.range(5);
    throw new Error("half-way");
  },
};`;

const f32 = (shape: readonly number[], values: readonly number[]): HostTensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from(values),
});
const i32 = (values: readonly number[]): HostTensor => ({
  dtype: "i32",
  shape: [values.length],
  data: Int32Array.from(values),
});

describe.each(backendNames)("on %s", (backend) => {
  let executor: Executor;
  let atStart: number;
  beforeEach(async () => {
    const module = await loadTfjsModule(text);
    executor = await createTfjsExecutor(module, backend);
    atStart = tf.memory().numTensors;
    await executor.initialize(1);
  });
  afterEach(() => executor.dispose());

  const x = f32([2, 3], [1, 2, 3, 3, 2, 1]);
  const y = i32([0, 3]);

  test("a step replaces variables and gives the outputs asked for", async () => {
    const outputs = await executor.call("step", { x, y }, ["total"]);
    expect(Object.keys(outputs)).toEqual(["total"]);
    expect(outputs["total"]).toEqual({ dtype: "f32", shape: [], data: Float32Array.of(12) });
    const { w } = await executor.read(["w"]);
    expect(Array.from(w?.data ?? [])).toEqual([-1, -1, -1, -1, -1, -1]);
  });

  test("all outputs come back by default", async () => {
    const { twice } = await executor.call("step", { x, y });
    expect(twice?.shape).toEqual([4, 3]);
  });

  test("written variables are read back", async () => {
    const w = f32([2, 3], [1, 2, 3, 4, 5, 6]);
    await executor.write({ w });
    expect(await executor.read()).toEqual({ w });
  });

  test("a thousand steps hold as many tensors as one", async () => {
    await executor.call("step", { x, y }, []);
    const { tensors, bytes } = executor.memory();
    for (let i = 0; i < 1000; i++) await executor.call("step", { x, y }, i % 10 === 0 ? ["total"] : []);
    expect(executor.memory()).toEqual({ tensors, bytes });
  });

  test("dispose frees everything", async () => {
    await executor.call("step", { x, y }, []);
    executor.dispose();
    expect(tf.memory().numTensors).toBe(atStart);
  });

  test("a function that throws leaves no tensor", async () => {
    const before = executor.memory().tensors;
    await expect(executor.call("fail", {})).rejects.toThrow("half-way");
    expect(executor.memory().tensors).toBe(before);
  });

  test.each([
    ["jump", { x, y }, 'Tiny has no function "jump"; it has step, fail'],
    ["step", { x }, 'step needs the input "y"'],
    ["step", { x, y, z: x }, 'step has no input "z"; it takes x, y'],
    ["step", { x: f32([2, 2], [1, 2, 3, 4]), y }, "x is f32[N, 3] with N = 2, but [2, 2] was given"],
    ["step", { x, y: i32([1, 2, 3]) }, "y is i32[N] with N = 2, but [3] was given"],
    ["step", { x, y: i32([0, 4]) }, "y holds 4 in row 1; labels here are 0 … 3"],
    ["step", { x, y: f32([2], [0, 1]) }, "y is i32, but f32 was given"],
    [
      "step",
      { x: [1, 2, 3] as never, y },
      /x is f32\[N, 3\], given as \{ dtype: "f32", shape: .*Float32Array/,
    ],
    ["step", { x: { dtype: "f32", shape: [1, 3] } as never, y }, "x is f32, so its data is a Float32Array"],
    ["step", { x: { ...x, data: Uint8Array.of(1, 2, 3, 3, 2, 1) }, y }, "so its data is a Float32Array"],
    ["step", { x: { ...x, data: [1, 2, 3, 3, 2, 1] as never }, y }, "so its data is a Float32Array"],
    ["step", { x: null as never, y }, 'step needs the input "x"'],
    ["step", { x: f32([2, 3], [1]), y }, "x holds 1 elements, but its shape [2, 3] 6"],
  ] as const)("%s with a wrong call %#", async (name, inputs, message) => {
    await expect(executor.call(name, inputs)).rejects.toThrow(message);
  });

  test("unknown reads and variables are refused", async () => {
    await expect(executor.call("step", { x, y }, ["loss"])).rejects.toThrow(
      'step has no output "loss"; it has total, twice',
    );
    await expect(executor.read(["v"])).rejects.toThrow('Tiny has no variable "v"; it has w');
    await expect(executor.write({ w: f32([3, 2], [1, 2, 3, 4, 5, 6]) })).rejects.toThrow(
      "w is f32[2, 3], but [3, 2] was given",
    );
  });
});

test("variables must have values before a call", async () => {
  const executor = await createTfjsExecutor(await loadTfjsModule(text), "cpu");
  await expect(executor.call("fail", {})).rejects.toThrow("w of Tiny has no value yet");
  executor.dispose();
});
