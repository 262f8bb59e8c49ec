/**
 * Weight files in the safetensors format, read strictly: a header of sane length, JSON without repeated
 * keys, known element types, sizes that agree with their shapes, and offsets that cover the data in
 * order without holes or overlap. Bytes of any kind give tensors or a fault, never an exception.
 * The format: 8 bytes little-endian header length, the JSON header, the data.
 */
import { type ReadableBytes, bytesOf, readableBytes } from "./readable-bytes.ts";
import { type RuntimeFault, isFault, runFaults } from "./errors.ts";
import type { HostTensor, NamedTensors } from "./program.ts";
import { repeatedKey } from "./repeated-key.ts";

/** A safetensors file's content: tensors by name, and texts by key. */
export interface TensorFile {
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file's bytes as they come: of a file, a response, a database; or read piece by piece, where they are too many for one array. */
export type Bytes = Uint8Array | ArrayBuffer | ReadableBytes;

/** The format's own limit on the header. */
const headerLimit = 100_000_000;

/**
 * The tensors of a file of any kind of numbers, as f32, i32 or bool; a fault where the bytes are no whole file,
 * under the name `file`.
 */
export function readSafetensors(given: Bytes, file?: string): TensorFile | RuntimeFault {
  const refuse = (reason: string) => runFaults.notSafetensors(reason, file);
  const bytes = readable(given);
  if (bytes === undefined)
    return refuse(`a Uint8Array or an ArrayBuffer holds one, and ${kindOf(given)} was given`);
  const { size } = bytes;
  if (size < 8) return refuse(`it has ${size} bytes and the header's length alone takes 8`);
  const length = Number(viewOf(bytesOf(bytes, 0, 8)).getBigUint64(0, true));
  if (length > headerLimit) return refuse(`its header would be ${length} bytes long`);
  if (8 + length > size) return refuse(`its header claims ${length} bytes, but only ${size - 8} follow`);
  const header = parseHeader(bytesOf(bytes, 8, 8 + length), refuse);
  if (isFault(header)) return header;
  return readEntries(header, bytes, 8 + length, refuse);
}

function readable(given: Bytes): ReadableBytes | undefined {
  if (ArrayBuffer.isView(given)) return readableBytes(given);
  // Those of a frame or of another thread are no instances of this page's class.
  if (isArrayBuffer(given)) return readableBytes(new Uint8Array(given));
  return typeof (given as Partial<ReadableBytes> | undefined)?.readInto === "function" ? given : undefined;
}

function isArrayBuffer(given: ArrayBuffer | ReadableBytes): given is ArrayBuffer {
  return kindOf(given).includes("ArrayBuffer");
}

/** As in `[object Promise]`. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

/** Tensors by name, in name order; metadata are strings. Data begins at a multiple of 8 bytes. */
export function writeSafetensors(file: TensorFile): Uint8Array {
  return joinedBytes(safetensorsParts(file));
}

/** The same file in parts, one after the other: the tensors are those that were given, and not copied. */
export function safetensorsParts(file: TensorFile): readonly Uint8Array[] {
  const names = Object.keys(file.tensors).sort();
  const header: [string, unknown][] = [["__metadata__", file.metadata]];
  let end = 0;
  for (const name of names) {
    const tensor = tensorNamed(file.tensors, name);
    const begin = end;
    end += tensor.data.byteLength;
    header.push([
      name,
      { dtype: writtenTypes[tensor.dtype], shape: tensor.shape, data_offsets: [begin, end] },
    ]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(8 + padded).fill(0x20, 8);
  viewOf(head).setBigUint64(0, BigInt(padded), true);
  head.set(text, 8);
  const data = names.map((name) => {
    const { buffer, byteOffset, byteLength } = tensorNamed(file.tensors, name).data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return [head, ...data];
}

/** Parts one after the other as one array. */
export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const writtenTypes = { f32: "F32", i32: "I32", bool: "BOOL" } as const;

function tensorNamed(tensors: NamedTensors, name: string): HostTensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  return tensor;
}

type Refuse = (reason: string) => RuntimeFault;
type Header = Readonly<Record<string, unknown>>;

interface ElementType {
  readonly bytes: number;
  readonly dtype: HostTensor["dtype"];
  readonly read: (view: DataView, at: number) => number;
}

/** The element types that have a place here; wider floats are rounded to f32, and wider integers fit i32 or are refused. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ["F64", { bytes: 8, dtype: "f32", read: (view, at) => view.getFloat64(at, true) }],
  ["F32", { bytes: 4, dtype: "f32", read: (view, at) => view.getFloat32(at, true) }],
  ["F16", { bytes: 2, dtype: "f32", read: (view, at) => halfFloat(view.getUint16(at, true)) }],
  ["BF16", { bytes: 2, dtype: "f32", read: (view, at) => brainFloat(view.getUint16(at, true)) }],
  ["I64", { bytes: 8, dtype: "i32", read: (view, at) => Number(view.getBigInt64(at, true)) }],
  ["U64", { bytes: 8, dtype: "i32", read: (view, at) => Number(view.getBigUint64(at, true)) }],
  ["U32", { bytes: 4, dtype: "i32", read: (view, at) => view.getUint32(at, true) }],
  ["U16", { bytes: 2, dtype: "i32", read: (view, at) => view.getUint16(at, true) }],
  ["I32", { bytes: 4, dtype: "i32", read: (view, at) => view.getInt32(at, true) }],
  ["I16", { bytes: 2, dtype: "i32", read: (view, at) => view.getInt16(at, true) }],
  ["I8", { bytes: 1, dtype: "i32", read: (view, at) => view.getInt8(at) }],
  ["U8", { bytes: 1, dtype: "i32", read: (view, at) => view.getUint8(at) }],
  ["BOOL", { bytes: 1, dtype: "bool", read: (view, at) => view.getUint8(at) }],
]);

function parseHeader(bytes: Uint8Array, refuse: Refuse): Header | RuntimeFault {
  if (bytes[0] !== 0x7b) return refuse("its header does not begin with {");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    return refuse(`its header is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(header)) return refuse("its header is not an object");
  const repeated = repeatedKey(text);
  return repeated === undefined ? header : refuse(`its header has the key ${JSON.stringify(repeated)} twice`);
}

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readEntries(
  header: Header,
  bytes: ReadableBytes,
  dataAt: number,
  refuse: Refuse,
): TensorFile | RuntimeFault {
  const metadata = header["__metadata__"] ?? {};
  if (!isTextRecord(metadata)) return refuse("its __metadata__ is not a table of strings");
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const entry = entryOf(name, value, refuse);
    if (isFault(entry)) return entry;
    entries.push(entry);
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered)
      return refuse(
        `tensor ${JSON.stringify(name)} begins at ${begin}, but the one before it ends at ${covered}`,
      );
    covered = end;
  }
  const found = bytes.size - dataAt;
  if (covered !== found) return refuse(`its tensors take ${covered} bytes, but ${found} follow the header`);
  const tensors: (readonly [string, HostTensor])[] = [];
  for (const entry of entries) {
    const tensor = decode(bytesOf(bytes, dataAt + entry.begin, dataAt + entry.end), entry, refuse);
    if (isFault(tensor)) return tensor;
    tensors.push([entry.name, tensor]);
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}

function entryOf(name: string, value: unknown, refuse: Refuse): Entry | RuntimeFault {
  const at = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) return refuse(`${at} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") return refuse(`${at} has no dtype`);
  const type = elementTypes.get(dtype);
  if (type === undefined)
    return refuse(
      `${at} has the element type ${JSON.stringify(dtype)}; known are ${[...elementTypes.keys()].join(", ")}`,
    );
  if (!isSizes(shape)) return refuse(`${at} has no shape of whole numbers`);
  const [begin, end, ...rest] = isSizes(offsets) ? offsets : [];
  if (begin === undefined || end === undefined || rest.length > 0 || end < begin)
    return refuse(`${at} has no data_offsets of the form [begin, end]`);
  const size = shape.reduce((product, length) => product * length, type.bytes);
  if (size !== end - begin)
    return refuse(
      `${at} of ${dtype} [${shape.join(", ")}] takes ${size} bytes, but its offsets leave ${end - begin}`,
    );
  return { name, type, shape, begin, end };
}

function decode(
  bytes: Uint8Array<ArrayBuffer>,
  { name, type, shape }: Entry,
  refuse: Refuse,
): HostTensor | RuntimeFault {
  // Numbers as they are kept here lie in the file as in memory.
  if (type === elementTypes.get("F32")) return { dtype: "f32", shape, data: new Float32Array(bytes.buffer) };
  const view = viewOf(bytes);
  const count = bytes.length / type.bytes;
  const data =
    type.dtype === "f32"
      ? new Float32Array(count)
      : type.dtype === "i32"
        ? new Int32Array(count)
        : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const value = type.read(view, i * type.bytes);
    data[i] = value;
    if (type.dtype === "i32" && data[i] !== value)
      return refuse(`tensor ${JSON.stringify(name)} holds ${value}, which takes more than 32 bits`);
  }
  return { dtype: type.dtype, shape, data };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isRecord(value: unknown): value is Header {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === "string");
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
export function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The upper half of an f32. */
function brainFloat(bits: number): number {
  scratch.setUint32(0, bits * 65536);
  return scratch.getFloat32(0);
}

const scratch = new DataView(new ArrayBuffer(4));
