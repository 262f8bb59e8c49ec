/**
 * The target wgsl in Node: a program compiled for what the machine's adapter offers, or for a path that the user asks
 * for, and handed to Dawn.
 */
import {
  type Capabilities,
  choosePath,
  gpuPaths,
  pathRules,
} from "../../compiler/codegen/wgsl/capabilities.ts";
import type { TileChoice } from "../../compiler/codegen/wgsl/tile-table.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import { type GpuDevice, openDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import type { GpuModule } from "../../runtime/webgpu/schedule.ts";
import { gpuModuleFor } from "../artifacts/gpu-artifact.ts";
import { noAdapter } from "./adapter.ts";
import type { ExecutorRequest } from "./create.ts";
import { gpuOfNode } from "./dawn.ts";
import { measuredTiles } from "./measured-tiles.ts";
import { TargetUnavailable } from "./unavailable.ts";

/** Opens the best adapter of this machine. Throws with a way out where there is none, or where it lacks the path. */
export async function createWgslExecutor(program: Program, request: ExecutorRequest = {}): Promise<Executor> {
  const gpu = await openDevice(await gpuOfNode());
  if (gpu === undefined) throw new TargetUnavailable(noAdapter.reason, noAdapter.help);
  try {
    return await createExecutor(program, gpu, request);
  } catch (error) {
    gpu.device.destroy();
    throw error;
  }
}

/** On an open device, which it takes with it when it is disposed of. */
async function createExecutor(program: Program, gpu: GpuDevice, request: ExecutorRequest): Promise<Executor> {
  const tileOf = request.tune === true ? await tunedTiles(program, gpu, request) : () => undefined;
  const module = compileForGpu(program, gpu, request, tileOf);
  const executor = createWebGpuExecutor(module, gpu, { onCompiled: request.onCompiled });
  return {
    ...executor,
    dispose: () => {
      executor.dispose();
      gpu.device.destroy();
    },
  };
}

/** Asks the products of the program for their sizes, and the device for the fastest tiles. */
async function tunedTiles(program: Program, gpu: GpuDevice, request: ExecutorRequest): Promise<TileChoice> {
  const buckets = new Set<string>();
  compileForGpu(program, gpu, request, (bucket) => {
    buckets.add(bucket);
    return undefined;
  });
  const capabilities = capabilitiesOf(gpu, request);
  const { note = () => undefined } = request;
  const table = await measuredTiles(gpu, { buckets, capabilities, note, signal: request.signal });
  return (bucket) => table[bucket];
}

/** Throws where the adapter lacks the path that is asked for. */
function capabilitiesOf(
  { adapter, offer }: Pick<GpuDevice, "adapter" | "offer">,
  { path }: ExecutorRequest,
): Capabilities {
  const choice = choosePath(offer, path);
  if (choice.kind === "chosen") return choice.capabilities;
  throw new TargetUnavailable(
    `${adapter.name} lacks ${choice.lacks.join(", ")} for --gpu ${choice.path}`,
    `it can do ${gpuPaths.filter((each) => pathRules[each].lacks(offer).length === 0).join(", ")}`,
  );
}

export function compileForGpu(
  program: Program,
  gpu: Pick<GpuDevice, "adapter" | "offer">,
  request: ExecutorRequest = {},
  tileOf: TileChoice = () => undefined,
): GpuModule {
  const capabilities = capabilitiesOf(gpu, request);
  const { sourceLine = () => undefined, budgetBytes } = request;
  return gpuModuleFor(program, { capabilities, budgetBytes, sourceLine, tileOf });
}
