/**
 * The executor of the reference target: every function of a program evaluated node by node in float64. It
 * is slow and obviously right; the other targets are compared with it.
 */
import { initializeFunction, programInfo } from "../../compiler/artifact.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { evaluateGraph } from "../../compiler/reference.ts";
import { bindSizes, checkInputs, checkValue, functionNamed, listed } from "../../runtime/call.ts";
import type { Executor, HostTensor, NamedTensors, ProgramInfo } from "../../runtime/program.ts";

type Variables = Map<string, Reference>;

export function createReferenceExecutor(program: Program, version: string): Executor {
  const info = programInfo(program, "reference", version);
  const variables: Variables = new Map();
  const graphs = new Map<string, ProgramFunction>(program.functions.map((fn) => [fn.name, fn]));
  return {
    info,
    initialize: async (seed) => {
      const counters = { seed: scalar(seed), step: scalar(0), epoch: scalar(0) };
      keepNext(variables, evaluateGraph(initializeFunction(program).graph, counters, {}));
    },
    call: async (name, inputs, reads) => {
      const fn = functionNamed(info, name);
      const known: Record<string, number> = {};
      for (const variable of info.variables) {
        const value = variables.get(variable.name);
        if (value !== undefined) bindSizes(variable, value, known);
      }
      const sizes = checkInputs(fn, inputs, known);
      const feeds = { ...Object.fromEntries(variables), ...mapValues(inputs, toReference) };
      const graph = graphs.get(name)?.graph ?? { outputs: [] };
      const outputs = evaluateGraph(graph, feeds, sizes);
      keepNext(variables, outputs);
      const wanted = reads ?? fn.outputs.map((output) => output.name);
      return Object.fromEntries(wanted.map((key) => [key, toHost(valueOf(outputs, key))]));
    },
    read: async (names) =>
      Object.fromEntries(
        (names ?? info.variables.map((variable) => variable.name)).map((name) => [
          name,
          toHost(valueOf(Object.fromEntries(variables), name)),
        ]),
      ),
    write: async (values) => {
      for (const [name, value] of Object.entries(values)) checkValue(variableInfo(info, name), value, {});
      for (const [name, value] of Object.entries(values)) variables.set(name, toReference(value));
    },
    memory: () => {
      const held = [...variables.values()];
      return { bytes: held.reduce((bytes, { data }) => bytes + data.byteLength, 0), tensors: held.length };
    },
    dispose: () => variables.clear(),
  };
}

/**
 * Variables are f32 between steps, as on every target: a checkpoint holds all of them, and a run that is
 * resumed from one equals the run that never stopped.
 */
function keepNext(variables: Variables, outputs: Readonly<Record<string, Reference>>): void {
  for (const [name, value] of Object.entries(outputs))
    if (name.startsWith("next:")) variables.set(name.slice("next:".length), toReference(toHost(value)));
}

function variableInfo(info: ProgramInfo, name: string): ProgramInfo["variables"][number] {
  const found = info.variables.find((variable) => variable.name === name);
  if (found === undefined)
    throw new Error(
      `${info.name} has no variable "${name}"; it has ${listed(info.variables.map((v) => v.name))}`,
    );
  return found;
}

function valueOf(values: Readonly<Record<string, Reference>>, name: string): Reference {
  const value = values[name];
  if (value === undefined) throw new Error(`${name} has no value; there are ${listed(Object.keys(values))}`);
  return value;
}

function scalar(value: number): Reference {
  return { dtype: "i32", shape: [], data: Float64Array.of(value) };
}

/** What an executor takes and gives as a value of the evaluator. */
export function toReference({ dtype, shape, data }: HostTensor): Reference {
  return { dtype, shape, data: Float64Array.from(data) };
}

/** A value of the evaluator as the arrays that executors take and give: f32, i32 or bytes. */
export function toHost({ dtype, shape, data }: Reference): HostTensor {
  const values =
    dtype === "f32"
      ? Float32Array.from(data)
      : dtype === "i32"
        ? Int32Array.from(data)
        : Uint8Array.from(data);
  return { dtype, shape, data: values };
}

function mapValues(values: NamedTensors, f: (value: HostTensor) => Reference): Record<string, Reference> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, f(value)]));
}
