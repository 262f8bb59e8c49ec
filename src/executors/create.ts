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

/** How a program is compiled and run. A target takes no notice of what is said for another one. */
export interface ExecutorRequest {
  /** Bytes that a streamed loss may hold for its chunks of classes; the reference computes all of them at once. */
  readonly budgetBytes?: number | undefined;
  /** Hears what people should know of the start. */
  readonly note?: ((text: string) => void) | undefined;
  /** On tfjs: threads for products and convolutions, by default one. */
  readonly threads?: number | undefined;
  /** From here on, of the GPU. What kernels may use; by default the best that the adapter offers. */
  readonly path?: GpuPath | undefined;
  /** The text of comments in kernels, which a message about a broken one shows. */
  readonly sourceLine?: SourceLine | undefined;
  /** Whether tiles are measured. */
  readonly tune?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears how many kernels are compiled of how many that were asked for. */
  readonly onCompiled?: CompileListener | undefined;
}

/** Of tfjs the wasm backend where it starts, else the plain one. */
export async function createExecutor(
  program: Program,
  target: TrainingTarget,
  request: ExecutorRequest = {},
): Promise<Executor> {
  switch (target) {
    case "reference": {
      const { createReferenceExecutor } = await import("./reference.ts");
      return createReferenceExecutor(program, version);
    }
    case "wgsl": {
      const { createWgslExecutor } = await import("./wgsl.ts");
      return createWgslExecutor(program, request);
    }
    case "tfjs": {
      const { loadTfjsModule } = await import("./load-tfjs-module.ts");
      const { useThreads } = await import("./wasm-threads.ts");
      const { createTfjsExecutor, startBackend } = await import("../../runtime/tfjs/index.ts");
      const { budgetBytes, threads = 1, note = () => undefined } = request;
      const module = await loadTfjsModule(
        emitModule(program, compileProgram(program, budgetBytes), version).js,
      );
      await useThreads(threads, note);
      return createTfjsExecutor(module, (await startBackend()).backend);
    }
  }
  return target satisfies never;
}
