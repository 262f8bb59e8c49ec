/** What threads bring on tfjs: steps with one thread and with as many as the machine has processors for, the backend started anew in turns. */
import * as tf from "@tensorflow/tfjs-core";
import { loadBackend } from "../runtime/tfjs/backend.ts";
import { threadsOfMachine } from "../src/executors/machine.ts";
import { useThreads } from "../src/executors/wasm-threads.ts";
import { type Benchmark, type Row, type Size, median, medianTimes, milliseconds, times } from "./measure.ts";
import { elaborate, executorOf, headProgram, randomBatch, stepOf, trainingOnly } from "./programs.ts";

interface Subject {
  readonly what: string;
  readonly program: () => ReturnType<typeof trainingOnly>;
  readonly batch: ReturnType<typeof randomBatch>;
  /** Steps of a round. */
  readonly runs: number;
}

const subjects: readonly Subject[] = [
  {
    what: "ArcFace head, N = 256, D = 512, C = 10,000",
    program: () => headProgram(10_000),
    batch: randomBatch([256, 512], 10_000),
    runs: 5,
  },
  {
    what: "`mnist/paper.margo` Paper4, batch 32",
    program: () => trainingOnly(elaborate("examples/mnist/paper.margo", "Paper4")),
    batch: randomBatch([32, 28, 28, 1], 10),
    runs: 2,
  },
  {
    what: "`mnist/softmax.margo` Softmax, batch 128",
    program: () => trainingOnly(elaborate("examples/mnist/softmax.margo", "Softmax")),
    batch: randomBatch([128, 28, 28, 1], 10),
    runs: 25,
  },
];

export const threads: Benchmark = {
  name: "Threads",
  run: async (size) => {
    const rows: Row[] = [];
    for (const subject of subjects) rows.push(await compared(subject, size));
    await restartWith(1);
    return rows;
  },
};

async function compared({ what, program, batch, runs }: Subject, size: Size): Promise<Row> {
  const counts = [1, threadsOfMachine()];
  const medians = counts.map((): number[] => []);
  for (let round = 0; round < (size === "quick" ? 1 : 3); round++)
    for (const [index, count] of counts.entries()) {
      await restartWith(count);
      const executor = await executorOf(program());
      const [step = NaN] = await medianTimes({ warmUps: 1, runs }, stepOf(executor, batch));
      medians[index]?.push(step);
      executor.dispose();
    }
  const [alone = NaN, together = NaN] = medians.map(median);
  return {
    what: `${what}: ${threadsOfMachine()} threads`,
    value: milliseconds(together),
    peer: `${milliseconds(alone)} with one`,
    ratio: `${times(alone / together)} faster`,
  };
}

/** tfjs's, before threads take its place. */
let own: ReturnType<typeof tf.findBackendFactory> | undefined;

/** Threads are chosen where the backend starts. */
export async function restartWith(count: number): Promise<void> {
  own ??= tf.findBackendFactory("wasm");
  tf.removeBackend("wasm");
  tf.registerBackend("wasm", own);
  await useThreads(count, (text) => {
    throw new Error(text);
  });
  await loadBackend("wasm");
}
