/**
 * Kernels with one invocation a result element: chains of element-wise operations with any number of results, and
 * every operation that has a formula for one element (a gather, a pool, random numbers).
 */
import type { Dim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeAt } from "./place.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";

const workgroupSize = 64;

/** Works `writes` out, which all have the shape of the first, from `nodes` and stored values. */
export function emitElementwise(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  writes: readonly Node[],
): void {
  const shape = writes[0]?.type.shape ?? [];
  emitEach(sink, { name, nodes, workgroupSize }, shape, (context, place) =>
    putAll(sink, context, writes, place),
  );
}

/** Hands the values at a place over, after all of them are worked out: one may lie where another is read. */
export function putAll(sink: Sink, context: Context, nodes: readonly Node[], place: Place): void {
  putEach(
    sink,
    context,
    nodes.map((node) => ({ node, place, value: valueAt(context, node, place) })),
  );
}

export interface Finished {
  readonly node: Node;
  readonly place: Place;
  readonly value: Value;
}

export function putEach(sink: Sink, context: Context, finished: readonly Finished[]): void {
  for (const { node, place, value } of finished) sink.put(context, node, place, value);
}

/** One invocation for each place of a shape. */
export function emitEach(
  sink: Sink,
  description: { readonly name: string; readonly nodes: readonly Node[]; readonly workgroupSize?: number },
  shape: readonly Dim[],
  write: (context: Context, place: Place) => void,
): void {
  sink.kernel({ workgroupSize, ...description }, (context) => {
    const { writer } = context;
    const count = countOf(shape);
    writer.push({ kind: "let", name: "i", value: `group * ${workgroupSize}u + lane` });
    writer.push({ kind: "leave", condition: `i >= ${writer.size(count)}` });
    write(context, placeAt(writer, shape, "i"));
    return groupsFor(count, workgroupSize);
  });
}
