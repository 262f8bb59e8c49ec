/** Settings of data readers, checked against their table (settings.ts): plain values come back, or a fault. */
import { badScale } from "../../runtime/check-rows.ts";
import type { DataSource } from "../../runtime/program.ts";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import type { OptionKind, OptionKinds } from "./settings.ts";

interface OptionValues {
  count: number;
  counts: readonly number[];
  whole: number;
  numbers: readonly number[];
  fraction: number;
  texts: readonly string[];
  names: readonly (string | number)[];
  flag: boolean;
  part: (typeof parts)[number];
  fit: (typeof fits)[number];
}

export type OptionsOf<K extends OptionKinds> = { readonly [name in keyof K]?: OptionValues[K[name]["kind"]] };

type Parser<K extends OptionKind> = {
  readonly wanted: string;
  readonly parse: (value: unknown) => OptionValues[K] | undefined;
};

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isCount = (value: unknown): value is number => isNumber(value) && Number.isInteger(value) && value >= 1;
const isText = (value: unknown): value is string => typeof value === "string";
const isName = (value: unknown): value is string | number => isText(value) || Number.isInteger(value);

/** One value, or a list that is not empty. */
function oneOrMore<T>(value: unknown, isItem: (item: unknown) => item is T): readonly T[] | undefined {
  if (isItem(value)) return [value];
  return Array.isArray(value) && value.length > 0 && value.every(isItem) ? value : undefined;
}

const parts = ["all", "train", "holdout"] as const;
const fits = ["cover", "contain", "fill"] as const;

const parsers: { readonly [K in OptionKind]: Parser<K> } = {
  count: {
    wanted: "a whole number of at least 1",
    parse: (value) => (isCount(value) ? value : undefined),
  },
  counts: {
    wanted: "a whole number of at least 1, or a list of them",
    parse: (value) => oneOrMore(value, isCount),
  },
  whole: {
    wanted: "a whole number",
    parse: (value) => (isNumber(value) && Number.isInteger(value) ? value : undefined),
  },
  numbers: {
    wanted: "a number or a list of numbers",
    parse: (value) => oneOrMore(value, isNumber),
  },
  fraction: {
    wanted: "a number between 0 and 1",
    parse: (value) => (isNumber(value) && value >= 0 && value <= 1 ? value : undefined),
  },
  texts: { wanted: "a string or a list of strings", parse: (value) => oneOrMore(value, isText) },
  names: { wanted: "a name or a position, or a list of them", parse: (value) => oneOrMore(value, isName) },
  flag: { wanted: "true or false", parse: (value) => (typeof value === "boolean" ? value : undefined) },
  part: { wanted: '"all", "train" or "holdout"', parse: (value) => parts.find((part) => part === value) },
  fit: {
    wanted: '"cover", "contain" or "fill"',
    parse: (value) => fits.find((fit) => fit === value),
  },
};

export function parseOptions<K extends OptionKinds>(
  source: DataSource,
  kinds: K,
): OptionsOf<K> | RuntimeFault {
  const values: [string, unknown][] = [];
  for (const [name, given] of Object.entries(source.options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name]?.kind : undefined;
    if (kind === undefined) return dataFaults.unknownOption(source.reader, name, Object.keys(kinds));
    const { wanted, parse } = parsers[kind];
    const value = parse(given);
    if (value === undefined) return dataFaults.badOption(source.reader, name, wanted, given);
    values.push([name, value]);
  }
  return typedOptions(values);
}

/** The values were parsed by the kind that each name has in the table, so the type holds. */
function typedOptions<K extends OptionKinds>(values: readonly (readonly [string, unknown])[]): OptionsOf<K> {
  return Object.fromEntries(values) as OptionsOf<K>;
}

export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Mean and std for rows of a shape; bytes are divided by 255 unless the source says otherwise. */
export function normalisationOf(
  source: DataSource,
  options: { readonly mean?: readonly number[]; readonly std?: readonly number[] },
  shape: readonly number[],
  defaultStd: number,
): Normalisation | RuntimeFault {
  const { mean = [0], std = [defaultStd] } = options;
  const scale = { mean, std };
  const bad = badScale(scale, shape);
  return bad === undefined
    ? scale
    : dataFaults.badOption(source.reader, bad.name, bad.wanted, scale[bad.name]);
}
