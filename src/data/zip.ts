/**
 * The directory of a zip archive, also of one beyond 4 GiB (zip64), as npz files are. An entry that is not packed is read
 * where it lies; a packed one is unpacked into memory. The format: section 4.3 of
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { inflateRawSync } from "node:zlib";
import { type RuntimeFault } from "../../runtime/errors.ts";
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { type ByteSource, bytesInMemory, stretchOf } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { systemReason, unpackedLimit } from "./files.ts";

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  /** Bytes in the archive, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly at: number;
}

/** The entries, or why there are none. */
export function zipEntries(source: ByteSource): readonly ZipEntry[] | string {
  const end = endOf(source);
  if (end === undefined) return "it has no directory of its files";
  const { count, from, size } = end;
  if (from + size > source.size) return "the directory of its files is cut off";
  const bytes = bytesOf(source, from, from + size);
  const view = new DataView(bytes.buffer);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let entry = 0; entry < count; entry++) {
    if (at + 46 > size || view.getUint32(at, true) !== directorySignature)
      return "the directory of its files is broken";
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
    if (next > size) return "the directory of its files is broken";
    entries.push(entryAt(bytes, view, at, name ?? 0, extra ?? 0));
    at = next;
  }
  return entries;
}

const directorySignature = 0x02014b50;

function entryAt(bytes: Uint8Array, view: DataView, at: number, name: number, extra: number): ZipEntry {
  const fields = [24, 20, 42].map((field) => view.getUint32(at + field, true));
  const [size = 0, packed = 0, begin = 0] = widened(
    fields,
    bytes.subarray(at + 46 + name).subarray(0, extra),
  );
  return {
    name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)),
    method: view.getUint16(at + 10, true),
    isEncrypted: (view.getUint16(at + 8, true) & 1) === 1,
    packed,
    size,
    at: begin,
  };
}

/** Fields that do not fit 32 bits stand, in their order, in the extra field 1. */
function widened(fields: readonly number[], extra: Uint8Array): readonly number[] {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  let at = 0;
  while (at + 4 <= extra.length && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  let next = at + 4;
  return fields.map((field) => {
    if (field !== 0xffffffff || next + 8 > extra.length) return field;
    next += 8;
    return Number(view.getBigUint64(next - 8, true));
  });
}

interface Directory {
  readonly count: number;
  readonly from: number;
  readonly size: number;
}

/** The record at the end, behind which there may be a comment. */
function endOf(source: ByteSource): Directory | undefined {
  const tailAt = Math.max(0, source.size - (22 + 0xffff));
  const tail = bytesOf(source, tailAt, source.size);
  const view = new DataView(tail.buffer);
  for (let at = tail.length - 22; at >= 0; at--)
    if (view.getUint32(at, true) === 0x06054b50)
      return (
        wideEnd(source, tailAt + at) ?? {
          count: view.getUint16(at + 10, true),
          size: view.getUint32(at + 12, true),
          from: view.getUint32(at + 16, true),
        }
      );
  return undefined;
}

/** That of zip64, which a locator right before the record at the end points to. */
function wideEnd(source: ByteSource, end: number): Directory | undefined {
  if (end < 20) return undefined;
  const locator = new DataView(bytesOf(source, end - 20, end).buffer);
  if (locator.getUint32(0, true) !== 0x07064b50) return undefined;
  const at = Number(locator.getBigUint64(8, true));
  if (at + 56 > source.size) return undefined;
  const view = new DataView(bytesOf(source, at, at + 56).buffer);
  if (view.getUint32(0, true) !== 0x06064b50) return undefined;
  const [count = 0, size = 0, from = 0] = [32, 40, 48].map((field) => Number(view.getBigUint64(field, true)));
  return { count, size, from };
}

/** What an entry holds, under a name. */
export function openEntry(source: ByteSource, entry: ZipEntry, name: string): ByteSource | RuntimeFault {
  const refuse = (reason: string) =>
    dataFaults.badFile(source.name, "npz", `its entry ${entry.name} ${reason}`);
  const { method, packed, size, at } = entry;
  if (entry.isEncrypted) return refuse("is encrypted");
  if (method !== 0 && method !== 8) return refuse(`is packed by method ${method}, known are 0 and 8`);
  if (at + 30 > source.size) return refuse("begins behind the end");
  const view = new DataView(bytesOf(source, at, at + 30).buffer);
  const from = at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (view.getUint32(0, true) !== 0x04034b50 || from + packed > source.size) return refuse("is cut off");
  const wrong = "does not have the bytes it claims";
  if (method === 0) return packed === size ? stretchOf(source, name, from, size) : refuse(wrong);
  if (size > unpackedLimit) return dataFaults.tooLarge(source.name, size, unpackedLimit);
  // Deflate packs at most 1032 to 1, so a larger claim is a lie: nothing is reserved for it.
  if (size > 1032 * packed + 1024) return refuse(wrong);
  try {
    const bytes = inflateRawSync(bytesOf(source, from, from + packed), { maxOutputLength: size + 1 });
    return bytes.length === size ? bytesInMemory({ name, bytes }) : refuse(wrong);
  } catch (error) {
    return refuse(`cannot be unpacked: ${systemReason(error)}`);
  }
}
