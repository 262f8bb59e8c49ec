/**
 * One function with its sizes settled: memory allocated, pipelines ready, bind groups made once. A call only
 * encodes its list of dispatches. Values share slots of memory as the plan says; inputs have buffers of their
 * own, and variables belong to the executor.
 */
import type { Sizes } from "../sizes.ts";
import type { Budget } from "./budget.ts";
import { type GpuDevice, type Needs, checkNeeds } from "./device.ts";
import { type Allocate, type DeviceMemory, upload, usage } from "./memory.ts";
import type { Pipelines } from "./pipelines.ts";
import { type FunctionPlan, type Run, elementBytes, keptSlotBytes, planFunction, settled } from "./plan.ts";
import type { GpuFunction, GpuKernel, GpuModule, GpuOutput } from "./schedule.ts";
import { rowsThatFit, whatFits } from "./what-fits.ts";
import { mostBytesOf } from "./shards.ts";

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
  readonly budget: Budget;
  readonly memory: DeviceMemory;
  readonly pipelines: Pipelines;
  /** The buffers of a variable of so many bytes. */
  readonly variable: (name: string, bytes: number) => readonly GPUBuffer[];
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
  const plan = planOf(around, fn, sizes);
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

/** The shards of each buffer of a function; most have one. */
type Shards = readonly (readonly GPUBuffer[])[];

interface Allocated {
  readonly buffers: Shards;
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
  const buffers = fn.buffers.map((buffer, index): readonly GPUBuffer[] => {
    const bytes = plan.bytes[index] ?? 4;
    if (buffer.kind === "variable") return around.variable(buffer.name, bytes);
    if (buffer.kind === "input") {
      const made = allocate(bytes, buffer.name);
      inputs.set(buffer.name, made);
      return [made];
    }
    if (buffer.kind === "constant") {
      const made = allocate(bytes, "constants");
      const data = buffer.dtype === "f32" ? Float32Array.from(buffer.values) : Int32Array.from(buffer.values);
      upload(device, made, {
        dtype: buffer.dtype === "bool" ? "i32" : buffer.dtype,
        shape: [data.length],
        data,
      });
      return [made];
    }
    // A value that no dispatch touches has no slot; nothing reads it either.
    return [slots[plan.slots[index] ?? 0] ?? allocate(bytes, "unused")];
  });
  return { buffers, inputs, chunkGroups: chunkBindGroups(around, plan, allocate) };
}

function encodeCommand(pass: GPUComputePassEncoder, { pipeline, storage, chunk, x, y }: Command): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, storage);
  if (chunk !== undefined) pass.setBindGroup(1, chunk);
  pass.dispatchWorkgroups(x, y);
}

/** What plans a function and checks it, before there is memory. */
type Planning = Pick<Surroundings, "gpu" | "module" | "budget">;

/** A budget that leads beyond the device's limits gives way to the one that asks for less. */
function planOf({ gpu, module, budget }: Planning, fn: GpuFunction, sizes: Sizes): FunctionPlan {
  const planWith = (bytes: number): FunctionPlan =>
    planFunction(fn, module.kernels, sizes, mostBytesOf(gpu.device), bytes);
  const plan = planWith(budget.bytes);
  return budget.fallback === budget.bytes || fits(gpu, fn, plan) ? plan : planWith(budget.fallback);
}

function fits({ device }: GpuDevice, fn: GpuFunction, plan: FunctionPlan): boolean {
  const { bound, held } = largestBuffers(fn, plan);
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  return bound.bytes <= maxStorageBufferBindingSize && held.bytes <= maxBufferSize;
}

/** Throws where the device's limits do not hold what the sizes ask for. */
export function checkFunction(around: Planning, fn: GpuFunction, sizes: Sizes): void {
  checkPlan(around, fn, planOf(around, fn, sizes), sizes);
}

function checkPlan(around: Planning, fn: GpuFunction, plan: FunctionPlan, sizes: Sizes): void {
  const { gpu, module } = around;
  const kernels = [...new Set(plan.runs.map(({ dispatch }) => dispatch.kernel))].flatMap(
    (index) => module.kernels[index] ?? [],
  );
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.device.limits;
  const { bound, held } = largestBuffers(fn, plan);
  const need = ({ bytes, buffer }: Largest): Needs["binding"] => ({
    bytes,
    what: contentOf(around, fn, buffer, sizes),
  });
  checkNeeds(gpu, {
    binding: need(bound),
    buffer: need(held),
    storageBuffers: Math.max(0, ...kernels.map(({ access }) => access.length)),
    workgroupBytes: Math.max(0, ...kernels.map(({ workgroupBytes }) => workgroupBytes)),
    invocations: Math.max(1, ...kernels.map(({ invocations }) => invocations)),
    whatFits: () => {
      const smaller = whatFits(sizes, (other) => fits(gpu, fn, planOf(around, fn, other)));
      if (smaller !== undefined) return smaller;
      const { what } = need(bound);
      const shape = module.info.variables.find(({ name }) => name === what)?.shape ?? [];
      const settledShape = shape.map((size) => settled(size, sizes));
      return rowsThatFit(what, settledShape, Math.min(maxStorageBufferBindingSize, maxBufferSize));
    },
  });
}

interface Largest {
  readonly bytes: number;
  readonly buffer: number;
}

