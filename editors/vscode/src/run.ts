/** Runs `margo` once and gives what it prints. The text that it sees is what is on the disk, so buffers are saved first. */
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import * as vscode from "vscode";
import { margoProgram } from "./program.ts";

export type Output =
  { readonly kind: "fine"; readonly text: string } | { readonly kind: "failed"; readonly text: string };

export async function margoOutput(file: vscode.Uri, args: readonly string[]): Promise<Output> {
  const document = await vscode.workspace.openTextDocument(file);
  if (document.isDirty) await document.save();
  const program = margoProgram(file);
  const options = {
    cwd: vscode.workspace.getWorkspaceFolder(file)?.uri.fsPath ?? dirname(file.fsPath),
    env: { ...process.env, NO_COLOR: "1" },
    maxBuffer: 64 * 2 ** 20,
  };
  return new Promise((resolve) => {
    execFile(program.command, [...program.args, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: "fine", text: stdout });
      else resolve({ kind: "failed", text: stderr.trim() === "" ? error.message : stderr.trim() });
    });
  });
}
