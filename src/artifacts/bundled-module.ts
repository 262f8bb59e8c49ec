/**
 * A .margo file as a bundler sees it: a module with one export an entry, the modules of each target behind lazy
 * imports, and a declaration file with the types. Texts in, texts out; reading, writing and watching are the
 * business of `vite.ts`.
 */
import { type CheckResult, type SourceHost, checkFile, elaborateEntry } from "../../compiler/check/index.ts";
import type { Mapping, SourceLine } from "../../compiler/codegen/source-map.ts";
import type { BuiltPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import { emitModule } from "../../compiler/codegen/tfjs/module.ts";
import { compactModule } from "../../compiler/codegen/wgsl/compact.ts";
import { printGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { knownSize } from "../../compiler/ir/dim.ts";
import { programInfo } from "../../compiler/artifact.ts";
import type { Program } from "../../compiler/program.ts";
import type { ProgramInfo, ValueInfo } from "../../runtime/program.ts";
import type { AdapterFacts } from "../../runtime/webgpu/device.ts";
import { defaultEntries } from "../sources/default-entries.ts";
import { compileProgram } from "./compile-program.ts";
import { gpuArtifact } from "./gpu-artifact.ts";
import { version } from "../version.ts";

export type BundleTarget = "wgsl" | "tfjs";

/** One of the modules of an entry: for WebGPU there may be several, by what their kernels use. */
export type BundlePart = { readonly target: "tfjs" } | { readonly target: "wgsl"; readonly path: BuiltPath };

/** A page takes the first part for WebGPU that its device can run. */
export function bundleParts(
  targets: readonly BundleTarget[],
  paths: readonly BuiltPath[],
): readonly BundlePart[] {
  return targets.flatMap((target): readonly BundlePart[] =>
    target === "wgsl" ? paths.map((path) => ({ target, path })) : [{ target }],
  );
}

/** `wgsl.f16`, `tfjs`. */
export function partName(part: BundlePart): string {
  return part.target === "wgsl" ? `wgsl.${part.path}` : part.target;
}

export interface ReadModule {
  readonly diagnostics: readonly Diagnostic[];
  /** Empty when a diagnostic is an error. */
  readonly programs: readonly Program[];
}

/** Checks a file and elaborates its entries. */
export function readModule(
  host: SourceHost,
  file: string,
  entries: readonly string[] | undefined,
): ReadModule {
  const checked: CheckResult = checkFile(host, file);
  if (hasErrors(checked.diagnostics)) return { diagnostics: checked.diagnostics, programs: [] };
  const elaborated = (entries ?? defaultEntries(checked, file)).map((name) =>
    elaborateEntry(host, file, name, {}),
  );
  const found = [...checked.diagnostics, ...elaborated.flatMap(({ diagnostics }) => diagnostics)];
  const diagnostics = [...new Map(found.map((one) => [keyOf(one), one])).values()];
  const programs = elaborated.flatMap(({ program }) => program ?? []);
  return { diagnostics, programs: hasErrors(diagnostics) ? [] : programs };
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

function keyOf({ code, message, span }: Diagnostic): string {
  return `${span.file}:${span.start}:${code}:${message}`;
}

/** The module that is imported; `idOf` names the module of an entry and a part. */
export function indexModule(
  programs: readonly Program[],
  parts: readonly BundlePart[],
  idOf: (entry: string, part: BundlePart) => string,
): string {
  const exported = programs.map((program) => {
    const { name, training } = programInfo(program, "", version);
    const modules = targetsOf(parts).map((target) => {
      const own = parts.filter((part) => part.target === target);
      return `    ${target}: ${loaderOf(own, (part) => idOf(name, part))},`;
    });
    return [
      `export const ${name} = {`,
      `  name: ${JSON.stringify(name)},`,
      ...(training === undefined ? [] : [`  training: ${JSON.stringify(training)},`]),
      ...["  modules: {", ...modules, "  },", "};"],
    ].join("\n");
  });
  const [first] = programs;
  return [...exported, ...(first === undefined ? [] : [`export default ${first.name};`]), ""].join("\n");
}

function targetsOf(parts: readonly BundlePart[]): readonly BundleTarget[] {
  return [...new Set(parts.map(({ target }) => target))];
}

/** A function that imports the first part that the device can run; of the last one nothing is asked here. */
function loaderOf(parts: readonly BundlePart[], idOf: (part: BundlePart) => string): string {
  const choices = parts.map((part, at) => {
    const imported = `import(${JSON.stringify(idOf(part))})`;
    return at === parts.length - 1 || part.target !== "wgsl" ? imported : `${runs[part.path]} ? ${imported}`;
  });
  return `${choices.length > 1 ? "(offer)" : "()"} => ${choices.join(" : ")}`;
}

/** Whether a device that makes the `offer` runs a path: an expression of the page's script. */
const runs: { readonly [P in BuiltPath]: string } = {
  plain: "true",
  subgroups: "offer.subgroups !== undefined",
  f16: 'offer.features.includes("shader-f16")',
};

export interface TargetText {
  readonly code: string;
  /** Where its statements come from; a module for WebGPU is data and has none. */
  readonly mappings: readonly Mapping[];
}

/** The code of a part, whose kernels know their places in the source; a device runs the kernels of either kind, but its own faster. */
export function partModule(
  program: Program,
  part: BundlePart,
  kernelsFor: AdapterFacts["kind"],
  placeOf: SourceLine,
): TargetText {
  switch (part.target) {
    case "wgsl": {
      const { module } = gpuArtifact(program, { path: part.path, kernelsFor, sourceLine: placeOf });
      return { code: printGpuModule(compactModule(module)), mappings: [] };
    }
    case "tfjs": {
      const { js, mappings } = emitModule(program, compileProgram(program), version);
      return { code: js, mappings };
    }
  }
  return part satisfies never;
}

/** Where TypeScript looks for the types of a .margo file that is imported. */
export function declarationPath(path: string): string {
  return path.replace(/\.margo$/, ".d.margo.ts");
}

/** Types for `import … from "./digits.margo"`, by the path of that file. */
export function declarationFile(
  path: string,
  programs: readonly Program[],
  targets: readonly BundleTarget[],
): string {
  const source = path.slice(path.search(/[^/\\]*$/));
  const wanted = targets.map((target) => JSON.stringify(target)).join(" | ");
  const declared = programs.map((program) => {
    const info = programInfo(program, "", version);
    return [
      `/** ${describe(program, info)} */`,
      `export declare const ${info.name}: ProgramFor<${JSON.stringify(info.name)}>${isTrained(program) ? " & Trained" : ""};`,
    ].join("\n");
  });
  const [first] = programs;
  return [
    `// Made from ${source} by margo-lang/vite; it is written anew when that file changes.`,
    'import type { CompiledProgram } from "margo-lang/runtime";',
    "",
    "type ProgramFor<Name extends string> = CompiledProgram & {",
    "  readonly name: Name;",
    `  readonly modules: Required<Pick<CompiledProgram["modules"], ${wanted}>>;`,
    "};",
    ...(programs.some(isTrained) ? [trainedType] : []),
    "",
    ...declared,
    ...(first === undefined ? ["export {};"] : [`export default ${first.name};`]),
    "",
  ].join("\n");
}

function isTrained({ training }: Program): boolean {
  return training !== undefined;
}

/** So that `planOf(Digits.training)` compiles where nothing may be undefined. */
const trainedType = 'type Trained = Required<Pick<CompiledProgram, "training">>;';

function describe(program: Program, { functions }: ProgramInfo): string {
  const main = functions.find(({ name }) => name === "step") ?? functions[0];
  const inputs = (main?.inputs ?? []).filter(({ role }) => role !== "counter").map(typeText);
  const parameters = program.variables
    .filter(({ kind }) => kind === "parameter")
    .map(({ type }) =>
      type.shape.reduce<number | undefined>((total, dim) => {
        const size = knownSize(dim);
        return total === undefined || size === undefined ? undefined : total * size;
      }, 1),
    );
  const count = parameters.reduce<number>((total, size) => total + (size ?? 0), 0);
  const known = parameters.every((size) => size !== undefined);
  const weights = known ? `; ${count.toLocaleString("en")} parameters` : "";
  return `\`${program.kind} ${program.name}\` takes ${inputs.join(", ") || "nothing"}${weights}.`;
}

function typeText({ name, dtype, shape }: ValueInfo): string {
  return `${name}: ${dtype}[${shape.join(", ")}]`;
}
