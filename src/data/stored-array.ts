/**
 * An array as it lies in a file: its shape, what its elements are, and where they begin. What fits into memory is loaded
 * whole, larger features are read row by row when a batch wants them.
 */
import { type Dataset, type Features, type OneOrMore, rowSize } from "../../runtime/dataset.ts";
import type { DataSource } from "../../runtime/program.ts";
import { type RuntimeFault, isFault, rowFaults } from "../../runtime/errors.ts";
import {
  type ArrayOptions,
  type DataArray,
  featuresInMemory,
  labelledRows,
  noElements,
  numberFault,
} from "./array.ts";
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { type ByteSource, fitsMemory } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import type { Numbers } from "./numbers.ts";
import { normalisationOf } from "./options.ts";
import type { DataContext } from "./resolve.ts";

export interface StoredArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: ElementType;
  /** The elements alone. */
  readonly source: ByteSource;
  /** Columns first, as Fortran has them. */
  readonly columnMajor?: true;
}

export interface ElementType {
  readonly bytes: number;
  /** Bytes that begin at the start of their buffer. */
  readonly decode: (bytes: Uint8Array) => Numbers;
}

/** The whole array in memory. */
export function loaded({ name, shape, elements, source, columnMajor }: StoredArray): DataArray {
  const bytes = bytesOf(source, 0, source.size);
  const ordered = columnMajor === true ? rowMajor(bytes, shape, elements.bytes) : bytes;
  return { name, shape, data: elements.decode(ordered) };
}

/** What the elements take in memory, as they are read and as they are kept: bytes stay bytes, all others become f32 or i32. */
function bytesInMemoryOf({ shape, elements }: StoredArray): number {
  const kept = holdsBytes(elements) ? 1 : 4;
  return shape.reduce((product, size) => product * size, Math.max(elements.bytes, kept));
}

function holdsBytes({ bytes, decode }: ElementType): boolean {
  return decode(new Uint8Array(bytes)) instanceof Uint8Array;
}

/** Rows of arrays side by side: labels in memory, and features too where they fit. */
export function storedDataset(
  source: DataSource,
  options: ArrayOptions,
  features: OneOrMore<StoredArray>,
  labels: readonly StoredArray[],
  context: DataContext,
): Dataset | RuntimeFault {
  const [described] = features;
  const bytes = features.reduce((sum, array) => sum + bytesInMemoryOf(array), 0);
  const open = fitsMemory(bytes, context)
    ? (array: StoredArray) => featuresInMemory(source, options, loaded(array))
    : (array: StoredArray) => noElements(array) ?? rowsInFile(source, options, array);
  const held: Features[] = [];
  for (const array of features) {
    const one = open(array);
    if (isFault(one)) return one;
    if (array.shape[0] !== described.shape[0])
      return rowFaults.rowsDiffer(described.name, described.shape[0] ?? 0, array.name, array.shape[0] ?? 0);
    held.push(features.length === 1 ? one : { ...one, source: array.name });
  }
  const [first, ...rest] = held;
  if (first === undefined) return dataFaults.noRows(described.name);
  return labelledRows(source, options, described, [first, ...rest], labels.map(loaded));
}

/** Rows that stay in the file. All of them are looked at once: a number that cannot be trained on is named here. */
function rowsInFile(source: DataSource, options: ArrayOptions, array: StoredArray): Features | RuntimeFault {
  const { name, shape, elements } = array;
  if (array.columnMajor === true) return dataFaults.columnsTooLarge(name);
  const isBytes = holdsBytes(elements);
  const scale = normalisationOf(source, options, shape.slice(1), isBytes ? 255 : 1);
  if (isFault(scale)) return scale;
  let whole = !isBytes && options.mean === undefined && options.std === undefined;
  if (!isBytes)
    for (const { from, data } of blocksOf(array)) {
      whole &&= data instanceof Int32Array;
      const bad = numberFault({ name, shape, data }, scale, from);
      if (bad !== undefined) return bad;
    }
  const rowBytes = rowSize(shape) * elements.bytes;
  const bytes = new Uint8Array(rowBytes);
  return {
    dtype: whole ? "i32" : "f32",
    shape,
    data: new Uint8Array(),
    stored: {
      row: (at) => {
        array.source.readInto(bytes, at * rowBytes);
        const row = elements.decode(bytes);
        return row instanceof Float64Array ? Float32Array.from(row) : row;
      },
    },
    ...scale,
  };
}

/** Rows in blocks of some MiB, with the number of the first row of each. */
function* blocksOf({
  shape,
  elements,
  source,
}: StoredArray): Generator<{ readonly from: number; readonly data: Numbers }> {
  const [rows = 0] = shape;
  const rowBytes = rowSize(shape) * elements.bytes;
  const step = Math.max(1, Math.floor(blockBytes / rowBytes));
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    yield { from, data: elements.decode(bytesOf(source, from * rowBytes, to * rowBytes)) };
  }
}

const blockBytes = 2 ** 24;

/** Column-major elements of some bytes each in row-major order. */
function rowMajor(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const result = bytes.slice();
  const index = shape.map(() => 0);
  for (let to = 0; to < bytes.length; to += size) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--)
      from = from * (shape[axis] ?? 1) + (index[axis] ?? 0);
    for (let byte = 0; byte < size; byte++) result[to + byte] = bytes[from * size + byte] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 1)) break;
      index[axis] = 0;
    }
  }
  return result;
}
