/** Writes the pages of runs into their folders. */
import { dirname, join, relative, resolve } from "node:path";
import { isFault } from "../../runtime/errors.ts";
import { runFiles } from "../runs/run-folder.ts";
import { writeWholeFile } from "../files/write-file.ts";
import { renderComparison } from "./compare.ts";
import { readRun } from "./read-run.ts";
import { renderReport } from "./report.ts";
import type { RunData } from "./run-data.ts";

/** Draws the report of a run folder anew and returns its path. Throws when the folder holds no run. */
export async function writeReport(folder: string): Promise<string> {
  const path = resolve(folder, runFiles.report);
  await writeWholeFile(path, renderReport(runAt(folder)));
  return path;
}

/** One page for several runs, with links to their reports; returns its path. */
export async function writeComparison(folders: readonly string[], path: string): Promise<string> {
  const links = folders.map((folder) => relative(dirname(resolve(path)), resolve(folder, runFiles.report)));
  await writeWholeFile(path, renderComparison(folders.map(runAt), links.map(urlOf)));
  return path;
}

function runAt(folder: string): RunData {
  const run = readRun(folder);
  if (isFault(run)) throw new Error(`${join(folder)}: ${run.message}`);
  return run;
}

function urlOf(path: string): string {
  return path.split(/[\\/]/).map(encodeURIComponent).join("/");
}
