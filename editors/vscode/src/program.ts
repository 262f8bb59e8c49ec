/** Which `margo` is started: the setting's, that of the workspace, or the one on the PATH. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as vscode from "vscode";

export interface Program {
  readonly command: string;
  /** Those that come before the command line's own. */
  readonly args: readonly string[];
}

/** For the file if one is given, else for the workspace. */
export function margoProgram(file?: vscode.Uri): Program {
  const path = vscode.workspace.getConfiguration("margo", file).get<string>("server.path", "").trim();
  if (path !== "") return started(path);
  const roots = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const folders = [...(file === undefined ? [] : [dirname(file.fsPath)]), ...roots].flatMap(upwards);
  const installed = folders.flatMap((folder) => [
    join(folder, "node_modules/margo-lang/dist/margo.js"),
    join(folder, "dist/margo.js"),
  ]);
  const found = installed.find((candidate) => existsSync(candidate));
  return found === undefined
    ? { command: process.platform === "win32" ? "margo.cmd" : "margo", args: [] }
    : started(found);
}

function started(path: string): Program {
  return /\.[cm]?js$/.test(path) ? { command: "node", args: [path] } : { command: path, args: [] };
}

function upwards(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}
