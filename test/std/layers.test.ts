/** Layers against loops written by hand in float64. Their gradients are in gradcheck.test.ts. */
import { describe, expect, test } from "vitest";
import type { Nested } from "../../src/values/nested.ts";
import { type RunTextOptions, flat, numbers, runText } from "../support/run-text.ts";

/** A layer of the library on an input. */
async function run(layer: string, options: RunTextOptions) {
  return runText(`import { ${layer} } from "std/layers"\n`, layer, options);
}

function close(found: Nested | undefined, expected: readonly number[]): void {
  const values = flat(found);
  expect(values).toHaveLength(expected.length);
  for (const [at, value] of values.entries()) expect(value).toBeCloseTo(expected[at] ?? NaN, 10);
}

/** Element of a nested list; zero outside of it, as padding is. */
function at(list: Nested | undefined, ...index: readonly number[]): number {
  const inner = index.reduce<Nested | undefined>(
    (part, one) => (typeof part === "object" ? part?.[one] : undefined),
    list,
  );
  return typeof inner === "number" ? inner : 0;
}

describe("dense", () => {
  const [x, W, b] = [numbers(1, 3, 2), numbers(2, 2, 4), numbers(3, 4)];
  const product = x.flatMap((row) =>
    [0, 1, 2, 3].map((unit) => at(row, 0) * at(W, 0, unit) + at(row, 1) * at(W, 1, unit)),
  );

  test("x W + b", async () => {
    const { value } = await run("dense", { set: { units: "4" }, inputs: { x }, params: { W, b } });
    close(
      value,
      product.map((one, index) => one + at(b, index % 4)),
    );
  });

  test("without a bias there is none to learn", async () => {
    const set = { units: "4", bias: "false" };
    close((await run("dense", { set, inputs: { x }, params: { W } })).value, product);
    await expect(run("dense", { set, inputs: { x }, params: { W, b } })).rejects.toThrow("no parameter b");
  });
});

describe("conv2d", () => {
  const [x, b] = [numbers(4, 2, 5, 6, 3), numbers(6, 4)];

  function byHand(W: Nested, kernel: number, stride: number, padding: "same" | "valid"): readonly number[] {
    const out = (size: number) =>
      padding === "same" ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
    const before = (size: number) =>
      padding === "same" ? Math.floor(Math.max((out(size) - 1) * stride + kernel - size, 0) / 2) : 0;
    const results: number[] = [];
    for (let n = 0; n < 2; n++)
      for (let row = 0; row < out(5); row++)
        for (let column = 0; column < out(6); column++)
          for (let filter = 0; filter < 4; filter++) {
            let sum = at(b, filter);
            for (let dy = 0; dy < kernel; dy++)
              for (let dx = 0; dx < kernel; dx++)
                for (let k = 0; k < 3; k++) {
                  const [y, z] = [row * stride + dy - before(5), column * stride + dx - before(6)];
                  sum += at(x, n, y, z, k) * at(W, dy, dx, k, filter);
                }
            results.push(sum);
          }
    return results;
  }

  test.each([
    [3, 1, "same"],
    [3, 1, "valid"],
    [3, 2, "same"],
    [2, 2, "valid"],
    [2, 1, "same"],
    [1, 3, "same"],
  ] as const)("kernel %i, stride %i, %s", async (kernel, stride, padding) => {
    const W = numbers(5, kernel, kernel, 3, 4);
    const set = { filters: "4", kernel: `${kernel}`, stride: `${stride}`, padding: `"${padding}"` };
    const { value } = await run("conv2d", { set, inputs: { x }, params: { W, b } });
    close(value, byHand(W, kernel, stride, padding));
  });
});

