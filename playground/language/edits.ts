/** A workspace edit of the server's as one change of the editor, which undo takes back. The page edits one file. */
import { LSPPlugin } from "@codemirror/lsp-client";
import type { EditorView } from "@codemirror/view";
import type { TextEdit, WorkspaceEdit } from "vscode-languageserver-protocol";
import { offsetOf } from "./ask.ts";

export function applyEdit(view: EditorView, edit: WorkspaceEdit): void {
  const uri = LSPPlugin.get(view)?.uri ?? "";
  applyTextEdits(view, edit.changes?.[uri] ?? []);
}

function applyTextEdits(view: EditorView, edits: readonly TextEdit[]): void {
  const { doc } = view.state;
  const changes = edits.map(({ range, newText }) => ({
    from: offsetOf(doc, range.start),
    to: offsetOf(doc, range.end),
    insert: newText,
  }));
  view.dispatch({ changes, userEvent: "input.fix" });
  view.focus();
}
