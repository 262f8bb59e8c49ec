/** Weight files: round trips, every refusal with its words, and bytes of any kind. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFault } from "../../runtime/errors.ts";
import { readSafetensors, writeSafetensors } from "../../runtime/safetensors.ts";
import { faultText, whole } from "../support/datasets.ts";

const sample = {
  tensors: {
    W: { dtype: "f32", shape: [2, 3], data: Float32Array.of(1, -2.5, 3e38, -0, 1e-45, NaN) },
    "a.count": { dtype: "i32", shape: [], data: Int32Array.of(-7) },
    mask: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
    none: { dtype: "f32", shape: [0, 4], data: new Float32Array(0) },
    ["__proto__"]: { dtype: "f32", shape: [1], data: Float32Array.of(5) },
  },
  metadata: { format: "x", note: 'é"\n' },
} as const;

function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const refusal = (header: unknown, data?: Uint8Array) =>
  faultText(readSafetensors(file(header, data)))
    .replace("M0610 this is no whole safetensors file: ", "")
    .split(" / ")[0];

describe("safetensors", () => {
  it("reads back what it writes, bit for bit", () => {
    const bytes = writeSafetensors(sample);
    const read = whole(readSafetensors(bytes));
    expect(read.metadata).toEqual(sample.metadata);
    expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(sample.tensors).sort());
    expect(read.tensors["W"]).toEqual(sample.tensors.W);
    expect(read.tensors["mask"]).toEqual(sample.tensors.mask);
    expect(writeSafetensors(read)).toEqual(bytes);
  });

  it("reads piece by piece, from bytes that are never in one array", () => {
    const bytes = writeSafetensors(sample);
    const pieces: number[] = [];
    const read = readSafetensors({
      size: bytes.length,
      readInto: (target, from) => {
        pieces.push(target.length);
        target.set(bytes.subarray(from, from + target.length));
      },
    });
    expect(whole(read)).toEqual(whole(readSafetensors(bytes)));
    expect(Math.max(...pieces)).toBeLessThan(bytes.length - 8);
  });

  it("reads from the middle of a larger buffer", () => {
    const bytes = writeSafetensors(sample);
    const larger = new Uint8Array(bytes.length + 13);
    larger.set(bytes, 5);
    expect(whole(readSafetensors(larger.subarray(5, 5 + bytes.length))).tensors["W"]).toEqual(
      sample.tensors.W,
    );
  });

  it("widens and rounds other element types", () => {
    const header = {
      h: { dtype: "F16", shape: [3], data_offsets: [0, 6] },
      b: { dtype: "BF16", shape: [1], data_offsets: [6, 8] },
    };
    const { tensors } = whole(
      readSafetensors(file(header, Uint8Array.of(0, 0x3c, 1, 0, 0, 0xfc, 0x80, 0x3f))),
    );
    expect([...(tensors["h"]?.data ?? [])]).toEqual([1, 2 ** -24, -Infinity]);
    expect([...(tensors["b"]?.data ?? [])]).toEqual([1]);
  });

  it("takes bytes as a response or a file gives them, and refuses what is none", () => {
    const tensors = { a: { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) } } as const;
    const bytes = writeSafetensors({ tensors, metadata: {} });
    const shared = new Uint8Array(new ArrayBuffer(bytes.length + 3), 3);
    shared.set(bytes);
    const { buffer } = Uint8Array.from(bytes);
    for (const given of [buffer, shared]) expect(whole(readSafetensors(given)).tensors).toEqual(tensors);
    const refused = (given: unknown) => faultText(readSafetensors(given as ArrayBuffer));
    expect(refused(Promise.resolve(buffer))).toMatch(/M0610 .*and \[object Promise\] was given/);
    expect(refused(undefined)).toMatch(/M0610 .*and \[object Undefined\] was given/);
  });

  it("says what is wrong", () => {
    const f32 = (begin: number, end: number, shape = [1]) => ({
      dtype: "F32",
      shape,
      data_offsets: [begin, end],
    });
    expect(
      [
        faultText(readSafetensors(Uint8Array.of(1, 2))),
        faultText(readSafetensors(new Uint8Array(8).fill(255))),
        faultText(readSafetensors(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123))),
      ].map((text) => text.split(": ")[1]),
    ).toMatchInlineSnapshot(`
      [
        "it has 2 bytes and the header's length alone takes 8 / the file may be cut off or of another kind; give the folder of a run, or another copy of the file",
        "its header would be 18446744073709552000 bytes long / the file may be cut off or of another kind; give the folder of a run, or another copy of the file",
        "its header claims 9 bytes, but only 1 follow / the file may be cut off or of another kind; give the folder of a run, or another copy of the file",
      ]
    `);
    expect([
      refusal("[]"),
      refusal("{nope}")?.slice(0, 22),
      refusal('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{}}', new Uint8Array(4)),
      refusal({ __metadata__: { a: 1 } }),
      refusal({ a: 3 }),
      refusal({ a: { ...f32(0, 4), dtype: "F4" } }, new Uint8Array(4)),
      refusal({ a: f32(0, 4, [-1]) }, new Uint8Array(4)),
      refusal({ a: f32(4, 0) }, new Uint8Array(4)),
      refusal({ a: f32(0, 4, [2]) }, new Uint8Array(4)),
      refusal({ a: f32(0, 4, [1e9, 1e9, 1e9]) }, new Uint8Array(4)),
      refusal({ a: f32(0, 4), b: f32(8, 12) }, new Uint8Array(12)),
      refusal({ a: f32(0, 4), b: f32(0, 4) }, new Uint8Array(4)),
      refusal({ a: f32(0, 4) }, new Uint8Array(5)),
      refusal({ a: f32(0, 4) }, new Uint8Array(3)),
    ]).toMatchInlineSnapshot(`
      [
        "its header does not begin with {",
        "its header is not JSON",
        "its header has the key "a" twice",
        "its __metadata__ is not a table of strings",
        "tensor "a" is not described by an object",
        "tensor "a" has the element type "F4"; known are F64, F32, F16, BF16, I64, U64, U32, U16, I32, I16, I8, U8, BOOL",
        "tensor "a" has no shape of whole numbers",
        "tensor "a" has no data_offsets of the form [begin, end]",
        "tensor "a" of F32 [2] takes 8 bytes, but its offsets leave 4",
        "tensor "a" of F32 [1000000000, 1000000000, 1000000000] takes 4e+27 bytes, but its offsets leave 4",
        "tensor "b" begins at 8, but the one before it ends at 4",
        "tensor "b" begins at 0, but the one before it ends at 4",
        "its tensors take 4 bytes, but 5 follow the header",
        "its tensors take 4 bytes, but 3 follow the header",
      ]
    `);
  });

  it("never throws, whatever the bytes", () => {
    const bytes = writeSafetensors(sample);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(bytes.length),
        (flips, length) => {
          const broken = bytes.slice(0, length);
          for (const [at, byte] of flips) if (at < length) broken[at] = byte;
          const read = readSafetensors(broken);
          expect(isFault(read) || length === bytes.length).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => void readSafetensors(file(text, new Uint8Array(8)))),
      { numRuns: 200 },
    );
  });
});
