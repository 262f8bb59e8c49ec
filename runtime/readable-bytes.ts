/** What is read piece by piece: an array of bytes, or a file that is too large for one. */

/** Bytes that are read where they are wanted. */
export interface ReadableBytes {
  readonly size: number;
  /** Fills the target with the bytes from that place on. */
  readonly readInto: (target: Uint8Array, from: number) => void;
}

export function readableBytes(bytes: Uint8Array): ReadableBytes {
  return {
    size: bytes.length,
    readInto: (target, from) => target.set(bytes.subarray(from, from + target.length)),
  };
}

/** Some of them, none beyond the end; the copy begins at the start of its buffer. */
export function bytesOf(bytes: ReadableBytes, from: number, to: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(Math.max(0, Math.min(to, bytes.size) - from));
  bytes.readInto(copy, from);
  return copy;
}
