/** Starts a target for a program of a source file; what goes wrong there belongs to the stage `compile`. */
import { type GpuPath, gpuPaths } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { flopsOfFunction } from "../../compiler/flops.ts";
import { namesOfDim, sizeOfDim } from "../../compiler/ir/dim.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import { gpuOfMachine } from "../executors/adapter.ts";
import { type ExecutorRequest, createExecutor } from "../executors/create.ts";
import { TargetUnavailable } from "../executors/unavailable.ts";
import { type TrainingTarget, defaultThreads } from "../executors/machine.ts";
import type { RunInfo } from "./run-folder.ts";
import { type Source, sourceLineOf } from "../sources/source.ts";
import { atStage } from "../sources/stage.ts";

/** The target that a run was started with: going on with it and looking at it compute as it did. */
export function targetOfRun({ target }: Pick<RunInfo, "target">): TrainingTarget {
  return target === "reference" || target === "wgsl" ? target : "tfjs";
}

/** The path that a run was started with. */
export function pathOfRun({ gpu }: Pick<RunInfo, "gpu">): GpuPath | undefined {
  return gpuPaths.find((path) => path === gpu);
}

/** FLOPs of a step from which on threads save more than their waiting for each other costs. */
const worthThreads = 1e9;

/** Threads for a program of which nobody says how many it gets: several only where a step multiplies enough. */
export function threadsFor(program: Program): number {
  const step = program.functions.find(({ name }) => name === "step");
  const batch = program.training?.batch;
  if (step === undefined || batch === undefined) return 1;
  const flops = flopsOfFunction(program, step);
  // What is still open in a step is how many rows there are.
  const rows = Object.fromEntries([...namesOfDim(flops)].map((name) => [name, batch]));
  return sizeOfDim(flops, rows) < worthThreads ? 1 : defaultThreads();
}

/** Throws `TargetUnavailable` where the target does not start here, or the adapter lacks the path. */
export function startExecutor(
  program: Program,
  target: TrainingTarget,
  source: Source,
  request: Omit<ExecutorRequest, "sourceLine"> = {},
): Promise<Executor> {
  const sourceLine = (span: Span): string | undefined => sourceLineOf(source, span);
  return atStage("compile", () => createExecutor(program, target, { ...request, sourceLine }));
}

/**
 * Starts what a finished run is looked at with: the target that was asked for, else the run's own. One that was trained on a
 * GPU is looked at on tfjs where this machine has none like it, and `note` hears so.
 */
export async function startExecutorOfRun(
  program: Program,
  info: RunInfo,
  source: Source,
  {
    target: asked = "auto",
    threads,
  }: { readonly target?: "auto" | TrainingTarget; readonly threads?: number },
  note: (text: string) => void,
): Promise<Executor> {
  const request = { budgetBytes: info.budget, threads, note };
  const onTfjs = (): Promise<Executor> => startExecutor(program, "tfjs", source, request);
  const target = asked === "auto" ? targetOfRun(info) : asked;
  if (target !== "wgsl") return startExecutor(program, target, source, request);
  const path = pathOfRun(info);
  if (asked === "wgsl") return startExecutor(program, target, source, { ...request, path });
  const instead = (reason: string): Promise<Executor> => {
    note(`was trained on a GPU, and ${reason}: tfjs takes its place`);
    return onTfjs();
  };
  const gpu = await gpuOfMachine();
  if (gpu.kind === "none") return instead(gpu.reason);
  try {
    return await startExecutor(program, target, source, { ...request, path });
  } catch (error) {
    if (error instanceof TargetUnavailable) return instead(error.message);
    throw error;
  }
}
