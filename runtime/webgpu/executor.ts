/**
 * Runs a module on a WebGPU device: variables stay there between calls, a call is one submit of one pass, and
 * only the outputs that are asked for come back. What belongs to one set of sizes (memory, bind groups) is made
 * at the first call with them and kept for the next.
 */
import { bindSizes, checkInputs, checkValue, functionNamed, listed } from "../call.ts";
import type {
  Executor,
  FunctionInfo,
  HostTensor,
  NamedTensors,
  ProgramInfo,
  VariableInfo,
} from "../program.ts";
import type { Sizes } from "../sizes.ts";
import { DeviceFault, type GpuDevice } from "./device.ts";
import { type Instance, createInstance } from "./instance.ts";
import { type DeviceMemory, countOf, createMemory, fromWords, upload, usage } from "./memory.ts";
import { type Pipelines, createPipelines } from "./pipelines.ts";
import type { GpuModule } from "./schedule.ts";

interface Variable {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Unset until a first value is there. */
  readonly shape: readonly number[] | undefined;
}

interface State {
  readonly gpu: GpuDevice;
  readonly module: GpuModule;
  readonly memory: DeviceMemory;
  readonly pipelines: Pipelines;
  readonly variables: Map<string, Variable>;
  /** By function and sizes, the latest last. */
  readonly instances: Map<string, Instance>;
  /** Why the device can no longer be used. */
  fault: string | undefined;
}

/** Sets of sizes that are kept ready: the batch, the last batch, and the same for evaluation. */
const keptInstances = 6;

/** Takes the module onto the device. The variables are unset until `initialize` or `write`. */
export function createWebGpuExecutor(module: GpuModule, gpu: GpuDevice): Executor {
  const { device } = gpu;
  const state: State = {
    gpu,
    module,
    memory: createMemory(device),
    pipelines: createPipelines(device, module.kernels),
    variables: new Map(),
    instances: new Map(),
    fault: undefined,
  };
  const stopWatching = watch(state);
  const inTurn = queue();
  return {
    info: module.info,
    initialize: (seed) => inTurn(() => initialize(state, seed)),
    call: (name, inputs, reads) => inTurn(() => call(state, name, inputs, reads)),
    read: (names) => inTurn(() => read(state, names)),
    write: (values) => inTurn(() => write(state, values)),
    memory: () => state.memory.held(),
    dispose: () => {
      stopWatching();
      forgetInstances(state);
      for (const { buffer } of state.variables.values()) state.memory.free(buffer);
      state.variables.clear();
    },
  };
}

/** Notes what goes wrong outside a call; returns how to stop. */
function watch(state: State): () => void {
  const { device } = state.gpu;
  const note = ({ error }: GPUUncapturedErrorEvent): void => {
    state.fault ??= `WebGPU reports: ${error.message}`;
  };
  void device.lost.then(
    ({ message, reason }) => (state.fault ??= `the device was lost (${reason}): ${message}`),
  );
  device.addEventListener("uncapturederror", note);
  return () => device.removeEventListener("uncapturederror", note);
}

/** Calls share buffers, so each waits for the one before it. */
function queue(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run, run);
    last = next;
    return next;
  };
}

async function initialize(state: State, seed: number): Promise<void> {
  const counters = Object.entries({ seed, step: 0, epoch: 0 }).map(
    ([name, value]) => [name, scalar(value)] as const,
  );
  await runFunction(state, "initialize", Object.fromEntries(counters), {}, []);
}

function scalar(value: number): HostTensor {
  return { dtype: "i32", shape: [], data: Int32Array.of(value) };
}

async function call(
  state: State,
  name: string,
  inputs: NamedTensors,
  reads: readonly string[] | undefined,
): Promise<NamedTensors> {
  const fn = functionNamed(state.module.info, name);
  const wanted = checkReads(fn, reads);
  const sizes = checkInputs(fn, inputs, knownSizes(state));
  return runFunction(state, name, inputs, sizes, wanted);
}

async function runFunction(
  state: State,
  name: string,
  inputs: NamedTensors,
  sizes: Sizes,
  wanted: readonly string[],
): Promise<NamedTensors> {
  throwFault(state);
  const { device } = state.gpu;
  const instance = await instanceFor(state, name, sizes);
  for (const [input, buffer] of instance.inputs) {
    const value = inputs[input];
    if (value === undefined) throw new Error(`${name} needs the input "${input}"`);
    upload(device, buffer, value);
  }
  const encoder = device.createCommandEncoder({ label: name });
  const pass = encoder.beginComputePass({ label: name });
  instance.encode(pass);
  pass.end();
  for (const { name: output, shape, buffer } of instance.outputs)
    if (output.startsWith("next:")) keepNext(state, encoder, output.slice("next:".length), shape, buffer);
  const results = instance.outputs.filter((output) => wanted.includes(output.name));
  const values = await readBack(state, encoder, results);
  throwFault(state);
  return values;
}

/** The new value goes into the variable when everything that reads the old one has run. */
function keepNext(
  state: State,
  encoder: GPUCommandEncoder,
  name: string,
  shape: readonly number[],
  buffer: GPUBuffer,
): void {
  const bytes = Math.max(4, countOf(shape) * 4);
  const variable = variableOf(state, name, bytes);
  encoder.copyBufferToBuffer(buffer, 0, variable.buffer, 0, bytes);
  state.variables.set(name, { ...variable, shape });
}

interface Readable {
  readonly name: string;
  readonly dtype: HostTensor["dtype"];
  readonly shape: readonly number[];
  readonly buffer: GPUBuffer;
}

