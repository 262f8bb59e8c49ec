/** The plan of a function for WebGPU, for `margo ir`: the buffers that the runtime allocates, slots and dispatches. */
import { plainCapabilities } from "../../compiler/codegen/wgsl/capabilities.ts";
import { emitGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import type { Bindings } from "../../compiler/ir/dim.ts";
import type { Stage } from "../../compiler/passes/pass.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { type Footprint, footprintOf } from "../../runtime/webgpu/footprint.ts";
import { bytes as bytesText } from "../report/numbers.ts";
import { version } from "../version.ts";

export interface GpuPlan extends Footprint {
  /** Kernels of the function; dispatches of the same structure share one. */
  readonly gpuKernels: readonly string[];
}

export function gpuPlanOf(program: Program, fn: ProgramFunction, stage: Stage): GpuPlan {
  const capabilities = { ...plainCapabilities("workgroup"), half: stage.options.operands === "f16" };
  const module = emitGpuModule(program, [{ fn, stage }], version, {
    capabilities,
    sourceLine: () => undefined,
  });
  return {
    ...footprintOf(module, fn.name, stage.options.dims),
    gpuKernels: module.kernels.map(({ name }) => name),
  };
}

export function gpuPlanText(plan: GpuPlan, sizes: Bindings): string {
  const shown = Object.entries(sizes).map(([key, size]) => `${key} = ${size}`);
  const lines = [
    `plan for the GPU${shown.length === 0 ? "" : ` with ${shown.join(", ")}`}: ${plan.dispatches} dispatches of ${plan.gpuKernels.length} kernels`,
    ...plan.buffers.map(
      ({ kind, name = "", bytes, slot }, index) =>
        `  buffer ${index}: ${kind} ${name === "" ? "" : `${name} `}${bytes} bytes${slot === undefined ? "" : `, slot ${slot}`}`,
    ),
    `  parameters ${bytesText(plan.parameterBytes)}, all variables ${bytesText(plan.variableBytes)}, peak ${bytesText(plan.peakBytes)}`,
  ];
  return lines.map((line) => `// ${line}\n`).join("");
}
