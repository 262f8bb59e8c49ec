/**
 * What the playground asks of the compiler, as pure functions from a text to plain data: what can be looked into, the
 * curves of its margins, the IR after each pass, the emitted code. The worker around it knows messages, this file does
 * not; what is wrong with the text is the language server's to say.
 */
import { programInfo } from "../compiler/artifact.ts";
import { type SourceHost, elaborateEntry, entriesOf as entriesIn } from "../compiler/check/index.ts";
import { type NamedDeclaration, loadModule, openWorkspace } from "../compiler/check/workspace.ts";
import { emitModule, functionsToCompile } from "../compiler/codegen/tfjs/module.ts";
import { automaticCapabilities } from "../compiler/codegen/wgsl/capabilities.ts";
import { compileFunction, defaultPassOptions, stagesOf } from "../compiler/compile.ts";
import { nodesOfGraph } from "../compiler/ir/node.ts";
import { passes } from "../compiler/passes/index.ts";
import type { Stage } from "../compiler/passes/pass.ts";
import type { Program } from "../compiler/program.ts";
import type { Expression } from "../compiler/syntax/ast.ts";
import type { TrainingInfo } from "../runtime/program.ts";
import type { GpuModule, GpuOffer } from "../runtime/webgpu/schedule.ts";
import { stageText } from "../src/views/ir-text.ts";
import { gpuArtifact, gpuModuleFor, gpuPassOptions } from "../src/artifacts/gpu-artifact.ts";
import { marginCurve } from "../src/views/margin-curves.ts";
import { type MarginUse, marginUse } from "../src/sources/margin-use.ts";
import type { MarginCurve } from "../src/report/margin-plot.ts";
import { standardLibrary } from "../src/standard-library.ts";
import { version } from "../src/version.ts";
import { mainFile } from "./main-file.ts";

/** What can be looked into: everything declared here that runs by itself. */
export interface Entry {
  readonly name: string;
  readonly kind: NamedDeclaration["kind"];
}

export function entriesOf(text: string): readonly Entry[] {
  const workspace = openWorkspace(hostOf(text));
  const module = loadModule(workspace, mainFile);
  const entries = module === undefined ? [] : entriesIn(workspace, module);
  return entries.filter(({ file }) => file === mainFile).map(({ name, kind }) => ({ name, kind }));
}

/** The text of a module of the library. */
export function libraryText(file: string): string | undefined {
  return standardLibrary[file];
}

export function hostOf(text: string): SourceHost {
  return {
    read: (file) => (file === mainFile ? text : standardLibrary[file]),
    library: () => Object.keys(standardLibrary),
  };
}

/** By now every schedule has run out: what is drawn is what training ends with. */
const lateStep = 1_000_000_000;

/** More curves than this say nothing on one sheet. */
const mostCurves = 6;

/** Of the margins that the file declares, with their defaults, and of those that its trains use, as written there. */
export function curves(text: string): readonly MarginCurve[] {
  const host = hostOf(text);
  const workspace = openWorkspace(host);
  const module = loadModule(workspace, mainFile);
  const declarations = [...(module?.declarations.values() ?? [])];
  const declared = declarations.filter(({ kind }) => kind === "margin").map(({ name }) => name.name);
  const used = declarations.flatMap((one) =>
    one.kind === "train" ? marginsIn(one.body.flatMap(valuesOf), text) : [],
  );
  const names = new Set(used.map((written) => marginUse(workspace, module, written)?.name));
  const written = [...declared.filter((name) => !names.has(name)), ...new Set(used)];
  return written.slice(0, mostCurves).flatMap((each) => {
    const use = marginUse(workspace, module, each);
    return use === undefined ? [] : curveOf(host, each, use);
  });
}

/** A margin that cannot be drawn (a setting is missing, the text is broken) has no curve. */
function curveOf(host: SourceHost, written: string, { name, settings }: MarginUse): readonly MarginCurve[] {
  const { program } = elaborateEntry(host, mainFile, name, { set: settings });
  return program?.kind === "margin" ? [marginCurve(program, written, lateStep)] : [];
}

function valuesOf(statement: { readonly kind: string; readonly value?: Expression }): readonly Expression[] {
  return statement.kind === "result" && statement.value !== undefined ? [statement.value] : [];
}

/** Texts of the arguments called `margin`. */
function marginsIn(values: readonly Expression[], text: string): readonly string[] {
  return values.flatMap((value) =>
    value.kind === "call"
      ? value.arguments.flatMap((argument) =>
          argument.name?.name === "margin"
            ? [text.slice(argument.value.span.start, argument.value.span.end)]
            : [],
        )
      : [],
  );
}