/** Submits, and copies values to the host through one staging buffer. */
async function readBack(
  { gpu, memory }: State,
  encoder: GPUCommandEncoder,
  values: readonly Readable[],
): Promise<NamedTensors> {
  const { device } = gpu;
  const counts = values.map(({ shape }) => countOf(shape) * 4);
  const total = counts.reduce((sum, bytes) => sum + bytes, 0);
  if (total === 0) {
    device.queue.submit([encoder.finish()]);
    return Object.fromEntries(
      values.map(({ name, dtype, shape }) => [name, fromWords(new ArrayBuffer(0), dtype, shape)]),
    );
  }
  const staging = memory.allocate(total, "read back", usage.mapRead | usage.copyTarget);
  try {
    const offsets = counts.map((_, index) => counts.slice(0, index).reduce((sum, bytes) => sum + bytes, 0));
    values.forEach(({ buffer }, index) => {
      const bytes = counts[index] ?? 0;
      if (bytes > 0) encoder.copyBufferToBuffer(buffer, 0, staging, offsets[index] ?? 0, bytes);
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const mapped = staging.getMappedRange();
    return Object.fromEntries(
      values.map(({ name, dtype, shape }, index) => {
        const from = offsets[index] ?? 0;
        return [name, fromWords(mapped.slice(from, from + (counts[index] ?? 0)), dtype, shape)];
      }),
    );
  } finally {
    memory.free(staging);
  }
}

async function instanceFor(state: State, name: string, sizes: Sizes): Promise<Instance> {
  const key = `${name} ${JSON.stringify(Object.entries(sizes).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  const known = state.instances.get(key);
  if (known !== undefined) {
    state.instances.delete(key);
    state.instances.set(key, known);
    return known;
  }
  const fn = state.module.functions[name];
  if (fn === undefined) throw new Error(`the module of ${state.module.info.name} lacks its function ${name}`);
  const { gpu, module, memory, pipelines } = state;
  const variable = (each: string, bytes: number): GPUBuffer => existingVariable(state, each, bytes).buffer;
  const [oldest] = state.instances.keys();
  if (state.instances.size >= keptInstances && oldest !== undefined) {
    state.instances.get(oldest)?.dispose();
    state.instances.delete(oldest);
  }
  const made = await createInstance({ gpu, module, memory, pipelines, variable }, fn, sizes);
  state.instances.set(key, made);
  return made;
}

function existingVariable(state: State, name: string, bytes: number): Variable {
  const variable = state.variables.get(name);
  if (variable?.shape === undefined)
    throw new Error(
      `${name} of ${state.module.info.name} has no value yet: initialize the program or write it first`,
    );
  if (variable.bytes !== bytes)
    throw new Error(`${name} holds ${variable.bytes} bytes, but the sizes of this call ask for ${bytes}`);
  return variable;
}

/** The variable's buffer; a new one where the size changes, and then all bind groups are made anew. */
function variableOf(state: State, name: string, bytes: number): Variable {
  const known = state.variables.get(name);
  if (known !== undefined && known.bytes === bytes) return known;
  if (known !== undefined) {
    forgetInstances(state);
    state.memory.free(known.buffer);
  }
  const made: Variable = { buffer: state.memory.allocate(bytes, name), bytes, shape: undefined };
  state.variables.set(name, made);
  return made;
}

async function read(state: State, names: readonly string[] | undefined): Promise<NamedTensors> {
  throwFault(state);
  const wanted = names ?? state.module.info.variables.map((variable) => variable.name);
  const values = wanted.map((name): Readable => {
    const { dtype } = variableInfo(state.module.info, name);
    const variable = state.variables.get(name);
    if (variable?.shape === undefined)
      throw new Error(`${name} has no value yet: initialize the program or write it first`);
    return { name, dtype, shape: variable.shape, buffer: variable.buffer };
  });
  return readBack(state, state.gpu.device.createCommandEncoder({ label: "read" }), values);
}

async function write(state: State, values: NamedTensors): Promise<void> {
  throwFault(state);
  // All are checked before any is replaced.
  for (const [name, value] of Object.entries(values))
    checkValue(variableInfo(state.module.info, name), value, {});
  for (const [name, value] of Object.entries(values)) {
    const variable = variableOf(state, name, Math.max(4, value.data.length * 4));
    upload(state.gpu.device, variable.buffer, value);
    state.variables.set(name, { ...variable, shape: value.shape });
  }
}

function forgetInstances({ instances }: State): void {
  for (const instance of instances.values()) instance.dispose();
  instances.clear();
}

function throwFault({ fault, module }: State): void {
  if (fault !== undefined)
    throw new DeviceFault(
      `${module.info.name} cannot go on: ${fault}`,
      "go on from the last checkpoint: --resume RUN",
    );
}

function knownSizes({ module, variables }: State): Sizes {
  const sizes: Record<string, number> = {};
  for (const info of module.info.variables) {
    const shape = variables.get(info.name)?.shape;
    if (shape !== undefined) bindSizes(info, { shape }, sizes);
  }
  return sizes;
}

function checkReads(fn: FunctionInfo, reads: readonly string[] | undefined): readonly string[] {
  const names = fn.outputs.map((output) => output.name);
  const unknown = reads?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`${fn.name} has no output "${unknown}"; it has ${listed(names)}`);
  return reads ?? names;
}

function variableInfo(info: ProgramInfo, name: string): VariableInfo {
  const found = info.variables.find((variable) => variable.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `${info.name} has no variable "${name}"; it has ${listed(info.variables.map((v) => v.name))}`,
  );
}
