/**
 * The commands. Each works on one declaration: that of a code lens, the one at the cursor, or one that is chosen. What
 * can be looked at comes from the language server, which sees the buffers as they are; what runs, runs in a terminal.
 */
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { showPicture } from "./picture.ts";
import { margoProgram } from "./program.ts";
import { type Target, targetOf } from "./target.ts";
import { showView } from "./views.ts";

/** The client while it runs. */
export type Running = () => LanguageClient | undefined;

/** What a command does, and the keywords of declarations that it can be about. */
interface Command {
  readonly kinds: readonly string[];
  readonly run: (target: Target, running: Running) => Promise<void>;
}

const entries = ["train", "model", "loss", "fn", "layer"];

const commands: Readonly<Record<string, Command>> = {
  "margo.plot": { kinds: ["margin"], run: showPicture },
  "margo.showIr": { kinds: entries, run: showIr },
  "margo.showWgsl": {
    kinds: ["train", "model"],
    run: (target, running) => showView(target, running, "wgsl"),
  },
  "margo.gradcheck": { kinds: ["margin", ...entries], run: (target) => inTerminal(target, "gradcheck", []) },
  "margo.train": { kinds: ["train"], run: (target) => inTerminal(target, "train", ["--entry"]) },
};

export function registerCommands(context: vscode.ExtensionContext, running: Running): void {
  for (const [id, { kinds, run }] of Object.entries(commands)) {
    const command = async (uri?: unknown, name?: unknown): Promise<void> => {
      const target = await targetOf(uri, name, kinds);
      if (target !== undefined) await run(target, running);
    };
    context.subscriptions.push(vscode.commands.registerCommand(id, command));
  }
}

async function showIr(target: Target, running: Running): Promise<void> {
  const stage = await vscode.window.showQuickPick(stages, { placeHolder: "The IR after which pass?" });
  if (stage !== undefined) await showView(target, running, "ir", stage);
}

/** In the order in which they run; a test holds them against the compiler's. */
const stages = [
  "lower",
  "decompose",
  "angles",
  "logarithms",
  "pairs",
  "parts",
  "gradient",
  "simplify",
  "narrow",
  "stream",
  "fuse",
  "schedule",
  "plan",
];

/**
 * The command line reads what is on the disk, so the buffer is saved first. It runs as a task: its terminal stays when it has
 * ended, and the same command again uses it again.
 */
async function inTerminal(
  { document: uri, name }: Target,
  command: string,
  before: readonly string[],
): Promise<void> {
  if (uri.scheme !== "file") {
    void vscode.window.showInformationMessage(`margo ${command} reads files: save this one first.`);
    return;
  }
  await (await vscode.workspace.openTextDocument(uri)).save();
  const program = margoProgram(uri);
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const cwd = folder?.uri.fsPath ?? dirname(uri.fsPath);
  const args = [...program.args, command, uri.fsPath, ...before, name];
  const task = new vscode.Task(
    { type: "process" },
    folder ?? vscode.TaskScope.Workspace,
    `${command} ${name}`,
    "margo",
    new vscode.ProcessExecution(program.command, args, { cwd }),
  );
  task.presentationOptions = { panel: vscode.TaskPanelKind.Dedicated, clear: true, showReuseMessage: false };
  await vscode.tasks.executeTask(task);
}
