/**
 * A streamed region as loops over chunks of classes, one a pass of the region. The body of a pass is fused like any
 * other graph; its chunk's first class and size come in a uniform, so every chunk runs the same pipelines. The
 * cosines of early chunks are kept between passes as the budget allows (schedule A of the backward), those of
 * later chunks are worked out again (schedule B), in a body of their own that stores none of them. Results add up
 * chunk after chunk, in order and without atomics, so a run repeats bit for bit; the kernel that works a chunk's part
 * out takes it up itself.
 */
import type { Node } from "../../ir/node.ts";
import { elementsOf } from "../../ops/types.ts";
import type { Stage } from "../../passes/pass.ts";
import {
  type BodyStep,
  type Variant,
  bodySteps,
  keepingsOf,
  readsOfStep,
  variantsOf,
} from "../../passes/stream/body-steps.ts";
import { bodyShare, bytesPerClass, keptBytesPerClass, keptShare } from "../../passes/stream/chunks.ts";
import { type Region, type RegionPass, type Result, partialsOf } from "../../passes/stream.ts";
import type { KernelGroup } from "../../passes/fuse.ts";
import type { GpuDispatch, GpuRegion, GpuStep } from "../../../runtime/webgpu/schedule.ts";
import { emitEach } from "./elementwise.ts";
import { type FunctionState, sizeOf } from "./function.ts";
import { emitPart } from "./groups.ts";
import { argmaxMonoid, monoidOf } from "./monoids.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeOf } from "./place.ts";
import { type Context, type Scope, isView, liesInRows, valueAt } from "./scope.ts";
import type { Sink } from "./sink.ts";
import { plus, times } from "./sizes.ts";

export interface RegionEmitter {
  readonly infos: readonly GpuRegion[];
  readonly emitPass: (region: Region, pass: RegionPass) => GpuStep;
}

export function createRegionEmitter(state: FunctionState, stage: Stage): RegionEmitter {
  const regions = stage.regions ?? [];
  const kept = new Map<Node, number>();
  regions.forEach((region, index) =>
    keepingsOf(region).forEach(({ node }) => {
      const elements = sizeOf(elementsOf(node.type));
      kept.set(
        node,
        state.buffers.push({ kind: "kept", region: index, dtype: state.stored(node), elements }) - 1,
      );
    }),
  );
  return {
    infos: regions.map(regionInfo),
    emitPass: (region, pass) => ({
      kind: "chunks",
      region: regions.indexOf(region),
      steps: passBody(state, region, pass, kept),
    }),
  };
}

function regionInfo(region: Region): GpuRegion {
  return {
    chunk: region.chunk,
    classes: sizeOf(region.classes),
    bytesPerClass: bytesPerClass(region).map(sizeOf),
    keptBytesPerClass: sizeOf(keptBytesPerClass(region)),
    bodyShare,
    keptShare,
  };
}

/** Chunks whose values are kept and chunks that work them out again have bodies of their own. */
function passBody(
  state: FunctionState,
  region: Region,
  pass: RegionPass,
  kept: ReadonlyMap<Node, number>,
): readonly GpuDispatch[] {
  const into: GpuStep[] = [];
  const best = new Map<Result, number>();
  for (const variant of variantsOf(region, pass)) emitVariant(state, region, variant, kept, best, into);
  return into.filter((step) => step.kind === "dispatch");
}

function emitVariant(
  state: FunctionState,
  region: Region,
  { pass, when }: Variant,
  kept: ReadonlyMap<Node, number>,
  best: Map<Result, number>,
  into: GpuStep[],
): void {
  const local = new Map<Node, number>();
  const held = (node: Node): number | undefined => (when === "kept" ? kept.get(node) : undefined);
  const scope: Scope = {
    ...state.scope,
    bufferOf: (node) => local.get(node) ?? held(node) ?? state.scope.bufferOf(node),
    first: region.first,
    slices: new Map(pass.slices.map((slice) => [slice.leaf, slice])),
  };
  const target = (node: Node): number => {
    const known = held(node) ?? local.get(node) ?? state.value(state.stored(node), elementsOf(node.type));
    if (held(node) === undefined) local.set(node, known);
    return known;
  };
  const steps = bodySteps(region, pass);
  const direct = directResults(steps);
  const put: Sink["put"] = (context, node, place, value) => {
    const result = direct.get(node);
    if (result === undefined) context.writer.store(target(node), node.type.dtype, place.flat(), value);
    else if (result.kind === "fold") takeIntoTotal(state, result, context, place, value);
    else takeRows(state, result, context, place, value);
  };
  const sink = state.sink(into, { scope, target, put, when });
  const taken = new Set<Result>(direct.values());
  for (const step of steps) {
    if (step.kind === "compute") emitPart(sink, step.kernel);
    else if (step.kind === "result" && !taken.has(step.result)) emitResult(state, sink, step.result, best);
  }
}

type DirectResult = Exclude<Result, { kind: "argmax" }>;

