/**
 * Requests about how a text looks and what can be changed in it, from another process over the protocol. Every answer is
 * checked against the protocol's own types, and against what it should say.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CodeAction,
  CodeLens,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  InlayHint,
  SelectionRange,
  SemanticTokens,
  type SemanticTokensDelta,
  WorkspaceEdit,
  type WorkspaceSymbol,
  Location,
} from "vscode-languageserver";
import { projectRoot } from "../../support/cli.ts";
import { type Client, type Message, startClient } from "../../support/ide/client.ts";

const text = `import { dense } from "std/layers"
import { twice } from "./lib.margo"

model Net(x: f32[N, 4]) {
  let y = twice(x)
  y |> dense(2) |> relu()
}
margin Half() {
  target = cos(acos(clamp(cos, -1, 1))) / 2
}
`;

const folder = mkdtempSync(join(tmpdir(), "margo-lsp-"));
const uri = pathToFileURL(join(folder, "main.margo")).href;
const textDocument = { uri };
const everything = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
let client: Client;

beforeAll(async () => {
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "lib.margo"), "export fn twice(x: f32[N, D]) = 2 * x\n");
  writeFileSync(join(folder, "main.margo"), text);
  client = startClient([process.execPath, join(process.cwd(), "dist/margo.js"), "lsp", "--stdio"], folder);
  const hierarchy = { documentSymbol: { hierarchicalDocumentSymbolSupport: true } };
  await client.request("initialize", {
    processId: null,
    rootUri: null,
    capabilities: { textDocument: hierarchy },
  });
  client.notify("initialized", {});
  client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "margo", version: 1, text } });
});

afterAll(async () => {
  await client.request("shutdown", null);
  client.notify("exit", null);
  await client.ended();
  rmSync(folder, { recursive: true });
});

/** The result, as the protocol's type that the guard stands for. */
async function asked<T>(method: string, params: unknown, guard: (value: unknown) => value is T): Promise<T> {
  const { result, error } = await client.request(method, params);
  if (!guard(result)) throw new Error(`${method}: ${JSON.stringify(error ?? result)}`);
  return result;
}

function listOf<T>(guard: (value: unknown) => value is T): (value: unknown) => value is T[] {
  return (value): value is T[] => Array.isArray(value) && value.every((one) => guard(one));
}

/** The types of the protocol have a guard for the older kind of symbol only. */
function isSymbol(value: unknown): value is WorkspaceSymbol {
  return typeof value === "object" && value !== null && "location" in value && Location.is(value.location);
}

function isDelta(value: unknown): value is SemanticTokensDelta {
  return typeof value === "object" && value !== null && "edits" in value && Array.isArray(value.edits);
}

let edits = 1;

function edit(contentChanges: readonly unknown[]): void {
  client.notify("textDocument/didChange", { textDocument: { uri, version: ++edits }, contentChanges });
}

function refusal({ error }: Message): string {
  return error?.message ?? "it was answered";
}

