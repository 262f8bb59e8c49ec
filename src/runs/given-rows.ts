/**
 * Rows that a program hands over, as the readers of a run's training data would have made them: bytes as shares of 255
 * where the reader takes them so, less its `mean`, divided by its `std`.
 */
import { type Dataset, type Features, sideBySide } from "../../runtime/dataset.ts";
import { type RuntimeFault, fault, fitFaults, isFault, runFaults } from "../../runtime/errors.ts";
import { dataInputs, fitDataset } from "../../runtime/fit-dataset.ts";
import type { DataSource, DataSources, InputInfo, ProgramInfo } from "../../runtime/program.ts";
import { featureArrays } from "../../compiler/check/builtins/data.ts";
import { featuresInMemory } from "../data/array.ts";
import { sourcesOf } from "../data/index.ts";
import { parseOptions } from "../data/options.ts";
import { normalisation } from "../data/settings.ts";

/** One row after the other in one array, or a list of rows. */
export type Rows = Float32Array | Int32Array | Uint8Array | readonly (readonly number[])[];

/** Of several inputs the rows of each, by the input's name. */
export type GivenRows = Rows | Readonly<Record<string, Rows>>;

/** The rows as the function of a program takes them. Throws where they are no rows at all. */
export function givenRows(
  rows: GivenRows,
  data: DataSources,
  info: ProgramInfo,
  name: string,
): Dataset | RuntimeFault {
  const inputs = dataInputs(info, name);
  if (inputs === undefined) return runFaults.missingFunction(info.name, name);
  const datasets: Dataset[] = [];
  for (const input of inputs.features) {
    const own = rowsFor(rows, input, inputs.features);
    if (isFault(own)) return own;
    const features = featuresOf(own, sourceOf(data, input), input);
    if (isFault(features)) return features;
    datasets.push({ source: `${given} for "${input.name}"`, features: [features], labels: [] });
  }
  const [first, ...others] = datasets;
  if (first === undefined) return runFaults.missingFunction(info.name, name);
  const dataset = others.length === 0 ? { ...first, source: given } : sideBySide(first, ...others);
  return isFault(dataset) ? dataset : fitDataset(dataset, { ...inputs, labels: [] });
}

/** The reader that feeds the input in training. */
function sourceOf(data: DataSources, { place = 0 }: InputInfo): DataSource {
  const sources = sourcesOf(data);
  const ofArrays = sources.flatMap((source) => Array<DataSource>(featureArrays(source)).fill(source));
  return ofArrays[place] ?? sources[0];
}

/** Scaled as the reader scales them. */
function featuresOf(rows: Rows, source: DataSource, input: InputInfo): Features | RuntimeFault {
  const { mean, std } = source.options;
  const options = parseOptions(
    {
      ...source,
      options: { ...(mean === undefined ? {} : { mean }), ...(std === undefined ? {} : { std }) },
    },
    normalisation,
  );
  if (isFault(options)) return options;
  const array = arrayOf(rows, source, input);
  return isFault(array) ? array : featuresInMemory(source, options, { name: given, ...array });
}

/** The rows of one input; those of a single one need no name. */
function rowsFor(rows: GivenRows, { name }: InputInfo, inputs: readonly InputInfo[]): Rows | RuntimeFault {
  const names = inputs.map((input) => input.name);
  if (!isByName(rows)) return names.length === 1 ? rows : givenFaults.severalInputs(names);
  const strange = Object.keys(rows).find((key) => !names.includes(key));
  return strange === undefined && rows[name] !== undefined ? rows[name] : givenFaults.severalInputs(names);
}

function isByName(rows: GivenRows): rows is Readonly<Record<string, Rows>> {
  return typeof rows === "object" && rows !== null && !Array.isArray(rows) && !ArrayBuffer.isView(rows);
}

/** How faults name the rows. */
const given = "the array of rows";

interface RowArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

function arrayOf(rows: Rows, source: DataSource, input: InputInfo): RowArray | RuntimeFault {
  if (rows instanceof Uint8Array) return flat(bytesAreShares(source) ? rows : Float32Array.from(rows), input);
  if (rows instanceof Float32Array || rows instanceof Int32Array) return flat(rows, input);
  if (isListOfRows(rows)) return listed(rows, input);
  throw new TypeError(
    "rows are a Float32Array, Int32Array or Uint8Array with one row after the other, or a list of lists of numbers: [[5.1, 3.5]]",
  );
}

function isListOfRows(rows: unknown): rows is readonly (readonly number[])[] {
  return (
    Array.isArray(rows) &&
    rows.every((row) => Array.isArray(row) && row.every((value) => typeof value === "number"))
  );
}

/** What is read from tables are numbers, however small. */
function bytesAreShares({ reader }: DataSource): boolean {
  return reader !== "csv" && reader !== "json";
}

function flat(data: RowArray["data"], input: InputInfo): RowArray | RuntimeFault {
  const row = knownShape(input);
  if (row === undefined) return givenFaults.freeShape(input);
  const count = data.length / elementsOf(row);
  return Number.isInteger(count) ? { shape: [count, ...row], data } : givenFaults.brokenRow(data.length, row);
}

function listed(rows: readonly (readonly number[])[], input: InputInfo): RowArray | RuntimeFault {
  const row = knownShape(input) ?? [rows[0]?.length ?? 0];
  const size = elementsOf(row);
  const other = rows.find(({ length }) => length !== size);
  if (other !== undefined) return fitFaults.rowShape(given, input.name, [other.length], row);
  const values = rows.flat();
  const whole = input.dtype === "i32" && values.every(Number.isInteger);
  const data = whole ? Int32Array.from(values) : Float32Array.from(values);
  return { shape: [rows.length, ...row], data };
}

function knownShape({ shape }: InputInfo): readonly number[] | undefined {
  const sizes = shape.slice(1).filter((size) => typeof size === "number");
  return sizes.length === shape.length - 1 ? sizes : undefined;
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

const givenFaults = {
  severalInputs: (names: readonly string[]) =>
    fault(
      "M0763",
      `rows are wanted for ${names.map((name) => `"${name}"`).join(" and ")}`,
      `give them by name: { ${names.map((name) => `${name}: rows`).join(", ")} }`,
    ),
  brokenRow: (elements: number, shape: readonly number[]) =>
    fault(
      "M0731",
      `${given} has ${elements} elements, which is no whole number of rows of shape [${shape.join(", ")}]`,
      "give all elements of each row, one row after the other",
    ),
  freeShape: ({ name, shape }: InputInfo) =>
    fault(
      "M0756",
      `"${name}" takes rows of shape [${shape.slice(1).join(", ")}], and one array does not say how long they are`,
      "give the rows as a list of lists",
    ),
} as const;
