/** Features that are too many for memory: rows read from npy, npz and IDX files as they are wanted, against the same in memory. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import { gatherBatch, spreadRows, takeRows } from "../../../runtime/dataset.ts";
import type { DataSource } from "../../../runtime/program.ts";
import { type DataContext, openDataset } from "../../../src/data/index.ts";
import { bytesInMemory } from "../../../src/data/byte-source.ts";
import { openEntry, zipEntries } from "../../../src/data/zip.ts";
import { faultText, whole } from "../../support/datasets.ts";

const root = mkdtempSync(join(tmpdir(), "margo-rows-"));
afterAll(() => rmSync(root, { recursive: true }));

function npy(descr: string, shape: readonly number[], data: ArrayBufferView, fortran = "False"): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape.join(", ")},), }`;
  const header = new TextEncoder().encode(text.padEnd(117) + "\n");
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  bytes.set(header, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

function open(reader: string, files: readonly string[], options: DataSource["options"], few?: number) {
  const context: DataContext = { directory: root, root, ...(few === undefined ? {} : { memoryBytes: few }) };
  return openDataset({ reader, files, options }, context);
}

function put(name: string, bytes: Uint8Array): string {
  writeFileSync(join(root, name), bytes);
  return name;
}

const values = Array.from({ length: 12 }, (_, at) => (at * 37) % 101);
const labels = BigInt64Array.of(0n, 1n, 2n, 1n);
const archived = {
  "x.npy": npy("<f4", [4, 3], Float32Array.from(values)),
  "y.npy": npy("<i8", [4], labels),
};

const files: readonly (readonly [string, string, readonly string[], DataSource["options"]])[] = [
  ...(
    [
      ["<f4", Float32Array.from(values, (value) => value / 8)],
      ["<f8", Float64Array.from(values, (value) => value / 3)],
      ["|u1", Uint8Array.from(values)],
      ["|i1", Int8Array.from(values)],
      ["<i8", BigInt64Array.from(values, BigInt)],
      ["<u8", BigUint64Array.from(values, (value) => BigInt(value) << 40n)],
    ] as const
  ).map(
    ([descr, data]) =>
      [
        `npy ${descr}`,
        "npy",
        [put(`x${descr.slice(1)}.npy`, npy(descr, [4, 3], data)), put("y.npy", npy("<i8", [4], labels))],
        { classes: 3 },
      ] as const,
  ),
  ["npz", "npz", [put("a.npz", zipSync(archived, { level: 0 }))], { classes: 3, mean: 3, std: [1, 2, 4] }],
  ["npz, packed", "npz", [put("b.npz", zipSync(archived))], { classes: 3 }],
  ["IDX", "idx", [put("images", Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 3, ...values))], {}],
];

describe.each(files)("%s", (_, reader, names, options) => {
  test("rows read one by one are those that are read at once", async () => {
    const inMemory = whole(await open(reader, names, options));
    const stored = whole(await open(reader, names, options, 1));
    expect([stored.features[0].data.length, stored.features[0].stored]).toEqual([0, expect.anything()]);
    expect([stored.features[0].dtype, stored.features[0].shape, stored.labels]).toEqual([
      inMemory.features[0].dtype,
      inMemory.features[0].shape,
      inMemory.labels,
    ]);
    const rows = [3, 0, 3, 1];
    expect(gatherBatch(stored, rows)).toEqual(gatherBatch(inMemory, rows));
    expect(gatherBatch(spreadRows(stored, 2), [1])).toEqual(gatherBatch(spreadRows(inMemory, 2), [1]));
    expect(gatherBatch(takeRows(stored, [2, 1]), [0])).toEqual(gatherBatch(takeRows(inMemory, [2, 1]), [0]));
  });
});

test("what cannot be trained on is named as it is of rows in memory", async () => {
  const spoiled = Float32Array.from(values);
  spoiled[7] = NaN;
  const names = [put("nan.npy", npy("<f4", [4, 3], spoiled))];
  expect(faultText(await open("npy", names, {}, 1))).toBe(faultText(await open("npy", names, {})));
  expect(
    faultText(await open("npy", [put("flat.npy", npy("<f4", [0], new Float32Array()))], {}, -1)),
  ).toContain("M0713");
  const columns = [put("columns.npy", npy("<f4", [4, 3], Float32Array.from(values), "True"))];
  expect(faultText(await open("npy", columns, {}, 1))).toMatch(/^M0753 columns.npy .* np.ascontiguousarray/);
});

/** The same archive with the sizes and places of 64 bits that NumPy writes for large arrays. */
function asZip64(archive: Uint8Array, names: readonly string[]): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - 22;
  const from = view.getUint32(end + 16, true);
  const parts: Uint8Array[] = [archive.slice(0, from)];
  let at = from;
  for (const name of names) {
    const entry = archive.slice(at, at + 46 + name.length);
    const own = new DataView(entry.buffer);
    const extra = new Uint8Array(28);
    const wide = new DataView(extra.buffer);
    wide.setUint16(0, 1, true);
    wide.setUint16(2, 24, true);
    for (const [place, field] of [24, 20, 42].entries()) {
      wide.setBigUint64(4 + 8 * place, BigInt(own.getUint32(field, true)), true);
      own.setUint32(field, 0xffffffff, true);
    }
    own.setUint16(30, 28, true);
    parts.push(entry, extra);
    at += 46 + name.length;
  }
  const size = parts.slice(1).reduce((sum, { length }) => sum + length, 0);
  const tail = new Uint8Array(56 + 20 + 22);
  const last = new DataView(tail.buffer);
  last.setUint32(0, 0x06064b50, true);
  last.setBigUint64(32, BigInt(names.length), true);
  last.setBigUint64(40, BigInt(size), true);
  last.setBigUint64(48, BigInt(from), true);
  last.setUint32(56, 0x07064b50, true);
  last.setBigUint64(64, BigInt(from + size), true);
  last.setUint32(76, 0x06054b50, true);
  tail.fill(0xff, 84, 96);
  return new Uint8Array(Buffer.concat([...parts, tail]));
}