describe("depthwise_conv2d", () => {
  const [x, b] = [numbers(4, 2, 5, 6, 3), numbers(6, 3)];

  test.each([
    [3, 1, "same"],
    [3, 2, "same"],
    [3, 2, "valid"],
    [2, 1, "same"],
    [1, 3, "same"],
  ] as const)(
    "kernel %i, stride %i, %s: a convolution whose filters see one channel each",
    async (kernel, stride, padding) => {
      const W = numbers(5, kernel, kernel, 3);
      const own = (k: number, f: number, dy: number, dx: number) => (k === f ? at(W, dy, dx, k) : 0);
      const each = [0, 1, 2];
      const spread = Array.from({ length: kernel }, (_, dy) =>
        Array.from({ length: kernel }, (_, dx) => each.map((k) => each.map((f) => own(k, f, dy, dx)))),
      );
      const set = { kernel: `${kernel}`, stride: `${stride}`, padding: `"${padding}"` };
      const found = await run("depthwise_conv2d", { set, inputs: { x }, params: { W, b } });
      const whole = await run("conv2d", {
        set: { ...set, filters: "3" },
        inputs: { x },
        params: { W: spread, b },
      });
      close(found.value, flat(whole.value));
    },
  );
});

describe("pooling", () => {
  const x = numbers(7, 1, 5, 4, 2);

  function windows(size: number, stride: number, merge: (values: readonly number[]) => number) {
    const results: number[] = [];
    for (let row = 0; row + size <= 5; row += stride)
      for (let column = 0; column + size <= 4; column += stride)
        for (let k = 0; k < 2; k++) {
          const values: number[] = [];
          for (let dy = 0; dy < size; dy++)
            for (let dx = 0; dx < size; dx++) values.push(at(x, 0, row + dy, column + dx, k));
          results.push(merge(values));
        }
    return results;
  }
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const max = (values: readonly number[]) => Math.max(...values);

  test("max_pool: the stride is the size unless given", async () => {
    close((await run("max_pool", { inputs: { x } })).value, windows(2, 2, max));
    const set = { size: "3", stride: "1" };
    close((await run("max_pool", { set, inputs: { x } })).value, windows(3, 1, max));
  });

  test("avg_pool", async () => {
    close((await run("avg_pool", { inputs: { x } })).value, windows(2, 2, mean));
  });

  test("avg_pool counts only what is inside of the image", async () => {
    const ones = [[[[1], [1], [1]]]];
    const set = { size: "2", padding: '"same"' };
    close((await run("avg_pool", { set, inputs: { x: ones } })).value, [1, 1]);
  });

  test("upsample makes a square of each pixel, and max_pool takes it back", async () => {
    const { value, grads } = await run("upsample", { set: { size: "3" }, inputs: { x } });
    const taken = (row: number, column: number, k: number) =>
      at(x, 0, Math.floor(row / 3), Math.floor(column / 3), k);
    const expected = Array.from({ length: 15 * 12 * 2 }, (_, index) =>
      taken(Math.floor(index / 24), Math.floor(index / 2) % 12, index % 2),
    );
    close(value, expected);
    close(
      grads["x"] ?? 0,
      flat(x).map(() => 9),
    );
  });

  test("global pools", async () => {
    const channels = [0, 1].map((k) => flat(x).filter((_, index) => index % 2 === k));
    close((await run("global_avg_pool", { inputs: { x } })).value, channels.map(mean));
    close((await run("global_max_pool", { inputs: { x } })).value, channels.map(max));
  });
});

