/**
 * Losses over all pairs, of rows and of classes: a training step that goes over the pairs in chunks of columns, against
 * its twin that stores them and against the three products that it cannot do without.
 */
import * as tf from "@tensorflow/tfjs-core";
import { loadBackend } from "../runtime/tfjs/backend.ts";
import {
  type Benchmark,
  type Row,
  type Size,
  medianTimes,
  megabytes,
  milliseconds,
  peakBytes,
  times,
} from "./measure.ts";
import type { Program } from "../compiler/program.ts";
import { compiledWhole, elaborate, executorOf, randomBatch, stepOf, trainingOnly } from "./programs.ts";

const features = 128;

export const pairs: Benchmark = {
  name: "All pairs, D = 128",
  run: async (size) => {
    await loadBackend("wasm");
    const [rows, classes] = size === "quick" ? [2500, 2500] : [4096, 10_000];
    return [
      ...(await measured(
        `contrastive, N = ${rows.toLocaleString("en")}`,
        "contrastive",
        { rows, classes: 1000 },
        rows,
        size,
      )),
      ...(await measured(
        `nearest class, C = ${classes.toLocaleString("en")}`,
        "nearest_class",
        { rows: 64, classes },
        classes,
        size,
      )),
    ];
  },
};

interface Sizes {
  readonly rows: number;
  readonly classes: number;
}

async function measured(
  what: string,
  loss: string,
  { rows, classes }: Sizes,
  sides: number,
  size: Size,
): Promise<readonly Row[]> {
  const program = pairsProgram(loss, { rows, classes });
  const batch = randomBatch([rows, features], classes);
  const [streamed, stored] = [await executorOf(program), await executorOf(program, compiledWhole(program))];
  const products = threeProducts(sides);
  const repeats = size === "quick" ? { warmUps: 1, runs: 3 } : { warmUps: 1, runs: 5 };
  const [step = NaN, twin = NaN, least = NaN] = await medianTimes(
    repeats,
    stepOf(streamed, batch),
    stepOf(stored, batch),
    products.run,
  );
  products.dispose();
  const [peak, twinPeak] = [await peakBytes(stepOf(streamed, batch)), await peakBytes(stepOf(stored, batch))];
  streamed.dispose();
  stored.dispose();
  return [
    {
      what: `${what}, step`,
      value: milliseconds(step),
      peer: `${milliseconds(twin)} with all pairs stored`,
      ratio: `${times(twin / step)} faster`,
    },
    {
      what: `${what}, against its products`,
      value: milliseconds(step),
      peer: `${milliseconds(least)} in matMul`,
      ratio: times(step / least),
    },
    {
      what: `${what}, peak`,
      value: megabytes(peak),
      peer: `${megabytes(twinPeak)} with all pairs stored`,
      ratio: `${times(twinPeak / peak)} less`,
    },
  ];
}

function pairsProgram(loss: string, { rows, classes }: Sizes): Program {
  const data = `npy("x.npy", "y.npy", classes: ${classes})`;
  return trainingOnly(
    elaborate(`${import.meta.dirname}/pairs.margo`, "Pairs", { loss, batch: String(rows), data }),
  );
}

/** The scores of all pairs and their two gradients, as tfjs's untransposed products in chunks of 500 columns. */
function threeProducts(sides: number) {
  const chunk = 500;
  const rows = tf.randomNormal([sides, features]) as tf.Tensor2D;
  const turned = tf.transpose(rows);
  const [part, scores] = [tf.randomNormal([chunk, features]), tf.randomNormal([chunk, sides])] as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const across = tf.transpose(scores);
  return {
    run: () => {
      for (let from = 0; from < sides; from += chunk)
        tf.tidy(() => {
          // A new right operand each time, as in training, where none is the same twice.
          tf.matMul(part, tf.add(turned, 0) as tf.Tensor2D);
          tf.matMul(scores, tf.add(rows, 0) as tf.Tensor2D);
          tf.matMul(across, tf.add(part, 0) as tf.Tensor2D);
        });
    },
    dispose: () => tf.dispose([rows, turned, part, scores, across]),
  };
}
