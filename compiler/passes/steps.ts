/** What runs: kernels and passes of regions, and which of them must come before which. */
import { type Node, isVariable } from "../ir/node.ts";
import { updatedBy } from "../live-variables.ts";
import { type KernelGroup, type KernelLimits, isLeaf, limitsOf, singleKernels } from "./fuse.ts";
import { storedUnder } from "./fuse/touched.ts";
import type { Stage } from "./pass.ts";
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

/** Every kernel and every pass; single kernels where `fuse` was left out. */
export function stepsOf(stage: Stage): readonly Step[] {
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
export type Predecessors = ReadonlyMap<Step, ReadonlySet<Step>>;

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

/**
 * The same, and what reads the old value of a variable before what writes the new one, as far as that goes. New values that
 * share a buffer with the old ones are seen to before others.
 */
export function withOldReaders(stage: Stage, steps: readonly Step[]): Predecessors {
  const before = new Map([...predecessorsOf(steps)].map(([step, some]) => [step, new Set(some)]));
  for (const { writer, readers } of renewalsOf(stage, steps))
    for (const reader of readers) if (!comesBefore(before, writer, reader)) before.get(writer)?.add(reader);
  return before;
}

/** The new values that share a buffer with the old ones and cannot come after all that reads those. */
export function comeTooEarly(stage: Stage): ReadonlySet<Node> {
  const steps = stepsOf(stage);
  const before = withOldReaders(stage, steps);
  const early = renewalsOf(stage, steps).filter(
    ({ shares, writer, readers }) => shares && !readers.every((reader) => before.get(writer)?.has(reader)),
  );
  return new Set(early.map(({ node }) => node));
}

/** A new value of a variable, the step that writes it, and the others that read the old one. */
interface Renewal {
  readonly node: Node;
  readonly writer: Step;
  readonly readers: readonly Step[];
  /** Whether it shares the old one's buffer. */
  readonly shares: boolean;
}

/** Those that share a buffer come first. */
function renewalsOf({ graph, options, updates }: Stage, steps: readonly Step[]): readonly Renewal[] {
  const readersOf = readersOfVariables(steps, limitsOf(options));
  const renewals = graph.outputs.flatMap(({ name, node }): readonly Renewal[] => {
    const [variable, writer] = [updatedBy(name), steps.find(({ writes }) => writes.includes(node))];
    if (variable === undefined || writer === undefined) return [];
    const readers = (readersOf.get(variable) ?? []).filter((reader) => reader !== writer);
    return [{ node, writer, readers, shares: updates?.get(node) === variable }];
  });
  return [...renewals.filter(({ shares }) => shares), ...renewals.filter(({ shares }) => !shares)];
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
