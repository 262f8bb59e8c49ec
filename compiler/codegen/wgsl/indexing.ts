/**
 * Elements that are looked up or collected by index, as formulas of one result element. An index out of range
 * reads 0 and writes nothing: as u32 a negative index is a large one, so one comparison tests both ends. What is
 * scattered is gathered here by its target: each result element looks for what goes to it, in order, so there
 * are no atomics and a run repeats bit for bit. Only where each has one update, as behind a sort, it is put there.
 */
import { constantDim, multiplyDims, productOfDims, sameDim } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { emitEach } from "./elementwise.ts";
import { operand } from "./emissions.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeAt, placeOf, strideText } from "./place.ts";
import { castValue } from "./scalars.ts";
import { type Context, valueAt } from "./scope.ts";
import type { Sink } from "./sink.ts";
import { modulo, over, plus, times } from "./sizes.ts";
import { dimAt } from "./windows.ts";

export function padValue(node: Node<"pad">, place: Place, context: Context): Value {
  const { writer } = context;
  const x = operand(node, 0);
  const from = place.coordinates().map((position, axis) => {
    const before = writer.size(node.attrs.before[axis] ?? productOfDims([]));
    return before === "0u" ? position : writer.index(`${position} - ${before}`, "c");
  });
  const inside = from.map(
    (position, axis) => `${position} < ${writer.size(x.type.shape[axis] ?? productOfDims([]))}`,
  );
  return guarded(context, x, inside.length === 0 ? ["true"] : inside, from);
}

/** x at the coordinates, or 0 where a condition fails. */
function guarded(
  context: Context,
  x: Node,
  conditions: readonly string[],
  coordinates: readonly string[],
): Value {
  const { writer } = context;
  const inside = writer.let({ text: conditions.join(" && "), type: "bool" }, "inside").text;
  const safe = coordinates.map((position) => writer.index(`select(0u, ${position}, ${inside})`, "c"));
  const value = valueAt(context, x, placeOf(writer, x.type.shape, safe));
  const { dtype } = x.type;
  return {
    text: `select(${castValue({ text: "0", type: "i32" }, dtype).text}, ${value.text}, ${inside})`,
    type: dtype,
  };
}

export function gatherValue(node: Node<"gather">, place: Place, context: Context): Value {
  const [x, index] = [operand(node, 0), operand(node, 1)];
  const lead = place.coordinates().slice(0, index.type.shape.length);
  const row = indexAt(context, index, placeOf(context.writer, index.type.shape, lead));
  return guardedRow(context, x, 0, row, place.coordinates().slice(lead.length));
}

export function pickValue(node: Node<"pick">, place: Place, context: Context): Value {
  const [x, index] = [operand(node, 0), operand(node, 1)];
  const column = indexAt(context, index, place);
  return guardedRow(context, x, x.type.shape.length - 1, column, place.coordinates());
}

export function takeAlongValue(node: Node<"take_along">, place: Place, context: Context): Value {
  const { axis } = node.attrs;
  const position = indexAt(context, operand(node, 1), place);
  return guardedRow(context, operand(node, 0), axis, position, without(place.coordinates(), axis));
}

/** x where `axis` has the position and the other axes have `rest`. */
function guardedRow(
  context: Context,
  x: Node,
  axis: number,
  position: string,
  rest: readonly string[],
): Value {
  const size = context.writer.size(x.type.shape[axis] ?? productOfDims([]));
  // Other coordinates are in range already; only the looked-up one needs the guard, but all may share it.
  return guarded(
    context,
    x,
    [`${position} < ${size}`],
    [...rest.slice(0, axis), position, ...rest.slice(axis)],
  );
}

/** A looked-up index as u32, where a negative one is large. */
export function indexAt(context: Context, index: Node, place: Place): string {
  const value = valueAt(context, index, place);
  return context.writer.index(`u32(${value.text})`, "index");
}

function without(coordinates: readonly string[], axis: number): readonly string[] {
  return coordinates.filter((_, each) => each !== axis);
}

/**
 * Says for each row of a scatter where the first of its updates stands and behind the last, so that an element looks no
 * further: most rows have none. That is one look at the indices a row instead of one an element.
 */
