/** Measured tiles: which wins, what is kept, and what a broken cache does (nothing but being measured again). */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { plainCapabilities } from "../../../compiler/codegen/wgsl/capabilities.ts";
import { bucketOf, sizesOfBucket } from "../../../compiler/codegen/wgsl/tile-table.ts";
import { type TileName, tileNames } from "../../../compiler/codegen/wgsl/tile.ts";
import type { GpuDevice } from "../../../runtime/webgpu/device.ts";
import { measuredTiles } from "../../../src/executors/measured-tiles.ts";
import { type TileTimer, fastestTiles } from "../../../src/executors/tune.ts";

const folder = mkdtempSync(join(tmpdir(), "margo-tiles-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "cache", "tiles.json");

const card = (name: string): GpuDevice =>
  ({
    adapter: { name, vendor: "v", architecture: "a", kind: "hardware", features: [] },
  }) as unknown as GpuDevice;

interface Told {
  readonly tiles: Readonly<Record<string, TileName>>;
  readonly notes: readonly string[];
  readonly timed: number;
}

/** The second tile is the fastest for tall products, the first for others; the last one does not run. */
async function tuned(
  buckets: readonly string[],
  gpu = card("one"),
  style = "workgroup" as const,
): Promise<Told> {
  const notes: string[] = [];
  let timed = 0;
  const time: TileTimer = async (bucket, tile) => {
    timed++;
    if (tile === tileNames.at(-1)) return undefined;
    const { rows = 0, columns = 0 } = sizesOfBucket(bucket) ?? {};
    return tile === tileNames[rows > columns ? 1 : 0] ? 1 : 2;
  };
  const capabilities = plainCapabilities(style);
  const note = (text: string): void => void notes.push(text);
  const tiles = await measuredTiles(gpu, { buckets: new Set(buckets), capabilities, note, file, time });
  return { tiles, notes, timed };
}

test("buckets are powers of two", () => {
  expect(bucketOf({ rows: 100, columns: 1, depth: 513 })).toBe("128x1x1024");
  expect(sizesOfBucket("128x1x1024")).toEqual({ rows: 128, columns: 1, depth: 1024 });
  expect(sizesOfBucket("128x1")).toBeUndefined();
  expect(sizesOfBucket("128xax4")).toBeUndefined();
});

test("the fastest wins, is kept for the adapter, and only what is missing is measured", async () => {
  const first = await tuned(["512x64x64", "64x512x64"]);
  expect(first.tiles).toEqual({ "512x64x64": tileNames[1], "64x512x64": tileNames[0] });
  expect(first.timed).toBe(2 * tileNames.length);
  expect((await tuned(["512x64x64"])).timed).toBe(0);
  expect((await tuned(["512x64x64", "1x1x1"])).timed).toBe(tileNames.length);
  expect((await tuned(["512x64x64"], card("another"))).timed).toBe(tileNames.length);
  expect((await tuned(["512x64x64"])).timed).toBe(0);
});

test.each([
  ["half-written", (text: string) => text.slice(0, text.length / 2), /cut off/],
  [
    "of another version",
    (text: string) => text.replace(/"generator": "/, '"generator": "0'),
    /another version/,
  ],
  ["with an unknown tile", (text: string) => text.replace(`"${tileNames[1]}"`, '"boundless"'), /was changed/],
  ["no object", () => "[]", /no cache of tiles/],
])("a cache that is %s is passed over with a word and written anew", async (_, spoil, said) => {
  await tuned(["512x64x64"]);
  writeFileSync(file, spoil(readFileSync(file, "utf8")));
  const { tiles, notes, timed } = await tuned(["512x64x64"]);
  expect(tiles).toEqual({ "512x64x64": tileNames[1] });
  expect(notes[0]).toMatch(said);
  expect(timed).toBe(tileNames.length);
  expect((await tuned(["512x64x64"])).timed).toBe(0);
});

test("an interruption keeps what was measured whole", async () => {
  const stop = new AbortController();
  let timed = 0;
  const tiles = await fastestTiles(
    ["1x1x1", "2x2x2"],
    async () => {
      if (++timed === tileNames.length + 1) stop.abort();
      return timed;
    },
    stop.signal,
  );
  expect(tiles).toEqual({ "1x1x1": tileNames[0] });
});

test("nothing is measured where each invocation works alone", async () => {
  rmSync(file);
  const notes: string[] = [];
  const tiles = await measuredTiles(card("one"), {
    buckets: new Set(["1x1x1"]),
    capabilities: plainCapabilities("invocation"),
    note: (text) => notes.push(text),
    file,
  });
  expect(tiles).toEqual({});
  expect(notes).toEqual(["there are no tiles to tune on one"]);
  expect(existsSync(file)).toBe(false);
});
