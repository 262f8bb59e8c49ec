/**
 * What a workspace and a client can do to a server: files that go and move under it, imports in circles, buffers that say
 * something else than the disk, a file without end, settings that two clients send in two ways, a client that refuses.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Diagnostic, InlayHint } from "vscode-languageserver";
import { projectRoot } from "../../support/cli.ts";
import { type Client, type Message, type Reply, startClient } from "../../support/ide/client.ts";
import { results } from "../../support/ide/guards.ts";

const folders: string[] = [];
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    await client.request("shutdown", null);
    client.notify("exit", null);
    if ((await client.ended()) !== 0 || client.noise() !== "")
      throw new Error(`the server ended badly: ${client.noise()}`);
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A workspace with these files. */
function workspace(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "margo-bad-"));
  folders.push(folder);
  for (const [file, text] of Object.entries({ "package.json": "{}", ...files }))
    writeFileSync(join(folder, file), text);
  return folder;
}

/** A time that only a server that never answers takes. */
const patience = { timeout: 20_000 };

interface Start {
  readonly capabilities?: unknown;
  readonly initializationOptions?: unknown;
  readonly reply?: Reply;
}

async function started(folder: string, { capabilities = {}, reply, ...more }: Start = {}): Promise<Client> {
  const command = [process.execPath, join(projectRoot, "dist/margo.js"), "lsp", "--stdio"];
  const client = startClient(command, folder, reply);
  clients.push(client);
  await client.request("initialize", { processId: null, rootUri: null, capabilities, ...more });
  client.notify("initialized", {});
  return client;
}

function uriOf(folder: string, file: string): string {
  return pathToFileURL(join(folder, file)).href;
}

function open(client: Client, uri: string, text: string): void {
  client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "margo", version: 1, text } });
}

/** The codes of the diagnostics that the client was sent last. */
function codesOf(client: Client, uri: string): readonly unknown[] | undefined {
  const [last] = client.received
    .filter(
      ({ method, params }) => method === "textDocument/publishDiagnostics" && Object(params).uri === uri,
    )
    .slice(-1);
  const { diagnostics } = Object(last?.params);
  return Array.isArray(diagnostics)
    ? diagnostics.map((one: unknown) => (Diagnostic.is(one) ? one.code : one))
    : undefined;
}

const missingModule = "M0105";
const importCycle = "M0108";
const main = 'import { twice } from "./lib.margo"\nfn four(x: f32[N]) = twice(twice(x))\n';
const lib = "export fn twice(x: f32[N]) = 2 * x\n";

test("an import that is deleted, comes back and moves away", async () => {
  const folder = workspace({ "main.margo": main, "lib.margo": lib });
  const client = await started(folder);
  const uri = uriOf(folder, "main.margo");
  const told = (...changes: readonly (readonly [string, number])[]): void =>
    client.notify("workspace/didChangeWatchedFiles", {
      changes: changes.map(([file, type]) => ({ uri: uriOf(folder, file), type })),
    });
  open(client, uri, main);
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
  rmSync(join(folder, "lib.margo"));
  told(["lib.margo", 3]);
  await expect.poll(() => codesOf(client, uri), patience).toContain(missingModule);
  writeFileSync(join(folder, "lib.margo"), lib);
  told(["lib.margo", 1]);
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
  renameSync(join(folder, "lib.margo"), join(folder, "other.margo"));
  told(["lib.margo", 3], ["other.margo", 1]);
  await expect.poll(() => codesOf(client, uri), patience).toContain(missingModule);
});

test("a folder that goes: who watches files is told of it alone", async () => {
  const folder = workspace({ "main.margo": main.replace("./lib", "./heads/lib") });
  mkdirSync(join(folder, "heads"));
  writeFileSync(join(folder, "heads/lib.margo"), lib);
  const client = await started(folder);
  const uri = uriOf(folder, "main.margo");
  open(client, uri, main.replace("./lib", "./heads/lib"));
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
  renameSync(join(folder, "heads"), join(folder, "other"));
  const moved = { oldUri: uriOf(folder, "heads"), newUri: uriOf(folder, "other") };
  client.notify("workspace/didRenameFiles", { files: [moved] });
  await expect.poll(() => codesOf(client, uri), patience).toContain(missingModule);
  renameSync(join(folder, "other"), join(folder, "heads"));
  client.notify("workspace/didRenameFiles", {
    files: [{ oldUri: moved.newUri, newUri: moved.oldUri }],
  });
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
  rmSync(join(folder, "heads"), { recursive: true });
  client.notify("workspace/didDeleteFiles", { files: [{ uri: uriOf(folder, "heads") }] });
  await expect.poll(() => codesOf(client, uri), patience).toContain(missingModule);
});

