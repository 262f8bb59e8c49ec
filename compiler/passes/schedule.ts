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
import type { Node } from "../ir/node.ts";
import { elementsOf } from "../ops/types.ts";
import { isLeaf } from "./fuse.ts";
import type { Pass, Stage } from "./pass.ts";
import { type Predecessors, type Step, predecessorsOf, stepsOf, withOldReaders } from "./steps.ts";

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
