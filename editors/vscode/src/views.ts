/**
 * Read-only documents of the scheme `margo-view`, which the language server fills and refreshes as their source changes.
 * While a source has a mistake, what was shown last stays.
 */
import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import type { Running } from "./commands.ts";
import type { Target } from "./target.ts";

/** Opens a view beside the text; if there is none, the person is told why. */
export async function showView(
  { document: source, name }: Target,
  running: Running,
  what: string,
  stage = "",
): Promise<void> {
  if (running() === undefined) {
    void vscode.window.showErrorMessage(notRunning);
    return;
  }
  const title = what === "wgsl" ? `${name}.wgsl` : `${name} after ${stage}`;
  const path = `/${[what, name, stage, title].join("/")}`;
  const uri = vscode.Uri.from({ scheme: "margo-view", path, query: source.toString() });
  refusals.delete(uri.toString());
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, {
      preview: false,
      preserveFocus: true,
      viewColumn: vscode.ViewColumn.Beside,
    });
  } catch (error) {
    const reason = refusals.get(uri.toString()) ?? (error instanceof Error ? error.message : String(error));
    void vscode.window.showErrorMessage(reason);
  }
}

export const notRunning = "Margo's language server is not running.";

/** Why the server showed nothing, by the view. */
const refusals = new Map<string, string>();

export const keepLastView: NonNullable<Middleware["provideTextDocumentContent"]> = async (
  uri,
  token,
  next,
) => {
  try {
    const text = await next(uri, token);
    refusals.delete(uri.toString());
    return text;
  } catch (error) {
    refusals.set(uri.toString(), error instanceof Error ? error.message : String(error));
    return undefined;
  }
};
