/**
 * The client in VS Code: it starts `margo lsp --stdio` and gives names to what the server can show and the command line
 * can do with the file at hand. All knowledge of the language is in the server.
 */
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions } from "vscode-languageclient/node";
import { registerCommands } from "./commands.ts";
import { margoProgram } from "./program.ts";
import { keepLastView } from "./views.ts";

let client: LanguageClient | undefined;

/** Commands are there at once, also while the server starts or when it does not. */
export function activate(context: vscode.ExtensionContext): void {
  registerCommands(context, () => client);
  context.subscriptions.push(
    vscode.commands.registerCommand("margo.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("margo.server.path")) void restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void restart()),
  );
  void restart();
}

export function deactivate(): Promise<void> | undefined {
  return client?.stop();
}

/** Nothing of a workspace is started before its owner trusts it. */
async function restart(): Promise<void> {
  await client?.stop();
  client = undefined;
  if (!vscode.workspace.isTrusted) return;
  const { command, args } = margoProgram();
  const server = { command, args: [...args, "lsp", "--stdio"] };
  const next = new LanguageClient("margo", "Margo", server, clientOptions());
  client = next;
  try {
    await next.start();
  } catch (error) {
    client = undefined;
    void explain(command, error);
  }
}

function clientOptions(): LanguageClientOptions {
  const schemes = ["file", "untitled"];
  return {
    documentSelector: schemes.map((scheme) => ({ scheme, language: "margo" })),
    initializationOptions: vscode.workspace.getConfiguration("margo"),
    synchronize: { configurationSection: "margo" },
    middleware: { provideTextDocumentContent: keepLastView },
  };
}

async function explain(command: string, error: unknown): Promise<void> {
  const settings = "Open Settings";
  const chosen = await vscode.window.showErrorMessage(
    `Margo's language server did not start: ${reasonOf(error, command)}. Install margo-lang in the workspace, or set margo.server.path.`,
    settings,
  );
  if (chosen === settings)
    await vscode.commands.executeCommand("workbench.action.openSettings", "margo.server.path");
}

function reasonOf(error: unknown, command: string): string {
  const reason = error instanceof Error ? error.message : String(error);
  return reason.includes("ENOENT") ? `there is no ${command}` : reason;
}
