/** The example of scenes: its data have the classes that they claim, and the run measures and draws them. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { projectRoot, temporaryPlace } from "../support/cli.ts";

const place = temporaryPlace();
const [scenes, side] = [16, 56];

beforeAll(() => {
  const script = join(projectRoot, "examples/scenes/make-scenes.mjs");
  execFileSync(process.execPath, [script, String(scenes), "8", place.path]);
});

function bytesOf(name: string): Uint8Array {
  const file = readFileSync(join(place.path, name));
  expect([...file.subarray(0, 4)]).toEqual([0, 0, 8, 3]);
  expect([4, 8, 12].map((at) => file.readUInt32BE(at))).toEqual([scenes, side, side]);
  return file.subarray(16);
}

test("a pixel has the class of its ink, background where there is none, and none where it is faint", () => {
  const [image, mask] = [bytesOf("train-images.idx"), bytesOf("train-masks.idx")];
  const labels = new Set(mask);
  expect([...labels].filter((label) => label > 10)).toEqual([255]);
  expect(labels.size).toBe(12);
  for (const [at, label] of mask.entries()) {
    const ink = image[at] ?? 0;
    if (label === 0) expect(ink).toBeLessThan(32);
    if (label > 0 && label < 255) expect(ink).toBeGreaterThanOrEqual(128);
  }
});

test("the run measures its classes and draws its maps", async () => {
  const text = readFileSync(join(projectRoot, "examples/scenes/scenes.margo"), "utf8");
  place.write("scenes.margo", text.replaceAll("../../runs/scenes/", ""));
  const { code, err } = await place.margo("train", "scenes.margo", "--epochs", "1", "--out", "run");
  expect([code, err]).toEqual([0, expect.stringContaining("iou")]);
  const report = readFileSync(join(place.path, "run/report.html"), "utf8");
  expect(report).toContain("Maps of classes");
  const { out } = await place.margo("eval", "run", "--json");
  expect(JSON.parse(out).metricsByClass.iou).toHaveLength(11);
});
