/** The language server over standard input and output, with the file system of the machine. */
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createConnection } from "vscode-languageserver/node";
import type { DocumentHost } from "../ide/documents.ts";
import { isLibraryModule, libraryFolder, nodeHost, workspaceRoot } from "../sources/host.ts";
import { startServer } from "./index.ts";
import type { Environment, Located } from "./session.ts";

/** Serves one client until it says goodbye or its pipe closes. */
export function serveStdio(): void {
  // The pipe is the protocol's alone.
  startServer(createConnection(process.stdin, process.stdout), nodeEnvironment());
}

export function nodeEnvironment(): Environment {
  const library = libraryFolder();
  return {
    locate: (uri) => locate(uri, library),
    host: (root) =>
      withoutMarks(root === untitled ? emptyHost(nodeHost(process.cwd())) : listingHost(root, library)),
    uriOf: (root, file) => {
      if (isLibraryModule(file)) return pathToFileURL(join(library, `${basename(file)}.margo`)).href;
      return root === untitled ? file : pathToFileURL(join(root, file)).href;
    },
    exists: (root, file) => root !== untitled && existsSync(join(root, file)),
    explanation: explanationsIn(join(dirname(library), "docs/errors.md")),
  };
}

/** The workspace of buffers that were never saved: it has no files. */
const untitled = "untitled:";

function locate(uri: string, library: string): Located | undefined {
  if (uri.startsWith(untitled)) return { root: untitled, file: uri };
  const path = pathOf(uri);
  if (path === undefined) return undefined;
  const real = realPath(path);
  if (dirname(real) === library) return { root: library, file: `std/${basename(real, ".margo")}` };
  const root = workspaceRoot(dirname(real));
  return { root, file: relative(root, real).split(sep).join("/") };
}

function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

/** Through symbolic links as far as the path exists: a buffer may not be on disk yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}

/** Each code has a heading in the package's own page; a link with its line opens there, also without a network. */
function explanationsIn(page: string): (code: string) => string | undefined {
  let lines: ReadonlyMap<string, number> | undefined;
  return (code) => {
    lines ??= headingLines(page);
    const line = lines.get(code);
    return line === undefined ? undefined : `${pathToFileURL(page).href}#L${line}`;
  };
}

function headingLines(page: string): ReadonlyMap<string, number> {
  try {
    const lines = readFileSync(page, "utf8").split("\n");
    return new Map(
      lines.flatMap((text, at) => {
        const code = /^## (M\d{4})/.exec(text)?.[1];
        return code === undefined ? [] : [[code, at + 1] as const];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Where the library lies in the workspace, it is the library and not the workspace's. */
function listingHost(root: string, library: string): DocumentHost {
  const isOwn = (file: string): boolean => dirname(join(root, file)) !== library;
  return {
    ...nodeHost(root),
    files: () => filesBelow(root).filter(isOwn),
    entries: (folder) => entriesBelow(join(root, folder)),
  };
}

function emptyHost(host: ReturnType<typeof nodeHost>): DocumentHost {
  return { ...host, read: (file) => (isLibraryModule(file) ? host.read(file) : undefined), files: () => [] };
}

/** Editors leave the byte order mark of a file out of its text, and with it out of what they count. */
function withoutMarks(host: DocumentHost): DocumentHost {
  return { ...host, read: (file) => host.read(file)?.replace(/^\ufeff/, "") };
}

/** Folders of packages and of tools hold no sources of the user. */
function filesBelow(root: string): readonly string[] {
  const found: string[] = [];
  const folders = [""];
  for (let at = folders.pop(); at !== undefined && found.length < mostFiles; at = folders.pop()) {
    for (const entry of entriesOf(join(root, at))) {
      const name = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
        folders.push(name);
      else if (entry.isFile() && entry.name.endsWith(".margo")) found.push(name);
    }
  }
  return found.sort();
}

/** Folders first; what is hidden and what belongs to packages is no data of the user. */
function entriesBelow(folder: string): readonly string[] {
  const shown = entriesOf(folder)
    .filter(({ name }) => !name.startsWith(".") && name !== "node_modules")
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
  const isFolder = (name: string): boolean => name.endsWith("/");
  return [...shown.filter(isFolder), ...shown.filter((name) => !isFolder(name))].slice(0, mostEntries);
}

const mostEntries = 500;

const mostFiles = 10_000;

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
