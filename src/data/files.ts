/**
 * Bytes of data files, unpacked where they are gzipped. Reading never throws: what the system says
 * becomes a fault.
 */
import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { dataFaults } from "./faults.ts";
import { type DataContext, resolveData } from "./resolve.ts";

/** A file's bytes under the name that the source gives it. */
export interface DataFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export function openFile(name: string, context: DataContext): DataFile | RuntimeFault {
  const path = resolveData(name, context);
  if (isFault(path)) return path;
  if (isFolder(path)) return dataFaults.folder(name);
  try {
    return unpack({ name, bytes: readFileSync(path) });
  } catch (error) {
    return dataFaults.unreadable(name, systemReason(error));
  }
}

/** What unpacked data may take: more than any file that fits into memory as one array here. */
export const unpackedLimit = 4 * 2 ** 30;

/** Gzip is known by its first two bytes; its check sum and length are verified. */
export function unpack(file: DataFile): DataFile | RuntimeFault {
  if (file.bytes[0] !== 0x1f || file.bytes[1] !== 0x8b) return file;
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
