/**
 * Runs a module on a WebGPU device: variables stay there between calls, a call is one submit of one pass, and
 * only the outputs that are asked for come back. The device works while the caller goes on. What belongs to one set
 * of sizes (memory, bind groups) is made at the first call with them and kept for the next.
 */
import { checkInputs, functionNamed, listed } from "../call.ts";
import { DeviceLost } from "../device-fault.ts";
import type { Executor, FunctionInfo, HostTensor, NamedTensors, StartedCall } from "../program.ts";
import type { Sizes } from "../sizes.ts";
import { untilDisposed } from "../until-disposed.ts";
import { type Budget, budgetFor } from "./budget.ts";
import { type GpuDevice, lackOf } from "./device.ts";
import { type Instance, checkFunction, createInstance, nextPrefix } from "./instance.ts";
import { type DeviceMemory, countOf, createMemory, upload } from "./memory.ts";
import { type CompileListener, type Pipelines, createPipelines } from "./pipelines.ts";
import { settled } from "./plan.ts";
import { type ReadBack, createReadBack } from "./read-back.ts";
import type { GpuFunction, GpuModule } from "./schedule.ts";
import { type Variables, createVariables } from "./variables.ts";
import { type Watch, watchDevice } from "./watch.ts";

/** A module on one device, from its start to its loss. */
interface Session {
  readonly gpu: GpuDevice;
  readonly module: GpuModule;
  readonly budget: Budget;
  readonly memory: DeviceMemory;
  readonly pipelines: Pipelines;
  readonly readBack: ReadBack;
  readonly variables: Variables;
  /** By function and sizes, the latest last. */
  readonly instances: Map<string, Instance>;
  readonly watch: Watch;
}

/** Sets of sizes that are kept ready: the batch, the last batch, and the same for evaluation. */
const keptInstances = 6;

/** What concerns one device and not the module. */
export interface WebGpuExecutorOptions {
  /** Hears how many kernels are compiled of how many that were asked for. */
  readonly onCompiled?: CompileListener | undefined;
  /** Bytes that a streamed loss may hold for its chunks; by default the module's number, else the device decides. */
  readonly budgetBytes?: number | undefined;
}

/**
 * Takes the module onto the device. The variables are unset until `initialize` or `write`. Throws a `DeviceFault`, with
 * nothing allocated, where the device lacks a feature of the module.
 */
export function createWebGpuExecutor(
  module: GpuModule,
  gpu: GpuDevice,
  options: WebGpuExecutorOptions = {},
): Executor {
  const lack = lackOf(module, gpu);
  if (lack !== undefined) throw lack;
  let session = openSession(module, gpu, options);
  const inTurn = queue();
  const start = async (name: string, inputs: NamedTensors, reads?: readonly string[]): Promise<StartedCall> =>
    inTurn(() => session.watch.during(() => startCall(session, name, inputs, reads)));
  return untilDisposed({
    info: module.info,
    initialize: (seed) => inTurn(() => session.watch.during(() => initialize(session, seed))),
    start,
    call: async (name, inputs, reads) => (await start(name, inputs, reads)).outputs(),
    read: (names) => inTurn(() => session.watch.during(() => session.variables.read(names))),
    write: (values) => inTurn(() => session.watch.during(() => session.variables.write(values))),
    memory: () => session.memory.held(),
    recover: () =>
      inTurn(async () => {
        const lost = session;
        const next = await lost.gpu.reopen().catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          throw new DeviceLost(module.info.name, `the device was lost, and ${reason}`);
        });
        if (next === undefined)
          throw new DeviceLost(module.info.name, "the device was lost, and there is no adapter any more");
        const lacking = lackOf(module, next);
        if (lacking !== undefined) {
          next.device.destroy();
          throw lacking;
        }
        closeSession(lost);
        if (lost.gpu !== gpu) lost.gpu.device.destroy();
        session = openSession(module, next, options);
      }),
    dispose: () => {
      closeSession(session);
      // The first device belongs to whoever handed it in.
      if (session.gpu !== gpu) session.gpu.device.destroy();
    },
  });
}

function openSession(
  module: GpuModule,
  gpu: GpuDevice,
  { onCompiled, budgetBytes }: WebGpuExecutorOptions,
): Session {
  const memory = createMemory(gpu);
  const readBack = createReadBack(memory);
  const instances = new Map<string, Instance>();
  const onMoved = (): void => forgetInstances(instances);
  return {
    gpu,
    module,
    budget: budgetFor(module, gpu, budgetBytes),
    memory,
    pipelines: createPipelines(gpu.device, module.kernels, onCompiled),
    readBack,
    variables: createVariables({ gpu, info: module.info, memory, readBack, onMoved }),
    instances,
    watch: watchDevice(gpu, module.info.name),
  };
}

