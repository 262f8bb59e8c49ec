/**
 * A streamed region as loops over chunks of classes, one a pass of the region. The body of a pass is fused like any
 * other graph; its chunk's first class and size come in a uniform, so every chunk runs the same pipelines. The
 * cosines of early chunks are kept between passes as the budget allows (schedule A of the backward), those of
 * later chunks are worked out again (schedule B): each slot of a kept buffer holds one chunk, and the last slot
 * is the one that all chunks beyond the budget share. No value with a row and a class axis is ever larger than
 * that. Results add up chunk after chunk, in order and without atomics, so a run repeats bit for bit.
 */
import type { Node } from "../../ir/node.ts";
import { elementsOf } from "../../ops/types.ts";
import type { Stage } from "../../passes/pass.ts";
import { bodySteps, keepingsOf } from "../../passes/stream/body-steps.ts";
import { bodyShare, bytesPerClass, keptBytesPerClass, keptShare } from "../../passes/stream/chunks.ts";
import type { Region, RegionPass, Result } from "../../passes/stream.ts";
import type { GpuDispatch, GpuRegion, GpuStep } from "../../../runtime/webgpu/schedule.ts";
import { emitEach } from "./elementwise.ts";
import { type FunctionState, sizeOf } from "./function.ts";
import { emitGroup } from "./groups.ts";
import { argmaxMonoid, monoidOf } from "./monoids.ts";
import { placeOf } from "./place.ts";
import { type Context, type Scope, liesInRows, valueAt } from "./scope.ts";
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
    infos: regions.map((region) => regionInfo(region, stage.options.budgetBytes)),
    emitPass: (region, pass) => ({
      kind: "chunks",
      region: regions.indexOf(region),
      steps: passBody(state, region, pass, kept),
    }),
  };
}

function regionInfo(region: Region, budgetBytes: number): GpuRegion {
  return {
    chunk: region.chunk,
    classes: sizeOf(region.classes),
    bytesPerClass: bytesPerClass(region).map(sizeOf),
    keptBytesPerClass: sizeOf(keptBytesPerClass(region)),
    bodyBudget: budgetBytes * bodyShare,
    keptBudget: budgetBytes * keptShare,
  };
}

function passBody(
  state: FunctionState,
  region: Region,
  pass: RegionPass,
  kept: ReadonlyMap<Node, number>,
): readonly GpuDispatch[] {
  const local = new Map<Node, number>();
  const scope: Scope = {
    ...state.scope,
    bufferOf: (node) => local.get(node) ?? kept.get(node) ?? state.scope.bufferOf(node),
    first: region.first,
    slices: new Map(pass.slices.map((slice) => [slice.leaf, slice])),
  };
  const target = (node: Node): number => {
    const known = kept.get(node) ?? local.get(node) ?? state.value(state.stored(node), elementsOf(node.type));
    if (!kept.has(node)) local.set(node, known);
    return known;
  };
  const into: GpuStep[] = [];
  const always = state.sink(into, { scope, target, when: "always" });
  const recomputed = state.sink(into, { scope, target, when: "recomputed" });
  for (const step of bodySteps(region, pass)) {
    if (step.kind === "compute") emitGroup(always, step.kernel);
    else if (step.kind === "recall") step.again.forEach((kernel) => emitGroup(recomputed, kernel));
    else if (step.kind === "result") emitResult(state, always, step.result);
  }
  return into.filter((step) => step.kind === "dispatch");
}

/** Takes a chunk's part of a result up. */
function emitResult(state: FunctionState, sink: Sink, result: Result): void {
  switch (result.kind) {
    case "fold":
      return emitFoldResult(state, sink, result);
    case "argmax":
      return emitArgmaxResult(state, sink, result);
    case "rows":
      return emitRowsResult(state, sink, result);
    default:
      return result satisfies never;
  }
}

function emitFoldResult(state: FunctionState, sink: Sink, result: Extract<Result, { kind: "fold" }>): void {
  const { node, partial } = result;
  const total = state.target(node);
  const { dtype } = node.type;
  const monoid = monoidOf(result.monoid, dtype);
  emitEach(
    sink,
    { name: `${result.monoid} over chunks`, nodes: [] },
    partial.type.shape,
    (context, place) => {
      const { writer } = context;
      const part = valueAt(context, partial, place).text;
      const before = writer.let(writer.loadForUpdate(total, dtype, place.flat()), "before").text;
      const merged = monoid.merge(
        writer,
        named(context, monoid.single(before, "0u")),
        named(context, monoid.single(part, "0u")),
      );
      const text = firstElse(context, part, monoid.result(merged.map((each) => `(${each})`)));
      writer.store(total, dtype, place.flat(), { text, type: dtype });
    },
  );
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
): void {
  const { node, largest, index } = result;
  const [position, best] = [state.target(node), state.value("f32", elementsOf(largest.type))];
  emitEach(sink, { name: "argmax over chunks", nodes: [] }, index.type.shape, (context, place) => {
    const { writer } = context;
    const part = [valueAt(context, largest, place).text, valueAt(context, index, place).text] as const;
    const before = [
      writer.let(writer.loadForUpdate(best, "f32", place.flat()), "before").text,
      writer.let(writer.loadForUpdate(position, "i32", place.flat()), "before").text,
    ];
    const [value = "", at = ""] = argmaxMonoid.merge(writer, before, part);
    writer.store(best, "f32", place.flat(), { text: firstElse(context, part[0], value), type: "f32" });
    writer.store(position, "i32", place.flat(), { text: firstElse(context, part[1], at), type: "i32" });
  });
}

/** Writes a chunk's rows to their place in the whole. */
function emitRowsResult(state: FunctionState, sink: Sink, result: Extract<Result, { kind: "rows" }>): void {
  const { node, piece, axis, unit } = result;
  const whole = state.target(node);
  emitEach(sink, { name: "rows of a chunk", nodes: [] }, piece.type.shape, (context, place) => {
    const { writer } = context;
    const value = valueAt(context, piece, place);
    if (liesInRows(result)) {
      const [row = "0u", ...rest] = place.coordinates();
      const inShard = placeOf(writer, node.type.shape, [plus(writer.rowOfChunk(), row), ...rest]);
      return writer.storeRow(whole, node.type.dtype, inShard.flat(), value);
    }
    const start = times(writer.firstOfChunk(), writer.size(unit));
    const coordinates = place.coordinates().map((each, index) => (index === axis ? plus(start, each) : each));
    writer.store(whole, node.type.dtype, placeOf(writer, node.type.shape, coordinates).flat(), value);
  });
}