test("a file with a byte order mark has its names where editors count them", async () => {
  const folder = workspace({ "main.margo": main, "lib.margo": `\ufeff${lib}` });
  const client = await started(folder);
  const uri = uriOf(folder, "main.margo");
  open(client, uri, main);
  const { result } = await client.request("textDocument/definition", {
    textDocument: { uri },
    position: { line: 1, character: 23 },
  });
  expect(result).toMatchObject({ range: { start: { line: 0, character: 10 } } });
});

test("a file that is open under two names keeps the text of the other when one is closed", async () => {
  const folder = workspace({ "lib.margo": lib });
  symlinkSync(join(folder, "lib.margo"), join(folder, "link.margo"));
  const client = await started(folder);
  const broken = lib.replace("twice", "thrice");
  for (const file of ["lib.margo", "link.margo"]) open(client, uriOf(folder, file), broken);
  client.notify("textDocument/didClose", { textDocument: { uri: uriOf(folder, "link.margo") } });
  const { result } = await client.request("textDocument/documentSymbol", {
    textDocument: { uri: uriOf(folder, "lib.margo") },
  });
  expect(result).toMatchObject([{ name: "thrice" }]);
});

test("a client that asks for diagnostics is told to ask again when a file that is not open changes", async () => {
  const folder = workspace({ "main.margo": main, "lib.margo": lib });
  const client = await started(folder, {
    capabilities: {
      textDocument: { diagnostic: {} },
      workspace: { diagnostics: { refreshSupport: true } },
    },
  });
  const uri = uriOf(folder, "main.margo");
  open(client, uri, main);
  const first = await client.request("textDocument/diagnostic", { textDocument: { uri } });
  expect(first.result).toMatchObject({ items: [] });
  const refreshed = client.next("workspace/diagnostic/refresh");
  rmSync(join(folder, "lib.margo"));
  client.notify("workspace/didChangeWatchedFiles", {
    changes: [{ uri: uriOf(folder, "lib.margo"), type: 3 }],
  });
  await refreshed;
  const second = await client.request("textDocument/diagnostic", {
    textDocument: { uri },
    previousResultId: Object(first.result).resultId,
  });
  expect(second.result).toMatchObject({ kind: "full", items: [{ code: missingModule }] });
});

test("files that import each other: told once, in the first by name, until the circle is broken", async () => {
  const one = 'import { g } from "./two.margo"\nexport fn f(x: f32[N]) = g(x)\n';
  const two = 'import { f } from "./one.margo"\nexport fn g(x: f32[N]) = f(x)\n';
  const folder = workspace({ "one.margo": one, "two.margo": two });
  const client = await started(folder);
  const [first, second] = [uriOf(folder, "one.margo"), uriOf(folder, "two.margo")];
  open(client, first, one);
  open(client, second, two);
  await expect.poll(() => codesOf(client, first), patience).toEqual([importCycle]);
  await expect.poll(() => codesOf(client, second), patience).toEqual([]);
  client.notify("textDocument/didChange", {
    textDocument: { uri: second, version: 2 },
    contentChanges: [{ text: "export fn g(x: f32[N]) = x\n" }],
  });
  await expect.poll(() => codesOf(client, first), patience).toEqual([]);
});

test("an unsaved buffer counts instead of its file, until it is closed", async () => {
  const folder = workspace({ "main.margo": main, "lib.margo": lib });
  const client = await started(folder);
  const uri = uriOf(folder, "main.margo");
  open(client, uri, main);
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
  open(client, uriOf(folder, "lib.margo"), lib.replace("twice", "thrice"));
  await expect.poll(() => codesOf(client, uri), patience).not.toEqual([]);
  // Whatever happens to the file on the disk meanwhile.
  client.notify("workspace/didChangeWatchedFiles", {
    changes: [{ uri: uriOf(folder, "lib.margo"), type: 2 }],
  });
  const hover = await client.request("textDocument/definition", {
    textDocument: { uri },
    position: { line: 1, character: 23 },
  });
  expect(hover.result).toBe(null);
  client.notify("textDocument/didClose", { textDocument: { uri: uriOf(folder, "lib.margo") } });
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
});

