/**
 * A compiled program made runnable in a page: on WebGPU where the browser has a hardware adapter, else on tfjs. A
 * module and the executor that runs it are loaded when they are used, so a page that trains on WebGPU never
 * downloads tfjs. What was passed over, and why, is part of the answer.
 */
import { DeviceFault } from "./device-fault.ts";
import type { Executor, TrainingInfo } from "./program.ts";
import type { BackendOptions } from "./tfjs/backend.ts";
import type { EmittedModule } from "./tfjs/executor.ts";
import { type GpuDevice, gpuOfPage, lackOf, openDevice } from "./webgpu/device.ts";
import { createWebGpuExecutor } from "./webgpu/executor.ts";
import type { CompileListener } from "./webgpu/pipelines.ts";
import type { GpuModule, GpuOffer } from "./webgpu/schedule.ts";

/** What can run a program in a page: WebGPU by kernels in WGSL, or tfjs. */
export type PageTarget = "wgsl" | "tfjs";

/** What a target's module exports. A bundler adds where tfjs finds its .wasm files. */
export interface TargetModules {
  readonly wgsl: { readonly module: GpuModule };
  readonly tfjs: EmittedModule & { readonly wasmPaths?: BackendOptions["wasmPath"] };
}

/** An entry of a .margo file as `margo-lang/vite` imports it, or as you put it together from `margo build`'s files. */
export interface CompiledProgram {
  readonly name: string;
  readonly training?: TrainingInfo;
  /** How each target's module is loaded. For WebGPU it may be one of several, by what the device offers. */
  readonly modules: {
    readonly wgsl?: (offer: GpuOffer) => Promise<TargetModules["wgsl"]>;
    readonly tfjs?: () => Promise<TargetModules["tfjs"]>;
  };
}

/** Where a program is opened, unless the best place is to be found. */
export interface OpenOptions {
  /** `auto`, which is the default, takes WebGPU on a hardware adapter that can run the module, else tfjs. */
  readonly target?: PageTarget | "auto";
  /** The GPU to ask; by default the page's. */
  readonly gpu?: GPU;
  /** On WebGPU: bytes that a streamed loss may hold for its chunks of classes; by default the device decides. */
  readonly budgetBytes?: number;
  /** On WebGPU: hears how many kernels are compiled of how many that were asked for; the first steps wait for them. */
  readonly onCompiled?: CompileListener;
  /** Where tfjs finds its .wasm files, unless the module says it. */
  readonly wasmPath?: BackendOptions["wasmPath"];
}

/** A program that can run. Its variables are unset until `createTrainer`, `initialize` or `write`. */
export interface OpenedProgram {
  readonly executor: Executor;
  readonly target: PageTarget;
  /** What it runs on, for people. */
  readonly device: string;
  /** Why something faster was passed over; absent where nothing was. */
  readonly reason?: string;
}

/**
 * Opens a program where it runs best, or where it is told to. Throws a `DeviceFault` with a way out when it runs on nothing
 * that this page has, and when what was given is no compiled program or no target.
 */
export async function openProgram(
  program: CompiledProgram,
  options: OpenOptions = {},
): Promise<OpenedProgram> {
  const { target = "auto" } = options;
  checkCall(program, target);
  if (target === "tfjs") return openOnTfjs(program, options, undefined);
  const gpu = await findDevice(program, options);
  if (typeof gpu === "string") {
    if (target === "wgsl") throw new DeviceFault(gpu, "use the target tfjs, which runs in every browser");
    return openOnTfjs(program, options, gpu);
  }
  try {
    return await openOnDevice(program, gpu, options);
  } catch (error) {
    gpu.device.destroy();
    throw error;
  }
}

