/**
 * NumPy's array files, versions 1 to 3: magic, a header that is a Python dictionary of three keys, the
 * elements in C or Fortran order. npz is a zip archive of them.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { unzipSync } from "fflate";
import type { RuntimeFault } from "../../runtime/errors.ts";
import { isFault } from "../../runtime/errors.ts";
import { type DataArray, floats, integers } from "./array.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, systemReason, unpackedLimit } from "./files.ts";

export function readNpy({ name, bytes }: DataFile): DataArray | RuntimeFault {
  const refuse = (reason: string) => dataFaults.badFile(name, "npy", reason);
  if (bytes.length < 10 || !magic.every((byte, at) => bytes[at] === byte))
    return refuse("it does not begin with \\x93NUMPY");
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) return refuse(`its version is ${version}, known are 1 to 3`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textAt = version === 1 ? 10 : 12;
  if (bytes.length < textAt) return refuse("its header is cut off");
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const begin = textAt + length;
  if (bytes.length < begin)
    return refuse(`its header claims ${length} bytes, but ${bytes.length - textAt} follow`);
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(textAt, begin)));
  if (header === undefined) return refuse("its header is not {'descr': …, 'fortran_order': …, 'shape': …}");
  const type = elementTypes.get(header.descr);
  if (type === undefined)
    return dataFaults.unsupported(name, `the element type ${header.descr}`, [...elementTypes.keys()]);
  const count = header.shape.reduce((product, size) => product * size, 1);
  const found = bytes.length - begin;
  if (count * type.bytes !== found)
    return refuse(
      `its header says (${header.shape.join(", ")}) of ${header.descr}, which takes ${count * type.bytes} bytes, but ${found} follow`,
    );
  const data = type.read(view, begin, count);
  return { name, shape: header.shape, data: header.fortran ? rowMajor(data, header.shape) : data };
}

/** The array of a name in an npz archive, or its only one. */
export function readNpz({ name, bytes }: DataFile, array: string | undefined): DataArray | RuntimeFault {
  const packed = unzip(name, bytes);
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
function unzip(name: string, bytes: Uint8Array): Readonly<Record<string, Uint8Array>> | RuntimeFault {
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
  readonly read: (view: DataView, begin: number, count: number) => DataArray["data"];
}

const bytesOf = (view: DataView, begin: number, count: number) =>
  new Uint8Array(view.buffer, view.byteOffset + begin, count);

const elementTypes: ReadonlyMap<string, NpyType> = new Map<string, NpyType>([
  [
    "<f4",
    { bytes: 4, read: (view, begin, count) => floats(count, (i) => view.getFloat32(begin + 4 * i, true)) },
  ],
  [
    "<f8",
    { bytes: 8, read: (view, begin, count) => floats(count, (i) => view.getFloat64(begin + 8 * i, true)) },
  ],
  [
    "<i4",
    { bytes: 4, read: (view, begin, count) => integers(count, (i) => view.getInt32(begin + 4 * i, true)) },
  ],
  ["<i8", { bytes: 8, read: (view, begin, count) => wideIntegers(view, begin, count) }],
  ["|u1", { bytes: 1, read: bytesOf }],
  [
    "|b1",
    {
      bytes: 1,
      read: (view, begin, count) =>
        Int32Array.from(bytesOf(view, begin, count), (byte) => (byte === 0 ? 0 : 1)),
    },
  ],
]);

/** 64-bit integers as i32 where all fit, else as f32. */
function wideIntegers(view: DataView, begin: number, count: number): DataArray["data"] {
  const wide = Float64Array.from({ length: count }, (_, i) => Number(view.getBigInt64(begin + 8 * i, true)));
  return wide.every((value) => value === (value | 0)) ? Int32Array.from(wide) : Float32Array.from(wide);
}

/** Column-major elements in row-major order. */
function rowMajor(data: DataArray["data"], shape: readonly number[]): DataArray["data"] {
  const result = data.slice();
  const index = shape.map(() => 0);
  for (let to = 0; to < data.length; to++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--)
      from = from * (shape[axis] ?? 1) + (index[axis] ?? 0);
    result[to] = data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 1)) break;
      index[axis] = 0;
    }
  }
  return result;
}
