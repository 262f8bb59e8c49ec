/**
 * The peer of the ArcFace benchmark: what someone who knows tfjs would write by hand. Parameters are
 * variables, the loss is written with tensor operations, `variableGrads` differentiates it, an SGD
 * optimizer applies it. The features are x + b, so that their gradient is needed, as below a network.
 */
import * as tf from "@tensorflow/tfjs-core";

export interface EagerHead {
  /** One training step: forward, backward, SGD. Gives the loss. */
  readonly step: () => number;
  readonly dispose: () => void;
}

export interface HeadData {
  readonly x: Float32Array;
  readonly labels: Int32Array;
  readonly weights: Float32Array;
  readonly features: number;
  readonly classes: number;
}

export function eagerArcFaceHead({ x, labels, weights, features, classes }: HeadData): EagerHead {
  const rows = labels.length;
  const [margin, scale, rate] = [0.5, 64, 0.1];
  const batch = tf.tensor2d(x, [rows, features]);
  const oneHot = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32"));
  const isTarget = tf.tidy(() => tf.cast(oneHot, "bool"));
  const W = tf.tidy(() => tf.variable(tf.tensor2d(weights, [classes, features])));
  const b = tf.tidy(() => tf.variable(tf.zeros([features])));

  const unit = (rowsOf: tf.Tensor): tf.Tensor => tf.div(rowsOf, tf.sqrt(tf.sum(tf.square(rowsOf), 1, true)));
  const loss = (): tf.Scalar => {
    const cosine = tf.matMul(unit(tf.add(batch, b)) as tf.Tensor2D, unit(W) as tf.Tensor2D, false, true);
    const sine = tf.sqrt(tf.clipByValue(tf.sub(1, tf.square(cosine)), 1e-7, 1));
    const shifted = tf.sub(tf.mul(cosine, Math.cos(margin)), tf.mul(sine, Math.sin(margin)));
    const logits = tf.mul(tf.where(isTarget, shifted, cosine), scale);
    const largest = tf.max(logits, 1, true);
    const exponentials = tf.sum(tf.exp(tf.sub(logits, largest)), 1);
    const normaliser = tf.add(tf.log(exponentials), tf.squeeze(largest, [1]));
    return tf.mean(tf.sub(normaliser, tf.sum(tf.mul(logits, oneHot), 1))) as tf.Scalar;
  };

  return {
    step: () =>
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss, [W, b]);
        for (const variable of [W, b]) {
          const gradient = grads[variable.name];
          if (gradient !== undefined) variable.assign(tf.sub(variable, tf.mul(gradient, rate)));
        }
        return value.dataSync()[0] ?? NaN;
      }),
    dispose: () => tf.dispose([batch, oneHot, isTarget, W, b]),
  };
}
