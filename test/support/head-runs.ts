/** Runs of the heads in head-programs.ts: `steps` training steps on random rows, on the reference and on tfjs. */
import { emitModule, functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
import { compileFunction } from "../../compiler/compile.ts";
import type { PassOptions } from "../../compiler/passes/pass.ts";
import type { Program } from "../../compiler/program.ts";
import { normalNumbers, uniformNumbers } from "../../runtime/random.ts";
import type { Executor, HostTensor, NamedTensors } from "../../runtime/program.ts";
import { createTfjsExecutor } from "../../runtime/tfjs/executor.ts";
import { loadTfjsModule } from "../../src/executors/load-tfjs-module.ts";
import { createReferenceExecutor } from "../../src/executors/reference.ts";

export interface HeadRows {
  readonly N: number;
  readonly C: number;
}

/** The outputs of each step, and the variables after the last. */
export interface StepOutcome {
  readonly outputs: readonly NamedTensors[];
  readonly variables: NamedTensors;
}

export async function referenceStep(program: Program, rows: HeadRows, steps: number): Promise<StepOutcome> {
  return runSteps(createReferenceExecutor(program, "test"), program, rows, steps);
}

export async function tfjsStep(
  program: Program,
  options: PassOptions,
  rows: HeadRows,
  steps: number,
): Promise<StepOutcome> {
  const executor = await tfjsExecutor(program, options);
  const outcome = await runSteps(executor, program, rows, steps);
  executor.dispose();
  return outcome;
}

/** The text of the module that the options make of the program. */
export function moduleText(program: Program, options: PassOptions): string {
  const compiled = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, options),
  }));
  return emitModule(program, compiled, "test").js;
}

export async function tfjsExecutor(program: Program, options: PassOptions): Promise<Executor> {
  return createTfjsExecutor(await loadTfjsModule(moduleText(program, options)), "wasm");
}

/** Random rows and labels; variables start from numbers of their own, since a free C has no initial value. */
export async function runSteps(
  executor: Executor,
  program: Program,
  { N, C }: HeadRows,
  steps: number,
): Promise<StepOutcome> {
  const dims: Record<string, number> = { N, C };
  const size = (value: number | string): number =>
    typeof value === "number" ? value : value.startsWith("3*") ? 3 * C : (dims[value] ?? 0);
  await executor.write(
    Object.fromEntries(
      executor.info.variables.map(({ name, kind, shape }, index) => {
        const sizes = shape.map(size);
        const count = sizes.reduce((product, each) => product * each, 1);
        const data = kind === "parameter" ? normals(9, index, count, 0.5) : new Float32Array(count);
        return [name, { dtype: "f32", shape: sizes, data } satisfies HostTensor];
      }),
    ),
  );
  const width = program.functions[0]?.inputs[0]?.type.shape[1]?.key;
  const outputs: NamedTensors[] = [];
  for (let step = 0; step < steps; step++)
    outputs.push(await executor.call("step", batch(N, C, Number(width), step)));
  return { outputs, variables: await executor.read() };
}

export function batch(N: number, C: number, width: number, step: number): NamedTensors {
  const labels = Int32Array.from(uniformNumbers(4, step, 1, N), (u) => Math.floor(u * C));
  return {
    x: { dtype: "f32", shape: [N, width], data: normals(4, 2 + step, N * width, 1) },
    y: { dtype: "i32", shape: [N], data: labels },
  };
}

function normals(seed: number, site: number, count: number, std: number): Float32Array {
  return Float32Array.from(normalNumbers(seed, 0, site, count), (value) => value * std);
}

/** The largest difference of any output or variable, relative to max(1, its size). */
export function maximalDifference(a: StepOutcome, b: StepOutcome): number {
  const pairs = [
    ...a.outputs.map((value, step) => [value, b.outputs[step] ?? {}] as const),
    [a.variables, b.variables] as const,
  ];
  return Math.max(
    ...pairs.flatMap(([left, right]) =>
      Object.entries(left).map(([name, { data }]) => {
        const other = right[name]?.data;
        if (other === undefined || other.length !== data.length) return Infinity;
        return Math.max(
          0,
          ...[...data].map((value, i) => {
            const gap = Math.abs(value - (other[i] ?? NaN)) / Math.max(1, Math.abs(value));
            return Number.isNaN(gap) ? Infinity : gap;
          }),
        );
      }),
    ),
  );
}
