/**
 * A whole session over every request that the server answers, from another process: sound, half-typed and hostile
 * documents, requests that make no sense. Every message that comes out is checked against the protocol, and the server
 * says goodbye as if nothing had been.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { features } from "../../../src/server/features.ts";
import { type Client, startClient } from "../../support/ide/client.ts";
import { notifications } from "../../support/ide/guards.ts";
import { problemOf, requestsAt } from "../../support/ide/requests.ts";

const folder = mkdtempSync(join(tmpdir(), "margo-session-"));
const uriOf = (file: string): string => pathToFileURL(join(folder, file)).href;
const sound = `import { dense } from "std/layers"

/// Two numbers of four.
model Net(x: f32[N, 4]) {
  let y = 2 * x
  y |> dense(2)
}
`;
let client: Client;

beforeAll(async () => {
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "main.margo"), "on disk it is no Margo");
  client = startClient([process.execPath, join(process.cwd(), "dist/margo.js"), "lsp", "--stdio"], folder);
  const textDocument = {
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    completion: { completionItem: { snippetSupport: true } },
  };
  const workspace = { configuration: true, didChangeConfiguration: { dynamicRegistration: true } };
  await client.request("initialize", {
    processId: process.pid,
    rootUri: uriOf(""),
    capabilities: { textDocument, workspace },
  });
  client.notify("initialized", {});
  open("main.margo", sound);
});

afterAll(() => rmSync(folder, { recursive: true }));

function open(file: string, text: string): void {
  client.notify("textDocument/didOpen", {
    textDocument: { uri: uriOf(file), languageId: "margo", version: 1, text },
  });
}

async function problemsOf(uri: string, place = { line: 5, character: 9 }): Promise<readonly string[]> {
  const answers = requestsAt(folder, uri, place).map(async ([method, params]) =>
    problemOf(method, await client.request(method, params)),
  );
  return (await Promise.all(answers)).filter((one) => one !== undefined);
}

describe("a session", () => {
  test("asks for everything that the server answers", () => {
    expect(
      requestsAt("", "", { line: 0, character: 0 })
        .map(([method]) => method)
        .sort(),
    ).toEqual(features.map(({ method }) => method).sort());
  });

  test("a sound document: every request has a result, the buffer in front of the file", async () => {
    for (const [method, params] of requestsAt(folder, uriOf("main.margo"), { line: 4, character: 6 })) {
      const answer = await client.request(method, params);
      expect(answer.error, method).toBeUndefined();
      expect(problemOf(method, answer)).toBeUndefined();
    }
  });

  const texts: Readonly<Record<string, string>> = {
    "empty.margo": "",
    "half.margo": "import { de\nmodel Net(x: f32[N, 4]) {\n  let y =\n  y |> dense(\n",
    "binary.margo": "\u0000\u0001\ud800 PNG\r\n\u001a\n".repeat(50),
    "circle.margo": 'import { f } from "./circle.margo"\nexport fn f(x: f32[N]) = f(x)\n',
    "gone.margo":
      'import { f } from "./never.margo"\nimport { g } from "../../../out.margo"\nfn Net(x: f32) = f(g(x))\n',
    "deep.margo": `fn Net(x: f32) = ${"(".repeat(400)}x`,
    "huge.margo": `${sound}// ${"x".repeat(1_000_001)}\n`,
  };

  test.each(Object.entries(texts))("%s: every request is answered", async (file, text) => {
    open(file, text);
    expect(await problemsOf(uriOf(file))).toEqual([]);
    expect(await problemsOf(uriOf(file), { line: 9999, character: 9999 })).toEqual([]);
  });

  test("edits one after the other, and one that overtakes a request", async () => {
    const uri = uriOf("main.margo");
    const change = (version: number, contentChanges: readonly unknown[]): void =>
      client.notify("textDocument/didChange", { textDocument: { uri, version }, contentChanges });
    const at = { line: 4, character: 10 };
    change(2, [{ range: { start: at, end: { line: 4, character: 11 } }, text: "3" }]);
    const range = { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } };
    const overtaken = client.atOnce(() => {
      const { answer } = client.begin("textDocument/inlayHint", { textDocument: { uri }, range });
      change(3, [{ text: sound.replace("4]", "5]") }]);
      return answer;
    });
    expect((await overtaken).error?.code).toBe(-32801);
    const { result } = await client.request("textDocument/hover", {
      textDocument: { uri },
      position: { line: 4, character: 6 },
    });
    expect(JSON.stringify(result)).toContain("f32[N, 5]");
  });

  test("a request that is taken back is given up", async () => {
    const answer = client.atOnce(() => {
      const begun = client.begin("textDocument/hover", {
        textDocument: { uri: uriOf("main.margo") },
        position: { line: 4, character: 6 },
      });
      client.notify("$/cancelRequest", { id: begun.id });
      return begun.answer;
    });
    expect((await answer).error?.code).toBe(-32800);
  });

  test("what makes no sense is refused in the protocol's words", async () => {
    const refused = async (method: string, params: unknown): Promise<number | undefined> =>
      (await client.request(method, params)).error?.code;
    const textDocument = { uri: uriOf("main.margo") };
    expect(
      await refused("textDocument/hover", {
        textDocument: { uri: uriOf("nowhere.margo") },
        position: { line: 0, character: 0 },
      }),
    ).toBe(-32602);
    expect(await refused("textDocument/hover", { textDocument, position: { line: -1, character: 0 } })).toBe(
      -32602,
    );
    expect(await refused("textDocument/hover", {})).toBe(-32602);
    expect(await refused("workspace/executeCommand", { command: "rm" })).toBe(-32602);
    expect(await refused("textDocument/telepathy", { textDocument })).toBe(-32601);
  });

  test("everything that the server sent of its own accord was of the protocol", () => {
    const sent = client.received.filter(({ method }) => method !== undefined);
    const wrong = sent.filter(({ method = "", params }) => notifications[method]?.(params) !== true);
    expect(wrong).toEqual([]);
    expect(sent.map(({ method }) => method)).toContain("textDocument/publishDiagnostics");
  });

  test("it ends when it is asked to, and wrote nothing beside the protocol", async () => {
    await client.request("shutdown", null);
    client.notify("exit", null);
    expect(await client.ended()).toBe(0);
    expect(client.noise()).toBe("");
  });
});
