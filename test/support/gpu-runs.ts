/** Graphs and programs on a GPU, with the values of their leaves given as the reference takes them. */
import { functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
import { type Capabilities, plainCapabilities } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { GpuEmission } from "../../compiler/codegen/wgsl/function.ts";
import { emitGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import { compileFunction, defaultPassOptions } from "../../compiler/compile.ts";
import { type Bindings, namedDim } from "../../compiler/ir/dim.ts";
import { type Graph, type GraphBuilder, isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import { tensorType } from "../../compiler/ir/type.ts";
import { updatedBy } from "../../compiler/live-variables.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import type { PassOptions } from "../../compiler/passes/pass.ts";
import type { Program, ProgramInput, ProgramVariable } from "../../compiler/program.ts";
import type { Feeds } from "../../compiler/reference.ts";
import type { Executor, NamedTensors } from "../../runtime/program.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { toHost, toReference } from "../../src/executors/reference.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import type { GpuModule } from "../../runtime/webgpu/schedule.ts";
import { type HeadRows, type StepOutcome, runSteps } from "./head-runs.ts";

export const gpuOptions: PassOptions = { ...defaultPassOptions, target: "wgsl" };

/** Without barriers, since the tests' adapter is mostly a software one, which compiles a barrier for seconds. */
export const alone: GpuEmission = emissionFor(plainCapabilities("invocation"));
export const together: GpuEmission = emissionFor(plainCapabilities("workgroup"));

export const inSubgroups: GpuEmission = emissionFor({
  ...plainCapabilities("workgroup"),
  subgroups: true,
});

export function emissionFor(capabilities: Capabilities): GpuEmission {
  return { capabilities, sourceLine: () => undefined };
}

export function gpuModule(
  program: Program,
  options: PassOptions = gpuOptions,
  emission: GpuEmission = alone,
): GpuModule {
  const compiled = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, options),
  }));
  return emitGpuModule(program, compiled, "test", emission);
}

export function gpuExecutor(
  gpu: GpuDevice,
  program: Program,
  options: PassOptions = gpuOptions,
  emission: GpuEmission = alone,
): Executor {
  return createWebGpuExecutor(gpuModule(program, options, emission), gpu);
}

/** Steps of a head on the GPU. */
export async function gpuSteps(
  gpu: GpuDevice,
  program: Program,
  rows: HeadRows,
  steps: number,
  options: PassOptions,
  emission: GpuEmission,
): Promise<StepOutcome> {
  const executor = gpuExecutor(gpu, program, options, emission);
  try {
    return await runSteps(executor, program, rows, steps);
  } finally {
    executor.dispose();
  }
}

/**
 * A graph as a program of one function, `value`; its parameters and states are variables that are zero at first.
 * An input that nothing reads says how large the free sizes are.
 */
export function programOf(builder: GraphBuilder, graph: Graph, dims: Bindings): Program {
  const inputs: ProgramInput[] = [
    { name: sizesInput, role: "data", type: tensorType("bool", Object.keys(dims).map(namedDim)) },
  ];
  const variables: ProgramVariable[] = [];
  for (const node of nodesOfGraph(graph)) {
    if (isOp(node, "input")) inputs.push({ name: node.attrs.name, type: node.type, role: "data" });
    if (isOp(node, "parameter") || isOp(node, "state"))
      variables.push({
        name: node.attrs.name,
        kind: node.op === "state" ? "state" : "parameter",
        type: node.type,
        initial: builder.make("constant", [], { value: 0, dtype: node.type.dtype }),
      });
  }
  return { name: "Graph", kind: "fn", builder, variables, functions: [{ name: "value", inputs, graph }] };
}

const sizesInput = "sizes";

/** The outputs of a graph on the GPU, new values of variables among them. */
export async function evaluateOnGpu(
  gpu: GpuDevice,
  builder: GraphBuilder,
  graph: Graph,
  feeds: Feeds,
  dims: Bindings,
  options: PassOptions,
  emission: GpuEmission = alone,
): Promise<Record<string, Reference>> {
  const program = programOf(builder, graph, dims);
  const fn = program.functions[0];
  if (fn === undefined) throw new Error("there is no function");
  const module = emitGpuModule(
    program,
    [{ fn, stage: compileFunction(program, fn, options) }],
    "test",
    emission,
  );
  const executor = createWebGpuExecutor(module, gpu);
  try {
    const named = (names: readonly { readonly name: string }[]): NamedTensors =>
      Object.fromEntries(
        names.flatMap(({ name }) => (feeds[name] === undefined ? [] : [[name, toHost(feeds[name])]])),
      );
    await executor.write(named(program.variables));
    const shape = Object.values(dims);
    const sizes = toHost({ dtype: "bool", shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) });
    const values = await executor.call("value", { ...named(fn.inputs), [sizesInput]: sizes });
    const variables = await executor.read();
    const news = graph.outputs.flatMap(({ name }) => {
      const value = variables[updatedBy(name) ?? ""];
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(
      [...Object.entries(values), ...news].map(([name, value]) => [name, toReference(value)]),
    );
  } finally {
    executor.dispose();
  }
}