test("a file of a megabyte: what is not looked at is said, and everything else goes on", async () => {
  const folder = workspace({ "main.margo": main, "lib.margo": lib });
  const client = await started(folder);
  const large = uriOf(folder, "large.margo");
  open(client, large, `${lib}${"fn f(x: f32[N]) = 2 * y\n".repeat(45_000)}`);
  await expect.poll(() => codesOf(client, large), patience).toEqual(["M0016"]);
  const asked = { textDocument: { uri: large }, position: { line: 0, character: 11 } };
  expect((await client.request("textDocument/hover", asked)).result).toBe(null);
  client.notify("textDocument/didChange", {
    textDocument: { uri: large, version: 2 },
    contentChanges: [{ text: lib }],
  });
  await expect.poll(() => codesOf(client, large), patience).toEqual([]);
  expect((await client.request("textDocument/hover", asked)).result).not.toBe(null);
});

test("settings that are sent, asked for, and senseless", async () => {
  const text = "fn f(x: f32[N]) {\n  let y = 2 * x\n  y\n}\n";
  const folder = workspace({ "main.margo": text });
  const uri = uriOf(folder, "main.margo");
  const range = { start: { line: 0, character: 0 }, end: { line: 4, character: 0 } };
  const hintsOf = async (client: Client): Promise<number> => {
    const { result } = await client.request("textDocument/inlayHint", { textDocument: { uri }, range });
    return Array.isArray(result) && result.every((one) => InlayHint.is(one)) ? result.length : -1;
  };
  const without = { inlayHints: { shapes: false } };
  let kept: unknown = without;
  const asking = await started(folder, {
    capabilities: { workspace: { configuration: true } },
    reply: ({ method }) => ({ result: method === "workspace/configuration" ? [kept] : null }),
  });
  const sending = await started(folder, { initializationOptions: without });
  for (const client of [asking, sending]) {
    open(client, uri, text);
    await expect.poll(() => hintsOf(client), patience).toBe(0);
  }
  // The one that is asked says nothing with the notification, the other everything.
  kept = { inlayHints: { shapes: true } };
  asking.notify("workspace/didChangeConfiguration", { settings: null });
  sending.notify("workspace/didChangeConfiguration", { settings: { margo: kept } });
  for (const client of [asking, sending]) await expect.poll(() => hintsOf(client), patience).toBe(1);
  for (const settings of [null, 7, "no", [], { margo: { inlayHints: { shapes: "maybe" } } }]) {
    sending.notify("workspace/didChangeConfiguration", { settings });
    expect(await hintsOf(sending)).toBe(1);
  }
});

test("a client that refuses whatever it is asked", async () => {
  const folder = workspace({ "main.margo": main, "lib.margo": lib });
  const refresh = { refreshSupport: true };
  const client = await started(folder, {
    capabilities: {
      workspace: {
        configuration: true,
        didChangeConfiguration: { dynamicRegistration: true },
        didChangeWatchedFiles: { dynamicRegistration: true },
        inlayHint: refresh,
        codeLens: refresh,
        diagnostics: refresh,
      },
      textDocument: { diagnostic: {} },
    },
    reply: () => ({ error: { code: -32601, message: "never heard of it" } }),
  });
  const uri = uriOf(folder, "main.margo");
  open(client, uri, main);
  open(client, uriOf(folder, "lib.margo"), lib);
  const view = `margo-view:/ir/four?${encodeURIComponent(uri)}`;
  await client.request("workspace/textDocumentContent", { uri: view });
  client.notify("workspace/didChangeConfiguration", { settings: null });
  client.notify("textDocument/didChange", {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: main }],
  });
  const asked = (): readonly (string | undefined)[] => client.received.map(({ method }) => method);
  await expect.poll(asked, patience).toContain("workspace/textDocumentContent/refresh");
  await expect.poll(asked, patience).toContain("workspace/diagnostic/refresh");
  const { result } = await client.request("textDocument/diagnostic", { textDocument: { uri } });
  expect(result).toMatchObject({ items: [] });
});

