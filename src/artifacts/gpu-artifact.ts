/**
 * A program compiled for WebGPU on whatever machine: the stages of its functions, and the texts of its artifact. No
 * adapter is known then, so the kernels of an artifact use what a path asks for and nothing else. Pure, so that it also
 * runs in a page.
 */
import {
  type BuiltPath,
  type Capabilities,
  builtCapabilities,
  plainCapabilities,
} from "../../compiler/codegen/wgsl/capabilities.ts";
import type { GpuEmission } from "../../compiler/codegen/wgsl/function.ts";
import {
  type GpuStage,
  type GpuText,
  emitGpuModule,
  emitGpuText,
} from "../../compiler/codegen/wgsl/module.ts";
import type { SourceLine } from "../../compiler/codegen/source-map.ts";
import { functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
import { compileFunction, defaultPassOptions } from "../../compiler/compile.ts";
import { type PassOptions, withBudget } from "../../compiler/passes/pass.ts";
import type { Program } from "../../compiler/program.ts";
import type { GpuModule, GpuOffer } from "../../runtime/webgpu/schedule.ts";
import { version } from "../version.ts";

export const gpuPassOptions: PassOptions = { ...defaultPassOptions, target: "wgsl" };

/** The passes round what kernels may store as f16, and fuse what they may bind. */
export function passOptionsFor({ half, buffers }: Capabilities): PassOptions {
  return { ...gpuPassOptions, operands: half ? "f16" : "f32", buffers };
}

export interface GpuStageOptions {
  /** What the kernels may use that are made of the stages. */
  readonly capabilities?: Capabilities;
  /** Bytes that a streamed loss may hold; else the device decides. */
  readonly budgetBytes?: number | undefined;
}

/** Every function of a program, through all passes. */
export function gpuStages(
  program: Program,
  { capabilities = plainCapabilities("workgroup"), budgetBytes }: GpuStageOptions = {},
): readonly GpuStage[] {
  const options = withBudget(passOptionsFor(capabilities), budgetBytes);
  return functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, options),
  }));
}

/** The kernels for a device that is there. */
export function gpuModuleFor(
  program: Program,
  { budgetBytes, ...emission }: GpuEmission & Pick<GpuStageOptions, "budgetBytes">,
): GpuModule {
  const { capabilities } = emission;
  return emitGpuModule(program, gpuStages(program, { capabilities, budgetBytes }), version, emission);
}

export interface GpuArtifactOptions {
  /** The text of comments in kernels. */
  readonly sourceLine?: SourceLine;
  /** What kernels may use; `plain`, which every device runs, unless it is said. */
  readonly path?: BuiltPath | undefined;
  /** The kind of adapter that runs them faster than the other: hardware wants workgroups that share memory. */
  readonly kernelsFor?: GpuOffer["kind"];
  readonly budgetBytes?: GpuStageOptions["budgetBytes"];
}

export function gpuArtifact(
  program: Program,
  {
    sourceLine = () => undefined,
    path = "plain",
    kernelsFor = "hardware",
    budgetBytes,
  }: GpuArtifactOptions = {},
): GpuText {
  const capabilities = builtCapabilities(path, kernelsFor);
  const stages = gpuStages(program, { capabilities, budgetBytes });
  return emitGpuText(program, stages, version, { capabilities, sourceLine });
}
