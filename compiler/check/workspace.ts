/**
 * Files as a graph of modules. The workspace reads text through a host that it is given (so this is pure),
 * parses each file once, and answers where a name that is imported comes from. A file is named by its path
 * from the workspace root with `/`; a module of the standard library by `std/name`.
 */
import type {
  Callable,
  ConstantDeclaration,
  Declaration,
  Import,
  Module,
  TrainDeclaration,
} from "../syntax/ast.ts";
import { type ParsedModule, parseModule } from "../syntax/parse.ts";
import { type ParseCache, parseInPieces } from "../syntax/pieces.ts";
import type { Diagnostic } from "../errors/diagnostic.ts";
import type { CheckMemory } from "./memory.ts";

/** How the checker sees files. */
export interface SourceHost {
  /** The text of `dir/file.margo` or `std/name`; undefined where there is no such file. */
  read(file: string): string | undefined;
  /** Names of the library's modules (`std/layers`), for suggestions. */
  library?(): readonly string[];
}

export type NamedDeclaration = Callable | TrainDeclaration | ConstantDeclaration;

export interface LoadedModule {
  readonly file: string;
  readonly text: string;
  readonly module: Module;
  /** What parsing reported. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where the text is broken: offsets, ascending. */
  readonly brokenPlaces: readonly number[];
  /** The first declaration of each name. */
  readonly declarations: ReadonlyMap<string, NamedDeclaration>;
  /** The local name of everything imported. */
  readonly imports: ReadonlyMap<string, ImportedName>;
}

export interface ImportedName {
  /** The name in the module that declares it. */
  readonly name: string;
  readonly from: string;
  readonly declaration: Import;
  readonly entry: Import["names"][number];
}

export interface Workspace {
  readonly host: SourceHost;
  readonly modules: Map<string, LoadedModule | undefined>;
  /** Set where files are looked at again and again, as an editor does. */
  readonly memory?: WorkspaceMemory;
}

/** What is kept from one version of a file to the next. */
export interface WorkspaceMemory {
  /** Trees of the last texts, by file. */
  readonly trees: Map<string, ParseCache>;
  readonly checks: CheckMemory;
}

export type ResolvedPath =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "outside" }
  | { readonly kind: "unsupported" };

export function openWorkspace(host: SourceHost): Workspace {
  return { host, modules: new Map() };
}

/** One that stays open while its files change: forget a file (`modules.delete`) when its text does. */
export function openLastingWorkspace(host: SourceHost): Workspace {
  return { host, modules: new Map(), memory: { trees: new Map(), checks: new Map() } };
}

/** Reads and parses a file once; undefined where it does not exist. */
export function loadModule(workspace: Workspace, file: string): LoadedModule | undefined {
  if (workspace.modules.has(file)) return workspace.modules.get(file);
  const text = workspace.host.read(file);
  const loaded =
    text === undefined
      ? undefined
      : isLibrary(file)
        ? libraryModule(file, text)
        : moduleOf(file, text, parseWith(workspace, file, text));
  workspace.modules.set(file, loaded);
  return loaded;
}

/** The library's modules are the same for every workspace of a process, and most of what a small program parses. */
function libraryModule(file: string, text: string): LoadedModule {
  const known = libraryModules.get(file);
  if (known?.text === text) return known;
  const loaded = moduleOf(file, text, parseModule(file, text));
  libraryModules.set(file, loaded);
  return loaded;
}

const libraryModules = new Map<string, LoadedModule>();

function parseWith({ memory }: Workspace, file: string, text: string): ParsedModule {
  if (memory === undefined) return parseModule(file, text);
  const known = memory.trees.get(file) ?? new Map();
  memory.trees.set(file, known);
  return parseInPieces(file, text, known);
}

/** A text that nobody looks into. */
export function unreadModule(file: string, text: string): LoadedModule {
  const module: Module = { file, declarations: [], span: { file, start: 0, end: text.length } };
  return moduleOf(file, text, { module, diagnostics: [] });
}

function moduleOf(file: string, text: string, { module, diagnostics }: ParsedModule): LoadedModule {
  const declarations = new Map<string, NamedDeclaration>();
  const imports = new Map<string, ImportedName>();
  for (const declaration of module.declarations) {
    if (declaration.kind === "import") addImports(imports, file, declaration);
    else if (!declarations.has(declaration.name.name)) declarations.set(declaration.name.name, declaration);
  }
  const brokenPlaces = diagnostics
    .flatMap(({ severity, span }) => (severity === "error" ? [span.start] : []))
    .sort((a, b) => a - b);
  return { file, text, module, diagnostics, brokenPlaces, declarations, imports };
}

function addImports(imports: Map<string, ImportedName>, file: string, declaration: Import): void {
  const target = resolvePath(file, declaration.from.value);
  for (const entry of declaration.names) {
    const local = (entry.alias ?? entry.name).name;
    const from = target.kind === "file" ? target.file : declaration.from.value;
    if (!imports.has(local)) imports.set(local, { name: entry.name.name, from, declaration, entry });
  }
}

/** The file that an import's text names, seen from the importing file. */
export function resolvePath(importer: string, path: string): ResolvedPath {
  if (/^std\/[\w-]+$/.test(path)) return { kind: "file", file: path };
  if (!path.startsWith("./") && !path.startsWith("../")) return { kind: "unsupported" };
  if (isLibrary(importer)) return { kind: "unsupported" };
  const parts = importer.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "." || part === "") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return { kind: "outside" };
  }
  return { kind: "file", file: parts.join("/") };
}

export function isLibrary(file: string): boolean {
  return /^std\/[\w-]+$/.test(file);
}

/** What the library exports under a name. */
export function resolveInLibrary(workspace: Workspace, name: string): Resolved | undefined {
  const from = libraryExports(workspace).get(name);
  const module = from === undefined ? undefined : loadModule(workspace, from);
  return module === undefined ? undefined : resolveGlobal(workspace, module, name);
}

/** What somebody outside of a file means by a name: the file's own, else the library's. */
export function resolveEntry(workspace: Workspace, module: LoadedModule, name: string): Resolved | undefined {
  return resolveGlobal(workspace, module, name) ?? resolveInLibrary(workspace, name);
}

/** Every name that the library exports, with its module. */
export function libraryExports(workspace: Workspace): ReadonlyMap<string, string> {
  const exports = new Map<string, string>();
  for (const from of workspace.host.library?.() ?? []) {
    const library = loadModule(workspace, from);
    for (const exported of library === undefined ? [] : exportsOf(library)) exports.set(exported, from);
  }
  return exports;
}

/** The names that a module offers to others. */
export function exportsOf(module: LoadedModule): readonly string[] {
  return [...module.declarations].filter(([, declaration]) => declaration.exported).map(([name]) => name);
}

export function isNamed(declaration: Declaration): declaration is NamedDeclaration {
  return declaration.kind !== "import";
}

export interface Resolved {
  readonly declaration: NamedDeclaration;
  readonly module: LoadedModule;
}

/** The declaration that a global name of a module stands for, through at most 100 imports. */
export function resolveGlobal(
  workspace: Workspace,
  module: LoadedModule,
  name: string,
): Resolved | undefined {
  let [current, wanted] = [module, name];
  for (let hops = 0; hops < 100; hops++) {
    const own = current.declarations.get(wanted);
    if (own !== undefined) return { declaration: own, module: current };
    const imported = current.imports.get(wanted);
    const next = imported === undefined ? undefined : loadModule(workspace, imported.from);
    if (imported === undefined || next === undefined) return undefined;
    [current, wanted] = [next, imported.name];
  }
  return undefined;
}
