/**
 * Reductions over any axes, with the element-wise chain that feeds them. Several lanes share one result and
 * meet in workgroup memory; neighbouring lanes read neighbouring elements, so the lanes of one result lie side by
 * side when the last axis is reduced and apart when it stays. A long reduction runs in two stages: parts of a
 * fixed length first, then the parts; no atomics, so a run repeats bit for bit.
 */
import { type Dim, addDims, constantDim, multiplyDims, quotientDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { assignMerged, mergeInSubgroups, mergeInWorkgroup, subgroupPosition } from "./merge-lanes.ts";
import { type Monoid, argmaxMonoid, monoidOf } from "./monoids.ts";
import { operand } from "./emissions.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeAt, placeOf } from "./place.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";

/** Elements of a part, where a reduction is long enough for two stages. */
const partLength = 4096;

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
  const length = countOf(reduced);
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
  const whole = {
    name,
    nodes,
    monoid,
    results: countOf(kept),
    length,
    layout,
    dtype: node.type.dtype,
  } as const;
  const long = sink.guess(length) > 2 * partLength && !isOp(node, "argmax");
  const finish: Fold["store"] = (context, slot, made) =>
    sink.put(context, node, placeAt(context.writer, node.type.shape, slot), made);
  if (!long) return emitFold(sink, { ...whole, store: finish, value });
  const parts = quotientDims(addDims(length, constantDim(partLength - 1)), constantDim(partLength));
  const partial = sink.temporary(node.type.dtype, multiplyDims(parts, whole.results));
  const dtype = node.type.dtype;
  const hold: Fold["store"] = ({ writer }, slot, made) => writer.store(partial, dtype, slot, made);
  emitParts(sink, { ...whole, store: hold, value }, parts);
  emitFold(sink, {
    ...whole,
    name: `${name}, parts together`,
    nodes: [],
    length: parts,
    layout: "columns",
    store: finish,
    value: ({ writer }, result, k) =>
      writer.let(writer.load(partial, dtype, `${k} * ${writer.size(whole.results)} + ${result}`)).text,
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

interface Fold {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly monoid: Monoid;
  readonly results: Dim;
  readonly length: Dim;
  readonly layout: "rows" | "columns";
  readonly dtype: "f32" | "i32" | "bool";
  /** Takes the result of a slot. */
  readonly store: (context: Context, slot: string, value: Value) => void;
  /** The name of element `k` of what belongs to a result. */
  readonly value: (context: Context, result: string, k: string) => string;
}

function emitFold(sink: Sink, fold: Fold): void {
  emitRanges(sink, fold, fold.results, ({ writer }, slot) => ({
    result: slot,
    from: "0u",
    to: writer.size(fold.length),
  }));
}

/** Stage one: slot `part * results + result` holds one part of a result. */
function emitParts(sink: Sink, fold: Fold, parts: Dim): void {
  emitRanges(sink, fold, multiplyDims(parts, fold.results), ({ writer }, slot) => {
    const results = writer.size(fold.results);
    const from = writer.let({ text: `${slot} / ${results} * ${partLength}u`, type: "u32" }, "from").text;
    const to = writer.let(
      { text: `min(${from} + ${partLength}u, ${writer.size(fold.length)})`, type: "u32" },
      "to",
    ).text;
    return { result: writer.let({ text: `${slot} % ${results}`, type: "u32" }, "result").text, from, to };
  });
}

interface Range {
  readonly result: string;
  readonly from: string;
  readonly to: string;
}

function emitRanges(
  sink: Sink,
  fold: Fold,
  slots: Dim,
  rangeOf: (context: Context, slot: string) => Range,
): void {
  const lanes = lanesFor(sink, fold);
  const workgroupSize = lanes === 1 ? 64 : 256;
  const perGroup = workgroupSize / lanes;
  sink.kernel({ name: fold.name, nodes: fold.nodes, workgroupSize }, (context) => {
    const { writer } = context;
    const inSubgroups = sink.capabilities.subgroups && lanes > 1 && fold.layout === "rows";
    if (inSubgroups) writer.push({ kind: "let", name: "position", value: subgroupPosition });
    const number = inSubgroups ? "position" : "lane";
    const [within, lane] =
      fold.layout === "rows"
        ? [`${number} / ${lanes}u`, `${number} % ${lanes}u`]
        : [`lane % ${perGroup}u`, `lane / ${perGroup}u`];
    writer.push({ kind: "let", name: "slot", value: `group * ${perGroup}u + ${within}` });
    writer.push({ kind: "let", name: "share", value: lane });
    const state = fold.monoid.types.map((_, index) => `state${index}_`);
    state.forEach((name, index) =>
      writer.push({
        kind: "variable",
        name,
        type: fold.monoid.types[index] ?? "f32",
        value: fold.monoid.empty[index] ?? "0",
      }),
    );
    writer.when(`slot < ${writer.size(slots)}`, () => {
      const { result, from, to } = rangeOf(context, "slot");
      writer.loop("k", from === "0u" ? "share" : `${from} + share`, to, `${lanes}u`, (k) =>
        assignMerged(context, fold.monoid, state, fold.monoid.single(fold.value(context, result, k), k)),
      );
    });
    const sharing = {
      state,
      count: lanes,
      distance: fold.layout === "rows" ? 1 : perGroup,
      workgroupSize,
    };
    if (inSubgroups) mergeInSubgroups(context, fold.monoid, number, sharing);
    else if (lanes > 1) mergeInWorkgroup(context, fold.monoid, sharing);
    writer.when(`share == 0u && slot < ${writer.size(slots)}`, () =>
      fold.store(context, "slot", { text: fold.monoid.result(state), type: fold.dtype }),
    );
    return groupsFor(slots, perGroup);
  });
}

/** Lanes that share one result: one for short reductions, a workgroup's quarter for rows. */
function lanesFor({ guess, style }: Sink, { length, layout }: Fold): number {
  const size = guess(length);
  if (size <= 16 || style === "invocation") return 1;
  return layout === "rows" ? (size <= 64 ? 16 : 64) : 8;
}
