/**
 * Operations along one axis whose lines are worked on whole: running sums, sorting orders and concatenation.
 * A running sum has one invocation a line. A sorting order is found by counting how many elements come before
 * each one, which is stable and takes no exchange, at a cost of the line's length for each element.
 */
import { type Dim, addDims, constantDim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitEach } from "./elementwise.ts";
import { operand } from "./emissions.ts";
import { placeOf } from "./place.ts";
import { valueAt } from "./scope.ts";
import type { Sink } from "./sink.ts";
import { plus } from "./sizes.ts";
import { dimAt } from "./windows.ts";

export function emitRunningSum(sink: Sink, name: string, node: Node<"cumsum">): void {
  const x = operand(node, 0);
  const { axis, reverse } = node.attrs;
  const { dtype, shape } = node.type;
  const others = shape.filter((_, each) => each !== axis);
  emitEach(sink, { name, nodes: [] }, others, (context, line) => {
    const { writer } = context;
    const rest = line.coordinates();
    const type = dtype === "i32" ? "i32" : "f32";
    const size = writer.size(dimAt(node.type, axis));
    writer.push({ kind: "variable", name: "total", type, value: `${type}(0)` });
    writer.loop("step", "0u", size, "1u", (step) => {
      const at = writer.let({ text: reverse ? `${size} - 1u - ${step}` : step, type: "u32" }, "at").text;
      const place = placeOf(writer, shape, [...rest.slice(0, axis), at, ...rest.slice(axis)]);
      const value = valueAt(context, x, place).text;
      writer.push({ kind: "assign", target: "total", value: `total + ${value}` });
      writer.store(sink.target(node), dtype, place.flat(), { text: "total", type });
    });
  });
}

export function emitSortingOrder(sink: Sink, name: string, node: Node<"argsort">): void {
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

/** One dispatch an operand: each may live in a buffer of its own, and a kernel sees only eight. */
export function emitConcat(sink: Sink, name: string, node: Node<"concat">): void {
  const { axis } = node.attrs;
  let start: Dim = constantDim(0);
  for (const x of node.inputs) {
    const offset = start;
    emitEach(sink, { name, nodes: [] }, x.type.shape, (context, place) => {
      const { writer } = context;
      const value = valueAt(context, x, place);
      const coordinates = place
        .coordinates()
        .map((each, index) => (index === axis ? plus(writer.size(offset), each) : each));
      const to = placeOf(writer, node.type.shape, coordinates);
      writer.store(sink.target(node), node.type.dtype, to.flat(), value);
    });
    start = addDims(start, dimAt(x.type, axis));
  }
}