describe("batch_norm", () => {
  const x = numbers(8, 6, 3);
  const columns = [0, 1, 2].map((k) => x.map((row) => at(row, k)));
  const means = columns.map((column) => column.reduce((sum, one) => sum + one, 0) / 6);
  const variances = columns.map(
    (column, k) => column.reduce((sum, one) => sum + (one - (means[k] ?? 0)) ** 2, 0) / 6,
  );
  const params = { gamma: [2, 1, 0.5], beta: [0, 1, -1] };
  const normed = (mu: readonly number[], variance: readonly number[]) =>
    x.flatMap((row) =>
      [0, 1, 2].map(
        (k) =>
          ((at(row, k) - (mu[k] ?? 0)) / Math.sqrt((variance[k] ?? 0) + 1e-5)) * (params.gamma[k] ?? 0) +
          (params.beta[k] ?? 0),
      ),
    );

  test("in training by the batch, and the running statistics move a tenth of the way", async () => {
    const state = { running_mean: [1, 2, 3], running_variance: [4, 5, 6] };
    const result = await run("batch_norm", { inputs: { x }, params, state, when: "training" });
    close(result.value, normed(means, variances));
    const moved = (from: readonly number[], to: readonly number[]) =>
      from.map((one, k) => 0.9 * one + 0.1 * (to[k] ?? 0));
    close(result.state["running_mean"], moved(state.running_mean, means));
    close(result.state["running_variance"], moved(state.running_variance, variances));
  });

  test("at inference by the running statistics, which stay", async () => {
    const state = { running_mean: [1, 2, 3], running_variance: [4, 5, 6] };
    const result = await run("batch_norm", { inputs: { x }, params, state });
    close(result.value, normed(state.running_mean, state.running_variance));
    close(result.state["running_mean"], state.running_mean);
  });

  test("over images each channel is one", async () => {
    const image = numbers(9, 2, 3, 3, 2);
    const { value } = await run("batch_norm", { inputs: { x: image }, when: "training" });
    const channel = flat(value).filter((_, index) => index % 2 === 1);
    expect(channel.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0, 10);
    expect(channel.reduce((sum, one) => sum + one * one, 0) / channel.length).toBeCloseTo(1, 3);
  });
});

test("layer_norm: each row has mean 0 and variance 1", async () => {
  const x = numbers(10, 2, 3, 5);
  const { value } = await run("layer_norm", { set: { eps: "1e-9" }, inputs: { x } });
  const rows = Array.from({ length: 6 }, (_, row) => flat(value).slice(5 * row, 5 * row + 5));
  for (const row of rows) {
    expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0, 10);
    expect(row.reduce((sum, one) => sum + one * one, 0) / 5).toBeCloseTo(1, 6);
  }
});

describe("dropout", () => {
  const x = numbers(11, 40, 50);

  test("in training a share is 0 and the rest grows", async () => {
    const { value } = await run("dropout", { set: { rate: "0.25" }, inputs: { x }, when: "training" });
    const [before, after] = [flat(x), flat(value)];
    const dropped = after.filter((one) => one === 0).length;
    expect(dropped / after.length).toBeGreaterThan(0.21);
    expect(dropped / after.length).toBeLessThan(0.29);
    for (const [index, one] of after.entries()) {
      if (one !== 0) expect(one).toBeCloseTo((before[index] ?? 0) / 0.75, 10);
    }
  });

  test("at inference nothing happens", async () => {
    close((await run("dropout", { inputs: { x } })).value, flat(x));
  });

  test("other steps drop others, the same step the same", async () => {
    const options = { inputs: { x }, when: "training" } as const;
    const [first, again, next] = await Promise.all([
      run("dropout", { ...options, step: 3 }),
      run("dropout", { ...options, step: 3 }),
      run("dropout", { ...options, step: 4 }),
    ]);
    expect(again.value).toEqual(first.value);
    expect(next.value).not.toEqual(first.value);
  });
});

