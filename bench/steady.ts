/** Tensors and bytes held before and after a thousand training steps. */
import { type Benchmark, megabytes } from "./measure.ts";
import { elaborate, executorOf, randomBatch, stepOf } from "./programs.ts";

export const steadyTensors: Benchmark = {
  name: "A thousand steps",
  run: async (size) => {
    const executor = await executorOf(elaborate("examples/iris/iris.margo", "Iris"));
    const step = stepOf(executor, randomBatch([16, 4], 3), []);
    await step();
    const before = executor.memory();
    const count = size === "quick" ? 100 : 1000;
    for (let i = 0; i < count; i++) await step();
    const after = executor.memory();
    executor.dispose();
    return [
      {
        what: `after 1 and ${count + 1} steps`,
        value: `${before.tensors} and ${after.tensors} tensors`,
        peer: `${megabytes(before.bytes)} and ${megabytes(after.bytes)}`,
        goal: "the same",
      },
    ];
  },
};
