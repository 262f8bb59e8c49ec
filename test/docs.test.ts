/**
 * Every code block of the README and the docs does what it says: Margo blocks check, JavaScript runs, JSON reads,
 * and each line that calls Margo or a script of the examples runs (training for two steps on a few rows).
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkFile } from "../compiler/check/index.ts";
import { nodeHost } from "../src/sources/host.ts";
import { projectRoot } from "./support/cli.ts";
import { type Block, markdownBlocks, markdownPages } from "./support/markdown.ts";

const blocks = markdownPages().flatMap(markdownBlocks);

/** A copy of the project, most of it by links, where commands may write. */
const work = mkdtempSync(join(tmpdir(), "margo-docs-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
for (const name of ["std", "node_modules", "package.json", "dist"])
  symlinkSync(join(projectRoot, name), join(work, name));
// The data of some lie beside the runs, found from where the example is.
cpSync(join(projectRoot, "examples"), join(work, "examples"), { recursive: true });
mkdirSync(join(work, "runs"));

describe("Margo blocks check", () => {
  const host = nodeHost(projectRoot);
  test.each(ofLanguage("margo"))("%s", (_, { text }) => {
    const overlay = { ...host, read: (file: string) => (file === "block.margo" ? text : host.read(file)) };
    const { diagnostics } = checkFile(overlay, "block.margo");
    expect(diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual(
      [],
    );
  });
});

describe("JSON blocks read", () => {
  test.each(ofLanguage("json"))("%s", (_, { text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

describe("commands run", () => {
  const commands = ofLanguage("sh").flatMap(([, block]) =>
    block.text
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, ""))
      .filter((line) => line.startsWith("npx margo ") || line.startsWith("node examples/"))
      .map((line) => [`${block.file}: ${line}`, line] as const),
  );
  const unique = [...new Map(commands.map(([title, line]) => [line, title] as const))];

  test("there are commands in the docs", () => expect(unique.length).toBeGreaterThan(10));

  // In order and in one folder, since later lines use the runs of earlier ones.
  test.each(unique.map(([line, title]) => [title, line] as const))("%s", (_, line) => {
    const training = line.startsWith("npx margo train ") ? ["--limit", "64", "--set", "batch=32"] : [];
    const epochs = line.startsWith("npx margo train ") && !line.includes("--epochs") ? ["--epochs", "1"] : [];
    const [first, command = "", ...args] = wordsOf(line);
    const script = first === "npx" ? join(projectRoot, "dist/margo.js") : command;
    const { status, stderr } = spawnSync(process.execPath, [script, ...args, ...training, ...epochs], {
      encoding: "utf8",
      cwd: work,
    });
    expect(status, stderr).toBe(0);
  });
});

describe("JavaScript blocks run", () => {
  // Behind the commands, in their folder: scripts read what those have built and trained.
  test.each(ofLanguage("js"))("%s", (_, { text }) => {
    const script = join(work, "block.mjs");
    writeFileSync(script, text);
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8", cwd: work });
    expect(status, stderr).toBe(0);
  });
});

test("every picture and page that is linked to is there", () => {
  const missing = markdownPages().flatMap((file) => {
    const text = readFileSync(join(projectRoot, file), "utf8");
    return [...text.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? "")
      .filter((path) => !existsSync(join(projectRoot, dirname(file), path)))
      .map((path) => `${file}: ${path}`);
  });
  expect(missing).toEqual([]);
});

function ofLanguage(language: string): readonly (readonly [string, Block])[] {
  return blocks
    .filter((block) => block.language === language)
    .map((block) => [`${block.file}:${block.line}`, block] as const);
}

/** Words of a shell line; double quotes hold blanks together. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}
