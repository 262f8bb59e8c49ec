/** A workspace edit of the server's as one change of the editor, which undo takes back. The page edits one file. */
import { LSPPlugin } from "@codemirror/lsp-client";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { TextEdit, WorkspaceEdit } from "vscode-languageserver-protocol";
import { offsetOf } from "./ask.ts";

/** `doc` is the text that the edit was made for; where it is another by now nothing is changed. */
export function applyEdit(view: EditorView, doc: Text, edit: WorkspaceEdit): void {
  if (view.state.doc !== doc) return;
  const uri = LSPPlugin.get(view)?.uri ?? "";
  applyTextEdits(view, edit.changes?.[uri] ?? []);
}

export function applyTextEdits(view: EditorView, edits: readonly TextEdit[]): void {
  const { doc } = view.state;
  const changes = edits.map(({ range, newText }) => ({
    from: offsetOf(doc, range.start),
    to: offsetOf(doc, range.end),
    insert: newText,
  }));
  view.dispatch({ changes, userEvent: "input.fix" });
  view.focus();
}
