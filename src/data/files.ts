/**
 * Bytes of data files, unpacked where they are gzipped. Reading never throws: what the system says
 * becomes a fault.
 */
import { statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { bytesOf } from "../../runtime/readable-bytes.ts";
import { type ByteSource, bytesInFile, bytesInMemory, whileOpen } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { type DataContext, resolveData } from "./resolve.ts";

/** A file's bytes under the name that the source gives it. */
export interface DataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The whole file in memory. */
export function openFile(name: string, context: DataContext): DataFile | RuntimeFault {
  return atPath(name, context, (path) => whileOpen(name, path, wholeFile));
}

/** The bytes of a file where they lie; what is packed is unpacked into memory. */
export function openBytes(name: string, context: DataContext): ByteSource | RuntimeFault {
  return atPath(name, context, (path) => {
    const unpacked = whileOpen(name, path, (source) =>
      isGzip(bytesOf(source, 0, 2)) ? wholeFile(source) : undefined,
    );
    if (unpacked === undefined) return bytesInFile(name, path);
    return isFault(unpacked) ? unpacked : bytesInMemory(unpacked);
  });
}

/** What is read of a file, or why there is none to read. */
function atPath<T>(name: string, context: DataContext, read: (path: string) => T): T | RuntimeFault {
  const path = resolveData(name, context);
  if (isFault(path)) return path;
  if (isFolder(path)) return dataFaults.folder(name);
  try {
    return read(path);
  } catch (error) {
    return dataFaults.unreadable(name, systemReason(error));
  }
}

function wholeFile(source: ByteSource): DataFile | RuntimeFault {
  const { name, size } = source;
  return size > unpackedLimit
    ? dataFaults.beyondMemory(name, size)
    : unpack({ name, bytes: bytesOf(source, 0, size) });
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What unpacked data may take: more than any file that fits into memory as one array here. */
export const unpackedLimit = 4 * 2 ** 30;

/** Gzip is known by its first two bytes; its check sum and length are verified. */
export function unpack(file: DataFile): DataFile | RuntimeFault {
  if (!isGzip(file.bytes)) return file;
  try {
    return { name: file.name, bytes: gunzipSync(file.bytes, { maxOutputLength: unpackedLimit }) };
  } catch (error) {
    return dataFaults.badFile(file.name, "gzip", systemReason(error));
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export function systemReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
