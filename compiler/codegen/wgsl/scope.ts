/**
 * Which value lives in which buffer while a function is emitted, and what a kernel asks of it: the value of any
 * node at a place. Values that are cheap to work out again (constants, views) are never stored: whoever reads
 * them reads what they are made of.
 */
import { type Dim, constantDim, isMultipleOf, isSize } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { type DType, sameShape } from "../../ir/type.ts";
import type { PrimitiveName } from "../../ops/attrs.ts";
import { isMadeOfSizes } from "../../passes/fuse/touched.ts";
import type { Slice } from "../../passes/stream.ts";
import { emissions } from "./emissions.ts";
import type { Quad, Value } from "./kernel.ts";
import { type Place, placeOf, turnedPlace } from "./place.ts";
import { plus, times } from "./sizes.ts";
import type { KernelWriter, Reach } from "./writer.ts";

export interface Scope {
  /** The buffer of a stored value. Throws for a value that no kernel has written: a bug in the order of kernels. */
  readonly bufferOf: (node: Node) => number;
  /** A buffer that holds numbers known at compile time. */
  readonly constantBuffer: (values: readonly number[], dtype: DType) => number;
  /** In the body of a region: the leaf that holds a chunk's first class, and the slices. */
  readonly first?: Node;
  readonly slices: ReadonlyMap<Node, Slice>;
  /** Results of regions: a pass has stored them, also those that are views of something inside the region. */
  readonly streamed: ReadonlySet<Node>;
  /** For a scatter whose kernel comes next: the buffer that says where each row's updates begin and end. */
  readonly ranges: Map<Node, number>;
  /** In a kernel over the rows of a shard: stored values of this shape are read at this place of the shard. */
  readonly shard?: { readonly shape: readonly Dim[]; readonly at: string };
}

export interface Context {
  readonly writer: KernelWriter;
  readonly scope: Scope;
  /** Nodes that this kernel works out itself. */
  readonly own: ReadonlySet<Node>;
}

/** The value of `node` at a place of its shape. */
export function valueAt(context: Context, node: Node, place: Place): Value {
  const known = place.values.get(node);
  if (known !== undefined) return known;
  const { writer } = context;
  const span = isWorkedOutHere(context, node) ? node.span : undefined;
  const made = writer.from(span, () => writer.let(workedOut(context, node, place)));
  place.values.set(node, made);
  return made;
}

function workedOut(context: Context, node: Node, place: Place): Value {
  const { writer, scope } = context;
  if (node === scope.first) return { text: `i32(${writer.firstOfChunk()})`, type: "i32" };
  const slice = scope.slices.get(node);
  if (slice !== undefined) return sliceValue(context, slice, place);
  const emission = emissionOf(node);
  if ("value" in emission && isWorkedOutHere(context, node)) return emission.value(node, place, context);
  const { shard } = scope;
  if (shard !== undefined && sameShape(node.type.shape, shard.shape))
    return writer.loadRow(scope.bufferOf(node), node.type.dtype, shard.at);
  return writer.load(scope.bufferOf(node), node.type.dtype, place.flat());
}

function sliceValue(context: Context, slice: Slice, place: Place): Value {
  const { writer, scope } = context;
  const { of } = slice;
  if (!liesInRows(slice) || isView(of)) return valueAt(context, of, placeInWhole(writer, slice, place));
  return writer.loadRow(scope.bufferOf(of), of.type.dtype, placeInShard(writer, slice, place).flat());
}

function placeInShard(writer: KernelWriter, { of }: Slice, place: Place): Place {
  const [row = "0u", ...rest] = place.coordinates();
  return placeOf(writer, of.type.shape, [plus(writer.rowOfChunk(), row), ...rest]);
}

/**
 * Whether a value of f32 is read where another kernel stored it, in rows that memory has one after the other, and whether
 * that can be done four numbers at a time: seen through a turn, perhaps, or as the rows of a chunk.
 */
export function liesInQuads(context: Context, node: Node): boolean {
  const { scope, writer } = context;
  const { source, reach } = behind(context, node);
  if (source === undefined || isView(source) || isWorkedOutHere(context, source)) return false;
  const { shape, dtype } = source.type;
  const width = shape.at(-1) ?? constantDim(1);
  if (dtype !== "f32" || !isMultipleOf(width, 4) || scope.shard !== undefined) return false;
  return writer.takesQuads(scope.bufferOf(source), reach);
}

/** The four numbers of a value that `liesInQuads` from `place` on. */
export function quadAt(context: Context, node: Node, place: Place): Quad {
  const { scope, writer } = context;
  const { source, reach, at } = behind(context, node);
  if (source === undefined) throw new Error(`${node.op} does not lie in memory`);
  return writer.loadQuad(scope.bufferOf(source), reach, at(place).flat());
}

/** Whether rows of a matrix are columns of what it is made of. */
export function isTurned(node: Node): node is Node<"transpose"> {
  return isOp(node, "transpose") && node.attrs.permutation.join() === "1,0";
}

/** The stored value behind turns and slices of rows; none where something else stands between. */
function behind(
  context: Context,
  node: Node,
): { readonly source: Node | undefined; readonly reach: Reach; readonly at: (place: Place) => Place } {
  const { scope, writer } = context;
  const slice = scope.slices.get(node);
  if (slice !== undefined) {
    const at = (place: Place): Place => placeInShard(writer, slice, place);
    return { source: liesInRows(slice) ? slice.of : undefined, reach: "rows", at };
  }
  const [x] = node.inputs;
  if (!isTurned(node) || x === undefined)
    return { source: node === scope.first ? undefined : node, reach: "whole", at: (place) => place };
  const inner = behind(context, x);
  return { ...inner, at: (place) => inner.at(turnedPlace(writer, node, place)) };
}

/** Whether a chunk of classes is that many rows of the value: only such values can lie in shards. */
export function liesInRows({ axis, unit }: Pick<Slice, "axis" | "unit">): boolean {
  return axis === 0 && isSize(unit, 1);
}

/** Whether this kernel has a formula for the value; else it reads what another one stored. */
function isWorkedOutHere({ own, scope }: Context, node: Node): boolean {
  if (isView(node)) return !scope.streamed.has(node);
  return emissionOf(node).kind === "element" && own.has(node);
}

/** Chunks along the first axis of a matrix are blocks: a slice is a place further on. */
function placeInWhole(writer: KernelWriter, { of, axis, unit }: Slice, place: Place): Place {
  const start = times(writer.firstOfChunk(), writer.size(unit));
  const coordinates = place
    .coordinates()
    .map((position, each) => (each === axis ? plus(start, position) : position));
  return placeOf(writer, of.type.shape, coordinates);
}

/** Whether readers work the value out themselves. */
export function isView(node: Node): boolean {
  return emissionOf(node).kind === "view" || isMadeOfSizes(node);
}

type AnyEmission =
  | { readonly kind: "stored" | "kernel" }
  | {
      readonly kind: "view" | "element";
      readonly value: (node: Node, place: Place, context: Context) => Value;
    };

/** How a primitive is computed. Throws for a composite: those are gone before code is generated. */
export function emissionOf(node: Node): AnyEmission {
  if (!(node.op in emissions)) throw new Error(`${node.op} is no operation of the wgsl target`);
  // A node's emission belongs to its op; TypeScript cannot follow the pairing through a lookup.
  return emissions[node.op as PrimitiveName] as unknown as AnyEmission;
}