describe("how a text looks", () => {
  test("colours of the whole and of a stretch agree", async () => {
    const all = await asked("textDocument/semanticTokens/full", { textDocument }, SemanticTokens.is);
    const range = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
    const first = await asked(
      "textDocument/semanticTokens/range",
      { textDocument, range },
      SemanticTokens.is,
    );
    expect(all.data.length % 5).toBe(0);
    expect(all.data.slice(0, first.data.length)).toEqual(first.data);
    // `import`, `dense`, `from` and the path.
    expect(first.data.length).toBe(4 * 5);
  });

  test("after an edit only the colours that changed are told, and they add up to all", async () => {
    const { resultId, data } = await asked(
      "textDocument/semanticTokens/full",
      { textDocument },
      SemanticTokens.is,
    );
    const at = { line: 4, character: 10 };
    edit([{ range: { start: at, end: at }, text: "2 * " }]);
    const since = { textDocument, previousResultId: resultId };
    const delta = await asked("textDocument/semanticTokens/full/delta", since, isDelta);
    expect(delta.edits.map(({ deleteCount, data: put }) => [deleteCount, put?.length])).toEqual([[0, 2 * 5]]);
    const patched = [...data];
    for (const { start, deleteCount, data: put = [] } of delta.edits)
      patched.splice(start, deleteCount, ...put);
    const all = await asked("textDocument/semanticTokens/full", { textDocument }, SemanticTokens.is);
    expect(patched).toEqual(all.data);
    // Of what it no longer knows it tells everything.
    const old = await asked("textDocument/semanticTokens/full/delta", since, SemanticTokens.is);
    expect(old.data).toEqual(all.data);
    edit([{ text }]);
  });

  test("folds, selections, outline", async () => {
    const folds = await asked("textDocument/foldingRange", { textDocument }, listOf(FoldingRange.is));
    expect(folds.map(({ startLine, endLine }) => [startLine, endLine])).toEqual([
      [0, 1],
      [3, 5],
      [7, 8],
    ]);
    const positions = [{ line: 4, character: 7 }];
    const selected = await asked(
      "textDocument/selectionRange",
      { textDocument, positions },
      listOf(SelectionRange.is),
    );
    expect(selected).toHaveLength(1);
    const symbols = await asked("textDocument/documentSymbol", { textDocument }, listOf(DocumentSymbol.is));
    expect(symbols.map(({ name }) => name)).toEqual(["Net", "Half"]);
  });

  test("declarations of the workspace, and of the library once", async () => {
    const placesOf = async (query: string): Promise<readonly string[]> => {
      const found = await asked("workspace/symbol", { query }, listOf(isSymbol));
      return found.map(
        (one) => `${one.name} ${one.location.uri.split("/").at(-1) ?? ""} ${one.containerName ?? ""}`,
      );
    };
    expect(await placesOf("twi")).toContain("twice lib.margo ");
    // Documents of the library, and of this project, in which the library lies.
    const others = ["std/margins.margo", "examples/mnist/arcface.margo"].map(
      (file) => pathToFileURL(join(projectRoot, file)).href,
    );
    for (const other of others)
      client.notify("textDocument/didOpen", {
        textDocument: {
          uri: other,
          languageId: "margo",
          version: 1,
          text: readFileSync(new URL(other), "utf8"),
        },
      });
    const arcfaces = (await placesOf("ArcFace")).filter((one) => one.startsWith("ArcFace "));
    expect(arcfaces).toEqual(["ArcFace margins.margo std/margins"]);
    for (const other of others) client.notify("textDocument/didClose", { textDocument: { uri: other } });
  });

  test("hints", async () => {
    const hints = await asked(
      "textDocument/inlayHint",
      { textDocument, range: everything },
      listOf(InlayHint.is),
    );
    expect(hints.map(({ label }) => label)).toEqual([": f32[N, 4]", "units:", "f32[N, 2]"]);
  });

  test("links to what is there", async () => {
    const linked = async (document: { readonly uri: string }): Promise<readonly (string | undefined)[]> => {
      const links = await asked(
        "textDocument/documentLink",
        { textDocument: document },
        listOf(DocumentLink.is),
      );
      return links.map(({ target }) => target?.split("/").at(-1));
    };
    expect(await linked(textDocument)).toEqual(["layers.margo", "lib.margo"]);
    writeFileSync(join(folder, "rows.csv"), "1,2\n");
    const other = { uri: uri.replace("main", "train"), languageId: "margo", version: 1 };
    const data = ["rows.csv", "gone.csv"].map((path, at) => `train T${at} {\n  data = csv("${path}")\n}\n`);
    const train = `import { f } from "./never.margo"\n${data.join("")}`;
    client.notify("textDocument/didOpen", { textDocument: { ...other, text: train } });
    expect(await linked({ uri: other.uri })).toEqual(["rows.csv"]);
    client.notify("textDocument/didClose", { textDocument: { uri: other.uri } });
  });
});

