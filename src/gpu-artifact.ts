/**
 * A program compiled for WebGPU on whatever machine: the stages of its functions, and the texts of its artifact. The
 * kernels of an artifact use what every WebGPU device has. Pure, so that it also runs in a page.
 */
import { plainCapabilities } from "../compiler/codegen/wgsl/capabilities.ts";
import { type GpuStage, type GpuText, emitGpuText } from "../compiler/codegen/wgsl/module.ts";
import type { SourceLine } from "../compiler/codegen/source-map.ts";
import type { KernelStyle } from "../compiler/codegen/wgsl/sink.ts";
import { functionsToCompile } from "../compiler/codegen/tfjs/module.ts";
import { compileFunction, defaultPassOptions } from "../compiler/compile.ts";
import type { PassOptions } from "../compiler/passes/pass.ts";
import type { Program } from "../compiler/program.ts";
import { version } from "./version.ts";

export const gpuPassOptions: PassOptions = { ...defaultPassOptions, target: "wgsl" };

/** Every function of a program, through all passes; `operands` says what those of products are rounded to. */
export function gpuStages(program: Program, operands: PassOptions["operands"] = "f32"): readonly GpuStage[] {
  return functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, { ...gpuPassOptions, operands }),
  }));
}

/** `style` is how the kernels are written: hardware wants workgroups that share memory. */
export function gpuArtifact(
  program: Program,
  sourceLine: SourceLine = () => undefined,
  style: KernelStyle = "workgroup",
): GpuText {
  return emitGpuText(program, gpuStages(program), version, {
    capabilities: plainCapabilities(style),
    sourceLine,
  });
}
