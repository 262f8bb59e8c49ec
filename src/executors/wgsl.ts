/**
 * The target wgsl in Node: a program compiled for what the machine's adapter offers, or for a path that the user asks
 * for, and handed to Dawn.
 */
import { functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
import { type GpuPath, choosePath, gpuPaths, pathRules } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { SourceLine } from "../../compiler/codegen/wgsl/function.ts";
import { emitGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import { compileFunction, defaultPassOptions } from "../../compiler/compile.ts";
import type { PassOptions } from "../../compiler/passes/pass.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import { type GpuDevice, openDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import type { GpuModule } from "../../runtime/webgpu/schedule.ts";
import { version } from "../version.ts";
import { gpuOfNode } from "./dawn.ts";
import { TargetUnavailable } from "./unavailable.ts";

const gpuPassOptions: PassOptions = { ...defaultPassOptions, target: "wgsl" };

/** Opens the best adapter of this machine. Throws with a way out where there is none, or where it lacks the path. */
export async function createWgslExecutor(program: Program, path?: GpuPath): Promise<Executor> {
  const gpu = await openDevice(await gpuOfNode());
  if (gpu === undefined)
    throw new TargetUnavailable(
      "WebGPU finds no adapter on this machine",
      "install a graphics driver with Vulkan, Metal or Direct3D 12, or use the target tfjs",
    );
  const executor = createWebGpuExecutor(compileForGpu(program, gpu, path), gpu);
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
  path?: GpuPath,
  sourceLine: SourceLine = () => undefined,
): GpuModule {
  const choice = choosePath(offer, path);
  if (choice.kind === "lacking")
    throw new TargetUnavailable(
      `${adapter.name} lacks ${choice.lacks.join(", ")} for --gpu ${choice.path}`,
      `it can do ${gpuPaths.filter((each) => pathRules[each].lacks(offer).length === 0).join(", ")}`,
    );
  const { capabilities } = choice;
  const compiled = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, gpuPassOptions),
  }));
  return emitGpuModule(program, compiled, version, { capabilities, sourceLine });
}
