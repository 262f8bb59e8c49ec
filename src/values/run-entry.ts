/**
 * Evaluates one entry of a file on given values: what `margo run` does between reading its input and writing
 * its output. Names, shapes and labels are checked first, and what does not fit is a sentence.
 */
import {
  type Bindings,
  namesOfDim,
  sizeOfDim,
  substituteDim,
  constantDim,
  knownSize,
} from "../../compiler/ir/dim.ts";
import { nodesOfGraph } from "../../compiler/ir/node.ts";
import { type TensorType, printType } from "../../compiler/ir/type.ts";
import type { SourceLine } from "../../compiler/codegen/source-map.ts";
import { suggestName } from "../../compiler/errors/suggest.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import type { Program, ProgramFunction, ProgramInput } from "../../compiler/program.ts";
import { evaluateGraph } from "../../compiler/reference.ts";
import { createExecutor } from "../executors/create.ts";
import { toHost, toReference } from "../executors/reference.ts";
import type { TrainingTarget } from "../executors/machine.ts";

export type NamedReferences = Readonly<Record<string, Reference>>;

export interface RunValues {
  readonly inputs: NamedReferences;
  readonly params: NamedReferences;
  readonly state: NamedReferences;
  /** Finished training steps, for schedules. */
  readonly step: number;
}

export interface RunOptions {
  readonly target: TrainingTarget;
  /** For parameters and states that are not given. */
  readonly seed: number;
  /** Sizes that no given value settles. */
  readonly dims: Bindings;
  /** Bytes that a streamed loss may hold for its chunks. */
  readonly budgetBytes?: number | undefined;
  /** For what is said about a kernel that does not compile. */
  readonly sourceLine?: SourceLine;
}

export interface RunResult {
  readonly value: Reference;
  /** By the name of the input or parameter; empty where the program has no gradients. */
  readonly grads: NamedReferences;
  /** After the evaluation. */
  readonly state: NamedReferences;
}

/** What is wrong with the given values, and what to do about it. */
export interface RunFault {
  readonly kind: "refused";
  readonly message: string;
  readonly help?: string;
}

export async function runEntry(
  program: Program,
  values: RunValues,
  options: RunOptions,
): Promise<RunResult | RunFault> {
  const fn = program.functions.find(({ name }) => name === "value");
  if (fn === undefined)
    return refused(
      `${program.name} is a ${program.kind} and has no value`,
      "name a fn, layer, model or loss",
    );
  const unknown = unknownName(program, fn, values);
  if (unknown !== undefined) return unknown;
  const dims = bindSizes(program, fn, values, options.dims);
  if ("kind" in dims) return dims;
  const counters = countersOf(values.step, options.seed);
  const variables = variablesOf(program, values, counters, dims.sizes);
  const misfit = misfitOf(program, fn, values, dims.sizes);
  if (misfit !== undefined) return misfit;
  const feeds = { ...counters, ...variables, ...typed(values.inputs, fn.inputs) };
  const outputs =
    options.target === "reference"
      ? evaluateGraph(fn.graph, feeds, dims.sizes)
      : await onDevice(program, fn, feeds, options);
  return resultOf(program, outputs, variables);
}

export function isRunFault(value: RunResult | RunFault): value is RunFault {
  return "kind" in value;
}

function refused(message: string, help?: string): RunFault {
  return { kind: "refused", message, ...(help === undefined ? {} : { help }) };
}

function unknownName(
  program: Program,
  fn: ProgramFunction,
  { inputs, params, state }: RunValues,
): RunFault | undefined {
  const parameters = program.variables.filter(({ kind }) => kind === "parameter").map(({ name }) => name);
  const states = program.variables.filter(({ kind }) => kind !== "parameter").map(({ name }) => name);
  const data = fn.inputs.filter(({ role }) => role === "data").map(({ name }) => name);
  const groups = [
    { what: "input", given: inputs, known: data },
    { what: "parameter", given: params, known: parameters },
    { what: "state", given: state, known: states },
  ];
  for (const { what, given, known } of groups) {
    const stray = Object.keys(given).find((name) => !known.includes(name));
    if (stray === undefined) continue;
    const near = suggestName(stray, known);
    const offered = known.length === 0 ? `it has none` : `it has ${known.join(", ")}`;
    return refused(
      `${program.name} has no ${what} ${stray}; ${offered}`,
      near === undefined ? undefined : `did you mean ${near}?`,
    );
  }
  const missing = data.find((name) => inputs[name] === undefined);
  return missing === undefined
    ? undefined
    : refused(
        `the input ${missing} of ${program.name} is missing`,
        `it takes ${fn.inputs
          .filter(({ role }) => role === "data")
          .map(({ name, type }) => `${name}: ${printType(type)}`)
          .join(", ")}`,
      );
}

/** Sizes of free names, from the shapes of everything that is given. */
function bindSizes(
  program: Program,
  fn: ProgramFunction,
  { inputs, params, state }: RunValues,
  given: Bindings,
): { readonly sizes: Bindings } | RunFault {
  const sizes: Record<string, number> = { ...given };
  const pairs = [
    ...fn.inputs.map(({ name, type }) => [type, inputs[name]] as const),
    ...program.variables.map(({ name, type }) => [type, params[name] ?? state[name]] as const),
  ];
  for (const [type, value] of pairs)
    for (const [axis, dim] of type.shape.entries()) {
      const size = value?.shape[axis];
      if (size !== undefined && /^[A-Za-z_]\w*$/.test(dim.key)) sizes[dim.key] ??= size;
    }
  // A number of classes that only the labels' type names is no size of theirs.
  const types = [...pairs.map(([type]) => type), ...nodesOfGraph(fn.graph).map(({ type }) => type)];
  const needed = new Set(types.flatMap(({ shape }) => shape.flatMap((dim) => [...namesOfDim(dim)])));
  const open = [...needed].find((name) => sizes[name] === undefined);
  return open === undefined
    ? { sizes }
    : refused(
        `the size ${open} is not known from what is given`,
        `give a parameter that has it, or --dim ${open}=10`,
      );
}

