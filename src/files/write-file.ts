/**
 * Files that are whole or not there: text and bytes go to a temporary name beside the target, reach the
 * disk, and are renamed over it. A full disk or a signal leaves the earlier file as it was.
 */
import { existsSync, rmSync } from "node:fs";
import { copyFile, link, mkdir, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Copies a file beside itself. Whoever writes whole files replaces and never changes them, so another name for it is a copy. */
export function copyWholeFile(from: string, to: string): Promise<void> {
  return makeWholeFile(to, async (temporary) => {
    await link(from, temporary).catch(() => copyFile(from, temporary));
    return "whole";
  });
}

/**
 * Makes a file under a temporary name beside its own, which it gets when it is whole. Folders above it are made. Throws
 * Node's system error, with the target's path in it.
 */
export async function makeWholeFile(
  path: string,
  make: (temporary: string) => Promise<"whole" | "given up">,
): Promise<void> {
  await makeFolders(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${count++}.tmp`);
  if (count === 1) process.once("exit", removeUnfinished);
  unfinished.add(temporary);
  try {
    if ((await make(temporary)) === "whole") await rename(temporary, path);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
    unfinished.delete(temporary);
  }
}

/** What a file is to hold; parts come one after the other. */
export type Content = string | Uint8Array | Iterable<Uint8Array>;

/** Writes a file and the folders above it. Throws Node's system error, with the target's path in it. */
export async function writeWholeFile(path: string, content: Content): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  // A folder is refused by name; a device or a pipe (`--out /dev/stdout`) is written to, not replaced.
  if (existing !== undefined && !existing.isFile()) return writeFile(path, content);
  return replaceFile(existing === undefined ? path : await realpath(path), content);
}

function replaceFile(path: string, content: Content): Promise<void> {
  return makeWholeFile(path, async (temporary) => {
    const file = await open(temporary, "w");
    try {
      for (const part of partsOf(content)) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    return "whole";
  });
}

function partsOf(content: Content): Iterable<string | Uint8Array> {
  return typeof content === "string" || content instanceof Uint8Array ? [content] : content;
}

/**
 * Makes a folder and those above it. Node says ENOENT of a file system that is read-only; making the
 * topmost missing folder by itself gives the true reason.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    let missing = path;
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    await mkdir(missing);
    throw error;
  }
}

/** Node names no file when a write to an open one fails. */
function withPath(error: unknown, path: string): unknown {
  return error instanceof Error && "syscall" in error && !("path" in error)
    ? Object.assign(error, { path })
    : error;
}

/** Whether that is the name of a file while it is made; nobody takes it away where the process is killed. */
export function isTemporaryOf(name: string, entry: string): boolean {
  return entry.startsWith(`.${name}.`) && /^\d+\.\d+\.tmp$/.test(entry.slice(name.length + 2));
}

/** Two writes of one process never share a temporary name. */
let count = 0;

/** Temporary files being written: a process that is told twice to stop leaves none behind. */
const unfinished = new Set<string>();

function removeUnfinished(): void {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
}
