/**
 * The language server in a Web Worker: messages of the protocol instead of a pipe, texts in memory instead of files,
 * the library out of the bundle. The page's worker file calls `serveWorker(self)` and nothing else.
 */
import { BrowserMessageReader, BrowserMessageWriter, createConnection } from "vscode-languageserver/browser";
import type { DocumentHost } from "../ide/documents.ts";
import { standardLibrary } from "../standard-library.ts";
import { startServer } from "./index.ts";
import type { Environment } from "./session.ts";

/** What a worker calls `self`, as far as it is needed. */
export interface WorkerScope {
  postMessage(message: unknown): void;
  onmessage: unknown;
}

/** Serves the page that made the worker. */
export function serveWorker(scope: WorkerScope, library = standardLibrary): void {
  const connection = createConnection(new BrowserMessageReader(scope), new BrowserMessageWriter(scope));
  startServer(connection, memoryEnvironment(library));
}

/** One workspace, `file:///`, that holds what is open and the library as `file:///std/layers`. */
export function memoryEnvironment(library: Readonly<Record<string, string>>): Environment {
  const host: DocumentHost = {
    read: (file) => (Object.hasOwn(library, file) ? library[file] : undefined),
    library: () => Object.keys(library),
    files: () => [],
  };
  return {
    locate: (uri) => {
      const path = /^[a-z][a-z\d+.-]*:\/{0,3}(.+)$/i.exec(uri)?.[1];
      return path === undefined ? undefined : { root: "", file: decoded(path) };
    },
    host: () => host,
    uriOf: (_, file) => `file:///${file.split("/").map(encodeURIComponent).join("/")}`,
    exists: () => false,
    explanation: () => undefined,
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
