/** Ranks of partners: worked out by hand, where all rows are alike, and against a sort of all cosines. */
import { expect, test } from "vitest";
import { uniformNumbers } from "../../../runtime/random.ts";
import type { HostTensor } from "../../../runtime/program.ts";
import { unitRows } from "../../../src/looks/cosines.ts";
import { partnerRanks } from "../../../src/looks/retrieval.ts";

const rows = (width: number, ...values: readonly number[]): HostTensor =>
  unitRows({ dtype: "f32", shape: [values.length / width, width], data: Float32Array.from(values) });

test("the partner is the best, or comes after those that are nearer", () => {
  const here = rows(2, 1, 0, 0, 1, 1, 1);
  expect(partnerRanks(here, here)).toEqual([1, 1, 1]);
  // The rows of the other side are turned by one place: each is nearest to a neighbour.
  expect(partnerRanks(here, rows(2, 0, 1, 1, 1, 1, 0))).toEqual([3, 2, 3]);
  expect(partnerRanks(rows(2, 1, 0), rows(2, 0, -1))).toEqual([1]);
});

test("where all rows are alike nothing is found", () => {
  const same = rows(2, 1, 2, 1, 2, 1, 2, 1, 2);
  expect(partnerRanks(same, same)).toEqual([4, 4, 4, 4]);
  const none = rows(2, 0, 0, 0, 0);
  expect(partnerRanks(none, none)).toEqual([2, 2]);
});

test("random rows: the place in the order of all cosines", () => {
  const [count, width] = [30, 5];
  const drawn = (site: number) =>
    rows(width, ...uniformNumbers(3, 0, site, count * width).map((value) => value - 0.5));
  const [here, there] = [drawn(1), drawn(2)];
  const cosine = (i: number, j: number) =>
    Array.from({ length: width }).reduce<number>(
      (sum, _, d) => sum + (here.data[i * width + d] ?? 0) * (there.data[j * width + d] ?? 0),
      0,
    );
  const expected = Array.from({ length: count }, (_, i) => {
    const order = Array.from({ length: count }, (_, j) => j).sort((a, b) => cosine(i, b) - cosine(i, a));
    return order.indexOf(i) + 1;
  });
  expect(partnerRanks(here, there)).toEqual(expected);
});
