/**
 * What a page downloads for an ArcFace head on WebGPU: its module as the bundler plugin imports it and the runtime that
 * trains it, minified and compressed by gzip, which every host does. tfjs lies in a part that such a page never loads.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Metafile, build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { esbuild as margo } from "../../../src/vite.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "margo-size-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const budget = 40_000;

const head = `import { margin_softmax } from "std/losses"
import { ArcFace } from "std/margins"
import { sgd } from "std/optimizers"

model Embedding(x: f32[N, 512]) -> f32[N, 512] { x }

train Head {
  model = Embedding
  loss = margin_softmax(margin: ArcFace())
  data = npy("faces.npy", "people.npy", classes: 100000)
  optimizer = sgd(rate: 0.1, momentum: 0.9)
  batch = 512
  epochs = 1
}
`;
const page = `import head from "./head.margo";
import { createTrainer, datasetOf, openProgram } from "margo-lang/runtime";
export const start = async () => createTrainer((await openProgram(head)).executor, 1);
export { datasetOf };
`;

test("the ArcFace head and its runtime stay under 40 kB", async () => {
  writeFileSync(join(folder, "head.margo"), head);
  writeFileSync(join(folder, "page.js"), page);
  const { outputFiles, metafile } = await build({
    entryPoints: [join(folder, "page.js")],
    alias: { "margo-lang/runtime": join(root, "runtime/index.ts") },
    plugins: [margo({ target: "wgsl" })],
    ...{ bundle: true, minify: true, format: "esm", splitting: true, metafile: true, write: false },
    // The part with tfjs is not looked at, so its packages stay out.
    ...{ outdir: folder, absWorkingDir: folder, external: ["@tensorflow/*"] },
  });
  const parts = partsOnWebGpu(metafile);
  const sizes = outputFiles.map(({ path, contents }) => {
    const isLoaded = parts.some((part) => path.endsWith(part));
    return isLoaded ? gzipSync(contents).length : 0;
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(parts.length).toBeLessThan(Object.keys(metafile.outputs).length);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThan(budget);
});

/** The page's own part, what it imports, and the module of the head; not what leads to tfjs. */
function partsOnWebGpu({ outputs }: Metafile): readonly string[] {
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { path, kind } of outputs[name]?.imports ?? [])
      if (kind === "import-statement" && outputs[path] !== undefined) load(path);
  };
  for (const [name, { entryPoint, inputs }] of Object.entries(outputs))
    if (entryPoint === "page.js" || Object.keys(inputs).some((input) => input.includes("?margo=Head.wgsl")))
      load(name);
  return [...loaded];
}
