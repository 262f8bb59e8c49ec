/**
 * One run at a time in a folder: a file that names the process writing there. Whoever finds the file of a living process
 * stays out; a file that a killed process left behind is taken over, also where this process has its number by now, as the first one of a
 * container always has. Only processes of this machine can be asked whether they live, so a run on another one that shares the
 * folder is not seen.
 */
import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeFolders, writeWholeFile } from "../files/write-file.ts";

export const lockName = ".running";

export type RunLock =
  | { readonly kind: "held"; readonly release: () => void }
  | { readonly kind: "busy"; readonly file: string; readonly process: number };

/** The folders that this process holds, without links on the way. */
const held = new Set<string>();

/** Takes the folder, which is made where it is not there. Throws Node's system error where nothing can be written. */
export async function lockFolder(path: string): Promise<RunLock> {
  await makeFolders(path);
  const folder = realpathSync(path);
  const file = join(path, lockName);
  const own = `${process.pid} ${hostname()}\n`;
  if (!isNewFile(file, own)) {
    const holder = livingHolder(file, folder);
    if (holder !== undefined) return { kind: "busy", file, process: holder };
    await writeWholeFile(file, own);
  }
  held.add(folder);
  const release = (): void => {
    process.removeListener("exit", release);
    held.delete(folder);
    rmSync(file, { force: true });
  };
  process.once("exit", release);
  return { kind: "held", release };
}

function isNewFile(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function livingHolder(file: string, folder: string): number | undefined {
  const [id, host] = readFileSync(file, "utf8").trim().split(" ");
  const holder = Number(id);
  if (!Number.isSafeInteger(holder) || holder <= 0 || host !== hostname()) return undefined;
  if (holder === process.pid) return held.has(folder) ? holder : undefined;
  try {
    process.kill(holder, 0);
    return holder;
  } catch (error) {
    // A process of somebody else lives, too.
    return codeOf(error) === "EPERM" ? holder : undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
