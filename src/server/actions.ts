/** What can be changed, in the protocol's words: code actions, and the edits that follow a file when it moves. */
import {
  type CodeAction,
  type CodeActionParams,
  type RenameFilesParams,
  type TextEdit as LspTextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { TextEdit } from "../../compiler/errors/diagnostic.ts";
import { type CodeAction as Action, codeActionsAt, sourceActions } from "../ide/code-actions.ts";
import type { Documents } from "../ide/documents.ts";
import { type Move, editsForMoves } from "../ide/moved-files.ts";
import { diagnosticOf } from "./diagnostics.ts";
import { type Asked, type Session, askedOf, documentsOf, offsetOf, rangeOf, uriOf } from "./session.ts";

export const codeActionKinds = [
  "quickfix",
  "refactor.extract",
  "refactor.rewrite",
  "source.fixAll",
  "source.organizeImports",
];

/** Actions on the whole file only where they are asked for by kind: they are for saving, not for a cursor. */
export function codeActions(
  session: Session,
  { textDocument, range, context }: CodeActionParams,
): CodeAction[] {
  const asked = askedOf(session, textDocument);
  const wanted = context?.only ?? ["quickfix", "refactor"];
  const stretch = { start: offsetOf(asked, range?.start), end: offsetOf(asked, range?.end) };
  const isWanted = (kind: string): boolean =>
    wanted.some((one) => kind === one || kind.startsWith(`${one}.`));
  const found = [
    ...(wanted.some((kind) => !kind.startsWith("source"))
      ? codeActionsAt(asked.documents, asked.analysis, stretch)
      : []),
    ...(wanted.some((kind) => kind.startsWith("source"))
      ? sourceActions(asked.documents, asked.analysis)
      : []),
  ];
  return found.filter(({ kind }) => isWanted(kind)).map((action) => actionOf(session, asked, action));
}

function actionOf(session: Session, asked: Asked, { title, kind, edits, problem }: Action): CodeAction {
  return {
    title,
    kind,
    edit: workspaceEdit(session, asked.root, asked.documents, edits),
    ...(problem === undefined ? {} : { diagnostics: [diagnosticOf(session, asked, problem)] }),
    ...(problem?.fix !== undefined && kind === "quickfix"
      ? { isPreferred: problem.fix.edits === edits }
      : {}),
  };
}

/** Edits by document. */
export function workspaceEdit(
  session: Session,
  root: string,
  documents: Documents,
  edits: readonly TextEdit[],
): WorkspaceEdit {
  const changes: Record<string, LspTextEdit[]> = {};
  for (const { span, newText } of edits) {
    const analysis = documents.analysis(span.file);
    if (analysis === undefined) continue;
    (changes[uriOf(session, root, span.file)] ??= []).push({ range: rangeOf(analysis, span), newText });
  }
  return { changes };
}

/** Moves within one workspace; a file that leaves it is told to nobody. */
export function willRename(session: Session, { files }: RenameFilesParams): WorkspaceEdit | null {
  const moves = new Map<string, Move[]>();
  for (const { oldUri, newUri } of files) {
    const [from, to] = [session.environment.locate(oldUri), session.environment.locate(newUri)];
    if (from === undefined || to === undefined || from.root !== to.root) continue;
    moves.set(from.root, [...(moves.get(from.root) ?? []), { from: from.file, to: to.file }]);
  }
  const changes: Record<string, LspTextEdit[]> = {};
  for (const [root, own] of moves) {
    const documents = documentsOf(session, root);
    Object.assign(changes, workspaceEdit(session, root, documents, editsForMoves(documents, own)).changes);
  }
  return Object.keys(changes).length === 0 ? null : { changes };
}
