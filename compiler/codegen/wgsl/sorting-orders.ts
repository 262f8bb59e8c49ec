/**
 * The order that sorts along an axis. In a short line each element counts how many come before it, which takes no
 * exchange and one dispatch. A long one is sorted by digits of four bits, the lowest first (LSD radix sort): blocks count
 * their digits, a running sum says where the elements of each begin, and each block puts its own there. Both are
 * stable, and use no atomics, so a run repeats bit for bit.
 */
import { type Dim, constantDim, multiplyDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitBySize } from "./by-size.ts";
import { emitEach } from "./elementwise.ts";
import { operand } from "./emissions.ts";
import { type Place, placeAlong, placeOf } from "./place.ts";
import { emitBlocks, blockLength, emitRunningSum } from "./running-sums.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";
import { dimAt } from "./windows.ts";

type Argsort = Node<"argsort">;

/** Where counting costs less than the dispatches of eight passes. */
const shortLine = 2048;

export function emitSortingOrder(sink: Sink, name: string, node: Argsort): void {
  emitBySize(sink, dimAt(node.type, node.attrs.axis), shortLine, {
    short: (into) => emitByCounting(into, name, node),
    long: (into) => emitByDigits(into, name, node),
  });
}

function emitByCounting(sink: Sink, name: string, node: Argsort): void {
  const x = operand(node, 0);
  const { axis, descending } = node.attrs;
  const { shape } = node.type;
  emitEach(sink, { name, nodes: [] }, shape, (context, place) => {
    const { writer } = context;
    const coordinates = place.coordinates();
    const own = valueAt(context, x, place).text;
    const position = coordinates[axis] ?? "0u";
    const along = (at: string): readonly string[] =>
      coordinates.map((each, index) => (index === axis ? at : each));
    writer.push({ kind: "variable", name: "rank", type: "u32", value: "0u" });
    writer.loop("other", "0u", writer.size(dimAt(node.type, axis)), "1u", (other) => {
      const value = valueAt(context, x, placeOf(writer, shape, along(other))).text;
      const before = descending ? `${value} > ${own}` : `${value} < ${own}`;
      writer.when(`${before} || (${value} == ${own} && ${other} < ${position})`, () =>
        writer.push({ kind: "assign", target: "rank", value: "rank + 1u" }),
      );
    });
    const to = placeOf(writer, shape, along("rank"));
    writer.store(sink.target(node), "i32", to.flat(), { text: `i32(${position})`, type: "i32" });
  });
}

const [bits, digits] = [4, 16] as const;
const passes = 32 / bits;

/** What the passes over one tensor share. */
interface Sorting {
  readonly name: string;
  readonly node: Argsort;
  readonly lines: Dim;
  readonly length: Dim;
  /** Blocks of a line, and how many elements of each digit they have. */
  readonly blocks: Dim;
  readonly counts: number;
}

/** Element `at` of a line in the order that a pass finds, and where the one that it leaves puts it. */
interface Pass {
  readonly number: number;
  readonly position: (context: Context, line: string, at: string) => string;
  readonly store: (context: Context, line: string, at: string, position: string) => void;
}

function emitByDigits(sink: Sink, name: string, node: Argsort): void {
  const { shape } = node.type;
  const length = dimAt(node.type, node.attrs.axis);
  const lines = countOf(shape.filter((_, each) => each !== node.attrs.axis));
  const blocks = groupsFor(length, blockLength);
  const counts = sink.temporary("i32", multiplyDims(lines, multiplyDims(constantDim(digits), blocks)));
  const sorting: Sorting = { name, node, lines, length, blocks, counts };
  // The orders between the passes lie in two buffers by turns.
  const orders = [0, 1].map(() => sink.temporary("i32", multiplyDims(lines, length)));
  const flat = ({ writer }: Context, line: string, at: string): string =>
    `${line} * ${writer.size(length)} + ${at}`;
  for (let number = 0; number < passes; number++) {
    const [before = 0, after = 0] = [orders[(number + 1) % 2], orders[number % 2]];
    const pass: Pass = {
      number,
      position: (context, line, at) =>
        number === 0
          ? at
          : context.writer.index(
              `u32(${context.writer.load(before, "i32", flat(context, line, at)).text})`,
              "position",
            ),
      store: (context, line, at, position) => {
        const value = { text: `i32(${position})`, type: "i32" } as const;
        if (number < passes - 1) return context.writer.store(after, "i32", flat(context, line, at), value);
        const place = placeIn(context, node, line, at);
        context.writer.store(sink.target(node), "i32", place.flat(), value);
      },
    };
    emitCounts(sink, sorting, pass);
    emitPlaces(sink, sorting);
    emitExchange(sink, sorting, pass);
  }
}

