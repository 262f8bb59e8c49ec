/**
 * The state of one client: its open documents, its settings, and a `Documents` for each workspace. It turns what the
 * protocol speaks of (URIs, lines and characters) into what src/ide takes (files and offsets) and back.
 */
import {
  type ClientCapabilities,
  type Connection,
  ErrorCodes,
  type Location,
  type Position,
  type Range,
  ResponseError,
  type TextDocumentIdentifier,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Span } from "../../compiler/errors/span.ts";
import { isLibrary } from "../../compiler/check/workspace.ts";
import { offsetAt, positionAt } from "../../compiler/syntax/source.ts";
import { type Analysis, type DocumentHost, Documents } from "../ide/documents.ts";
import { type Settings, defaultSettings } from "./settings.ts";

/** Where the server runs: how URIs, workspaces and files hang together there. */
export interface Environment {
  /** The workspace of a document and its name in there; undefined for what cannot be a Margo file. */
  locate(uri: string): Located | undefined;
  host(root: string): DocumentHost;
  uriOf(root: string, file: string): string;
  /** Whether a file of the workspace is there, whatever is in it. */
  exists(root: string, file: string): boolean;
  /** Where a diagnostic's code is explained. */
  explanation(code: string): string | undefined;
}

export interface Located {
  readonly root: string;
  readonly file: string;
}

export interface OpenDocument extends Located {
  readonly uri: string;
  document: TextDocument;
}

export interface Session {
  readonly connection: Connection;
  readonly environment: Environment;
  readonly workspaces: Map<string, Documents>;
  /** By URI as the client wrote it. */
  readonly opened: Map<string, OpenDocument>;
  client: ClientCapabilities;
  /** Of the life of the connection. */
  phase: "new" | "running" | "shut down";
  settings: Settings;
  /** Requests that have arrived and not begun. */
  waiting: number;
}

export function newSession(connection: Connection, environment: Environment): Session {
  return {
    connection,
    environment,
    workspaces: new Map(),
    opened: new Map(),
    client: {},
    phase: "new",
    settings: defaultSettings,
    waiting: 0,
  };
}

/** What a part of the server keeps for each client, made when it is first asked for. */
export function perSession<T>(make: () => T): (session: Session) => T {
  const kept = new WeakMap<Session, T>();
  return (session) => {
    const known = kept.get(session) ?? make();
    kept.set(session, known);
    return known;
  };
}

export function documentsOf(session: Session, root: string): Documents {
  const known = session.workspaces.get(root);
  if (known !== undefined) return known;
  const made = new Documents(session.environment.host(root));
  session.workspaces.set(root, made);
  return made;
}

/** A document that a request asks about. */
export interface Asked {
  readonly root: string;
  readonly documents: Documents;
  readonly analysis: Analysis;
  readonly uri: string;
}

/** Throws what the client gets to read when there is no such document. */
export function askedOf(session: Session, { uri }: TextDocumentIdentifier): Asked {
  const located = session.opened.get(uri) ?? session.environment.locate(uri);
  const documents = located === undefined ? undefined : documentsOf(session, located.root);
  const analysis = located === undefined ? undefined : documents?.analysis(located.file);
  if (located === undefined || documents === undefined || analysis === undefined)
    throw new ResponseError(ErrorCodes.InvalidParams, `there is no document ${uri}`);
  return { root: located.root, documents, analysis, uri };
}

/** The workspaces that may use a file of one of them: the library is used in all. */
export function workspacesUsing(
  { workspaces }: Session,
  root: string,
  file: string,
): readonly (readonly [root: string, documents: Documents])[] {
  return isLibrary(file) ? [...workspaces] : [...workspaces].filter(([one]) => one === root);
}

/** Asks the client for something that goes on without it: one that refuses is left alone. */
export function askPolitely(question: Promise<unknown>): void {
  question.catch(() => undefined);
}

// ---------------------------------------------------------------- places

export function offsetOf({ analysis }: Pick<Asked, "analysis">, position: Position | undefined): number {
  const isPlace = Number.isInteger(position?.line) && Number.isInteger(position?.character);
  if (position === undefined || !isPlace || position.line < 0 || position.character < 0)
    throw new ResponseError(ErrorCodes.InvalidParams, "a position has a line and a character, from 0");
  return offsetAt(analysis.source, position);
}

export function rangeOf({ source }: Pick<Analysis, "source">, { start, end }: Omit<Span, "file">): Range {
  return { start: positionAt(source, start), end: positionAt(source, end) };
}

/** Undefined where the file is gone. */
export function locationOf(session: Session, { root, documents }: Asked, span: Span): Location | undefined {
  const analysis = documents.analysis(span.file);
  if (analysis === undefined) return undefined;
  return { uri: uriOf(session, root, span.file), range: rangeOf(analysis, span) };
}

/** As the client wrote it, where the document is open. */
export function uriOf(session: Session, root: string, file: string): string {
  for (const open of session.opened.values()) if (open.root === root && open.file === file) return open.uri;
  return session.environment.uriOf(root, file);
}
