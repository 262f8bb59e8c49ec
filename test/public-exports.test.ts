/** What the package exports: everything says what it is, and the types that the runtime's signatures name can be imported. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const runtime = exportsOf("runtime/index.ts");
const tfjs = exportsOf("runtime/tfjs/index.ts");

test.each([
  ["margo-lang", exportsOf("src/index.ts")],
  ["margo-lang/node", exportsOf("src/node.ts")],
  ["margo-lang/vite", exportsOf("src/vite.ts")],
  ["margo-lang/prettier", exportsOf("src/prettier.ts")],
  ["margo-lang/runtime", runtime],
  ["margo-lang/runtime/tfjs", tfjs],
])("every export of %s says what it is", (_, exported) => {
  expect(exported.length).toBeGreaterThan(1);
  const silent = exported.filter(({ before }) => !before.endsWith("*/\n"));
  expect(silent.map(({ name, path }) => `${path}: ${name}`)).toEqual([]);
});

test("types that the runtime's exports name can be imported beside them", () => {
  const importable = [...runtime, ...tfjs].map(({ name }) => name);
  const hidden = typesOf("runtime").filter((type) => !importable.includes(type) && !opaque.has(type));
  const named = runtime.flatMap(({ name, text }) => {
    const words = new Set(signatureOf(text).match(/\b[A-Z]\w+/g));
    return hidden.filter((type) => words.has(type)).map((type) => `${name} names ${type}`);
  });
  expect(named).toEqual([]);
});

/** Insides of a compiled module, which is handed on and not read. */
const opaque = new Set(["GpuKernel", "GpuFunction"]);

/** A declaration: its text, and the text of its file before it. */
interface Exported {
  readonly name: string;
  readonly path: string;
  readonly before: string;
  readonly text: string;
}

/** Those of the file itself, and those that it hands on. */
function exportsOf(path: string): readonly Exported[] {
  const text = readFileSync(join(root, path), "utf8");
  const heads = text.matchAll(
    /^export (?!(?:type )?\{)(?:async )?(?:(?:const|function|interface|type|class) )?(\w+|\{.*?\})/gm,
  );
  const own = [...heads].map(({ 1: name = "", index }) => ({
    name,
    path,
    before: text.slice(0, index),
    text: text.slice(index).split(/\n(?=export|\/\*\*)/)[0] ?? "",
  }));
  const lists = text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from "([^"]+)")?/gm);
  const handedOn = [...lists].flatMap(({ 1: names = "", 2: from = importOf(text, names.trim()) }) =>
    exportsOf(join(dirname(path), from)).filter(({ name }) => new RegExp(`\\b${name}\\b`).test(names)),
  );
  return [...own, ...handedOn];
}

/** Where a name that is exported as it stands was imported from. */
function importOf(text: string, name: string): string {
  return new RegExp(`^import \\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)"`, "m").exec(text)?.[1] ?? "";
}

/** The names of all exported types in a folder. */
function typesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(root, folder, name), "utf8"))
    .flatMap((text) => [...text.matchAll(/^export (?:interface|type|class) (\w+)/gm)])
    .map((match) => match[1] ?? "");
}

/** A function's parameters and result, a class's public members, the whole of a type; without comments. */
function signatureOf(text: string): string {
  const code = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
  if (/^export (?:async )?function/.test(code)) return code.slice(0, code.search(/ \{\n/));
  if (!code.startsWith("export class")) return code;
  const members = code.matchAll(/^ {2}(?!#)(?:async |get |readonly )?\w+[^{;]*(?:\{[^{}]*\}[^{;]*)?[{;]$/gm);
  return [...members].map(([member]) => member).join("\n");
}