export interface StageView {
  readonly name: string;
  /** What the pass does. */
  readonly doc: string;
  readonly lines: readonly StageLine[];
  readonly added: number;
  /** Of the stage before, with its numbers. */
  readonly gone: readonly string[];
}

export interface StageLine {
  readonly text: string;
  /** Whether the stage before had no such node. */
  readonly isNew: boolean;
}

export interface Stages {
  readonly functions: readonly string[];
  readonly stages: readonly StageView[];
}

/** The IR of a function after every pass. Nodes are interned, so what is new is found by identity. */
export function stagesView(
  text: string,
  entry: string,
  fnName: string | undefined,
  target: "tfjs" | "wgsl",
): Stages {
  const program = programOf(text, entry);
  const fn = program?.functions.find(({ name }) => name === fnName) ?? program?.functions[0];
  if (program === undefined || fn === undefined) return { functions: [], stages: [] };
  const stages = stagesOf(program, fn, { ...defaultPassOptions, target });
  return {
    functions: program.functions.map(({ name }) => name),
    stages: stages.map((stage, at) => stageView(program, fn, stage, stages[at - 1])),
  };
}

function stageView(
  program: Program,
  fn: Program["functions"][number],
  stage: Stage,
  before: Stage | undefined,
): StageView {
  const [nodes, earlier] = [
    nodesOfGraph(stage.graph),
    before === undefined ? [] : nodesOfGraph(before.graph),
  ];
  const known = new Set(earlier);
  const kept = new Set(nodes);
  const linesBefore = before === undefined ? [] : linesOf(program, fn, before);
  const facts = new Set(linesBefore.slice(earlier.length));
  // One line a node, in the order of the nodes, then outputs and what the passes found.
  const lines = linesOf(program, fn, stage).map((line, at): StageLine => {
    const node = nodes[at];
    const isNew =
      before !== undefined &&
      (node === undefined ? !facts.has(line) && line.startsWith("//") : !known.has(node));
    return { text: line, isNew };
  });
  return {
    name: stage.name,
    doc: passes.find(({ name }) => name === stage.name)?.doc ?? "the graph as the checker lowers it",
    lines,
    added: before === undefined ? 0 : nodes.filter((node) => !known.has(node)).length,
    gone: earlier.flatMap((node, at) => (kept.has(node) ? [] : (linesBefore[at] ?? []))),
  };
}

/** Without the title. */
function linesOf(program: Program, fn: Program["functions"][number], stage: Stage): readonly string[] {
  return stageText(program, fn, stage).trimEnd().split("\n").slice(1);
}

/** The emitted code as people read it, or undefined where the text has errors. */
export function codeView(text: string, entry: string, target: "tfjs" | "wgsl"): string | undefined {
  const program = programOf(text, entry);
  if (program === undefined) return undefined;
  return target === "wgsl"
    ? gpuArtifact(program, { sourceLine: commentsOf(text) }).wgsl
    : tfjsText(program, text);
}

/** Lines of the file in comments; `*` and `/` are kept apart, so that no text ends a comment. */
function commentsOf(text: string) {
  return ({ file, start }: { readonly file: string; readonly start: number }): string | undefined => {
    if (file !== mainFile) return undefined;
    const before = text.slice(0, start).split("\n");
    const line = text.split("\n")[before.length - 1]?.trim().replaceAll("*/", "* /");
    return line === undefined || line === "" ? undefined : `${before.length}: ${line}`;
  };
}

function tfjsText(program: Program, text: string): string {
  return emitModule(program, compiled(program), version, commentsOf(text)).js;
}

function compiled(program: Program) {
  return functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, { ...gpuPassOptions, target: "tfjs" }),
  }));
}

function programOf(text: string, entry: string): Program | undefined {
  return elaborateEntry(hostOf(text), mainFile, entry, {}).program;
}

/** What is trained: WebGPU takes data, tfjs a module's text without comments, so nothing of the source is in it but names. */
export type Trainable =
  { readonly target: "wgsl"; readonly module: GpuModule } | { readonly target: "tfjs"; readonly js: string };

export function trainable(text: string, entry: string, offer: GpuOffer | undefined): Trainable | undefined {
  const program = programOf(text, entry);
  if (program === undefined) return undefined;
  if (offer === undefined) return { target: "tfjs", js: emitModule(program, compiled(program), version).js };
  const capabilities = automaticCapabilities(offer);
  return { target: "wgsl", module: gpuModuleFor(program, { capabilities, sourceLine: () => undefined }) };
}

/** The plan of a `train`: how long it runs, and on which batches. */
export function trainingOf(text: string, entry: string): TrainingInfo | undefined {
  const program = programOf(text, entry);
  return program === undefined ? undefined : programInfo(program, "", version).training;
}
