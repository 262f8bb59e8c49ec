/** Folders of images: what a pixel becomes, which images are taken, and everything that can be wrong with them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { gatherBatch, spreadRows } from "../../../runtime/dataset.ts";
import type { DataSource } from "../../../runtime/program.ts";
import { openDataset } from "../../../src/data/index.ts";
import type { DataContext } from "../../../src/data/resolve.ts";
import { dataFaults } from "../../../src/data/faults.ts";
import { faultText, whole } from "../../support/datasets.ts";

const outer = mkdtempSync(join(tmpdir(), "margo-images-"));
const root = join(outer, "workspace");
const cache = join(outer, "cache");
vi.stubEnv("MARGO_CACHE", cache);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(outer, { recursive: true, force: true });
});

type Changes = Pick<DataContext, "limit" | "onRead" | "note" | "memoryBytes" | "signal">;

function open(folder: string, options: DataSource["options"] = {}, changes: Changes = {}) {
  return openDataset({ reader: "images", files: [folder], options }, { directory: root, root, ...changes });
}

function put(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

type Channels = 1 | 2 | 3 | 4;

/** An image of the given bytes, height × width × channels. */
function raw(bytes: readonly number[], height: number, width: number, channels: Channels) {
  return sharp(Uint8Array.from(bytes), { raw: { height, width, channels } });
}

/** One colour all over. */
const plain = (colour: readonly number[], height: number, width: number) =>
  raw(Array.from({ length: height * width }, () => colour).flat(), height, width, colour.length as Channels);

beforeAll(async () => {
  const rgb = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 51, 102, 153];
  put("exact/b/1.png", await raw(rgb, 2, 3, 3).png().toBuffer());
  put("exact/a/2.png", await plain([7, 8, 9], 2, 3).png().toBuffer());
  put("exact/a/10.png", await plain([1, 2, 3], 2, 3).png().toBuffer());
  put("exact/a/notes.txt", "not an image");
  put("exact/a/.hidden.png", "not an image");
  put("exact/README.md", "# what this is");
  put("exact/empty/notes.txt", "");
});

const bytesOf = async (folder: string, options: DataSource["options"] = {}, changes: Changes = {}) =>
  whole(await open(folder, options, changes)).features;