/** Of the function's buffers, the one with the largest binding, and the largest one. */
function largestBuffers(
  fn: GpuFunction,
  plan: FunctionPlan,
): { readonly bound: Largest; readonly held: Largest } {
  const largest = (bytesOf: (index: number) => number): Largest =>
    fn.buffers
      .map((_, buffer) => ({ bytes: bytesOf(buffer), buffer }))
      .reduce((a, b) => (b.bytes > a.bytes ? b : a), { bytes: 4, buffer: -1 });
  const bound = (index: number): number => plan.boundBytes[index] ?? 4;
  const isVariable = (index: number): boolean => fn.buffers[index]?.kind === "variable";
  return {
    bound: largest(bound),
    held: largest((index) => (isVariable(index) ? bound(index) : (plan.bytes[index] ?? 4))),
  };
}

/** What a buffer holds: a name, or how much of what some kernel works out. */
function contentOf({ module }: Planning, fn: GpuFunction, index: number, sizes: Sizes): string {
  const buffer = fn.buffers[index];
  if (buffer === undefined) return "nothing";
  if ("name" in buffer) return buffer.name;
  const writer = fn.steps
    .flatMap((step) => (step.kind === "dispatch" ? [step] : step.steps))
    .flatMap(({ kernel, buffers }) => {
      const writes = module.kernels[kernel]?.access[buffers.indexOf(index)] ?? "read";
      return writes === "read" ? [] : (module.kernels[kernel] ?? []);
    })[0];
  const from = writer === undefined ? "" : ` that the kernel "${writer.name}" writes`;
  return `a value of ${settledText(buffer.elements, sizes)} elements${from}`;
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
    ranges.forEach(({ first, size, base }, index) => words.set([first, size, first - base], index * 64));
    if (words.length > 0) device.queue.writeBuffer(buffer, 0, words);
    return ranges.map((_, index) =>
      device.createBindGroup({
        layout: pipelines.chunkLayout,
        entries: [{ binding: 0, resource: { buffer, offset: index * 256, size: 12 } }],
      }),
    );
  });
}

async function commandsOf(
  around: Surroundings,
  fn: GpuFunction,
  plan: FunctionPlan,
  sizes: Sizes,
  buffers: Shards,
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
    const resources = dispatch.buffers.map((_, binding) =>
      resourceOf(fn, plan, sizes, buffers, run, binding, kernel),
    );
    const key = `${dispatch.kernel} ${dispatch.buffers.join(" ")} ${resources.map(({ place }) => place).join(" ")}`;
    const storage =
      known.get(key) ??
      gpu.device.createBindGroup({
        layout: pipelines.storageLayout(kernel.access),
        entries: resources.map(({ resource }, binding) => ({ binding, resource })),
      });
    known.set(key, storage);
    const x = Math.min(groups, most);
    const group =
      kernel.chunked && chunk !== undefined ? chunkGroups[chunk.region]?.[chunk.index] : undefined;
    return [{ pipeline, storage, chunk: group, x, y: Math.ceil(groups / x) }];
  });
}

interface Resource {
  readonly resource: GPUBufferBinding;
  /** Tells bindings of one buffer apart. */
  readonly place: string;
}

/** The binding of a buffer. Of a kept one, the chunk's slot; of a sliced one, what is left of the shard from its base on. */
function resourceOf(
  fn: GpuFunction,
  plan: FunctionPlan,
  sizes: Sizes,
  buffers: Shards,
  { dispatch, chunk }: Run,
  binding: number,
  kernel: GpuKernel,
): Resource {
  const index = dispatch.buffers[binding] ?? -1;
  const [info, bytes] = [fn.buffers[index], plan.bytes[index] ?? 4];
  const range = chunk === undefined ? undefined : plan.chunks[chunk.region]?.ranges[chunk.index];
  if (kernel.sliced[binding] === true && chunk !== undefined && range !== undefined) {
    const classes = Math.max(1, settled(fn.regions[chunk.region]?.classes ?? 1, sizes));
    const rowBytes = (settled(info?.elements ?? 0, sizes) / classes) * elementBytes(info?.dtype ?? "f32");
    return sliced(buffers[index] ?? [], bytes, rowBytes * range.base);
  }
  const buffer = bufferAt(buffers, index);
  if (info?.kind !== "kept" || chunk === undefined) return { resource: { buffer, size: bytes }, place: "" };
  const { size = 1 } = plan.chunks[info.region] ?? {};
  const name = fn.regions[info.region]?.chunk ?? "";
  const slot = keptSlotBytes(info, settled(info.elements, { ...sizes, [name]: size }));
  const offset = chunk.index * slot;
  return { resource: { buffer, offset, size: slot }, place: String(offset) };
}

/** From `start` bytes on, as far as the shard reaches; slots may be larger than the value in them. */
function sliced(shards: readonly GPUBuffer[], bytes: number, start: number): Resource {
  let before = 0;
  for (const [index, buffer] of shards.entries()) {
    const end = shards.length === 1 ? bytes : before + buffer.size;
    if (start < end || index === shards.length - 1)
      return {
        resource: { buffer, offset: start - before, size: end - start },
        place: `${index}:${start - before}`,
      };
    before = end;
  }
  throw new Error("a variable has no buffer");
}

/** A buffer that is bound whole. */
function bufferAt(buffers: Shards, index: number): GPUBuffer {
  const [buffer] = buffers[index] ?? [];
  if (buffer === undefined) throw new Error(`the function has no buffer ${index}`);
  return buffer;
}
