#!/usr/bin/env node
/**
 * The door of the command line: reads the arguments, hands them to one command and turns what comes back
 * into an exit code. Everything that throws is caught here, once: a file that cannot be read or written
 * is told as such, anything else is a bug of Margo and says how to report it.
 */
import { CommanderError } from "commander";
import { DeviceFault } from "../../runtime/device-fault.ts";
import { TargetUnavailable } from "../executors/unavailable.ts";
import { version } from "../version.ts";
import { margoCommand } from "./program.ts";
import { Refusal } from "./refusal.ts";
import { stageOf } from "../sources/stage.ts";
import { isSystemError, systemErrorHelp, systemErrorText } from "./system-error.ts";
import { complain, exitFault, exitFine, exitUsage, say } from "./terminal.ts";

process.stdout.on("error", endOnClosedPipe);
process.stderr.on("error", endOnClosedPipe);
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let exitCode = exitFine;
  const command = margoCommand((code) => {
    exitCode = code;
  });
  try {
    await command.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitFine : exitUsage;
  if (error instanceof Refusal) return error.exitCode;
  if (error instanceof DeviceFault || error instanceof TargetUnavailable) {
    complain(error.message, error.help);
    return exitUsage;
  }
  if (isSystemError(error)) {
    if (error.code === "EPIPE") return exitFine;
    complain(systemErrorText(error), systemErrorHelp(error));
    return exitFault;
  }
  reportBug(error);
  return exitUsage;
}

function reportBug(error: unknown): void {
  const stage = stageOf(error);
  complain(
    `Margo broke${stage === undefined ? "" : ` in ${stage}`}; this is a bug in Margo, not in your source`,
  );
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  say(
    `\nPlease report it with these lines, the command and the file:\n` +
      `  margo ${version}, node ${process.version}, ${process.platform} ${process.arch}\n` +
      `  margo ${process.argv.slice(2).join(" ")}`,
  );
}

/**
 * `margo ir … | head` closes the pipe early, which is no fault of anyone. What else stops a write (a full
 * disk) reaches the command through `writeOut`, or had nobody to tell.
 */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? exitFine);
}
