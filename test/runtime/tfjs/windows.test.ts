/**
 * Gradients over windows and sums over columns in their vector loops, on the wasm backend, against their plain forms on the
 * same memory: channels that fill no vector, windows that the border cuts, that overlap or leave gaps, ties, and NaN. And
 * gradients for images against their definition, for the same windows.
 */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadBackend } from "../../../runtime/tfjs/backend.ts";
import { type Convolution, type Windows, convolutionKernels } from "../../../runtime/tfjs/convolutions.ts";
import { elementwiseKernels } from "../../../runtime/tfjs/elementwise.ts";
import { filterGradientKernels } from "../../../runtime/tfjs/filter-gradients.ts";
import { type Heap, heapOfActiveBackend } from "../../../runtime/tfjs/heap.ts";
import { poolingKernels } from "../../../runtime/tfjs/pooling.ts";
import { reductionKernels } from "../../../runtime/tfjs/reductions.ts";

type Kernels = ReturnType<typeof kernelsOf>;

const kernelsOf = (heap: Heap) => ({
  ...poolingKernels(heap),
  ...convolutionKernels(heap),
  ...filterGradientKernels(heap),
  ...reductionKernels(heap, elementwiseKernels(heap)),
});

let byVectors: Kernels;
let byElements: Kernels;
const taken = new Set<string>();

/** The loops of a heap, each of which leaves its name where it runs. */
function watched<T extends object>(loops: T, name = ""): T {
  const entries = Object.entries(loops).map(([key, value]: [string, unknown]) => {
    if (typeof value !== "function") return [key, watched(value as object, `${name}${key}.`)];
    return [key, (...numbers: readonly number[]): unknown => (taken.add(name + key), value(...numbers))];
  });
  return Object.fromEntries(entries) as T;
}

beforeAll(async () => {
  await loadBackend("wasm");
  const { simd, ...plain } = heapOfActiveBackend();
  if (simd === undefined) throw new Error("this engine has no SIMD");
  byElements = kernelsOf(plain);
  byVectors = kernelsOf({ ...plain, simd: { ...simd, loops: watched(simd.loops) } });
});

/** Values that differ from place to place, with zeros, both signs, and many that are equal. */
function values(shape: readonly number[], seed: number): tf.Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.round(Math.sin(i * 1.7 + seed) * 4) / 3),
    [...shape],
  );
}

/** The kernel's numbers by vectors, twice the same bit by bit, and by elements. It disposes all but its result. */
function bothWays(loop: string | undefined, run: (k: Kernels) => tf.Tensor): readonly [number[], number[]] {
  const numbers = (k: Kernels): number[] => {
    const before = tf.memory().numTensors;
    const result = run(k);
    expect(tf.memory().numTensors).toBe(before + 1);
    return Array.from(result.dataSync());
  };
  taken.clear();
  const fast = numbers(byVectors);
  if (loop !== undefined) expect([...taken]).toContain(loop);
  expect(numbers(byVectors)).toEqual(fast);
  return [fast, numbers(byElements)];
}

/** Up to roundings of f32 in a sum of `terms` that are no larger than `largest`. */
function expectClose([fast, plain]: readonly [number[], number[]], terms: number, largest: number): void {
  expect(fast.length).toBe(plain.length);
  const error = Math.max(...fast.map((value, i) => Math.abs(value - (plain[i] ?? NaN))));
  expect(error).toBeLessThanOrEqual(2 ** -24 * terms * terms * largest);
}

const channelCounts = [1, 2, 3, 4, 5, 8, 16, 17, 31];

const geometries: readonly Windows[] = [
  { window: [2, 2], stride: [2, 2], padding: "valid" },
  { window: [3, 2], stride: [1, 1], padding: "same" },
  { window: [3, 3], stride: [2, 2], padding: "same" },
  { window: [5, 5], stride: [2, 1], padding: "same" },
  { window: [2, 1], stride: [3, 2], padding: "same" },
  { window: [2, 2], stride: [3, 4], padding: "valid" },
  { window: [1, 1], stride: [1, 1], padding: "same" },
  { window: [1, 3], stride: [2, 3], padding: "same" },
  { window: [3, 3], stride: [5, 3], padding: "same" },
];

