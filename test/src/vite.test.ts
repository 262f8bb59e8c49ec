/**
 * The bundler plugin: what an import gives and what is written beside it, mistakes at their place, and modules made
 * anew when a file changes that they were made of.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "@jridgewell/sourcemap-codec";
import { type BuildFailure, build as esbuild } from "esbuild";
import { rolldown } from "rolldown";
import { type HotPayload, createServer, build as viteBuild } from "vite";
import { afterAll, describe, expect, test } from "vitest";
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
import type { CompiledProgram, TargetModules } from "margo-lang/runtime";

type ProgramFor<Name extends string> = CompiledProgram & {
  readonly name: Name;
  readonly modules: { readonly [T in "wgsl"]: () => Promise<TargetModules[T]> };
};

/** \`train Flowers\` takes x: f32[N, 4], y: i32[N]; 14 parameters. */
export declare const Flowers: ProgramFor<"Flowers">;
export default Flowers;
`,
    );
    const entries = project({ "main.js": 'export { Flower } from "./shared.margo";\n' });
    await bundle(entries, { entries: ["Flower"] });
    expect(readFileSync(join(entries, "shared.d.margo.ts"), "utf8")).toContain("const Flower:");
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
