/**
 * `margo-lang/vite`: `import model from "./digits.margo"` in a bundler, by one plugin for Vite, Rolldown and
 * esbuild. An import gives the compiled program, typed by a `digits.d.margo.ts` that is written beside
 * the file; mistakes in the source are the bundler's own errors, at their place. A change of the file, or of
 * anything that it imports, makes the module anew.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import {
  type UnpluginBuildContext,
  type UnpluginContext,
  type UnpluginMessage,
  createUnplugin,
} from "unplugin";
import { type MappedSource, sourceMap } from "../compiler/codegen/source-map.ts";
import type { BuiltPath } from "../compiler/codegen/wgsl/capabilities.ts";
import type { Diagnostic } from "../compiler/errors/diagnostic.ts";
import type { Span } from "../compiler/errors/span.ts";
import { type SourceText, placeText, positionAt, sourceText } from "../compiler/syntax/source.ts";
import {
  type BundleTarget,
  bundleParts,
  declarationFile,
  declarationPath,
  indexModule,
  partModule,
  partName,
  readModule,
} from "./artifacts/bundled-module.ts";
import { pathsOfOption } from "./artifacts/gpu-option.ts";
import { withFileNames } from "./cli/file-names.ts";
import { renderDiagnostics } from "./cli/render-diagnostics.ts";
import { type OpenedFile, isLibraryModule, openSource } from "./sources/host.ts";
import { writeWholeFile } from "./files/write-file.ts";

/** What the plugin makes of an imported .margo file. */
export interface MargoPluginOptions {
  /** What each entry is compiled for; `both` by default, and a page loads only the one that it runs on. */
  readonly target?: BundleTarget | "both";
  /** The declarations to export; by default every `train`, or where there is none every exported fn, model and loss. */
  readonly entries?: readonly string[];
  /**
   * What kernels for WebGPU may use; `plain`, the default, runs on every device. Of several paths a page takes the first that its
   * device can run, so `["subgroups", "plain"]` costs a visitor nothing.
   */
  readonly gpu?: BuiltPath | readonly BuiltPath[];
  /** The adapters that kernels for WebGPU are written for: `hardware` unless tests run on a software one. */
  readonly kernelsFor?: "hardware" | "software";
}

const plugin = createUnplugin<MargoPluginOptions | undefined>((options = {}, { framework }) => {
  const targets: readonly BundleTarget[] =
    options.target === undefined || options.target === "both" ? ["wgsl", "tfjs"] : [options.target];
  const { kernelsFor = "hardware" } = options;
  const parts = bundleParts(targets, pathsOfOption(options.gpu, options.target ?? "both"));
  /** Files that each .margo module was made of, to make it anew when one changes. */
  const madeOf = new Map<string, ReadonlySet<string>>();
  return {
    name: "margo",
    enforce: "pre",
    resolveId(id, importer) {
      const { path, query } = splitId(id);
      if (!path.endsWith(".margo") || importer === undefined) return undefined;
      if (!path.startsWith(".") && !path.startsWith("/")) return undefined;
      const file = resolve(dirname(splitId(importer).path), path);
      // The bundler says it best when there is no such file.
      return existsSync(file) ? file + query : undefined;
    },
    loadInclude: (id) => splitId(id).path.endsWith(".margo"),
    async load(id) {
      const { path, query } = splitId(id);
      const opened = openSource(path);
      if (opened === undefined) return this.error(`there is no file ${path}`);
      const { files, result } = read(opened, options.entries);
      madeOf.set(path, files);
      for (const file of files) this.addWatchFile(file);
      report(this, opened, result.diagnostics);
      const wanted = /^\?margo=(\w+)\.([\w.]+)$/.exec(query);
      if (wanted === null) {
        await writeTypes(this, path, declarationFile(path, result.programs, targets));
        return indexModule(
          result.programs,
          parts,
          (entry, part) => `./${basename(path)}?margo=${entry}.${partName(part)}`,
        );
      }
      const program = result.programs.find(({ name }) => name === wanted[1]);
      if (program === undefined) return this.error(`${path} has no entry ${wanted[1] ?? ""}`);
      const part = parts.find((each) => partName(each) === wanted[2]);
      if (part === undefined) return this.error(`${path} is not compiled for ${wanted[2] ?? ""}`);
      const { code, mappings } = partModule(program, part, kernelsFor, placesIn(opened));
      // What Vite adds comes last, so that the map still fits.
      const added = part.target === "tfjs" && framework === "vite" ? wasmImports() : "";
      if (mappings.length === 0) return `${code}${added}`;
      return { code: `${code}${added}`, map: sourceMap(basename(path), mappings, mappedSource(opened)) };
    },
    vite: {
      hotUpdate({ file, modules }) {
        const dependents = [...madeOf].filter(([, files]) => files.has(file)).map(([path]) => path);
        const { moduleGraph } = this.environment;
        const found = dependents.flatMap((path) => [...(moduleGraph.getModulesByFile(path) ?? [])]);
        return found.length === 0 ? undefined : [...new Set([...modules, ...found])];
      },
    },
  };
});

