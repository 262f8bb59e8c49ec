/**
 * What editors that we did not write are tried with: a project with one file, `margo` on the PATH, the configuration that
 * docs/editors.md gives to its reader, and a script in the editor's own language whose findings come back as JSON.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect } from "vitest";
import { type Place, projectRoot } from "./cli.ts";

/** Has a mistake in its last line, and two places that the formatter changes. */
export const source = `import { dense } from "std/layers"

/// Twice the value.
fn twice(x: f32[N]) = 2*x

model M(x: f32[N, 4]) -> f32[N, 2] {
  x|>dense(2)
}

fn four(x: f32[N]) = twice(twice(y))
`;
export const formatted = source.replace("2*x", "2 * x").replace("x|>dense", "x |> dense");
export const renamed = formatted.replaceAll("twice", "double");

/** The version that `command` tells, by a pattern with one group; undefined where it is not installed. */
export function installed(command: string, version: RegExp): string | undefined {
  return version.exec(spawnSync(command, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
}

export interface EditorCommand {
  readonly command: string;
  /** The block of docs/editors.md that configures it, and how the file with it is called. */
  readonly language: string;
  readonly configuration: string;
  /** Its arguments, given the file with the configuration and the one to edit. */
  readonly args: (configuration: string, file: string) => readonly string[];
}

/** What the editor found out about the project's file. */
export function editorSession(
  place: Place,
  { command, language, configuration, args }: EditorCommand,
): unknown {
  place.write("project/package.json", "{}");
  const file = place.write("project/four.margo", source);
  const margo = place.write(
    "bin/margo",
    `#!/bin/sh\nexec "${process.execPath}" "${join(projectRoot, "dist/margo.js")}" "$@"\n`,
  );
  chmodSync(margo, 0o755);
  const result = place.write("home/result.json", "{}");
  const env = {
    ...process.env,
    HOME: dirname(result),
    PATH: [dirname(margo), process.env["PATH"] ?? ""].join(delimiter),
    MARGO_RESULT: result,
  };
  const given = args(place.write(configuration, blockOfPage(language)), file);
  const options = { env, encoding: "utf8", cwd: dirname(file), timeout: 50_000 } as const;
  const { status, stderr } = spawnSync(command, given, options);
  expect(status, stderr).toBe(0);
  return JSON.parse(readFileSync(result, "utf8"));
}

/** The block of docs/editors.md in this language, as its reader copies it. */
function blockOfPage(language: string): string {
  const page = readFileSync(join(projectRoot, "docs/editors.md"), "utf8");
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(page)?.[1] ?? "";
}

export function linesOf(text: string): readonly string[] {
  return text.trimEnd().split("\n");
}