/** Each block counts the elements of each digit. */
function emitCounts(sink: Sink, sorting: Sorting, pass: Pass): void {
  const { name, lines, length, counts } = sorting;
  emitBlocks(
    sink,
    `${name}, counts of digit ${pass.number}`,
    lines,
    length,
    (context, line, block, from, to) => {
      const { writer } = context;
      writer.push({ kind: "variable", name: "counts", ...digitArray });
      writer.loop("at", from, to, "1u", (at) => {
        const digit = digitOf(context, sorting, pass, line, pass.position(context, line, at));
        writer.push({ kind: "assign", target: `counts[${digit}]`, value: `counts[${digit}] + 1u` });
      });
      writer.loop("digit", "0u", `${digits}u`, "1u", (digit) => {
        const value = { text: `i32(counts[${digit}])`, type: "i32" } as const;
        writer.store(counts, "i32", countAt(context, sorting, line, digit, block), value);
      });
    },
  );
}

/** Counts become places: digits one after the other, the blocks of each in their order. */
function emitPlaces(sink: Sink, { name, lines, blocks, counts }: Sorting): void {
  const length = multiplyDims(constantDim(digits), blocks);
  const flat = ({ writer }: Context, line: string, at: string): string =>
    `${line} * ${writer.size(length)} + ${at}`;
  emitRunningSum(sink, {
    name: `${name}, places of digits`,
    type: "i32",
    lines,
    length,
    element: (context, line, at) =>
      context.writer.let(context.writer.load(counts, "i32", flat(context, line, at))).text,
    store: (context, line, at, before) =>
      context.writer.store(counts, "i32", flat(context, line, at), { text: before, type: "i32" }),
  });
}

/** Each block puts its elements where their digits go, in the order that they have. */
function emitExchange(sink: Sink, sorting: Sorting, pass: Pass): void {
  const { name, lines, length, counts } = sorting;
  emitBlocks(sink, `${name} by digit ${pass.number}`, lines, length, (context, line, block, from, to) => {
    const { writer } = context;
    writer.push({ kind: "variable", name: "places", ...digitArray });
    writer.loop("digit", "0u", `${digits}u`, "1u", (digit) => {
      const place = writer.load(counts, "i32", countAt(context, sorting, line, digit, block)).text;
      writer.push({ kind: "assign", target: `places[${digit}]`, value: `u32(${place})` });
    });
    writer.loop("at", from, to, "1u", (at) => {
      const position = pass.position(context, line, at);
      const digit = digitOf(context, sorting, pass, line, position);
      const place = context.writer.index(`places[${digit}]`, "place");
      writer.push({ kind: "assign", target: `places[${digit}]`, value: `${place} + 1u` });
      pass.store(context, line, place, position);
    });
  });
}

const digitArray = { type: `array<u32, ${digits}>`, value: `array<u32, ${digits}>()` } as const;

function digitOf(context: Context, { node }: Sorting, pass: Pass, line: string, position: string): string {
  const key = keyOf(context, node, placeIn(context, node, line, position));
  return context.writer.index(`(${key} >> ${pass.number * bits}u) & ${digits - 1}u`, "digit");
}

function countAt(
  { writer }: Context,
  { blocks }: Sorting,
  line: string,
  digit: string,
  block: string,
): string {
  return `(${line} * ${digits}u + ${digit}) * ${writer.size(blocks)} + ${block}`;
}

function placeIn({ writer }: Context, { type, attrs: { axis } }: Argsort, line: string, at: string): Place {
  return placeAlong(writer, type.shape, axis, line, at);
}

/** A u32 that is in the order that is asked for where the values are; both zeros are one. */
function keyOf(context: Context, node: Argsort, place: Place): string {
  const x = operand(node, 0);
  const value = valueAt(context, x, place).text;
  const rising =
    x.type.dtype === "f32"
      ? fromFloat(context.writer.index(`bitcast<u32>(select(${value}, 0.0, ${value} == 0.0))`, "bits"))
      : `bitcast<u32>(i32(${value})) ^ 0x80000000u`;
  return context.writer.index(node.attrs.descending ? `~(${rising})` : rising, "key");
}

/** Negative numbers fall as their bits rise. */
function fromFloat(bits: string): string {
  return `${bits} ^ select(0x80000000u, 0xffffffffu, ${bits} >> 31u == 1u)`;
}
