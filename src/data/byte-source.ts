/**
 * Bytes that are read where they are wanted: of a file on disk, or of what was unpacked from one into memory. So a file
 * may be larger than the memory, and than what Node reads in one piece.
 */
import { constants } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { totalmem } from "node:os";
import type { ReadableBytes } from "../../runtime/safetensors.ts";
import type { DataContext } from "./resolve.ts";

/** Reading throws where the file has become shorter. */
export interface ByteSource extends ReadableBytes {
  /** As the source names the file. */
  readonly name: string;
}

/** A copy of some bytes, which begins at the start of its buffer. */
export function bytesOf(source: ByteSource, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(to, source.size) - from));
  source.readInto(bytes, from);
  return bytes;
}

export function bytesInMemory({
  name,
  bytes,
}: {
  readonly name: string;
  readonly bytes: Uint8Array;
}): ByteSource {
  return {
    name,
    size: bytes.length,
    readInto: (target, from) => target.set(bytes.subarray(from, from + target.length)),
  };
}

/** The file stays open as long as somebody holds what is returned. Throws Node's system error. */
export function bytesInFile(name: string, path: string): ByteSource {
  const descriptor = openSync(path, "r");
  const source: ByteSource = {
    name,
    size: fstatSync(descriptor).size,
    readInto: (target, from) => readFully(path, descriptor, target, from),
  };
  unused.register(source, descriptor);
  return source;
}

/** Closes the files that nobody reads any more. */
const unused = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

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
export function fitsMemory(bytes: number, { memoryBytes = machineMemory() / 4 }: DataContext): boolean {
  return bytes <= Math.min(memoryBytes, constants.MAX_LENGTH);
}

/** What a container allows, where it allows less than there is. */
function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
