/**
 * Gradients over windows and sums over columns in their vector loops, on the wasm backend, against their plain forms on the
 * same memory: channels that fill no vector, windows that the border cuts, that overlap or leave gaps, ties, and NaN.
 */
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { loadBackend } from "../../../runtime/tfjs/backend.ts";
import { elementwiseKernels } from "../../../runtime/tfjs/elementwise.ts";
import { type Heap, heapOfActiveBackend } from "../../../runtime/tfjs/heap.ts";
import { reductionKernels } from "../../../runtime/tfjs/reductions.ts";

type Kernels = ReturnType<typeof kernelsOf>;

const kernelsOf = (heap: Heap) => ({
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
function bothWays(loop: string, run: (k: Kernels) => tf.Tensor): readonly [number[], number[]] {
  const numbers = (k: Kernels): number[] => {
    const before = tf.memory().numTensors;
    const result = run(k);
    expect(tf.memory().numTensors).toBe(before + 1);
    return Array.from(result.dataSync());
  };
  taken.clear();
  const fast = numbers(byVectors);
  expect([...taken]).toContain(loop);
  expect(numbers(byVectors)).toEqual(fast);
  return [fast, numbers(byElements)];
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
