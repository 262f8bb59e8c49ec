/** Time to compile each example, to check one file as a whole process, and what the results weigh. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "fflate";
import { build } from "esbuild";
import { loadModule, openWorkspace } from "../compiler/check/workspace.ts";
import { openSource } from "../src/sources/host.ts";
import { type Benchmark, type Row, type Size, median, medianTimes, milliseconds } from "./measure.ts";
import { elaborate, emittedText } from "./programs.ts";

export const compileTimes: Benchmark = {
  name: "Compile",
  run: async (size) => [...(await examples(size)), ...checkProcess(size), ...(await runtimeBytes())],
};

async function examples(size: Size): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const path of exampleFiles())
    for (const entry of trainEntries(path)) {
      let text = "";
      const work = (): void => {
        text = emittedText(elaborate(path, entry));
      };
      const repeats = size === "quick" ? { warmUps: 1, runs: 1 } : { warmUps: 2, runs: 5 };
      const [time = NaN] = await medianTimes(repeats, work);
      rows.push({
        what: `${path} ${entry}, warm`,
        value: milliseconds(time),
        peer: bytes(text),
        goal: "< 300 ms",
      });
    }
  return rows;
}

/** The built command when there is one, as installed; its time includes starting Node. */
function checkProcess(size: Size): readonly Row[] {
  const command = "dist/margo.js";
  if (!existsSync(command))
    return [{ what: "margo check, whole process", value: "not built: npm run build" }];
  const times = Array.from({ length: size === "quick" ? 2 : 7 }, () => {
    const start = performance.now();
    execFileSync(process.execPath, [command, "check", "examples/mnist/arcface.margo"], { stdio: "ignore" });
    return performance.now() - start;
  });
  return [
    { what: "margo check, whole process", value: milliseconds(median(times.slice(1))), goal: "< 500 ms" },
  ];
}

/** Our part of what a page loads to run a module: everything under runtime/ but tfjs itself. */
async function runtimeBytes(): Promise<readonly Row[]> {
  const { outputFiles } = await build({
    entryPoints: ["runtime/tfjs/executor.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    external: ["@tensorflow/*"],
    write: false,
    logLevel: "error",
  });
  return [{ what: "tfjs executor and kernels, minified", value: bytes(outputFiles[0]?.text ?? "") }];
}

function exampleFiles(): readonly string[] {
  return readdirSync("examples", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".margo"))
    .map((name) => join("examples", name))
    .sort();
}

function trainEntries(path: string): readonly string[] {
  const source = openSource(path);
  const module = source === undefined ? undefined : loadModule(openWorkspace(source.host), source.file);
  return [...(module?.declarations.values() ?? [])]
    .filter(({ kind }) => kind === "train")
    .map(({ name }) => name.name);
}

function bytes(text: string): string {
  const raw = new TextEncoder().encode(text);
  return `${(raw.length / 1024).toFixed(1)} KiB, ${(gzipSync(raw).length / 1024).toFixed(1)} KiB gzip`;
}
