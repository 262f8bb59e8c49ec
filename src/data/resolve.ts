/**
 * Where a data file's name leads: a path relative to the .margo file and inside the workspace, or
 * `npm:package/path` inside a package that is installed for that file. Nothing else can be reached, by
 * `..` or by symbolic links.
 */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";

/** Where data files are looked for, and how many of their rows are taken. */
export interface DataContext {
  /** The folder of the .margo file. */
  readonly directory: string;
  /** The workspace: no relative path leaves it. */
  readonly root: string;
  /** Rows to take at most; spread evenly, unless it is said which. */
  readonly limit?: number;
  /** Which rows are taken under a limit, by their labels. In rising order. */
  readonly choose?: (labels: ArrayLike<number>, limit: number) => readonly number[];
  /** Hears how many of how many files are read, where there are many. */
  readonly onRead?: (read: number, of: number) => void;
  /** Ends the reading of many files. */
  readonly signal?: AbortSignal;
  /** Hears what people should know of it. */
  readonly note?: (text: string) => void;
  /** What features may take of the memory; a quarter of the machine's unless given. */
  readonly memoryBytes?: number;
  /** Other readers give the rest of each row, so this one gives labels only where its source speaks of them. */
  readonly isBeside?: true;
}

/** The real path of an existing file or folder. */
export function resolveData(name: string, context: DataContext): string | RuntimeFault {
  if (name === "" || name.includes("\0")) return dataFaults.badName(name, "it is empty or holds a NUL");
  if (/^[a-z]+:\/\//i.test(name))
    return dataFaults.badName(name, "Margo reads nothing from the network, so download it first");
  return name.startsWith(packagePrefix) ? inPackage(name, context) : inWorkspace(name, context);
}

const packagePrefix = "npm:";

function inWorkspace(name: string, { directory, root }: DataContext): string | RuntimeFault {
  return existing(name, resolve(directory, name), resolve(root));
}

function inPackage(name: string, { directory }: DataContext): string | RuntimeFault {
  const match = /^((?:@[\w.~-]+\/)?[\w~-][\w.~-]*)\/(.+)$/.exec(name.slice(packagePrefix.length));
  const [, owner, path] = match ?? [];
  if (owner === undefined || path === undefined || isAbsolute(path) || path.includes("\\"))
    return dataFaults.badName(name, "after npm: comes a package's name, a slash and a path");
  const folder = packageFolder(owner, resolve(directory));
  return folder === undefined
    ? dataFaults.noPackage(name, owner)
    : existing(name, join(folder, path), folder);
}

/** The nearest installed package of that name, from a folder upwards, as Node finds it. */
function packageFolder(name: string, from: string): string | undefined {
  const folder = join(from, "node_modules", name);
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(from);
  return parent === from ? undefined : packageFolder(name, parent);
}

function existing(name: string, path: string, within: string): string | RuntimeFault {
  if (!isInside(path, within)) return dataFaults.outside(name, within);
  const real = realPath(path);
  if (real === undefined) return dataFaults.notFound(name, neighbours(path));
  const bounds = realPath(within);
  return bounds !== undefined && isInside(real, bounds) ? real : dataFaults.outside(name, within);
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Files beside the missing one, those with a similar name first. */
function neighbours(path: string): readonly string[] {
  const start = basename(path).slice(0, 3).toLowerCase();
  const names = folderNames(dirname(path));
  const alike = names.filter((name) => name.toLowerCase().startsWith(start));
  const shown = alike.length > 0 ? alike : names;
  return shown.length <= 8 ? shown : [...shown.slice(0, 8), "…"];
}

function folderNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
