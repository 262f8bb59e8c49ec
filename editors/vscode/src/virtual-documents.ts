/** Read-only documents that hold what a command printed. */
import * as vscode from "vscode";

const scheme = "margo-output";
const texts = new Map<string, string>();
const changed = new vscode.EventEmitter<vscode.Uri>();

export function registerDocuments(context: vscode.ExtensionContext): void {
  const provider = {
    onDidChange: changed.event,
    provideTextDocumentContent: (uri: vscode.Uri) => texts.get(uri.path) ?? "",
  };
  context.subscriptions.push(changed, vscode.workspace.registerTextDocumentContentProvider(scheme, provider));
}

/** The same title shows in the same tab, with the new text. */
export async function showDocument(title: string, text: string): Promise<void> {
  const uri = vscode.Uri.from({ scheme, path: `/${title}` });
  texts.set(uri.path, text);
  changed.fire(uri);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside });
}
