/**
 * One training step of an ArcFace head, N = 256, D = 512: against the same written by hand in eager tfjs on
 * the same backend, against the time of the three matrix products that it cannot do without, and the most
 * tensor memory that it holds, also for a hundred thousand classes.
 */
import * as tf from "@tensorflow/tfjs-core";
import { loadBackend } from "../runtime/tfjs/backend.ts";
import { createKernels } from "../runtime/tfjs/kernels.ts";
import { registerGradients } from "./eager-gradients.ts";
import { eagerArcFaceHead } from "./eager-head.ts";
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
import { executorOf, headProgram, randomBatch, stepOf } from "./programs.ts";

const [rows, features] = [256, 512];

export const arcFaceHead: Benchmark = {
  name: "ArcFace head, N = 256, D = 512",
  run: async (size) => [
    ...(await speed(size)),
    ...(await memory(10_000)),
    ...(size === "full" ? await memory(100_000) : []),
  ],
};

async function speed(size: Size): Promise<readonly Row[]> {
  await loadBackend("wasm");
  await registerGradients();
  const classes = 10_000;
  const batch = randomBatch([rows, features], classes);
  const executor = await executorOf(headProgram(classes));
  const products = matrixProducts(classes);
  const repeats = size === "quick" ? { warmUps: 1, runs: 3 } : { warmUps: 2, runs: 9 };
  const [step = NaN, whole = NaN, chunked = NaN] = await medianTimes(
    repeats,
    stepOf(executor, batch),
    products.whole,
    products.chunked,
  );
  products.dispose();
  const weights = await executor.read();
  const eager = eagerArcFaceHead({
    x: Float32Array.from(batch.x.data),
    labels: Int32Array.from(batch.y.data),
    weights: Float32Array.from(Object.values(weights).find(({ shape }) => shape[0] === classes)?.data ?? []),
    features,
    classes,
  });
  const [byHand = NaN] = await medianTimes({ warmUps: 1, runs: size === "quick" ? 1 : 3 }, eager.step);
  const handPeak = await peakBytes(eager.step);
  eager.dispose();
  executor.dispose();
  const least = Math.min(whole, chunked);
  return [
    {
      what: "step, C = 10,000",
      value: milliseconds(step),
      peer: `${milliseconds(byHand)} by hand, eager tfjs on wasm`,
      ratio: `${times(byHand / step)} faster`,
      goal: "≥ 8×",
    },
    {
      what: "step against its products",
      value: milliseconds(step),
      peer: `${milliseconds(least)} for 6·N·C·D operations in matMul`,
      ratio: times(step / least),
      goal: "≤ 1.3×",
    },
    { what: "peak by hand, C = 10,000", value: megabytes(handPeak) },
  ];
}

/** 6·N·C·D operations as tfjs's untransposed products, over all classes at once and in chunks of 2,000. */
function matrixProducts(classes: number) {
  const chunk = 2000;
  const x = tf.randomNormal([rows, features]) as tf.Tensor2D;
  const xt = tf.transpose(x);
  const shapes = (count: number) => ({
    weights: tf.randomNormal([count, features]) as tf.Tensor2D,
    scores: tf.randomNormal([count, rows]) as tf.Tensor2D,
    turned: tf.randomNormal([rows, count]) as tf.Tensor2D,
  });
  const [all, part] = [shapes(classes), shapes(chunk)];
  // A new right operand each time, as in training, where no weights are the same twice.
  const three = ({ weights, scores, turned }: ReturnType<typeof shapes>): void =>
    tf.tidy(() => {
      tf.matMul(weights, tf.add(xt, 0) as tf.Tensor2D);
      tf.matMul(scores, tf.add(x, 0) as tf.Tensor2D);
      tf.matMul(turned, tf.add(weights, 0) as tf.Tensor2D);
    });
  return {
    whole: () => three(all),
    chunked: () => {
      for (let from = 0; from < classes; from += chunk) three(part);
    },
    dispose: () => tf.dispose([x, xt, ...Object.values(all), ...Object.values(part)]),
  };
}

/** Allowed: parameters and gradients, 64 MiB, and some matrices of N × D. */
async function memory(classes: number): Promise<readonly Row[]> {
  await loadBackend("wasm");
  createKernels().dispose();
  const executor = await executorOf(headProgram(classes));
  const step = stepOf(executor, randomBatch([rows, features], classes));
  await step();
  const before = executor.memory().bytes;
  const peak = await peakBytes(step);
  executor.dispose();
  const parameters = 4 * (classes * features + features);
  const allowed = 2 * parameters + 64 * 2 ** 20 + 8 * 4 * rows * features;
  return [
    {
      what: `peak, C = ${classes.toLocaleString("en")}`,
      value: megabytes(peak),
      peer: `${megabytes(before)} between steps`,
      ratio: times(peak / allowed),
      goal: `≤ ${megabytes(allowed)}`,
    },
  ];
}
