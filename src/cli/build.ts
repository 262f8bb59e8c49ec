/**
 * `margo build`: each entry becomes a JavaScript module and its types, for WebGPU its kernels as readable text too, and
 * the source map of what was emitted from .margo lines.
 */
import { watch } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { emitModule } from "../../compiler/codegen/tfjs/module.ts";
import {
  type MappedSource,
  type Mapping,
  sourceMapComment,
  sourceMapText,
} from "../../compiler/codegen/source-map.ts";
import type { BuiltPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { TargetName } from "../../compiler/passes/pass.ts";
import type { Program } from "../../compiler/program.ts";
import { compileProgram } from "../artifacts/compile-program.ts";
import { gpuArtifact } from "../artifacts/gpu-artifact.ts";
import { isLibraryModule } from "../sources/host.ts";
import { version } from "../version.ts";
import { type Artifact, checkArtifacts, writeArtifacts } from "./artifacts.ts";
import { Refusal } from "./refusal.ts";
import { type Source, sourceLineOf, textOf } from "../sources/source.ts";
import { declarationsOf, programOf, sourceAt } from "./source.ts";
import { refuseForOtherTarget } from "./target-flags.ts";
import { atStage } from "../sources/stage.ts";
import { type ExitCode, complain, exitFault, exitFine, exitUsage, say } from "./terminal.ts";

export interface BuildOptions {
  readonly target: TargetName;
  readonly entry: readonly string[];
  /** What kernels may use; `plain` by default. */
  readonly gpu?: BuiltPath;
  readonly budget?: number;
  readonly out: string;
  readonly watch?: boolean;
  readonly check?: boolean;
}

/** Standard output gets the paths of what was written. */
export async function build(file: string, options: BuildOptions): Promise<ExitCode> {
  if (options.target === "reference") {
    complain("the reference target has no artifact: it runs inside Margo", "build for --target tfjs or wgsl");
    return exitUsage;
  }
  if (options.gpu !== undefined && options.target !== "wgsl")
    refuseForOtherTarget(`--gpu ${options.gpu}`, "wgsl", options.target);
  if (options.watch === true) return buildAgainAndAgain(file, options);
  const artifacts = await artifactsOf(file, options);
  return options.check === true ? checkArtifacts(artifacts, "margo build") : writeArtifacts(artifacts);
}

async function artifactsOf(file: string, options: BuildOptions): Promise<readonly Artifact[]> {
  const { entry, out, target } = options;
  const source = sourceAt(file);
  const artifacts: Artifact[] = [];
  for (const name of entry.length > 0 ? entry : defaultEntries(source)) {
    const program = await programOf(source, name, {});
    const files = await atStage("code generation", () =>
      target === "wgsl" ? gpuFiles(source, program, options) : tfjsFiles(source, program, options),
    );
    artifacts.push(...files.map((each) => ({ ...each, path: join(out, `${name}${each.path}`) })));
  }
  return artifacts;
}

/** Paths are endings of the entry's name. */
function tfjsFiles(source: Source, program: Program, { out, budget }: BuildOptions): readonly Artifact[] {
  const { js, declarations, mappings } = emitModule(
    program,
    compileProgram(program, budget),
    version,
    (span) => sourceLineOf(source, span),
  );
  return [
    ...withMap({ path: ".js", text: js }, mappings, source, program, out),
    { path: ".d.ts", text: declarations },
  ];
}

/** The module is data; what comes from the source are the kernels, so the map is theirs. */
function gpuFiles(source: Source, program: Program, { out, budget, gpu }: BuildOptions): readonly Artifact[] {
  const { js, declarations, wgsl, mappings } = gpuArtifact(program, {
    sourceLine: (span) => sourceLineOf(source, span),
    path: gpu,
    budgetBytes: budget,
  });
  return [
    { path: ".js", text: js },
    { path: ".d.ts", text: declarations },
    ...withMap({ path: ".wgsl", text: wgsl }, mappings, source, program, out),
  ];
}

/** The file, which names its map, and the map. */
function withMap(
  { path, text }: Artifact,
  mappings: readonly Mapping[],
  source: Source,
  { name }: Program,
  out: string,
): readonly Artifact[] {
  const mapped = sourceMapText(`${name}${path}`, mappings, (from) => mappedSource(source, from, out));
  return [
    { path, text: `${text}${sourceMapComment(`${name}${path}.map`)}` },
    { path: `${path}.map`, text: mapped },
  ];
}

/** Every train; every model where there is none. */
function defaultEntries(source: Source): readonly string[] {
  const declarations = declarationsOf(source);
  const ofKind = (kind: string) =>
    declarations.filter((one) => one.kind === kind).map(({ name }) => name.name);
  const entries = ofKind("train").length > 0 ? ofKind("train") : ofKind("model");
  if (entries.length > 0) return entries;
  complain(`${source.file} declares no train and no model`, "say what to build with --entry");
  throw new Refusal(exitFault);
}

/** A file as a map in `out` names it: the library's have no path that holds elsewhere. */
function mappedSource(source: Source, file: string, out: string): MappedSource {
  const text = textOf(source, file);
  if (isLibraryModule(file)) return { name: `margo:///${file}.margo`, text };
  const path = relative(resolve(out), resolve(source.root, file)).split(sep);
  return { name: path.map(encodeURIComponent).join("/"), text };
}

/** Builds when a source below the file's workspace changes, until the process is stopped. */
async function buildAgainAndAgain(file: string, options: BuildOptions): Promise<ExitCode> {
  await buildOnce(file, options);
  const { root } = sourceAt(file);
  say(`watching ${relative(process.cwd(), root) || "."}; Ctrl-C stops`);
  let waiting: NodeJS.Timeout | undefined;
  const watcher = watch(root, { recursive: true }, (_, name) => {
    if (name === null || !name.endsWith(".margo")) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => void buildOnce(file, options), 100);
  });
  return new Promise((resolve) => {
    process.once("SIGINT", () => {
      watcher.close();
      resolve(exitFine);
    });
  });
}

/** Mistakes in the source are told and the watch goes on; earlier artifacts stay. */
async function buildOnce(file: string, options: BuildOptions): Promise<void> {
  try {
    await writeArtifacts(await artifactsOf(file, options));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
