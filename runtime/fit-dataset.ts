/** A dataset as a function of a program takes it: which array feeds which input, in which shape, and what does not fit. */
import { labelRangeFault } from "./check-rows.ts";
import { type Dataset, type Features, type Labels, type OneOrMore, rowSize } from "./dataset.ts";
import { type RuntimeFault, fitFaults, isFault } from "./errors.ts";
import type { FunctionInfo, HostTensor, InputInfo, NamedTensors, ProgramInfo } from "./program.ts";

/** The inputs of a function that rows feed. */
export interface DataInputs {
  readonly features: OneOrMore<InputInfo>;
  readonly labels: readonly InputInfo[];
  /** How many arrays of features the whole program takes; `embed` of one of several models takes a part of them. */
  readonly arrays: number;
}

/** What rows feed of a program's function; undefined where there is no such function, or it takes no rows. */
export function dataInputs({ functions }: ProgramInfo, name: string): DataInputs | undefined {
  const inputsOf = (of: string) => functions.find((info) => info.name === of)?.inputs ?? [];
  const [first, ...rest] = inputsOf(name).filter(({ role }) => role === "data");
  if (first === undefined) return undefined;
  const labels = inputsOf(name).filter(({ role }) => role === "labels");
  const arrays = inputsOf("step").filter(({ role }) => role === "data").length;
  return { features: [first, ...rest], labels, arrays };
}

/** The functions that embed rows: one, or one for each of several models. */
export function embedFunctions<T extends Pick<FunctionInfo, "name">>({
  functions,
}: {
  readonly functions: readonly T[];
}): readonly T[] {
  return functions.filter(({ name }) => name === "embed" || name.startsWith("embed_"));
}

/** The one that embeds rows by the first model, or of several by that of the name; undefined where there is none. */
export function embedFunction(info: ProgramInfo, model?: string): FunctionInfo | undefined {
  const offered = embedFunctions(info);
  return model === undefined ? offered[0] : offered.find(({ name }) => name === `embed_${model}`);
}

/** The names of a program's models; none where it has only one, whose features need no name. */
export function modelNames(info: ProgramInfo): readonly string[] {
  return embedFunctions(info).flatMap(({ name }) => (name === "embed" ? [] : [name.slice("embed_".length)]));
}

/**
 * The dataset with rows in the shape that the program takes, or what does not fit. Axes of size 1 may come and go and
 * flat rows take any shape of their size; nothing else is reshaped silently. A function that takes a part of the program's
 * arrays gets these. Labels that nothing takes stay as they are.
 */
export function fitDataset(dataset: Dataset, inputs: DataInputs): Dataset | RuntimeFault {
  const { source } = dataset;
  const [found, wanted] = [dataset.features.length, inputs.features.map(({ name }) => name)];
  if (found !== wanted.length && found !== inputs.arrays) return fitFaults.arrayCount(source, found, wanted);
  const given = fedInputs(dataset.features, inputs);
  const features = allFitting(
    given.map(({ array, input }) => fitFeatures(array.source ?? source, array, input)),
  );
  if (isFault(features)) return features;
  const labels = allFitting(inputs.labels.map((input, at) => fitLabels(dataset, at, input)));
  if (isFault(labels)) return labels;
  const apart = sizesApart(source, given, features);
  if (apart !== undefined) return apart;
  const [first, ...rest] = features;
  if (first === undefined) return dataset;
  return {
    ...dataset,
    features: [first, ...rest],
    labels: [...labels, ...dataset.labels.slice(labels.length)],
  };
}

/** Inputs whose types speak of one size, and rows that have two. */
function sizesApart(
  source: string,
  given: readonly FedInput<Features>[],
  fitted: readonly Features[],
): RuntimeFault | undefined {
  const sizes = new Map<string, number>();
  for (const [at, { input }] of given.entries()) {
    const own = fitted[at]?.shape.slice(1) ?? [];
    const wanted = input.shape
      .slice(1)
      .map((size) => (typeof size === "string" ? (sizes.get(size) ?? size) : size));
    if (wanted.some((size, axis) => typeof size === "number" && size !== own[axis]))
      return fitFaults.rowShape(fitted[at]?.source ?? source, input.name, own, wanted);
    for (const [axis, size] of wanted.entries())
      if (typeof size === "string") sizes.set(size, own[axis] ?? 0);
  }
  return undefined;
}

