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
import { type PassOptions, withBudget } from "../compiler/passes/pass.ts";
import type { Program } from "../compiler/program.ts";
import { version } from "./version.ts";

export const gpuPassOptions: PassOptions = { ...defaultPassOptions, target: "wgsl" };

export interface GpuStageOptions {
  /** What operands of products are rounded to. */
  readonly operands?: PassOptions["operands"];
  /** Bytes that a streamed loss may hold; else the device decides. */
  readonly budgetBytes?: number | undefined;
}

/** Every function of a program, through all passes. */
export function gpuStages(
  program: Program,
  { operands = "f32", budgetBytes }: GpuStageOptions = {},
): readonly GpuStage[] {
  const options = withBudget({ ...gpuPassOptions, operands }, budgetBytes);
  return functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, options),
  }));
}

export interface GpuArtifactOptions {
  /** The text of comments in kernels. */
  readonly sourceLine?: SourceLine;
  /** How the kernels are written: hardware wants workgroups that share memory. */
  readonly style?: KernelStyle;
  readonly budgetBytes?: GpuStageOptions["budgetBytes"];
}

export function gpuArtifact(
  program: Program,
  { sourceLine = () => undefined, style = "workgroup", budgetBytes }: GpuArtifactOptions = {},
): GpuText {
  return emitGpuText(program, gpuStages(program, { budgetBytes }), version, {
    capabilities: plainCapabilities(style),
    sourceLine,
  });
}
