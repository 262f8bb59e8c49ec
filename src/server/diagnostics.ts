/**
 * Mistakes on their way to the client. One that asks for them (pull) is told when to ask again; any other is sent them
 * after each edit, once per burst of edits and only where they changed.
 */
import {
  type Diagnostic,
  DiagnosticRefreshRequest,
  DiagnosticSeverity,
  DiagnosticTag,
  type DocumentDiagnosticParams,
  type DocumentDiagnosticReport,
} from "vscode-languageserver";
import type { Diagnostic as Problem } from "../../compiler/errors/diagnostic.ts";
import { isAboutUnused, problemsOf } from "../ide/problems.ts";
import {
  type Asked,
  type Session,
  askPolitely,
  askedOf,
  documentsOf,
  locationOf,
  perSession,
  rangeOf,
} from "./session.ts";

export function pullDiagnostics(
  session: Session,
  { textDocument, previousResultId }: DocumentDiagnosticParams,
): DocumentDiagnosticReport {
  const asked = askedOf(session, textDocument);
  const resultId = String(asked.documents.revision);
  if (previousResultId === resultId) return { kind: "unchanged", resultId };
  return { kind: "full", resultId, items: diagnosticsOf(session, asked) };
}

/**
 * Soon: edits that have arrived already go first, and so does what somebody waits for. `edited` is the document that the
 * client knows to have changed.
 */
export function publish(session: Session, edited?: string): void {
  if (session.client.textDocument?.diagnostic !== undefined) return refresh(session, edited);
  const known = stateOf(session);
  if (known.isDue) return;
  known.isDue = true;
  publishLater(session, known, performance.now() + patience);
}

/** A client that never stops asking is told its mistakes all the same; in milliseconds. */
const patience = 100;

function publishLater(session: Session, known: Published, latest: number): void {
  setTimeout(() => {
    if (session.waiting > 0 && performance.now() < latest) return publishLater(session, known, latest);
    known.isDue = false;
    publishNow(session, known);
  }, 0);
}

export function withdraw(session: Session, uri: string): void {
  const known = stateOf(session);
  if (known.sent.delete(uri)) void session.connection.sendDiagnostics({ uri, diagnostics: [] });
}

interface Published {
  isDue: boolean;
  /** What the client knows of each document. */
  readonly sent: Map<string, string>;
}

const stateOf = perSession((): Published => ({ isDue: false, sent: new Map() }));

function publishNow(session: Session, { sent }: Published): void {
  for (const { uri, root, file, document } of session.opened.values()) {
    const documents = documentsOf(session, root);
    const analysis = documents.analysis(file);
    if (analysis === undefined) continue;
    const diagnostics = diagnosticsOf(session, { root, documents, analysis, uri });
    const text = JSON.stringify(diagnostics);
    if (sent.get(uri) === text) continue;
    sent.set(uri, text);
    void session.connection.sendDiagnostics({ uri, version: document.version, diagnostics });
  }
}

/** Other documents may have changed their meaning with the one that was edited, which the client asks about itself. */
function refresh(session: Session, edited: string | undefined): void {
  const known = stateOf(session);
  const isSupported = session.client.workspace?.diagnostics?.refreshSupport === true;
  const hasOthers = [...session.opened.keys()].some((uri) => uri !== edited);
  if (!isSupported || known.isDue || !hasOthers) return;
  known.isDue = true;
  setTimeout(() => {
    known.isDue = false;
    askPolitely(session.connection.sendRequest(DiagnosticRefreshRequest.type));
  }, 200);
}

function diagnosticsOf(session: Session, asked: Asked): Diagnostic[] {
  return problemsOf(asked.analysis).map((problem) => diagnosticOf(session, asked, problem));
}

export function diagnosticOf(session: Session, asked: Asked, problem: Problem): Diagnostic {
  const { code, severity, message, span, labels, help } = problem;
  const href = session.environment.explanation(code);
  const related = labels.flatMap((label) => {
    const location = locationOf(session, asked, label.span);
    return location === undefined ? [] : [{ location, message: label.message }];
  });
  return {
    range: rangeOf(asked.analysis, span),
    severity: severity === "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code,
    source: "margo",
    message: help === undefined ? message : `${message}\n${help}`,
    ...(href === undefined ? {} : { codeDescription: { href } }),
    ...(related.length === 0 ? {} : { relatedInformation: related }),
    ...(isAboutUnused(problem) ? { tags: [DiagnosticTag.Unnecessary] } : {}),
  };
}
