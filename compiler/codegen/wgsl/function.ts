/**
 * One function as buffers and dispatches: the steps of its schedule in order, each kernel group a kernel, each pass
 * of a region a loop over chunks. Which buffers share memory is settled when the sizes are known, by the runtime.
 */
import { type Bindings, type Dim, knownSize, namesOfDim, sizeOfDim } from "../../ir/dim.ts";
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import type { TensorType } from "../../ir/type.ts";
import { elementsOf } from "../../ops/types.ts";
import { isLeaf } from "../../passes/fuse.ts";
import type { Stage } from "../../passes/pass.ts";
import { scheduleAsWritten } from "../../passes/schedule.ts";
import { streamedNodes } from "../../passes/stream.ts";
import type {
  GpuBuffer,
  GpuDispatch,
  GpuFunction,
  GpuStep,
  Size,
  StoredType,
} from "../../../runtime/webgpu/schedule.ts";
import type { SourceLine } from "../source-map.ts";
import type { Capabilities } from "./capabilities.ts";
import { drawnInside } from "./drawn-inside.ts";
import { emitEach } from "./elementwise.ts";
import { emitPart } from "./groups.ts";
import { unreadVariables, valuesInPlace } from "./in-place.ts";
import type { KernelTable } from "./kernel-table.ts";
import { isProduct } from "../../passes/fuse/products.ts";
import { largeElements } from "../../passes/fuse/shards.ts";
import { createRegionEmitter } from "./region.ts";
import { type Scope, isView, valueAt } from "./scope.ts";
import { createShardEmitter } from "./shards.ts";
import type { TileChoice } from "./tile-table.ts";
import type { Sink } from "./sink.ts";
import { KernelWriter } from "./writer.ts";

/** How a module is emitted. */
export interface GpuEmission {
  readonly capabilities: Capabilities;
  readonly sourceLine: SourceLine;
  /** Tiles that were measured; by default all are chosen by size. */
  readonly tileOf?: TileChoice;
  /** Variables of so many elements or more may lie in shards. */
  readonly largeElements?: number;
}

/** The buffers of a function while it is emitted. */
export interface FunctionState {
  readonly scope: Scope;
  readonly buffers: GpuBuffer[];
  /** The buffer that a node's value is written to. */
  readonly target: (node: Node) => number;
  readonly value: (dtype: StoredType, elements: Dim) => number;
  /** How the value of a node lies in its buffer. */
  readonly stored: (node: Node) => StoredType;
  readonly variable: (name: string, type: TensorType) => number;
  /** Whether the node's value is written where a variable lies. */
  readonly isInPlace: (node: Node) => boolean;
  /** The free names that stand for sizes of chunks; shards add theirs. */
  readonly chunkNames: Set<string>;
  /** Takes dispatches into `into`; values are found and made through `scope` and `target`. */
  readonly sink: (into: GpuStep[], place?: SinkPlace) => Sink;
}

/** What differs inside the body of a region. */
export interface SinkPlace {
  readonly scope: Scope;
  readonly target: (node: Node) => number;
  readonly put: Sink["put"];
  readonly when: GpuDispatch["when"];
}

export function emitFunction(stage: Stage, kernels: KernelTable, emission: GpuEmission): GpuFunction {
  const schedule = stage.schedule ?? scheduleAsWritten(stage);
  const returned = new Set(stage.graph.outputs.map(({ node }) => node));
  const scheduled = drawnInside(schedule.steps, returned);
  const state = createState(stage, kernels, emission, valuesInPlace(stage, scheduled));
  const steps: GpuStep[] = [];
  const sink = state.sink(steps);
  const regions = createRegionEmitter(state, stage);
  const shards = createShardEmitter(state, regions.infos.length, emission.largeElements ?? largeElements);
  for (const step of scheduled) {
    const loop =
      step.kind === "pass" ? regions.emitPass(step.region, step.pass) : shards.emitPart(step.kernel);
    if (loop !== undefined) steps.push(loop);
    else if (step.kind === "kernel") emitPart(sink, step.kernel);
  }
  const unread = unreadVariables(stage);
  /** A leaf or a view that is returned gets a buffer of its own, or goes straight into a variable that nothing reads. */
  const copied = (node: Node, name: string | undefined): number => {
    const buffer =
      name === undefined
        ? state.value(node.type.dtype, elementsOf(node.type))
        : state.variable(name, node.type);
    const loop = name === undefined ? undefined : shards.emitCopy(buffer, node);
    if (loop === undefined) emitCopy(sink, node, buffer);
    else steps.push(loop);
    return buffer;
  };
  const isCopied = (node: Node): boolean => isLeaf(node) || (isView(node) && !state.scope.streamed.has(node));
  const outputs = stage.graph.outputs.map(({ name, node }) => ({
    name,
    buffer: isCopied(node) ? copied(node, unread.get(name)) : state.target(node),
    dtype: node.type.dtype,
    shape: node.type.shape.map(sizeOf),
  }));
  return { buffers: state.buffers, steps, regions: [...regions.infos, ...shards.infos], outputs };
}

