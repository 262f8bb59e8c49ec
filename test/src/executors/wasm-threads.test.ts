/** tfjs with threads in Node: the same numbers as with one, on a memory that they share, and one thread where none start. */
import { EventEmitter } from "node:events";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, expect, test, vi } from "vitest";
import type { Program } from "../../../compiler/program.ts";
import { describeBackend, loadBackend } from "../../../runtime/tfjs/backend.ts";
import { heapOfActiveBackend } from "../../../runtime/tfjs/heap.ts";
import { createExecutor } from "../../../src/executors/create.ts";
import { useThreads } from "../../../src/executors/wasm-threads.ts";
import { exampleTrains } from "../../support/example-programs.ts";
import { stepLosses } from "../../support/example-steps.ts";

const noNote = (text: string): never => {
  throw new Error(`threads were to start: ${text}`);
};

/** tfjs's own factory, as if the backend had never run. */
await import("@tensorflow/tfjs-backend-wasm");
const ownFactory = tf.findBackendFactory("wasm");
const forgetBackend = (): void => {
  tf.removeBackend("wasm");
  tf.registerBackend("wasm", ownFactory);
};
afterEach(forgetBackend);

test.each([2, 3, 4])(
  "a step of a network and its head is the same with %i threads, bit by bit",
  async (threads) => {
    const [, elaborated] = exampleTrains.find(([title]) => title === "mnist/lsoftmax.margo LSoftmax4") ?? [];
    if (elaborated === undefined) throw new Error("the example is gone");
    const program = elaborated();
    const alone = await threeSteps(program, 1);
    forgetBackend();
    const together = await threeSteps(program, threads);
    expect(alone.device).toContain("one thread");
    expect(together.device).toContain(`${threads} threads`);
    expect(together.values).toEqual(alone.values);
  },
);

test("loops of ours run on the memory that threads share", async () => {
  await useThreads(2, noNote);
  await loadBackend("wasm");
  const { simd } = heapOfActiveBackend();
  expect(simd?.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test("nothing of it is left in the process: workers of others are their own", async () => {
  const before = Object.getOwnPropertyNames(globalThis);
  await useThreads(2, noNote);
  await loadBackend("wasm");
  expect(Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name))).toEqual([]);
});

test("a backend that runs is left alone: executors hold tensors on it", async () => {
  await loadBackend("wasm");
  const held = tf.tensor([1, 2, 3]);
  const notes: string[] = [];
  await useThreads(1, noNote);
  await useThreads(2, (text) => notes.push(text));
  expect(notes).toEqual(["shares tfjs with what runs in this process: threads are 1, not 2"]);
  await loadBackend("wasm");
  expect(await describeBackend()).toContain("one thread");
  expect([...(await held.data())]).toEqual([1, 2, 3]);
});

test("who asks for one after all gets one", async () => {
  await useThreads(3, noNote);
  await useThreads(1, noNote);
  await loadBackend("wasm");
  expect(await describeBackend()).toContain("one thread");
});

/** Stands in for a worker of Node. */
class StandIn extends EventEmitter {
  static readonly ended: StandIn[] = [];
  postMessage(): void {}
  ref(): void {}
  unref(): void {}
  terminate(): void {
    StandIn.ended.push(this);
  }
}

let made = 0;
test.each<readonly [string, string, () => StandIn]>([
  ["the first cannot be made", "workers are forbidden here", () => refuse("workers are forbidden here")],
  ["a later one cannot be made", "EAGAIN", () => (made++ === 0 ? new StandIn() : refuse("EAGAIN"))],
  [
    "its script fails",
    "no such file",
    () => soon((worker) => worker.emit("error", new Error("no such file"))),
  ],
  ["it ends at once", "a worker ended before it was loaded", () => soon((worker) => worker.emit("exit", 1))],
])("where workers do not start there is one thread, and a line says why: %s", async (_, reason, make) => {
  [made, StandIn.ended.length] = [0, 0];
  vi.resetModules();
  vi.doMock("node:worker_threads", () => ({
    Worker: function () {
      return make();
    },
  }));
  const module = await import("../../../src/executors/wasm-threads.ts");
  vi.doUnmock("node:worker_threads");
  const notes: string[] = [];
  await module.useThreads(3, (text) => notes.push(text));
  await loadBackend("wasm");
  expect(notes).toEqual([`has one thread, since of 3 not all start: ${reason}`]);
  expect(await describeBackend()).toContain("one thread");
  // Those that had started are not left behind.
  if (reason !== "workers are forbidden here") expect(StandIn.ended.length).toBeGreaterThan(0);
  const product = tf.matMul(tf.ones([2, 2]), tf.ones([2, 2]));
  expect([...(await product.data())]).toEqual([2, 2, 2, 2]);
});

function refuse(reason: string): never {
  throw new Error(reason);
}

function soon(what: (worker: StandIn) => void): StandIn {
  const worker = new StandIn();
  setTimeout(() => what(worker), 5);
  return worker;
}

/** Rows enough that products are split. */
async function threeSteps(program: Program, threads: number) {
  const executor = await createExecutor(program, "tfjs", { threads, note: noNote });
  const losses = await stepLosses(executor, 3, 64);
  const values = { losses, variables: await executor.read() };
  const device = await describeBackend();
  executor.dispose();
  return { device, values };
}
