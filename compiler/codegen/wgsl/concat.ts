/** Concatenation along an axis. */
import { type Dim, addDims, constantDim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { emitEach } from "./elementwise.ts";
import { placeOf } from "./place.ts";
import { valueAt } from "./scope.ts";
import type { Sink } from "./sink.ts";
import { plus } from "./sizes.ts";
import { dimAt } from "./windows.ts";

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
