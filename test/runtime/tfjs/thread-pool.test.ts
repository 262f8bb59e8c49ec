/** Loops on several threads: every part once, in any order, by whoever is free, and the same sums as by one thread. */
import { afterAll, expect, test } from "vitest";
import { simdLoops, simdModule } from "../../../runtime/tfjs/simd.ts";
import {
  type Arguments,
  createThreadPool,
  loopNames,
  poolMemory,
} from "../../../runtime/tfjs/thread-pool.ts";
import { startLoopWorkers } from "../../../src/executors/loop-workers.ts";

const heap = new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });
const floats = new Float32Array(heap.buffer);
const module = simdModule(heap) as WebAssembly.Module;
const { addExp } = simdLoops(module, heap);
const memory = poolMemory();
const workers = startLoopWorkers(2, module, heap, memory);
const pool = createThreadPool(memory, loopNames(module), 3);
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

/** Where operands and sums lie, in floats, and how many each part has. */
const [a, b, sums, size, parts] = [0, 65_536, 131_072, 4096, 8];
for (let i = 0; i < parts * size; i++) {
  floats[a + i] = Math.sin(i);
  floats[b + i] = Math.cos(3 * i);
}

/** Sums that grow call by call, so that an order of calls, or one made twice, would be seen. */
const call = (times: number): Arguments[] =>
  Array.from({ length: times }, () => [4 * a, 4 * b, 4 * sums, size]);
const ofPart = Array.from({ length: parts }, (_, part) => [
  4 * part * size,
  4 * part * size,
  4 * part * size,
  0,
]);

/** The bits of the sums after some work. */
function summed(work: () => void): string {
  floats.fill(0, sums, sums + parts * size);
  work();
  return Buffer.from(heap.buffer.slice(4 * sums, 4 * (sums + parts * size))).toString("base64");
}

const alone = (times: number): string =>
  summed(() => {
    for (let part = 0; part < parts; part++)
      for (let time = 0; time < times; time++)
        addExp(4 * (a + part * size), 4 * (b + part * size), 4 * (sums + part * size), size);
  });

test("the sums are those of one thread, bit by bit, plan after plan", () => {
  const expected = alone(3);
  for (let round = 0; round < 200; round++)
    expect(summed(() => pool.run("addExp", addExp, call(3), ofPart))).toEqual(expected);
});

test("more calls than a plan holds come in several", () => {
  const times = 20_000;
  const few = ofPart.map(([x = 0, y = 0, to = 0]) => [x, y, to, 8 - size]);
  const expected = summed(() => {
    for (const [x = 0, y = 0, to = 0] of few)
      for (let time = 0; time < times; time++) addExp(4 * a + x, 4 * b + y, 4 * sums + to, 8);
  });
  expect(summed(() => pool.run("addExp", addExp, call(times), few))).toEqual(expected);
});

test("other threads take their share", () => {
  let own = 0;
  const counted = (...values: Arguments): void => {
    own++;
    (addExp as (...values: Arguments) => void)(...values);
  };
  let rounds = 0;
  while (own === rounds * parts * 20 && rounds < 500) {
    rounds++;
    pool.run("addExp", counted, call(20), ofPart);
  }
  expect(own).toBeLessThan(rounds * parts * 20);
});

test("without other threads the asking one does it all", () => {
  const lonely = createThreadPool(poolMemory(), loopNames(module), 1);
  expect(summed(() => lonely.run("addExp", addExp, call(3), ofPart))).toEqual(alone(3));
});
