/** `margo gradcheck`: analytic against numeric gradients of entries, one line each. */
import {
  type GradcheckReport,
  defaultGradcheckOptions,
  gradcheck as gradcheckEntry,
} from "../../compiler/gradcheck.ts";
import { Refusal } from "./refusal.ts";
import { green, red, yellow } from "./colors.ts";
import { type Source, declarationsOf, sourceAt, tell } from "./source.ts";
import { atStage } from "./stage.ts";
import { type ExitCode, complain, exitFault, exitFine, paint, writeOut } from "./terminal.ts";

export interface GradcheckCommandOptions {
  readonly set: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly json?: boolean;
}
