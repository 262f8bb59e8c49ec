/**
 * What a loss and its margins keep for each class, found by what it is and not by its name: class weights, and numbers such as
 * a learned margin, a running mean or a count. So those of a loss written today are shown like those of the library.
 */
import { knownSize } from "../../compiler/ir/dim.ts";
import { isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import type { Program, ProgramFunction } from "../../compiler/program.ts";
import { spreadPlaces } from "../../runtime/batches.ts";
import { embedFunctions } from "../../runtime/fit-dataset.ts";
import type { Executor, NamedTensors, HostTensor } from "../../runtime/program.ts";

export interface ClassWeights {
  readonly name: string;
  readonly classes: number;
  /** Sub-centres a class; 1 for plain weights. */
  readonly centres: number;
  readonly width: number;
  readonly data: HostTensor["data"];
}

/** A number for each class, as it is now. */
export interface ClassNumbers {
  /** Of the variable: `margin_softmax.Adaptive.m`. */
  readonly name: string;
  readonly classes: number;
  /** The smallest first; of many classes some, evenly spread. */
  readonly values: readonly ClassNumber[];
  readonly smallest: readonly ClassNumber[];
  /** The largest first. */
  readonly largest: readonly ClassNumber[];
}

export type ClassNumber = readonly [label: number, value: number];

/**
 * The loss's class weights, found by what they do: the first parameter of shape [C, D] or [C, K, D] that
 * scores read and features do not. `width` is D.
 */
export function classWeightsName(program: Program, width: number): string | undefined {
  const { functions } = program;
  const score = ["predict", "evaluate"].flatMap((named) => functions.filter(({ name }) => name === named))[0];
  const scoring = score === undefined ? undefined : variablesOf(score);
  return classVariables(program).find(
    ({ name, rest }) =>
      (rest.length === 1 || rest.length === 2) && rest.at(-1) === width && scoring?.has(name) === true,
  )?.name;
}

/** Parameters and states f32[C] of the loss and its margins. */
export function classNumberNames(program: Program): readonly string[] {
  return classVariables(program).flatMap(({ name, rest }) => (rest.length === 0 ? [name] : []));
}

/** Variables whose first axis is the classes, and the sizes of the others. Those of the model are none. */
function classVariables(
  program: Program,
): readonly { readonly name: string; readonly rest: readonly (number | undefined)[] }[] {
  const bound = program.functions
    .find(({ name }) => name === "evaluate")
    ?.inputs.find((input) => input.bound !== undefined)?.bound;
  const classes = bound === undefined ? undefined : knownSize(bound);
  if (classes === undefined) return [];
  const embedding = embedFunctions(program).map(variablesOf);
  return program.variables.flatMap(({ name, kind, type }) => {
    const [first, ...rest] = type.shape.map(knownSize);
    return kind === "optimizer" || first !== classes || embedding.some((read) => read.has(name))
      ? []
      : [{ name, rest }];
  });
}

/** What a function reads. */
function variablesOf({ graph }: ProgramFunction): ReadonlySet<string> {
  return new Set(
    nodesOfGraph(graph).flatMap((node) =>
      isOp(node, "parameter") || isOp(node, "state") ? [node.attrs.name] : [],
    ),
  );
}

export function classWeights(name: string, variables: NamedTensors): ClassWeights | undefined {
  const tensor = variables[name];
  if (tensor === undefined) return undefined;
  const [classes = 0, ...rest] = tensor.shape;
  return {
    name,
    classes,
    centres: rest.length === 2 ? (rest[0] ?? 1) : 1,
    width: rest.at(-1) ?? 0,
    data: tensor.data,
  };
}

/** The loss's class weights as they are now, where features of that width have some. */
export async function readClassWeights(
  program: Program,
  executor: Executor,
  width: number,
): Promise<ClassWeights | undefined> {
  const name = classWeightsName(program, width);
  return name === undefined ? undefined : classWeights(name, await executor.read([name]));
}

export async function readClassNumbers(
  program: Program,
  executor: Executor,
): Promise<readonly ClassNumbers[]> {
  const names = classNumberNames(program);
  if (names.length === 0) return [];
  const tensors = await executor.read(names);
  return names.map((name) => classNumbers(name, tensors[name]?.data ?? []));
}

/** Of the classes that have a number. */
export function classNumbers(name: string, data: ArrayLike<number | null>): ClassNumbers {
  const sorted = Array.from(data, (value, label) => [label, value] as const)
    .filter((one): one is ClassNumber => one[1] !== null)
    .sort(([, a], [, b]) => a - b);
  return {
    name,
    classes: sorted.length,
    values: spreadPlaces(sorted.length, valuesKept).flatMap((place) => sorted.slice(place, place + 1)),
    smallest: sorted.slice(0, endsKept),
    largest: sorted.slice(-endsKept).reverse(),
  };
}

const valuesKept = 400;
const endsKept = 3;