function emitCopy(sink: Sink, node: Node, buffer: number): void {
  emitEach(sink, { name: `copy of ${node.op}`, nodes: [] }, node.type.shape, (context, place) => {
    context.writer.store(buffer, node.type.dtype, place.flat(), valueAt(context, node, place));
  });
}

function createState(
  stage: Stage,
  kernels: KernelTable,
  emission: GpuEmission,
  inPlace: ReadonlyMap<Node, string>,
): FunctionState {
  const buffers: GpuBuffer[] = [];
  const numbers = new Map<Node, number>();
  const variables = new Map<string, number>();
  const constants = new Map<string, number>();
  const chunkNames = new Set((stage.regions ?? []).map(({ chunk }) => chunk));
  const usual = sizesWithChunks(stage);
  const add = (buffer: GpuBuffer): number => buffers.push(buffer) - 1;
  const remember = <K>(map: Map<K, number>, key: K, make: () => GpuBuffer): number => {
    const known = map.get(key) ?? add(make());
    map.set(key, known);
    return known;
  };
  // What goes to the host is f32.
  const returned = new Set(stage.graph.outputs.map(({ node }) => node));
  const stored = (node: Node): StoredType =>
    emission.capabilities.half && isOp(node, "half") && !returned.has(node) ? "f16" : node.type.dtype;
  const value = (dtype: StoredType, elements: Dim): number =>
    add({ kind: "value", dtype, elements: sizeOf(elements) });
  const variable = (name: string, type: TensorType): number =>
    remember(variables, name, () => namedBuffer("variable", name, type));
  const target = (node: Node): number => {
    const updated = inPlace.get(node);
    if (updated !== undefined) numbers.set(node, variable(updated, node.type));
    return remember(numbers, node, () => ({
      kind: "value",
      dtype: stored(node),
      elements: sizeOf(elementsOf(node.type)),
    }));
  };
  const scope: Scope = {
    bufferOf: (node) => {
      if (isOp(node, "input"))
        return remember(numbers, node, () => namedBuffer("input", node.attrs.name, node.type));
      if (isVariable(node)) return variable(node.attrs.name, node.type);
      const known = numbers.get(node);
      if (known === undefined) throw new Error(`${node.op} (%${node.id}) is read before a kernel writes it`);
      return known;
    },
    constantBuffer: (values, dtype) =>
      remember(constants, `${dtype} ${values.join(" ")}`, () => ({
        kind: "constant",
        dtype,
        values,
        elements: values.length,
      })),
    slices: new Map(),
    streamed: streamedNodes(stage.regions ?? []),
    ranges: new Map(),
  };
  const put: Sink["put"] = ({ writer }, node, place, made) =>
    writer.store(target(node), node.type.dtype, place.flat(), made);
  const sink: FunctionState["sink"] = (into, place = { scope, target, put, when: "always" }) => ({
    style: emission.capabilities.style,
    capabilities: emission.capabilities,
    temporary: value,
    ranges: scope.ranges,
    target: place.target,
    put: place.put,
    tileOf: emission.tileOf ?? (() => undefined),
    guess: (dim) => guessedSize(dim, usual),
    kernel: ({ name, nodes, workgroupSize }, write) => {
      const writer = new KernelWriter(chunkNames, (buffer) => buffers[buffer]?.dtype ?? "f32");
      for (const { span } of nodes) {
        const line = span === undefined ? undefined : emission.sourceLine(span);
        if (line !== undefined) writer.comment(line);
      }
      const main = nodes.find(isProduct) ?? nodes.at(-1);
      const groups = writer.from(main?.span, () =>
        write({ writer, scope: place.scope, own: new Set(nodes) }),
      );
      const written = writer.finish(name, workgroupSize);
      const kernel = kernels.add(written);
      into.push({
        kind: "dispatch",
        kernel,
        buffers: written.buffers,
        groups: sizeOf(groups),
        when: place.when,
      });
    },
  });
  return {
    scope,
    buffers,
    target,
    value,
    stored,
    variable,
    isInPlace: (node) => inPlace.has(node),
    chunkNames,
    sink,
  };
}

function namedBuffer(kind: "input" | "variable", name: string, type: TensorType): GpuBuffer {
  return { kind, name, dtype: type.dtype, elements: sizeOf(elementsOf(type)) };
}

/** Chunks of classes count as 16,384, or as all classes where there are fewer. */
const usualChunk = 16384;

function sizesWithChunks({ options: { dims }, regions = [] }: Stage): Bindings {
  const chunks = regions.map(({ chunk, classes }) => [chunk, Math.min(usualChunk, sizeOfDim(classes, dims))]);
  return { ...dims, ...Object.fromEntries(chunks) };
}

/** Rows of a shard are no names of the graph's. */
function guessedSize(dim: Dim, usual: Bindings): number {
  const shards = [...namesOfDim(dim)].filter((name) => usual[name] === undefined);
  return sizeOfDim(dim, { ...usual, ...Object.fromEntries(shards.map((name) => [name, usualChunk])) });
}

export function sizeOf(dim: Dim): Size {
  return knownSize(dim) ?? dim.key;
}