describe("what can be changed", () => {
  async function actions(line: number, character: number, only?: readonly string[]): Promise<CodeAction[]> {
    const range = { start: { line, character }, end: { line, character } };
    const context = { diagnostics: [], ...(only === undefined ? {} : { only }) };
    const params = { textDocument, range, context };
    return asked(
      "textDocument/codeAction",
      params,
      listOf((one: unknown) => CodeAction.is(one)),
    );
  }

  test("a fix comes with its diagnostic and is preferred", async () => {
    const [fix] = await actions(5, 20);
    expect(fix).toMatchObject({
      title: "import `relu` from `std/layers`",
      kind: "quickfix",
      isPreferred: true,
    });
    expect(WorkspaceEdit.is(fix?.edit)).toBe(true);
    expect(fix?.diagnostics?.[0]?.code).toBe("M0102");
  });

  test("rewrites by their kind, and the whole file where it is asked for", async () => {
    const rewrites = await actions(8, 20, ["refactor.rewrite"]);
    expect(rewrites.map(({ title }) => title)).toEqual(["write `theta`, which is exact"]);
    const source = await actions(0, 0, ["source"]);
    expect(source.map(({ kind }) => kind)).toEqual(["source.fixAll"]);
  });

  test("imports follow a file that moves", async () => {
    const files = [{ oldUri: uri.replace("main", "lib"), newUri: uri.replace("main", "deep/lib") }];
    const edit = await asked("workspace/willRenameFiles", { files }, WorkspaceEdit.is);
    expect(edit.changes?.[uri]?.map(({ newText }) => newText)).toEqual(['"./deep/lib.margo"']);
  });
});

describe("lenses and views", () => {
  test("sizes are told when a lens is resolved", async () => {
    const lenses = await asked("textDocument/codeLens", { textDocument }, listOf(CodeLens.is));
    const [size, gradcheck] = lenses;
    expect(gradcheck?.command).toEqual({
      title: "check gradients",
      command: "margo.gradcheck",
      arguments: [uri, "Net"],
    });
    const resolved = await asked("codeLens/resolve", size, CodeLens.is);
    expect(resolved.command?.title).toBe("its size shows once it checks");
  });

  test("a command and a document of its own show the same", async () => {
    const shown = await client.request("workspace/executeCommand", {
      command: "margo.view",
      arguments: [uri, "Net", "ir", "lower"],
    });
    expect(refusal(shown)).toMatch(/there is no function called `relu`/);
    const lib = uri.replace("main", "lib");
    const direct = await client.request("workspace/executeCommand", {
      command: "margo.view",
      arguments: [lib, "twice", "ir", "lower"],
    });
    const view = `margo-view:/ir/twice/lower?${encodeURIComponent(lib)}`;
    const document = await client.request("workspace/textDocumentContent", { uri: view });
    expect(direct.result).toMatchObject({
      title: "twice after lower",
      text: expect.stringContaining("mul("),
    });
    expect(document.result).toEqual(direct.result);
  });

  test("a view that was looked at is to be asked for again when its source has changed, once", async () => {
    const lib = uri.replace("main", "lib");
    const viewOf = (stage: string): string =>
      `margo-view:/ir/twice/${stage}/twice%20for%20a%20tab?${encodeURIComponent(lib)}`;
    const shown = async (stage: string): Promise<unknown> =>
      (await client.request("workspace/textDocumentContent", { uri: viewOf(stage) })).result;
    const toldOf = (stage: string): number =>
      client.received.filter(({ method, params }) => {
        const refreshes = method === "workspace/textDocumentContent/refresh";
        return refreshes && JSON.stringify(params) === JSON.stringify({ uri: viewOf(stage) });
      }).length;
    const document = { uri: lib, languageId: "margo" };
    expect(await shown("")).toMatchObject({ text: expect.stringContaining("value: 2") });
    const text = "export fn twice(x: f32[N, D]) = 3 * x\n";
    client.notify("textDocument/didOpen", { textDocument: { ...document, version: 1, text } });
    await expect.poll(() => toldOf(""), { timeout: 20_000 }).toBe(1);
    expect(await shown("angles")).toMatchObject({ text: expect.stringContaining("value: 3") });
    client.notify("textDocument/didClose", { textDocument: document });
    await expect.poll(() => toldOf("angles"), { timeout: 20_000 }).toBe(1);
    // Nobody asked for the first one again, so it counts as closed.
    expect(toldOf("")).toBe(1);
  });

  test("what cannot be shown is refused in words", async () => {
    const view = (...given: readonly unknown[]): Promise<string> =>
      client.request("workspace/executeCommand", { command: "margo.view", arguments: given }).then(refusal);
    expect(await view(uri, "Half", "dance")).toMatch(/^dance cannot be shown; ir, plan, /);
    expect(await view(uri)).toMatch(/takes a document, an entry/);
    expect(await view(uri.replace("main", "none"), "f", "ir")).toMatch(/^there is no document /);
  });
});
