/** Flags that say how a target computes, refused where another target does. */
import type { TrainingTarget } from "../executors/machine.ts";
import { Refusal } from "./refusal.ts";
import { complain, exitUsage } from "./terminal.ts";

/** Refuses a flag that says how one target computes where another one does. */
export function refuseForOtherTarget(flag: string, of: TrainingTarget, target: string): never {
  complain(`${flag} says how the target ${of} computes, but the target is ${target}`, `add --target ${of}`);
  throw new Refusal(exitUsage);
}

/** The budget that was asked for. Refuses one for a target that holds all classes at once. */
export function askedBudget(asked: number | undefined, target: TrainingTarget): number | undefined {
  if (asked === undefined || target !== "reference") return asked;
  complain(
    "--budget says how many bytes chunks of classes may hold, but the target reference holds all classes at once",
    "add --target tfjs or --target wgsl",
  );
  throw new Refusal(exitUsage);
}
