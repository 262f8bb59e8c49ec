/** Initialisers: the numbers that a parameter begins with, by their statistics. */
import { describe, expect, test } from "vitest";
import { flat, runText } from "../support/run-text.ts";

/** The first values of a parameter of a shape, read through a layer. */
async function drawn(initialiser: string, shape: string, seed = 1): Promise<readonly number[]> {
  const name = initialiser.replace(/\(.*/, "");
  const text = `import { ${name} } from "std/initialisers"
layer hold()(x: f32[N]) {
  param W: f32[${shape}] ~ ${initialiser}
  sum(x) + W
}
`;
  return flat((await runText(text, "hold", { inputs: { x: [0] }, seed })).value);
}

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
const deviation = (values: readonly number[]) =>
  Math.sqrt(mean(values.map((one) => (one - mean(values)) ** 2)));

describe("constants", () => {
  test.each([
    ["zeros()", 0],
    ["ones()", 1],
    ["constant(0.25)", 0.25],
  ])("%s", async (initialiser, value) => {
    expect(await drawn(initialiser, "3")).toEqual([value, value, value]);
  });
});

describe("random ones: mean and deviation of 10,000 numbers", () => {
  test.each([
    ["normal(std: 0.5, mean: 2)", "100, 100", 2, 0.5],
    ["uniform(low: -1, high: 3)", "100, 100", 1, 4 / Math.sqrt(12)],
    // √(6 / (fan_in + fan_out)) is half the width.
    ["glorot()", "50, 200", 0, Math.sqrt(6 / 250) / Math.sqrt(3)],
    ["he()", "50, 200", 0, Math.sqrt(2 / 50)],
    // Of a filter, fan_in counts the window and the channels that come in.
    ["he()", "5, 5, 4, 100", 0, Math.sqrt(2 / 100)],
  ])("%s of [%s]", async (initialiser, shape, middle, spread) => {
    const values = await drawn(initialiser, shape);
    expect(values).toHaveLength(10_000);
    expect(Math.abs(mean(values) - middle)).toBeLessThan(4 * (spread / 100));
    expect(deviation(values) / spread).toBeGreaterThan(0.97);
    expect(deviation(values) / spread).toBeLessThan(1.03);
  });
});

test("uniform stays between its bounds", async () => {
  const values = await drawn("uniform(low: 0, high: 0.1)", "1000");
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(0.1);
});

test("a seed gives the same numbers, another one others", async () => {
  expect(await drawn("normal()", "4", 7)).toEqual(await drawn("normal()", "4", 7));
  expect(await drawn("normal()", "4", 7)).not.toEqual(await drawn("normal()", "4", 8));
});

describe("orthogonal: rows or columns, whichever are fewer, are orthonormal", () => {
  test.each([
    ["4, 4", 4, 4],
    ["7, 3", 7, 3],
    ["3, 7", 3, 7],
    ["2, 2, 3, 4", 12, 4],
    ["1, 5", 1, 5],
  ])("[%s]", async (shape, rows, columns) => {
    const values = await drawn("orthogonal(gain: 2)", shape);
    const at = (row: number, column: number) => values[row * columns + column] ?? NaN;
    const few = Math.min(rows, columns);
    const long = Math.max(rows, columns);
    const entry = (vector: number, k: number) => (rows <= columns ? at(vector, k) : at(k, vector));
    for (let a = 0; a < few; a++)
      for (let b = 0; b < few; b++) {
        let product = 0;
        for (let k = 0; k < long; k++) product += entry(a, k) * entry(b, k);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 6);
      }
  });
});
