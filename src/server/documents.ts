/** Keeps the texts of a session in step with the client: documents opened, edited and closed, files changed on disk. */
import {
  type DidChangeTextDocumentParams,
  type DidCloseTextDocumentParams,
  type DidOpenTextDocumentParams,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { publish, withdraw } from "./diagnostics.ts";
import { refreshViews } from "./lenses.ts";
import { type Session, documentsOf } from "./session.ts";
import { readLibrary } from "./warm-up.ts";

export function open(session: Session, { textDocument }: DidOpenTextDocumentParams): void {
  const { uri, languageId, version, text } = textDocument;
  const located = session.environment.locate(uri);
  if (located === undefined) return;
  const document = TextDocument.create(uri, languageId, version, text);
  session.opened.set(uri, { ...located, uri, document });
  documentsOf(session, located.root).setText(located.file, text);
  tell(session, uri);
  readLibrary(session, located.root);
}

/** A change of a document that was never opened is told to nobody: notifications have no answer. */
export function change(session: Session, params: DidChangeTextDocumentParams): void {
  const opened = session.opened.get(params.textDocument.uri);
  if (opened === undefined) return;
  opened.document = TextDocument.update(opened.document, params.contentChanges, params.textDocument.version);
  documentsOf(session, opened.root).setText(opened.file, opened.document.getText());
  tell(session, opened.uri);
}

export function close(session: Session, { textDocument: { uri } }: DidCloseTextDocumentParams): void {
  const opened = session.opened.get(uri);
  if (opened === undefined) return;
  session.opened.delete(uri);
  // One file may be open under two names, by a link; the other one's text counts then.
  const other = [...session.opened.values()].find(
    ({ root, file }) => root === opened.root && file === opened.file,
  );
  const documents = documentsOf(session, opened.root);
  if (other === undefined) documents.close(opened.file);
  else documents.setText(opened.file, other.document.getText());
  withdraw(session, uri);
  tell(session);
}

/** Of files and folders, whatever has become of them. */
export function changeOnDisk(session: Session, uris: readonly string[]): void {
  for (const uri of uris) {
    const located = session.environment.locate(uri);
    if (located !== undefined) documentsOf(session, located.root).changedOnDisk(located.file);
  }
  tell(session);
}

/** What hangs on the texts: mistakes and views. `edited` is the document that the client knows to have changed. */
function tell(session: Session, edited?: string): void {
  publish(session, edited);
  refreshViews(session);
}
