/** Several readers whose rows lie side by side: the rows of one archive, whichever of them are taken and wherever they are kept. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Dataset, gatherBatch, rowCount } from "../../../runtime/dataset.ts";
import type { DataSource, DataSources } from "../../../runtime/program.ts";
import { type DataContext, openDataset } from "../../../src/data/index.ts";
import { writeNpz } from "../../../src/values/npz.ts";
import { faultText, whole } from "../../support/datasets.ts";
import { photoNames, writePhotos } from "../../support/photos.ts";

const outer = mkdtempSync(join(tmpdir(), "margo-beside-"));
const root = join(outer, "workspace");
vi.stubEnv("MARGO_CACHE", join(outer, "cache"));
beforeAll(async () => {
  await writePhotos(root);
  writeFileSync(join(root, "table.csv"), "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n11,12\n");
  const tokens = { dtype: "f32", shape: [5, 4], data: new Float32Array(20) } as const;
  writeFileSync(join(root, "short.npz"), writeNpz({ tokens }));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(outer, { recursive: true, force: true });
});

const named = (reader: string, file: string, options: DataSource["options"] = {}): DataSource => ({
  reader,
  files: [file],
  options,
});

const photos = named("images", "photos", { classes: 2 });
const captions = named("npz", "captions.npz", { x: "tokens", y: "weight" });
const archive = named("npz", "whole.npz", { x: ["pixels", "tokens"], y: ["class", "weight"], classes: 2 });

const open = (data: DataSources, changes: Partial<DataContext> = {}) =>
  openDataset(data, { directory: root, root, ...changes });

const rowsOf = (dataset: Dataset) => {
  const rows = Array.from({ length: rowCount(dataset) }, (_, row) => row);
  const { features, labels } = gatherBatch(dataset, rows);
  return { features, labels };
};

describe("readers side by side", () => {
  it("give the rows of one archive, with the names of photos and of their classes", async () => {
    const dataset = whole(await open([photos, captions]));
    expect(rowsOf(dataset)).toEqual(rowsOf(whole(await open(archive))));
    expect(dataset.source).toBe("photos and captions.npz/tokens");
    expect(dataset.rowNames).toEqual(photoNames.map((name) => `photos/${name}`));
    expect(dataset.labels.map(({ source, classNames }) => [source, classNames])).toEqual([
      ["photos", ["cats", "dogs"]],
      ["captions.npz/tokens", undefined],
    ]);
  });

  it.each([1, 2, 4, 5])("of which %i are those of the archive", async (limit) => {
    expect(rowsOf(whole(await open([photos, captions], { limit })))).toEqual(
      rowsOf(whole(await open(archive, { limit }))),
    );
  });

  it("are chosen by the first labels of all, wherever these are in the list", async () => {
    const choose: DataContext["choose"] = (labels, limit) =>
      Array.from({ length: labels.length }, (_, row) => row)
        .filter((row) => labels[row] === 1)
        .slice(0, limit);
    const few = { limit: 2, choose };
    const silent = named("npz", "captions.npz", { x: "tokens" });
    for (const data of [
      [photos, silent],
      [silent, photos],
    ] as const)
      expect(whole(await open(data, few)).rowNames).toEqual(["photos/dogs/1.png", "photos/dogs/a.png"]);
  });

  it("stay in their files and caches where they are too many for memory", async () => {
    const dataset = whole(await open([photos, captions], { memoryBytes: 0, limit: 4 }));
    expect(dataset.features.map(({ stored }) => stored === undefined)).toEqual([false, false]);
    expect(rowsOf(dataset)).toEqual(rowsOf(whole(await open(archive, { limit: 4 }))));
    // The memory is for all of them: 72 bytes of pixels fit into a half of 150, 96 of tokens do not.
    const some = whole(await open([photos, captions], { memoryBytes: 150 }));
    expect(some.features.map(({ stored }) => stored === undefined)).toEqual([true, false]);
  });

  it("give only labels that they speak of; a table has only features then", async () => {
    const folders = named("images", "photos");
    const table = named("csv", "table.csv");
    const silent = whole(await open([folders, table]));
    expect(silent.labels).toEqual([]);
    expect(silent.features[1]?.shape).toEqual([6, 2]);
    const told = whole(await open([folders, named("csv", "table.csv", { label: "a" })]));
    expect([told.features[1]?.shape, [...(told.labels[0]?.data ?? [])]]).toEqual([
      [6, 1],
      [1, 3, 5, 7, 9, 11],
    ]);
    // Alone each has the labels that it has.
    expect(whole(await open(folders)).labels[0]?.classNames).toEqual(["cats", "dogs"]);
    expect(whole(await open([table])).features[0].shape).toEqual([6, 1]);
  });

  it("have as many rows, and files that can be read", async () => {
    const short = named("npz", "short.npz", { x: "tokens" });
    writeFileSync(
      join(root, "x.npy"),
      Buffer.from([
        ...Buffer.from("\x93NUMPY\x01\x00\x3b\x00", "latin1"),
        ...Buffer.from("{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}".padEnd(58) + "\n"),
        ...[0, 1, 2, 3, 4, 5],
      ]),
    );
    expect([
      faultText(await open([photos, short])),
      faultText(await open([photos, short], { limit: 3 })),
      faultText(await open([photos, captions, named("csv", "none.csv")])),
      faultText(await open([photos, named("npy", "x.npy", { classes: 3 })])),
      faultText(await open([named("images", "photos/cats", { classes: 2 }), short])),
      faultText(await open([photos, named("npz", "captions.npz", { x: "tokens", classes: 3 })])),
    ]).toMatchInlineSnapshot(`
      [
        "M0762 photos has 6 rows and short.npz/tokens has 5 / give as many in each: the n-th row of one belongs to the n-th of the other",
        "M0762 photos has 6 rows and short.npz/tokens has 5 / give as many in each: the n-th row of one belongs to the n-th of the other",
        "M0701 there is no file or folder none.csv / beside it are captions.npz, photos, short.npz, table.csv, whole.npz, x.npy",
        "M0764 x.npy has no labels, but classes: … speaks of some / name the file of the labels behind that of the features, or leave classes out",
        "M0735 photos/cats gives no images: its images lie in no folders of their classes, and the source speaks of classes / images lie in a folder for each class: faces/anna/1.png, faces/ben/1.png",
        "M0726 captions.npz has no array "y" / its arrays are tokens, weight",
      ]
    `);
  });
});