function closeSession({ watch, memory, instances }: Session): void {
  watch.stop();
  instances.clear();
  memory.freeAll();
}

/** Calls share buffers, so each waits until the one before it was submitted. */
function queue(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run, run);
    last = next;
    return next;
  };
}

async function initialize(session: Session, seed: number): Promise<void> {
  const counters = Object.entries({ seed, step: 0, epoch: 0 }).map(
    ([name, value]) => [name, scalar(value)] as const,
  );
  await submit(session, "initialize", Object.fromEntries(counters), {}, []);
}

function scalar(value: number): HostTensor {
  return { dtype: "i32", shape: [], data: Int32Array.of(value) };
}

async function startCall(
  session: Session,
  name: string,
  inputs: NamedTensors,
  reads: readonly string[] | undefined,
): Promise<StartedCall> {
  const fn = functionNamed(session.module.info, name);
  const wanted = checkReads(fn, reads);
  const sizes = checkInputs(fn, inputs, session.variables.sizes());
  const values = await submit(session, name, inputs, sizes, wanted);
  return { outputs: () => session.watch.during(values) };
}

/** One submit of one pass; new values go into the variables when everything that reads the old ones has run. */
async function submit(
  session: Session,
  name: string,
  inputs: NamedTensors,
  sizes: Sizes,
  wanted: readonly string[],
): Promise<() => Promise<NamedTensors>> {
  const { device } = session.gpu;
  const fn = session.module.functions[name];
  if (fn === undefined)
    throw new Error(`the module of ${session.module.info.name} lacks its function ${name}`);
  const shapes = nextShapes(fn, sizes);
  if (name === "initialize") {
    // First values are written where the variables lie, so those are there before.
    checkFunction(session, fn, sizes);
    await session.variables.place(shapes);
  }
  const instance = await instanceFor(session, name, fn, sizes);
  const places = await session.variables.place(shapes);
  for (const [input, buffer] of instance.inputs) {
    const value = inputs[input];
    if (value === undefined) throw new Error(`${name} needs the input "${input}"`);
    upload(device, buffer, value);
  }
  const encoder = device.createCommandEncoder({ label: name });
  const pass = encoder.beginComputePass({ label: name });
  instance.encode(pass);
  pass.end();
  for (const { name: next, shape, buffer, inPlace } of instance.outputs) {
    // What is copied was bound whole, so it lies in one buffer.
    const [variable] = places.get(next.slice(nextPrefix.length)) ?? [];
    if (next.startsWith(nextPrefix) && variable !== undefined && !inPlace)
      encoder.copyBufferToBuffer(buffer, 0, variable, 0, Math.max(4, countOf(shape) * 4));
  }
  const results = instance.outputs.filter((output) => wanted.includes(output.name));
  const values = session.readBack.copy(encoder, results);
  device.queue.submit([encoder.finish()]);
  return values;
}

/** The variables that a function gives new values, with their shapes. */
function nextShapes({ outputs }: GpuFunction, sizes: Sizes): Record<string, readonly number[]> {
  const nexts = outputs.filter(({ name }) => name.startsWith(nextPrefix));
  return Object.fromEntries(
    nexts.map(({ name, shape }) => [
      name.slice(nextPrefix.length),
      shape.map((size) => settled(size, sizes)),
    ]),
  );
}

async function instanceFor(session: Session, name: string, fn: GpuFunction, sizes: Sizes): Promise<Instance> {
  const { gpu, module, budget, memory, pipelines, instances } = session;
  const key = `${name} ${JSON.stringify(Object.entries(sizes).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  const known = instances.get(key);
  if (known !== undefined) {
    instances.delete(key);
    instances.set(key, known);
    return known;
  }
  const variable = session.variables.shards;
  const [oldest] = instances.keys();
  if (instances.size >= keptInstances && oldest !== undefined) {
    instances.get(oldest)?.dispose();
    instances.delete(oldest);
  }
  const made = await createInstance({ gpu, module, budget, memory, pipelines, variable }, name, fn, sizes);
  instances.set(key, made);
  return made;
}

function forgetInstances(instances: Map<string, Instance>): void {
  for (const instance of instances.values()) instance.dispose();
  instances.clear();
}

function checkReads(fn: FunctionInfo, reads: readonly string[] | undefined): readonly string[] {
  const names = fn.outputs.map((output) => output.name);
  const unknown = reads?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`${fn.name} has no output "${unknown}"; it has ${listed(names)}`);
  return reads ?? names;
}
