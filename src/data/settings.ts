/**
 * The settings of each data reader: name, kind and what it does. A table and nothing else, so that the readers, their
 * page in the docs and the editor, which runs where there are no files, all speak of the same settings.
 */
import type { DataName } from "../../compiler/check/builtins/builtin.ts";

export type OptionKind =
  "count" | "counts" | "whole" | "numbers" | "fraction" | "texts" | "names" | "flag" | "part" | "fit";
export type OptionKinds = Readonly<Record<string, { readonly kind: OptionKind; readonly doc: string }>>;

/** What a setting of each kind takes, in a few words. */
export const kindWords: { readonly [K in OptionKind]: string } = {
  count: "a whole number",
  counts: "a whole number or a list",
  whole: "a whole number",
  numbers: "a number or a list",
  fraction: "0 to 1",
  texts: "a string or a list",
  names: "a name or a position, or a list",
  flag: "true or false",
  part: "a string",
  fit: "a string",
};

/** Settings that every reader of numbers has. */
export const normalisation = {
  mean: { kind: "numbers", doc: "subtracted from every feature; a list repeats over the row" },
  std: { kind: "numbers", doc: "every feature is divided by it; a list repeats over the row" },
} as const satisfies OptionKinds;

/** Of readers whose samples come by class. */
export const classOptions = {
  first: { kind: "count", doc: "the first class to take, in the order of names, counted from 1" },
  classes: { kind: "count", doc: "how many classes to take; all without it" },
  part: { kind: "part", doc: 'which samples to take: "all", "train" or "holdout"; all without it' },
  holdout: { kind: "fraction", doc: "share of every class's samples that is held out; 0.2 without it" },
} as const satisfies OptionKinds;

const arrayOptions = {
  classes: { kind: "count", doc: "how many classes the labels name; without it labels are values" },
  ignore: {
    kind: "whole",
    doc: "a label that is no class, as 255 in many masks: what it marks counts for nothing",
  },
  ...normalisation,
} as const satisfies OptionKinds;

/** Of readers whose rows may have several labels. */
const classCounts = {
  kind: "counts",
  doc: "how many classes the labels name, a number for each of the first; without one labels are values",
} as const;

const tableOptions = {
  label: {
    kind: "names",
    doc: "the label's column, or one for each input of the loss: a name, or a position (negative from the end); -1 without it",
  },
  columns: { kind: "names", doc: "the feature columns; all others by default" },
  classes: classCounts,
  ...normalisation,
} as const satisfies OptionKinds;

export const readerOptions = {
  idx: arrayOptions,
  npy: arrayOptions,
  npz: {
    ...arrayOptions,
    classes: classCounts,
    x: { kind: "texts", doc: 'the features\' array, or one for each input of the models; "x" without it' },
    y: {
      kind: "texts",
      doc: 'the labels\' array, or one for each input of the loss; "y" where there is one',
    },
  },
  csv: {
    ...tableOptions,
    header: { kind: "flag", doc: "whether the first line names the columns; true without it" },
  },
  json: tableOptions,
  text: {
    size: { kind: "count", doc: "length of the vector that n-grams are hashed into; 1024 without it" },
    ngrams: { kind: "count", doc: "longest n-gram in characters, all shorter ones count too; 3 without it" },
    characters: { kind: "count", doc: "shortest sample; shorter paragraphs are left out; 20 without it" },
    window: { kind: "count", doc: "longest sample; longer paragraphs are cut into samples of it" },
    paragraphs: { kind: "count", doc: "classes with fewer samples are left out; 1 without it" },
    ...classOptions,
  },
  images: {
    size: {
      kind: "numbers",
      doc: "height and width that images are brought to, or one number for both; without it all must be of one size",
    },
    channels: {
      kind: "count",
      doc: "1 (grey), 3 (colour) or 4 (colour and opacity); that of the first image without it. Under 1 and 3 what is transparent is white",
    },
    fit: {
      kind: "fit",
      doc: 'how an image of other proportions fills the size: "cover" cuts its edges off, "contain" puts it on white, "fill" stretches it; "cover" without it',
    },
    fewest: { kind: "count", doc: "classes with fewer images are left out; 1 without it" },
    ...classOptions,
    classes: {
      kind: "count",
      doc: "how many classes to take, all without it; with masks how many these have",
    },
    ignore: { kind: "whole", doc: "a number in masks that is no class, as 255 in many" },
    ...normalisation,
  },
} as const satisfies { readonly [K in DataName]: OptionKinds };