function checkCall(program: CompiledProgram, target: string): void {
  if (!["auto", "wgsl", "tfjs"].includes(target))
    throw new DeviceFault(`there is no target ${JSON.stringify(target)}`, "take auto, wgsl or tfjs");
  const { wgsl, tfjs }: Partial<CompiledProgram["modules"]> = program?.modules ?? {};
  if (typeof wgsl !== "function" && typeof tfjs !== "function")
    throw new DeviceFault(
      `${program?.name ?? "what was given"} says of no module how it is loaded`,
      'give modules: { tfjs: () => import("./Name.js") }, wgsl, or both',
    );
}

/** On the device, unless tfjs may take its place and is faster, or the device lacks what the module was compiled for. */
async function openOnDevice(
  program: CompiledProgram,
  gpu: GpuDevice,
  options: OpenOptions,
): Promise<OpenedProgram> {
  const { adapter, device, offer } = gpu;
  const passOver = (reason: string): Promise<OpenedProgram> => {
    device.destroy();
    return openOnTfjs(program, options, reason);
  };
  const hasChoice = options.target !== "wgsl" && program.modules.tfjs !== undefined;
  if (hasChoice && adapter.kind === "software")
    return passOver(`WebGPU has only ${adapter.name} here, which is slower`);
  const load = program.modules.wgsl;
  if (load === undefined) throw missingTarget(program, "wgsl");
  const module = (await load(offer))?.module;
  if (module?.kernels === undefined) throw notCompiled(program, "wgsl");
  const lack = lackOf(module, gpu);
  return hasChoice && lack !== undefined ? passOver(lack.message) : openOnGpu(module, gpu, options);
}

/** A device, or why there is none. */
async function findDevice(program: CompiledProgram, options: OpenOptions): Promise<GpuDevice | string> {
  if (program.modules.wgsl === undefined) return `${program.name} was not compiled for WebGPU`;
  try {
    const gpu = await openDevice(options.gpu ?? gpuOfPage());
    return gpu ?? "this browser offers WebGPU, but no adapter: its driver may be blocked or missing";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function openOnGpu(
  module: GpuModule,
  gpu: GpuDevice,
  { budgetBytes, onCompiled }: OpenOptions,
): OpenedProgram {
  const executor = createWebGpuExecutor(module, gpu, { budgetBytes, onCompiled });
  const dispose = (): void => {
    executor.dispose();
    gpu.device.destroy();
  };
  return { executor: { ...executor, dispose }, target: "wgsl", device: `WebGPU, ${gpu.adapter.name}` };
}

async function openOnTfjs(
  program: CompiledProgram,
  options: OpenOptions,
  passedOver: string | undefined,
): Promise<OpenedProgram> {
  const load = program.modules.tfjs;
  if (load === undefined && passedOver !== undefined)
    throw new DeviceFault(passedOver, `compile ${program.name} for tfjs too, which runs in every browser`);
  if (load === undefined) throw missingTarget(program, "tfjs");
  const [module, tfjs] = await Promise.all([load(), import("./tfjs/index.ts")]);
  if (module?.info === undefined || module.functions === undefined) throw notCompiled(program, "tfjs");
  const wasmPath = options.wasmPath ?? module.wasmPaths;
  const backendOptions = wasmPath === undefined ? {} : { wasmPath };
  const started = await tfjs.startBackend(backendOptions);
  const executor = await tfjs.createTfjsExecutor(module, started.backend, backendOptions);
  const reasons = [passedOver, started.reason].filter((reason) => reason !== undefined);
  return {
    executor,
    target: "tfjs",
    device: await tfjs.describeBackend(),
    ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") }),
  };
}

function notCompiled({ name }: CompiledProgram, target: PageTarget): DeviceFault {
  return new DeviceFault(
    `what ${name} loads for ${target} is no module that was compiled for it`,
    `load what \`margo build --target ${target}\` writes: () => import("./${name}.js")`,
  );
}

function missingTarget(program: CompiledProgram, target: PageTarget): DeviceFault {
  const there = Object.keys(program.modules).join(" and ");
  return new DeviceFault(
    `${program.name} was compiled for ${there} and not for ${target}`,
    `add the target ${target} where it is compiled`,
  );
}
