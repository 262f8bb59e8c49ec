/**
 * Pass `schedule`: the order in which kernels and passes of regions run. It is list scheduling: of the steps whose
 * inputs are there, the one that leaves the least memory held goes next. A greedy choice can lose, so
 * the order in which the graph was written is tried too and the better of the two is kept.
 *
 *   before   kernels k0 [%3], k1 [%4 %5], k2 [%6]                   (a set)
 *   after    k0 k2 k1                                               (a list: k2 frees %3 before k1 makes %5)
 *
 * A new value of a variable comes after all that reads the old one, where nothing forbids it: then it may be written
 * where the old one lies. Free dimensions count as `options.dims` says.
 */
import { type Bindings, sizeOfDim } from "../ir/dim.ts";
import { type Node, isVariable } from "../ir/node.ts";
import { updatedBy } from "../live-variables.ts";
import { elementsOf } from "../ops/types.ts";
import { type KernelGroup, type KernelLimits, isLeaf, kernelLimits, singleKernels } from "./fuse.ts";
import { storedUnder } from "./fuse/touched.ts";
import type { Pass, Stage } from "./pass.ts";
import { type Region, type RegionPass, nodesOutside, readsOfPass, streamedNodes } from "./stream.ts";

export type Step =
  | {
      readonly kind: "kernel";
      readonly kernel: KernelGroup;
      readonly reads: readonly Node[];
      readonly writes: readonly Node[];
    }
  | {
      readonly kind: "pass";
      readonly region: Region;
      readonly pass: RegionPass;
      readonly reads: readonly Node[];
      readonly writes: readonly Node[];
    };

export interface Schedule {
  readonly steps: readonly Step[];
}

export const schedule: Pass = {
  name: "schedule",
  doc: "Kernels and passes are put into an order that keeps the peak of memory low.",
  run: (stage) => ({ ...stage, schedule: orderSteps(stage) }),
};

export function orderSteps(stage: Stage): Schedule {
  const steps = stepsOf(stage);
  const outputs = stage.graph.outputs.map(({ node }) => node);
  const bytes = byteCounter(stage.options.dims);
  const before = withOldReaders(stage, steps);
  const written = inWrittenOrder(steps, before);
  const greedy = inGreedyOrder(steps, before, outputs, bytes);
  const better = peakOf(greedy, outputs, bytes) < peakOf(written, outputs, bytes) ? greedy : written;
  return { steps: better };
}

/** The twin: the order in which the graph was written. */
export function scheduleAsWritten(stage: Stage): Schedule {
  const steps = stepsOf(stage);
  return { steps: inWrittenOrder(steps, predecessorsOf(steps)) };
}

/** Every kernel and every pass; single kernels where `fuse` was left out. */
function stepsOf(stage: Stage): readonly Step[] {
  const regions = stage.regions ?? [];
  const streamed = streamedNodes(regions);
  const kernels =
    stage.kernels ??
    singleKernels(nodesOutside(stage.graph, regions).filter((node) => !streamed.has(node) && !isLeaf(node)));
  return [
    ...kernels.map((kernel): Step => ({
      kind: "kernel",
      kernel,
      reads: kernel.reads,
      writes: kernel.writes,
    })),
    ...regions.flatMap((region) =>
      region.passes.map((pass): Step => ({
        kind: "pass",
        region,
        pass,
        reads: readsOfPass(region, pass),
        writes: pass.results.map(({ node }) => node),
      })),
    ),
  ];
}

/** Steps that come before each step. */
type Predecessors = ReadonlyMap<Step, ReadonlySet<Step>>;

/** Steps that must come before each step: writers of what it reads, and earlier passes of its region. */
export function predecessorsOf(steps: readonly Step[]): Predecessors {
  const writer = new Map<Node, Step>();
  for (const step of steps) for (const node of step.writes) writer.set(node, step);
  return new Map(
    steps.map((step) => {
      const before = new Set<Step>();
      for (const node of step.reads) {
        const from = writer.get(node);
        if (from !== undefined) before.add(from);
      }
      if (step.kind === "pass")
        for (const other of steps)
          if (other.kind === "pass" && other.region === step.region && other.pass.level < step.pass.level)
            before.add(other);
      return [step, before];
    }),
  );
}

/** The same, and what reads the old value of a variable before what writes the new one, as far as that goes. */
function withOldReaders({ graph, options }: Stage, steps: readonly Step[]): Predecessors {
  const before = new Map([...predecessorsOf(steps)].map(([step, some]) => [step, new Set(some)]));
  const readers = readersOfVariables(steps, kernelLimits[options.target]);
  for (const writer of steps)
    for (const { name, node } of graph.outputs) {
      if (!writer.writes.includes(node)) continue;
      for (const reader of readers.get(updatedBy(name) ?? "") ?? [])
        if (reader !== writer && !comesBefore(before, writer, reader)) before.get(writer)?.add(reader);
    }
  return before;
}

