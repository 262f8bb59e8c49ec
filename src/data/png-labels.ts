/**
 * The numbers of a PNG's pixels: positions in its palette, or greys. A decoder of images makes colours of them, and two
 * positions may have one colour. Interlaced files are left to tools that save them anew.
 * https://www.w3.org/TR/png-3/
 */
import { inflateSync } from "node:zlib";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { bytesInMemory } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { type DataFile, systemReason, unpackedLimit } from "./files.ts";
import { otherKind } from "./signatures.ts";

/** A number a pixel, row after row. */
export interface PngLabels {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

export function readPngLabels(file: DataFile): PngLabels | RuntimeFault {
  const { name, bytes } = file;
  if (!signature.every((byte, at) => bytes[at] === byte))
    return otherKind(
      bytesInMemory(file),
      "PNG",
      "it does not begin as PNG files do",
      "masks are PNG files: their numbers are kept as they are",
    );
  const chunks = chunksOf(bytes);
  const header = headerOf(name, chunks.find(({ type }) => type === "IHDR")?.data);
  if (isFault(header)) return header;
  const packed = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const { height, width, depth } = header;
  const line = Math.ceil((width * depth) / 8);
  try {
    const lines = inflateSync(packed, { maxOutputLength: unpackedLimit });
    if (lines.length < height * (line + 1)) return dataFaults.badFile(name, "PNG", "its pixels are cut off");
    const plain = unfiltered(lines, height, line);
    return plain === undefined
      ? dataFaults.badFile(name, "PNG", "a line of it has a filter that PNG does not know")
      : { height, width, data: unpacked(plain, header, line) };
  } catch (error) {
    return dataFaults.badFile(name, "PNG", systemReason(error));
  }
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function chunksOf(bytes: Uint8Array): readonly Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = signature.length; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

interface Header {
  readonly height: number;
  readonly width: number;
  /** Bits a pixel, at most 8. */
  readonly depth: number;
}

function headerOf(name: string, data: Uint8Array | undefined): Header | RuntimeFault {
  if (data === undefined || data.length < 13) return dataFaults.badFile(name, "PNG", "its header is cut off");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [depth = 0, kind = 0, , , interlaced = 0] = data.subarray(8);
  const refuse = (reason: string) =>
    dataFaults.badFile(
      name,
      "mask",
      reason,
      "save it as PNG with a palette, or grey of 8 bits, one number a class",
    );
  if (kind !== greys && kind !== palette) return refuse("its pixels are colours, not numbers of classes");
  if (depth > 8) return refuse(`its pixels have ${depth} bits`);
  if (interlaced !== 0) return refuse("it is interlaced");
  return { width: view.getUint32(0), height: view.getUint32(4), depth };
}

const [greys, palette] = [0, 3] as const;

/** Lines without their filters: each byte is told by its difference to one before, above or both. */
function unfiltered(lines: Uint8Array, height: number, line: number): Uint8Array | undefined {
  const plain = new Uint8Array(height * line);
  for (let row = 0; row < height; row++) {
    const predict = filters[lines[row * (line + 1)] ?? 0];
    if (predict === undefined) return undefined;
    for (let at = 0; at < line; at++) {
      const here = row * line + at;
      const before = at > 0 ? (plain[here - 1] ?? 0) : 0;
      const above = row > 0 ? (plain[here - line] ?? 0) : 0;
      const corner = at > 0 && row > 0 ? (plain[here - line - 1] ?? 0) : 0;
      plain[here] = (lines[here + row + 1] ?? 0) + predict(before, above, corner);
    }
  }
  return plain;
}

/** By number (PNG, section 9.2). A pixel here never takes more than a byte, so the one before is the byte before. */
const filters: readonly ((before: number, above: number, corner: number) => number)[] = [
  () => 0,
  (before) => before,
  (_, above) => above,
  (before, above) => Math.floor((before + above) / 2),
  paeth,
];

function paeth(before: number, above: number, corner: number): number {
  const guess = before + above - corner;
  const [a, b, c] = [Math.abs(guess - before), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? before : b <= c ? above : corner;
}

/** One byte a pixel; the first pixel of a byte is in its highest bits. */
function unpacked(plain: Uint8Array, { height, width, depth }: Header, line: number): Uint8Array {
  if (depth === 8) return plain;
  const perByte = 8 / depth;
  const data = new Uint8Array(height * width);
  for (let pixel = 0; pixel < data.length; pixel++) {
    const x = pixel % width;
    const byte = plain[Math.floor(pixel / width) * line + Math.floor(x / perByte)] ?? 0;
    data[pixel] = (byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1);
  }
  return data;
}
