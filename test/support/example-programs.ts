/** The programs of examples/: every train, and every margin in the softmax loss. A new example is tested without a word. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type ElaborateOptions, checkFile, elaborateEntry } from "../../compiler/check/index.ts";
import type { Program } from "../../compiler/program.ts";
import { nodeHost } from "../../src/sources/host.ts";
import { withAddition } from "../../src/sources/overlay.ts";

const root = join(import.meta.dirname, "..", "..");
const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".margo"))
  .map((name) => `examples/${name.replaceAll("\\", "/")}`)
  .sort();

/** `iris/iris.margo Iris`, and its program. */
export type ExampleProgram = readonly [title: string, elaborate: () => Program];

/** Declared by the file, before any is elaborated. */
function declared(keyword: "train" | "margin"): readonly (readonly [file: string, name: string])[] {
  const pattern = new RegExp(`^(?:export )?${keyword} (\\w+)`, "gm");
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(pattern)].map(
      ([, name = ""]) => [file, name] as const,
    ),
  );
}

export const exampleTrains: readonly ExampleProgram[] = declared("train").map(([file, name]) => [
  titleOf(file, name),
  () => elaborated(file, name, { set: {} }),
]);

/** With gradients, for any number of rows, features and classes. */
export const exampleMargins: readonly ExampleProgram[] = declared("margin").map(([file, name]) => [
  titleOf(file, name),
  () => elaborated(file, "loss_of_test", { set: { margin: `${name}()` }, gradients: true, training: true }),
]);

function titleOf(file: string, name: string): string {
  return `${file.replace("examples/", "")} ${name}`;
}

function elaborated(file: string, entry: string, options: ElaborateOptions): Program {
  const host = withAddition(
    nodeHost(root),
    file,
    'import { margin_softmax as loss_of_test } from "std/losses"',
  );
  const { program, diagnostics } = elaborateEntry(host, file, entry, options);
  if (program !== undefined) return program;
  const said = [...diagnostics, ...checkFile(host, file).diagnostics].map(({ message }) => message);
  throw new Error(`${file} ${entry}: ${said.join("\n")}`);
}
