/**
 * Reductions over any axes, with the element-wise chain that feeds them. A long one, or one with few results, runs in two
 * stages: parts of a fixed length first, then the parts; no atomics, so a run repeats bit for bit.
 */
import { type Dim, multiplyDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { type DType, shapeKey } from "../../ir/type.ts";
import { type LaneFold, emitLaneFold, emitPartsOfFold, partLength } from "./lane-folds.ts";
import { type Monoid, argmaxMonoid, monoidOf } from "./monoids.ts";
import { operand } from "./emissions.ts";
import { type Place, placeAt, placeOf } from "./place.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";

type Reduction = Node<"sum" | "max" | "logsumexp" | "argmax">;

export function isReduction(node: Node): node is Reduction {
  return isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp") || isOp(node, "argmax");
}

/** `nodes` is the chain that feeds the reduction, and the reduction. */
export function emitReduction(sink: Sink, name: string, nodes: readonly Node[], node: Reduction): void {
  const axes: readonly number[] = isOp(node, "argmax")
    ? [node.attrs.axis]
    : (node.attrs as { axes: readonly number[] }).axes;
  const x = operand(node, 0);
  const reduced = x.type.shape.filter((_, axis) => axes.includes(axis));
  const kept = x.type.shape.filter((_, axis) => !axes.includes(axis));
  const monoid = isOp(node, "argmax") ? argmaxMonoid : monoidOf(node.op as "sum", node.type.dtype);
  const value = (context: Context, result: string, k: string): string => {
    const [outer, inner] = [placeAt(context.writer, kept, result), placeAt(context.writer, reduced, k)];
    const coordinates = x.type.shape.map((_, axis) =>
      axes.includes(axis)
        ? (inner.coordinates()[axes.indexOf(axis)] ?? "0u")
        : (outer.coordinates()[axis - axes.filter((each) => each < axis).length] ?? "0u"),
    );
    return valueAt(context, x, elementPlace(context, x, kept, result, k, coordinates)).text;
  };
  const layout = axes.includes(x.type.shape.length - 1) || kept.length === 0 ? "rows" : "columns";
  const whole: Omit<LaneFold, "store"> = {
    name,
    nodes,
    monoids: [monoid],
    results: countOf(kept),
    length: countOf(reduced),
    layout,
    states: (context, result, k) => [monoid.single(value(context, result, k), k)],
  };
  const finish: LaneFold["store"] = (context, slot, [state = []]) => {
    const made = { text: monoid.result(state), type: node.type.dtype };
    sink.put(context, node, placeAt(context.writer, node.type.shape, slot), made);
  };
  const part = isOp(node, "argmax") ? undefined : partLength(sink, whole);
  if (part === undefined) emitLaneFold(sink, { ...whole, store: finish });
  else emitInParts(sink, { ...whole, store: finish }, part, monoid, node.type.dtype);
}

/** The parts of a result are numbers like the whole of it, and add up like its elements. */
function emitInParts(sink: Sink, whole: LaneFold, part: number, monoid: Monoid, dtype: DType): void {
  const parts = groupsFor(whole.length, part);
  const partial = sink.temporary(dtype, multiplyDims(parts, whole.results));
  emitPartsOfFold(
    sink,
    {
      ...whole,
      store: ({ writer }, slot, [state = []]) =>
        writer.store(partial, dtype, slot, { text: monoid.result(state), type: dtype }),
    },
    part,
  );
  emitLaneFold(sink, {
    ...whole,
    name: `${whole.name}, parts together`,
    nodes: [],
    length: parts,
    layout: "columns",
    states: ({ writer }, result, k) => {
      const at = `${k} * ${writer.size(whole.results)} + ${result}`;
      return [monoid.single(writer.let(writer.load(partial, dtype, at)).text, k)];
    },
  });
}

/** The place of an element, by its flat index where the order of axes allows. */
function elementPlace(
  { writer }: Context,
  x: Node,
  kept: readonly Dim[],
  result: string,
  k: string,
  coordinates: readonly string[],
): Place {
  if (kept.length === 0) return placeAt(writer, x.type.shape, k);
  return shapeKey(kept) === shapeKey(x.type.shape)
    ? placeAt(writer, x.type.shape, result)
    : placeOf(writer, x.type.shape, coordinates);
}
