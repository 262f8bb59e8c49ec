/**
 * Kernels with one invocation a result element: chains of element-wise operations with any number of results, and
 * every operation that has a formula for one element (a gather, a pool, random numbers).
 */
import { type Dim, addDims, constantDim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeAt } from "./place.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";

const workgroupSize = 64;

/** Works `writes` out from `nodes` and stored values: all of one shape, or each shape in workgroups of its own. */
export function emitElementwise(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  writes: readonly Node[],
): void {
  const byShape = new Map<string, Node[]>();
  for (const node of writes) {
    const key = shapeKey(node.type.shape);
    byShape.set(key, [...(byShape.get(key) ?? []), node]);
  }
  const [alike = [], ...others] = byShape.values();
  if (others.length > 0) return emitShapes(sink, name, nodes, [alike, ...others]);
  emitEach(sink, { name, nodes, workgroupSize }, alike[0]?.type.shape ?? [], (context, place) =>
    putAll(sink, context, alike, place),
  );
}

/** Values of several shapes in one dispatch: the workgroups of one come after those of another. */
function emitShapes(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  parts: readonly (readonly Node[])[],
): void {
  sink.kernel({ name, nodes, workgroupSize }, (context) => {
    const { writer } = context;
    let first = constantDim(0);
    for (const part of parts) {
      const shape = part[0]?.type.shape ?? [];
      const count = countOf(shape);
      const [from, to] = [first, addDims(first, groupsFor(count, workgroupSize))];
      writer.when(`group >= ${writer.size(from)} && group < ${writer.size(to)}`, () => {
        const group = `(group - ${writer.size(from)})`;
        const i = writer.index(`${group} * ${workgroupSize}u + lane`, "i");
        writer.when(`${i} < ${writer.size(count)}`, () =>
          putAll(sink, context, part, placeAt(writer, shape, i)),
        );
      });
      first = to;
    }
    return first;
  });
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
