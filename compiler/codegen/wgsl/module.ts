/**
 * The wgsl target: a program as plain data (kernels as WGSL text and static schedules) and as the files that
 * `margo build` writes: an ES module that exports the data, its types, and the kernels as one readable text. No code is
 * emitted but WGSL; the runtime that runs it holds no compiler.
 */
import { programInfo } from "../../artifact.ts";
import type { Program, ProgramFunction } from "../../program.ts";
import type { Stage } from "../../passes/pass.ts";
import type { GpuFunction, GpuModule } from "../../../runtime/webgpu/schedule.ts";
import type { Mapping } from "../source-map.ts";
import { plainCapabilities } from "./capabilities.ts";
import { type GpuEmission, emitFunction } from "./function.ts";
import { type KernelTable, createKernelTable } from "./kernel-table.ts";
import type { PrintedLine } from "./print.ts";

/** A function of the program and the stage that the passes made of it for the target `wgsl`. */
export interface GpuStage {
  readonly fn: ProgramFunction;
  readonly stage: Stage;
}

export interface GpuText {
  readonly module: GpuModule;
  /** An ES module without imports that exports the data. */
  readonly js: string;
  readonly declarations: string;
  /** Every kernel, each a shader of its own. */
  readonly wgsl: string;
  /** Where the statements of `wgsl` come from, for `sourceMap`. */
  readonly mappings: readonly Mapping[];
}

const plainEmission: GpuEmission = {
  capabilities: plainCapabilities("workgroup"),
  sourceLine: () => undefined,
};

/** The module of a program; `compiled` holds a stage for each function, `initialize` among them. */
export function emitGpuModule(
  program: Program,
  compiled: readonly GpuStage[],
  version: string,
  emission: GpuEmission = plainEmission,
): GpuModule {
  return emitted(program, compiled, version, emission).module;
}

/** The same as the texts of files. */
export function emitGpuText(
  program: Program,
  compiled: readonly GpuStage[],
  version: string,
  emission: GpuEmission = plainEmission,
): GpuText {
  const { module, kernels } = emitted(program, compiled, version, emission);
  const lines = wgslLines(module, kernels.lines());
  return {
    module,
    js: printGpuModule(module),
    declarations: declarationsOf(module),
    wgsl: lines.map(({ text }) => `${text}\n`).join(""),
    mappings: lines.flatMap(({ text, span }, line) =>
      span === undefined ? [] : [{ line, column: text.search(/\S/), span }],
    ),
  };
}

function emitted(
  program: Program,
  compiled: readonly GpuStage[],
  version: string,
  emission: GpuEmission,
): { readonly module: GpuModule; readonly kernels: KernelTable } {
  const kernels = createKernelTable();
  const functions = Object.fromEntries(
    compiled.map(({ fn, stage }) => [fn.name, emitFunction(stage, kernels, emission)]),
  );
  const info = programInfo(program, "wgsl", version);
  const budgetBytes = compiled[0]?.stage.options.budgetBytes;
  const budget = budgetBytes === undefined ? {} : { budgetBytes };
  const features = kernels.features();
  return { module: { info, ...budget, features, kernels: kernels.kernels(), functions }, kernels };
}

/** An ES module without imports that exports the data. */
export function printGpuModule(module: GpuModule): string {
  return [
    `/** ${module.info.name}: compiled from Margo for ${devicesOf(module)}. Hand it to the runtime's createWebGpuExecutor. */`,
    `export const module = ${JSON.stringify(module, undefined, 2)};`,
    "",
  ].join("\n");
}

/** What runs the module. */
function devicesOf({ features }: GpuModule): string {
  return features.length === 0 ? "WebGPU" : `WebGPU devices with ${features.join(" and ")}`;
}

function declarationsOf(module: GpuModule): string {
  const { info } = module;
  return [
    'import type { GpuModule } from "margo-lang/runtime";',
    "",
    `/** ${info.name} for ${devicesOf(module)}: hand it to the runtime's createWebGpuExecutor. It has ${functionNames(info.functions)}. */`,
    "export declare const module: GpuModule;",
    "",
  ].join("\n");
}

function functionNames(functions: GpuModule["info"]["functions"]): string {
  return functions.map(({ name }) => name).join(", ");
}

/** The kernels with their numbers, and which functions dispatch them. */
function wgslLines(module: GpuModule, lines: readonly (readonly PrintedLine[])[]): readonly PrintedLine[] {
  const { info, functions, kernels } = module;
  const head = [
    `// ${info.name}: compiled from Margo for ${devicesOf(module)}. Each kernel is a shader of its own.`,
    "// This text is for reading; the module beside it holds the same kernels.",
  ].map((text) => ({ text }));
  const numbered = kernels.flatMap((_, kernel): readonly PrintedLine[] => [
    { text: "" },
    { text: `// Kernel ${kernel} of ${kernels.length}: ${usesOf(functions, kernel)}` },
    ...(lines[kernel] ?? []),
  ]);
  return [...head, ...numbered];
}

/** `step dispatches it twice, evaluate once` in numbers: `step × 2, evaluate × 1`. */
function usesOf(functions: Readonly<Record<string, GpuFunction>>, kernel: number): string {
  const uses = Object.entries(functions).flatMap(([name, { steps }]) => {
    const dispatches = steps.flatMap((step) => (step.kind === "chunks" ? step.steps : [step]));
    const count = dispatches.filter((dispatch) => dispatch.kernel === kernel).length;
    return count === 0 ? [] : [`${name} × ${count}`];
  });
  return `dispatched by ${uses.join(", ")}`;
}
