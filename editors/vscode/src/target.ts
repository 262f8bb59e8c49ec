/** What a command is about: given by a code lens, at the cursor, or chosen among what the document declares. */
import * as vscode from "vscode";
import { type Declared, declarationAt, declarationsIn } from "./declarations.ts";

export interface Target {
  readonly document: vscode.Uri;
  readonly name: string;
}

/** `uri` and `name` are those of a code lens, if the command came from one; `kinds` are keywords of declarations. */
export async function targetOf(
  uri: unknown,
  name: unknown,
  kinds: readonly string[],
): Promise<Target | undefined> {
  if (typeof uri === "string" && typeof name === "string") return { document: vscode.Uri.parse(uri), name };
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "margo") return refused("Open a .margo file first.");
  const { document } = editor;
  const declared = declarationsIn(document.getText(), kinds);
  if (declared.length === 0) return refused(`This file declares no ${kinds.join(", no ")}.`);
  const chosen = declarationAt(declared, editor.selection.active.line) ?? (await chosenFrom(declared));
  return chosen === undefined ? undefined : { document: document.uri, name: chosen };
}

function refused(reason: string): undefined {
  void vscode.window.showInformationMessage(reason);
  return undefined;
}

async function chosenFrom(declared: readonly Declared[]): Promise<string | undefined> {
  const items = declared.map(({ kind, name }) => ({ label: name, description: kind }));
  if (items.length === 1) return items[0]?.label;
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which declaration?" }))?.label;
}
