/**
 * The library: sources in, diagnostics and artifacts out. It is pure and loads in a page; sources are given as a
 * record or through a host of one's own, and in Node `margo-lang/node` offers the file system.
 */
import { elaborateEntry } from "../compiler/check/index.ts";
import { type CheckResult, type SourceHost, checkFile } from "../compiler/check/index.ts";
import { type CompiledFunction, emitModule, functionsToCompile } from "../compiler/codegen/tfjs/module.ts";
import type { BuiltPath } from "../compiler/codegen/wgsl/capabilities.ts";
import { compileFunction, defaultPassOptions } from "../compiler/compile.ts";
import type { Diagnostic } from "../compiler/errors/diagnostic.ts";
import { withBudget } from "../compiler/passes/pass.ts";
import type { Program } from "../compiler/program.ts";
import type { ProgramInfo } from "../runtime/program.ts";
import { defaultEntries } from "./sources/default-entries.ts";
import { gpuArtifact } from "./artifacts/gpu-artifact.ts";
import { pathOfOption } from "./artifacts/gpu-option.ts";
import { standardLibrary } from "./standard-library.ts";
import { version } from "./version.ts";

export type { BuiltPath } from "../compiler/codegen/wgsl/capabilities.ts";
export type { CheckResult, Entry, SourceHost, TypeRecord } from "../compiler/check/index.ts";
export type { Diagnostic, Fix, Label, Severity, TextEdit } from "../compiler/errors/diagnostic.ts";
export type { Span } from "../compiler/errors/span.ts";
export {
  type FormatEdit,
  type FormatOptions,
  type FormatResult,
  format,
  formatRange,
} from "./format/index.ts";
export type { ProgramInfo } from "../runtime/program.ts";
export { version };

/** Texts by file name (`dir/file.margo`), or a host that finds them. */
export type Sources = Readonly<Record<string, string>> | SourceHost;

/** What `compile` makes; without any of it, every entry for tfjs with its own settings. */
export interface CompileOptions {
  /** What runs the artifact: tfjs in a page or in Node (the default), or WebGPU. */
  readonly target?: "tfjs" | "wgsl";
  /** The declarations to compile; by default every exported one that can run, or every `train`. */
  readonly entries?: readonly string[];
  /** Settings of the entries by name; text is Margo source: `{ margin: "LSoftmax(m: 4)", batch: 64 }`. */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Bytes that a streamed loss may hold for its chunks of classes, at least 1. By default 64 MiB for tfjs; for wgsl the device
   * decides when it is opened.
   */
  readonly budgetBytes?: number;
  /** For wgsl: what kernels may use, and so what a device must offer. `plain`, the default, is run by every device. */
  readonly gpu?: BuiltPath;
}

/** One compiled entry: what `margo build` writes as files, as texts. */
export interface Artifact {
  readonly name: string;
  /**
   * An ES module without imports, for an executor of `margo-lang/runtime`: it exports `info` and `functions` for tfjs,
   * `module` for wgsl.
   */
  readonly js: string;
  /** Its TypeScript declarations. */
  readonly declarations: string;
  /** The kernels as one text for reading; the module holds the same. Only for wgsl. */
  readonly wgsl?: string;
  readonly info: ProgramInfo;
}

/** What `compile` found and made. */
export interface CompileResult {
  readonly diagnostics: readonly Diagnostic[];
  /** Empty when a diagnostic is an error. */
  readonly artifacts: readonly Artifact[];
}

/** Everything that is wrong with a file, and the type of every expression in it. Never throws on a source. */
export function analyse(sources: Sources, file: string): CheckResult {
  return checkFile(hostOf(sources), file);
}

/**
 * Compiles entries of a file. Mistakes in the source are diagnostics; it throws a `RangeError` on options that nobody can
 * mean: a target that there is not, a setting that is no text, number or flag, a budget that is no number of bytes, a path of the GPU
 * that cannot be built. Anything else that it throws is a bug of Margo.
 */
export function compile(sources: Sources, file: string, options: CompileOptions = {}): CompileResult {
  checkTarget(options);
  checkBudget(options);
  const path = pathOfOption(options.gpu, options.target ?? "tfjs");
  const set = settingTexts(options);
  const host = hostOf(sources);
  const checked = checkFile(host, file);
  if (hasErrors(checked.diagnostics)) return { diagnostics: checked.diagnostics, artifacts: [] };
  const diagnostics = new Map(checked.diagnostics.map((one) => [keyOf(one), one]));
  const artifacts: Artifact[] = [];
  for (const name of options.entries ?? defaultEntries(checked, file)) {
    const elaborated = elaborateEntry(host, file, name, { set });
    for (const one of elaborated.diagnostics) diagnostics.set(keyOf(one), one);
    if (elaborated.program !== undefined) artifacts.push(artifactOf(elaborated.program, options, path));
  }
  const all = [...diagnostics.values()];
  return { diagnostics: all, artifacts: hasErrors(all) ? [] : artifacts };
}

function checkTarget({ target = "tfjs" }: CompileOptions): void {
  if (target !== "tfjs" && target !== "wgsl")
    throw new RangeError(`target is "tfjs" or "wgsl", and not ${JSON.stringify(target)}`);
}

function settingTexts({ set = {} }: CompileOptions): Readonly<Record<string, string>> {
  const texts = Object.entries(set).map(([name, value]: readonly [string, unknown]) => {
    if (!["string", "number", "boolean"].includes(typeof value))
      throw new RangeError(
        `set.${name} is ${JSON.stringify(value)}: give its Margo source as text, or a number`,
      );
    return [name, String(value)] as const;
  });
  return Object.fromEntries(texts);
}

function checkBudget({ budgetBytes }: CompileOptions): void {
  if (budgetBytes !== undefined && !(Number.isSafeInteger(budgetBytes) && budgetBytes > 0))
    throw new RangeError(`budgetBytes is a whole number of bytes, at least 1, and not ${budgetBytes}`);
}

function artifactOf(
  program: Program,
  { target = "tfjs", budgetBytes }: CompileOptions,
  path: BuiltPath,
): Artifact {
  if (target === "wgsl") {
    const { js, declarations, wgsl, module } = gpuArtifact(program, { path, budgetBytes });
    return { name: program.name, js, declarations, wgsl, info: module.info };
  }
  const compiled: readonly CompiledFunction[] = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, withBudget(defaultPassOptions, budgetBytes)),
  }));
  const { js, declarations, info } = emitModule(program, compiled, version);
  return { name: program.name, js, declarations, info };
}

function hostOf(sources: Sources): SourceHost {
  if (isHost(sources)) return sources;
  return {
    read: (file) => (Object.hasOwn(sources, file) ? sources[file] : standardLibrary[file]),
    library: () => Object.keys(standardLibrary),
  };
}

function isHost(sources: Sources): sources is SourceHost {
  return typeof sources["read"] === "function";
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

function keyOf({ code, message, span }: Diagnostic): string {
  return `${span.file}:${span.start}:${code}:${message}`;
}