function misfitOf(
  program: Program,
  fn: ProgramFunction,
  values: RunValues,
  sizes: Bindings,
): RunFault | undefined {
  for (const input of fn.inputs) {
    const value = values.inputs[input.name];
    const fault =
      value === undefined
        ? undefined
        : (shapeFault(input.name, input.type, value, sizes) ?? labelFault(input, value, sizes));
    if (fault !== undefined) return fault;
  }
  for (const { name, type } of program.variables) {
    const value = values.params[name] ?? values.state[name];
    const fault = value === undefined ? undefined : shapeFault(name, type, value, sizes);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function shapeFault(name: string, type: TensorType, value: Reference, sizes: Bindings): RunFault | undefined {
  const shape = type.shape.map((dim) => sizeOfDim(dim, sizes));
  if (shape.length === value.shape.length && shape.every((size, axis) => size === value.shape[axis]))
    return undefined;
  const bound = Object.entries(sizes).filter(([key]) => type.shape.some((dim) => namesOfDim(dim).has(key)));
  const where =
    bound.length === 0 ? "" : ` with ${bound.map(([key, size]) => `${key} = ${size}`).join(", ")}`;
  return refused(
    `${name} is ${printType(type)}${where}, but a value of shape [${value.shape.join(", ")}] was given`,
  );
}

function labelFault(
  { name, bound, type }: ProgramInput,
  value: Reference,
  sizes: Bindings,
): RunFault | undefined {
  if (type.dtype === "i32" && !value.data.every(Number.isInteger))
    return refused(
      `${name} holds integers, but ${value.data.find((element) => !Number.isInteger(element))} was given`,
    );
  const size = bound === undefined ? undefined : knownSize(substituteDim(bound, (key) => sized(sizes[key])));
  if (size === undefined) return undefined;
  const row = value.data.findIndex((label) => label < 0 || label >= size);
  return row < 0
    ? undefined
    : refused(`${name} holds ${value.data[row]} in row ${row}; labels here are 0 … ${size - 1}`);
}

function sized(size: number | undefined) {
  return size === undefined ? undefined : constantDim(size);
}

function countersOf(step: number, seed: number): NamedReferences {
  const scalar = (value: number): Reference => ({ dtype: "i32", shape: [], data: Float64Array.of(value) });
  return { step: scalar(step), epoch: scalar(0), seed: scalar(seed) };
}

/** Given values, and initial ones for the rest. */
function variablesOf(
  program: Program,
  { params, state }: RunValues,
  counters: NamedReferences,
  sizes: Bindings,
): NamedReferences {
  const { variables } = program;
  const open = variables.filter(({ name }) => (params[name] ?? state[name]) === undefined);
  const initial = evaluateGraph(
    { outputs: open.map(({ name, initial: node }) => ({ name, node })) },
    counters,
    sizes,
  );
  const all = variables.map(({ name, type }) => {
    const value = params[name] ?? state[name] ?? initial[name];
    if (value === undefined) throw new Error(`${name} has no initial value`);
    return [name, { ...value, dtype: type.dtype }] as const;
  });
  return Object.fromEntries(all);
}

function typed(values: NamedReferences, inputs: readonly ProgramInput[]): NamedReferences {
  const named = inputs.flatMap(({ name, type }) => {
    const value = values[name];
    return value === undefined ? [] : [[name, { ...value, dtype: type.dtype }] as const];
  });
  return Object.fromEntries(named);
}

async function onDevice(
  program: Program,
  fn: ProgramFunction,
  feeds: NamedReferences,
  { target, sourceLine, budgetBytes }: RunOptions,
): Promise<NamedReferences> {
  const executor = await createExecutor(program, target, { sourceLine, budgetBytes });
  try {
    const pick = (names: readonly string[]) =>
      Object.fromEntries(
        names.flatMap((name) => (feeds[name] === undefined ? [] : [[name, toHost(feeds[name])] as const])),
      );
    await executor.write(pick(program.variables.map(({ name }) => name)));
    const outputs = await executor.call(fn.name, pick(fn.inputs.map(({ name }) => name)));
    const after = await executor.read(
      program.variables.filter(({ kind }) => kind !== "parameter").map(({ name }) => name),
    );
    const next = Object.entries(after).map(([name, value]) => [`next:${name}`, value] as const);
    return Object.fromEntries(
      [...Object.entries(outputs), ...next].map(([name, value]) => [name, toReference(value)]),
    );
  } finally {
    executor.dispose();
  }
}

function resultOf(program: Program, outputs: NamedReferences, variables: NamedReferences): RunResult {
  const { value } = outputs;
  if (value === undefined) throw new Error(`${program.name} gave no value`);
  const grads = Object.entries(outputs).flatMap(([name, gradient]) =>
    name.startsWith("gradient:") ? [[name.slice("gradient:".length), gradient] as const] : [],
  );
  const states = program.variables.filter(({ kind }) => kind !== "parameter");
  const state = states.flatMap(({ name }) => {
    const after = outputs[`next:${name}`] ?? variables[name];
    return after === undefined ? [] : [[name, after] as const];
  });
  return { value, grads: Object.fromEntries(grads), state: Object.fromEntries(state) };
}
