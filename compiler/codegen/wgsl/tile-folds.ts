/**
 * Reductions inside a tile: each invocation folds the elements of its block, then the invocations that share a result
 * meet in workgroup memory, in arrays that the loop over the depth is done with. What a tile holds of each result is handed on; nothing is added up across tiles here.
 */
import { assignMerged } from "./merge-lanes.ts";
import type { Monoid } from "./monoids.ts";
import type { Context } from "./scope.ts";
import type { Fold, Product, Tile } from "./tiles.ts";

/** Where the invocations of a tile leave a number of the state of four results each. */
export interface FoldMemory {
  readonly put: (context: Context, part: number, values: readonly string[]) => void;
  readonly at: (part: number, lane: string, result: string) => string;
}

/** The arrays of the plain loop, four results to an element. */
export const quadMemory: FoldMemory = {
  put: ({ writer }, part, values) =>
    writer.push({
      kind: "storeShared",
      array: quads[part] ?? "",
      index: "lane",
      value: `vec4f(${values.join(", ")})`,
    }),
  at: (part, lane, result) => `${quads[part]}[${lane}][${result}]`,
};

const quads = ["left", "right"] as const;

/** An array of single numbers, for so many invocations. */
export function scalarMemory(array: string, invocations: number): FoldMemory {
  const index = (part: number, lane: string): string => `${part * invocations * 4}u + (${lane}) * 4u`;
  return {
    put: ({ writer }, part, values) =>
      values.forEach((value, result) =>
        writer.push({ kind: "storeShared", array, index: `${index(part, "lane")} + ${result}u`, value }),
      ),
    at: (part, lane, result) => `${array}[${index(part, lane)} + ${result}]`,
  };
}

/** A variable for each number of the state of each result that a block touches. */
export function declareFold(context: Context, fold: Fold, tile: Tile): void {
  const results = fold.over === "rows" ? 4 : tile.blockRows;
  fold.monoids.forEach((monoid, index) => {
    for (let result = 0; result < results; result++)
      declareState(context, monoid, stateOf(monoid, index, result));
  });
}

export function declareState({ writer }: Context, monoid: Monoid, state: readonly string[]): void {
  state.forEach((name, part) =>
    writer.push({
      kind: "variable",
      name,
      type: monoid.types[part] ?? "f32",
      value: monoid.empty[part] ?? "0",
    }),
  );
}

function stateOf(monoid: Monoid, index: number, result: number): readonly string[] {
  return monoid.types.map((_, part) => `fold${index}_${result}_${part}`);
}

/** Takes the values of the block's element (i, j). Positions count from the tile's first row or column. */
export function takeIntoFold(
  context: Context,
  fold: Fold,
  tile: Tile,
  values: readonly string[],
  [i, j]: readonly [number, number],
): void {
  const overRows = fold.over === "rows";
  const place = overRows ? `(blockRow * ${tile.blockRows}u + ${i}u)` : `(blockColumn * 4u + ${j}u)`;
  fold.monoids.forEach((monoid, index) => {
    const single = monoid.single(values[index] ?? "0.0", place);
    assignMerged(context, monoid, stateOf(monoid, index, overRows ? j : i), single);
  });
}

/** The states of a tile's invocations become one a result. */
export function foldTile(
  context: Context,
  product: Product,
  fold: Fold,
  tile: Tile,
  memory: FoldMemory,
): void {
  const { writer } = context;
  const lanesAcross = tile.columns / 4;
  const lanesDown = tile.rows / tile.blockRows;
  fold.monoids.forEach((monoid, index) => {
    if (fold.over === "rows")
      meet(context, fold, index, memory, {
        states: [0, 1, 2, 3].map((result) => stateOf(monoid, index, result)),
        results: tile.columns,
        result: "column0 + lane",
        below: writer.size(product.columns),
        tile: "tileRow",
        lanes: lanesDown,
        lane: (n) => `${n} * ${lanesAcross}u + lane / 4u`,
      });
    else
      for (let quad = 0; quad < tile.blockRows / 4; quad++)
        meet(context, fold, index, memory, {
          states: [0, 1, 2, 3].map((result) => stateOf(monoid, index, quad * 4 + result)),
          results: lanesDown * 4,
          result: `row0 + lane / 4u * ${tile.blockRows}u + ${quad * 4}u + lane % 4u`,
          below: writer.size(product.rows),
          tile: "tileColumn",
          lanes: lanesAcross,
          lane: (n) => `lane / 4u * ${lanesAcross}u + ${n}`,
        });
  });
}

/** Four results of each invocation, and the invocations that hold a share of the same ones. */
interface Meeting {
  readonly states: readonly (readonly string[])[];
  /** How many results there are; invocation number r finishes number r. */
  readonly results: number;
  /** Its number in the whole product, and how many the product has. */
  readonly result: string;
  readonly below: string;
  readonly tile: string;
  readonly lanes: number;
  /** The n-th invocation that holds a share of this one's result. */
  readonly lane: (n: string) => string;
}

function meet(context: Context, fold: Fold, index: number, memory: FoldMemory, meeting: Meeting): void {
  const { writer } = context;
  const monoid = fold.monoids[index];
  if (monoid === undefined) return;
  const { states, results, below, lanes } = meeting;
  monoid.types.forEach((_, part) =>
    memory.put(
      context,
      part,
      states.map((state) => state[part] ?? ""),
    ),
  );
  writer.push({ kind: "barrier" });
  const result = writer.let({ text: meeting.result, type: "u32" }, "result").text;
  writer.when(`lane < ${results}u && ${result} < ${below}`, () => {
    const whole = monoid.types.map((_, part) => `whole_${part}`);
    declareState(context, monoid, whole);
    writer.loop("n", "0u", `${lanes}u`, "1u", (n) => {
      const other = monoid.types.map((type, part) => {
        const text = memory.at(part, meeting.lane(n), "lane % 4u");
        return writer.let({ text, type }, "other").text;
      });
      assignMerged(context, monoid, whole, other);
    });
    fold.store(context, index, meeting.tile, result, whole);
  });
  writer.push({ kind: "barrier" });
}
