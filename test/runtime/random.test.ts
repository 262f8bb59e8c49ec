import { describe, expect, test } from "vitest";
import { normalNumbers, threefry2x32, uniformNumbers } from "../../runtime/random.ts";

/** Known answers of the Random123 distribution, file `kat_vectors`, lines "threefry2x32 20". */
const knownAnswers: readonly (readonly [
  key: [number, number],
  counter: [number, number],
  answer: [number, number],
])[] = [
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
];

test.each(knownAnswers)("threefry2x32 with key %j and counter %j gives %j", (key, counter, answer) => {
  expect(threefry2x32(key, counter)).toEqual(answer);
});

describe("streams of numbers", () => {
  test("uniform numbers lie in [0, 1) on a grid of 2⁻²⁴ and have the right moments", () => {
    const numbers = [...uniformNumbers(7, 3, 11, 20_000)];
    expect(numbers.every((u) => u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24))).toBe(true);
    expect(mean(numbers)).toBeCloseTo(0.5, 2);
    expect(mean(numbers.map((u) => u * u))).toBeCloseTo(1 / 3, 2);
  });

  test("normal numbers have the right moments", () => {
    const numbers = [...normalNumbers(7, 3, 11, 40_000)];
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(mean(numbers)).toBeCloseTo(0, 1);
    expect(mean(numbers.map((z) => z * z))).toBeCloseTo(1, 1);
    expect(mean(numbers.map((z) => z ** 4))).toBeCloseTo(3, 0);
  });

  test("a shorter stream is the beginning of a longer one, of odd length too", () => {
    expect([...uniformNumbers(1, 2, 3, 7)]).toEqual([...uniformNumbers(1, 2, 3, 100)].slice(0, 7));
  });

  test("seed, step and site each give other numbers", () => {
    const first = (seed: number, step: number, site: number): string =>
      uniformNumbers(seed, step, site, 4).join();
    const streams = [
      first(1, 2, 3),
      first(2, 2, 3),
      first(1, 3, 3),
      first(1, 2, 4),
      first(2, 1, 3),
      first(3, 2, 1),
    ];
    expect(new Set(streams).size).toBe(streams.length);
    expect(first(1, 2, 3)).toBe(first(1, 2, 3));
  });
});

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
