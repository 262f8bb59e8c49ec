/** One training step of the demo's network, batch 128: Margo on wasm against eager tfjs on its cpu backend. */
import { loadBackend } from "../runtime/tfjs/backend.ts";
import { eagerConvnet } from "./eager-convnet.ts";
import { registerGradients } from "./eager-gradients.ts";
import { type Benchmark, medianTimes, milliseconds, times } from "./measure.ts";
import { elaborate, executorOf, randomBatch, stepOf, trainingOnly } from "./programs.ts";

export const convnet: Benchmark = {
  name: "Convolution network of the demo, batch 128",
  run: async (size) => {
    const batch = randomBatch([128, 28, 28, 1], 10);
    const program = trainingOnly(elaborate("examples/mnist/softmax.margo", "Softmax"));
    const executor = await executorOf(program);
    const repeats = size === "quick" ? { warmUps: 1, runs: 3 } : { warmUps: 3, runs: 15 };
    const [step = NaN] = await medianTimes(repeats, stepOf(executor, batch));
    executor.dispose();
    await loadBackend("cpu");
    await registerGradients();
    const eager = eagerConvnet(Float32Array.from(batch.x.data), Int32Array.from(batch.y.data));
    // A step takes the better part of a minute there, so that one must do.
    const [byHand = NaN] = await medianTimes({ warmUps: 0, runs: 1 }, eager.step);
    eager.dispose();
    await loadBackend("wasm");
    return [
      {
        what: "step",
        value: milliseconds(step),
        peer: `${milliseconds(byHand)} by hand, eager tfjs on cpu`,
        ratio: `${times(byHand / step)} faster`,
        goal: "≥ 12×",
      },
    ];
  },
};
