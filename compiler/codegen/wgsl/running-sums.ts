/**
 * Running sums along lines. A short line has one invocation. A long one is cut into blocks: their sums are added up first,
 * by the same means, and then each block runs on from what lies before it, so no invocation walks far and nothing is
 * added in an order that depends on time.
 */
import { type Dim, multiplyDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitBySize } from "./by-size.ts";
import { emitEach } from "./elementwise.ts";
import { operand } from "./emissions.ts";
import { type Place, placeAlong } from "./place.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";
import { dimAt } from "./windows.ts";

/** Elements that one invocation adds up. */
export const blockLength = 128;

/** Longer lines are cut. */
const longestLine = 1024;

/** Lines of one length; all positions are u32 text. */
export interface RunningSum {
  readonly name: string;
  readonly type: "f32" | "i32";
  readonly lines: Dim;
  readonly length: Dim;
  /** Element number `at` of a line, in the order in which they are added. */
  readonly element: (context: Context, line: string, at: string) => string;
  /** Takes the sum of what lies before an element, and the sum with it. */
  readonly store: (context: Context, line: string, at: string, before: string, total: string) => void;
}

export function emitCumsum(sink: Sink, name: string, node: Node<"cumsum">): void {
  const x = operand(node, 0);
  const { axis, reverse } = node.attrs;
  const { dtype, shape } = node.type;
  const type = dtype === "i32" ? "i32" : "f32";
  const others = shape.filter((_, each) => each !== axis);
  const length = dimAt(node.type, axis);
  const placeInOrder = ({ writer }: Context, line: string, at: string): Place => {
    const position = reverse ? `${writer.size(length)} - 1u - ${at}` : at;
    return placeAlong(writer, shape, axis, line, writer.index(position, "at"));
  };
  emitRunningSum(sink, {
    name,
    type,
    lines: countOf(others),
    length,
    element: (context, line, at) => valueAt(context, x, placeInOrder(context, line, at)).text,
    store: (context, line, at, _, total) =>
      context.writer.store(sink.target(node), dtype, placeInOrder(context, line, at).flat(), {
        text: total,
        type,
      }),
  });
}

/** `level` counts how often a line was cut. */
export function emitRunningSum(sink: Sink, sum: RunningSum, level = 0): void {
  const short = (into: Sink): void => emitAlone(into, sum);
  if (level === mostLevels) return short(sink);
  emitBySize(sink, sum.length, longestLine, { short, long: (into) => emitInBlocks(into, sum, level) });
}

/** 128 times 128 times 1,024 numbers are 16 million; longer lines take their time. */
const mostLevels = 2;

function emitAlone(sink: Sink, sum: RunningSum): void {
  const { name, type, lines, length } = sum;
  emitEach(sink, { name, nodes: [] }, [lines], (context, place) => {
    const { writer } = context;
    writer.push({ kind: "variable", name: "total", type, value: `${type}(0)` });
    runAlong(context, sum, place.flat(), "0u", writer.size(length));
  });
}

function emitInBlocks(sink: Sink, sum: RunningSum, level: number): void {
  const { name, type, lines, length } = sum;
  const blocks = groupsFor(length, blockLength);
  const sums = sink.temporary(type, multiplyDims(lines, blocks));
  emitBlocks(sink, `${name}, sums of blocks`, lines, length, (context, line, block, from, to) => {
    const { writer } = context;
    writer.push({ kind: "variable", name: "total", type, value: `${type}(0)` });
    writer.loop("at", from, to, "1u", (at) =>
      writer.push({ kind: "assign", target: "total", value: `total + ${sum.element(context, line, at)}` }),
    );
    writer.store(sums, type, `${line} * ${writer.size(blocks)} + ${block}`, { text: "total", type });
  });
  const places: RunningSum = {
    name: `${name}, blocks`,
    type,
    lines,
    length: blocks,
    element: ({ writer }, line, block) =>
      writer.let(writer.load(sums, type, `${line} * ${writer.size(blocks)} + ${block}`)).text,
    // A sum is replaced by the sum of what lies before it.
    store: ({ writer }, line, block, before) =>
      writer.store(sums, type, `${line} * ${writer.size(blocks)} + ${block}`, { text: before, type }),
  };
  emitRunningSum(sink, places, level + 1);
  emitBlocks(sink, name, lines, length, (context, line, block, from, to) => {
    const { writer } = context;
    const { text } = writer.load(sums, type, `${line} * ${writer.size(blocks)} + ${block}`);
    writer.push({ kind: "variable", name: "total", type, value: text });
    runAlong(context, sum, line, from, to);
  });
}

/** Adds up in the variable `total`. */
function runAlong(
  context: Context,
  { element, store }: RunningSum,
  line: string,
  from: string,
  to: string,
): void {
  const { writer } = context;
  writer.loop("at", from, to, "1u", (at) => {
    const value = element(context, line, at);
    const before = writer.fresh("before");
    writer.push({ kind: "let", name: before, value: "total" });
    writer.push({ kind: "assign", target: "total", value: `total + ${value}` });
    store(context, line, at, before, "total");
  });
}

/** One invocation a block of each line: positions from `from` up to `to`. */
export function emitBlocks(
  sink: Sink,
  name: string,
  lines: Dim,
  length: Dim,
  write: (context: Context, line: string, block: string, from: string, to: string) => void,
): void {
  emitEach(sink, { name, nodes: [] }, [lines, groupsFor(length, blockLength)], (context, place) => {
    const { writer } = context;
    const [line = "0u", block = "0u"] = place.coordinates().map((text) => writer.index(text, "p"));
    const from = writer.index(`${block} * ${blockLength}u`, "from");
    const to = writer.index(`min(${from} + ${blockLength}u, ${writer.size(length)})`, "to");
    write(context, line, block, from, to);
  });
}