const cases = geometries.flatMap((geometry) =>
  channelCounts.map((channels) => [JSON.stringify(geometry), channels, geometry] as const),
);

describe("pooling's gradients", () => {
  test.each(cases)("max, %s with %i channels", (_, channels, pool) => {
    tf.tidy(() => {
      const image = values([2, 7, 9, channels], 1);
      const pooled = byElements.maxPool(image, pool);
      const adjoint = values(pooled.shape, 2);
      const [fast, plain] = bothWays("windows.maxPoolGradient", (k) =>
        k.maxPoolGradient(image, pooled, adjoint, pool),
      );
      expect(fast).toEqual(plain);
    });
  });

  test("a NaN gives its adjoint to the first element of its window, an infinity to itself", () => {
    tf.tidy(() => {
      const image = tf.tensor4d([1, NaN, -Infinity, -Infinity, 2, 3, -Infinity, -Infinity], [1, 2, 4, 1]);
      const pooled = tf.tensor4d([NaN, -Infinity], [1, 1, 2, 1]);
      const adjoint = tf.tensor4d([5, 7], [1, 1, 2, 1]);
      const [fast, plain] = bothWays("windows.maxPoolGradient", (k) =>
        k.maxPoolGradient(image, pooled, adjoint, { window: [2, 2], stride: [2, 2], padding: "valid" }),
      );
      expect(fast).toEqual([5, 0, 7, 0, 0, 0, 0, 0]);
      expect(plain).toEqual(fast);
    });
  });

  test.each(cases)("mean, %s with %i channels", (_, channels, pool) => {
    tf.tidy(() => {
      const shape = [2, 7, 9, channels];
      const adjoint = values(byElements.avgPool(values(shape, 1), pool).shape, 2);
      const found = bothWays("windows.avgPoolGradient", (k) => k.avgPoolGradient(adjoint, shape, pool));
      expectClose(found, pool.window[0] * pool.window[1], 2);
    });
  });
});

/** Some take the channels of the adjoint in vectors, some those of the image. */
const insAndOuts = [
  [1, 16],
  [16, 1],
  [3, 3],
  [4, 17],
  [17, 5],
  [31, 6],
] as const;

const filterCases = geometries.flatMap((geometry) =>
  insAndOuts.map(([ins, outs]) => [JSON.stringify(geometry), ins, outs, geometry] as const),
);

describe("gradients for filters", () => {
  test.each(cases)("each channel with its own, %s with %i channels", (_, channels, windows) => {
    tf.tidy(() => {
      const image = values([2, 7, 9, channels], 1);
      const filter = values([...windows.window, channels], 3);
      const adjoint = values(byElements.depthwiseConv2d(image, filter, windows).shape, 2);
      const found = bothWays("windows.tap.own", (k) =>
        k.depthwiseConv2dFilterGradient(image, adjoint, windows),
      );
      expectClose(found, 63, 2);
    });
  });

  test.each(filterCases)("%s from %i to %i channels", (_, ins, outs, windows) => {
    tf.tidy(() => {
      const image = values([2, 7, 9, ins], 1);
      const shape = [...windows.window, ins, outs];
      const adjoint = values(byElements.conv2d(image, values(shape, 3), windows).shape, 2);
      const found = bothWays("windows.tap.all", (k) =>
        k.conv2dFilterGradient(image, adjoint, shape, windows),
      );
      expectClose(found, 126, 2);
    });
  });

  test.each([
    ["more of an image than a tile takes", [1, 41, 40, 20], [3, 3, 20, 30], 2],
    ["taps that meet nothing but the border", [1, 2, 2, 1], [9, 9, 1, 4], 1],
  ] as const)("%s", (_, imageShape, shape, step) => {
    tf.tidy(() => {
      const windows: Windows = { window: [shape[0], shape[1]], stride: [step, step], padding: "same" };
      const image = values(imageShape, 1);
      const adjoint = values(byElements.conv2d(image, values(shape, 3), windows).shape, 2);
      const found = bothWays("windows.tap.all", (k) =>
        k.conv2dFilterGradient(image, adjoint, shape, windows),
      );
      expectClose(found, adjoint.size / shape[3], 2);
    });
  });
});

