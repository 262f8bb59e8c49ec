/**
 * Pass `plan`: every buffer with its life and its size, before anything runs. A size is an expression of the free
 * dimensions, so one plan answers for every batch; `peakBytes` is the most that is held at one time beside
 * the inputs. Buffers whose lives do not meet and whose sizes are equal share a slot. A streamed pass
 * counts what its body holds for one chunk, its running results, and what it keeps for later passes.
 *
 *   before   steps 0: %3 = …   1: %4 = f(%3)   2: %5 = g(%4)
 *   after    %3 slot 0 steps 0-1, %4 slot 1 steps 1-2, %5 slot 0 steps 2-end
 *
 * What it cannot see: what a target's kernel allocates inside one operation, but for the factor that
 * `scratch` gives to the operations known for it.
 */
import { type Bindings, type Dim, sizeOfDim } from "../ir/dim.ts";
import type { Node } from "../ir/node.ts";
import { bytesOf, bytesOfValue, insideKernel } from "./bytes.ts";
import { limitsOf } from "./fuse.ts";
import { type Pass, type Stage, budgetOf } from "./pass.ts";
import { type Schedule, scheduleAsWritten } from "./schedule.ts";
import type { Step } from "./steps.ts";
import type { Region, RegionPass } from "./stream.ts";
import { bodyBytes, chunkSizes } from "./stream/chunks.ts";

export interface Plan {
  /** Beside the inputs: every value that a step makes. */
  readonly buffers: readonly PlannedBuffer[];
  readonly variables: readonly { readonly name: string; readonly kind: string; readonly bytes: Dim }[];
  /** What lives only while a step runs. */
  readonly transients: readonly Transient[];
  readonly steps: number;
}

export interface PlannedBuffer {
  readonly node: Node;
  readonly bytes: Dim;
  /** Made in this step … */
  readonly from: number;
  /** … and read for the last time in this one; the number of steps for what is returned. */
  readonly to: number;
  readonly slot: number;
}

/** `until` is the last step of the region, up to which kept values may be held. */
export type Transient =
  | { readonly kind: "values"; readonly step: number; readonly bytes: readonly Dim[] }
  | {
      readonly kind: "chunks";
      readonly step: number;
      readonly region: Region;
      readonly pass: RegionPass;
      readonly budgetBytes: number;
    }
  | {
      readonly kind: "kept";
      readonly step: number;
      readonly until: number;
      readonly region: Region;
      readonly budgetBytes: number;
    };

export const plan: Pass = {
  name: "plan",
  doc: "Every buffer gets a life, a size and a slot; the peak is known before anything runs.",
  run: (stage) => ({ ...stage, plan: planOf(stage, stage.schedule ?? scheduleAsWritten(stage)) }),
};

export function planOf(stage: Stage, { steps }: Schedule): Plan {
  const lastRead = new Map<Node, number>();
  steps.forEach((step, index) => step.reads.forEach((node) => lastRead.set(node, index)));
  for (const { node } of stage.graph.outputs) lastRead.set(node, steps.length);
  const lives = steps.flatMap((step, index) =>
    step.writes.map((node) => ({
      node,
      bytes: bytesOfValue(node),
      from: index,
      to: lastRead.get(node) ?? index,
    })),
  );
  return {
    buffers: withSlots(lives),
    variables: stage.variables.map(({ name, kind, type }) => ({ name, kind, bytes: bytesOf(type) })),
    transients: [
      ...steps.flatMap((step, index) => transientsOf(stage, step, index)),
      ...keptTransients(steps, stage.regions ?? [], budgetOf(stage.options)),
    ],
    steps: steps.length,
  };
}

/** The most bytes held at one time: all variables, and the live buffers of the worst step. */
export function peakBytes(plan: Plan, bindings: Bindings): number {
  const held = variableBytes(plan, bindings);
  const perStep = Array.from({ length: plan.steps + 1 }, () => held);
  for (const { from, to, bytes } of plan.buffers) {
    const size = sizeOfDim(bytes, bindings);
    for (let step = from; step <= to; step++) perStep[step] = (perStep[step] ?? 0) + size;
  }
  for (const transient of plan.transients) {
    const size = transientBytes(transient, bindings);
    const until = transient.kind === "kept" ? transient.until : transient.step;
    for (let step = transient.step; step <= until; step++) perStep[step] = (perStep[step] ?? 0) + size;
  }
  return Math.max(...perStep);
}

/** Bytes of the parameters alone. */
export function parameterBytes(plan: Plan, bindings: Bindings): number {
  return totalBytes(
    plan.variables.filter(({ kind }) => kind === "parameter"),
    bindings,
  );
}

/** Bytes of everything that lives from step to step. */
export function variableBytes(plan: Plan, bindings: Bindings): number {
  return totalBytes(plan.variables, bindings);
}

function totalBytes(values: readonly { readonly bytes: Dim }[], bindings: Bindings): number {
  return values.reduce((total, { bytes }) => total + sizeOfDim(bytes, bindings), 0);
}

function transientsOf({ kernels, options }: Stage, step: Step, index: number): readonly Transient[] {
  if (step.kind === "pass")
    return [
      { kind: "chunks", step: index, region: step.region, pass: step.pass, budgetBytes: budgetOf(options) },
    ];
  const bytes = insideKernel(step.kernel, kernels === undefined ? undefined : limitsOf(options));
  return bytes.length === 0 ? [] : [{ kind: "values", step: index, bytes }];
}

/** Kept values live from a region's first pass to its last. */
function keptTransients(
  steps: readonly Step[],
  regions: readonly Region[],
  budgetBytes: number,
): readonly Transient[] {
  return regions.map((region) => {
    const at = steps.flatMap((step, index) =>
      step.kind === "pass" && step.region === region ? [index] : [],
    );
    return { kind: "kept", step: Math.min(...at), until: Math.max(...at), region, budgetBytes };
  });
}

function transientBytes(transient: Transient, bindings: Bindings): number {
  switch (transient.kind) {
    case "values":
      return transient.bytes.reduce((total, bytes) => total + sizeOfDim(bytes, bindings), 0);
    case "chunks": {
      const { chunk } = chunkSizes(transient.region, transient.budgetBytes, bindings);
      return bodyBytes(transient.region, transient.pass, chunk, bindings);
    }
    case "kept":
      return chunkSizes(transient.region, transient.budgetBytes, bindings).kept;
    default:
      return transient satisfies never;
  }
}

function withSlots(lives: readonly Omit<PlannedBuffer, "slot">[]): readonly PlannedBuffer[] {
  const slots: { size: string; freeFrom: number }[] = [];
  return lives.map((life) => {
    const free = slots.findIndex(({ size, freeFrom }) => size === life.bytes.key && freeFrom <= life.from);
    const slot = free >= 0 ? free : slots.push({ size: life.bytes.key, freeFrom: 0 }) - 1;
    slots[slot] = { size: life.bytes.key, freeFrom: life.to + 1 };
    return { ...life, slot };
  });
}
