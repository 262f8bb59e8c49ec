/**
 * Which tile a product takes where somebody has measured: by the bucket of its sizes, each rounded up to a power of
 * two. A table may lack a bucket, and then the tile is chosen by size alone.
 */
import type { TileName } from "./tile.ts";

/** The measured tile for a bucket of sizes. */
export type TileChoice = (bucket: string) => TileName | undefined;

/** By bucket. */
export type TileTable = Readonly<Record<string, TileName>>;

export interface ProductSizes {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** `128x512x64`: rows, columns and depth. */
export function bucketOf({ rows, columns, depth }: ProductSizes): string {
  return [rows, columns, depth].map(powerOfTwo).join("x");
}

/** The sizes that a bucket stands for; undefined for a text that is no bucket. */
export function sizesOfBucket(bucket: string): ProductSizes | undefined {
  const [rows, columns, depth, ...rest] = bucket.split("x").map(Number);
  if (rows === undefined || columns === undefined || depth === undefined || rest.length > 0) return undefined;
  return [rows, columns, depth].every((size) => Number.isSafeInteger(size) && size > 0)
    ? { rows, columns, depth }
    : undefined;
}

function powerOfTwo(size: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, size)));
}
