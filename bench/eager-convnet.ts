/**
 * The peer of the convolution benchmark: the demo's network written by hand in tfjs, with the same layers,
 * softmax loss, momentum and weight decay. It runs on tfjs's cpu backend, since tfjs's wasm backend has no
 * gradient of a convolution's filter and refuses to train it.
 */
import * as tf from "@tensorflow/tfjs-core";

export interface EagerConvnet {
  readonly step: () => number;
  readonly dispose: () => void;
}

interface Block {
  readonly filter: tf.Variable;
  readonly gamma: tf.Variable;
  readonly beta: tf.Variable;
  readonly slope: tf.Variable;
  readonly mean: tf.Variable;
  readonly variance: tf.Variable;
  readonly stride: number;
}

const [rate, momentum, decay, epsilon] = [0.05, 0.9, 5e-4, 1e-5];

export function eagerConvnet(images: Float32Array, labels: Int32Array): EagerConvnet {
  const rows = labels.length;
  const batch = tf.tensor4d(images, [rows, 28, 28, 1]);
  const oneHot = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), 10), "float32"));
  const blocks = [block(5, 1, 16, 2), block(3, 16, 32, 1), block(3, 32, 64, 1)] as const;
  const dense = made(() => tf.randomNormal([576, 2], 0, 0.05));
  const bias = made(() => tf.zeros([2]));
  const classes = made(() => tf.randomNormal([10, 2], 0, 0.01));
  const learned = [
    ...blocks.flatMap(({ filter, gamma, beta, slope }) => [filter, gamma, beta, slope]),
    dense,
    bias,
    classes,
  ];
  const velocities = learned.map((variable) => made(() => tf.zerosLike(variable)));

  const loss = (): tf.Scalar => {
    const first = forward(blocks[0], batch);
    const second = tf.maxPool(forward(blocks[1], first), 2, 2, "valid");
    const third = tf.maxPool(forward(blocks[2], second), 2, 2, "valid");
    const features = tf.add(
      tf.matMul(tf.reshape(third, [rows, 576]) as tf.Tensor2D, dense as tf.Tensor2D),
      bias,
    );
    const logits = tf.matMul(features as tf.Tensor2D, classes as tf.Tensor2D, false, true);
    const own = tf.sum(tf.mul(logits, oneHot), 1);
    return tf.mean(tf.sub(tf.logSumExp(logits, 1), own)) as tf.Scalar;
  };

  return {
    step: () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss, learned);
        for (const [i, variable] of learned.entries()) {
          const [gradient, velocity] = [grads[variable.name], velocities[i]];
          if (gradient === undefined || velocity === undefined) continue;
          velocity.assign(tf.add(tf.mul(velocity, momentum), tf.add(gradient, tf.mul(variable, decay))));
          variable.assign(tf.sub(variable, tf.mul(velocity, rate)));
        }
        return value.dataSync()[0] ?? NaN;
      }),
    dispose: () =>
      tf.dispose([
        batch,
        oneHot,
        ...learned,
        ...velocities,
        ...blocks.flatMap(({ mean, variance }) => [mean, variance]),
      ]),
  };
}

/** A variable, without the tensor that it was made from. */
function made(initial: () => tf.Tensor): tf.Variable {
  return tf.tidy(() => tf.variable(initial()));
}

function block(kernel: number, ins: number, outs: number, stride: number): Block {
  const deviation = Math.sqrt(2 / (kernel * kernel * ins));
  return {
    filter: made(() => tf.randomNormal([kernel, kernel, ins, outs], 0, deviation)),
    gamma: made(() => tf.ones([outs])),
    beta: made(() => tf.zeros([outs])),
    slope: made(() => tf.fill([outs], 0.25)),
    mean: made(() => tf.zeros([outs])),
    variance: made(() => tf.ones([outs])),
    stride,
  };
}

function forward(layer: Block, image: tf.Tensor4D): tf.Tensor4D {
  const convolved = tf.conv2d(image, layer.filter as tf.Tensor4D, layer.stride, "same");
  const { mean, variance } = tf.moments(convolved, [0, 1, 2]);
  for (const [running, now] of [
    [layer.mean, mean],
    [layer.variance, variance],
  ] as const)
    running.assign(tf.add(tf.mul(running, 0.9), tf.mul(now, 0.1)));
  const factor = tf.div(layer.gamma, tf.sqrt(tf.add(variance, epsilon)));
  const normal = tf.add(tf.mul(tf.sub(convolved, mean), factor), layer.beta);
  return tf.add(tf.relu(normal), tf.mul(layer.slope, tf.minimum(normal, 0))) as tf.Tensor4D;
}
