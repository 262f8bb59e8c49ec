/** Which rows of an evaluation are shown as maps of classes, and how the report draws them. */
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { HostTensor } from "../../../runtime/program.ts";
import { type LabelMap, collectLabelMaps, noClass } from "../../../src/looks/label-maps.ts";
import { labelMapFigures } from "../../../src/report/label-map-charts.ts";
import { pngAddress } from "../../../src/report/png.ts";

const f32 = (shape: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from(data),
});
const i32 = (shape: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: "i32",
  shape,
  data: Int32Array.from(data),
});
const bytes = (text: string) => [...Buffer.from(text, "base64")];

function collected(features: HostTensor, labels: HostTensor, predictions: HostTensor): readonly LabelMap[] {
  const collector = collectLabelMaps();
  const rows = Array.from({ length: labels.shape[0] ?? 0 }, (_, row) => row + 4);
  collector.observe({ features: [features], labels: [labels], rows }, { predictions });
  return collector.collected();
}

describe("maps", () => {
  test("are the image from its darkest to its brightest, the true classes and the predicted ones", () => {
    const [map] = collected(
      f32([1, 1, 3, 1], [-1, 0, 1]),
      i32([1, 1, 3], [2, 255, -1]),
      i32([1, 1, 3], [2, 0, 1]),
    );
    expect(map).toMatchObject({ row: 4, height: 1, width: 3, channels: 1 });
    expect(bytes(map?.image ?? "")).toEqual([0, 128, 255]);
    expect(bytes(map?.truth ?? "")).toEqual([2, noClass, noClass]);
    expect(bytes(map?.predicted ?? "")).toEqual([2, 0, 1]);
  });

  test("large ones are thinned out", () => {
    const size = 256 * 300;
    const ramp = Array.from({ length: size }, (_, at) => (at % 300) - 150);
    const [map] = collected(
      f32([1, 256, 300, 1], ramp),
      i32(
        [1, 256, 300],
        ramp.map(() => 1),
      ),
      i32(
        [1, 256, 300],
        ramp.map((value) => (value > 0 ? 1 : 0)),
      ),
    );
    expect(map).toMatchObject({ height: 86, width: 100 });
    expect(bytes(map?.predicted ?? "").slice(0, 100)).toEqual(
      Array.from({ length: 100 }, (_, x) => (3 * x > 150 ? 1 : 0)),
    );
  });

  test("there are none of rows with one label each, nor of masks of another size", () => {
    const image = f32([1, 2, 2, 1], [1, 2, 3, 4]);
    expect(collected(image, i32([1], [0]), i32([1], [1]))).toEqual([]);
    expect(collected(image, i32([1, 1, 2], [0, 0]), i32([1, 1, 2], [1, 0]))).toEqual([]);
  });
});

describe("their picture", () => {
  const map = (truth: readonly number[], predicted: readonly number[]): LabelMap => ({
    row: 0,
    height: 2,
    width: 2,
    channels: 1,
    image: Buffer.of(0, 50, 100, 255).toString("base64"),
    truth: Buffer.from(truth).toString("base64"),
    predicted: Buffer.from(predicted).toString("base64"),
  });

  test("has a path a class and says how many pixels are right, hostile names and all", () => {
    const [figure] = labelMapFigures([map([0, 0, 1, noClass], [0, 1, 1, 1])], ["<b>", "road"]);
    expect(figure?.caption).toBe("66.7 % of the pixels shown that have a class are right.");
    expect(figure?.svg).toContain('<path fill="var(--c0)" d="M0 0h2v1h-2z"/>');
    const tones = [0, 10, 20].map(
      (label) => labelMapFigures([map([label, label, label, label], [1, 1, 1, 1])], undefined)[0]?.svg ?? "",
    );
    expect(new Set(tones.map((svg) => /<path fill="var\(--c0\)"[^d]*/.exec(svg)?.[0])).size).toBe(3);
    expect(figure?.svg).toContain("&lt;b&gt;");
    expect(figure?.svg).not.toContain("<b>");
    expect(labelMapFigures([map([255, 255, 255, 255], [0, 0, 0, 0])], undefined)[0]?.caption).toBe(
      "No pixel has a class.",
    );
  });

  test("holds the image as PNG", () => {
    const file = Buffer.from(
      pngAddress(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, 1, 3).split(",")[1] ?? "",
      "base64",
    );
    expect([...file.subarray(16, 26)]).toEqual([0, 0, 0, 1, 0, 0, 0, 2, 8, 2]);
    const length = file.readUInt32BE(33);
    expect([...inflateSync(file.subarray(41, 41 + length))]).toEqual([0, 1, 2, 3, 0, 4, 5, 6]);
  });
});
