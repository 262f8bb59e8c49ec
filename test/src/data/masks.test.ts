/** Masks beside images: which numbers a PNG holds, how they are scaled, and what can be wrong with them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatherBatch } from "../../../runtime/dataset.ts";
import type { DataSource } from "../../../runtime/program.ts";
import { openDataset } from "../../../src/data/index.ts";
import { readPngLabels } from "../../../src/data/png-labels.ts";
import { faultText, whole } from "../../support/datasets.ts";

const root = mkdtempSync(join(tmpdir(), "margo-masks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const open = (files: readonly string[], options: DataSource["options"]) =>
  openDataset({ reader: "images", files, options }, { directory: root, root });

function chunk(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
}

/** Lines come with the number of their filter. The check sums are zeros. */
function png(
  width: number,
  height: number,
  [depth, kind, interlaced]: readonly number[],
  lines: readonly number[],
) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth ?? 8, kind ?? 0, 0, 0, interlaced ?? 0], 8);
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.from(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const mask = (labels: readonly number[], height: number, width: number) =>
  png(
    width,
    height,
    [8, 3, 0],
    Array.from({ length: height }, (_, y) => [0, ...labels.slice(y * width, (y + 1) * width)]).flat(),
  );

const grey = (height: number, width: number) =>
  sharp(new Uint8Array(height * width).fill(9), { raw: { height, width, channels: 1 } })
    .png()
    .toBuffer();

beforeAll(async () => {
  for (const name of ["b", "a", "c"]) put(`photos/${name}.png`, await grey(2, 4));
  put("masks/a.png", mask([0, 1, 2, 255, 2, 2, 1, 0], 2, 4));
  put("masks/b.png", mask([1, 1, 1, 1, 2, 2, 2, 2], 2, 4));
  put("masks/c.png", mask([0, 0, 0, 0, 0, 0, 0, 0], 2, 4));
  put("faces/anna/1.png", await grey(2, 4));
});

describe("the numbers of a PNG", () => {
  const read = (bytes: Uint8Array) => [...whole(readPngLabels({ name: "m.png", bytes })).data];

  it("are positions in a palette or greys, however many bits they have", () => {
    expect(read(png(3, 2, [8, 0, 0], [0, 7, 8, 9, 0, 1, 2, 3]))).toEqual([7, 8, 9, 1, 2, 3]);
    expect(read(png(3, 1, [4, 3, 0], [0, 0x12, 0x30]))).toEqual([1, 2, 3]);
    expect(read(png(5, 1, [2, 3, 0], [0, 0b00011011, 0b11000000]))).toEqual([0, 1, 2, 3, 3]);
    expect(read(png(9, 1, [1, 0, 0], [0, 0b10100001, 0b10000000]))).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 1]);
  });

  it("are the same through every filter", async () => {
    const numbers = Array.from({ length: 60 * 40 }, (_, at) => (at * at) % 251);
    const plain = sharp(Uint8Array.from(numbers), {
      raw: { height: 40, width: 60, channels: 1 },
    }).toColourspace("b-w");
    expect(read(await plain.png({ adaptiveFiltering: true }).toBuffer())).toEqual(numbers);
    const lines = [
      [0, 10, 20, 30],
      [1, 1, 1, 1],
      [2, 1, 1, 1],
      [3, 1, 1, 1],
      [4, 1, 1, 1],
    ];
    expect(read(png(3, 5, [8, 0, 0], lines.flat()))).toEqual([
      10, 20, 30, 1, 2, 3, 2, 3, 4, 2, 3, 4, 3, 4, 5,
    ]);
  });

  it("are the same in an interlaced file", async () => {
    const numbers = Array.from({ length: 60 * 40 }, (_, at) => (at * at) % 251);
    const grey = sharp(Uint8Array.from(numbers), { raw: { height: 40, width: 60, channels: 1 } });
    expect(read(await grey.toColourspace("b-w").png({ progressive: true }).toBuffer())).toEqual(numbers);
  });

  it("are refused where they are none", async () => {
    const bad = (bytes: Uint8Array) => faultText(readPngLabels({ name: "m.png", bytes })).split(" / ")[0];
    const fine = mask([1, 2, 3, 4], 2, 2);
    expect([
      bad(
        await sharp(Buffer.alloc(12), { raw: { height: 2, width: 2, channels: 3 } })
          .png()
          .toBuffer(),
      ),
      bad(png(1, 1, [16, 0, 0], [0, 1, 2])),
      bad(png(2, 2, [8, 0, 0], [0, 1, 2])),
      bad(png(1, 1, [8, 0, 0], [5, 1])),
      bad(fine.subarray(0, 20)),
      bad(fine.subarray(0, 50)),
      bad(Buffer.from("P5 2 2 255")),
    ]).toMatchInlineSnapshot(`
      [
        "M0710 m.png is no whole mask file: its pixels are colours, not numbers of classes",
        "M0710 m.png is no whole mask file: its pixels have 16 bits",
        "M0710 m.png is no whole PNG file: it is damaged or cut off (Unsupported filter: undefined)",
        "M0710 m.png is no whole PNG file: it is damaged or cut off (Unsupported filter: 5)",
        "M0710 m.png is no whole PNG file: its header is cut off",
        "M0710 m.png is no whole PNG file: it is damaged or cut off (Offset is outside the bounds of the DataView)",
        "M0710 m.png is no whole PNG file: it does not begin as PNG files do",
      ]
    `);
  });
});

