/**
 * The language server from another process: how long an answer takes right after an edit of a file of a thousand lines
 * that imports the library, from keystroke to diagnostics, a rename across fifty files, the start, and what it holds
 * after many edits. `npm run build` comes first: the server is the built one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Client, startClient } from "../test/support/ide/client.ts";
import { type Benchmark, type Row, type Size, milliseconds } from "./measure.ts";

export const languageServer: Benchmark = {
  name: "Language server",
  run: async (size) => {
    const folder = mkdtempSync(join(tmpdir(), "margo-bench-server-"));
    try {
      writeFileSync(join(folder, "package.json"), "{}");
      return [...(await start(folder)), ...(await answers(folder, size)), ...(await renames(folder))];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function serverIn(folder: string): Promise<Client> {
  const client = startClient(
    [process.execPath, join(process.cwd(), "dist/margo.js"), "lsp", "--stdio"],
    folder,
  );
  await client.request("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
  client.notify("initialized", {});
  return client;
}

async function stop(client: Client): Promise<void> {
  await client.request("shutdown", null);
  client.notify("exit", null);
  await client.ended();
}

async function start(folder: string): Promise<readonly Row[]> {
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const begin = performance.now();
    const client = await serverIn(folder);
    times.push(performance.now() - begin);
    await stop(client);
  }
  return [row("start to its first answer, median", percentile(times, 0.5), "< 500 ms")];
}

// ---------------------------------------------------------------- answers

/** Models, margins and functions as people write them; the edit goes into the first function. */
const opening = `import { dense, prelu, batch_norm } from "std/layers"

fn scaled(x: f32[N, D]) {
  let twice = 2 * x
  twice
}
`;

function part(index: number): string {
  return `
/// Part ${index}.
model Net${index}(x: f32[N, 64]) {
  let hidden = scaled(x) |> dense(32) |> batch_norm() |> prelu()
  hidden |> dense(10)
}

margin Cos${index}(m = 0.35, s = 64) {
  require m >= 0 else "at least 0"
  let shifted = cos - m
  scale = s
  target = shifted
}
`;
}

async function answers(folder: string, size: Size): Promise<readonly Row[]> {
  const text = opening + Array.from({ length: 72 }, (_, index) => part(index)).join("");
  const uri = pathToFileURL(join(folder, "main.margo")).href;
  const client = await serverIn(folder);
  const first = client.next("textDocument/publishDiagnostics");
  client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "margo", version: 1, text } });
  await first;
  let version = 1;
  /** A digit of `2 * x` comes and goes. */
  const edit = (): void => {
    version++;
    const [start, end] = [
      { line: 3, character: 15 },
      { line: 3, character: version % 2 === 0 ? 15 : 16 },
    ];
    const change = { range: { start, end }, text: version % 2 === 0 ? "5" : "" };
    client.notify("textDocument/didChange", { textDocument: { uri, version }, contentChanges: [change] });
  };
  const runs = size === "quick" ? 40 : 100;
  const rows: Row[] = [];
  const places = {
    completion: { line: 4, character: 4 },
    hover: { line: 9, character: 8 },
    definition: { line: 9, character: 18 },
    signatureHelp: { line: 9, character: 35 },
  };
  for (const [what, position] of Object.entries(places)) {
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      edit();
      const begin = performance.now();
      await client.request(`textDocument/${what}`, { textDocument: { uri }, position });
      times.push(performance.now() - begin);
      // The next edit is made at leisure, as a person does.
      await pause(150);
    }
    rows.push(row(`${what} right after an edit, 95th percentile`, percentile(times, 0.95), "< 30 ms"));
  }
  rows.push(
    row(
      "keystroke to diagnostics, 95th percentile",
      percentile(await toDiagnostics(client, uri, runs), 0.95),
      "< 60 ms",
    ),
  );
  const before = memoryOf(client.pid);
  for (let run = 0; run < (size === "quick" ? 500 : 10_000); run++) edit();
  await client.request("textDocument/foldingRange", { textDocument: { uri } });
  await pause(1000);
  const after = memoryOf(client.pid);
  rows.push({
    what: `memory before and after ${size === "quick" ? 500 : 10_000} edits`,
    value: `${before} and ${after} MiB`,
  });
  await stop(client);
  return rows;
}

/** Each edit makes or mends a mistake, so that there is something to tell. */
async function toDiagnostics(client: Client, uri: string, runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const [from, to] = run % 2 === 0 ? ["x", "y"] : ["y", "x"];
    const range = { start: { line: 3, character: 18 }, end: { line: 3, character: 18 + from.length } };
    const told = client.next("textDocument/publishDiagnostics");
    const begin = performance.now();
    client.notify("textDocument/didChange", {
      textDocument: { uri, version: 100_000 + run },
      contentChanges: [{ range, text: to }],
    });
    await told;
    times.push(performance.now() - begin);
    await pause(150);
  }
  return times;
}

async function renames(folder: string): Promise<readonly Row[]> {
  writeFileSync(join(folder, "lib.margo"), "export fn doubled(x: f32[N]) = 2 * x\n");
  for (let file = 0; file < 49; file++) {
    const text = `import { doubled } from "./lib.margo"\n\nfn f(x: f32[N]) = doubled(x) + doubled(2 * x)\n`;
    writeFileSync(join(folder, `use${file}.margo`), text);
  }
  const client = await serverIn(folder);
  const uri = pathToFileURL(join(folder, "lib.margo")).href;
  const text = readFileSync(join(folder, "lib.margo"), "utf8");
  client.notify("textDocument/didOpen", { textDocument: { uri, languageId: "margo", version: 1, text } });
  const position = { line: 0, character: 12 };
  const begin = performance.now();
  const { result } = await client.request("textDocument/rename", {
    textDocument: { uri },
    position,
    newName: "twice",
  });
  const time = performance.now() - begin;
  await stop(client);
  const files = Object.keys(Object(Object(result).changes)).length;
  return [row(`a rename across ${files} files, the first time`, time, "< 200 ms")];
}

// ---------------------------------------------------------------- numbers

function row(what: string, time: number, goal: string): Row {
  return { what, value: milliseconds(time), goal };
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

function pause(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}

/** Resident memory, where the system tells it. */
function memoryOf(pid: number): string {
  try {
    const kilobytes = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? "?" : (Number(kilobytes) / 1024).toFixed(0);
  } catch {
    return "?";
  }
}
