/**
 * Bytes that are read where they are wanted: of a file on disk, or of what was unpacked from one into memory. So a file
 * may be larger than the memory, and than what Node reads in one piece.
 */
import { constants } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { totalmem } from "node:os";
import { type ReadableBytes, readableBytes } from "../../runtime/readable-bytes.ts";
import type { DataContext } from "./resolve.ts";

/** Reading throws where the file has become shorter. */
export interface ByteSource extends ReadableBytes {
  /** As the source names the file. */
  readonly name: string;
}

export function bytesInMemory({
  name,
  bytes,
}: {
  readonly name: string;
  readonly bytes: Uint8Array;
}): ByteSource {
  return { name, ...readableBytes(bytes) };
}

/** The file stays open as long as somebody holds what is returned. Throws Node's system error. */
export function bytesInFile(name: string, path: string): ByteSource {
  const { source, close } = openToRead(name, path);
  unused.register(source, close);
  return source;
}

/** Closes the files that nobody reads any more. */
const unused = new FinalizationRegistry<() => void>((close) => close());

/** The same for as long as something is read: a folder may have more files than may be open. */
export function whileOpen<T>(name: string, path: string, read: (source: ByteSource) => T): T {
  const { source, close } = openToRead(name, path);
  try {
    return read(source);
  } finally {
    close();
  }
}

interface OpenFile {
  readonly source: ByteSource;
  readonly close: () => void;
}

/** For whoever closes it. */
export function openToRead(name: string, path: string): OpenFile {
  const descriptor = openSync(path, "r");
  const readInto = (target: Uint8Array, from: number): void => readFully(path, descriptor, target, from);
  return {
    source: { name, size: fstatSync(descriptor).size, readInto },
    close: () => closeSync(descriptor),
  };
}

/** The system hands over less than 2 GiB at a time. */
const pieceBytes = 2 ** 30;

function readFully(path: string, descriptor: number, target: Uint8Array, from: number): void {
  let done = 0;
  while (done < target.length) {
    const read = readSync(descriptor, target, done, Math.min(target.length - done, pieceBytes), from + done);
    if (read === 0) throw new Error(`${path} was cut off while it was read`);
    done += read;
  }
}

/** A stretch of a source, under a name of its own. */
export function stretchOf(source: ByteSource, name: string, from: number, size: number): ByteSource {
  return { name, size, readInto: (target, at) => source.readInto(target, from + at) };
}

/** Whether rows of so many bytes are held in memory, or read from their file when they are wanted. */
export function fitsMemory(bytes: number, context: DataContext): boolean {
  return bytes <= Math.min(memoryFor(context), constants.MAX_LENGTH);
}

/** What features may take of the memory. */
export function memoryFor({ memoryBytes = machineMemory() / 4 }: DataContext): number {
  return memoryBytes;
}

/** What a container allows, where it allows less than there is. */
function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
