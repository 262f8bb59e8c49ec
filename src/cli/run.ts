/** `margo run`: one entry on given values, with gradients where asked. */
import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { loadModule, resolveEntry } from "../../compiler/check/workspace.ts";
import type { Bindings } from "../../compiler/ir/dim.ts";
import { isFault } from "../../runtime/errors.ts";
import type { TrainingTarget } from "../executors/machine.ts";
import { openInputTypes } from "../values/input-types.ts";
import { type Nested, fromNested, toNested } from "../values/nested.ts";
import { readAllOfNpz, writeNpz } from "../values/npz.ts";
import {
  type NamedReferences,
  type RunResult,
  type RunValues,
  isRunFault,
  runEntry,
} from "../values/run-entry.ts";
import { writeWholeFile } from "../files/write-file.ts";
import { Refusal } from "./refusal.ts";
import { type Source, sourceLineOf } from "../sources/source.ts";
import { programOf, sourceAt } from "./source.ts";
import { atStage } from "../sources/stage.ts";
import { askedBudget } from "./target-flags.ts";
import { type ExitCode, complain, exitFault, exitFine, writeOut } from "./terminal.ts";
import { tellFault } from "./fault.ts";

export interface RunCommandOptions {
  readonly inputs?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly grad?: boolean;
  readonly target: TrainingTarget;
  readonly dim: Bindings;
  readonly budget?: number;
  readonly seed: number;
  readonly out?: string;
}

export async function run(file: string, entry: string, options: RunCommandOptions): Promise<ExitCode> {
  const source = sourceAt(file);
  const given = readValues(options.inputs);
  const program = await programOf(source, entry, {
    set: options.set,
    gradients: options.grad === true,
    training: options.grad === true || isLoss(source, entry),
    sizes: options.dim,
    inputTypes: openInputTypes(source.host, source.file, entry, given.arrays ?? given.values.inputs),
  });
  const kinds = program.variables.map(({ name, kind }) => [name, kind] as const);
  const values = given.arrays === undefined ? given.values : valuesOfNpz(given.arrays, kinds);
  const result = await atStage("evaluation", () =>
    runEntry(program, values, {
      ...options,
      dims: options.dim,
      budgetBytes: askedBudget(options.budget, options.target),
      sourceLine: (span) => sourceLineOf(source, span),
    }),
  );
  if (isRunFault(result)) {
    complain(result.message, result.help);
    return exitFault;
  }
  await write(result, options.out);
  return exitFine;
}

/** The loss of a batch is a matter of training; a model or a layer alone is asked what it would say. */
function isLoss({ workspace, file }: Source, entry: string): boolean {
  const module = loadModule(workspace, file);
  return module !== undefined && resolveEntry(workspace, module, entry)?.declaration.kind === "loss";
}

type Kinds = readonly (readonly [name: string, kind: string])[];

/** What JSON says by groups, or arrays that only the program's names can put into groups. */
type Given =
  { readonly values: RunValues; readonly arrays?: undefined } | { readonly arrays: NamedReferences };

function readValues(file: string | undefined): Given {
  if (file === undefined) return { values: { inputs: {}, params: {}, state: {}, step: 0 } };
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    return refuse(`${file} is a folder`, "give a JSON or npz file, or - for standard input");
  const bytes = readFileSync(file === "-" ? 0 : file);
  if (extname(file) !== ".npz") {
    const text = bytes.toString("utf8").replace(/^\ufeff/, "");
    return { values: valuesOfJson(file === "-" ? "standard input" : file, text) };
  }
  const arrays = readAllOfNpz(file, bytes);
  if (!isFault(arrays)) return { arrays };
  tellFault(arrays);
  throw new Refusal(exitFault);
}

/** Arrays go by their name: a parameter's, a state's, else an input's; `step` is the step. */
function valuesOfNpz(arrays: NamedReferences, kinds: Kinds): RunValues {
  const { step, ...named } = arrays;
  const kindOf = new Map(kinds);
  const of = (wanted: readonly (string | undefined)[]) =>
    Object.fromEntries(Object.entries(named).filter(([name]) => wanted.includes(kindOf.get(name))));
  return {
    inputs: of([undefined]),
    params: of(["parameter"]),
    state: of(["state", "optimizer"]),
    step: step?.data[0] ?? 0,
  };
}

function valuesOfJson(file: string, text: string): RunValues {
  const given = parsed(file, text);
  const stray = Object.keys(given).find((key) => !["inputs", "params", "state", "step"].includes(key));
  if (stray !== undefined)
    refuse(
      `${file} has the key ${JSON.stringify(stray)}`,
      'it may have "inputs", "params", "state" and "step"',
    );
  const step = given["step"] ?? 0;
  if (typeof step !== "number" || !Number.isSafeInteger(step) || step < 0)
    return refuse(
      `the step in ${file} is ${JSON.stringify(step)}`,
      "it counts finished steps: a whole number, at least 0",
    );
  return {
    inputs: tensorsIn(file, given, "inputs"),
    params: tensorsIn(file, given, "params"),
    state: tensorsIn(file, given, "state"),
    step,
  };
}

function tensorsIn(file: string, given: Readonly<Record<string, unknown>>, key: string): NamedReferences {
  const group = given[key] ?? {};
  if (!isRecord(group))
    return refuse(`"${key}" in ${file} is no object`, `write "${key}": { "name": [[1, 2], [3, 4]] }`);
  const tensors = Object.entries(group).map(([name, value]) => {
    const tensor = fromNested(value);
    if (typeof tensor === "string")
      return refuse(
        `${key}.${name} in ${file} is no array of numbers: ${tensor}`,
        "write a number, or lists of finite numbers that are equally long",
      );
    return [name, tensor] as const;
  });
  return Object.fromEntries(tensors);
}

function parsed(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const given: unknown = JSON.parse(text);
    if (isRecord(given)) return given;
  } catch (error) {
    return refuse(
      `${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`,
      'write { "inputs": { "x": [[1, 2]] } }, or give an .npz file',
    );
  }
  return refuse(`${file} holds no object`, 'write { "inputs": { "x": [[1, 2]] } }');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(message: string, help?: string): never {
  complain(message, help);
  throw new Refusal(exitFault);
}

async function write({ value, grads, state }: RunResult, out: string | undefined): Promise<void> {
  if (out !== undefined && extname(out) === ".npz") {
    const named = [
      ["value", value] as const,
      ...Object.entries(grads).map(([name, tensor]) => [`grads/${name}`, tensor] as const),
      ...Object.entries(state).map(([name, tensor]) => [`state/${name}`, tensor] as const),
    ];
    return writeWholeFile(out, writeNpz(Object.fromEntries(named)));
  }
  const lists = (tensors: NamedReferences): Record<string, Nested> =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toNested(tensor)]));
  const text = `${JSON.stringify({ value: toNested(value), grads: lists(grads), state: lists(state) })}\n`;
  return out === undefined ? writeOut(text) : writeWholeFile(out, text);
}
