/** Starts a target for a program of a source file; what goes wrong there belongs to the stage `compile`. */
import { type GpuPath, gpuPaths } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { Span } from "../../compiler/errors/span.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import { gpuOfMachine } from "../executors/adapter.ts";
import { type GpuRequest, createExecutor } from "../executors/create.ts";
import { TargetUnavailable } from "../executors/unavailable.ts";
import type { TrainingTarget } from "../executors/machine.ts";
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

/** Throws `TargetUnavailable` where the target does not start here, or the adapter lacks the path. */
export function startExecutor(
  program: Program,
  target: TrainingTarget,
  source: Source,
  gpu: Omit<GpuRequest, "sourceLine"> = {},
): Promise<Executor> {
  const sourceLine = (span: Span): string | undefined => sourceLineOf(source, span);
  return atStage("compile", () => createExecutor(program, target, { ...gpu, sourceLine }));
}

/**
 * Starts what a finished run is looked at with: the target that was asked for, else the run's own. One that was trained on a
 * GPU is looked at on tfjs where this machine has none like it, and `note` hears so.
 */
export async function startExecutorOfRun(
  program: Program,
  info: RunInfo,
  source: Source,
  asked: "auto" | TrainingTarget,
  note: (text: string) => void,
): Promise<Executor> {
  const budgetBytes = info.budget;
  const onTfjs = (): Promise<Executor> => startExecutor(program, "tfjs", source, { budgetBytes });
  const target = asked === "auto" ? targetOfRun(info) : asked;
  if (target !== "wgsl") return startExecutor(program, target, source, { budgetBytes });
  const path = pathOfRun(info);
  if (asked === "wgsl") return startExecutor(program, target, source, { path, budgetBytes });
  const instead = (reason: string): Promise<Executor> => {
    note(`was trained on a GPU, and ${reason}: tfjs takes its place`);
    return onTfjs();
  };
  const gpu = await gpuOfMachine();
  if (gpu.kind === "none") return instead(gpu.reason);
  try {
    return await startExecutor(program, target, source, { path, budgetBytes });
  } catch (error) {
    if (error instanceof TargetUnavailable) return instead(error.message);
    throw error;
  }
}
