/** Files that a command makes from sources: written, their paths told on standard output, or compared with what is there. */
import { existsSync, readFileSync } from "node:fs";
import { writeWholeFile } from "../files/write-file.ts";
import { type ExitCode, complain, exitFault, exitFine, writeOut } from "./terminal.ts";

export interface Artifact {
  readonly path: string;
  readonly text: string;
}

export async function writeArtifacts(artifacts: readonly Artifact[]): Promise<ExitCode> {
  for (const { path, text } of artifacts) {
    await writeWholeFile(path, text);
    await writeOut(`${path}\n`);
  }
  return exitFine;
}

/** Exit 1 when one is missing or is not what `command` would write. */
export function checkArtifacts(artifacts: readonly Artifact[], command: string): ExitCode {
  const stale = artifacts.filter(
    ({ path, text }) => !existsSync(path) || readFileSync(path, "utf8") !== text,
  );
  for (const { path } of stale)
    complain(`${path} is ${existsSync(path) ? "stale" : "missing"}`, `run ${command} without --check`);
  return stale.length === 0 ? exitFine : exitFault;
}
