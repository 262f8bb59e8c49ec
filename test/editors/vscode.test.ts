/** What of the VS Code extension needs no editor: its snippets are Margo, its manifest names what exists, its commands find what they are about. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseModule } from "../../compiler/syntax/parse.ts";
import { declarationAt, declarationsIn } from "../../editors/vscode/src/declarations.ts";
import { irStages } from "../../src/ide/views.ts";
import { projectRoot } from "../support/cli.ts";

const folder = join(projectRoot, "editors/vscode");

interface Snippet {
  readonly prefix: string;
  readonly body: readonly string[];
}

describe("snippets have no mistake in their syntax", () => {
  const snippets = Object.values(readJson<Record<string, Snippet>>("snippets/margo.json"));
  test.each(snippets)("$prefix", ({ prefix, body }) => {
    const text = expanded(body.join("\n"));
    const isStatement = prefix === "require" || prefix === "if";
    const file = isStatement ? `fn f(x) {\n${text}\n}\n` : text;
    expect(parseModule("snippet.margo", file).diagnostics.map(({ message }) => message)).toEqual([]);
  });
});

interface Manifest {
  readonly icon: string;
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly languages: readonly {
      readonly configuration: string;
      readonly icon: { readonly light: string };
    }[];
    readonly grammars: readonly { readonly path: string }[];
    readonly snippets: readonly { readonly path: string }[];
  };
}

describe("the manifest", () => {
  const { icon, contributes } = readJson<Manifest>("package.json");
  const files = [
    icon,
    ...contributes.languages.flatMap((language) => [language.configuration, language.icon.light]),
    ...[...contributes.grammars, ...contributes.snippets].map(({ path }) => path),
  ];
  test.each(files)("%s is there", (path) => {
    expect(existsSync(join(folder, path))).toBe(true);
  });

  const code = ["commands.ts", "extension.ts"].map((name) => readFileSync(join(folder, "src", name), "utf8"));
  test.each(contributes.commands.map(({ command }) => command))("%s is registered", (command) => {
    expect(code.join("\n")).toContain(`"${command}"`);
  });
});

describe("what a command is about", () => {
  const text = [
    'import { dense } from "std/layers"',
    "export margin Θ(m = 0.5) {",
    "  target = cos",
    "}",
    "",
    "train Run {",
    "  model = N",
    "}",
    "margin ",
    "fn half(x: f32[N]) = x |>",
  ].join("\n");

  test("the declaration that a line is in, if it is of the kind", () => {
    const at = (line: number): string | undefined =>
      declarationAt(declarationsIn(text, ["margin", "fn"]), line);
    expect([0, 1, 2, 4, 6, 8, 9].map(at)).toEqual([undefined, "Θ", "Θ", "Θ", undefined, undefined, "half"]);
  });

  test("a file's declarations to choose from, half typed as it is", () => {
    const names = declarationsIn(text, ["train", "fn", "margin"]).map(({ kind, name }) => `${kind} ${name}`);
    expect(names).toEqual(["margin Θ", "train Run", "fn half"]);
    expect(declarationsIn("", ["fn"])).toEqual([]);
  });
});

test("the IR can be shown after each pass", () => {
  const code = readFileSync(join(folder, "src/commands.ts"), "utf8");
  const list = /const stages = \[([^\]]*)\]/.exec(code)?.[1] ?? "";
  expect([...list.matchAll(/"(\w+)"/g)].map(([, name]) => name)).toEqual(irStages);
});

/** As VS Code inserts it, with every place holder taken as it is. */
function expanded(body: string): string {
  let text = body;
  for (let before = ""; before !== text;) {
    before = text;
    text = text.replaceAll(/\$\{\d+:([^${}]*)\}/g, "$1");
  }
  return text.replaceAll(/\$\d+/g, "").replaceAll("\t", "  ");
}

/** The file's author is this project. */
function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
}
