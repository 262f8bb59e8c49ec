/**
 * Where decoded images are kept: in memory, or, where they would take too much of it, in a file of the cache that is read
 * row by row. Such a file is made once for the same images at the same size.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Features, StoredRows } from "../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../runtime/errors.ts";
import { cacheFolder } from "../files/cache-folder.ts";
import { makeFolders, makeWholeFile } from "../files/write-file.ts";
import { bytesInFile, fitsMemory } from "./byte-source.ts";
import { dataFaults } from "./faults.ts";
import { systemReason } from "./files.ts";
import type { ImageFile, ImageShape } from "./image-pixels.ts";
import type { DataContext } from "./resolve.ts";

type Decode = (file: ImageFile) => Promise<Uint8Array | RuntimeFault>;

export async function storePixels(
  files: readonly ImageFile[],
  shape: ImageShape,
  fit: string,
  decode: Decode,
  context: DataContext,
): Promise<Pick<Features, "data" | "stored"> | RuntimeFault> {
  const size = shape[0] * shape[1] * shape[2];
  const bytes = files.length * size;
  if (!fitsMemory(bytes, context)) {
    const stored = await onDisk({ shape, fit, bytes, size }, files, decode, context);
    return isFault(stored) ? stored : { data: new Uint8Array(), stored };
  }
  const data = new Uint8Array(bytes);
  const fault = await decodeAll(files, decode, (row, pixels) => data.set(pixels, row * size), context);
  return fault ?? { data };
}

/** Images that are decoded at a time: sharp's threads have work while one waits for the disk. */
const lanes = 8;

async function decodeAll(
  files: readonly ImageFile[],
  decode: Decode,
  put: (row: number, pixels: Uint8Array) => unknown,
  { onRead, signal }: DataContext,
): Promise<RuntimeFault | undefined> {
  let [next, done] = [0, 0];
  let fault: RuntimeFault | undefined;
  const work = async (): Promise<void> => {
    for (let row = next++; fault === undefined; row = next++) {
      const file = files[row];
      if (file === undefined) return;
      const pixels = signal?.aborted === true ? dataFaults.interrupted() : await decode(file);
      if (isFault(pixels)) fault ??= pixels;
      else await put(row, pixels);
      if (fault === undefined) onRead?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  if (fault !== undefined) onRead?.(files.length, files.length);
  return fault;
}

interface Store {
  readonly shape: ImageShape;
  readonly fit: string;
  readonly bytes: number;
  readonly size: number;
}

async function onDisk(
  { shape, fit, bytes, size }: Store,
  files: readonly ImageFile[],
  decode: Decode,
  context: DataContext,
): Promise<StoredRows | RuntimeFault> {
  const folder = join(cacheFolder(), "images");
  let path = folder;
  try {
    path = join(folder, `${keyOf(files, shape, fit)}.u8`);
    if (statSync(path, { throwIfNoEntry: false })?.size !== bytes) {
      await makeFolders(folder);
      const free = await freeBytes(folder);
      if (free < bytes) return dataFaults.noRoom(path, bytes, `${mebibytes(free)} MiB are free there`);
      const fault = await fill(path, size, files, decode, context);
      if (fault !== undefined) return fault;
      context.note?.(
        `${mebibytes(bytes)} MiB of decoded images are kept in ${path}; delete it when you need the room`,
      );
    }
    return rowsOf(path, size);
  } catch (error) {
    return dataFaults.noRoom(path, bytes, systemReason(error));
  }
}

async function fill(
  path: string,
  size: number,
  files: readonly ImageFile[],
  decode: Decode,
  context: DataContext,
): Promise<RuntimeFault | undefined> {
  let fault: RuntimeFault | undefined;
  await makeWholeFile(path, async (temporary) => {
    const file = await open(temporary, "w");
    try {
      const put = async (row: number, pixels: Uint8Array): Promise<void> => {
        let written = 0;
        while (written < size)
          written += (await file.write(pixels, written, size - written, row * size + written)).bytesWritten;
      };
      fault = await decodeAll(files, decode, put, context);
      await file.sync();
    } finally {
      await file.close();
    }
    return fault === undefined ? "whole" : "given up";
  });
  return fault;
}

function rowsOf(path: string, size: number): StoredRows {
  const source = bytesInFile(path, path);
  const pixels = new Uint8Array(size);
  return {
    row: (at) => {
      source.readInto(pixels, at * size);
      return pixels;
    },
  };
}

/** What a decoded file depends on: which images, as they are now, and how they were brought to one size. */
function keyOf(files: readonly ImageFile[], shape: ImageShape, fit: string): string {
  const hash = createHash("sha256").update(JSON.stringify([formatVersion, shape, fit]));
  for (const { path } of files) {
    const { size, mtimeMs } = statSync(path);
    hash.update(JSON.stringify([path, size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 32);
}

/** Of what the bytes mean; another one leaves earlier files alone. */
const formatVersion = 1;

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
