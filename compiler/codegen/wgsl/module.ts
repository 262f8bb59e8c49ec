/**
 * The wgsl target: a program as plain data (kernels as WGSL text and static schedules) and as the text of an ES
 * module that exports it. No code is emitted but WGSL; the runtime that runs it holds no compiler.
 */
import { programInfo } from "../../artifact.ts";
import type { Program, ProgramFunction } from "../../program.ts";
import type { Stage } from "../../passes/pass.ts";
import type { GpuModule } from "../../../runtime/webgpu/schedule.ts";
import { plainCapabilities } from "./capabilities.ts";
import { type GpuEmission, emitFunction } from "./function.ts";
import { createKernelTable } from "./kernel-table.ts";

/** A function of the program and the stage that the passes made of it for the target `wgsl`. */
export interface GpuStage {
  readonly fn: ProgramFunction;
  readonly stage: Stage;
}

/** The module of a program; `compiled` holds a stage for each function, `initialize` among them. */
export function emitGpuModule(
  program: Program,
  compiled: readonly GpuStage[],
  version: string,
  emission: GpuEmission = { capabilities: plainCapabilities("workgroup"), sourceLine: () => undefined },
): GpuModule {
  const kernels = createKernelTable();
  const functions = Object.fromEntries(
    compiled.map(({ fn, stage }) => [fn.name, emitFunction(stage, kernels, emission)]),
  );
  return { info: programInfo(program, "wgsl", version), kernels: kernels.kernels(), functions };
}

/** An ES module without imports that exports the data. */
export function printGpuModule(module: GpuModule): string {
  return [
    `/** ${module.info.name}: compiled from Margo for WebGPU. Hand it to the runtime's createWebGpuExecutor. */`,
    `export const module = ${JSON.stringify(module, undefined, 2)};`,
    "",
  ].join("\n");
}

/** The kernels as one readable text. */
export function printWgsl(module: GpuModule): string {
  return module.kernels.map(({ code }) => code).join("\n");
}
