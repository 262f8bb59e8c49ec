/** What a page downloads for a head: the emitted module and the runtime, minified and compressed. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { printGpuModule } from "../../../compiler/codegen/wgsl/module.ts";
import { gpuModule, gpuOptions, together } from "../../support/gpu-runs.ts";
import { arcFace, headProgram } from "../../support/head-programs.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const budget = 40_000;

test("the ArcFace head and its runtime stay under 40 kB", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export { createWebGpuExecutor, gpuOfPage, openDevice } from "./runtime/index.ts";',
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    write: false,
  });
  const runtime = outputFiles[0]?.contents ?? new Uint8Array();
  const head = headProgram({ width: 512, classes: 100_000 }, arcFace);
  const module = Buffer.from(printGpuModule(gpuModule(head, gpuOptions, together)));
  expect(gzipSync(runtime).length).toBeGreaterThan(1000);
  expect(gzipSync(runtime).length + gzipSync(module).length).toBeLessThan(budget);
});
