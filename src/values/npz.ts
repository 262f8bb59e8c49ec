/** Several named arrays in one file, as NumPy's savez writes them. */
import { zipSync } from "fflate";
import type { Reference } from "../../compiler/ops/record.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import type { HostTensor } from "../../runtime/program.ts";
import { bytesInMemory } from "../data/byte-source.ts";
import { npzEntries, readNpz } from "../data/npy.ts";
import { loaded } from "../data/stored-array.ts";

/** Every array of an archive by its name. */
export function readAllOfNpz(
  file: string,
  bytes: Uint8Array,
): Readonly<Record<string, Reference>> | RuntimeFault {
  const source = bytesInMemory({ name: file, bytes });
  const entries = npzEntries(source);
  if (isFault(entries)) return entries;
  const arrays: Record<string, Reference> = {};
  for (const name of entries.keys()) {
    const array = readNpz(source, name);
    if (isFault(array)) return array;
    arrays[name] = { dtype: "f32", shape: array.shape, data: Float64Array.from(loaded(array).data) };
  }
  return arrays;
}

/** The reference's numbers keep their precision and become f8, those of a device f4; integers i4, booleans b1. */
export function writeNpz(
  arrays: Readonly<Record<string, Reference | HostTensor | readonly string[]>>,
): Uint8Array {
  return zipSync(
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyOf(array)])),
  );
}

function npyOf(array: Reference | HostTensor | readonly string[]): Uint8Array {
  if ("length" in array) return npyFile(...textsOf(array), [array.length]);
  const { dtype, shape, data } = array;
  const [descr, values] =
    dtype === "f32"
      ? data instanceof Float32Array
        ? ["<f4", data]
        : ["<f8", Float64Array.from(data)]
      : dtype === "i32"
        ? ["<i4", Int32Array.from(data)]
        : ["|b1", Uint8Array.from(data)];
  return npyFile(descr, values, shape);
}

/** Texts of NumPy are all of one length, in code points of four bytes. */
function textsOf(texts: readonly string[]): readonly [descr: string, values: Uint32Array] {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const longest = Math.max(1, ...points.map(({ length }) => length));
  const values = new Uint32Array(texts.length * longest);
  for (const [at, text] of points.entries()) values.set(text, at * longest);
  return [`<U${longest}`, values];
}

function npyFile(descr: string, values: ArrayBufferView, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new TextEncoder().encode(`${text.padEnd(length - 11)}\n`);
  const file = new Uint8Array(length + values.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  file.set(header, 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), length);
  return file;
}
