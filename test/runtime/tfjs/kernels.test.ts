/** Kernels at the edges of their arithmetic, and what they refuse; their ordinary values are tested op by op. */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { backendNames, loadBackend } from "../../../runtime/tfjs/backend.ts";
import { type Kernels, createKernels } from "../../../runtime/tfjs/kernels.ts";

describe.each(backendNames)("on %s", (backend) => {
  let k: Kernels;
  beforeAll(async () => {
    await loadBackend(backend);
    k = createKernels();
  });

  // Five values, so that both the vector loop and the loop over the rest meet them.
  const apply = (name: Parameters<Kernels["unary"]>[0], ...values: readonly number[]): number[] =>
    tf.tidy(() => Array.from(k.unary(name, tf.tensor1d([...values])).dataSync()));

  test("exp at its edges", () => {
    expect(apply("exp", -Infinity, -200, 0, Infinity, 200)).toEqual([0, 0, 1, Infinity, Infinity]);
    expect(apply("exp", NaN, 0, 0, 0, NaN)).toEqual([NaN, 1, 1, 1, NaN]);
    for (const x of [-103, -95, -88, 88.5])
      expect(Math.abs((apply("exp", x)[0] ?? NaN) - Math.exp(x))).toBeLessThanOrEqual(
        2 ** -149 + 2 ** -22 * Math.exp(x),
      );
  });

  test("log at its edges", () => {
    expect(apply("log", 0, -1, Infinity, NaN, 1)).toEqual([-Infinity, NaN, Infinity, NaN, 0]);
    expect(apply("log", -0, -Infinity, 1, 0, -2)).toEqual([-Infinity, NaN, 0, -Infinity, NaN]);
    for (const x of [2 ** -149, 2 ** -130, 2 ** -126, 3e38])
      expect(Math.abs((apply("log", x)[0] ?? NaN) - Math.log(x))).toBeLessThan(
        2 ** -21 * Math.abs(Math.log(x)),
      );
  });

  test("tanh and erf saturate, keep signs and pass NaN on", () => {
    expect(apply("tanh", -100, 100, Infinity, -Infinity, NaN)).toEqual([-1, 1, 1, -1, NaN]);
    expect(apply("erf", -100, 100, Infinity, -Infinity, NaN)).toEqual([-1, 1, 1, -1, NaN]);
    expect(apply("tanh", 1e-20)).toEqual([Math.fround(1e-20)]);
  });

  test("sign of nothing is nothing, halves round to even", () => {
    expect(apply("sign", -3, -0, 0, 2, 1e-30).map((x) => x + 0)).toEqual([-1, 0, 0, 1, 1]);
    expect(apply("round", -2.5, -1.5, 0.5, 1.5, 2.5).map((x) => x + 0)).toEqual([-2, -2, 0, 2, 2]);
  });

  test("NaN wins in maximum and in a maximum over rows", () => {
    const result = tf.tidy(() => {
      const x = tf.tensor2d([1, NaN, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [2, 9]);
      return [k.binary("maximum", x, tf.scalar(2)), k.max(x, [0])].map((y) => Array.from(y.dataSync()));
    });
    expect(result[0]?.slice(0, 3)).toEqual([2, NaN, 3]);
    expect(result[1]).toEqual([8, NaN, 6, 5, 5, 6, 7, 8, 9]);
  });

  test("logsumexp takes large values and empty mass", () => {
    const values = (x: tf.Tensor) => Array.from(k.logSumExp(x, [1]).dataSync());
    tf.tidy(() => {
      expect(values(tf.tensor2d([1000, 1000, -1000, -1000], [2, 2]))).toEqual([
        Math.fround(1000 + Math.LN2),
        Math.fround(-1000 + Math.LN2),
      ]);
    });
  });

  test("a sum of products is the sum of the product", () => {
    tf.tidy(() => {
      const [a, b] = [tf.range(0, 21), tf.range(5, 26)].map((x) => tf.reshape(x, [3, 7])) as [
        tf.Tensor,
        tf.Tensor,
      ];
      const expected = tf.sum(tf.mul(a, b), 1, true);
      const sums = k.sumOfProducts(a, b);
      expect(sums.shape).toEqual([3, 1]);
      expect(Array.from(sums.dataSync())).toEqual(Array.from(expected.dataSync()));
    });
  });

  test("one tensor is the right operand of products in several shapes", () => {
    const found = tf.tidy(() => {
      const q = tf.tensor1d([1, 2, 3, 4, 5, 6]);
      const products = [
        k.matMul(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), tf.reshape(q, [3, 2])),
        k.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.reshape(q, [2, 3])),
        k.matMulTransposeA(tf.tensor2d([1, 2], [1, 2]), tf.reshape(q, [1, 6])),
        k.matMul(tf.tensor2d([1, 2, 3, 4, 5, 6], [1, 6]), tf.reshape(q, [6, 1]), {
          bias: tf.tensor1d([0.5]),
        }),
        k.matMul(tf.tensor2d([1, 2, 3], [1, 3]), tf.reshape(q, [3, 2])),
      ];
      return products.map((product) => Array.from(product.dataSync()));
    });
    expect(found).toEqual([
      [22, 28, 49, 64],
      [9, 12, 15, 19, 26, 33],
      [1, 2, 3, 4, 5, 6, 2, 4, 6, 8, 10, 12],
      [91.5],
      [22, 28],
    ]);
  });

  test("a bias may be a view of anything", () => {
    const [product, image] = tf.tidy(() => {
      const bias = tf.reshape(tf.tensor2d([10, -20], [2, 1]), [2]);
      const relu = { bias, activation: "relu" } as const;
      const convolution = { stride: [1, 1], padding: "same" } as const;
      return [
        k.matMul(tf.tensor2d([1, 2], [1, 2]), tf.tensor2d([1, 2, 3, 4], [2, 2]), relu),
        k.conv2d(tf.ones([1, 1, 1, 2]), tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]), convolution, relu),
      ].map((result) => Array.from(result.dataSync()));
    });
    expect([product, image]).toEqual([
      [17, 0],
      [14, 0],
    ]);
  });

  test("rows are written and accumulated in place", () => {
    tf.tidy(() => {
      const target = k.filled([3, 2], 0, "float32");
      k.setRows(target, tf.tensor2d([1, 2, 3, 4], [2, 2]), 1);
      k.addInto(target, tf.tensor2d([10, 20], [1, 2]));
      k.maxInto(target, tf.scalar(11));
      expect(Array.from(target.dataSync())).toEqual([11, 20, 11, 22, 13, 24]);
    });
  });

  test("an index outside its axis reads 0, a slice outside its tensor is refused", () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2, 3]);
      expect(Array.from(k.gather(x, tf.tensor1d([3, 2, -1], "int32")).dataSync())).toEqual([0, 3, 0]);
      expect(() => k.rows(x, 2, 2)).toThrow("leaves a tensor of shape [3]");
    });
  });

  test("random numbers are those of the generator", () => {
    tf.tidy(() => {
      const at = (step: number) => [tf.scalar(5, "int32"), tf.scalar(step, "int32")] as const;
      const draw = (step: number) => Array.from(k.random("uniform", 2, [6], ...at(step)).dataSync());
      expect(draw(0)).toEqual(draw(0));
      expect(draw(0)).not.toEqual(draw(1));
    });
  });
});
