/** What a command is about: given by a code lens, at the cursor, or chosen among what the document declares. */
import * as vscode from "vscode";

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
  const declared = declarationsOf(document, kinds);
  const [only] = declared;
  const chosen =
    declarationAt(declared, editor.selection.active.line) ??
    (declared.length === 1 ? only?.name : await chosenFrom(declared));
  if (declared.length === 0) return refused(`This file declares no ${kinds.join(", no ")}.`);
  return chosen === undefined ? undefined : { document: document.uri, name: chosen };
}

function refused(reason: string): undefined {
  void vscode.window.showInformationMessage(reason);
  return undefined;
}

interface Declared {
  readonly kind: string;
  readonly name: string;
  readonly line: number;
  /** The line in which the next declaration begins. */
  readonly end: number;
}

/** Of these kinds, by the lines that begin declarations: also in a text that is half typed, and without the server. */
function declarationsOf(document: vscode.TextDocument, kinds: readonly string[]): readonly Declared[] {
  const heads = document
    .getText()
    .split("\n")
    .flatMap((text, line) => {
      const [, kind = "", name = ""] = head.exec(text) ?? [];
      return kind === "" ? [] : [{ kind, name, line }];
    });
  return heads
    .map((one, at) => ({ ...one, end: heads[at + 1]?.line ?? document.lineCount }))
    .filter(({ kind, name }) => kinds.includes(kind) && name !== "");
}

const head =
  /^(?:export\s+)?(fn|layer|model|margin|loss|optimizer|train|let|import)\b(?:\s+([\w\u0370-\u1fff]+))?/;

function declarationAt(declared: readonly Declared[], line: number): string | undefined {
  return declared.find((one) => one.line <= line && line < one.end)?.name;
}

async function chosenFrom(declared: readonly Declared[]): Promise<string | undefined> {
  if (declared.length === 0) return undefined;
  const items = declared.map(({ kind, name }) => ({ label: name, description: kind }));
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which declaration?" }))?.label;
}