export function emitScatterRanges(sink: Sink, node: Node<"scatter_add">): void {
  const index = operand(node, 0);
  const [rows = productOfDims([])] = node.type.shape;
  if (node.type.shape.length < 2) return;
  const ranges = sink.temporary("i32", multiplyDims(constantDim(2), rows));
  emitEach(sink, { name: "where each row's updates are", nodes: [] }, [rows], (context, place) => {
    const { writer } = context;
    const count = writer.size(productOfDims(index.type.shape));
    writer.push({ kind: "variable", name: "first", type: "u32", value: count });
    writer.push({ kind: "variable", name: "behind", type: "u32", value: "0u" });
    writer.loop("i", "0u", count, "1u", (at) => {
      const target = indexAt(context, index, placeAt(writer, index.type.shape, at));
      writer.when(`${target} == ${place.flat()}`, () => {
        writer.push({ kind: "assign", target: "first", value: `min(first, ${at})` });
        writer.push({ kind: "assign", target: "behind", value: `${at} + 1u` });
      });
    });
    const store = (at: string, text: string): void =>
      writer.store(ranges, "i32", at, { text: `i32(${text})`, type: "i32" });
    store(place.flat(), "first");
    store(`${writer.size(rows)} + ${place.flat()}`, "behind");
  });
  sink.ranges.set(node, ranges);
}

export function scatterAddValue(node: Node<"scatter_add">, place: Place, context: Context): Value {
  const { writer, scope } = context;
  const [index, updates] = [operand(node, 0), operand(node, 1)];
  const width = strideText(writer, node.type.shape, 0);
  const row = writer.let({ text: over(place.flat(), width), type: "u32" }, "row").text;
  const column = writer.let({ text: modulo(place.flat(), width), type: "u32" }, "column").text;
  const ranges = scope.ranges.get(node);
  const bound = (at: string): string =>
    ranges === undefined ? "" : `u32(${writer.load(ranges, "i32", at).text})`;
  const [rows = productOfDims([])] = node.type.shape;
  const range =
    ranges === undefined
      ? { from: "0u", below: writer.size(productOfDims(index.type.shape)) }
      : { from: bound(row), below: bound(`${writer.size(rows)} + ${row}`) };
  return collected(context, node, range, (at) => ({
    target: indexAt(context, index, placeAt(writer, index.type.shape, at)),
    wanted: row,
    update: () =>
      valueAt(context, updates, placeAt(writer, updates.type.shape, plus(times(at, width), column))),
  }));
}

export function scatterAlongValue(node: Node<"scatter_along">, place: Place, context: Context): Value {
  const { writer } = context;
  const { axis } = node.attrs;
  const [index, updates] = [operand(node, 0), operand(node, 1)];
  const coordinates = place.coordinates();
  const wanted = coordinates[axis] ?? "0u";
  const size = context.writer.size(index.type.shape[axis] ?? productOfDims([]));
  return collected(context, node, { from: "0u", below: size }, (at) => {
    const from = placeOf(
      writer,
      index.type.shape,
      coordinates.map((position, each) => (each === axis ? at : position)),
    );
    return { target: indexAt(context, index, from), wanted, update: () => valueAt(context, updates, from) };
  });
}

/**
 * Whether each element of the result has one update: the index is an order of all positions along the axis. Then each
 * update goes where it belongs, and no element looks for its own among all.
 */
export function isPermuting(node: Node): node is Node<"scatter_along"> {
  if (!isOp(node, "scatter_along")) return false;
  const { axis, size } = node.attrs;
  const index = operand(node, 0);
  return isOp(index, "argsort") && index.attrs.axis === axis && sameDim(dimAt(index.type, axis), size);
}

export function emitPermuted(sink: Sink, name: string, node: Node<"scatter_along">): void {
  const { axis } = node.attrs;
  const [index, updates] = [operand(node, 0), operand(node, 1)];
  emitEach(sink, { name, nodes: [] }, updates.type.shape, (context, place) => {
    const target = indexAt(context, index, place);
    const to = place.coordinates().map((position, each) => (each === axis ? target : position));
    sink.put(context, node, placeOf(context.writer, node.type.shape, to), valueAt(context, updates, place));
  });
}

/** The sum of those updates whose target is the wanted one, in order. */
function collected(
  context: Context,
  node: Node,
  { from, below }: { readonly from: string; readonly below: string },
  each: (at: string) => { readonly target: string; readonly wanted: string; readonly update: () => Value },
): Value {
  const { writer } = context;
  const total = writer.fresh("sum");
  const type = node.type.dtype;
  writer.push({ kind: "variable", name: total, type, value: `${type}(0)` });
  const end = writer.index(below, "end");
  writer.loop("i", from, end, "1u", (at) => {
    const { target, wanted, update } = each(at);
    writer.when(`${target} == ${wanted}`, () => {
      const value = update();
      writer.push({ kind: "assign", target: total, value: `${total} + ${value.text}` });
    });
  });
  return { text: total, type };
}
