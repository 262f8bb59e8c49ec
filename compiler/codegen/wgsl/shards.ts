/**
 * Kernels outside of regions over variables that may be too large for one binding. A device binds at most so many bytes,
 * so such a variable lies in several buffers, its shards, each a whole number of rows; the runtime cuts it when it knows
 * the device. A kernel over its rows, and a gather from them, is a loop over the shards, which mostly is one: each turn
 * works on the rows of its shard and on nothing else. Everything else still reads a variable whole, and then the
 * variable must fit.
 */
import { type Dim, namedDim, productOfDims } from "../../ir/dim.ts";
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import { sameShape } from "../../ir/type.ts";
import { isElementwise } from "../../passes/fuse.ts";
import { isLarge } from "../../passes/fuse/shards.ts";
import type { GpuRegion, GpuStep } from "../../../runtime/webgpu/schedule.ts";
import { emitEach } from "./elementwise.ts";
import { operand } from "./emissions.ts";
import { type FunctionState, sizeOf } from "./function.ts";
import { type Part, nameOf } from "./groups.ts";
import { storedUnder } from "./in-place.ts";
import { indexAt } from "./indexing.ts";
import { placeAt, placeOf } from "./place.ts";
import { castValue } from "./scalars.ts";
import { isView, valueAt } from "./scope.ts";
import type { Sink } from "./sink.ts";
import { plus, times } from "./sizes.ts";

export interface ShardEmitter {
  /** The axes that are walked, behind the regions of the stage. */
  readonly infos: readonly GpuRegion[];
  /** The loop of a kernel; undefined where it touches no large variable, or one as a whole. */
  readonly emitPart: (part: Part) => GpuStep | undefined;
  /** Writes a view into a large variable. */
  readonly emitCopy: (variable: number, node: Node) => GpuStep | undefined;
}

export function createShardEmitter(state: FunctionState, firstRegion: number, large: number): ShardEmitter {
  const infos: GpuRegion[] = [];
  const isLargeVariable = (node: Node): boolean =>
    (isVariable(node) || state.isInPlace(node)) && isLarge(node.type, large);
  const loop = (rows: Dim, write: (sink: Sink, chunk: Dim) => void): GpuStep => {
    const chunk = `shard${infos.length}`;
    state.chunkNames.add(chunk);
    const region = firstRegion + infos.push(wholeRows(chunk, rows)) - 1;
    const into: GpuStep[] = [];
    write(state.sink(into), namedDim(chunk));
    return { kind: "chunks", region, steps: into.filter((step) => step.kind === "dispatch") };
  };
  return {
    infos,
    emitPart: ({ nodes, writes }) => {
      const [first, ...others] = nodes;
      const { shape = [] } = writes[0]?.type ?? {};
      const [rows] = shape;
      if (first === undefined || rows === undefined) return undefined;
      if (isOp(first, "gather") && others.length === 0) {
        const from = operand(first, 0);
        const [classes] = from.type.shape;
        if (!isLargeVariable(from) || isView(from) || classes === undefined) return undefined;
        return loop(classes, (sink, chunk) => emitGather(sink, first, classes, chunk));
      }
      const touched = [...writes, ...nodes.flatMap(({ inputs }) => inputs)];
      if (!touched.some(isLargeVariable) || !isRowwise({ nodes, writes })) return undefined;
      return loop(rows, (sink, chunk) => {
        const stores = writes.map((node) => [node, sink.target(node)] as const);
        emitRows(sink, { name: nameOf(nodes.map(({ op }) => op)), nodes }, chunk, stores);
      });
    },
    emitCopy: (variable, node) => {
      const [rows] = node.type.shape;
      const fits = isLarge(node.type, large) && isRowwise({ nodes: [node], writes: [node] });
      if (!fits || rows === undefined) return undefined;
      return loop(rows, (sink, chunk) =>
        emitRows(sink, { name: `copy of ${node.op}`, nodes: [] }, chunk, [[node, variable]]),
      );
    },
  };
}

/** One chunk, but for the cuts between shards. */
function wholeRows(chunk: string, rows: Dim): GpuRegion {
  return {
    chunk,
    classes: sizeOf(rows),
    bytesPerClass: [0],
    keptBytesPerClass: 0,
    bodyShare: 1,
    keptShare: 0,
  };
}

/** Every element depends on the stored values of its own shape at its own place only. */
function isRowwise({ nodes, writes }: Part): boolean {
  const { shape = [] } = writes[0]?.type ?? {};
  const reads = (node: Node): boolean =>
    storedUnder([node]).some((each) => sameShape(each.type.shape, shape));
  return (
    writes.every((node) => sameShape(node.type.shape, shape)) &&
    nodes.every((node) =>
      isView(node)
        ? !reads(node)
        : (isElementwise(node) || isOp(node, "random")) &&
          node.inputs.every((input) => !isView(input) || !reads(input)),
    )
  );
}

/** One invocation an element of the shard's rows. */
function emitRows(
  sink: Sink,
  description: { readonly name: string; readonly nodes: readonly Node[] },
  chunk: Dim,
  stores: readonly (readonly [node: Node, buffer: number])[],
): void {
  const { shape = [] } = stores[0]?.[0].type ?? {};
  const rest = shape.slice(1);
  emitEach(sink, description, [chunk, ...rest], (context) => {
    const { writer } = context;
    const width = writer.size(productOfDims(rest));
    const named = (from: string, hint: string): string =>
      writer.let({ text: plus("i", times(from, width)), type: "u32" }, hint).text;
    const at = named(writer.rowOfChunk(), "at");
    const place = placeAt(writer, shape, named(writer.firstOfChunk(), "whole"));
    const inShard = { ...context, scope: { ...context.scope, shard: { shape, at } } };
    const values = stores.map(([node, buffer]) => ({ node, buffer, value: valueAt(inShard, node, place) }));
    for (const { node, buffer, value } of values) writer.storeRow(buffer, node.type.dtype, at, value);
  });
}

/** Rows that lie in the shard are taken from it; the first turn also writes the zeros of rows that lie nowhere. */
function emitGather(sink: Sink, node: Node<"gather">, classes: Dim, chunk: Dim): void {
  const [x, index] = [operand(node, 0), operand(node, 1)];
  const { dtype } = node.type;
  emitEach(sink, { name: "gather from shards", nodes: [node] }, node.type.shape, (context, place) => {
    const { writer, scope } = context;
    const lead = place.coordinates().slice(0, index.type.shape.length);
    const row = writer.let(
      { text: indexAt(context, index, placeOf(writer, index.type.shape, lead)), type: "u32" },
      "row",
    ).text;
    const inShard = writer.let({ text: `${row} - ${writer.firstOfChunk()}`, type: "u32" }, "inShard").text;
    const rest = place.coordinates().slice(lead.length);
    writer.when(`${inShard} < ${writer.size(chunk)}`, () => {
      const from = placeOf(writer, x.type.shape, [plus(writer.rowOfChunk(), inShard), ...rest]);
      const value = writer.loadRow(scope.bufferOf(x), dtype, from.flat());
      writer.store(sink.target(node), dtype, place.flat(), value);
    });
    writer.when(`${writer.firstOfChunk()} == 0u && ${row} >= ${writer.size(classes)}`, () => {
      writer.store(sink.target(node), dtype, place.flat(), castValue({ text: "0", type: "i32" }, dtype));
    });
  });
}
