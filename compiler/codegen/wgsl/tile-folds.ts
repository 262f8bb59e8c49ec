/**
 * Reductions inside a tile: each invocation folds the elements of its block, then the invocations that share a result
 * meet in workgroup memory, in arrays that the loop over the depth is done with. What a tile holds of each result is handed on; nothing is added up across tiles here.
 */
import { assignMerged } from "./merge-lanes.ts";
import type { Parameter } from "./kernel.ts";
import type { Monoid } from "./monoids.ts";
import type { Context } from "./scope.ts";
import { type Tile, lanesAcross } from "./tile.ts";
import type { Fold, Product } from "./tiled-products.ts";

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
  const results = fold.over === "rows" ? tile.blockColumns : tile.blockRows;
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

/** The variables that a block's element (i, j) is folded into. */
export function statesAt(fold: Fold, [i, j]: readonly [number, number]): readonly string[] {
  const result = fold.over === "rows" ? j : i;
  return fold.monoids.flatMap((monoid, index) => stateOf(monoid, index, result));
}

/** What a function of the shader takes to fold an element: `statesAt` as pointers. */
export function foldParameters(fold: Fold): readonly Parameter[] {
  return fold.monoids.flatMap((monoid, index) =>
    monoid.types.map(
      (type, part) => ({ name: pointer(index, part), type: `ptr<function, ${type}>` }) as const,
    ),
  );
}

function pointer(index: number, part: number): string {
  return `fold${index}_${part}`;
}

/** Takes the values of the element `row`, `column`. Positions count from the tile's first row or column. */
export function takeIntoFold(context: Context, fold: Fold, tile: Tile, values: readonly string[]): void {
  const place = fold.over === "rows" ? `(row % ${tile.rows}u)` : `(column % ${tile.columns}u)`;
  fold.monoids.forEach((monoid, index) => {
    const single = monoid.single(values[index] ?? "0.0", place);
    const pointers = monoid.types.map((_, part) => `*${pointer(index, part)}`);
    assignMerged(context, monoid, pointers, single);
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
  const across = lanesAcross(tile);
  const down = tile.rows / tile.blockRows;
  const ofQuad = (monoid: Monoid, index: number, quad: number) =>
    [0, 1, 2, 3].map((result) => stateOf(monoid, index, quad * 4 + result));
  fold.monoids.forEach((monoid, index) => {
    if (fold.over === "rows")
      for (let quad = 0; quad < tile.blockColumns / 4; quad++)
        meet(context, fold, index, memory, {
          states: ofQuad(monoid, index, quad),
          results: across * 4,
          result: `column0 + ${quad * across * 4}u + lane`,
          below: writer.size(product.columns),
          tile: "tileRow",
          lanes: down,
          lane: (n) => `${n} * ${across}u + lane / 4u`,
        });
    else
      for (let quad = 0; quad < tile.blockRows / 4; quad++)
        meet(context, fold, index, memory, {
          states: ofQuad(monoid, index, quad),
          results: down * 4,
          result: `row0 + lane / 4u * ${tile.blockRows}u + ${quad * 4}u + lane % 4u`,
          below: writer.size(product.rows),
          tile: "tileColumn",
          lanes: across,
          lane: (n) => `lane / 4u * ${across}u + ${n}`,
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
  const result = writer.index(meeting.result, "result");
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
