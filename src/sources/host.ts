/**
 * How the compiler sees the file system: text of .margo files under a workspace root, and the standard
 * library of the installed package. Nothing outside those two can be read, by `..` or by symbolic links.
 */
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceHost } from "../../compiler/check/workspace.ts";

/** A .margo file with the file system behind it: what `compile` takes as sources and as the name of the file. */
export interface OpenedFile {
  readonly host: SourceHost;
  /** The workspace: the nearest folder above the file with a package.json or .git, else the file's own. */
  readonly root: string;
  /** The file as the compiler names it: relative to the root, or `std/name`. */
  readonly file: string;
  /** Its folder, from which data files are looked up. */
  readonly directory: string;
}

/** Opens a file given on the command line; `std/margins` names the library's own. Undefined where there is none. */
export function openSource(path: string): OpenedFile | undefined {
  const library = libraryName(path);
  if (library !== undefined && !existsSync(path))
    return { host: nodeHost(process.cwd()), root: process.cwd(), file: library, directory: process.cwd() };
  const found = resolve(path);
  if (!isFile(found)) return undefined;
  const real = realpathSync(found);
  const root = workspaceRoot(dirname(real));
  const file = relative(root, real).split(sep).join("/");
  return { host: nodeHost(root), root, file, directory: dirname(real) };
}

/** Reads below `root` only; files that cannot be read are as good as absent. An editor's buffer may lie in a folder to come. */
export function nodeHost(root: string): SourceHost {
  const realRoot = existsSync(root) ? realpathSync(root) : root;
  const library = libraryFolder();
  return {
    read: (file) =>
      isLibraryModule(file)
        ? textOf(join(library, `${basename(file)}.margo`), library)
        : textOf(join(realRoot, file), realRoot),
    library: () =>
      readdirSync(library)
        .filter((name) => name.endsWith(".margo"))
        .map((name) => `std/${basename(name, ".margo")}`),
  };
}

/** True for the name of a module of the library: `std/layers`. */
export function isLibraryModule(file: string): boolean {
  return /^std\/[\w-]+$/.test(file);
}

/** A name as its reader knows it: relative to where the command was called, absolute when elsewhere. */
export function displayedName(file: string, root: string): string {
  if (isLibraryModule(file)) return file;
  const path = resolve(root, file);
  const near = relative(process.cwd(), path);
  return near.startsWith("..") || isAbsolute(near) ? path : near;
}

/** The nearest folder above with a package.json or .git, else the folder itself. */
export function workspaceRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json")) || existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return folder;
  }
}

/** `std/` lies beside the folder that this code is in: dist/ when built, src/ in the sources. */
export function libraryFolder(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); dirname(at) !== at; at = dirname(at)) {
    if (existsSync(join(at, "std", "layers.margo"))) return realpathSync(join(at, "std"));
  }
  throw new Error("the standard library is missing from this installation of Margo");
}

function libraryName(path: string): string | undefined {
  return /^std\/[\w-]+(\.margo)?$/.test(path) ? path.replace(/\.margo$/, "") : undefined;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function textOf(path: string, within: string): string | undefined {
  try {
    const real = realpathSync(path);
    if (!real.startsWith(within.endsWith(sep) ? within : within + sep)) return undefined;
    return readFileSync(real, "utf8");
  } catch {
    return undefined;
  }
}
