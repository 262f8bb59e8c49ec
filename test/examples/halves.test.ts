/** The example of halves: two networks in one run, the same on every target, and what a run of them gives afterwards. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isFault } from "../../runtime/errors.ts";
import type { HostTensor } from "../../runtime/program.ts";
import { openRun } from "../../src/node.ts";
import { readAllOfNpz } from "../../src/values/npz.ts";
import { projectRoot, temporaryPlace } from "../support/cli.ts";
import { whole } from "../support/datasets.ts";
import { describeOnGpu } from "../support/gpu.ts";

const place = temporaryPlace();
const at = (name: string): string => join(place.path, name);

beforeAll(async () => {
  const script = join(projectRoot, "examples/halves/make-halves.mjs");
  execFileSync(process.execPath, [script, "48", "20", place.path]);
  const text = readFileSync(join(projectRoot, "examples/halves/halves.margo"), "utf8");
  place.write("halves.margo", text.replaceAll("../../runs/halves/", ""));
  await trained("reference");
});

/** By plain steps: Adam makes full ones of gradients that are rounding alone, as those of biases before a normalisation are. */
async function trained(target: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { code, err } = await place.margo(
    ...[
      "train",
      "halves.margo",
      "--target",
      target,
      "--set",
      "batch=16",
      "--set",
      "optimizer=sgd(rate: 0.05)",
      "--epochs",
      "1",
      "--out",
      target,
    ],
  );
  expect(code, err).toBe(0);
  const lines = readFileSync(at(`${target}/metrics.jsonl`), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "step" || kind === "evaluation");
}

function recordsOf(target: string) {
  const lines = readFileSync(at(`${target}/metrics.jsonl`), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === "step" || kind === "evaluation");
}

/** Three steps of f32 with batch normalisation: rounding grows from 1e-7 to some 1e-5. */
const tolerance = 1e-4;

async function agrees(target: string): Promise<void> {
  const found = await trained(target);
  const expected = recordsOf("reference");
  expect(found.length).toBe(4);
  for (const [row, { loss }] of found.entries())
    expect(Math.abs(Number(loss) / expected[row].loss - 1)).toBeLessThan(tolerance);
  expect(found.at(-1)).toMatchObject({ metrics: { recall_at_1: expect.any(Number) } });
}

test("tfjs takes the steps of the reference", () => agrees("tfjs"));

describeOnGpu("on a GPU", () => {
  test("the steps are those of the reference", () => agrees("wgsl"));
});

describe("a run of two models", () => {
  test("embeds rows of either, in files and by name, as `margo embed` does", async () => {
    const { code, out, err } = await place.margo("embed", "reference", "--out", "features.npz");
    expect([code, out]).toEqual([0, "features.npz\n"]);
    expect(err).toContain("validation: Left 20 × 64, Right 20 × 64");
    const written = whole(readAllOfNpz("features.npz", readFileSync(at("features.npz"))));
    expect(Object.keys(written)).toEqual(["Left", "Right"]);
    const run = whole(await openRun(at("reference")));
    const numbers = (found: HostTensor) => [...found.data];
    for (const model of ["Left", "Right"]) {
      const { features } = whole(await run.embedData("validation", model));
      expect([...(written[model]?.data ?? [])]).toEqual(numbers(features));
    }
    const first = whole(await run.embedData());
    expect(numbers(first.features)).toEqual([...(written["Left"]?.data ?? [])]);
    expect(first.labels).toEqual([]);
    run.dispose();
  });

  test("takes rows by the names of its inputs", async () => {
    const archive = whole(readAllOfNpz("v", readFileSync(at("validation.npz"))));
    const bytesOf = (name: string) => Uint8Array.from(archive[name]?.data.subarray(0, 3 * 28 * 14) ?? []);
    const run = whole(await openRun(at("reference")));
    const [left, right] = [bytesOf("left"), bytesOf("right")];
    const written = whole(await run.embedData("validation", "Right"));
    const own = whole(await run.embed(right, "Right"));
    for (const [place, value] of own.data.entries())
      expect(value).toBeCloseTo(written.features.data[place] ?? 0, 5);
    const scores = whole(await run.predict({ left, right }));
    expect(scores.shape).toEqual([3, 3]);
    // More rows than a batch of 16: every one is compared with every other.
    const all = (name: string) => Uint8Array.from(archive[name]?.data ?? []);
    const square = whole(await run.predict({ left: all("left"), right: all("right") }));
    expect(square.shape).toEqual([20, 20]);
    for (const row of [0, 1, 2])
      for (const column of [0, 1, 2])
        expect(square.data[row * 20 + column]).toBeCloseTo(scores.data[row * 3 + column] ?? 0, 4);
    expect(square.data[19 * 20 + 1]).not.toBe(0);
    const messageOf = (found: unknown) =>
      isFault(found) ? `${found.code} ${found.message} / ${found.help}` : "none";
    expect([
      messageOf(await run.embed(right, "Wrong")),
      messageOf(await run.predict(right)),
      messageOf(await run.predict({ left })),
      messageOf(await run.predict({ left, right, middle: left })),
      messageOf(await run.predict({ left, right: right.subarray(28 * 14) })),
    ]).toEqual([
      "M0628 Halves has no model Wrong / it has Left and Right",
      ...Array(3).fill(
        'M0763 rows are wanted for "left" and "right" / give them by name: { left: rows, right: rows }',
      ),
      'M0762 the array of rows for "left" has 3 rows and the array of rows for "right" has 2 / give as many in each: the n-th row of one belongs to the n-th of the other',
    ]);
    run.dispose();
  });

  test("says how many partners are found among all rows, both ways", async () => {
    const report = readFileSync(at("reference/report.html"), "utf8");
    for (const words of ["recall_at_1", "Partners found", "Left to Right: recall", "Right to Left: recall"])
      expect(report).toContain(words);
    const { out } = await place.margo("eval", "reference", "--json");
    const { retrieval } = JSON.parse(out);
    expect(retrieval).toMatchObject({
      rows: 20,
      ways: [
        { from: "Left", to: "Right" },
        { from: "Right", to: "Left" },
      ],
    });
    const lines = readFileSync(at("reference/metrics.jsonl"), "utf8").trim().split("\n");
    const told = lines.map((line) => JSON.parse(line)).find(({ kind }) => kind === "retrieval");
    expect({ rows: told.rows, ways: told.ways }).toEqual(retrieval);
    for (const { recallAt1, recallAt5, recallAt10, medianRank } of retrieval.ways) {
      expect([recallAt1, recallAt5, recallAt10].every((share, at, all) => share <= (all[at + 1] ?? 1))).toBe(
        true,
      );
      expect(medianRank).toBeLessThanOrEqual(20);
    }
    expect((await place.margo("eval", "reference")).out).toContain("retrieval among 20 rows\nLeft to Right ");
  });
});
