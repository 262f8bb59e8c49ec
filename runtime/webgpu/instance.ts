/**
 * One function with its sizes settled: memory allocated, pipelines ready, bind groups made once. A call only
 * encodes its list of dispatches. Values share slots of memory as the plan says; inputs have buffers of their
 * own, and variables belong to the executor.
 */
import type { Sizes } from "../sizes.ts";
import { type GpuDevice, checkNeeds } from "./device.ts";
import { type Allocate, type DeviceMemory, upload, usage } from "./memory.ts";
import type { Pipelines } from "./pipelines.ts";
import { type FunctionPlan, type Run, keptSlotBytes, planFunction, settled } from "./plan.ts";
import type { GpuFunction, GpuModule, GpuOutput } from "./schedule.ts";

/** Outputs of this name are new values of variables. */
export const nextPrefix = "next:";

export interface Instance {
  readonly inputs: ReadonlyMap<string, GPUBuffer>;
  readonly outputs: readonly InstanceOutput[];
  readonly encode: (pass: GPUComputePassEncoder) => void;
  readonly dispose: () => void;
}

export interface InstanceOutput extends Pick<GpuOutput, "name" | "dtype"> {
  readonly shape: readonly number[];
  readonly buffer: GPUBuffer;
  /** The new value of a variable that lies where the old one did. */
  readonly inPlace: boolean;
}

export interface Surroundings {
  readonly gpu: GpuDevice;
  readonly module: GpuModule;
  readonly memory: DeviceMemory;
  readonly pipelines: Pipelines;
  /** The buffer of a variable, of at least so many bytes. */
  readonly variable: (name: string, bytes: number) => GPUBuffer;
}

interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly storage: GPUBindGroup;
  readonly chunk: GPUBindGroup | undefined;
  readonly x: number;
  readonly y: number;
}

/** Throws before anything is allocated when the device's limits do not hold what the sizes ask for. */
export async function createInstance(
  around: Surroundings,
  name: string,
  fn: GpuFunction,
  sizes: Sizes,
): Promise<Instance> {
  const { module, memory } = around;
  const plan = planFunction(fn, module.kernels, sizes);
  checkPlan(around, fn, plan, sizes);
  const own: GPUBuffer[] = [];
  const { buffers, inputs, chunkGroups } = await memory.together(
    `${name} of ${module.info.name}`,
    (allocate) =>
      allocateBuffers(around, fn, plan, (...asked) => {
        const buffer = allocate(...asked);
        own.push(buffer);
        return buffer;
      }),
  );
  const commands = await commandsOf(around, fn, plan, sizes, buffers, chunkGroups).catch((error: unknown) => {
    own.forEach(memory.free);
    throw error;
  });
  return {
    inputs,
    outputs: fn.outputs.map(({ name: output, dtype, shape, buffer }) => ({
      name: output,
      dtype,
      shape: shape.map((size) => settled(size, sizes)),
      buffer: bufferAt(buffers, buffer),
      inPlace: isOwn(fn, output, buffer),
    })),
    encode: (pass) => commands.forEach((command) => encodeCommand(pass, command)),
    dispose: () => own.forEach(memory.free),
  };
}

/** Whether the output is written to the buffer of the variable whose new value it is. */
function isOwn({ buffers }: GpuFunction, output: string, buffer: number): boolean {
  const info = buffers[buffer];
  return info?.kind === "variable" && output === `${nextPrefix}${info.name}`;
}

interface Allocated {
  readonly buffers: readonly GPUBuffer[];
  readonly inputs: ReadonlyMap<string, GPUBuffer>;
  readonly chunkGroups: readonly (readonly GPUBindGroup[])[];
}

function allocateBuffers(
  around: Surroundings,
  fn: GpuFunction,
  plan: FunctionPlan,
  allocate: Allocate,
): Allocated {
  const { device } = around.gpu;
  const slots = plan.slotBytes.map((bytes, index) => allocate(bytes, `slot ${index}`));
  const inputs = new Map<string, GPUBuffer>();
  const buffers = fn.buffers.map((buffer, index): GPUBuffer => {
    const bytes = plan.bytes[index] ?? 4;
    if (buffer.kind === "variable") return around.variable(buffer.name, bytes);
    if (buffer.kind === "input") {
      const made = allocate(bytes, buffer.name);
      inputs.set(buffer.name, made);
      return made;
    }
    if (buffer.kind === "constant") {
      const made = allocate(bytes, "constants");
      const data = buffer.dtype === "f32" ? Float32Array.from(buffer.values) : Int32Array.from(buffer.values);
      upload(device, made, {
        dtype: buffer.dtype === "bool" ? "i32" : buffer.dtype,
        shape: [data.length],
        data,
      });
      return made;
    }
    // A value that no dispatch touches has no slot; nothing reads it either.
    return slots[plan.slots[index] ?? 0] ?? allocate(bytes, "unused");
  });
  return { buffers, inputs, chunkGroups: chunkBindGroups(around, plan, allocate) };
}

function encodeCommand(pass: GPUComputePassEncoder, { pipeline, storage, chunk, x, y }: Command): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, storage);
  if (chunk !== undefined) pass.setBindGroup(1, chunk);
  pass.dispatchWorkgroups(x, y);
}

