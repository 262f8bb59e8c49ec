/**
 * Reductions over any axes, with the element-wise chains that feed them, stored or not, and their epilogue. A long one,
 * or one with few results, runs in two stages: parts of a fixed length first, then the parts; no atomics, so a run repeats
 * bit for bit.
 */
import { type Dim, constantDim, multiplyDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { type DType, shapeKey } from "../../ir/type.ts";
import { type LaneFold, emitLaneFold, emitPartsOfFold, partLength } from "./lane-folds.ts";
import type { States } from "./merge-lanes.ts";
import { type Monoid, argmaxMonoid, monoidOf } from "./monoids.ts";
import { type FoldParts, partsOfFold } from "../../passes/fuse/epilogues.ts";
import type { TileReduction } from "../../passes/fuse/products.ts";
import { putAll, putEach } from "./elementwise.ts";
import { operand } from "./emissions.ts";
import { type Place, placeAt, placeOf } from "./place.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";

/**
 * `nodes` is all that the kernel works out: reductions of values of one shape along the same axes, what is made on the
 * way to them, and their epilogue; `writes` is what of it others read.
 */
export function emitReductions(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  writes: readonly Node[],
): void {
  const { elements, reductions, epilogue } = partsOfFold(nodes);
  const stored = writes.filter((each) => elements.includes(each));
  const results = { reductions, epilogue, writes };
  const [first] = reductions;
  if (first === undefined) throw new Error("a kernel of reductions has one");
  const axes: readonly number[] = isOp(first, "argmax")
    ? [first.attrs.axis]
    : (first.attrs as { axes: readonly number[] }).axes;
  const x = operand(first, 0);
  const reduced = x.type.shape.filter((_, axis) => axes.includes(axis));
  const kept = x.type.shape.filter((_, axis) => !axes.includes(axis));
  const placeOfElement = (context: Context, result: string, k: string): Place => {
    const [outer, inner] = [placeAt(context.writer, kept, result), placeAt(context.writer, reduced, k)];
    const coordinates = x.type.shape.map((_, axis) =>
      axes.includes(axis)
        ? (inner.coordinates()[axes.indexOf(axis)] ?? "0u")
        : (outer.coordinates()[axis - axes.filter((each) => each < axis).length] ?? "0u"),
    );
    return elementPlace(context, x, kept, result, k, coordinates);
  };
  const monoids = reductions.map(monoidOfReduction);
  const layout = axes.includes(x.type.shape.length - 1) || kept.length === 0 ? "rows" : "columns";
  const whole: LaneFold = {
    name,
    nodes,
    monoids,
    results: countOf(kept),
    length: countOf(reduced),
    layout,
    states: (context, result, k) => {
      const place = placeOfElement(context, result, k);
      const values = reductions.map((node) => valueAt(context, operand(node, 0), place).text);
      putAll(sink, context, stored, place);
      return monoids.map((monoid, index) => monoid.single(values[index] ?? "", k));
    },
    store: (context, slot, states) => putResults(sink, context, results, slot, states),
  };
  const hasPlaces = reductions.some((each) => isOp(each, "argmax"));
  const part = hasPlaces ? undefined : partLength(sink, whole);
  if (part === undefined) emitLaneFold(sink, whole);
  else emitInParts(sink, whole, part, { dtype: first.type.dtype, epilogue });
}

export function monoidOfReduction(node: TileReduction): Monoid {
  const { dtype } = operand(node, 0).type;
  if (isOp(node, "argmax")) return argmaxMonoid(dtype === "i32" ? "i32" : "f32");
  return monoidOf(node.op as "sum", node.type.dtype);
}

/** Reductions, what follows them, and which of all that others read. */
export interface Results extends Pick<FoldParts, "reductions" | "epilogue"> {
  readonly writes: readonly Node[];
}

/** Hands over what the states of reductions come to, result number `slot` of each, and what follows from that. */
export function putResults(
  sink: Sink,
  context: Context,
  { reductions, epilogue, writes }: Results,
  slot: string,
  states: States,
): void {
  const { writer } = context;
  const places = new Map<string, Place>();
  const placeOfResult = ({ type }: Node): Place => {
    const key = shapeKey(type.shape);
    const place = places.get(key) ?? placeAt(writer, type.shape, slot);
    places.set(key, place);
    return place;
  };
  reductions.forEach((node, index) => {
    const text = monoidOfReduction(node).result(states[index] ?? []);
    placeOfResult(node).values.set(node, writer.let({ text, type: node.type.dtype }, "result"));
  });
  const finished = [...reductions, ...epilogue].filter((node) => writes.includes(node));
  putEach(
    sink,
    context,
    finished.map((node) => {
      const place = placeOfResult(node);
      return { node, place, value: valueAt(context, node, place) };
    }),
  );
}

/** The parts of a result are numbers like the whole of it, and add up like its elements. */
function emitInParts(
  sink: Sink,
  whole: LaneFold,
  part: number,
  { dtype, epilogue }: { readonly dtype: DType; readonly epilogue: readonly Node[] },
): void {
  const { monoids } = whole;
  const parts = groupsFor(whole.length, part);
  const count = multiplyDims(parts, whole.results);
  const partial = sink.temporary(dtype, multiplyDims(constantDim(monoids.length), count));
  const placeOfPart = ({ writer }: Context, index: number, slot: string): string =>
    index === 0 ? slot : `${index}u * ${writer.size(count)} + ${slot}`;
  emitPartsOfFold(
    sink,
    {
      ...whole,
      store: (context, slot, states) =>
        monoids.forEach((monoid, index) =>
          context.writer.store(partial, dtype, placeOfPart(context, index, slot), {
            text: monoid.result(states[index] ?? []),
            type: dtype,
          }),
        ),
    },
    part,
  );
  emitLaneFold(sink, {
    ...whole,
    name: `${whole.name}, parts together`,
    nodes: epilogue,
    length: parts,
    layout: "columns",
    states: (context, result, k) =>
      monoids.map((monoid, index) => {
        const { writer } = context;
        const at = placeOfPart(context, index, `${k} * ${writer.size(whole.results)} + ${result}`);
        return monoid.single(writer.let(writer.load(partial, dtype, at)).text, k);
      }),
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
