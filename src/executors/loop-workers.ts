/** The other threads of a pool of loops (`runtime/tfjs/thread-pool.ts`), as workers of Node. */
import { Worker } from "node:worker_threads";
import { type PoolMemory, loopNames, slots } from "../../runtime/tfjs/thread-pool.ts";

/** Starts workers that wait for plans and work on `heap`. Where some cannot start there are fewer; none keeps the process. */
export function startLoopWorkers(
  count: number,
  module: WebAssembly.Module,
  heap: WebAssembly.Memory,
  pool: PoolMemory,
): readonly Worker[] {
  const workerData = { module, heap, loops: loopNames(module), slots, ...pool };
  const workers: Worker[] = [];
  try {
    while (workers.length < count) {
      const worker = new Worker(script, { eval: true, execArgv: [], workerData });
      // The asking thread does alone what others do not.
      worker.on("error", () => undefined);
      worker.unref();
      workers.push(worker);
    }
  } catch {
    // As many as there may be.
  }
  return workers;
}

/** A part is taken by raising `next`; what it does is written in the plan, as `createThreadPool` put it there. */
const script = `
"use strict";
const { module, heap, loops, slots, state, plan } = require("node:worker_threads").workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory: heap } });
for (;;) {
  const wake = Atomics.load(state, slots.wake);
  for (;;) {
    const next = Atomics.load(state, slots.next);
    if (next === Atomics.load(state, slots.end)) break;
    if (Atomics.compareExchange(state, slots.next, next, (next + 1) | 0) !== next) continue;
    const [loop, calls, width] = plan;
    const part = 3 + calls * width + ((next - Atomics.load(state, slots.first)) | 0) * width;
    const values = new Array(width);
    for (let call = 0; call < calls; call++) {
      for (let at = 0; at < width; at++) values[at] = plan[3 + call * width + at] + plan[part + at];
      exports[loops[loop]](...values);
    }
    Atomics.add(state, slots.done, 1);
    Atomics.notify(state, slots.done);
  }
  Atomics.wait(state, slots.wake, wake);
}`;
