/**
 * Data readers on small files made here: what they read, every fault with its words, and bytes of any
 * kind, which must never throw.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatherBatch } from "../../../runtime/dataset.ts";
import { type RuntimeFault, isFault } from "../../../runtime/errors.ts";
import type { DataSource } from "../../../runtime/program.ts";
import { dataReaders, openDataset } from "../../../src/data/index.ts";
import { bytesInMemory } from "../../../src/data/byte-source.ts";
import { readCsv } from "../../../src/data/csv.ts";
import { unpack } from "../../../src/data/files.ts";
import { readIdx } from "../../../src/data/idx.ts";
import { readJsonRows } from "../../../src/data/json.ts";
import { readNpy, readNpz } from "../../../src/data/npy.ts";
import { type StoredArray, loaded } from "../../../src/data/stored-array.ts";
import { hashText, htmlParagraphs } from "../../../src/data/text.ts";
import { faultText, whole } from "../../support/datasets.ts";

const outer = mkdtempSync(join(tmpdir(), "margo-data-"));
const root = join(outer, "workspace");

function put(path: string, content: Uint8Array | string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}

function open(reader: string, files: readonly string[], options: DataSource["options"] = {}, limit?: number) {
  return openDataset(
    { reader, files, options },
    { directory: join(root, "models"), root, ...(limit === undefined ? {} : { limit }) },
  );
}

function idx(code: number, shape: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, code, shape.length]);
  for (const [axis, size] of shape.entries()) new DataView(bytes.buffer).setUint32(4 + 4 * axis, size);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

function npy(
  descr: string,
  shape: string,
  data: ArrayBufferView,
  { fortran = "False", version = 1 } = {},
): Uint8Array {
  const header = new TextEncoder().encode(
    `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }\n`,
  );
  const lengthBytes = version === 1 ? 2 : 4;
  const bytes = new Uint8Array(8 + lengthBytes + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  bytes.set(header, 8 + lengthBytes);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + lengthBytes + header.length);
  return bytes;
}

const images = idx(8, [3, 2, 2], Uint8Array.of(0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8));
const labels = idx(8, [3], Uint8Array.of(2, 0, 1));

beforeAll(() => {
  put("data/images", images);
  put("data/labels", labels);
  put("data/images.gz", gzipSync(images));
  put("data/two-labels", idx(8, [2], Uint8Array.of(1, 0)));
  put("data/bad-labels", idx(8, [3], Uint8Array.of(1, 9, 0)));
  put("models/node_modules/digits/package.json", "{}");
  put("models/node_modules/digits/data/images", images);
  put("../secret", labels);
  symlinkSync(join(outer, "secret"), join(root, "data/link"));
  symlinkSync(join(outer, "secret"), join(root, "models/node_modules/digits/data/link"));
});
afterAll(() => rmSync(outer, { recursive: true, force: true }));

describe("idx", () => {
  it("reads images and labels, plain and gzipped, bytes over 255", async () => {
    for (const name of ["../data/images", "../data/images.gz", "npm:digits/data/images"]) {
      const dataset = whole(await open("idx", [name, "../data/labels"], { classes: 3 }));
      const batch = gatherBatch(dataset, [2, 0]);
      expect(batch.features[0].shape).toEqual([2, 2, 2]);
      expect([...batch.features[0].data]).toEqual(
        [5, 6, 7, 8, 0, 51, 102, 255].map((value) => Math.fround(value / 255)),
      );
      expect([...(batch.labels[0]?.data ?? [])]).toEqual([1, 2]);
    }
  });

  it("normalises with mean and std, numbers or lists", async () => {
    const one = gatherBatch(whole(await open("idx", ["../data/images"], { mean: 127.5, std: 127.5 })), [0]);
    expect([...one.features[0].data]).toEqual([-1, -0.6, -0.2, 1].map(Math.fround));
    const each = gatherBatch(
      whole(await open("idx", ["../data/images"], { mean: [0, 1], std: [1, 2] })),
      [0],
    );
    expect([...each.features[0].data]).toEqual([0, 25, 102, 127]);
  });

  it("takes rows spread evenly when there is a limit", async () => {
    const dataset = whole(await open("idx", ["../data/images", "../data/labels"], { classes: 3 }, 2));
    expect([dataset.features[0].shape, dataset.labels[0]?.data]).toEqual([[2, 2, 2], Int32Array.of(2, 0)]);
    expect([...dataset.features[0].data]).toEqual([0, 51, 102, 255, 1, 2, 3, 4]);
    expect(whole(await open("idx", ["../data/images"], {}, 9)).features[0].shape).toEqual([3, 2, 2]);
  });

  it("says what is wrong", async () => {
    const bad = (bytes: Uint8Array) =>
      faultText(readIdx(bytesInMemory({ name: "f", bytes }))).split(" / ")[0];
    expect([
      bad(Uint8Array.of(0, 0)),
      bad(Uint8Array.of(1, 2, 3, 4)),
      bad(Uint8Array.of(0, 0, 7, 1)),
      bad(Uint8Array.of(0, 0, 8, 0)),
      bad(Uint8Array.of(0, 0, 8, 3, 0, 0)),
      bad(images.subarray(0, images.length - 1)),
      bad(idx(8, [4294967295, 4294967295, 4294967295], new Uint8Array(3))),
      faultText(unpack({ name: "f.gz", bytes: gzipSync(images).subarray(0, 20) })),
      faultText(await open("idx", ["../data/images", "../data/two-labels"], { classes: 3 })),
      faultText(await open("idx", ["../data/images", "../data/bad-labels"], { classes: 3 })),
      faultText(await open("idx", ["../data/images", "../data/images"], { classes: 3 })),
      faultText(await open("idx", ["../data/images", "../data/labels"], { ignore: 1 })),
      faultText(await open("idx", ["../data/images", "../data/labels"], { classes: 3, ignore: 0.5 })),
    ]).toMatchInlineSnapshot(`
      [
        "M0710 f is no whole IDX file: it has 2 bytes, its header takes at least 4",
        "M0710 f is no whole IDX file: it begins with 01 02 03 04, not with two zero bytes",
        "M0710 f is no whole IDX file: its element type is 0x07, which IDX does not know",
        "M0710 f is no whole IDX file: it has no axes",
        "M0710 f is no whole IDX file: its header of 3 axes takes 16 bytes, but it has 6",
        "M0710 f is no whole IDX file: its header says [3, 2, 2], which takes 12 bytes, but 11 follow",
        "M0710 f is no whole IDX file: its header says [4294967295, 4294967295, 4294967295], which takes 7.9228162458924105e+28 bytes, but 3 follow",
        "M0710 f.gz is no whole gzip file: unexpected end of file / it may be cut off or of another kind; take another copy of it",
        "M0712 ../data/images has 3 rows, but there are 2 labels / give files that belong together",
        "M0725 the label of row 1 of ../data/bad-labels is 9, but with 3 classes labels are 0…2 / correct the row (rows count from 0), or write classes: 10 if there are more classes",
        "M0725 label 1 of row 0 of ../data/images is 51, but with 3 classes labels are 0…2 / correct the row (rows count from 0), or write classes: 52 if there are more classes, or write ignore: 51 if it marks what belongs to no class",
        "M0709 ignore of idx is 1, but it must be given beside classes: … / change ignore in the source, or leave it out",
        "M0709 ignore of idx is 0.5, but it must be a whole number / change ignore in the source, or leave it out",
      ]
    `);
  });

  it("takes a class for each pixel, as bytes, and one label that is no class", async () => {
    const files = ["../data/images", "../data/images"];
    const dataset = whole(await open("idx", files, { classes: 205, ignore: 255 }));
    expect(dataset.labels[0]).toMatchObject({ dtype: "i32", shape: [3, 2, 2] });
    expect(dataset.labels[0]?.data).toBeInstanceOf(Uint8Array);
    expect([dataset.labels[0]?.classes, dataset.labels[0]?.ignore]).toEqual([205, 255]);
    expect(gatherBatch(dataset, [2, 0]).labels[0]).toEqual({
      dtype: "i32",
      shape: [2, 2, 2],
      data: Int32Array.of(255, 1, 2, 3, 0, 51, 102, 204).map(
        (_, at) => dataset.labels[0]?.data[(at + 8) % 12] ?? 0,
      ),
    });
  });
});

describe("names of files", () => {
  it("stay inside the workspace or an installed package", async () => {
    expect(
      await Promise.all(
        [
          "../data/imagse",
          "../../secret",
          "../data/link",
          "/etc/hostname",
          "npm:digits/../../secret",
          "npm:digits/data/link",
          "npm:other/x",
          "npm:digits",
          "",
          "../data",
        ].map(async (name) => faultText(await open("idx", [name])).replaceAll(outer, "OUTER")),
      ),
    ).toMatchInlineSnapshot(`
      [
        "M0701 there is no file or folder ../data/imagse / beside it are images, images.gz",
        "M0702 ../../secret leads out of OUTER/workspace / move the data under the workspace, or into an installed package",
        "M0702 ../data/link leads out of OUTER/workspace / move the data under the workspace, or into an installed package",
        "M0702 /etc/hostname leads out of OUTER/workspace / move the data under the workspace, or into an installed package",
        "M0702 npm:digits/../../secret leads out of OUTER/workspace/models/node_modules/digits / move the data under the workspace, or into an installed package",
        "M0702 npm:digits/data/link leads out of OUTER/workspace/models/node_modules/digits / move the data under the workspace, or into an installed package",
        "M0703 the package other is not installed here / install it: npm install other",
        "M0704 "npm:digits" is no name of a data file: after npm: comes a package's name, a slash and a path / write a relative path, or "npm:package/path/in/it"",
        "M0704 "" is no name of a data file: it is empty or holds a NUL / write a relative path, or "npm:package/path/in/it"",
        "M0746 ../data is a folder, and a file is read here / name a file in it; folders of images are read by images("../data"), folders of texts by text("../data")",
      ]
    `);
  });
});

describe("settings", () => {
  it("are checked by name and kind", async () => {
    expect([
      faultText(await open("idxx", ["a"])),
      faultText(await open("idx", [])),
      faultText(await open("idx", ["../data/images"], { clases: 3 })),
      faultText(await open("idx", ["../data/images"], { classes: 0 })),
      faultText(await open("idx", ["../data/images"], { std: 0 })),
      faultText(await open("idx", ["../data/images"], { mean: [1, 2, 3] })),
      faultText(await open("text", ["x.json"], { part: "test" })),
    ]).toMatchInlineSnapshot(`
      [
        "M0706 there is no data reader "idxx" / readers are idx, npy, npz, csv, json, text, images",
        "M0707 idx takes 1 or 2 files, not 0 / see docs/data.md for what each reader takes",
        "M0708 idx has no setting "clases" / its settings are classes, ignore, mean, std",
        "M0709 classes of idx is 0, but it must be a whole number of at least 1 / change classes in the source, or leave it out",
        "M0709 std of idx is [0], but it must be other than 0 / change std in the source, or leave it out",
        "M0709 mean of idx is [1,2,3], but it must be one number or 2 of them / change mean in the source, or leave it out",
        "M0709 part of text is "test", but it must be "all", "train" or "holdout" / change part in the source, or leave it out",
      ]
    `);
  });
  it("are documented", () => {
    for (const [name, reader] of Object.entries(dataReaders)) {
      expect(reader.example).toContain(`${name}(`);
      for (const option of Object.values(reader.options)) expect(option.doc.length).toBeGreaterThan(10);
    }
  });
});

describe("npy and npz", () => {
  const read = (bytes: Uint8Array) => {
    const array = readNpy(bytesInMemory({ name: "f", bytes }));
    return isFault(array) ? array : loaded(array);
  };

  it("reads every version, order and element type", () => {
    const six = Float32Array.of(1, 2, 3, 4, 5, 6);
    for (const version of [1, 2, 3]) {
      expect(whole(read(npy("<f4", "2, 3", six, { version })))).toEqual({
        name: "f",
        shape: [2, 3],
        data: six,
      });
      const columns = whole(read(npy("<f4", "2, 3", six, { version, fortran: "True" })));
      expect([...columns.data]).toEqual([1, 3, 5, 2, 4, 6]);
    }
    expect(whole(read(npy("<f8", "1,", Float64Array.of(0.1)))).data).toEqual(Float64Array.of(0.1));
    expect(whole(read(npy("<i4", "1,", Int32Array.of(-5)))).data).toEqual(Int32Array.of(-5));
    expect(whole(read(npy("<i8", "2,", BigInt64Array.of(-5n, 7n)))).data).toEqual(Int32Array.of(-5, 7));
    expect(whole(read(npy("<i8", "1,", BigInt64Array.of(2n ** 40n)))).data).toEqual(Float64Array.of(2 ** 40));
    expect(whole(read(npy("|u1", "2,", Uint8Array.of(0, 200)))).data).toEqual(Uint8Array.of(0, 200));
    expect(whole(read(npy("|b1", "2,", Uint8Array.of(0, 1)))).data).toEqual(Int32Array.of(0, 1));
    expect(whole(read(npy("<f4", "", Float32Array.of(3)))).shape).toEqual([]);
  });

  it("reads halves, short and natural numbers exactly", () => {
    const values = (bytes: Uint8Array) => whole(read(bytes)).data;
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x3555);
    expect(values(npy("<f2", "5,", halves))).toEqual(Float32Array.of(1, -2, 2 ** -24, 65504, 1365 / 4096));
    expect(values(npy("|i1", "2,", Int8Array.of(-128, 127)))).toEqual(Int32Array.of(-128, 127));
    expect(values(npy("<i2", "2,", Int16Array.of(-32768, 32767)))).toEqual(Int32Array.of(-32768, 32767));
    expect(values(npy("<u2", "2,", Uint16Array.of(0, 65535)))).toEqual(Int32Array.of(0, 65535));
    expect(values(npy("<u4", "2,", Uint32Array.of(0, 7)))).toEqual(Int32Array.of(0, 7));
    expect(values(npy("<u4", "1,", Uint32Array.of(2 ** 32 - 1)))).toEqual(Float64Array.of(2 ** 32 - 1));
    expect(values(npy("<u8", "1,", BigUint64Array.of(2n ** 63n)))).toEqual(Float64Array.of(2 ** 63));
  });

  it("reads the other order of bytes, also in Fortran order", () => {
    const swapped = (data: ArrayBufferView, size: number) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return bytes.map((_, at) => bytes[at - (at % size) + size - 1 - (at % size)] ?? 0);
    };
    const values = (descr: string, shape: string, data: ArrayBufferView, size: number, fortran = "False") => [
      ...whole(read(npy(descr, shape, swapped(data, size), { fortran }))).data,
    ];
    expect(values(">f2", "1,", Uint16Array.of(0xc000), 2)).toEqual([-2]);
    expect(values(">f4", "2,", Float32Array.of(1.5, -3), 4)).toEqual([1.5, -3]);
    expect(values(">f8", "1,", Float64Array.of(0.1), 8)).toEqual([0.1]);
    expect(values(">i2", "2, 2", Int16Array.of(1, 2, 3, -4), 2, "True")).toEqual([1, 3, 2, -4]);
    expect(values(">u2", "1,", Uint16Array.of(258), 2)).toEqual([258]);
    expect(values(">i8", "1,", BigInt64Array.of(-5n), 8)).toEqual([-5]);
  });

  it("takes no label for a class that is none, however large", async () => {
    const archive = async (labels: Uint8Array, classes = 3) => {
      put("data/b.npz", zipSync({ "x.npy": npy("<f4", "3, 1", Float32Array.of(1, 2, 3)), "y.npy": labels }));
      return faultText(await open("npz", ["../data/b.npz"], { classes }));
    };
    const wide = 2n ** 40n;
    // One after the other: each writes the file that it reads.
    const found = [
      await archive(npy("<i8", "3,", BigInt64Array.of(wide, wide + 1n, wide + 2n))),
      await archive(npy("<i8", "3,", BigInt64Array.of(0n, 2n ** 32n + 1n, 2n))),
      await archive(npy("<u8", "3,", BigUint64Array.of(0n, 1n, 2n ** 64n - 1n))),
      await archive(npy("<f8", "3,", Float64Array.of(0, 1, 1 + 2 ** -40))),
      await archive(npy("<f4", "3,", Float32Array.of(0, NaN, 1))),
      await archive(npy("<i8", "3,", BigInt64Array.of(1n, 2n, 3n))),
      await archive(npy("<i8", "", BigInt64Array.of(1n))),
    ];
    expect(found).toMatchInlineSnapshot(`
      [
        "M0725 the label of row 0 of ../data/b.npz/y is 1099511627776, but with 3 classes labels are 0…2 / correct the row (rows count from 0)",
        "M0725 the label of row 1 of ../data/b.npz/y is 4294967297, but with 3 classes labels are 0…2 / correct the row (rows count from 0)",
        "M0725 the label of row 2 of ../data/b.npz/y is 18446744073709552000, but with 3 classes labels are 0…2 / correct the row (rows count from 0)",
        "M0719 the label of row 2 of ../data/b.npz/y is 1.0000000000009095, not a whole number / leave classes: out for a loss on values, or correct the label",
        "M0719 the label of row 1 of ../data/b.npz/y is NaN, not a whole number / leave classes: out for a loss on values, or correct the label",
        "M0745 the labels of ../data/b.npz/y are 1…3, but labels count from 0: with 3 classes they are 0…2 / subtract 1 from every label in the file, or write the classes as names",
        "M0743 ../data/b.npz/y is one number, not a list of rows / give an array whose first axis counts the rows",
      ]
    `);
  });

  it("says what numbers are too large, and what is no list of rows", async () => {
    const archive = async (features: Uint8Array, options: DataSource["options"] = {}) => {
      put("data/c.npz", zipSync({ "x.npy": features }));
      return faultText(await open("npz", ["../data/c.npz"], options));
    };
    const found = [
      await archive(npy("<f8", "2, 2", Float64Array.of(1, 2, 3, 1e300))),
      await archive(npy("<f4", "2, 2", Float32Array.of(1, 2, 3, -1e38))),
      await archive(npy("<f4", "2, 2", Float32Array.of(1, 2, 3, -1e38)), { std: [1, 1e38] }),
      await archive(npy("<i4", "2, 2", Int32Array.of(1, 2, 3, 4)), { std: 1e-30 }),
      await archive(npy("<f4", "2, 2", Float32Array.of(1, 2, -Infinity, 4)), { std: 1e30 }),
      await archive(npy("<f8", "", Float64Array.of(1))),
      await archive(npy("<f8", "0, 2", new Float64Array())),
      await archive(npy("<f8", "2, 0", new Float64Array())),
    ];
    expect(found).toMatchInlineSnapshot(`
      [
        "M0742 element 1 of row 1 of ../data/c.npz/x is 1e+300, which is too large for f32 (at most 3.4e38) / correct the row (rows count from 0), or divide the numbers in the file",
        "M0750 element 1 of row 1 of ../data/c.npz/x is -9.999999680285692e+37: past 1e18, after mean and std, squares leave f32 / correct the row (rows count from 0), or bring the values near 1 with mean and std",
        "no fault",
        "M0750 element 0 of row 0 of ../data/c.npz/x is 1: past 1e18, after mean and std, squares leave f32 / correct the row (rows count from 0), or bring the values near 1 with mean and std",
        "M0714 element 0 of row 1 of ../data/c.npz/x is -Infinity / remove the row or fill the value in (rows count from 0)",
        "M0743 ../data/c.npz/x is one number, not a list of rows / give an array whose first axis counts the rows",
        "M0713 ../data/c.npz/x has no rows / give a data file with at least one row",
        "M0744 ../data/c.npz/x has shape [2, 0]: its rows hold no numbers / give an array with at least one number a row",
      ]
    `);
  });

  it("reads rank 3 in Fortran order", () => {
    const data = Int32Array.from({ length: 24 }, (_, i) => i);
    const { data: rows } = whole(read(npy("<i4", "2, 3, 4", data, { fortran: "True" })));
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++) expect(rows[(i * 3 + j) * 4 + k]).toBe(i + 2 * j + 6 * k);
  });

  it("opens archives by array name", async () => {
    put(
      "data/a.npz",
      zipSync({
        "x.npy": npy("<f4", "2, 1", Float32Array.of(1, 2)),
        "y.npy": npy("<i8", "2,", BigInt64Array.of(0n, 1n)),
      }),
    );
    const dataset = whole(await open("npz", ["../data/a.npz"], { classes: 2 }));
    expect([dataset.features[0].shape, dataset.labels[0]?.data]).toEqual([[2, 1], Int32Array.of(0, 1)]);
    expect(faultText(await open("npz", ["../data/a.npz"], { x: "z" }))).toMatchInlineSnapshot(
      `"M0726 ../data/a.npz has no array "z" / its arrays are x, y"`,
    );
  });

  it("opens a pair of files and names a NaN by its row", async () => {
    put("data/x.npy", npy("<f4", "2, 3", Float32Array.of(1, 2, 3, 4, NaN, 6)));
    put("data/y.npy", npy("<f8", "2,", Float64Array.of(0, 0.5)));
    put("data/ok.npy", npy("<f4", "2, 1", Float32Array.of(1, 2)));
    expect([
      faultText(await open("npy", ["../data/x.npy", "../data/y.npy"])),
      faultText(await open("npy", ["../data/ok.npy", "../data/y.npy"], { classes: 2 })),
    ]).toMatchInlineSnapshot(`
      [
        "M0714 element 1 of row 1 of ../data/x.npy is NaN / remove the row or fill the value in (rows count from 0)",
        "M0719 the label of row 1 of ../data/y.npy is 0.5, not a whole number / leave classes: out for a loss on values, or correct the label",
      ]
    `);
    expect(whole(await open("npy", ["../data/ok.npy", "../data/y.npy"])).labels[0]?.dtype).toBe("f32");
  });

  it("says what is wrong", () => {
    const good = npy("<f4", "2, 3", new Float32Array(6));
    const bad = (bytes: Uint8Array) => faultText(read(bytes)).split(" / ")[0];
    expect([
      bad(Uint8Array.of(1, 2, 3)),
      bad(Uint8Array.from(good, (byte, at) => (at === 6 ? 9 : byte))),
      bad(Uint8Array.from(good, (byte, at) => (at === 9 ? 200 : byte))),
      bad(good.subarray(0, good.length - 1)),
      bad(npy("<f4", "99999999, 99999999, 99999999", new Float32Array(6))),
      bad(npy("<c8", "3", new Float32Array(6))),
      bad(npy("<f4", "x", new Float32Array(6))),
      faultText(
        readNpz(bytesInMemory({ name: "f", bytes: Uint8Array.of(80, 75, 3, 4, 9) }), undefined),
      ).split(" / ")[0],
    ]).toMatchInlineSnapshot(`
      [
        "M0710 f is no whole npy file: it does not begin with \\x93NUMPY",
        "M0710 f is no whole npy file: its version is 9, known are 1 to 3",
        "M0710 f is no whole npy file: its header claims 51260 bytes, but 84 follow",
        "M0710 f is no whole npy file: its header says (2, 3) of <f4, which takes 24 bytes, but 23 follow",
        "M0710 f is no whole npy file: its header says (99999999, 99999999, 99999999) of <f4, which takes 3.999999880000001e+24 bytes, but 24 follow",
        "M0711 f holds the element type <c8, which is not supported",
        "M0710 f is no whole npy file: its header is not {'descr': …, 'fortran_order': …, 'shape': …}",
        "M0710 f is no whole npz file: it has no directory of its files",
      ]
    `);
  });
});

describe("several arrays of a row", () => {
  const archive = (arrays: Readonly<Record<string, Uint8Array>>) => {
    put("data/several.npz", zipSync(arrays));
    return (options: DataSource["options"]) => open("npz", ["../data/several.npz"], options);
  };
  const left = npy("|u1", "2, 2", Uint8Array.of(0, 255, 51, 102));
  const right = npy("<f4", "2, 1", Float32Array.of(0.5, -3));
  const id = npy("<i4", "2,", Int32Array.of(1, 0));
  const weight = npy("<f8", "2,", Float64Array.of(0.25, 4));

  it("are named as lists, in the order of the inputs", async () => {
    const read = archive({ "left.npy": left, "right.npy": right, "id.npy": id, "weight.npy": weight });
    const dataset = whole(await read({ x: ["left", "right"], y: ["id", "weight"], classes: 2 }));
    const { features, labels } = gatherBatch(dataset, [1]);
    expect(features.map(({ data }) => [...data])).toEqual([
      [51, 102].map((byte) => Math.fround(byte / 255)),
      [-3],
    ]);
    expect(labels.map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ["i32", 0],
      ["f32", 4],
    ]);
    expect(dataset.labels.map(({ classes }) => classes)).toEqual([2, undefined]);
    const few = whole(
      await open("npz", ["../data/several.npz"], { x: ["left", "right"], y: "id", classes: 2 }, 1),
    );
    expect(few.features.map(({ shape }) => shape[0])).toEqual([1, 1]);
  });

  it("have as many rows, and no more numbers of classes than labels", async () => {
    const short = npy("<f4", "1, 1", Float32Array.of(0.5));
    const read = archive({ "left.npy": left, "short.npy": short, "id.npy": id });
    expect([
      faultText(await read({ x: ["left", "short"] })),
      faultText(await read({ x: ["left", "none"] })),
      faultText(await read({ x: "left", y: ["id"], classes: [2, 3] })),
      faultText(await read({ x: [] })),
    ]).toMatchInlineSnapshot(`
      [
        "M0762 ../data/several.npz/left has 2 rows and ../data/several.npz/short has 1 / give as many in each: the n-th row of one belongs to the n-th of the other",
        "M0726 ../data/several.npz has no array "none" / its arrays are left, short, id",
        "M0709 classes of npz is [2,3], but it must be no more numbers than there are labels (1) / change classes in the source, or leave it out",
        "M0709 x of npz is [], but it must be a string or a list of strings / change x in the source, or leave it out",
      ]
    `);
  });

  it("are columns of a table", async () => {
    put("data/columns.csv", "a,b,kind,weight\n1,2,x,0.5\n3,4,y,2\n");
    const read = (options: DataSource["options"]) => open("csv", ["../data/columns.csv"], options);
    const dataset = whole(await read({ label: ["kind", "weight"], classes: 2 }));
    const { features, labels } = gatherBatch(dataset, [0, 1]);
    expect([...features, ...labels].map(({ data }) => [...data])).toEqual([
      [1, 2, 3, 4],
      [0, 1],
      [0.5, 2],
    ]);
    expect(dataset.labels[0]?.classNames).toEqual(["x", "y"]);
    expect([
      faultText(await read({ label: ["kind", "wieght"], classes: 2 })),
      faultText(await read({ label: ["weight", "kind"], classes: 2 })),
      faultText(await read({ label: "kind", classes: [2, 2] })),
    ]).toMatchInlineSnapshot(`
      [
        "M0717 ../data/columns.csv has no column "wieght" / its columns are a, b, kind, weight",
        "M0719 the label of row 0 of ../data/columns.csv is 0.5, not a whole number / leave classes: out for a loss on values, or correct the label",
        "M0709 classes of csv is [2,2], but it must be no more numbers than there are labels (1) / change classes in the source, or leave it out",
      ]
    `);
  });
});

describe("csv and json", () => {
  const iris = "length,species,width\n1.5,b,2\n-2e-1,a,.5\n3,b,4\n";

  it("reads columns, sorts class names and skips blank lines", async () => {
    put("data/iris.csv", `\ufeff${iris.replaceAll("\n", "\r\n")}\r\n`);
    const dataset = whole(await open("csv", ["../data/iris.csv"], { label: "species", classes: 2 }));
    expect(dataset.labels[0]?.classNames).toEqual(["a", "b"]);
    expect([...(dataset.labels[0]?.data ?? [])]).toEqual([1, 0, 1]);
    expect([...dataset.features[0].data]).toEqual([1.5, 2, -0.2, 0.5, 3, 4].map(Math.fround));
  });

  it("takes named columns, positions, values as labels and files without a header", async () => {
    put("data/plain.csv", "1,2,3\n4,5,6\n");
    const plain = whole(await open("csv", ["../data/plain.csv"], { header: false, label: 0, columns: [2] }));
    expect([plain.labels[0], [...plain.features[0].data]]).toEqual([
      { dtype: "f32", shape: [2], data: Float32Array.of(1, 4) },
      [3, 6],
    ]);
  });

  it("reads rows of JSON", async () => {
    put(
      "data/rows.json",
      JSON.stringify([
        [1, 2, "x"],
        [3, 4, "y"],
      ]),
    );
    put(
      "data/objects.json",
      JSON.stringify([
        { a: 1, b: 0 },
        { b: 1, a: 2 },
      ]),
    );
    expect(whole(await open("json", ["../data/rows.json"], { classes: 2 })).labels[0]?.classNames).toEqual([
      "x",
      "y",
    ]);
    expect([...whole(await open("json", ["../data/objects.json"], { classes: 2 })).features[0].data]).toEqual(
      [1, 2],
    );
  });

  it("takes labels for numbers where all are, else for names", async () => {
    const read = async (...labels: readonly string[]) => {
      const rows = labels.map((label) => ({ x: 1, y: label }));
      put("data/labels.csv", ["x,y", ...rows.map(({ x, y }) => `${x},${y}`)].join("\n"));
      put("data/labels.json", JSON.stringify(rows));
      const [csv, json] = [
        await open("csv", ["../data/labels.csv"], { classes: 3 }),
        await open("json", ["../data/labels.json"], { classes: 3 }),
      ];
      const text = (dataset: typeof csv) =>
        isFault(dataset)
          ? faultText(dataset).replaceAll(/labels\.(csv|json)/g, "F")
          : `${dataset.labels[0]?.data.join()} ${dataset.labels[0]?.classNames?.join() ?? "numbers"}`;
      expect(text(csv)).toBe(text(json));
      return text(csv);
    };
    const found = [
      await read("0", "2", "1"),
      await read("0.0", "2.0", "1e0"),
      await read("10", "2", "b"),
      await read("true", "false", "2"),
      await read("0", "1", ".5"),
      await read("-1", "0", "1"),
      await read("1", "2", "3"),
      await read("0", "1", "7"),
      await read("0", "1", "nan"),
      await read("0", "1", "-inf"),
      await read("nan", "inf", "a"),
    ];
    expect(found).toMatchInlineSnapshot(`
      [
        "0,2,1 numbers",
        "0,2,1 numbers",
        "0,1,2 10,2,b",
        "2,1,0 2,false,true",
        "M0719 the label of row 2 of ../data/F is 0.5, not a whole number / leave classes: out for a loss on values, or correct the label",
        "M0725 the label of row 0 of ../data/F is -1, but with 3 classes labels are 0…2 / correct the row (rows count from 0)",
        "M0745 the labels of ../data/F are 1…3, but labels count from 0: with 3 classes they are 0…2 / subtract 1 from every label in the file, or write the classes as names",
        "M0725 the label of row 2 of ../data/F is 7, but with 3 classes labels are 0…2 / correct the row (rows count from 0), or write classes: 8 if there are more classes",
        "M0719 the label of row 2 of ../data/F is NaN, not a whole number / leave classes: out for a loss on values, or correct the label",
        "M0719 the label of row 2 of ../data/F is -Infinity, not a whole number / leave classes: out for a loss on values, or correct the label",
        "2,1,0 a,inf,nan",
      ]
    `);
  });

  it("takes numbers of JSON as it takes numbers in text", async () => {
    const read = async (...labels: readonly unknown[]) => {
      put("data/values.json", JSON.stringify(labels.map((label) => [1, label])));
      const dataset = await open("json", ["../data/values.json"], { classes: 2 });
      return isFault(dataset) ? dataset.code : [...(dataset.labels[0]?.data ?? [])];
    };
    expect(await read(1, 0)).toEqual([1, 0]);
    expect(await read(true, false)).toEqual([1, 0]);
    expect(await read(0, 0.5)).toBe("M0719");
    expect(await read(0, -1)).toBe("M0725");
    expect(await read(0, 2 ** 32)).toBe("M0725");
  });

  it("keeps the label out of the features", async () => {
    put("data/answer.csv", "x,y\n1,0\n2,1\n");
    const columns = ["x", "y"];
    const read = (options: DataSource["options"]) =>
      open("csv", ["../data/answer.csv"], { columns, ...options });
    expect([
      faultText(await read({ classes: 2 })),
      faultText(await read({ label: 0 })),
      faultText(await read({ label: "y", columns: [] })),
      faultText(await read({})),
    ]).toMatchInlineSnapshot(`
      [
        "M0749 "y" of ../data/answer.csv is the label and among the columns of features: the model would read the answer / leave it out of columns: [...], or name another column with label: …",
        "no fault",
        "M0709 columns of csv is [], but it must be a name or a position, or a list of them / change columns in the source, or leave it out",
        "no fault",
      ]
    `);
  });

  it("notes names of columns that may be a row", async () => {
    const notes = async (header: string, options: DataSource["options"] = {}) => {
      put("data/header.csv", `${header}\n1,2,3\n`);
      const told: string[] = [];
      const context = { directory: join(root, "models"), root, note: (text: string) => told.push(text) };
      whole(await openDataset({ reader: "csv", files: ["../data/header.csv"], options }, context));
      return told.length;
    };
    expect(await notes("5.1,3.5,0")).toBe(1);
    expect(await notes("0,1,2")).toBe(0);
    expect(await notes("x,1,2")).toBe(0);
    expect(await notes("2023,2024,2025", { header: true })).toBe(0);
    expect(await notes("5.1,3.5,0", { header: false })).toBe(0);
  });

  it("counts lines where cells have several, and names none where rows share one", async () => {
    put("data/long.csv", 'x,note,y\n1,"a\nb",0\n2,"c\r\nd\n",1\n\nz,e,1\n');
    const columns = ["x"];
    expect(faultText(await open("csv", ["../data/long.csv"], { columns, classes: 2 }))).toContain(
      'column "x" of row 2 (line 8) of ../data/long.csv is "z"',
    );
    put("data/flat.json", '[[1,0],["z",1]]');
    expect(faultText(await open("json", ["../data/flat.json"], { classes: 2 }))).toContain(
      'column "0" of row 1 of ../data/flat.json is "z"',
    );
  });

  it("says which cell is wrong", async () => {
    // A reader of one file has read it when the call returns.
    const bad = async (text: string, options: DataSource["options"] = { label: "species", classes: 2 }) => {
      put("data/bad.csv", text);
      return faultText(await open("csv", ["../data/bad.csv"], options));
    };
    expect(
      await Promise.all([
        bad(""),
        bad("a,b\n"),
        bad(iris.replace("3,b,4", "3,b,")),
        bad(iris.replace("3,b,4", "3,b,nan")),
        bad(iris.replace("3,b,4", "3,b,1e99")),
        bad(iris.replace("3,b,4", "3,b,-1e999")),
        bad(iris.replace("3,b,4", "3,b,1e38")),
        bad(iris.replace("3,b,4", "3,,4")),
        bad(iris.replace("3,b,4", "3,b,4,5")),
        bad(iris.replace("3,b,4", '3,"b,4')),
        bad(iris, { label: "kind", classes: 2 }),
        bad(iris, { label: "species", classes: 3 }),
        bad(iris, { label: "species", columns: ["height"], classes: 2 }),
        bad("a,a\n1,2\n"),
        bad("x,y\n1,0\n2,5\n", { label: "y", classes: 2 }),
      ]),
    ).toMatchInlineSnapshot(`
      [
        "M0713 ../data/bad.csv has no rows / give a data file with at least one row",
        "M0713 ../data/bad.csv has no rows / give a data file with at least one row",
        "M0715 column "width" of row 2 (line 4) of ../data/bad.csv is empty / remove the row, fill the value in, or leave the column out with columns: [...]",
        "M0715 column "width" of row 2 (line 4) of ../data/bad.csv is "nan", not a number / remove the row, fill the value in, or leave the column out with columns: [...]",
        "M0742 column "width" of row 2 (line 4) of ../data/bad.csv is 1e99, which is too large for f32 (at most 3.4e38) / correct the row (rows count from 0), or divide the numbers in the file",
        "M0742 column "width" of row 2 (line 4) of ../data/bad.csv is -1e999, which is too large for f32 (at most 3.4e38) / correct the row (rows count from 0), or divide the numbers in the file",
        "M0750 column "width" of row 2 (line 4) of ../data/bad.csv is 1e38: past 1e18, after mean and std, squares leave f32 / correct the row (rows count from 0), or bring the values near 1 with mean and std",
        "M0715 column "species" of row 2 (line 4) of ../data/bad.csv is empty / remove the row, fill the value in, or leave the column out with columns: [...]",
        "M0716 row 2 (line 4) of ../data/bad.csv has 4 cells, the others have 3 / mend the row, or quote cells that hold a comma",
        "M0710 ../data/bad.csv is no whole CSV file: Quoted field unterminated (row 4 of the file) / write a quote inside a cell twice, and close each quote that begins a cell: "5"" wide"",
        "M0717 ../data/bad.csv has no column "kind" / its columns are length, species, width",
        "M0718 ../data/bad.csv has 2 classes, but the source says classes: 3 / write classes: 2 (a, b)",
        "M0717 ../data/bad.csv has no column "height" / its columns are length, species, width",
        "M0710 ../data/bad.csv is no whole CSV file: its first line names the column "a" twice / give each column a name of its own, or write header: false where the first line is a row",
        "M0725 the label of row 1 of ../data/bad.csv is 5, but with 2 classes labels are 0…1 / correct the row (rows count from 0), or write classes: 6 if there are more classes",
      ]
    `);
  });

  it("reads JSON Lines, a row a line", async () => {
    put("data/lists.jsonl", "\n[1,0]\r\n\n[2,1]\n");
    const lists = whole(await open("json", ["../data/lists.jsonl"], { classes: 2 }));
    expect([[...lists.features[0].data], [...(lists.labels[0]?.data ?? [])]]).toEqual([
      [1, 2],
      [0, 1],
    ]);
    const objects = async (...lines: readonly string[]) => {
      put("data/objects.jsonl", lines.join("\n"));
      return open("json", ["../data/objects.jsonl"], { label: "b", columns: ["a"], classes: 2 });
    };
    const named = whole(await objects('{"a":1,"b":0}', '{"b":1,"a":2,"note":"x"}'));
    expect([[...named.features[0].data], [...(named.labels[0]?.data ?? [])]]).toEqual([
      [1, 2],
      [0, 1],
    ]);
    expect(faultText(await objects('{"a":1,"b":0}', '{"b":1,"note":"x"}'))).toContain(
      'M0715 column "a" of row 1 (line 2) of ../data/objects.jsonl is empty',
    );
  });

  it("says how JSON is to be written", async () => {
    const bad = async (text: string) => {
      put("data/bad.json", text);
      return faultText(await open("json", ["../data/bad.json"]));
    };
    const found = [
      await bad("{}"),
      await bad('{"meta":1,"data":[[1,0]]}'),
      await bad("3"),
      await bad("[]"),
      await bad("[1,2]"),
      await bad('[[1,2],{"a":1}]'),
      await bad('[{"a":1,"b":2},[1,2]]'),
      await bad("[[1,NaN]]"),
      await bad('{"a":1,"b":2}\n{"a":1,\n'),
    ];
    expect(found).toMatchInlineSnapshot(`
      [
        "M0710 ../data/bad.json is no whole JSON file: it is an object (empty), not a list of rows / write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line",
        "M0710 ../data/bad.json is no whole JSON file: it is an object (of meta, data), not a list of rows / write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line",
        "M0710 ../data/bad.json is no whole JSON file: it is one value, not a list of rows / write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line",
        "M0713 ../data/bad.json has no rows / give a data file with at least one row",
        "M0710 ../data/bad.json is no whole JSON file: row 0 is 1, not a list or an object / write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line",
        "M0710 ../data/bad.json is no whole JSON file: row 1 is an object, not a list / write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line",
        "M0710 ../data/bad.json is no whole JSON file: row 1 is a list, not an object / write the rows as a list, [[5.1, 0.2, "setosa"], …] or [{"length": 5.1, "kind": "setosa"}, …], or one row a line",
        "M0710 ../data/bad.json is no whole JSON file: Unexpected token 'N', "[[1,NaN]]" is not valid JSON / mend it there, or take another copy of it; JSON has no NaN, no comments and no comma at the end",
        "M0710 ../data/bad.json is no whole JSON Lines file: line 2: Expected double-quoted property name in JSON at position 7 / write one whole row a line",
      ]
    `);
  });

  it("says what a file really is", async () => {
    const bad = async (reader: string, content: Uint8Array | string) => {
      put("data/other", content);
      return faultText(await open(reader, ["../data/other"]));
    };
    const array = npy("<f4", "1,", Float32Array.of(1));
    const found = [
      await bad("csv", Buffer.from("name,y\nJosé,1\n", "latin1")),
      await bad("json", Buffer.from('[["José",1]]', "latin1")),
      await bad("csv", Buffer.from("\ufeffx,y\n1,2\n", "utf16le")),
      await bad("csv", Buffer.from("x,y\n1,2\n", "utf16le")),
      await bad("csv", zipSync({ "x.npy": array })),
      await bad("json", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10)),
      await bad("npz", array),
      await bad("npy", zipSync({ "x.npy": array })),
      await bad("idx", array),
      await bad("npz", labels),
    ];
    expect(found).toMatchInlineSnapshot(`
      [
        "M0710 ../data/other is no whole CSV file: line 2 is not UTF-8 text / save it as UTF-8: it may be in Latin-1, in UTF-16 or no text at all",
        "M0710 ../data/other is no whole JSON file: line 1 is not UTF-8 text / save it as UTF-8: it may be in Latin-1, in UTF-16 or no text at all",
        "M0710 ../data/other is no whole CSV file: it is UTF-16 text, not UTF-8 / save it as UTF-8",
        "M0710 ../data/other is no whole CSV file: line 1 is not UTF-8 text / save it as UTF-8: it may be in Latin-1, in UTF-16 or no text at all",
        "M0710 ../data/other is no whole CSV file: it is a zip archive, as npz and xlsx files are / read an npz archive with npz(…), save a spreadsheet as CSV, and unpack any other archive",
        "M0710 ../data/other is no whole JSON file: it is a PNG image / images are read from folders: images("…")",
        "M0710 ../data/other is no whole npz file: it is one NumPy array (npy) / read it with npy(…)",
        "M0710 ../data/other is no whole npy file: it is a zip archive, as npz and xlsx files are / read an npz archive with npz(…), save a spreadsheet as CSV, and unpack any other archive",
        "M0710 ../data/other is no whole IDX file: it is one NumPy array (npy) / read it with npy(…)",
        "M0710 ../data/other is no whole npz file: it does not begin with PK / it may be cut off or of another kind; take another copy of it",
      ]
    `);
    expect(await bad("csv", "ä,\ufffd\n1,2\n")).toBe("no fault");
  });

  it("says how labels that are names, and files with nothing else, can be read", async () => {
    put("data/iris.csv", iris);
    put("data/nan.csv", "x,y\n1,2\n3,nan\n");
    put("data/one.csv", "y\n1\n2\n");
    expect([
      faultText(await open("csv", ["../data/iris.csv"], { label: "species" })),
      faultText(await open("csv", ["../data/nan.csv"])),
      faultText(await open("csv", ["../data/one.csv"])),
    ]).toMatchInlineSnapshot(`
      [
        "M0747 the label in column "species" of row 0 (line 2) of ../data/iris.csv is "b", not a number / write classes: … where labels are names of classes, or name another column with label: …",
        "M0715 column "y" of row 1 (line 3) of ../data/nan.csv is "nan", not a number / remove the row, fill the value in, or leave the column out with columns: [...]",
        "M0748 ../data/one.csv has no column besides the label "y" / give a file with columns of numbers, or name the label with label: … and the features with columns: [...]; cells of CSV are set apart by commas, semicolons, tabs or |",
      ]
    `);
  });
});

describe("text", () => {
  it("reads a folder of classes, samples split in the same way every time", async () => {
    const paragraph = (word: string, at: number) => `<p>${`${word} ${at} `.repeat(8)}&amp; <b>more</b></p>`;
    for (const word of ["één", "zwei"])
      put(
        `texts/${word}.html`,
        `<h1>x</h1>${[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => paragraph(word, at)).join("\n")}`,
      );
    const [all, train, held] = await Promise.all(
      (["all", "train", "holdout"] as const).map(async (part) =>
        whole(await open("text", ["../texts"], { size: 64, part, classes: 2 })),
      ),
    );
    expect([all, train, held].map((dataset) => dataset?.features[0].shape)).toEqual([
      [20, 64],
      [16, 64],
      [4, 64],
    ]);
    expect(all?.labels[0]?.classNames).toEqual(["zwei", "één"]);
    const norm = Array.from(
      gatherBatch(all ?? whole(await open("text", ["../texts"])), [3]).features[0].data,
    ).reduce((sum, value) => sum + value * value, 0);
    expect(norm).toBeCloseTo(1, 5);
  });

  it("takes no text that is not UTF-8, and says how JSON is to be written", async () => {
    put("latin/fr.txt", Buffer.from("un texte de cet été", "latin1"));
    put("data/numbers.json", '{"a": [1, 2]}');
    expect([
      faultText(await open("text", ["../latin"])),
      faultText(await open("text", ["../data/numbers.json"])),
    ]).toMatchInlineSnapshot(`
      [
        "M0710 ../latin/fr.txt is no whole text file: line 1 is not UTF-8 text / save it as UTF-8: it may be in Latin-1, in UTF-16 or no text at all",
        "M0710 ../data/numbers.json is no whole JSON file: "a" is not a list of texts / write {"english": ["a text", …], "german": ["ein Text", …], …}",
      ]
    `);
  });

  it("cuts windows, takes a range of classes and JSON", async () => {
    put("data/t.json", JSON.stringify({ b: ["x".repeat(50)], a: ["y".repeat(50)], c: ["short"] }));
    const dataset = whole(await open("text", ["../data/t.json"], { size: 16, window: 25 }));
    expect([dataset.labels[0]?.classNames, dataset.features[0].shape]).toEqual([
      ["a", "b"],
      [4, 16],
    ]);
    expect(
      whole(await open("text", ["../data/t.json"], { size: 16, first: 2 })).labels[0]?.classNames,
    ).toEqual(["b"]);
    expect([
      faultText(await open("text", ["../data/t.json"], { classes: 5 })),
      faultText(await open("text", ["../data/t.json"], { holdout: 0, part: "holdout" })),
      faultText(await open("text", ["../data"], {})),
      faultText(await open("text", ["../data/rows.json"], {})),
    ]).toMatchInlineSnapshot(`
      [
        "M0718 ../data/t.json has 2 classes, but the source says classes: 5 / write classes: 2 (a, b)",
        "M0728 ../data/t.json gives no rows: no sample is long enough, or all are held out / lower \`paragraphs\` or \`characters\`, or give longer texts",
        "M0728 ../data gives no rows: the folder has no .html or .txt files / lower \`paragraphs\` or \`characters\`, or give longer texts",
        "M0710 ../data/rows.json is no whole JSON file: it is not an object of class names and lists of texts / write {"english": ["a text", …], "german": ["ein Text", …], …}",
      ]
    `);
  });

  it("decodes paragraphs and hashes the same text to the same place", () => {
    expect(htmlParagraphs("<p class='x'>a &lt; b &#233; &#x1F600; &nope;</p><p>\n c <i>d</i></p>")).toEqual([
      "a < b é 😀 &nope;",
      "c d",
    ]);
    const [a, b, c] = [new Float32Array(256), new Float32Array(256), new Float32Array(256)];
    hashText("Größe  ist", 3, a);
    hashText(" größe ist", 3, b);
    hashText("kleiner", 3, c);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
});

describe("bytes of any kind", () => {
  const ofArray = (array: StoredArray | RuntimeFault) => (isFault(array) ? array : loaded(array));
  const archive = zipSync({ "x.npy": npy("<f4", "2, 1", Float32Array.of(1, 2)) });
  const readers: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    ["idx", images, (bytes) => ofArray(readIdx(bytesInMemory({ name: "f", bytes })))],
    ["gzip", gzipSync(images), (bytes) => unpack({ name: "f", bytes })],
    [
      "npy",
      npy("<f4", "2, 3", new Float32Array(6)),
      (bytes) => ofArray(readNpy(bytesInMemory({ name: "f", bytes }))),
    ],
    ["npz", archive, (bytes) => ofArray(readNpz(bytesInMemory({ name: "f", bytes }), "x"))],
    ["csv", new TextEncoder().encode("a,b\n1,2\n"), (bytes) => readCsv({ name: "f", bytes })],
    ["json", new TextEncoder().encode('[{"a":1,"b":2}]'), (bytes) => readJsonRows({ name: "f", bytes })],
  ];
  it.each(readers)("%s returns a value or a fault", (_, good, read) => {
    expect(isFault(read(good))).toBe(false);
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 });
    fc.assert(
      fc.property(flips, fc.nat(good.length), (changes, length) => {
        const broken = good.slice(0, length);
        for (const [at, byte] of changes) if (at < length) broken[at] = byte;
        read(broken);
      }),
      { numRuns: 300 },
    );
  });
});
