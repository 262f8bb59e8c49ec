/** What a command is about: given by a code lens, or at the cursor. */
import * as vscode from "vscode";

export interface Target {
  readonly file: vscode.Uri;
  /** The declaration meant; undefined for all that fit. */
  readonly name: string | undefined;
}

/** `uri` and `name` are those of a code lens, if the command came from one; `kinds` are keywords of declarations. */
export function targetOf(uri: unknown, name: unknown, kinds: readonly string[]): Target | undefined {
  if (typeof uri === "string" && typeof name === "string") return { file: vscode.Uri.parse(uri), name };
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "margo" || editor.document.uri.scheme !== "file") {
    void vscode.window.showInformationMessage("Open a .margo file that is saved on the disk first.");
    return undefined;
  }
  return { file: editor.document.uri, name: declarationAtCursor(editor, kinds) };
}

/** The declaration at the cursor if it is of one of these kinds, by the line that begins it. */
function declarationAtCursor(editor: vscode.TextEditor, kinds: readonly string[]): string | undefined {
  const head = new RegExp(`^(?:export\\s+)?(?:${kinds.join("|")})\\s+([\\w\\u0370-\\u1fff]+)`);
  const begin = /^(?:export\s+)?(?:fn|layer|model|margin|loss|optimizer|train|let|import)\b/;
  for (let line = editor.selection.active.line; line >= 0; line--) {
    const { text } = editor.document.lineAt(line);
    if (begin.test(text)) return head.exec(text)?.[1];
  }
  return undefined;
}