/** Results that the kernel which works their partial value out takes up itself, since nobody else reads that. */
function directResults(steps: readonly BodyStep[]): ReadonlyMap<Node, DirectResult> {
  const found = new Map<Node, DirectResult>();
  const read = new Map<Node, number>();
  for (const node of steps.flatMap(readsOfStep)) read.set(node, (read.get(node) ?? 0) + 1);
  const made = new Set(steps.flatMap((step) => (step.kind === "compute" ? putBy(step.kernel) : [])));
  for (const step of steps) {
    if (step.kind !== "result" || step.result.kind === "argmax") continue;
    const [partial] = partialsOf(step.result);
    if (partial !== undefined && made.has(partial) && read.get(partial) === 1)
      found.set(partial, step.result);
  }
  return found;
}

/** Values that a kernel hands over element by element. */
function putBy({ nodes, writes }: KernelGroup): readonly Node[] {
  const inLines = nodes.some(({ op }) => op === "cumsum" || op === "argsort" || op === "concat");
  return inLines ? [] : writes.filter((node) => !isView(node));
}

/** Takes a chunk's part of a result up. */
function emitResult(state: FunctionState, sink: Sink, result: Result, best: Map<Result, number>): void {
  switch (result.kind) {
    case "fold":
      return emitEach(
        sink,
        { name: `${result.monoid} over chunks`, nodes: [] },
        result.partial.type.shape,
        (context, place) =>
          takeIntoTotal(state, result, context, place, valueAt(context, result.partial, place)),
      );
    case "argmax":
      return emitArgmaxResult(state, sink, result, best);
    case "rows":
      return emitEach(
        sink,
        { name: "rows of a chunk", nodes: [] },
        result.piece.type.shape,
        (context, place) => takeRows(state, result, context, place, valueAt(context, result.piece, place)),
      );
    default:
      return result satisfies never;
  }
}

function takeIntoTotal(
  state: FunctionState,
  { node, monoid: name }: Extract<Result, { kind: "fold" }>,
  context: Context,
  place: Place,
  value: Value,
): void {
  const { writer } = context;
  const { dtype } = node.type;
  const total = state.target(node);
  const monoid = monoidOf(name, dtype);
  const part = writer.let(value, "part").text;
  const before = writer.let(writer.loadForUpdate(total, dtype, place.flat()), "before").text;
  const merged = monoid.merge(
    writer,
    named(context, monoid.single(before, "0u")),
    named(context, monoid.single(part, "0u")),
  );
  const text = firstElse(context, part, monoid.result(merged.map((each) => `(${each})`)));
  writer.store(total, dtype, place.flat(), { text, type: dtype });
}

/** Writes a chunk's rows to their place in the whole. */
function takeRows(
  state: FunctionState,
  result: Extract<Result, { kind: "rows" }>,
  { writer }: Context,
  place: Place,
  value: Value,
): void {
  const { node, axis, unit } = result;
  if (liesInRows(result)) {
    const [row = "0u", ...rest] = place.coordinates();
    const inShard = placeOf(writer, node.type.shape, [plus(writer.rowOfChunk(), row), ...rest]);
    return writer.storeRow(state.target(node), node.type.dtype, inShard.flat(), value);
  }
  const start = times(writer.firstOfChunk(), writer.size(unit));
  const coordinates = place.coordinates().map((each, index) => (index === axis ? plus(start, each) : each));
  const at = placeOf(writer, node.type.shape, coordinates).flat();
  writer.store(state.target(node), node.type.dtype, at, value);
}

function named({ writer }: Context, state: readonly string[]): readonly string[] {
  return state.map((text) => writer.let({ text, type: "f32" }).text);
}

/** The first chunk's part starts the total, whatever its buffer held. */
function firstElse({ writer }: Context, first: string, merged: string): string {
  return `select(${merged}, ${first}, ${writer.firstOfChunk()} == 0u)`;
}

function emitArgmaxResult(
  state: FunctionState,
  sink: Sink,
  result: Extract<Result, { kind: "argmax" }>,
  bests: Map<Result, number>,
): void {
  const { node, largest, index } = result;
  const position = state.target(node);
  const best = bests.get(result) ?? state.value("f32", elementsOf(largest.type));
  bests.set(result, best);
  emitEach(sink, { name: "argmax over chunks", nodes: [] }, index.type.shape, (context, place) => {
    const { writer } = context;
    const part = [valueAt(context, largest, place).text, valueAt(context, index, place).text] as const;
    const before = [
      writer.let(writer.loadForUpdate(best, "f32", place.flat()), "before").text,
      writer.let(writer.loadForUpdate(position, "i32", place.flat()), "before").text,
    ];
    const [value = "", at = ""] = argmaxMonoid("f32").merge(writer, before, part);
    writer.store(best, "f32", place.flat(), { text: firstElse(context, part[0], value), type: "f32" });
    writer.store(position, "i32", place.flat(), { text: firstElse(context, part[1], at), type: "i32" });
  });
}