describe("images that change in training", () => {
  const [height, width, channels] = [5, 6, 2];
  const images = numbers(12, 60, height, width, channels);
  const size = height * width * channels;
  const imagesOf = (value: Nested | undefined) =>
    Array.from({ length: 60 }, (_, n) => flat(value).slice(n * size, (n + 1) * size));
  /** An image read at other places; zero outside of it. */
  const read = (n: number, place: (y: number, z: number) => readonly [number, number]) =>
    Array.from({ length: size }, (_, index) => {
      const [y, z] = place(Math.floor(index / (width * channels)), Math.floor(index / channels) % width);
      return at(images, n, y, z, index % channels);
    });

  test("random_flip mirrors about as many as it says, whole images left to right", async () => {
    const { value } = await run("random_flip", {
      set: { rate: "0.3" },
      inputs: { x: images },
      when: "training",
    });
    const mirrored = imagesOf(value).map((image, n) => {
      const turned = read(n, (y, z) => [y, width - 1 - z]);
      const isTurned = image.every((one, index) => one === turned[index]);
      if (!isTurned) expect(image).toEqual(read(n, (y, z) => [y, z]));
      return isTurned;
    });
    const share = mirrored.filter(Boolean).length / 60;
    expect(share).toBeGreaterThan(0.12);
    expect(share).toBeLessThan(0.48);
  });

  test("random_crop moves each image by whole pixels in both directions, zeros moving in", async () => {
    const { value } = await run("random_crop", {
      set: { padding: "2" },
      inputs: { x: images },
      when: "training",
    });
    const steps = [-2, -1, 0, 1, 2];
    const moves = imagesOf(value).map((image, n) =>
      steps
        .flatMap((down) => steps.map((along) => [down, along] as const))
        .find(([down, along]) => {
          const moved = read(n, (y, z) => [y + down, z + along]);
          return image.every((one, index) => one === moved[index]);
        }),
    );
    expect(moves).not.toContain(undefined);
    // Every step occurs in both directions, and they do not go together.
    for (const axis of [0, 1]) expect(new Set(moves.map((move) => move?.[axis]))).toEqual(new Set(steps));
    expect(new Set(moves.map(String)).size).toBeGreaterThan(10);
  });

  test.each(["random_flip", "random_crop"])("%s leaves images alone at inference", async (layer) => {
    expect((await run(layer, { inputs: { x: images } })).value).toEqual(images);
  });
});

describe("element by element", () => {
  const x = [[-800, -2, -0.5, 0, 0.5, 2, 800]];
  const inputs = { x };
  /** Abramowitz and Stegun 7.1.5, summed until nothing changes. */
  const erf = (z: number): number => {
    let [sum, term] = [z, z];
    for (let n = 1; n < 200; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  };

  test.each([
    ["relu", (z: number) => Math.max(z, 0)],
    ["leaky_relu", (z: number) => (z > 0 ? z : 0.01 * z)],
    ["prelu", (z: number) => (z > 0 ? z : 0.25 * z)],
    ["gelu", (z: number) => (Math.abs(z) > 100 ? Math.max(z, 0) : 0.5 * z * (1 + erf(z / Math.SQRT2)))],
  ])("%s", async (layer, byHand) => {
    const { value } = await run(layer, { inputs });
    for (const [index, one] of flat(value).entries()) {
      expect(one).toBeCloseTo(byHand(flat(x)[index] ?? 0), 9);
    }
  });

  test("tanh is a builtin, alone and in a pipe", async () => {
    const text = "fn f(x: f32[N, K]) = x |> tanh()\nfn g(x: f32[N, K]) = tanh(x)\n";
    for (const name of ["f", "g"])
      close((await runText(text, name, { inputs })).value, flat(x).map(Math.tanh));
  });
});

test("flatten keeps the rows", async () => {
  const x = numbers(12, 2, 3, 2, 2);
  const { value } = await run("flatten", { inputs: { x } });
  expect(value).toHaveLength(2);
  close(value, flat(x));
});

test("embedding gives rows, and their gradients come back to them", async () => {
  const W = numbers(13, 4, 2);
  const set = { entries: "4", size: "2" };
  const { value, grads } = await run("embedding", { set, inputs: { x: [2, 0, 2] }, params: { W } });
  close(
    value,
    [2, 0, 2].flatMap((row) => flat(W[row])),
  );
  close(grads["W"], [1, 1, 0, 0, 2, 2, 0, 0]);
});

describe("settings that make no layer are refused", () => {
  test.each([
    ["dense", { units: "0" }, "at least one unit"],
    ["conv2d", { filters: "4", padding: '"full"' }, 'the padding is "same" or "valid"'],
    ["dropout", { rate: "1" }, "from 0 to below 1"],
    ["random_flip", { rate: "2" }, "from 0 to 1"],
    ["random_crop", { padding: "-1" }, "at least 0"],
    ["batch_norm", { momentum: "1" }, "from 0 to below 1"],
    ["embedding", { entries: "0", size: "2" }, "at least one row"],
  ])("%s %o", async (layer, set, message) => {
    await expect(run(layer, { set })).rejects.toThrow(message);
  });
});
