/** What a list of files, folders and patterns on the command line stands for. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { glob } from "tinyglobby";
import { openSource } from "../sources/host.ts";

export interface Expanded {
  readonly files: readonly string[];
  /** What stands for nothing. */
  readonly missing: readonly string[];
}

/** A folder stands for the .margo files in it; a pattern that the shell left alone is expanded here. */
export async function expanded(patterns: readonly string[]): Promise<Expanded> {
  const files = new Set<string>();
  const missing: string[] = [];
  for (const pattern of patterns) {
    const found = await filesAt(pattern);
    if (found.length === 0) missing.push(pattern);
    for (const file of found) files.add(file);
  }
  return { files: [...files], missing };
}

async function filesAt(pattern: string): Promise<readonly string[]> {
  const stats = statSync(pattern, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return globbed("**/*.margo", resolve(pattern));
  if (stats !== undefined || openSource(pattern) !== undefined) return [pattern];
  return /[*?[{]/.test(pattern) ? globbed(pattern, process.cwd()) : [];
}

async function globbed(pattern: string, cwd: string): Promise<readonly string[]> {
  const found = await glob(pattern, { cwd, absolute: true, ignore: ["**/node_modules/**"] });
  return found.filter((name) => name.endsWith(".margo")).sort();
}
