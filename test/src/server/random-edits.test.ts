/**
 * Ten thousand edits that nobody would think of, sent to a server in another process with requests between them, many of
 * them overtaken by the next edit: every request is answered within the protocol, and whenever the typing pauses the
 * mistakes that the server tells are those of the same text checked from nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { checkFile } from "../../../compiler/check/index.ts";
import { hostOf } from "../../support/elaborated-loss.ts";
import { type Client, startClient } from "../../support/ide/client.ts";
import { nextEdit, numbersFrom, startText } from "../../support/ide/random-edits.ts";
import { problemOf, requestsAt } from "../../support/ide/requests.ts";

const other = "export fn twice(x: f32[...]) = 2 * x\n";
const edits = 10_000;
const betweenPauses = 20;
const folder = mkdtempSync(join(tmpdir(), "margo-edits-"));
const uri = pathToFileURL(join(folder, "main.margo")).href;
let client: Client;

beforeAll(async () => {
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "other.margo"), other);
  client = startClient([process.execPath, join(process.cwd(), "dist/margo.js"), "lsp", "--stdio"], folder);
  // A client that asks for mistakes gets them when it asks: at the pauses.
  const documentSymbol = { hierarchicalDocumentSymbolSupport: true };
  const capabilities = { textDocument: { diagnostic: {}, documentSymbol } };
  await client.request("initialize", { processId: process.pid, rootUri: null, capabilities });
  client.notify("initialized", {});
});

afterAll(() => rmSync(folder, { recursive: true }));

test("ten thousand edits: every request is answered, and the server knows what a fresh start would", async () => {
  const random = numbersFrom(7);
  const earlier = [startText];
  const wrong: string[] = [];
  let document = TextDocument.create(uri, "margo", 1, startText);
  client.notify("textDocument/didOpen", {
    textDocument: { uri, languageId: "margo", version: 1, text: startText },
  });
  for (let step = 1; step <= edits; step++) {
    const edit = nextEdit(random, document.getText(), earlier);
    const range = { start: document.positionAt(edit.start), end: document.positionAt(edit.end) };
    const contentChanges = [{ range, text: edit.text }];
    document = TextDocument.update(document, contentChanges, document.version + 1);
    client.notify("textDocument/didChange", {
      textDocument: { uri, version: document.version },
      contentChanges,
    });
    const requests = requestsAt(
      folder,
      uri,
      document.positionAt(Math.floor(random() * document.getText().length)),
    );
    const [method, params] = requests[step % requests.length] ?? ["", undefined];
    const asked = client.request(method, params).then((answer) => problemOf(method, answer));
    void asked.then((problem) => (problem === undefined ? 0 : wrong.push(`step ${step}: ${problem}`)));
    if (step % 20 === 0) earlier.push(document.getText());
    if (step % 5 === 0) await asked;
    if (step % betweenPauses === 0)
      expect(await told(), `step ${step}:\n${document.getText()}`).toEqual(expected(document));
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  await client.request("shutdown", null);
  client.notify("exit", null);
  expect(await client.ended()).toBe(0);
  expect(client.noise()).toBe("");
}, 600_000);

async function told(): Promise<unknown> {
  const { result } = await client.request("textDocument/diagnostic", { textDocument: { uri } });
  const items: readonly { readonly code: string; readonly message: string; readonly range: unknown }[] =
    Object(result).items;
  return items.map(({ code, message, range }) => ({ code, message, range }));
}

function expected(document: TextDocument): unknown {
  const host = hostOf({ "other.margo": other, "main.margo": document.getText() });
  const { diagnostics } = checkFile(host, "main.margo");
  return diagnostics
    .filter(({ span }) => span.file === "main.margo")
    .map(({ code, message, help, span }) => ({
      code,
      message: help === undefined ? message : `${message}\n${help}`,
      range: { start: document.positionAt(span.start), end: document.positionAt(span.end) },
    }));
}
