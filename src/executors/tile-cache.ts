/**
 * Tiles that were measured on this machine, in a file of the user's cache: by adapter and driver, by the sizes of the
 * product. Only the generator that wrote it believes it; a file that is cut off, edited or of another version is passed
 * over with a word and written anew.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TileTable, sizesOfBucket } from "../../compiler/codegen/wgsl/tile-table.ts";
import { tiles } from "../../compiler/codegen/wgsl/tile.ts";
import type { AdapterFacts } from "../../runtime/webgpu/device.ts";
import { cacheFolder } from "../files/cache-folder.ts";
import { version } from "../version.ts";
import { writeWholeFile } from "../files/write-file.ts";

export interface CachedTiles {
  readonly tiles: TileTable;
  /** Why the file is not believed, as a clause. */
  readonly ignored?: string;
}

export function tileCacheFile(): string {
  return join(cacheFolder(), "tiles.json");
}

export function readTiles(file: string, adapter: AdapterFacts): CachedTiles {
  const read = contentOf(file);
  if (typeof read === "string") return { tiles: {}, ignored: read };
  return { tiles: read?.[adapterKey(adapter)] ?? {} };
}

/** Tables of other adapters stay. */
export async function writeTiles(file: string, adapter: AdapterFacts, measured: TileTable): Promise<void> {
  const read = contentOf(file);
  const others = typeof read === "object" ? read : {};
  const adapters = { ...others, [adapterKey(adapter)]: measured };
  await writeWholeFile(file, `${JSON.stringify({ generator: generatorVersion(), adapters }, null, 2)}\n`);
}

/** Another set of tiles is another generator. */
function generatorVersion(): string {
  return `${version} ${JSON.stringify(tiles)}`;
}

function adapterKey({ vendor, architecture, name }: AdapterFacts): string {
  return [vendor, architecture, name].join(" | ");
}

type Tables = Readonly<Record<string, TileTable>>;

/** The tables by adapter, undefined where there is no file, or what is wrong with it. */
function contentOf(file: string): Tables | string | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return missing ? undefined : "it cannot be read";
  }
  const value = parsed(text);
  if (!isRecord(value) || !isRecord(value["adapters"])) return "it is cut off or no cache of tiles";
  if (value["generator"] !== generatorVersion()) return "another version of Margo wrote it";
  return Object.values(value["adapters"]).every(isTable) ? (value["adapters"] as Tables) : "it was changed";
}

function isTable(value: unknown): value is TileTable {
  return (
    isRecord(value) &&
    Object.entries(value).every(
      ([bucket, name]) =>
        sizesOfBucket(bucket) !== undefined && typeof name === "string" && Object.hasOwn(tiles, name),
    )
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