test("an archive with sizes of 64 bits", async () => {
  const archive = asZip64(zipSync(archived, { level: 0 }), Object.keys(archived));
  const [a, b] = [put("c.npz", zipSync(archived, { level: 0 })), put("d.npz", archive)];
  const [short, long] = [
    whole(await open("npz", [a], { classes: 3 })),
    whole(await open("npz", [b], { classes: 3 })),
  ];
  expect({ ...long, source: a + "/x" }).toEqual(short);
});

test("what an archive says of its entries is not believed", () => {
  const archive = zipSync({ "x.npy": new Uint8Array(5000) });
  const refusal = (change: (view: DataView, directory: number) => void): string => {
    const bytes = archive.slice();
    const view = new DataView(bytes.buffer);
    change(view, view.getUint32(bytes.length - 22 + 16, true));
    const source = bytesInMemory({ name: "f", bytes });
    const entries = zipEntries(source);
    if (typeof entries === "string") return entries;
    const [entry] = entries;
    return entry === undefined ? "no entry" : faultText(openEntry(source, entry, "f/x"));
  };
  expect(
    [
      refusal((view, at) => view.setUint32(at, 0)),
      refusal((view, at) => view.setUint16(at + 28, 60000, true)),
      refusal((view, at) => view.setUint16(at + 8, 1, true)),
      refusal((view, at) => view.setUint16(at + 10, 12, true)),
      refusal((view, at) => view.setUint32(at + 24, 4999, true)),
      refusal((view, at) => view.setUint32(at + 24, 4_000_000_000, true)),
      refusal((view, at) => view.setUint32(at + 20, 60000, true)),
      refusal((view, at) => view.setUint32(at + 42, 60000, true)),
      refusal((view) => view.setUint8(40, 255)),
    ].map((text) => text.split(" / ")[0]),
  ).toMatchInlineSnapshot(`
    [
      "the directory of its files is broken",
      "the directory of its files is broken",
      "M0710 f is no whole npz file: its entry x.npy is encrypted",
      "M0710 f is no whole npz file: its entry x.npy is packed by method 12, known are 0 and 8",
      "M0710 f is no whole npz file: its entry x.npy does not have the bytes it claims",
      "M0710 f is no whole npz file: its entry x.npy does not have the bytes it claims",
      "M0710 f is no whole npz file: its entry x.npy is cut off",
      "M0710 f is no whole npz file: its entry x.npy begins behind the end",
      "M0710 f is no whole npz file: its entry x.npy cannot be unpacked: invalid code lengths set",
    ]
  `);
});

const descriptors = "/proc/self/fd";

test.skipIf(!existsSync(descriptors))("a folder of files leaves none of them open", async () => {
  mkdirSync(join(root, "texts"));
  for (let at = 0; at < 200; at++)
    put(
      `texts/${at}.txt`,
      new TextEncoder().encode(`A paragraph that is long enough to count, of file number ${at}.`),
    );
  const before = readdirSync(descriptors).length;
  whole(await open("text", ["texts"], { size: 16 }));
  expect(readdirSync(descriptors).length - before).toBeLessThan(100);
});
