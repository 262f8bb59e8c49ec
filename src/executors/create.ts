/** A program made runnable: compiled for a target and handed to that target's executor. */
import { emitModule } from "../../compiler/codegen/tfjs/module.ts";
import type { GpuPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { SourceLine } from "../../compiler/codegen/source-map.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import type { CompileListener } from "../../runtime/webgpu/pipelines.ts";
import { compileProgram } from "../artifacts/compile-program.ts";
import type { TrainingTarget } from "./machine.ts";
import { version } from "../version.ts";

/** How a program is compiled. Of everything but the budget, other targets than the GPU take no notice. */
export interface GpuRequest {
  /** Bytes that a streamed loss may hold for its chunks of classes; the reference computes all of them at once. */
  readonly budgetBytes?: number | undefined;
  /** What kernels may use; by default the best that the adapter offers. */
  readonly path?: GpuPath | undefined;
  /** The text of comments in kernels, which a message about a broken one shows. */
  readonly sourceLine?: SourceLine | undefined;
  /** Whether tiles are measured, and who hears about it. */
  readonly tune?: boolean | undefined;
  readonly note?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears how many kernels are compiled of how many that were asked for. */
  readonly onCompiled?: CompileListener | undefined;
}

/** Of tfjs the wasm backend where it starts, else the plain one. */
export async function createExecutor(
  program: Program,
  target: TrainingTarget,
  gpu: GpuRequest = {},
): Promise<Executor> {
  switch (target) {
    case "reference": {
      const { createReferenceExecutor } = await import("./reference.ts");
      return createReferenceExecutor(program, version);
    }
    case "wgsl": {
      const { createWgslExecutor } = await import("./wgsl.ts");
      return createWgslExecutor(program, gpu);
    }
    case "tfjs": {
      const { loadTfjsModule } = await import("./load-tfjs-module.ts");
      const { createTfjsExecutor, startBackend } = await import("../../runtime/tfjs/index.ts");
      const module = await loadTfjsModule(
        emitModule(program, compileProgram(program, gpu.budgetBytes), version).js,
      );
      return createTfjsExecutor(module, (await startBackend()).backend);
    }
  }
  return target satisfies never;
}
