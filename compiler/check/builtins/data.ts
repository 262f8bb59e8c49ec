/**
 * Data readers: what `data = idx(…)` in a `train` says. They are descriptions only; reading is the run's work.
 */
import type { DataSource } from "../../../runtime/program.ts";
import { badDataArgument, misplacedData, unknownReaderSetting } from "../../errors/check-train-inputs.ts";
import { suggestSetting } from "../../errors/foreign-names.ts";
import { report } from "../report.ts";
import { type Value, knownNumber } from "../values.ts";
import { type Builtin, type BuiltinCall, type DataName, argument, wrong } from "./builtin.ts";

type Option = DataSource["options"][string];

const scaled = ["mean", "std"];
const labelled = ["classes", "ignore"];
const ofClasses = ["first", "classes", "part", "holdout"];

/** The settings that each reader knows; src/data/ has their kinds, and a test holds the two together. */
const readerSettings: { readonly [K in DataName]: readonly string[] } = {
  idx: [...labelled, ...scaled],
  npy: [...labelled, ...scaled],
  npz: [...labelled, ...scaled, "x", "y"],
  csv: ["label", "columns", "classes", ...scaled, "header"],
  json: ["label", "columns", "classes", ...scaled],
  text: ["size", "ngrams", "characters", "window", "paragraphs", ...ofClasses],
  images: ["size", "channels", "fit", "fewest", ...ofClasses, "ignore", ...scaled],
};

export const dataBuiltins: { readonly [K in DataName]: Builtin } = {
  idx: reader(
    "idx",
    ["images", "labels?"],
    "idx(images, labels, classes: 10, mean: 0, std: 255)",
    "IDX files, gzipped or not, as MNIST comes in.",
  ),
  csv: reader(
    "csv",
    ["file"],
    'csv(file, label: "species", classes: 3)',
    "Numbers with a header; one column is the label.",
  ),
  npy: reader("npy", ["x", "y?"], "npy(x, y, classes: 10)", "NumPy arrays: features and labels."),
  npz: reader("npz", ["file"], 'npz(file, x: "x", y: "y", classes: 10)', "Arrays of one NumPy archive."),
  json: reader(
    "json",
    ["file"],
    "json(file, label: -1, classes: 3)",
    "A list of rows, or a row a line: lists of cells, or objects whose keys name the columns.",
  ),
  text: reader(
    "text",
    ["file"],
    "text(folder, classes: 500, size: 4096)",
    "Texts of each class, hashed into counts of character n-grams.",
  ),
  images: reader(
    "images",
    ["folder", "masks?"],
    "images(folder, size: [112, 112], channels: 3, classes: 500)",
    "Images in a folder for each class, or beside a folder of masks.",
  ),
};

const readerNames: ReadonlySet<string> = new Set(Object.keys(dataBuiltins));

/** The settings of a reader, by its name. */
export function settingsOfReader(name: DataName): readonly string[] {
  return readerSettings[name];
}

/** Whether a row of such data has one label at most; arrays may have one for each pixel. */
export function givesOneLabel({ reader, files }: DataSource): boolean {
  const isArrays = ["idx", "npy", "npz"].includes(reader);
  return !isArrays && !(reader === "images" && files.length > 1);
}

/** How many arrays of features such data gives a row. */
export function featureArrays({ options }: DataSource): number {
  return countOf(options["x"]);
}

/** Whether such data says that its rows have labels, as it must beside other readers. */
export function saysLabels({ reader, files, options }: DataSource): boolean {
  const isSaid = ["y", "label", "classes"].some((name) => options[name] !== undefined);
  return reader === "text" || files.length > 1 || isSaid;
}

/** How many labels of a row such data gives to the loss. */
export function labelArrays({ options }: DataSource): number {
  return countOf(options["y"] ?? options["label"]);
}

function countOf(named: Option | undefined): number {
  return Array.isArray(named) ? named.length : 1;
}

/** How many classes the first labels have, as it was written; those after them are values. */
export function classCounts({ options }: DataSource): readonly unknown[] {
  const { classes } = options;
  return Array.isArray(classes) ? classes : classes === undefined ? [] : [classes];
}

export function isReaderName(name: string): name is DataName {
  return readerNames.has(name);
}

function reader(name: DataName, files: readonly string[], signature: string, doc: string): Builtin {
  return {
    signature,
    doc,
    parameters: [...files, "..."],
    kind: "whole",
    evaluate: (call) => readData(call, name, files),
  };
}

function readData(call: BuiltinCall, name: DataName, files: readonly string[]): Value {
  if (call.frame.ambient.context !== "train")
    return report(call.frame, misplacedData.report({ span: call.span, callee: name }));
  const paths: string[] = [];
  for (const file of files.map((name) => name.replace("?", ""))) {
    if (!call.given.has(file)) continue;
    const { value } = argument(call, file);
    if (value.kind !== "string" || value.value === undefined) return wrong(call, file, "the name of a file");
    paths.push(value.value);
  }
  for (const { value, span } of call.rest) {
    if (value.kind !== "string" || value.value === undefined)
      return report(call.frame, badDataArgument.report({ span, callee: name }));
    paths.push(value.value);
  }
  const options: Record<string, Option> = {};
  const known = readerSettings[name];
  for (const [option, { value, span }] of call.named) {
    if (!known.includes(option)) {
      const suggestion = suggestSetting(option, known);
      return report(
        call.frame,
        unknownReaderSetting.report({ span, reader: name, name: option, known, suggestion }),
      );
    }
    const plain = plainValue(value);
    if (plain === undefined) return report(call.frame, badDataArgument.report({ span, callee: name }));
    options[option] = plain;
  }
  return { kind: "data", source: { reader: name, files: paths, options } };
}

function plainValue(value: Value): Option | undefined {
  const single = plainScalar(value);
  if (single !== undefined || value.kind !== "list") return single;
  const items = value.items.map(plainScalar);
  const plain = items.filter((item) => typeof item === "number" || typeof item === "string");
  return plain.length === items.length ? plain : undefined;
}

function plainScalar(value: Value): number | string | boolean | undefined {
  if (value.kind === "string" || value.kind === "bool") return value.value;
  return knownNumber(value);
}