describe("gradients for images", () => {
  const small = geometries
    .filter(({ padding }) => padding === "same")
    .map((geometry) => [JSON.stringify(geometry), 3, 5, geometry, [2, 1, 3]] as const);
  test.each([...filterCases.map((one) => [...one, [2, 7, 10]] as const), ...small])(
    "%s from %i to %i channels",
    (_, ins, outs, { window, ...convolution }, [n, height, width]) => {
      tf.tidy(() => {
        const image = [n, height, width, ins] as const;
        const filter = values([...window, ins, outs], 3);
        const adjoint = values(byElements.conv2d(tf.zeros([...image]), filter, convolution).shape, 2);
        const loop = Math.max(...convolution.stride) > 1 ? "windows.spread" : undefined;
        const [fast, plain] = bothWays(loop, (k) =>
          k.conv2dInputGradient(filter, adjoint, image, convolution),
        );
        expect(fast).toEqual(plain);
        const expected = adjointOfImage(image, filter, adjoint, convolution);
        expectClose([fast, expected], filter.size / ins, 2);
      });
    },
  );
});

/** By its definition: what each output was made of gets its share. */
function adjointOfImage(
  [n, height, width, ins]: readonly [number, number, number, number],
  filter: tf.Tensor,
  adjoint: tf.Tensor,
  { stride, padding }: Convolution,
): number[] {
  const [tall = 0, wide = 0, , outs = 0] = filter.shape;
  const [, down = 0, across = 0] = adjoint.shape;
  const [w, g] = [filter.dataSync(), adjoint.dataSync()];
  const before = (outputs: number, step: number, window: number, size: number): number =>
    padding === "valid" ? 0 : Math.floor(Math.max(0, (outputs - 1) * step + window - size) / 2);
  const top = before(down, stride[0], tall, height);
  const left = before(across, stride[1], wide, width);
  const result = Array<number>(n * height * width * ins).fill(0);
  for (let i = 0; i < g.length * tall * wide * ins; i++) {
    const [k, tap, at] = [i % ins, Math.floor(i / ins) % (tall * wide), Math.floor(i / (ins * tall * wide))];
    const [f, pixel] = [at % outs, Math.floor(at / outs)];
    const [x, y, image] = [
      pixel % across,
      Math.floor(pixel / across) % down,
      Math.floor(pixel / across / down),
    ];
    const row = y * stride[0] + Math.floor(tap / wide) - top;
    const column = x * stride[1] + (tap % wide) - left;
    if (row < 0 || row >= height || column < 0 || column >= width) continue;
    const target = ((image * height + row) * width + column) * ins + k;
    result[target] = (result[target] ?? 0) + (w[(tap * ins + k) * outs + f] ?? 0) * (g[at] ?? 0);
  }
  return result;
}

describe("columns", () => {
  const shapes = [2, 3, 5, 8, 17, 63, 64, 100].map((inner) => [3, 29, inner]);
  test.each(shapes)("[%i, %i, %i], each from its first row to its last", (...shape) => {
    tf.tidy(() => {
      const x = values(shape, 4);
      for (const name of ["sum", "max"] as const) {
        const [fast, plain] = bothWays(`columns.${name}`, (k) => k[name](x, [1]));
        expect(fast).toEqual(plain);
      }
    });
  });
});
