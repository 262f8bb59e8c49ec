/**
 * The tfjs target: a program as the text of an ES module without imports. It exports plain data (`info`) and one
 * function a program function, made of explicit tfjs calls, forward and backward from our own graph. Whoever
 * runs it hands in tfjs and our kernels, so the module itself is small, needs no bundler, and holds no eval.
 */
import { initializeFunction, programInfo } from "../../artifact.ts";
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import type { Stage } from "../../passes/pass.ts";
import { nodesOutside, streamedNodes } from "../../passes/stream.ts";
import type { Program, ProgramFunction } from "../../program.ts";
import type { ProgramInfo } from "../../../runtime/program.ts";
import { emitFunction, indent } from "./function.ts";
import { createSharedData } from "./scope.ts";
import type { Mapping, SourceLine } from "../source-map.ts";
import { createSourceMarks } from "./source-notes.ts";

/** A function of the program and the stage that the passes made of it. */
export interface CompiledFunction {
  readonly fn: ProgramFunction;
  readonly stage: Stage;
}

export interface EmittedText {
  readonly js: string;
  readonly declarations: string;
  readonly info: ProgramInfo;
  /** Where the statements of `js` come from, for `sourceMap`. */
  readonly mappings: readonly Mapping[];
}

/**
 * The module of a program. `compiled` holds a stage for each of `functionsToCompile(program)`; `sourceLine`
 * gives the text of comments.
 */
export function emitModule(
  program: Program,
  compiled: readonly CompiledFunction[],
  version: string,
  sourceLine: SourceLine = () => undefined,
): EmittedText {
  const info = programInfo(program, "tfjs", version);
  const inPlace = variablesToOverwrite(program, compiled);
  const data = createSharedData();
  const marks = createSourceMarks(sourceLine);
  const functions = compiled.map(({ fn, stage }) => `${emitFunction(fn.name, stage, inPlace, marks, data)},`);
  const { text: js, mappings } = marks.take(
    [
      `/** ${info.name}: compiled from Margo for tfjs. Each function takes tfjs-core, the runtime's kernels, tensors and sizes by name. */`,
      `export const info = ${JSON.stringify(info, undefined, 2)};`,
      "",
      ...data.lines(),
      "",
      `export const functions = {\n${indent(functions)}\n};`,
      "",
    ].join("\n"),
  );
  return { js, declarations: declarationsOf(info), info, mappings };
}

/** The program's functions, and `initialize`, which gives every variable its first value. */
export function functionsToCompile(program: Program): readonly ProgramFunction[] {
  return [...program.functions, initializeFunction(program)];
}

/**
 * Variables that a streamed pass may update in place. Not those that stand on the right of an untransposed
 * product anywhere: XNNPACK keeps a packed copy of a right operand under the tensor's id.
 */
function variablesToOverwrite(program: Program, compiled: readonly CompiledFunction[]): ReadonlySet<string> {
  const packed = new Set<string>();
  for (const { stage } of compiled)
    for (const node of computedWhole(stage)) {
      const right = isOp(node, "matmul") || isOp(node, "conv2d") ? behindReshapes(node.inputs[1]) : undefined;
      const flipped = isOp(node, "matmul") && node.attrs.transposeB;
      if (right !== undefined && !flipped && isVariable(right)) packed.add(right.attrs.name);
    }
  return new Set(program.variables.map(({ name }) => name).filter((name) => !packed.has(name)));
}

/** What is computed on whole values: a product inside a region takes slices. */
function computedWhole({ graph, regions = [] }: Stage): readonly Node[] {
  const streamed = streamedNodes(regions);
  return nodesOutside(graph, regions).filter((node) => !streamed.has(node));
}

function behindReshapes(node: Node | undefined): Node | undefined {
  return node !== undefined && isOp(node, "reshape") ? behindReshapes(node.inputs[0]) : node;
}

function declarationsOf(info: ProgramInfo): string {
  return [
    'import type { ProgramInfo } from "margo-lang/runtime";',
    'import type { EmittedFunction } from "margo-lang/runtime/tfjs";',
    "",
    `/** ${info.name}: hand this module to an executor. */`,
    "export declare const info: ProgramInfo;",
    "export declare const functions: {",
    ...info.functions.map(({ name, outputs }) => {
      const results = outputs.map((output) => output.name).join(", ");
      return `  /** Gives ${results === "" ? "new values of variables" : results}. */\n  readonly ${name}: EmittedFunction;`;
    }),
    "  /** Gives the first value of every variable. */",
    "  readonly initialize: EmittedFunction;",
    "};",
    "",
  ].join("\n");
}
