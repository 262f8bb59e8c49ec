/**
 * The server as an editor meets it: a process of its own that is spoken to over its pipe. Every message that it sends is
 * held against the protocol's shapes.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { type Client, type Message, startClient } from "../../support/ide/client.ts";
import { wrongWith } from "../../support/ide/protocol.ts";

const root = join(import.meta.dirname, "../../..");
const uri = pathToFileURL(join(root, "examples", "not-on-disk.margo")).href;
const source = `import { dense } from "std/layers"

/// Two numbers.
model Net(x: f32[N, 4]) -> f32[N, 2] {
  x |> dense(8) |> dense(2)
}

fn sum_of(x: f32[N, D]) = sum(x, over: D)
`;

let client: Client;
const asked = new Map<unknown, string>();

async function ask(method: string, params: unknown): Promise<Message> {
  const { id, answer } = client.begin(method, params);
  asked.set(id, method);
  return answer;
}

const textDocument = { uri };
const at = (line: number, character: number) => ({ textDocument, position: { line, character } });

beforeAll(async () => {
  client = startClient([process.execPath, join(root, "dist/margo.js"), "lsp", "--stdio"], root);
  const capabilities = { textDocument: { documentSymbol: { hierarchicalDocumentSymbolSupport: true } } };
  await ask("initialize", { processId: process.pid, rootUri: null, capabilities });
  client.notify("initialized", {});
  const published = client.next("textDocument/publishDiagnostics");
  client.notify("textDocument/didOpen", {
    textDocument: { uri, languageId: "margo", version: 1, text: source },
  });
  await published;
});

describe("requests", () => {
  test("hover", async () => {
    const { result } = await ask("textDocument/hover", at(4, 9));
    expect(JSON.stringify(result)).toContain("layer dense(units: int");
  });

  test("definition leads into the library", async () => {
    const { result } = await ask("textDocument/definition", at(4, 9));
    expect(Object(result).uri).toMatch(/std\/layers\.margo$/);
  });

  test("completion, and the doc of a choice", async () => {
    const { result } = await ask("textDocument/completion", at(4, 7));
    const items: readonly { readonly label: string }[] = Object(result).items;
    const item = items.find(({ label }) => label === "dense");
    const { result: resolved } = await ask("completionItem/resolve", item);
    expect(Object(resolved).documentation.value).toContain("y = x W + b");
  });

  test("signature help, references, highlights, rename", async () => {
    expect(Object((await ask("textDocument/signatureHelp", at(4, 13))).result).activeParameter).toBe(0);
    expect(
      (await ask("textDocument/references", { ...at(7, 10), context: { includeDeclaration: true } })).result,
    ).toHaveLength(2);
    expect((await ask("textDocument/documentHighlight", at(7, 10))).result).toHaveLength(2);
    expect(Object((await ask("textDocument/prepareRename", at(7, 10))).result).placeholder).toBe("x");
    const { result } = await ask("textDocument/rename", { ...at(7, 10), newName: "rows" });
    expect(Object(result).changes[uri]).toHaveLength(2);
  });

  test("what the tree tells", async () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 7, character: 0 } };
    for (const method of [
      "documentSymbol",
      "foldingRange",
      "semanticTokens/full",
      "documentLink",
      "codeLens",
    ])
      expect((await ask(`textDocument/${method}`, { textDocument })).error).toBeUndefined();
    for (const method of ["semanticTokens/range", "inlayHint"])
      expect((await ask(`textDocument/${method}`, { textDocument, range })).error).toBeUndefined();
    const positions = [{ line: 4, character: 9 }];
    expect((await ask("textDocument/selectionRange", { textDocument, positions })).error).toBeUndefined();
    const context = { diagnostics: [] };
    expect((await ask("textDocument/codeAction", { textDocument, range, context })).error).toBeUndefined();
  });

  test("mistakes, asked for and sent", async () => {
    const published = client.next("textDocument/publishDiagnostics");
    const contentChanges = [
      { range: { start: { line: 4, character: 7 }, end: { line: 4, character: 12 } }, text: "dens" },
    ];
    client.notify("textDocument/didChange", { textDocument: { uri, version: 2 }, contentChanges });
    const { diagnostics } = Object((await published).params);
    expect(diagnostics.map((one: { code: string }) => one.code)).toContain("M0102");
    const { result } = await ask("textDocument/diagnostic", { textDocument });
    expect(Object(result).items).toEqual(diagnostics);
    const again = await ask("textDocument/diagnostic", {
      textDocument,
      previousResultId: Object(result).resultId,
    });
    expect(Object(again.result).kind).toBe("unchanged");
  });
});

describe("mistakes of the client", () => {
  const codeOf = async (method: string, params: unknown) => (await ask(method, params)).error?.code;

  test("a document that nobody has", async () => {
    const nowhere = { textDocument: { uri: "file:///nowhere.margo" }, position: { line: 0, character: 0 } };
    expect(await codeOf("textDocument/hover", nowhere)).toBe(-32602);
    expect(await codeOf("textDocument/hover", { ...nowhere, textDocument: { uri: "no uri" } })).toBe(-32602);
  });

  test("parameters that are none", async () => {
    expect(await codeOf("textDocument/hover", {})).toBe(-32602);
    expect(await codeOf("textDocument/hover", { textDocument })).toBe(-32602);
    expect(await codeOf("textDocument/hover", { textDocument, position: { line: -1, character: 0 } })).toBe(
      -32602,
    );
    expect(await codeOf("textDocument/nothing", { textDocument })).toBe(-32601);
  });

  test("a name that cannot be changed says why", async () => {
    const { error } = await ask("textDocument/rename", { ...at(7, 27), newName: "x" });
    expect(error?.message).toBe("`sum` belongs to the language");
  });

  test("a request that an edit overtakes is given up", async () => {
    const contentChanges = [{ text: source }];
    const answer = client.atOnce(() => {
      const begun = ask("textDocument/hover", at(4, 9));
      client.notify("textDocument/didChange", { textDocument: { uri, version: 3 }, contentChanges });
      return begun;
    });
    expect((await answer).error?.code).toBe(-32801);
  });

  test("and so is one that is cancelled", async () => {
    const answer = client.atOnce(() => {
      const begun = client.begin("textDocument/hover", at(4, 9));
      asked.set(begun.id, "textDocument/hover");
      client.notify("$/cancelRequest", { id: begun.id });
      return begun.answer;
    });
    expect((await answer).error?.code).toBe(-32800);
  });
});

test("every message fits the protocol", () => {
  const wrong = client.received.flatMap((message) => wrongWith(message, asked.get(message.id)) ?? []);
  expect(wrong).toEqual([]);
  expect(client.received.length).toBeGreaterThan(20);
});

test("it ends when it is told to, and was silent beside the protocol", async () => {
  const ended = client.ended();
  await ask("shutdown", null);
  client.notify("exit", null);
  expect(await ended).toBe(0);
  expect(client.noise()).toBe("");
});