/** By name; what is read through a view is read where the view is worked out. */
function readersOfVariables(
  steps: readonly Step[],
  limits: KernelLimits,
): ReadonlyMap<string, readonly Step[]> {
  const around = { limits, unbound: new Set<Node>() };
  const readers = new Map<string, Step[]>();
  for (const step of steps)
    for (const node of new Set(step.reads.flatMap((read) => storedUnder(around, read))))
      if (isVariable(node)) readers.set(node.attrs.name, [...(readers.get(node.attrs.name) ?? []), step]);
  return readers;
}

/** Whether a step comes before another one, by way of any others. */
function comesBefore(before: Predecessors, step: Step, other: Step): boolean {
  const seen = new Set<Step>();
  const stack = [other];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at === step) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    stack.push(...(before.get(at) ?? []));
  }
  return false;
}

/** The ready step that was written first, again and again. */
function inWrittenOrder(steps: readonly Step[], before: Predecessors): readonly Step[] {
  return inOrder(steps, before, (ready) =>
    ready.reduce((best, step) => (writtenAt(step) < writtenAt(best) ? step : best)),
  );
}

function writtenAt(step: Step): number {
  return Math.min(...step.writes.map((node) => node.id));
}

function inGreedyOrder(
  steps: readonly Step[],
  before: Predecessors,
  outputs: readonly Node[],
  bytes: (node: Node) => number,
): readonly Step[] {
  const readers = readersOf(steps, outputs);
  const growth = (step: Step): number =>
    sumOf(step.writes, bytes) -
    sumOf(
      step.reads.filter((node) => !isLeaf(node) && readers.get(node) === 1),
      bytes,
    );
  const take = (step: Step): Step => {
    for (const node of step.reads) readers.set(node, (readers.get(node) ?? 0) - 1);
    return step;
  };
  return inOrder(steps, before, (ready) => {
    const ranked = ready.map((step) => ({ step, cost: growth(step) }));
    return take(
      ranked.reduce((best, each) =>
        each.cost < best.cost || (each.cost === best.cost && writtenAt(each.step) < writtenAt(best.step))
          ? each
          : best,
      ).step,
    );
  });
}

/** Throws when the steps wait for each other: a bug in the pass that made them. */
function inOrder(
  steps: readonly Step[],
  predecessors: Predecessors,
  choose: (ready: readonly Step[]) => Step,
): readonly Step[] {
  const missing = new Map([...predecessors].map(([step, before]) => [step, before.size]));
  const followers = new Map<Step, Step[]>(steps.map((step) => [step, []]));
  for (const [step, before] of predecessors) for (const each of before) followers.get(each)?.push(step);
  const ready = new Set(steps.filter((step) => missing.get(step) === 0));
  const order: Step[] = [];
  while (order.length < steps.length) {
    if (ready.size === 0) throw new Error("steps wait for each other");
    const next = choose([...ready]);
    order.push(next);
    ready.delete(next);
    for (const step of followers.get(next) ?? []) {
      const left = (missing.get(step) ?? 0) - 1;
      missing.set(step, left);
      if (left === 0) ready.add(step);
    }
  }
  return order;
}

function readersOf(steps: readonly Step[], outputs: readonly Node[]): Map<Node, number> {
  const readers = new Map<Node, number>();
  const count = (node: Node): Map<Node, number> => readers.set(node, (readers.get(node) ?? 0) + 1);
  for (const step of steps) step.reads.forEach(count);
  outputs.forEach(count);
  return readers;
}

/** The most that results of steps hold at one time, in bytes. */
function peakOf(steps: readonly Step[], outputs: readonly Node[], bytes: (node: Node) => number): number {
  const readers = readersOf(steps, outputs);
  let held = 0;
  let peak = 0;
  for (const step of steps) {
    held += sumOf(step.writes, bytes);
    peak = Math.max(peak, held);
    for (const node of step.reads) {
      const left = (readers.get(node) ?? 0) - 1;
      readers.set(node, left);
      if (left === 0 && !isLeaf(node)) held -= bytes(node);
    }
  }
  return peak;
}

function sumOf(nodes: readonly Node[], bytes: (node: Node) => number): number {
  return nodes.reduce((total, node) => total + bytes(node), 0);
}

function byteCounter(dims: Bindings): (node: Node) => number {
  const known = new Map<Node, number>();
  return (node) => {
    const before = known.get(node);
    if (before !== undefined) return before;
    const elements = elementsOf(node.type);
    const size = sizeOfDim(elements, dims) * (node.type.dtype === "bool" ? 1 : 4);
    known.set(node, size);
    return size;
  };
}