describe("images", () => {
  it("are the pixels of their files, in folders and files by name, over 255", async () => {
    const dataset = whole(await open("exact"));
    expect(dataset.features[0].shape).toEqual([3, 2, 3, 3]);
    expect(dataset.source).toBe("exact");
    expect(dataset.labels[0]).toMatchObject({ classes: 2, classNames: ["a", "b"] });
    expect([...(dataset.labels[0]?.data ?? [])]).toEqual([0, 0, 1]);
    expect([...dataset.features[0].data.subarray(0, 3)]).toEqual([1, 2, 3]); // 10.png before 2.png
    expect([...dataset.features[0].data.subarray(18, 21)]).toEqual([7, 8, 9]);
    expect([...gatherBatch(dataset, [2]).features[0].data.subarray(12)]).toEqual(
      [0, 0, 0, 51, 102, 153].map((value) => Math.fround(value / 255)),
    );
  });

  it("become grey, coloured or with opacity; what is transparent is white without it", async () => {
    put("opacity/a/1.png", await plain([100, 50, 0, 0], 1, 1).png().toBuffer());
    put("opacity/a/2.png", await plain([100, 50, 0, 255], 1, 1).png().toBuffer());
    expect([...(await bytesOf("opacity"))[0].data]).toEqual([100, 50, 0, 0, 100, 50, 0, 255]);
    expect([...(await bytesOf("opacity", { channels: 3 }))[0].data]).toEqual([255, 255, 255, 100, 50, 0]);
    put("grey/a/1.png", await plain([77], 2, 2).toColourspace("b-w").png().toBuffer());
    expect((await bytesOf("grey"))[0]).toMatchObject({ shape: [1, 2, 2, 1] });
    expect([...(await bytesOf("grey"))[0].data]).toEqual([77, 77, 77, 77]);
    expect([...(await bytesOf("grey", { channels: 3 }))[0].data].slice(0, 3)).toEqual([77, 77, 77]);
    expect([...(await bytesOf("grey", { channels: 4 }))[0].data].slice(0, 4)).toEqual([77, 77, 77, 255]);
    // White stays white and black stays black, whatever weights the channels have.
    put("ends/a/1.png", await raw([0, 0, 0, 255, 255, 255], 1, 2, 3).png().toBuffer());
    expect([...(await bytesOf("ends", { channels: 1 }))[0].data]).toEqual([0, 255]);
  });

  it("of sixteen bits a channel become bytes", async () => {
    const wide = sharp(Uint16Array.from([0, 32_896, 65_535]), { raw: { height: 1, width: 3, channels: 1 } });
    put("deep/a/1.png", await wide.toColourspace("grey16").png().toBuffer());
    expect([...(await bytesOf("deep"))[0].data]).toEqual([0, 128, 255]);
  });

  it("are brought to one size, and other proportions are cut, put on white or stretched", async () => {
    // Wider than high: black at both ends, grey in the middle.
    const row = [...Array<number>(4).fill(0), ...Array<number>(8).fill(120), ...Array<number>(4).fill(0)];
    put("fits/a/1.png", await raw(Array<number[]>(8).fill(row).flat(), 8, 16, 1).png().toBuffer());
    // To tens: scaling rings a little beside an edge.
    const middle = async (fit: string, at: number) =>
      10 * Math.round(((await bytesOf("fits", { size: 8, channels: 1, fit }))[0].data[at] ?? -1) / 10);
    expect([await middle("cover", 33), await middle("cover", 36)]).toEqual([120, 120]);
    expect([await middle("contain", 4), await middle("contain", 28), await middle("contain", 24)]).toEqual([
      260, 120, 0,
    ]);
    expect([await middle("fill", 24), await middle("fill", 28)]).toEqual([0, 120]);
    expect((await bytesOf("fits", { size: [6, 10], channels: 1 }))[0].shape).toEqual([1, 6, 10, 1]);
  });

  it("that a camera turned are turned back", async () => {
    const turned = await raw([10, 20], 1, 2, 1).withMetadata({ orientation: 6 }).png().toBuffer();
    put("turned/a/1.png", turned);
    const [{ shape, data }] = await bytesOf("turned", { channels: 1 });
    expect([shape, [...data]]).toEqual([
      [1, 2, 1, 1],
      [10, 20],
    ]);
  });

  it("of formats that lose something come near", async () => {
    const colour = [200, 120, 40];
    put("lossy/a/1.jpg", await plain(colour, 8, 8).jpeg({ quality: 95 }).toBuffer());
    put("lossy/a/2.webp", await plain(colour, 8, 8).webp({ quality: 95 }).toBuffer());
    put("lossy/a/3.GIF", await plain(colour, 8, 8).gif().toBuffer());
    put(
      "lossy/a/4.svg",
      '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="rgb(200,120,40)"/></svg>',
    );
    const [{ data, shape }] = await bytesOf("lossy", { channels: 3 });
    expect(shape).toEqual([4, 8, 8, 3]);
    for (const [at, value] of data.entries()) expect(Math.abs(value - (colour[at % 3] ?? 0))).toBeLessThan(5);
  });

  it("are taken by class and part, and as many as a limit says", async () => {
    for (const name of ["c", "a", "b", "few"])
      for (let at = 0; at < (name === "few" ? 2 : 10); at++)
        put(
          `many/${name}/${at}.png`,
          await plain([name.charCodeAt(0), at, 0], 1, 1)
            .png()
            .toBuffer(),
        );
    const held = whole(await open("many", { fewest: 3, part: "holdout", first: 2 }));
    expect(held.labels[0]?.classNames).toEqual(["b", "c"]);
    const pixels = [...held.features[0].data];
    expect(pixels).toEqual([98, 4, 0, 98, 9, 0, 99, 4, 0, 99, 9, 0]);
    const seen: string[] = [];
    const onRead = (read: number, of: number) => seen.push(`${read}/${of}`);
    expect((await bytesOf("many", { classes: 3 }, { limit: 6, onRead }))[0].shape).toEqual([6, 1, 1, 3]);
    expect(seen).toEqual(["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]);
  });

  it("in no folders of classes have no labels, and are called by their files", async () => {
    put("loose-images/2.png", await plain([4, 5, 6], 1, 1).png().toBuffer());
    put("loose-images/10.png", await plain([1, 2, 3], 1, 1).png().toBuffer());
    const dataset = whole(await open("loose-images"));
    expect([...dataset.features[0].data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(dataset.labels).toEqual([]);
    expect(dataset.rowNames).toEqual(["loose-images/10.png", "loose-images/2.png"]);
    expect(spreadRows(whole(await open("exact")), 2).rowNames).toEqual(["exact/a/10.png", "exact/a/2.png"]);
    expect(faultText(await open("loose-images", { classes: 2 }))).toContain(
      "and the source speaks of classes",
    );
    expect(faultText(await open("many", { first: 9 }))).toContain(
      "M0739 many has 4 classes, and first: 9 begins behind",
    );
    expect(faultText(await open("many", { fewest: 90 }))).toContain("M0741 no class of many has 90 samples");
  });

  it("may be links as far as the workspace goes", async () => {
    put("linked/a/1.png", await plain([1, 2, 3], 1, 1).png().toBuffer());
    symlinkSync(join(root, "exact/b"), join(root, "linked/b"));
    symlinkSync(join(root, "exact/b/1.png"), join(root, "linked/a/2.png"));
    expect(whole(await open("linked", { size: 1, channels: 3 })).labels[0]?.data).toEqual(
      Int32Array.of(0, 0, 1),
    );
    writeFileSync(join(outer, "secret.png"), await plain([1, 2, 3], 1, 1).png().toBuffer());
    put("leaking/a/1.png", await plain([1, 2, 3], 1, 1).png().toBuffer());
    symlinkSync(join(outer, "secret.png"), join(root, "leaking/a/2.png"));
    expect(faultText(await open("leaking"))).toContain("M0702 leaking/a/2.png leads out of");
  });

  it("that are too many for memory lie in a file of the cache, which is made once", async () => {
    const notes: string[] = [];
    const read: number[] = [];
    const little: Changes = {
      memoryBytes: 100,
      note: (text) => notes.push(text),
      onRead: (count) => read.push(count),
    };
    const options = { fewest: 3, size: 4 };
    const [inMemory, stored] = [
      whole(await open("many", options)),
      whole(await open("many", options, little)),
    ];
    expect(stored.features[0].data).toHaveLength(0);
    expect(stored.features[0].shape).toEqual(inMemory.features[0].shape);
    const rows = [7, 0, 29, 7];
    expect(gatherBatch(stored, rows)).toEqual(gatherBatch(inMemory, rows));
    expect(gatherBatch(spreadRows(stored, 5), [4, 1])).toEqual(gatherBatch(spreadRows(inMemory, 5), [4, 1]));
    expect(read).toHaveLength(30);
    const [file] = readdirSync(join(cache, "images"));
    expect(notes).toEqual([
      expect.stringContaining(`1 MiB of decoded images are kept in ${join(cache, "images", file ?? "")}`),
    ]);
    // Again it is only opened; another size, or an image that changed, is another file.
    const again = whole(await open("many", options, little));
    expect([read.length, notes.length]).toEqual([30, 1]);
    expect(gatherBatch(again, rows)).toEqual(gatherBatch(inMemory, rows));
    await open("many", { ...options, size: 5 }, little);
    put("many/a/0.png", await plain([9, 9, 9], 1, 1).png().toBuffer());
    utimesSync(join(root, "many/a/0.png"), 1, 1);
    const changed = whole(await open("many", options, little));
    expect([...gatherBatch(changed, [0]).features[0].data.slice(0, 3)]).toEqual(
      [9, 9, 9].map((value) => Math.fround(value / 255)),
    );
    expect(readdirSync(join(cache, "images"))).toHaveLength(3);
    // Images of several sizes are refused, though they were brought to one size before.
    put("mixed/a/1.png", await plain([1], 2, 2).png().toBuffer());
    put("mixed/a/2.png", await plain([1], 3, 3).png().toBuffer());
    whole(await open("mixed", { size: 2, channels: 1 }, { ...little, memoryBytes: 1 }));
    expect(faultText(await open("mixed", { channels: 1 }, { ...little, memoryBytes: 1 }))).toContain("M0736");
    rmSync(join(cache, "images"), { recursive: true });
    for (const size of [4, 5, 6]) await open("many", { ...options, size }, little);
    const stopped = AbortSignal.abort();
    expect(faultText(await open("many", { ...options, size: 7 }, { ...little, signal: stopped }))).toContain(
      "M0740",
    );
    // What is broken leaves nothing behind.
    put("many/b/3.png", "broken");
    expect(faultText(await open("many", options, little))).toContain("M0710 many/b/3.png");
    expect(readdirSync(join(cache, "images"))).toHaveLength(3);
    vi.stubEnv("MARGO_CACHE", join(root, "exact/a/2.png"));
    expect(faultText(await open("exact", { size: 9 }, little))).toMatch(
      /^M0737 .* cannot hold them: .*ENOTDIR|EEXIST/,
    );
    vi.stubEnv("MARGO_CACHE", cache);
  });

  it("are refused with the file and a way out", async () => {
    put("loose/1.png", "x");
    put("differ/a/1.png", await plain([1], 2, 3).png().toBuffer());
    put("differ/a/2.png", await plain([1], 3, 2).png().toBuffer());
    put("broken/a/1.png", await plain([1], 2, 3).png().toBuffer());
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#123456" } })
      .jpeg()
      .toBuffer();
    put("broken/a/2.jpg", jpeg.subarray(0, jpeg.length - 200));
    put("text/a/1.png", "this is no image");
    const words = async (folder: string, options: DataSource["options"] = {}) =>
      faultText(await open(folder, options));
    expect(
      await Promise.all([
        words("loose"),
        words("exact/a"),
        words("exact/empty"),
        words("exact/a/2.png"),
        words("nowhere"),
        words("exact", { classes: 3 }),
        words("exact", { size: [1, 2, 3] }),
        words("exact", { size: 1.5 }),
        words("exact", { channels: 2 }),
        words("exact", { fit: "crop" }),
        words("exact", { part: "holdout", holdout: 0 }),
        words("exact", { mean: [1, 2] }),
        words("differ"),
      ]),
    ).toMatchInlineSnapshot(`
      [
        "M0710 loose/1.png is no whole image file: Input file contains unsupported image format / it may be cut off or of another kind; take another copy of it",
        "no fault",
        "M0735 exact/empty gives no images: none of its folders has an image (.png, .jpg, .jpeg, .webp, .avif, .heif, .tif, .tiff, .gif, .svg) / images lie in a folder for each class: faces/anna/1.png, faces/ben/1.png",
        "M0735 exact/a/2.png gives no images: it is a file / images lie in a folder for each class: faces/anna/1.png, faces/ben/1.png",
        "M0701 there is no file or folder nowhere / beside it are broken, deep, differ, ends, exact, fits, grey, leaking, …",
        "M0718 exact has 2 classes, but the source says classes: 3 / write classes: 2 (a, b)",
        "M0709 size of images is [1,2,3], but it must be a whole number of pixels, or a height and a width / change size in the source, or leave it out",
        "M0709 size of images is [1.5], but it must be a whole number of pixels, or a height and a width / change size in the source, or leave it out",
        "M0709 channels of images is 2, but it must be 1, 3 or 4 / change channels in the source, or leave it out",
        "M0709 fit of images is "crop", but it must be "cover", "contain" or "fill" / change fit in the source, or leave it out",
        "M0713 exact, as \`part\` and \`holdout\` divide it, has no rows / give a data file with at least one row",
        "M0709 mean of images is [1,2], but it must be one number or 3 of them / change mean in the source, or leave it out",
        "M0736 differ/a/2.png is 3 pixels high and 2 wide, the first image 2 and 3 / give all of them one size: size: [2, 3]",
      ]
    `);
    expect(await words("exact", { size: 1_000_000 })).toMatch(
      /^M0737 8583069 MiB of decoded images are too many for memory, and .*\.u8 cannot hold them: \d+ MiB are free there \/ free some space/,
    );
    expect(await words("text")).toMatch(/^M0710 text\/a\/1.png is no whole image file: /);
    expect(await words("broken", { size: 8, channels: 3 })).toMatch(
      /^M0710 broken\/a\/2.jpg is no whole image file: /,
    );
    expect(faultText(dataFaults.noSharp("faces", "Cannot find package 'sharp'"))).toContain(
      "npm install sharp",
    );
  });
});
