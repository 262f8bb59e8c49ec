/**
 * The target wgsl in Node: a program compiled for what the machine's adapter offers, or for a path that the user asks
 * for, and handed to Dawn.
 */
import { choosePath, gpuPaths, pathRules } from "../../compiler/codegen/wgsl/capabilities.ts";
import { emitGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import { type GpuDevice, openDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import type { GpuModule } from "../../runtime/webgpu/schedule.ts";
import { gpuStages } from "../gpu-artifact.ts";
import { version } from "../version.ts";
import { noAdapter } from "./adapter.ts";
import type { GpuRequest } from "./create.ts";
import { gpuOfNode } from "./dawn.ts";
import { TargetUnavailable } from "./unavailable.ts";

/** Opens the best adapter of this machine. Throws with a way out where there is none, or where it lacks the path. */
export async function createWgslExecutor(program: Program, request: GpuRequest = {}): Promise<Executor> {
  const gpu = await openDevice(await gpuOfNode());
  if (gpu === undefined) throw new TargetUnavailable(noAdapter.reason, noAdapter.help);
  const executor = createWebGpuExecutor(compileForGpu(program, gpu, request), gpu, request.onCompiled);
  return {
    ...executor,
    dispose: () => {
      executor.dispose();
      gpu.device.destroy();
    },
  };
}

export function compileForGpu(
  program: Program,
  { adapter, offer }: Pick<GpuDevice, "adapter" | "offer">,
  { path, sourceLine = () => undefined }: GpuRequest = {},
): GpuModule {
  const choice = choosePath(offer, path);
  if (choice.kind === "lacking")
    throw new TargetUnavailable(
      `${adapter.name} lacks ${choice.lacks.join(", ")} for --gpu ${choice.path}`,
      `it can do ${gpuPaths.filter((each) => pathRules[each].lacks(offer).length === 0).join(", ")}`,
    );
  const { capabilities } = choice;
  const stages = gpuStages(program, capabilities.half ? "f16" : "f32");
  return emitGpuModule(program, stages, version, { capabilities, sourceLine });
}
