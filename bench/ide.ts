/**
 * How long an editor waits: the language server in a process of its own, a file of 1,000 lines that imports std, one
 * letter typed before each request. `npx tsx bench/ide.ts`, after a build. Times are the 95th percentile.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Client, startClient } from "../test/support/ide/client.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "margo-ide-"));
writeFileSync(join(folder, "package.json"), "{}");
const uri = pathToFileURL(join(folder, "long.margo")).href;
const lines = longFile();
const typedLine = lines.findIndex((line) => line.startsWith("  let a = normalize"));

const begun = performance.now();
const client: Client = startClient([process.execPath, join(root, "dist/margo.js"), "lsp", "--stdio"], folder);
await client.request("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
row("cold start to the answer of initialize", performance.now() - begun, 500);
client.notify("initialized", {});
await withDiagnostics(() =>
  client.notify("textDocument/didOpen", {
    textDocument: { uri, languageId: "margo", version: 0, text: lines.join("\n") },
  }),
);

let version = 0;
const rounds = 60;
const at = { textDocument: { uri }, position: { line: typedLine, character: 14 } };
for (const method of ["completion", "hover", "definition", "signatureHelp"]) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const published = client.next("textDocument/publishDiagnostics");
    type();
    const start = performance.now();
    await client.request(`textDocument/${method}`, at);
    times.push(performance.now() - start);
    await published;
  }
  row(`${method} right after an edit`, percentile(times), 30);
}
const keystrokes: number[] = [];
for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  await withDiagnostics(type);
  keystrokes.push(performance.now() - start);
}
row("keystroke to diagnostics", percentile(keystrokes), 60);
await renameAcrossFiles();
await manyEdits(Number(process.env["MARGO_EDITS"] ?? 10_000));
await client.request("shutdown", null);
client.notify("exit", null);
rmSync(folder, { recursive: true });

/** One letter more in a name that nothing reads, so that each edit changes what is reported. */
function type(): void {
  const place = { line: typedLine, character: 7 };
  const contentChanges = [{ range: { start: place, end: place }, text: "q" }];
  client.notify("textDocument/didChange", { textDocument: { uri, version: ++version }, contentChanges });
}

async function withDiagnostics(act: () => void): Promise<void> {
  const published = client.next("textDocument/publishDiagnostics");
  act();
  await published;
}

async function renameAcrossFiles(): Promise<void> {
  const shared = pathToFileURL(join(folder, "shared.margo")).href;
  writeFileSync(join(folder, "shared.margo"), "export fn twice(x: f32) = 2 * x\n");
  for (let file = 0; file < 49; file++)
    writeFileSync(
      join(folder, `user${file}.margo`),
      `import { twice } from "./shared.margo"\nfn f(x: f32) = twice(twice(x))\n`,
    );
  client.notify("textDocument/didOpen", {
    textDocument: {
      uri: shared,
      languageId: "margo",
      version: 0,
      text: readFileSync(join(folder, "shared.margo"), "utf8"),
    },
  });
  const start = performance.now();
  const { result } = await client.request("textDocument/rename", {
    textDocument: { uri: shared },
    position: { line: 0, character: 12 },
    newName: "double",
  });
  row(
    `rename across ${Object.keys(Object(result).changes).length} files, never read before`,
    performance.now() - start,
    200,
  );
}

/** Letters come and go; memory after the first tenth against memory at the end. */
async function manyEdits(count: number): Promise<void> {
  let early = 0;
  for (let edit = 0; edit < count; edit++) {
    const place = { line: typedLine, character: 7 };
    const isAdded = edit % 2 === 0;
    const end = isAdded ? place : { line: typedLine, character: 8 };
    const contentChanges = [{ range: { start: place, end }, text: isAdded ? "q" : "" }];
    client.notify("textDocument/didChange", { textDocument: { uri, version: ++version }, contentChanges });
    await client.request("textDocument/hover", at);
    if (edit === Math.floor(count / 10)) early = residentMegabytes();
  }
  console.log(`memory over ${count} edits: ${early} MB after a tenth, ${residentMegabytes()} MB at the end`);
}

function residentMegabytes(): number {
  const status = readFileSync(`/proc/${client.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

function percentile(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.95)] ?? NaN;
}

function row(what: string, milliseconds: number, most: number): void {
  console.log(`${what}: ${milliseconds.toFixed(0)} ms (wanted: below ${most})`);
}

function longFile(): readonly string[] {
  const parts = [
    'import { conv2d, prelu, batch_norm, max_pool, flatten, dense } from "std/layers"',
    'import { margin_softmax } from "std/losses"',
  ];
  for (let part = 0; parts.join("\n").split("\n").length < 1000; part++)
    parts.push(`
/// Ten digits on a plane.
model Features${part}(image: f32[N, 28, 28, 1]) -> f32[N, 2] {
  image
    |> conv2d(32, kernel: 5) |> batch_norm() |> prelu()
    |> conv2d(32, kernel: 5) |> batch_norm() |> prelu() |> max_pool(2)
    |> flatten() |> dense(2)
}

margin Large${part}(m: int = 4, base = 1000) {
  let k = clamp(floor(m * theta / pi), 0, m - 1)
  let psi = (-1) ^ k * cos(m * theta) - 2 * k
  scale = x_norm * w_norm
  target = (base * cos + psi) / (1 + base)
}

fn similar${part}(x: f32[N, D], w: f32[C, D]) -> f32[N, C] {
  let a = normalize(x, over: D)
  let b = normalize(w, over: D)
  b @ transpose(b) + x @ transpose(w)
}`);
  return parts.join("\n").split("\n");
}
