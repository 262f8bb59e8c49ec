/** The invariants of ARCHITECTURE.md, held by walking the sources: who may import whom, and how long a file gets. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files = ["grammar", "compiler", "runtime", "src", "test", "scripts", "bench"].flatMap(sourcesIn);
const product = files.filter(({ path }) => /^(grammar|compiler|runtime|src)\//.test(path));

describe("who may import whom", () => {
  const rules: readonly { readonly folder: string; readonly allowed: RegExp; readonly packages: RegExp }[] = [
    { folder: "grammar/", allowed: /^grammar\//, packages: /^chevrotain$/ },
    {
      folder: "compiler/",
      allowed: /^(compiler|grammar)\/|^runtime\/(random|webgpu\/schedule)\.ts$/,
      packages: /^chevrotain$|^@jridgewell\/sourcemap-codec$/,
    },
    { folder: "runtime/tfjs/", allowed: /^runtime\//, packages: /^@tensorflow\// },
    { folder: "runtime/", allowed: /^runtime\//, packages: /^$/ },
  ];

  test.each(product.map((file) => [file.path, file] as const))("%s", (path, { imports, text }) => {
    const rule = rules.find(({ folder }) => path.startsWith(folder));
    if (rule === undefined) return;
    for (const name of imports) {
      if (isType(text, name) && targetOf(path, name).startsWith("runtime/")) continue;
      if (name.startsWith(".")) expect(targetOf(path, name), `${path} imports ${name}`).toMatch(rule.allowed);
      else expect(name, `${path} imports a package`).toMatch(rule.packages);
    }
  });

  test("only src and the tests touch Node", () => {
    const guilty = product.filter(
      ({ path, imports }) => !path.startsWith("src/") && imports.some((name) => name.startsWith("node:")),
    );
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  test("the library's entry loads in a page: nothing that it imports touches Node", () => {
    const reached = reachedFrom("src/index.ts");
    const guilty = reached.filter(({ imports }) => imports.some((name) => name.startsWith("node:")));
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  test("only src/server knows the Language Server Protocol", () => {
    const guilty = product.filter(
      ({ path, imports }) =>
        !path.startsWith("src/server/") && imports.some((name) => name.startsWith("vscode-languageserver")),
    );
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  test("src/ide and the server's core run in a Web Worker: nothing that they import touches Node", () => {
    const entries = [
      "src/server/index.ts",
      ...product.filter(({ path }) => path.startsWith("src/ide/")).map(({ path }) => path),
    ];
    const reached = new Set(entries.flatMap(reachedFrom));
    const guilty = [...reached].filter(({ imports }) => imports.some((name) => name.startsWith("node:")));
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  test("margo check loads neither tfjs nor the plotting library", () => {
    const loaded = reachedFrom("src/cli/check.ts").flatMap(({ imports }) => imports);
    expect(loaded.filter((name) => /^(@tensorflow|echarts)/.test(name))).toEqual([]);
  });
});

describe("the shape of files", () => {
  test("a file fits in a head: tables aside, at most about 400 lines", () => {
    const long = product.filter(({ path, text }) => text.split("\n").length > 480 && !tables.has(path));
    expect(long.map(({ path, text }) => `${path}: ${text.split("\n").length}`)).toEqual([]);
  });

  test("every file opens by saying what it is", () => {
    const silent = product.filter(({ text }) => !/^(#![^\n]*\n)?\/\*\*/.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test("nothing is left for later", () => {
    const marks = /TO[D]O|FIX[M]E|@ts-[i]gnore/;
    const guilty = files.filter(({ path, text }) => !path.endsWith(".mjs") && marks.test(text));
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });

  test("no test is skipped or run alone", () => {
    const marks = /\b(test|it|describe)\.(skip|only|todo)\b/;
    expect(files.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test("the product writes to the terminal only through the command line", () => {
    const guilty = product.filter(
      ({ path, text }) => !path.startsWith("src/cli/") && /\bconsole\./.test(text),
    );
    expect(guilty.map(({ path }) => path)).toEqual([]);
  });
});

/** Total tables over the operations: long, flat and meant to be. */
const tables = new Set(["compiler/ops/types.ts"]);

function reachedFrom(entry: string): readonly SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<SourceFile>();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const file = byPath.get(path);
    if (file === undefined || seen.has(file)) continue;
    seen.add(file);
    for (const name of staticImports(file.text)) if (name.startsWith(".")) queue.push(targetOf(path, name));
  }
  return [...seen];
}

function targetOf(path: string, name: string): string {
  return relative(root, resolve(root, dirname(path), name))
    .split(sep)
    .join("/");
}

/** What both sides agree on are types of the runtime; they are erased and load nothing. */
function isType(text: string, name: string): boolean {
  return new RegExp(`^import type [^;]*?from "${name.replaceAll(".", "\\.")}"`, "m").test(text);
}

/** Statements that import or export from a module; types are erased and load nothing. */
function staticImports(text: string): readonly string[] {
  return [
    ...text.matchAll(/^(?:import|export)\s(?!type\b)[^;'"`]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm),
  ].map((match) => match[1] ?? match[2] ?? "");
}

function allImports(text: string): readonly string[] {
  const fixed = [
    ...text.matchAll(/^(?:import|export)\s[^;'"`]*?from\s+"([^"\\]+)"(?=;)|^import\s+"([^"\\]+)";/gm),
  ];
  const lazy = [...text.matchAll(/\bimport\("([^"]+)"\)/g)];
  return [...fixed, ...lazy].map((match) => match[1] ?? match[2] ?? "");
}

function sourcesIn(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => {
      const path = `${folder}/${name.split(sep).join("/")}`;
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, imports: allImports(text) };
    });
}
