/**
 * Products without workgroup memory, for software adapters: one invocation an element of the result, or, where the
 * result is folded, one invocation for a result of the fold and a split of what is left out, which it walks alone. So
 * a streamed logsumexp is a running one over a split of the classes, and no score is stored here either.
 */
import { emitEach } from "./elementwise.ts";
import { assignMerged } from "./merge-lanes.ts";
import type { Context } from "./scope.ts";
import { type Sink, groupsFor } from "./sink.ts";
import { declareState } from "./tile-folds.ts";
import type { Fold, Product } from "./tiled-products.ts";

export function emitDirectProduct(sink: Sink, product: Product, extent: number): void {
  const { name, nodes, rows, columns, fold } = product;
  if (fold !== undefined) return emitFoldedProduct(sink, product, fold, extent);
  emitEach(sink, { name, nodes }, [rows, columns], (context, place) => {
    const [row = "0u", column = "0u"] = named(context, place.coordinates());
    product.element(context, row, column, dotProduct(context, product, row, column));
  });
}

function emitFoldedProduct(sink: Sink, product: Product, fold: Fold, extent: number): void {
  const overRows = fold.over === "rows";
  const [length, results] = overRows ? [product.rows, product.columns] : [product.columns, product.rows];
  const splits = groupsFor(length, extent);
  const { name, nodes } = product;
  emitEach(sink, { name, nodes }, [splits, results], (context, place) => {
    const { writer } = context;
    const [split = "0u", result = "0u"] = named(context, place.coordinates());
    const states = fold.monoids.map((monoid, index) => monoid.types.map((_, part) => `fold${index}_${part}`));
    fold.monoids.forEach((monoid, index) => declareState(context, monoid, states[index] ?? []));
    const from = writer.index(`${split} * ${extent}u`, "from");
    const to = `min(${from} + ${extent}u, ${writer.size(length)})`;
    writer.loop("at", from, to, "1u", (at) => {
      const [row, column] = overRows ? [at, result] : [result, at];
      const values = product.element(context, row, column, dotProduct(context, product, row, column));
      fold.monoids.forEach((monoid, index) =>
        assignMerged(
          context,
          monoid,
          states[index] ?? [],
          monoid.single(values[index] ?? "0.0", `(${at} - ${from})`),
        ),
      );
    });
    fold.monoids.forEach((_, index) => fold.store(context, index, split, result, states[index] ?? []));
  });
}

function dotProduct(context: Context, { left, right, depth }: Product, row: string, column: string): string {
  const { writer } = context;
  const sum = writer.fresh("sum");
  const lines = [left.line.numbers(context, row), right.line.numbers(context, column)] as const;
  writer.push({ kind: "variable", name: sum, type: "f32", value: "0.0" });
  writer.loop("k", "0u", writer.size(depth), "1u", (k) => {
    const [a, b] = ([left, right] as const).map((each, side) =>
      each.element(context, lines[side] ?? [], each.depth.numbers(context, k)),
    );
    writer.push({ kind: "assign", target: sum, value: `fma(${a}, ${b}, ${sum})` });
  });
  return sum;
}

function named({ writer }: Context, coordinates: readonly string[]): readonly string[] {
  return coordinates.map((text) => writer.index(text, "p"));
}
