/**
 * Runs an emitted tfjs module: variables stay on the device as tensors, inputs are uploaded once a call,
 * and only the outputs that are asked for are copied back. The module itself says which statements run and
 * disposes what it makes; this file owns the tensors that live between calls.
 */
import * as tf from "@tensorflow/tfjs-core";
import { bindSizes, checkInputs, checkValue, functionNamed, listed } from "../call.ts";
import type {
  DType,
  Executor,
  FunctionInfo,
  HostTensor,
  NamedTensors,
  ProgramInfo,
  VariableInfo,
} from "../program.ts";
import type { Sizes } from "../sizes.ts";
import { untilDisposed } from "../until-disposed.ts";
import { type BackendName, type BackendOptions, loadBackend } from "./backend.ts";
import { type DataType, type Heap, heapOfActiveBackend } from "./heap.ts";
import { type Kernels, createKernels } from "./kernels.ts";

export type TensorsByName = Readonly<Record<string, tf.Tensor>>;

/**
 * One function of an emitted module. It disposes all it makes but what it returns. Under `next:NAME` it
 * returns the new value of a variable, which may be the variable's own tensor, updated in place.
 */
export type EmittedFunction = (
  tensorflow: typeof tf,
  kernels: Kernels,
  inputs: TensorsByName,
  variables: TensorsByName,
  sizes: Sizes,
) => TensorsByName;

/** What the text of an emitted module exports. `initialize` gives every variable's first value. */
export interface EmittedModule {
  readonly info: ProgramInfo;
  readonly functions: Readonly<Record<string, EmittedFunction>>;
}

interface Device {
  readonly module: EmittedModule;
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly variables: Map<string, tf.Tensor>;
  /** tfjs has one active backend; another executor may have changed it. */
  readonly activate: () => Promise<void>;
}

/** Starts the backend and takes the module. The variables are unset until `initialize` or `write`. */
export async function createTfjsExecutor(
  module: EmittedModule,
  backend: BackendName,
  options: BackendOptions = {},
): Promise<Executor> {
  const activate = async (): Promise<void> => {
    if (tf.getBackend() !== backend) await loadBackend(backend, options);
  };
  await loadBackend(backend, options);
  const device: Device = {
    module,
    heap: heapOfActiveBackend(),
    kernels: createKernels(),
    variables: new Map(),
    activate,
  };
  return untilDisposed({
    info: module.info,
    initialize: (seed) => initialize(device, seed),
    call: (name, inputs, reads) => call(device, name, inputs, reads),
    read: (names) => read(device, names),
    write: (values) => write(device, values),
    memory: () => {
      const { numBytes, numTensors } = tf.memory();
      return { bytes: numBytes, tensors: numTensors };
    },
    dispose: () => {
      for (const tensor of device.variables.values()) tensor.dispose();
      device.variables.clear();
      device.kernels.dispose();
    },
  });
}

async function initialize(device: Device, seed: number): Promise<void> {
  await device.activate();
  const counters = Object.fromEntries(
    Object.entries({ seed, step: 0, epoch: 0 }).map(([name, value]) => [name, tf.scalar(value, "int32")]),
  );
  const outputs = runFunction(device, "initialize", counters, {}, {});
  tf.dispose(Object.values(counters));
  keepNext(device, outputs);
}

async function call(
  device: Device,
  name: string,
  inputs: NamedTensors,
  reads?: readonly string[],
): Promise<NamedTensors> {
  const fn = functionNamed(device.module.info, name);
  const wanted = checkReads(fn, reads);
  // From here on nothing is waited for: another call would replace the variables that this one holds.
  await device.activate();
  const variables = allVariables(device);
  const sizes = checkInputs(fn, inputs, knownSizes(device));
  const fed = Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [key, upload(device.heap, value)]),
  );
  try {
    const outputs = runFunction(device, name, fed, variables, sizes);
    const results = Object.fromEntries(
      wanted.map((key) => [key, download(device.heap, outputOf(outputs, key))]),
    );
    keepNext(device, outputs);
    return results;
  } finally {
    tf.dispose(Object.values(fed));
  }
}

