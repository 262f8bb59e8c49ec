/**
 * NumPy's array files, versions 1 to 3: magic, a header that is a Python dictionary of three keys, the
 * elements in C or Fortran order. npz is a zip archive of them.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import type { RuntimeFault } from "../../runtime/errors.ts";
import { isFault } from "../../runtime/errors.ts";
import { halfFloat } from "../../runtime/safetensors.ts";
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { type ByteSource, stretchOf } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { otherKind } from "./signatures.ts";
import { type Numbers, doubles, floats, integers, wideIntegers } from "./numbers.ts";
import type { StoredArray } from "./stored-array.ts";
import { type ZipEntry, openEntry, zipEntries } from "./zip.ts";

export function readNpy(source: ByteSource): StoredArray | RuntimeFault {
  const { name, size } = source;
  const refuse = (reason: string) => dataFaults.badFile(name, "npy", reason);
  const head = bytesOf(source, 0, 12);
  if (head.length < 10 || !magic.every((byte, at) => head[at] === byte))
    return otherKind(source, "npy", "it does not begin with \\x93NUMPY");
  const version = head[6] ?? 0;
  if (version < 1 || version > 3) return refuse(`its version is ${version}, known are 1 to 3`);
  const view = viewOf(head);
  const textAt = version === 1 ? 10 : 12;
  if (size < textAt) return refuse("its header is cut off");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const begin = textAt + length;
  if (size < begin) return refuse(`its header claims ${length} bytes, but ${size - textAt} follow`);
  const header = parseHeader(new TextDecoder().decode(bytesOf(source, textAt, begin)));
  if (header === undefined) return refuse("its header is not {'descr': …, 'fortran_order': …, 'shape': …}");
  const { descr, shape } = header;
  const type = elementTypes.get(descr.slice(1));
  if (type === undefined)
    return dataFaults.unsupported(name, `the element type ${descr}`, [...elementTypes.keys()]);
  const count = shape.reduce((product, length) => product * length, 1);
  const found = size - begin;
  if (count * type.bytes !== found)
    return refuse(
      `its header says (${shape.join(", ")}) of ${descr}, which takes ${count * type.bytes} bytes, but ${found} follow`,
    );
  const little = !descr.startsWith(">");
  return {
    name,
    shape,
    elements: {
      bytes: type.bytes,
      decode: (bytes) => type.read(viewOf(bytes), bytes.length / type.bytes, little),
    },
    source: stretchOf(source, name, begin, found),
    ...(header.fortran ? { columnMajor: true } : {}),
  };
}

/** The array of a name in an npz archive, or its only one. */
export function readNpz(source: ByteSource, array: string | undefined): StoredArray | RuntimeFault {
  const { name } = source;
  const entries = npzEntries(source);
  if (isFault(entries)) return entries;
  const names = [...entries.keys()];
  const wanted = array ?? (names.length === 1 ? names[0] : undefined);
  const found = wanted === undefined ? undefined : entries.get(wanted);
  if (wanted === undefined || found === undefined) return dataFaults.noArray(name, wanted ?? "", names);
  const opened = openEntry(source, found, `${name}/${wanted}`);
  return isFault(opened) ? opened : readNpy(opened);
}

/** The arrays in an npz archive, by their names. */
export function npzEntries(source: ByteSource): ReadonlyMap<string, ZipEntry> | RuntimeFault {
  const { name } = source;
  const head = bytesOf(source, 0, 8);
  // An archive begins with the entry of its first file, or, where it has none, with its end.
  if (head[0] !== 0x50 || head[1] !== 0x4b) return otherKind(source, "npz", "it does not begin with PK");
  const entries = zipEntries(source);
  if (typeof entries === "string") return dataFaults.badFile(name, "npz", entries);
  return new Map(
    entries
      .filter((entry) => entry.name.endsWith(".npy"))
      .map((entry) => [entry.name.slice(0, -".npy".length), entry]),
  );
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

interface NpyHeader {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

function parseHeader(text: string): NpyHeader | undefined {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) return undefined;
  const shape = sizes.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  return shape.every(Number.isSafeInteger) ? { descr, fortran: order === "True", shape } : undefined;
}

interface NpyType {
  readonly bytes: number;
  readonly read: (view: DataView, count: number, little: boolean) => Numbers;
}

/** By the name that a header has after the order of bytes, which is `<`, `>` or, where there is none, `|`. */
const elementTypes: ReadonlyMap<string, NpyType> = new Map<string, NpyType>([
  [
    "f2",
    {
      bytes: 2,
      read: (view, count, little) => floats(count, (i) => halfFloat(view.getUint16(2 * i, little))),
    },
  ],
  [
    "f4",
    {
      bytes: 4,
      read: (view, count, little) =>
        little
          ? new Float32Array(view.buffer, view.byteOffset, count)
          : floats(count, (i) => view.getFloat32(4 * i, little)),
    },
  ],
  ["f8", { bytes: 8, read: (view, count, little) => doubles(count, (i) => view.getFloat64(8 * i, little)) }],
  ["i1", { bytes: 1, read: (view, count) => integers(count, (i) => view.getInt8(i)) }],
  ["i2", { bytes: 2, read: (view, count, little) => integers(count, (i) => view.getInt16(2 * i, little)) }],
  ["i4", { bytes: 4, read: (view, count, little) => integers(count, (i) => view.getInt32(4 * i, little)) }],
  [
    "i8",
    {
      bytes: 8,
      read: (view, count, little) => wideIntegers(count, (i) => Number(view.getBigInt64(8 * i, little))),
    },
  ],
  ["u1", { bytes: 1, read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count) }],
  ["u2", { bytes: 2, read: (view, count, little) => integers(count, (i) => view.getUint16(2 * i, little)) }],
  [
    "u4",
    { bytes: 4, read: (view, count, little) => wideIntegers(count, (i) => view.getUint32(4 * i, little)) },
  ],
  [
    "u8",
    {
      bytes: 8,
      read: (view, count, little) => wideIntegers(count, (i) => Number(view.getBigUint64(8 * i, little))),
    },
  ],
  ["b1", { bytes: 1, read: (view, count) => integers(count, (i) => (view.getUint8(i) === 0 ? 0 : 1)) }],
]);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
