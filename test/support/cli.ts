/** Starts the built command line as a user does, in a folder of its own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

export const projectRoot = join(import.meta.dirname, "..", "..");

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Place {
  readonly path: string;
  /** Writes a file below the folder and returns its absolute path. */
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly margo: (...args: readonly string[]) => Promise<CommandResult>;
  /** With environment variables of its own. */
  readonly margoWith: (
    env: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ) => Promise<CommandResult>;
  /** With text on standard input. */
  readonly margoReading: (input: string, ...args: readonly string[]) => Promise<CommandResult>;
  /** Every file below the folder, relative, sorted. */
  readonly files: () => readonly string[];
}

/** A temporary folder that goes away after the tests of the file; the command is the project's, or the one that is copied there. */
export function temporaryPlace(command: "project" | "copy" = "project"): Place {
  const path = mkdtempSync(join(tmpdir(), "margo-cli-"));
  const built = join(command === "project" ? projectRoot : path, "dist/margo.js");
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write: (name, content) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    margo: (...args) => runMargo(built, path, "", args),
    margoWith: (env, ...args) => runMargo(built, path, "", args, env),
    margoReading: (input, ...args) => runMargo(built, path, input, args),
    files: () =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
        .sort(),
  };
}

function runMargo(
  built: string,
  cwd: string,
  input: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "", ...variables };
    const child = spawn(process.execPath, [built, ...args], { cwd, env });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => (out += String(chunk)));
    child.stderr.on("data", (chunk) => (err += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