/** The scope frees what is left over when a function throws half-way. */
function runFunction(
  { module, kernels }: Device,
  name: string,
  inputs: TensorsByName,
  variables: TensorsByName,
  sizes: Sizes,
): TensorsByName {
  const run = module.functions[name];
  if (run === undefined) throw new Error(`the module of ${module.info.name} lacks its function ${name}`);
  const engine = tf.engine();
  engine.startScope(name);
  let outputs: TensorsByName = {};
  try {
    outputs = run(tf, kernels, inputs, variables, sizes);
  } finally {
    engine.endScope(outputs);
  }
  return outputs;
}

/** Takes over new values of variables and frees every other output. */
function keepNext({ variables }: Device, outputs: TensorsByName): void {
  for (const [key, tensor] of Object.entries(outputs)) {
    if (!key.startsWith("next:")) {
      tensor.dispose();
      continue;
    }
    const name = key.slice("next:".length);
    const old = variables.get(name);
    if (old !== tensor) old?.dispose();
    variables.set(name, tensor);
  }
}

async function read(
  { module, heap, variables, activate }: Device,
  names?: readonly string[],
): Promise<NamedTensors> {
  await activate();
  const wanted = names ?? module.info.variables.map((variable) => variable.name);
  return Object.fromEntries(
    wanted.map((name) => {
      variableInfo(module.info, name);
      const tensor = variables.get(name);
      if (tensor === undefined)
        throw new Error(`${name} has no value yet: initialize the program or write it first`);
      return [name, download(heap, tensor)];
    }),
  );
}

async function write(device: Device, values: NamedTensors): Promise<void> {
  const { module, heap, variables } = device;
  // All are checked before any is replaced.
  for (const [name, value] of Object.entries(values)) checkValue(variableInfo(module.info, name), value, {});
  await device.activate();
  for (const [name, value] of Object.entries(values)) {
    variables.get(name)?.dispose();
    variables.set(name, upload(heap, value));
  }
}

function checkReads(fn: FunctionInfo, reads: readonly string[] | undefined): readonly string[] {
  const names = fn.outputs.map((output) => output.name);
  const unknown = reads?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`${fn.name} has no output "${unknown}"; it has ${listed(names)}`);
  return reads ?? names;
}

function outputOf(outputs: TensorsByName, name: string): tf.Tensor {
  const tensor = outputs[name];
  if (tensor === undefined) throw new Error(`the emitted function did not return ${name}`);
  return tensor;
}

function allVariables({ module, variables }: Device): TensorsByName {
  const missing = module.info.variables.filter(({ name }) => !variables.has(name));
  if (missing.length > 0)
    throw new Error(
      `${listed(missing.map(({ name }) => name))} of ${module.info.name} has no value yet: initialize first`,
    );
  return Object.fromEntries(variables);
}

function knownSizes({ module, variables }: Device): Sizes {
  const sizes: Record<string, number> = {};
  for (const info of module.info.variables) {
    const tensor = variables.get(info.name);
    if (tensor !== undefined) bindSizes(info, tensor, sizes);
  }
  return sizes;
}

function variableInfo(info: ProgramInfo, name: string): VariableInfo {
  const found = info.variables.find((variable) => variable.name === name);
  if (found === undefined)
    throw new Error(
      `${info.name} has no variable "${name}"; it has ${listed(info.variables.map((v) => v.name))}`,
    );
  return found;
}

const dataTypes: { readonly [K in DType]: DataType } = { f32: "float32", i32: "int32", bool: "bool" };
const elementTypes: Readonly<Record<string, DType>> = { float32: "f32", int32: "i32", bool: "bool" };

function upload(heap: Heap, value: HostTensor): tf.Tensor {
  const tensor = heap.make(value.shape, dataTypes[value.dtype]);
  heap.view(tensor).set(value.data);
  return tensor;
}

function download(heap: Heap, tensor: tf.Tensor): HostTensor {
  return {
    dtype: elementTypes[tensor.dtype] ?? "f32",
    shape: [...tensor.shape],
    data: heap.view(tensor).slice(),
  };
}