describe("images beside masks", () => {
  it("have a class for each pixel, by the images' names", async () => {
    const dataset = whole(await open(["photos", "masks"], { classes: 3, ignore: 255 }));
    expect(dataset.rowNames).toEqual(["photos/a.png", "photos/b.png", "photos/c.png"]);
    expect(dataset.labels[0]).toMatchObject({ dtype: "i32", shape: [3, 2, 4], classes: 3, ignore: 255 });
    expect([...(gatherBatch(dataset, [1, 0]).labels[0]?.data ?? [])]).toEqual([
      1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 2, 255, 2, 2, 1, 0,
    ]);
  });

  it("are scaled and cut together, without mixing two classes", async () => {
    const cut = whole(await open(["photos", "masks"], { classes: 3, ignore: 255, size: 2 }));
    expect([...(gatherBatch(cut, [0]).labels[0]?.data ?? [])]).toEqual([1, 2, 2, 1]);
    const held = whole(await open(["photos", "masks"], { classes: 3, ignore: 255, size: 4, fit: "contain" }));
    expect([...(gatherBatch(held, [1]).labels[0]?.data ?? [])]).toEqual([
      255, 255, 255, 255, 1, 1, 1, 1, 2, 2, 2, 2, 255, 255, 255, 255,
    ]);
    const stretched = whole(
      await open(["photos", "masks"], { classes: 3, ignore: 255, size: [4, 4], fit: "fill" }),
    );
    expect([...(gatherBatch(stretched, [1]).labels[0]?.data ?? [])]).toEqual([
      1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
    ]);
  });

  it("are held out as one class", async () => {
    const rows = async (part: string) =>
      whole(await open(["photos", "masks"], { classes: 3, ignore: 255, part, holdout: 0.34 })).rowNames;
    expect([await rows("train"), await rows("holdout")]).toEqual([
      ["photos/a.png", "photos/b.png"],
      ["photos/c.png"],
    ]);
  });

  it("say what is wrong", async () => {
    put("one/a.png", mask([0, 1, 2, 3, 2, 2, 1, 0], 2, 4));
    put("other/a.png", mask([0, 1], 2, 1));
    put("solo/a.png", await grey(2, 4));
    const fault = async (files: readonly string[], options: DataSource["options"]) =>
      faultText(await open(files, options));
    expect([
      await fault(["photos", "masks"], {}),
      await fault(["photos", "masks"], { classes: 3 }),
      await fault(["photos", "masks"], { classes: 3, ignore: 255, fewest: 2 }),
      await fault(["photos", "masks"], { classes: 3, size: 8, fit: "contain" }),
      await fault(["photos", "masks"], { classes: 3, size: 8, fit: "contain", ignore: -1 }),
      await fault(["photos", "one"], { classes: 4 }),
      await fault(["solo", "other"], { classes: 3 }),
      await fault(["photos", "nowhere"], { classes: 3 }),
      await fault(["faces", "masks"], { classes: 3 }),
      await fault(["faces"], { classes: 1, ignore: 255 }),
    ]).toMatchInlineSnapshot(`
      [
        "M0760 images has no classes, and masks do not say how many there are / write classes: … in the source",
        "M0725 label 3 of row 0 of masks/a.png is 255, but with 3 classes labels are 0…2 / correct the row (rows count from 0), or write classes: 256 if there are more classes, or write ignore: 255 if it marks what belongs to no class",
        "M0709 fewest of images is 2, but it must be left out beside masks / change fewest in the source, or leave it out",
        "M0760 images has no ignore, and fit: "contain" leaves room around masks that is no class / write ignore: … in the source",
        "M0709 ignore of images is -1, but it must be a number from 0 to 255 beside fit: "contain" / change ignore in the source, or leave it out",
        "M0758 photos/b.png has no mask: there is no one/b.png / each image has a PNG of its name in the folder of masks",
        "M0759 other/a.png is 2 pixels high and 1 wide, its image 2 and 4 / give a mask of the size of its image, turned as the image is shown",
        "M0701 there is no file or folder nowhere / beside it are faces, masks, one, other, photos, solo",
        "M0735 faces gives no images: they lie in folders of classes, and images with masks in one folder / images lie in a folder for each class: faces/anna/1.png, faces/ben/1.png",
        "M0709 ignore of images is 255, but it must be left out without masks / change ignore in the source, or leave it out",
      ]
    `);
  });
});