test("a buffer in a folder that is not there", async () => {
  const folder = workspace({});
  const client = await started(folder);
  rmSync(folder, { recursive: true });
  const uri = uriOf(folder, "deeper/main.margo");
  const hover = (): Promise<Message> =>
    client.request("textDocument/hover", { textDocument: { uri }, position: { line: 0, character: 3 } });
  expect((await hover()).error).toEqual({ code: -32602, message: `there is no document ${uri}` });
  open(client, uri, lib);
  await expect.poll(() => codesOf(client, uri), patience).toEqual([]);
  expect((await hover()).error).toBeUndefined();
});

test("requests and notifications that lack what they need, or are about nothing", async () => {
  const folder = workspace({ "main.margo": lib });
  const client = await started(folder);
  const textDocument = { uri: uriOf(folder, "main.margo") };
  open(client, textDocument.uri, lib);
  const position = { line: 0, character: 11 };
  const requests: readonly (readonly [string, unknown])[] = [
    ...Object.keys(results).map((method) => [method, null] as const),
    ...Object.keys(results)
      .filter((method) => method.startsWith("textDocument/"))
      .map((method) => [method, { textDocument: { uri: 7 }, position }] as const),
    ["textDocument/rename", { textDocument, position }],
    ["textDocument/selectionRange", { textDocument, positions: "everywhere" }],
    ["textDocument/semanticTokens/range", { textDocument, range: 7 }],
    ["textDocument/codeAction", { textDocument, context: {} }],
    ["workspace/symbol", {}],
    ["workspace/willRenameFiles", { files: [{ oldUri: textDocument.uri }] }],
    ["workspace/executeCommand", { command: "margo.view", arguments: [] }],
    ["workspace/textDocumentContent", { uri: "margo-view:/ir/%zz?%zz" }],
    ...["file:///", "file://elsewhere/x.margo", "file:///%zz.margo", "http://a/b.margo", ""].map(
      (uri) => ["textDocument/hover", { textDocument: { uri }, position }] as const,
    ),
  ];
  for (const [method, params] of requests) {
    const { error } = await client.request(method, params);
    expect(error?.code, `${method} ${JSON.stringify(params)}`).toBe(-32602);
  }
  for (const method of ["didOpen", "didChange", "didClose"])
    for (const params of [null, {}, { textDocument: { uri: 7 } }])
      client.notify(`textDocument/${method}`, params);
  client.notify("workspace/didChangeWatchedFiles", {});
  const hover = await client.request("textDocument/hover", { textDocument, position });
  expect(JSON.stringify(hover.result)).toContain("fn twice");
});

test("before initialize and after shutdown nothing is answered", async () => {
  const folder = workspace({ "a.margo": "let a = 1\n" });
  const command = [process.execPath, join(projectRoot, "dist/margo.js"), "lsp", "--stdio"];
  const client = startClient(command, folder);
  const params = {
    textDocument: { uri: pathToFileURL(join(folder, "a.margo")).href },
    position: { line: 0, character: 4 },
  };
  expect((await client.request("textDocument/hover", params)).error?.code).toBe(-32002);
  await client.request("initialize", { processId: null, rootUri: null, capabilities: {} });
  expect((await client.request("textDocument/hover", params)).result).toMatchObject({ contents: {} });
  await client.request("shutdown", null);
  expect((await client.request("textDocument/hover", params)).error?.code).toBe(-32600);
  client.notify("exit", null);
  expect(await client.ended()).toBe(0);
});

test("between the quotes of a reader stand the files beside the module, folders first", async () => {
  const folder = workspace({ "rows.csv": "a,b\n1,2\n", "a.margo": "", ".hidden.csv": "" });
  mkdirSync(join(folder, "digits/part"), { recursive: true });
  writeFileSync(join(folder, "digits/train.npy"), "");
  const client = await started(folder);
  const uri = pathToFileURL(join(folder, "a.margo")).href;
  const offered = async (path: string): Promise<unknown> => {
    const text = `train T {\n  data = csv("${path}")\n}\n`;
    client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "margo", version: 1, text } });
    const position = { line: 1, character: 14 + path.length };
    const { result } = await client.request("textDocument/completion", { textDocument: { uri }, position });
    client.notify("textDocument/didClose", { textDocument: { uri } });
    return Object(result).items.map(({ textEdit }: { textEdit: { newText: string } }) => textEdit.newText);
  };
  expect(await offered("")).toEqual(["digits/", "package.json", "rows.csv"]);
  expect(await offered("digits/")).toEqual(["digits/part/", "digits/train.npy"]);
  expect(await offered("nowhere/")).toEqual([]);
  expect(await offered("npm:")).toEqual([]);
});
