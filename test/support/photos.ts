/** Small photos with a row of other numbers each, as files side by side and as arrays of one archive. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import type { HostTensor } from "../../runtime/program.ts";
import { writeNpz } from "../../src/values/npz.ts";

/** In the order in which `images` reads them: by folder, then by file, `10` before `2`. */
export const photoNames = [
  "cats/10.png",
  "cats/2.png",
  "cats/b.png",
  "dogs/1.png",
  "dogs/a.png",
  "dogs/c.png",
];

/** 2 × 2 pixels of three channels. */
const bytesOf = (row: number): readonly number[] =>
  Array.from({ length: 12 }, (_, at) => (row * 71 + at * 29 + row * at * 13) % 256);

const wordsOf = (row: number): readonly number[] =>
  Array.from({ length: 4 }, (_, at) => Math.sin(row + 2 * at));

/** Photos in `photos/`, their rows of `tokens` and `weight` in `captions.npz`, and all of it with `class` in `whole.npz`. */
export async function writePhotos(folder: string): Promise<void> {
  for (const [row, name] of photoNames.entries()) {
    const raw = { height: 2, width: 2, channels: 3 } as const;
    const path = join(folder, "photos", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      await sharp(Uint8Array.from(bytesOf(row)), { raw })
        .png()
        .toBuffer(),
    );
  }
  const tokens = rowsOf(wordsOf, [4]);
  const weight = rowsOf((row) => [1 + (row % 3)], []);
  const pixels = rowsOf((row) => bytesOf(row).map((byte) => byte / 255), [2, 2, 3]);
  const classes: HostTensor = {
    dtype: "i32",
    shape: [photoNames.length],
    data: Int32Array.from(photoNames, (name) => (name.startsWith("cats") ? 0 : 1)),
  };
  writeFileSync(join(folder, "captions.npz"), writeNpz({ tokens, weight }));
  writeFileSync(join(folder, "whole.npz"), writeNpz({ pixels, tokens, class: classes, weight }));
}

function rowsOf(of: (row: number) => readonly number[], shape: readonly number[]): HostTensor {
  const data = Float32Array.from(photoNames.flatMap((_, row) => of(row)));
  return { dtype: "f32", shape: [photoNames.length, ...shape], data };
}