/** The plugin for Vite. */
export default plugin.vite;
/** The plugin for Vite, by name. */
export const { vite } = plugin;

/** The plugin for Rolldown. Its own types are not named here, since users of another bundler do not have them. */
export const rolldown: (options?: MargoPluginOptions) => NamedPlugin | NamedPlugin[] = plugin.rolldown;

/** The plugin for esbuild, in as few words for the same reason. */
export const esbuild: (options?: MargoPluginOptions) => EsbuildPlugin = plugin.esbuild;

interface NamedPlugin {
  readonly name: string;
}

interface EsbuildPlugin extends NamedPlugin {
  setup(build: unknown): void | Promise<void>;
}

function splitId(id: string): { readonly path: string; readonly query: string } {
  const at = id.indexOf("?");
  return at < 0 ? { path: id, query: "" } : { path: id.slice(0, at), query: id.slice(at) };
}

/** The file's programs, and the absolute path of every file that was looked at, found or not. */
function read(opened: OpenedFile, entries: readonly string[] | undefined) {
  const files = new Set<string>();
  const host = {
    ...opened.host,
    read: (file: string) => {
      if (!isLibraryModule(file)) files.add(join(opened.root, file));
      return opened.host.read(file);
    },
  };
  return { files, result: readModule(host, opened.file, entries) };
}

/** The library's files have no path that holds elsewhere. */
function mappedSource({ host, root }: OpenedFile): (file: string) => MappedSource {
  return (file) => ({
    name: isLibraryModule(file) ? `margo:///${file}.margo` : join(root, file),
    text: host.read(file) ?? "",
  });
}

/** `digits.margo:12:3`, which a page can carry; the line's text stays at home. */
function placesIn({ host }: OpenedFile): (span: Span) => string {
  const texts = new Map<string, SourceText>();
  return ({ file, start }) => {
    const text = texts.get(file) ?? sourceText(file, host.read(file) ?? "");
    texts.set(file, text);
    return placeText(text, start);
  };
}

type Context = UnpluginBuildContext & UnpluginContext;

/** Warnings are told; the first error ends the module, with the places of the others. */
function report(context: Context, opened: OpenedFile, diagnostics: readonly Diagnostic[]): void {
  const messages = diagnostics.map((one) => ({ severity: one.severity, message: messageOf(opened, one) }));
  for (const { severity, message } of messages) if (severity !== "error") context.warn(message);
  const [first, ...others] = messages.filter(({ severity }) => severity === "error");
  if (first === undefined) return;
  const more = others.map(
    ({ message: { message, loc } }) => `\n${loc.file}:${loc.line}:${loc.column + 1}: ${message}`,
  );
  context.error({ ...first.message, message: first.message.message + more.join("") });
}

interface PlacedMessage extends UnpluginMessage {
  readonly loc: { readonly file: string; readonly line: number; readonly column: number };
  /** The lines of source around the place, which Vite and Rollup print below the message and the place. */
  readonly frame: string;
}

function messageOf(opened: OpenedFile, diagnostic: Diagnostic): PlacedMessage {
  const nameOf = (file: string): string => (isLibraryModule(file) ? file : join(opened.root, file));
  const textOf = (file: string): string => opened.host.read(file) ?? "";
  const { help, ...shown } = diagnostic;
  const { span, code, message } = shown;
  const { line, character } = positionAt(sourceText(span.file, textOf(span.file)), span.start);
  const texts = new Map(
    [span, ...diagnostic.labels.map((label) => label.span)].map(({ file }) => [nameOf(file), textOf(file)]),
  );
  return {
    message: `${code} ${message}${help === undefined ? "" : `\nhelp: ${help}`}`,
    id: nameOf(span.file),
    loc: { file: nameOf(span.file), line: line + 1, column: character },
    frame: renderDiagnostics([withFileNames(shown, nameOf)], (file) => texts.get(file) ?? "", {
      color: false,
    }).replace(/^.*\n.*\n/, ""),
  };
}

/** Written only when it changes, so that watchers of types rest; a folder that cannot be written is no error. */
async function writeTypes(context: Context, path: string, text: string): Promise<void> {
  const file = declarationPath(path);
  if (textOf(file) === text) return;
  try {
    await writeWholeFile(file, text);
  } catch (error) {
    context.warn(`cannot write the types ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Vite copies the .wasm files of tfjs into the build and says where they are. */
function wasmImports(): string {
  const folder = dirname(
    createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"),
  );
  const url = (name: string): string => JSON.stringify(`${join(folder, "dist", name)}?url`);
  return [
    `import plain from ${url("tfjs-backend-wasm.wasm")};`,
    `import simd from ${url("tfjs-backend-wasm-simd.wasm")};`,
    'export const wasmPaths = { "tfjs-backend-wasm.wasm": plain, "tfjs-backend-wasm-simd.wasm": simd };',
    "",
  ].join("\n");
}
