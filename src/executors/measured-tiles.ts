/**
 * The tiles that a run takes when it asks for measured ones: those of the cache, and what it lacks measured now. Without
 * being asked nobody measures or reads the cache, so that a run depends on its program and its device alone.
 */
import type { Capabilities } from "../../compiler/codegen/wgsl/capabilities.ts";
import type { TileTable } from "../../compiler/codegen/wgsl/tile-table.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { readTiles, tileCacheFile, writeTiles } from "./tile-cache.ts";
import { type TileTimer, fastestTiles, timerOn } from "./tune.ts";

export interface Tuning {
  /** Sizes of the products that the program's kernels compute. */
  readonly buckets: ReadonlySet<string>;
  readonly capabilities: Capabilities;
  /** Hears what is done and what is passed over. */
  readonly note: (text: string) => void;
  /** Stops measuring; what was measured until then counts. */
  readonly signal?: AbortSignal | undefined;
  readonly file?: string;
  readonly time?: TileTimer;
}

export async function measuredTiles(gpu: GpuDevice, tuning: Tuning): Promise<TileTable> {
  const { buckets, capabilities, note, file = tileCacheFile(), time = timerOn(gpu, capabilities) } = tuning;
  if (capabilities.style === "invocation") {
    note(`there are no tiles to tune on ${gpu.adapter.name}`);
    return {};
  }
  const { tiles, ignored } = readTiles(file, gpu.adapter);
  if (ignored !== undefined) note(`the tiles in ${file} are measured again: ${ignored}`);
  const missing = [...buckets].filter((bucket) => tiles[bucket] === undefined).sort();
  if (missing.length === 0) return tiles;
  note(`measuring tiles for ${missing.length} sizes of products on ${gpu.adapter.name}`);
  const all = { ...tiles, ...(await fastestTiles(missing, time, tuning.signal)) };
  await writeTiles(file, gpu.adapter, all).catch((error: unknown) => {
    note(`the tiles are not kept: ${error instanceof Error ? error.message : String(error)}`);
  });
  return all;
}
