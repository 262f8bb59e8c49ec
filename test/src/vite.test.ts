/**
 * The bundler plugin: what an import gives and what is written beside it, mistakes at their place, and modules made
 * anew when a file changes that they were made of.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decode } from "@jridgewell/sourcemap-codec";
import { type BuildFailure, build as esbuild } from "esbuild";
import { rolldown } from "rolldown";
import { type HotPayload, createServer, build as viteBuild } from "vite";
import { afterAll, describe, expect, test } from "vitest";
import type { CompiledProgram } from "../../runtime/open-program.ts";
import type { GpuOffer } from "../../runtime/webgpu/schedule.ts";
import margo, {
  type MargoPluginOptions,
  esbuild as margoForEsbuild,
  rolldown as margoForRolldown,
} from "../../src/vite.ts";
import { isCompiledProgram } from "../support/compiled-program.ts";

const places: string[] = [];
afterAll(() => places.forEach((path) => rmSync(path, { recursive: true, force: true })));

const shared = `import { normal } from "std/initialisers"
export model Flower(x: f32[N, 4]) -> f32[N, 2] { param W: f32[4, 2] ~ normal(std: 0.1)
  x @ W }
`;
const flowers = (batch: number): string => `import { Flower } from "./shared.margo"
import { margin_softmax } from "std/losses"
import { none } from "std/margins"
import { sgd } from "std/optimizers"

train Flowers {
  model = Flower
  loss = margin_softmax(margin: none())
  data = csv("flowers.csv", label: -1, classes: 3)
  optimizer = sgd(rate: 0.1)
  batch = ${batch}
  epochs = 3
}
`;

/** A folder with a page that imports a .margo file, which imports another. */
function project(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "margo-vite-"));
  places.push(path);
  const all = {
    "package.json": "{}",
    "index.html": '<script type="module" src="./main.js"></script>',
    "main.js": 'import model, { Flowers } from "./flowers.margo";\nglobalThis.found = [model, Flowers];\n',
    "flowers.margo": flowers(50),
    "shared.margo": shared,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

async function bundle(path: string, options: MargoPluginOptions): Promise<readonly string[]> {
  const { outputFiles } = await esbuild({
    entryPoints: [join(path, "main.js")],
    plugins: [margoForEsbuild(options)],
    ...{
      bundle: true,
      format: "esm",
      splitting: true,
      outdir: join(path, "out"),
      write: false,
      logLevel: "silent",
    },
  });
  return outputFiles.map(({ text }) => text);
}

/** The default export of a bundle that was written and imported, with a loss whose rows are long enough for subgroups. */
async function importedProgram(options: MargoPluginOptions): Promise<CompiledProgram> {
  const path = project({
    "package.json": '{ "type": "module" }',
    "main.js": 'export { default } from "./wide.margo";\n',
    "wide.margo": wide,
  });
  await esbuild({
    entryPoints: [join(path, "main.js")],
    plugins: [margoForEsbuild({ target: "wgsl", ...options })],
    ...{ bundle: true, format: "esm", splitting: true, outdir: join(path, "out"), logLevel: "silent" },
  });
  const imported: unknown = await import(pathToFileURL(join(path, "out", "main.js")).href);
  const { default: program } = imported as { readonly default: unknown };
  if (!isCompiledProgram(program)) throw new Error("the default export is no compiled program");
  return program;
}

const wide = `export loss Wide(x: f32[N, 99], W: f32[99, 3]) = sum((x @ W) ^ 2) + sum(norm(x, over: 1))
`;

const unknown = {
  matrices: [],
  matrixSpelling: undefined,
  workgroupBytes: 16384,
  storageBuffers: 8,
} as const;
const lanes = { smallest: 32, largest: 32 };
/** What devices offer. */
const cards = {
  best: { kind: "hardware", features: ["shader-f16", "subgroups"], subgroups: lanes, ...unknown },
  subgroups: { kind: "hardware", features: ["subgroups"], subgroups: lanes, ...unknown },
  plain: { kind: "hardware", features: [], subgroups: undefined, ...unknown },
} as const satisfies Readonly<Record<string, GpuOffer>>;

/** What the module needs that a device takes. */
async function featuresOf({ modules }: CompiledProgram, offer: GpuOffer): Promise<readonly string[]> {
  if (modules.wgsl === undefined) throw new Error("there is no module for WebGPU");
  return (await modules.wgsl(offer)).module.features;
}

describe("an import", () => {
  test("gives the entries, each target behind an import of its own", async () => {
    const path = project();
    const texts = await bundle(path, {});
    const having = (part: string): number => texts.filter((text) => text.includes(part)).length;
    expect(texts.length).toBe(3);
    expect([having("@compute"), having("matMul"), having("globalThis.found")]).toEqual([1, 1, 1]);
  });

  test("gives what openProgram takes", async () => {
    const path = project({ "main.js": 'export { default, Flowers } from "./flowers.margo";\n' });
    const [main] = await bundle(path, { target: "tfjs" });
    // One target's module lies in another chunk, which the import of this text does not need.
    const loaded: unknown = await import(`data:text/javascript,${encodeURIComponent(main ?? "")}`);
    const { default: model, Flowers } = loaded as Record<string, unknown>;
    expect(model).toBe(Flowers);
    if (!isCompiledProgram(model)) throw new Error("the default export is no compiled program");
    expect([model.name, model.training?.batch, Object.keys(model.modules)]).toEqual([
      "Flowers",
      50,
      ["tfjs"],
    ]);
  });

  test("writes its types beside the file, and only what was asked for", async () => {
    const path = project();
    await bundle(path, { target: "wgsl" });
    expect(readFileSync(join(path, "flowers.d.margo.ts"), "utf8")).toBe(
      `// Made from flowers.margo by margo-lang/vite; it is written anew when that file changes.
import type { CompiledProgram } from "margo-lang/runtime";

type ProgramFor<Name extends string> = CompiledProgram & {
  readonly name: Name;
  readonly modules: Required<Pick<CompiledProgram["modules"], "wgsl">>;
};
type Trained = Required<Pick<CompiledProgram, "training">>;

/** \`train Flowers\` takes x: f32[N, 4], y: i32[N]; 14 parameters. */
export declare const Flowers: ProgramFor<"Flowers"> & Trained;
export default Flowers;
`,
    );
    const entries = project({ "main.js": 'export { Flower } from "./shared.margo";\n' });
    await bundle(entries, { entries: ["Flower"] });
    expect(readFileSync(join(entries, "shared.d.margo.ts"), "utf8")).toContain(
      'const Flower: ProgramFor<"Flower">;',
    );
  });

  test("gives kernels of the path that is asked for, and plain ones unasked", async () => {
    expect(await featuresOf(await importedProgram({}), cards.best)).toEqual([]);
    expect(await featuresOf(await importedProgram({ gpu: "f16" }), cards.plain)).toEqual(["shader-f16"]);
  });

  test("gives kernels that know where they come from, but not the text", async () => {
    const { modules } = await importedProgram({});
    const kernels = (await modules.wgsl?.(cards.plain))?.module.kernels ?? [];
    expect(kernels.map(({ from }) => from)).toContainEqual(expect.stringMatching(/^wide\.margo:1:\d+$/));
    expect(kernels.filter(({ code }) => code.includes("wide.margo"))).toEqual([]);
  });

  test("of several paths gives the first that the device can run", async () => {
    const program = await importedProgram({ gpu: ["f16", "subgroups", "plain"] });
    expect(await featuresOf(program, cards.best)).toEqual(["shader-f16"]);
    expect(await featuresOf(program, cards.subgroups)).toEqual(["subgroups"]);
    // Subgroups that kernels cannot number.
    expect(await featuresOf(program, { ...cards.subgroups, subgroups: undefined })).toEqual([]);
    expect(await featuresOf(program, cards.plain)).toEqual([]);
    // The last one is taken by whoever can run none: the runtime says what lacks.
    const without = await importedProgram({ gpu: ["subgroups", "f16"] });
    expect(await featuresOf(without, cards.plain)).toEqual(["shader-f16"]);
  });

  test.each<[unknown, string | undefined, RegExp]>([
    ["matrix", "both", /gpu: "matrix" cannot be built\. .*matrix fragments.* Take f16/],
    ["fast", "wgsl", /gpu: "fast" cannot be built\. Take one of plain, subgroups, f16/],
    [true, "wgsl", /gpu: "true" cannot be built/],
    ["f16", "tfjs", /gpu: "f16" says how the target wgsl computes, but the target is tfjs/],
    [[], undefined, /gpu: \[\] names no path\. Take one of/],
    [["plain", "f16"], undefined, /put it last/],
  ])("of kernels for %j and %s is refused when the bundler starts", (gpu, target, says) => {
    const options = { gpu, ...(target === undefined ? {} : { target }) } as MargoPluginOptions;
    expect(() => margo(options)).toThrow(says);
  });

  test("works in Rolldown, and a debugger finds the way back to the source", async () => {
    const bundled = await rolldown({ input: join(project(), "main.js"), plugins: [margoForRolldown()] });
    const { output } = await bundled.generate({ format: "esm", sourcemap: true });
    const chunks = output.flatMap((part) => (part.type === "chunk" ? [part] : []));
    expect(chunks.length).toBe(3);
    const tfjs = chunks.find(({ code }) => code.includes("matMul"));
    const { sources = [], sourcesContent = [], mappings = "" } = tfjs?.map ?? {};
    const line = tfjs?.code.split("\n").findIndex((text) => text.includes("matMul")) ?? -1;
    const [, source = -1, sourceLine = -1, column] = decode(mappings)[line]?.[0] ?? [];
    expect(sources[source]).toMatch(/shared\.margo$/);
    expect(sourcesContent[source]?.split("\n")[sourceLine]?.slice(column)).toBe("x @ W }");
  });
});

interface VitesFailure {
  readonly errors?: readonly { readonly message: string; readonly frame?: string }[];
}

describe("a mistake in the source", () => {
  const broken = { "shared.margo": shared.replace("x @ W", "x @ V") };

  test("is Vite's error, at its place in the file that has it", async () => {
    const path = project(broken);
    const building = viteBuild({ root: path, configFile: false, logLevel: "silent", plugins: [margo()] });
    await expect(building).rejects.toMatchObject({
      errors: [
        {
          message: expect.stringMatching(/M\d{4} .*V/),
          loc: { file: expect.stringMatching(/shared\.margo$/), line: 3, column: 6 },
          frame: expect.stringContaining("x @ V"),
        },
      ],
    });
  });

  test("has its help and its place once", async () => {
    const path = project({ "shared.margo": shared.replace("x @ W", "(x @ W) |> dence(2)") });
    const building = viteBuild({ root: path, configFile: false, logLevel: "silent", plugins: [margo()] });
    const failure = await building.then(
      () => ({}),
      (error: unknown) => error as VitesFailure,
    );
    const { errors = [] }: VitesFailure = failure;
    const [{ message = "", frame = "" } = {}] = errors;
    expect(message).toContain("help: did you mean `dense`");
    expect(frame).not.toMatch(/help:|shared\.margo:/);
    expect(frame.split("\n").slice(0, 2)).toEqual(["  |", expect.stringContaining("dence(2)")]);
  });

  test("is esbuild's error too", async () => {
    const failure = await bundle(project(broken), {}).catch((error: unknown) => error as BuildFailure);
    if (!("errors" in failure)) throw new Error("the build did not fail");
    expect(failure.errors[0]?.location).toMatchObject({ line: 3, column: 6 });
    expect(failure.errors[0]?.location?.file).toMatch(/shared\.margo$/);
  });

  test("so is a file that is not there, and an entry that nobody declares", async () => {
    const missing = { "main.js": 'import "./nothing.margo";\n' };
    await expect(bundle(project(missing), {})).rejects.toThrow(/resolve "\.\/nothing\.margo"/);
    await expect(bundle(project(), { entries: ["Flowerz"] })).rejects.toThrow(/Flowerz/);
  });
});

describe("in development", () => {
  test("a change of the file or of what it imports makes the module anew, after a mistake too", async () => {
    const path = project();
    const server = await createServer({
      ...{ root: path, configFile: false, logLevel: "silent", plugins: [margo()] },
      server: { middlewareMode: true, ws: false, watch: { usePolling: true, interval: 20 } },
    });
    try {
      const sent: HotPayload[] = [];
      server.environments.client.hot.send = (payload: unknown) => void sent.push(payload as HotPayload);
      const code = async (): Promise<string> => (await server.transformRequest("/flowers.margo"))?.code ?? "";
      const changed = async (file: string, text: string): Promise<void> => {
        sent.length = 0;
        await new Promise((resolve) => setTimeout(resolve, 50));
        writeFileSync(join(path, file), text);
        await expect
          .poll(() => sent.some(({ type }) => type === "full-reload" || type === "update"))
          .toBe(true);
      };
      await server.transformRequest("/main.js");
      expect(await code()).toContain('"batch":50');
      await changed("flowers.margo", flowers(7));
      expect(await code()).toContain('"batch":7');
      await changed("shared.margo", shared.replace("x @ W", "x @ V"));
      await expect(code()).rejects.toThrow(/V/);
      await changed("shared.margo", `// Mended\n${shared}`);
      expect(await code()).toContain('"batch":7');
    } finally {
      await server.close();
    }
  });
});
