/**
 * The device memory of a function, before anything is allocated: what the executor holds while it runs, buffer by
 * buffer. The sizes are those that `plan.ts` gives to the instance; this adds what lives beside its slots (inputs,
 * constants, the chunks' uniforms, the variables and the way back to the host).
 */
import type { Sizes } from "../sizes.ts";
import { defaultBudgetBytes } from "./budget.ts";
import { type FunctionPlan, planFunction, settled, workingBytes } from "./plan.ts";
import { blockBytes } from "./read-back.ts";
import type { GpuBuffer, GpuModule, Size } from "./schedule.ts";

export interface Footprint {
  /** The most bytes that a call holds at one time, variables and the copy of its outputs among them. */
  readonly peakBytes: number;
  readonly parameterBytes: number;
  /** Everything that lives from call to call: parameters, states and what optimizers keep. */
  readonly variableBytes: number;
  readonly buffers: readonly PlannedBuffer[];
  /** Dispatches of one call, those of every chunk counted. */
  readonly dispatches: number;
}

export interface PlannedBuffer {
  readonly kind: GpuBuffer["kind"] | "chunks";
  /** Of inputs and variables. */
  readonly name?: string;
  readonly bytes: number;
  /** Values with the same slot share its memory, one after the other. */
  readonly slot?: number;
}

/**
 * `sizes` settles every free name; the budget is the module's, else what a software adapter takes. Throws where the module has no
 * such function.
 */
export function footprintOf(
  module: GpuModule,
  name: string,
  sizes: Sizes,
  budgetBytes = module.budgetBytes ?? defaultBudgetBytes,
): Footprint {
  const fn = module.functions[name];
  if (fn === undefined) throw new Error(`the module of ${module.info.name} has no function ${name}`);
  const plan = planFunction(fn, module.kernels, sizes, Infinity, budgetBytes);
  const buffers = [...fn.buffers.map((buffer, index) => planned(buffer, index, plan)), ...chunkBuffers(plan)];
  const own = total(buffers.filter(({ kind }) => ["input", "constant", "chunks"].includes(kind)));
  const returned = fn.outputs.filter((output) => !output.name.startsWith("next:"));
  const results = returned.map(({ shape }) => bytesOf(shape, sizes)).reduce((sum, bytes) => sum + bytes, 0);
  const held = variableSizes(module, sizes);
  const variableBytes = total(held);
  return {
    peakBytes: variableBytes + own + workingBytes(plan) + Math.max(blockBytes, results),
    parameterBytes: total(held.filter(({ kind }) => kind === "parameter")),
    variableBytes,
    buffers,
    dispatches: plan.runs.filter(({ groups }) => groups > 0).length,
  };
}

function planned(buffer: GpuBuffer, index: number, plan: FunctionPlan): PlannedBuffer {
  const slot = plan.slots[index];
  return {
    kind: buffer.kind,
    ...("name" in buffer ? { name: buffer.name } : {}),
    bytes: plan.bytes[index] ?? 4,
    ...(slot === undefined ? {} : { slot }),
  };
}

/** First class and size of each chunk, at offsets that every device allows. */
function chunkBuffers({ chunks }: FunctionPlan): readonly PlannedBuffer[] {
  return chunks.map(({ ranges }) => ({ kind: "chunks", bytes: Math.max(1, ranges.length) * 256 }));
}

function variableSizes(
  { info }: GpuModule,
  sizes: Sizes,
): readonly { readonly kind: string; readonly bytes: number }[] {
  return info.variables.map(({ kind, shape }) => ({
    kind,
    bytes: Math.max(4, bytesOf(shape, sizes)),
  }));
}

function bytesOf(shape: readonly Size[], sizes: Sizes): number {
  return shape.reduce<number>((bytes, size) => bytes * settled(size, sizes), 4);
}

function total(buffers: readonly { readonly bytes: number }[]): number {
  return buffers.reduce((sum, { bytes }) => sum + bytes, 0);
}
