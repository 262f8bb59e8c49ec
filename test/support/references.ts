/**
 * Values for tests of graphs: random feeds for every leaf, and comparison of results. Random numbers come
 * from the project's own counter-based generator, so a failing test fails again.
 */
import { expect } from "vitest";
import { type Bindings, sizeOfDim } from "../../compiler/ir/dim.ts";
import { type Graph, isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import type { DType } from "../../compiler/ir/type.ts";
import { elementCount } from "../../compiler/ops/arrays.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import type { Feeds } from "../../compiler/reference.ts";
import { normalNumbers, uniformNumbers } from "../../runtime/random.ts";

/** Where integers of a leaf lie: from `low` to `high`, both included. */
export interface IntegerRange {
  readonly low: number;
  readonly high: number;
}

export function values(dtype: DType, shape: readonly number[], data: readonly number[]): Reference {
  return { dtype, shape, data: Float64Array.from(data) };
}

/** Normal numbers, integers in the range, and coin tosses, for every leaf of a graph. */
export function randomFeeds(graph: Graph, dims: Bindings, seed: number, range: IntegerRange): Feeds {
  const feeds: Record<string, Reference> = {};
  for (const node of nodesOfGraph(graph)) {
    if (!isOp(node, "input") && !isOp(node, "parameter") && !isOp(node, "state")) continue;
    const shape = node.type.shape.map((dim) => sizeOfDim(dim, dims));
    feeds[node.attrs.name] = randomValues(node.type.dtype, shape, seed, hash(node.attrs.name), range);
  }
  return feeds;
}

export function randomValues(
  dtype: DType,
  shape: readonly number[],
  seed: number,
  site: number,
  { low, high }: IntegerRange,
): Reference {
  const count = elementCount(shape);
  if (dtype === "f32") return values(dtype, shape, [...normalNumbers(seed, 0, site, count)]);
  const [from, choices] = dtype === "bool" ? [0, 2] : [low, high - low + 1];
  return values(
    dtype,
    shape,
    [...uniformNumbers(seed, 0, site, count)].map((u) => from + Math.floor(u * choices)),
  );
}

/** The largest difference, relative to the size of the values but never finer than to 1. NaN must meet NaN. */
export function differenceOf(a: Reference, b: Reference): number {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return Infinity;
  const scale = Math.max(1, ...[...a.data].map(Math.abs).filter(Number.isFinite));
  let worst = 0;
  a.data.forEach((value, index) => {
    const other = b.data[index] ?? NaN;
    if (Object.is(value, other) || value === other) return;
    const gap = Math.abs(value - other) / scale;
    worst = Math.max(worst, Number.isNaN(gap) ? Infinity : gap);
  });
  return worst;
}

export function expectSameValues(
  actual: Readonly<Record<string, Reference>>,
  expected: Readonly<Record<string, Reference>>,
  tolerance: number,
): void {
  expect(Object.keys(actual).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [name, value] of Object.entries(expected)) {
    const other = actual[name];
    const difference = other === undefined ? Infinity : differenceOf(value, other);
    expect(
      difference,
      `${name}: ${show(value)} and ${other === undefined ? "nothing" : show(other)}`,
    ).toBeLessThan(tolerance);
  }
}

function show({ shape, data }: Reference): string {
  return `[${shape.join(", ")}] ${[...data.subarray(0, 12)].map((value) => value.toPrecision(6)).join(" ")}`;
}

function hash(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
}
