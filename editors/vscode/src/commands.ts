/**
 * The commands. Each works on a file and, where it makes a difference, on one declaration: both come from a code lens, or
 * are those at the cursor. What `margo` prints is shown in a panel, a read-only document or a terminal.
 */
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { showPicture } from "./picture.ts";
import { margoProgram } from "./program.ts";
import { margoOutput } from "./run.ts";
import { type Target, targetOf } from "./target.ts";
import { registerDocuments, showDocument } from "./virtual-documents.ts";

/** What a command does, and the keywords of declarations that it can be about. */
interface Command {
  readonly kinds: readonly string[];
  readonly run: (target: Target) => Promise<void>;
}

const entries = ["train", "model", "loss", "fn", "layer"];

const commands: Readonly<Record<string, Command>> = {
  "margo.plot": { kinds: ["margin"], run: plot },
  "margo.showIr": { kinds: entries, run: showIr },
  "margo.showWgsl": { kinds: ["train", "model"], run: showWgsl },
  "margo.gradcheck": { kinds: ["margin", ...entries], run: gradcheck },
  "margo.train": { kinds: ["train"], run: train },
};

export function registerCommands(context: vscode.ExtensionContext): void {
  registerDocuments(context);
  for (const [id, { kinds, run }] of Object.entries(commands)) {
    const command = async (uri?: unknown, name?: unknown): Promise<void> => {
      const target = targetOf(uri, name, kinds);
      if (target !== undefined) await run(target);
    };
    context.subscriptions.push(vscode.commands.registerCommand(id, command));
  }
}

async function plot({ file, name }: Target): Promise<void> {
  const text = await outputOf(file, ["plot", file.fsPath, ...listed(name)]);
  if (text !== undefined) showPicture(name ?? "Margins", text);
}

async function showIr({ file, name }: Target): Promise<void> {
  const pass = await vscode.window.showQuickPick(passes, { placeHolder: "The IR after which pass?" });
  if (pass === undefined) return;
  const text = await outputOf(file, ["ir", file.fsPath, "--stage", pass, ...entry(name)]);
  if (text !== undefined) await showDocument(`${name ?? "IR"} after ${pass}.txt`, text);
}

const passes = ["lower", "decompose", "angles", "gradient", "simplify", "stream", "fuse", "schedule", "plan"];

/** The kernels as they are built, in a folder of their own. */
async function showWgsl({ file, name }: Target): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "margo-"));
  try {
    const args = ["build", file.fsPath, "--target", "wgsl", "--out", folder, ...entry(name)];
    if ((await outputOf(file, args)) === undefined) return;
    for (const built of (await readdir(folder)).filter((one) => one.endsWith(".wgsl")))
      await showDocument(built, await readFile(join(folder, built), "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function gradcheck({ file, name }: Target): Promise<void> {
  return inTerminal(file, ["gradcheck", file.fsPath, ...listed(name)]);
}

function train({ file, name }: Target): Promise<void> {
  return inTerminal(file, ["train", file.fsPath, ...entry(name)]);
}

function listed(name: string | undefined): readonly string[] {
  return name === undefined ? [] : [name];
}

function entry(name: string | undefined): readonly string[] {
  return name === undefined ? [] : ["--entry", name];
}

/** Undefined where the command failed, which the person is told. */
async function outputOf(file: vscode.Uri, args: readonly string[]): Promise<string | undefined> {
  const output = await margoOutput(file, args);
  if (output.kind === "fine") return output.text;
  void vscode.window.showErrorMessage(output.text);
  return undefined;
}

async function inTerminal(file: vscode.Uri, args: readonly string[]): Promise<void> {
  await (await vscode.workspace.openTextDocument(file)).save();
  const program = margoProgram(file);
  const cwd = vscode.workspace.getWorkspaceFolder(file)?.uri;
  const terminal = vscode.window.createTerminal({
    name: `margo ${args[0] ?? ""}`,
    shellPath: program.command,
    shellArgs: [...program.args, ...args],
    ...(cwd === undefined ? {} : { cwd }),
  });
  terminal.show();
}
