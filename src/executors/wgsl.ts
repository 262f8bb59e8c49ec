/**
 * The target wgsl in Node: a program compiled for WebGPU and handed to Dawn. Kernels share workgroup memory on a
 * hardware adapter; on a software one each invocation works alone, which it compiles and runs faster.
 */
import { functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
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

/** Opens the best adapter of this machine. Throws with a way out where there is none. */
export async function createWgslExecutor(program: Program): Promise<Executor> {
  const gpu = await openDevice(await gpuOfNode());
  if (gpu === undefined)
    throw new TargetUnavailable(
      "WebGPU finds no adapter on this machine",
      "install a graphics driver with Vulkan, Metal or Direct3D 12, or use the target tfjs",
    );
  const executor = createWebGpuExecutor(compileForGpu(program, gpu), gpu);
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
  { adapter }: Pick<GpuDevice, "adapter">,
  sourceLine: SourceLine = () => undefined,
): GpuModule {
  const compiled = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, gpuPassOptions),
  }));
  const style = adapter.kind === "hardware" ? "workgroup" : "invocation";
  return emitGpuModule(program, compiled, version, { style, sourceLine });
}
