/** Margo's side of the benchmarks: entries of .margo files, compiled and made runnable on tfjs's wasm backend. */
import { elaborateEntry } from "../compiler/check/index.ts";
import { type CompiledFunction, emitModule, functionsToCompile } from "../compiler/codegen/tfjs/module.ts";
import { compileFunction, defaultPassOptions } from "../compiler/compile.ts";
import type { PassOptions } from "../compiler/passes/pass.ts";
import type { Program } from "../compiler/program.ts";
import type { Executor, HostTensor } from "../runtime/program.ts";
import { normalNumbers, uniformNumbers } from "../runtime/random.ts";
import { createTfjsExecutor } from "../runtime/tfjs/executor.ts";
import { compileProgram } from "../src/artifacts/compile-program.ts";
import { loadTfjsModule } from "../src/executors/load-tfjs-module.ts";
import { openSource } from "../src/sources/host.ts";

/** Throws with the diagnostics when the entry has mistakes. */
export function elaborate(
  path: string,
  entry: string,
  settings: Readonly<Record<string, string>> = {},
): Program {
  const source = openSource(path);
  if (source === undefined) throw new Error(`there is no file ${path}`);
  const { program, diagnostics } = elaborateEntry(source.host, source.file, entry, { set: settings });
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return program;
}

export function emittedText(program: Program, compiled = compileProgram(program)): string {
  return emitModule(program, compiled, "bench").js;
}

export async function executorOf(program: Program, compiled = compileProgram(program)): Promise<Executor> {
  const module = await loadTfjsModule(emittedText(program, compiled));
  const executor = await createTfjsExecutor(module, "wasm");
  await executor.initialize(1);
  return executor;
}

/** The twin that stores what others go over in chunks. */
export function compiledWhole(program: Program): readonly CompiledFunction[] {
  const options: PassOptions = { ...defaultPassOptions, without: ["stream"] };
  return functionsToCompile(program).map((fn) => ({ fn, stage: compileFunction(program, fn, options) }));
}

/** The program without its accuracy, which is no part of the step that the peers do. */
export function trainingOnly(program: Program): Program {
  return {
    ...program,
    functions: program.functions
      .filter((fn) => fn.name === "step")
      .map((fn) => ({
        ...fn,
        graph: { outputs: fn.graph.outputs.filter(({ name }) => name !== "accuracy") },
      })),
  };
}

/** The ArcFace head of `head.margo` with so many classes. */
export function headProgram(classes: number): Program {
  return trainingOnly(
    elaborate(`${import.meta.dirname}/head.margo`, "Head", {
      data: `npy("x.npy", "y.npy", classes: ${classes})`,
    }),
  );
}

export interface Batch {
  readonly x: HostTensor;
  readonly y: HostTensor;
}

/** Normal numbers in the shape given, and labels below `classes`. */
export function randomBatch(shape: readonly number[], classes: number): Batch {
  const [rows = 1] = shape;
  const size = shape.reduce((product, n) => product * n, 1);
  return {
    x: { dtype: "f32", shape, data: normalNumbers(1, 1, 1, size) },
    y: {
      dtype: "i32",
      shape: [rows],
      data: Int32Array.from(uniformNumbers(1, 1, 2, rows), (u) => Math.floor(u * classes)),
    },
  };
}

/** A training step of an executor on one batch, whatever its inputs are called. */
export function stepOf(
  executor: Executor,
  { x, y }: Batch,
  reads: readonly string[] = ["loss"],
): () => Promise<unknown> {
  const inputs = executor.info.functions.find((fn) => fn.name === "step")?.inputs ?? [];
  const values = Object.fromEntries(
    inputs.map(({ name, role, dtype }) => {
      const counter: HostTensor = { dtype: "i32", shape: [], data: Int32Array.of(0) };
      return [name, role === "counter" ? counter : dtype === "i32" ? y : x];
    }),
  );
  return () => executor.call("step", values, reads);
}
