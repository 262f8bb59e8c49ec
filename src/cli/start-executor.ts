/** Starts a target, or says why this machine cannot. */
import type { GpuPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { Program } from "../../compiler/program.ts";
import type { Executor } from "../../runtime/program.ts";
import { createExecutor } from "../executors/create.ts";
import { TargetUnavailable } from "../executors/unavailable.ts";
import type { TrainingTarget } from "../machine.ts";
import { Refusal } from "./refusal.ts";
import { atStage } from "./stage.ts";
import { complain, exitUsage } from "./terminal.ts";

/** Throws a refusal, told already, where the target does not start here. */
export async function startExecutor(
  program: Program,
  target: TrainingTarget,
  path?: GpuPath,
): Promise<Executor> {
  try {
    return await atStage("compile", () => createExecutor(program, target, path));
  } catch (error) {
    if (!(error instanceof TargetUnavailable)) throw error;
    complain(error.message, error.help);
    throw new Refusal(exitUsage);
  }
}
