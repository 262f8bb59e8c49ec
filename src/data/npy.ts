/**
 * NumPy's array files, versions 1 to 3: magic, a header that is a Python dictionary of three keys, the
 * elements in C or Fortran order. npz is a zip archive of them.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { unzipSync } from "fflate";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { isFault } from "../../runtime/errors.ts";
import { halfFloat } from "../../runtime/safetensors.ts";
import type { DataArray } from "./array.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, systemReason, unpackedLimit } from "./files.ts";
import { otherKind } from "./signatures.ts";
import { type Numbers, doubles, floats, integers, wideIntegers } from "./numbers.ts";

export function readNpy(file: DataFile): DataArray | RuntimeFault {
  const { name, bytes } = file;
  const refuse = (reason: string) => dataFaults.badFile(name, "npy", reason);
  if (bytes.length < 10 || !magic.every((byte, at) => bytes[at] === byte))
    return otherKind(file, "npy", "it does not begin with \\x93NUMPY");
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) return refuse(`its version is ${version}, known are 1 to 3`);
  const view = viewOf(bytes);
  const textAt = version === 1 ? 10 : 12;
  if (bytes.length < textAt) return refuse("its header is cut off");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const begin = textAt + length;
  if (bytes.length < begin)
    return refuse(`its header claims ${length} bytes, but ${bytes.length - textAt} follow`);
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(textAt, begin)));
  if (header === undefined) return refuse("its header is not {'descr': …, 'fortran_order': …, 'shape': …}");
  const { descr, shape } = header;
  const type = elementTypes.get(descr.slice(1));
  if (type === undefined)
    return dataFaults.unsupported(name, `the element type ${descr}`, [...elementTypes.keys()]);
  const count = shape.reduce((product, size) => product * size, 1);
  const found = bytes.length - begin;
  if (count * type.bytes !== found)
    return refuse(
      `its header says (${shape.join(", ")}) of ${descr}, which takes ${count * type.bytes} bytes, but ${found} follow`,
    );
  const stored = bytes.subarray(begin);
  const elements = header.fortran ? rowMajor(stored, shape, type.bytes) : stored;
  return { name, shape, data: type.read(viewOf(elements), count, !descr.startsWith(">")) };
}

/** The array of a name in an npz archive, or its only one. */
export function readNpz(file: DataFile, array: string | undefined): DataArray | RuntimeFault {
  const { name } = file;
  const packed = unzip(file);
  if (isFault(packed)) return packed;
  const names = Object.keys(packed)
    .filter((entry) => entry.endsWith(".npy"))
    .map((entry) => entry.slice(0, -4));
  const wanted = array ?? (names.length === 1 ? names[0] : undefined);
  const found = wanted === undefined ? undefined : packed[`${wanted}.npy`];
  if (wanted === undefined || found === undefined) return dataFaults.noArray(name, wanted ?? "", names);
  return readNpy({ name: `${name}/${wanted}`, bytes: found });
}

/** What is inside a zip archive; each entry has the length that its header says. */
function unzip(file: DataFile): Readonly<Record<string, Uint8Array>> | RuntimeFault {
  const { name, bytes } = file;
  // An archive begins with the entry of its first file, or, where it has none, with its end.
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return otherKind(file, "npz", "it does not begin with PK");
  const sizes = new Map<string, number>();
  let total = 0;
  try {
    const files = unzipSync(bytes, {
      filter: (file) => {
        total += file.originalSize;
        // Deflate packs at most 1032 to 1, so a larger claim is a lie: nothing is reserved for it.
        if (total > Math.min(unpackedLimit, 1032 * bytes.length + 1024)) return false;
        sizes.set(file.name, file.originalSize);
        return true;
      },
    });
    if (total > unpackedLimit) return dataFaults.tooLarge(name, total, unpackedLimit);
    for (const [entry, size] of sizes)
      if (files[entry]?.length !== size)
        return dataFaults.badFile(
          name,
          "npz",
          `its entry ${entry} does not have the ${size} bytes it claims`,
        );
    return files;
  } catch (error) {
    return dataFaults.badFile(name, "npz", systemReason(error));
  }
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
  ["f4", { bytes: 4, read: (view, count, little) => floats(count, (i) => view.getFloat32(4 * i, little)) }],
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