function allFitting<T extends Features | Labels>(
  fitted: readonly (T | RuntimeFault)[],
): readonly T[] | RuntimeFault {
  const all: T[] = [];
  for (const one of fitted) {
    if (isFault(one)) return one;
    all.push(one);
  }
  return all;
}

interface FedInput<T> {
  readonly array: T;
  readonly input: InputInfo;
}

/** Which array feeds which input: one after the other, or where there are those of the whole program each by its place. */
export function fedInputs<T>(
  arrays: readonly T[],
  { features, arrays: all }: DataInputs,
): readonly FedInput<T>[] {
  const isInOrder = arrays.length !== all;
  return features.flatMap((input, at) => {
    const array = arrays[isInOrder ? at : (input.place ?? at)];
    return array === undefined ? [] : [{ array, input }];
  });
}

/** Rows on their way to a function: features, and labels where it takes some. */
export interface RowTensors {
  readonly features: readonly HostTensor[];
  readonly labels: readonly HostTensor[];
}

/** By the names of the function's inputs. */
export function feedsOf(info: ProgramInfo, name: string, { features, labels }: RowTensors): NamedTensors {
  const inputs = dataInputs(info, name);
  if (inputs === undefined) return {};
  const rows = fedInputs(features, inputs).map(({ input, array }) => [input.name, array] as const);
  const beside = inputs.labels.flatMap((input, at) =>
    labels.slice(at, at + 1).map((one) => [input.name, one] as const),
  );
  return Object.fromEntries([...rows, ...beside]);
}

function fitFeatures(source: string, features: Features, input: InputInfo): Features | RuntimeFault {
  const wanted = input.shape.slice(1);
  const own = features.shape.slice(1);
  const shape = fitShape(own, wanted);
  if (shape === undefined) return fitFaults.rowShape(source, input.name, own, wanted);
  if (input.dtype === "i32" && features.dtype !== "i32") return fitFaults.notWhole(source, input.name);
  return {
    ...features,
    dtype: input.dtype === "i32" ? "i32" : "f32",
    shape: [features.shape[0] ?? 0, ...shape],
  };
}

function fitShape(
  own: readonly number[],
  wanted: readonly (number | string)[],
): readonly number[] | undefined {
  if (
    own.length === wanted.length &&
    wanted.every((size, axis) => typeof size === "string" || size === own[axis])
  )
    return own;
  const known = wanted.filter((size) => typeof size === "number");
  if (known.length !== wanted.length) return undefined;
  const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const solid = (shape: readonly number[]) => shape.filter((length) => length !== 1).join();
  const flat = own.length <= 1 || known.length <= 1;
  return size(own) === size(known) && (flat || solid(own) === solid(known)) ? known : undefined;
}

function fitLabels(dataset: Dataset, at: number, input: InputInfo): Labels | RuntimeFault {
  const labels = dataset.labels[at];
  if (labels === undefined) return fitFaults.noLabels(dataset.source, input.name, dataset.labels.length);
  const { source = dataset.source } = labels;
  const own = labels.shape.slice(1);
  const wanted = input.shape.slice(1);
  const fitting = fitShape(own, wanted);
  if (fitting === undefined) return fitFaults.labelShape(source, input.name, own, wanted);
  const shape = [labels.shape[0] ?? 0, ...fitting];
  if (input.bound !== undefined)
    return classesFault(source, labels, input.name, input.bound) ?? { ...labels, shape };
  if (input.dtype === "f32") return { ...labels, dtype: "f32", shape, data: Float32Array.from(labels.data) };
  return { ...labels, dtype: "i32", shape, data: wholeNumbers(labels.data) };
}

/** Why the labels are no classes 0…bound-1. */
function classesFault(
  source: string,
  { dtype, shape, data, classes, ignore }: Labels,
  name: string,
  bound: number,
): RuntimeFault | undefined {
  if (dtype !== "i32") {
    const fraction = data.findIndex((label) => !Number.isInteger(label));
    return fitFaults.fractionLabels(source, name, bound, fraction);
  }
  if (classes !== undefined && classes !== bound) return fitFaults.classCount(source, classes, bound);
  if (ignore !== undefined && data.includes(ignore))
    return fitFaults.ignoredLabels(source, name, bound, ignore);
  return labelRangeFault(source, data, { classes: bound, perRow: rowSize(shape) });
}

function wholeNumbers(data: Labels["data"]): Labels["data"] {
  return data instanceof Float32Array ? Int32Array.from(data) : data;
}
