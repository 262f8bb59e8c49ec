/**
 * From place to place over the protocol: what a word says, where an import leads, who calls what. Buffers that nobody
 * saved count, and a declaration of the library is asked about from where it is declared.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../support/cli.ts";
import { type Client, startClient } from "../../support/ide/client.ts";
import { results } from "../../support/ide/guards.ts";

const main = `import { dense } from "std/layers"
import { twice } from "./lib.margo"
model Net(x: f32[N, 4]) = x |> twice() |> dense(2)
train T {
  model = Net
  data = csv("rows.csv", classes: 2)
}
`;
const lib = "export fn twice(x: f32[N, D]) = 2 * x\n";

const folder = mkdtempSync(join(tmpdir(), "margo-navigation-"));
const uriOf = (file: string): string => pathToFileURL(join(folder, file)).href;
const layers = join(projectRoot, "std/layers.margo");
let client: Client;

beforeAll(async () => {
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "main.margo"), "");
  writeFileSync(join(folder, "lib.margo"), lib);
  client = startClient([process.execPath, join(projectRoot, "dist/margo.js"), "lsp", "--stdio"], folder);
  await client.request("initialize", { processId: null, rootUri: null, capabilities: {} });
  client.notify("initialized", {});
  open(uriOf("main.margo"), main);
});

afterAll(async () => {
  await client.request("shutdown", null);
  client.notify("exit", null);
  await client.ended();
  rmSync(folder, { recursive: true });
});

function open(uri: string, text: string): void {
  client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "margo", version: 1, text } });
}

/** The answer about the place where a piece of a text stands. */
async function askedAt(
  method: string,
  uri: string,
  text: string,
  piece: string,
  more = {},
): Promise<unknown> {
  const before = text.slice(0, text.indexOf(piece) + 1).split("\n");
  const position = { line: before.length - 1, character: (before.at(-1) ?? "").length };
  const { result, error } = await client.request(method, { textDocument: { uri }, position, ...more });
  if (results[method]?.(result) !== true) throw new Error(`${method}: ${JSON.stringify(error ?? result)}`);
  return result;
}

/** The items and places of a step, as `Net main.margo 2:31`. */
async function calls(direction: "incoming" | "outgoing", item: unknown): Promise<readonly string[]> {
  const method = `callHierarchy/${direction}Calls`;
  const { result } = await client.request(method, { item });
  expect(results[method]?.(result)).toBe(true);
  return [...Object(result)].map((call) => {
    const { name, uri } = call[direction === "incoming" ? "from" : "to"];
    const [{ start }] = call.fromRanges;
    return `${name} ${uri.split("/").at(-1)} ${start.line}:${start.character}`;
  });
}

async function itemAt(uri: string, text: string, piece: string): Promise<unknown> {
  const items = await askedAt("textDocument/prepareCallHierarchy", uri, text, piece);
  return Object(items)[0];
}

describe("hover", () => {
  test("on words of the language and on settings of a reader", async () => {
    const hovered = async (piece: string): Promise<string> =>
      Object(await askedAt("textDocument/hover", uriOf("main.margo"), main, piece)).contents.value;
    expect(await hovered("model Net")).toContain("The network that a `train` trains.");
    expect(await hovered("classes")).toContain("How many classes the labels name");
    expect(await hovered('"std/layers"')).toMatch(/Images are \[N, height, width, channels\]\.[^]*`dense`/);
  });
});

test("definition leads from the path of an import to the file", async () => {
  const start = { line: 0, character: 0 };
  const found = (piece: string): Promise<unknown> =>
    askedAt("textDocument/definition", uriOf("main.margo"), main, piece);
  expect(await found('"./lib')).toEqual({ uri: uriOf("lib.margo"), range: { start, end: start } });
  expect(await found('"std/layers')).toMatchObject({ uri: pathToFileURL(layers).href });
});

describe("call hierarchy", () => {
  test("step by step, through files and into the library", async () => {
    const net = await itemAt(uriOf("main.margo"), main, "Net(");
    expect(net).toMatchObject({ name: "Net", detail: "model of main.margo", uri: uriOf("main.margo") });
    expect(await calls("incoming", net)).toEqual(["T main.margo 4:10"]);
    expect(await calls("outgoing", net)).toEqual(["twice lib.margo 2:31", "dense layers.margo 2:42"]);
  });

  test("from the library's own document: callers in the workspace too, each once", async () => {
    const text = readFileSync(layers, "utf8");
    const uri = pathToFileURL(layers).href;
    open(uri, text);
    const dense = await itemAt(uri, text, "dense(units");
    expect(await calls("incoming", dense)).toEqual(["Net main.margo 2:42"]);
    const context = { includeDeclaration: true };
    const references = await askedAt("textDocument/references", uri, text, "dense(units", { context });
    const files = [...Object(references)].map((one) => one.uri.split("/").at(-1));
    expect(files.toSorted()).toEqual(["layers.margo", "main.margo", "main.margo"]);
    client.notify("textDocument/didClose", { textDocument: { uri } });
  });

  test("an item whose declaration goes, or whose file does, has no calls", async () => {
    const twice = await itemAt(uriOf("main.margo"), main, "twice()");
    expect(await calls("incoming", twice)).toEqual(["Net main.margo 2:31"]);
    open(uriOf("lib.margo"), "fn other() = 1\n");
    expect(await calls("incoming", twice)).toEqual([]);
    client.notify("textDocument/didClose", { textDocument: { uri: uriOf("lib.margo") } });
    expect(await calls("incoming", twice)).toEqual(["Net main.margo 2:31"]);
    rmSync(join(folder, "lib.margo"));
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: uriOf("lib.margo"), type: 3 }] });
    expect(await calls("incoming", twice)).toEqual([]);
    expect(await calls("outgoing", twice)).toEqual([]);
  });
});
