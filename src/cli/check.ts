/** `margo check`: the mistakes of any number of files, for people, editors and code hosts. */
import { setFlagsFromString } from "node:v8";
import { checkFile } from "../../compiler/check/index.ts";
import { openWorkspace } from "../../compiler/check/workspace.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { displayedName, openSource } from "../sources/host.ts";
import { expanded } from "./expand-files.ts";
import { withFileNames } from "./file-names.ts";
import { diagnosticsJson, diagnosticsSarif } from "./diagnostics-output.ts";
import { type Source, textOf } from "../sources/source.ts";
import { sourceAt, tell } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import { type ExitCode, complain, exitFault, exitFine, writeOut } from "./terminal.ts";

export interface CheckOptions {
  readonly format: "text" | "json" | "sarif";
}

interface Checked {
  readonly source: Source;
  readonly diagnostics: readonly Diagnostic[];
}

/** Exit 1 when a file has an error or does not exist; warnings alone are fine. */
export async function check(patterns: readonly string[], { format }: CheckOptions): Promise<ExitCode> {
  optimizeLate();
  const { files, missing } = await expanded(patterns);
  for (const pattern of missing) complain(`there is no .margo file at ${pattern}`);
  const checked = await checkAll(files);
  if (format === "text") for (const { source, diagnostics } of checked) tell(source, diagnostics);
  else await writeOut(machineReadable(checked, format));
  const failed = checked.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === "error"));
  return failed || missing.length > 0 ? exitFault : exitFine;
}

/**
 * A check is over before most of what V8 would optimise has paid for itself: with its usual patience a third of the
 * processor time goes to that. Ten times the patience still optimises what a check of many files runs again and again.
 */
function optimizeLate(): void {
  setFlagsFromString("--interrupt-budget=1000000");
}

/** Files of one workspace share what they import. A mistake in a shared file is told once. */
async function checkAll(files: readonly string[]): Promise<readonly Checked[]> {
  const workspaces = new Map<string, Source>();
  const told = new Set<string>();
  const checked: Checked[] = [];
  for (const path of files) {
    const opened = openSource(path) ?? sourceAt(path);
    const shared = workspaces.get(opened.root) ?? { ...opened, workspace: openWorkspace(opened.host) };
    workspaces.set(opened.root, shared);
    const source = { ...shared, file: opened.file, directory: opened.directory };
    const found = await atStage("check", () => checkFile(source.host, source.file).diagnostics);
    const fresh = found.filter(({ code, message, span }) => {
      const key = `${opened.root}|${span.file}|${span.start}|${code}|${message}`;
      return !told.has(key) && told.add(key);
    });
    checked.push({ source, diagnostics: fresh });
  }
  return checked;
}

function machineReadable(checked: readonly Checked[], format: "json" | "sarif"): string {
  const write = format === "json" ? diagnosticsJson : diagnosticsSarif;
  const texts = new Map<string, string>();
  const all = checked.flatMap(({ source, diagnostics }) =>
    diagnostics.map((diagnostic) => {
      const named = (file: string) => {
        const name = displayedName(file, source.root);
        if (!texts.has(name)) texts.set(name, textOf(source, file));
        return name;
      };
      return withFileNames(diagnostic, named);
    }),
  );
  return write(all, (file) => texts.get(file) ?? "");
}
