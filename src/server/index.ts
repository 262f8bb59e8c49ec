/**
 * The language server: the only part of Margo that knows the Language Server Protocol. It answers over any connection,
 * a pipe (node.ts) or a Web Worker (browser.ts), and does nothing but translate: what an answer says comes from src/ide.
 */
import {
  CodeLensRefreshRequest,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  InlayHintRefreshRequest,
  type InitializeParams,
  type InitializeResult,
  type ServerCapabilities,
  TextDocumentSyncKind,
} from "vscode-languageserver";
import { version } from "../version.ts";
import * as documents from "./documents.ts";
import { features } from "./features.ts";
import { publish } from "./diagnostics.ts";
import { type Environment, type Session, askPolitely, newSession } from "./session.ts";
import { readSettings } from "./settings.ts";

/** Serves until the connection ends. */
export function startServer(connection: Connection, environment: Environment): void {
  const session = newSession(connection, environment);
  connection.onInitialize((params) => initialize(session, params));
  connection.onInitialized(() => watch(session));
  connection.onShutdown(() => {
    session.phase = "shut down";
  });
  connection.onDidOpenTextDocument((params) => documents.open(session, params));
  connection.onDidChangeTextDocument((params) => documents.change(session, params));
  connection.onDidCloseTextDocument((params) => documents.close(session, params));
  const changed = (uris: readonly string[]): void => documents.changeOnDisk(session, uris);
  connection.onDidChangeWatchedFiles(({ changes }) => changed(changes.map(({ uri }) => uri)));
  connection.workspace.onDidDeleteFiles(({ files }) => changed(files.map(({ uri }) => uri)));
  connection.workspace.onDidRenameFiles(({ files }) =>
    changed(files.flatMap(({ oldUri, newUri }) => [oldUri, newUri])),
  );
  connection.onDidChangeConfiguration(({ settings }) => configure(session, settings));
  for (const { register } of features) register(session);
  connection.listen();
}

function initialize(session: Session, params: InitializeParams): InitializeResult {
  session.client = params.capabilities;
  session.phase = "running";
  session.settings = readSettings(params.initializationOptions);
  return {
    serverInfo: { name: "margo", version },
    capabilities: {
      positionEncoding: "utf-16",
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
      ...merged(features.map(({ capabilities }) => capabilities)),
    },
  };
}

/** Several features may add to `workspace`; the rest have keys of their own. */
function merged(parts: readonly Partial<ServerCapabilities>[]): Partial<ServerCapabilities> {
  return parts.reduce((all, part) => {
    const workspace = { ...all.workspace, ...part.workspace };
    return { ...all, ...part, ...(Object.keys(workspace).length === 0 ? {} : { workspace }) };
  }, {});
}

function watch(session: Session): void {
  const { connection, client } = session;
  if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration === true) {
    const watchers = [{ globPattern: "**/*.margo" }];
    askPolitely(connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }));
  }
  if (client.workspace?.didChangeConfiguration?.dynamicRegistration === true)
    askPolitely(connection.client.register(DidChangeConfigurationNotification.type, { section: "margo" }));
  if (client.workspace?.configuration === true) void configure(session, undefined);
}

/** Clients either send their settings or are asked for them; of one that refuses, they stay as they were. */
async function configure(session: Session, sent: unknown): Promise<void> {
  const { connection, client } = session;
  const isAsked = client.workspace?.configuration === true;
  const asked = (): Promise<unknown> =>
    connection.workspace.getConfiguration("margo").catch(() => session.settings);
  session.settings = readSettings(isAsked ? await asked() : sent);
  publish(session);
  if (client.workspace?.inlayHint?.refreshSupport === true)
    askPolitely(connection.sendRequest(InlayHintRefreshRequest.type));
  if (client.workspace?.codeLens?.refreshSupport === true)
    askPolitely(connection.sendRequest(CodeLensRefreshRequest.type));
}
