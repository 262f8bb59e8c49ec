/** A TypeScript project that has installed the package: strict, and checked against the declarations in dist/. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Place, projectRoot, temporaryPlace } from "./cli.ts";

export interface TypedProject extends Place {
  /** What tsc says, a line an error; `flags` are its own. */
  readonly typeErrors: (...flags: readonly string[]) => readonly string[];
}

export function typedProject(): TypedProject {
  const place = temporaryPlace();
  const packages = join(place.path, "node_modules");
  mkdirSync(packages);
  symlinkSync(projectRoot, join(packages, "margo-lang"));
  symlinkSync(join(projectRoot, "node_modules/@types"), join(packages, "@types"));
  place.write("package.json", '{ "type": "module" }');
  place.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return { ...place, typeErrors: (...flags) => typeErrors(place.path, flags) };
}

const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  module: "nodenext",
  target: "es2023",
  lib: ["es2023", "dom"],
  types: ["node"],
  allowArbitraryExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

const require = createRequire(import.meta.url);
const compiler = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");

function typeErrors(folder: string, flags: readonly string[]): readonly string[] {
  try {
    execFileSync(process.execPath, [compiler, "-p", folder, "--pretty", "false", ...flags], {
      cwd: folder,
      encoding: "utf8",
    });
    return [];
  } catch (error) {
    const { stdout = String(error) } = error as { readonly stdout?: string };
    return stdout.split("\n").filter((line) => line !== "");
  }
}