/** Throws where the device's limits do not hold what the sizes ask for. */
export function checkFunction(
  around: Pick<Surroundings, "gpu" | "module">,
  fn: GpuFunction,
  sizes: Sizes,
): void {
  checkPlan(around, fn, planFunction(fn, around.module.kernels, sizes), sizes);
}

function checkPlan(
  { gpu, module }: Pick<Surroundings, "gpu" | "module">,
  fn: GpuFunction,
  plan: FunctionPlan,
  sizes: Sizes,
): void {
  const kernels = [...new Set(plan.runs.map(({ dispatch }) => dispatch.kernel))].flatMap(
    (index) => module.kernels[index] ?? [],
  );
  const largest = fn.buffers
    .map((buffer, index) => ({
      bytes: plan.bytes[index] ?? 4,
      what: "name" in buffer ? buffer.name : `a value of ${settledText(buffer.elements, sizes)} elements`,
    }))
    .reduce((a, b) => (b.bytes > a.bytes ? b : a), { bytes: 4, what: "nothing" });
  checkNeeds(gpu, {
    binding: largest,
    storageBuffers: Math.max(0, ...kernels.map(({ access }) => access.length)),
    workgroupBytes: Math.max(0, ...kernels.map(({ workgroupBytes }) => workgroupBytes)),
    invocations: Math.max(1, ...kernels.map(({ invocations }) => invocations)),
    features: [...new Set(kernels.flatMap(({ features }) => features))],
  });
}

/** A size inside a loop has no number of its own here. */
function settledText(size: number | string, sizes: Sizes): string {
  try {
    return String(settled(size, sizes));
  } catch {
    return String(size);
  }
}

/** First class and size of every chunk, one bind group each, shared by all kernels. */
function chunkBindGroups(
  { gpu, pipelines }: Surroundings,
  plan: FunctionPlan,
  allocate: Allocate,
): readonly (readonly GPUBindGroup[])[] {
  const { device } = gpu;
  return plan.chunks.map(({ ranges }) => {
    const buffer = allocate(Math.max(1, ranges.length) * 256, "chunks", usage.uniform | usage.copyTarget);
    const words = new Uint32Array(ranges.length * 64);
    ranges.forEach(({ first, size }, index) => words.set([first, size], index * 64));
    if (words.length > 0) device.queue.writeBuffer(buffer, 0, words);
    return ranges.map((_, index) =>
      device.createBindGroup({
        layout: pipelines.chunkLayout,
        entries: [{ binding: 0, resource: { buffer, offset: index * 256, size: 8 } }],
      }),
    );
  });
}

async function commandsOf(
  around: Surroundings,
  fn: GpuFunction,
  plan: FunctionPlan,
  sizes: Sizes,
  buffers: readonly GPUBuffer[],
  chunkGroups: readonly (readonly GPUBindGroup[])[],
): Promise<readonly Command[]> {
  const { gpu, module, pipelines } = around;
  const runs = plan.runs.filter(({ groups }) => groups > 0);
  const made = await Promise.all(runs.map(({ dispatch }) => pipelines.pipeline(dispatch.kernel, sizes)));
  const known = new Map<string, GPUBindGroup>();
  const most = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  return runs.flatMap((run, index): readonly Command[] => {
    const { dispatch, groups, chunk } = run;
    const [pipeline, kernel] = [made[index], module.kernels[dispatch.kernel]];
    if (pipeline === undefined || kernel === undefined) return [];
    const resources = dispatch.buffers.map((buffer) => resourceOf(fn, plan, sizes, buffers, buffer, run));
    const key = `${dispatch.kernel} ${dispatch.buffers.join(" ")} ${resources.map(({ offset }) => offset ?? 0).join(" ")}`;
    const storage =
      known.get(key) ??
      gpu.device.createBindGroup({
        layout: pipelines.storageLayout(kernel.access),
        entries: resources.map((resource, binding) => ({ binding, resource })),
      });
    known.set(key, storage);
    const x = Math.min(groups, most);
    const group =
      kernel.chunked && chunk !== undefined ? chunkGroups[chunk.region]?.[chunk.index] : undefined;
    return [{ pipeline, storage, chunk: group, x, y: Math.ceil(groups / x) }];
  });
}

/** The binding of a buffer; of a kept one, the chunk's slot, or the last slot for chunks that are not kept. */
function resourceOf(
  fn: GpuFunction,
  plan: FunctionPlan,
  sizes: Sizes,
  buffers: readonly GPUBuffer[],
  index: number,
  { chunk }: Run,
): GPUBufferBinding {
  const [info, buffer] = [fn.buffers[index], bufferAt(buffers, index)];
  if (info?.kind !== "kept" || chunk === undefined) return { buffer, size: plan.bytes[index] ?? 4 };
  const { size = 1, kept = 0 } = plan.chunks[info.region] ?? {};
  const name = fn.regions[info.region]?.chunk ?? "";
  const slot = keptSlotBytes(info, settled(info.elements, { ...sizes, [name]: size }));
  return { buffer, offset: Math.min(chunk.index, kept) * slot, size: slot };
}

function bufferAt(buffers: readonly GPUBuffer[], index: number): GPUBuffer {
  const buffer = buffers[index];
  if (buffer === undefined) throw new Error(`the function has no buffer ${index}`);
  return buffer;
}
