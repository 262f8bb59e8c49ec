/** Verification against its definitions, pair by pair and threshold by threshold; and as a part of a run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createReferenceExecutor } from "../../../src/executors/reference.ts";
import { readRun } from "../../../src/report/read-run.ts";
import { headline, renderReport } from "../../../src/report/report.ts";
import { readMetrics } from "../../../src/runs/run-folder.ts";
import { type TrainSummary, train } from "../../../src/runs/train.ts";
import { comparePairs, rowsToCompare } from "../../../src/looks/verification.ts";
import { whole } from "../../support/datasets.ts";
import { programOf } from "../../support/elaborated-loss.ts";

const work = mkdtempSync(join(tmpdir(), "margo-verification-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Rows on the circle, by their angles. */
const onCircle = (degrees: readonly number[]) => ({
  dtype: "f32" as const,
  shape: [degrees.length, 2],
  data: Float32Array.from(
    degrees.flatMap((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]),
  ),
});

describe("pairs of rows", () => {
  it("of classes that lie apart are told apart without an error", () => {
    const found = comparePairs(onCircle([0, 10, 20, 90, 100, 120]), [0, 0, 0, 1, 1, 1]);
    expect(found).toMatchObject({ rows: 6, classes: 2, samePairs: 6, differentPairs: 9 });
    expect(found).toMatchObject({ equalErrorRate: 0, recallAt1: 1 });
    expect(found.threshold).toBeGreaterThan(Math.cos((70 * Math.PI) / 180));
    expect(found.threshold).toBeLessThanOrEqual(Math.cos((30 * Math.PI) / 180) + 1e-6);
    expect(found.same.mean).toBeCloseTo((10 + 10 + 20 + 10 + 20 + 30) / 6, 2);
    expect(found.curve.every(({ trueAcceptRate }) => trueAcceptRate === 1)).toBe(true);
  });

  it("that all lie in one place are told apart by chance: everything is accepted or nothing", () => {
    const found = comparePairs(onCircle([40, 40, 40, 40]), [0, 0, 1, 1]);
    expect(found.equalErrorRate).toBe(0.5);
    expect(found.curve.at(-1)).toEqual({ falseAcceptRate: 1, trueAcceptRate: 1 });
  });

  it("count a row of zeros as a right angle, and leave rows alone in their class out of the neighbours", () => {
    const units = onCircle([0, 5, 90]);
    units.data.fill(0, 4);
    const found = comparePairs(units, [0, 0, 1]);
    expect(found.recallAt1).toBe(1);
    expect(found.different.mean).toBe(90);
  });

  const anyRows = fc
    .array(fc.record({ angle: fc.integer({ min: 0, max: 359 }), label: fc.nat(3) }), {
      minLength: 4,
      maxLength: 24,
    })
    .filter((rows) => {
      const classes = new Set(rows.map(({ label }) => label)).size;
      return classes > 1 && classes < rows.length;
    });

  it("have the rates of their definitions, at every threshold", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const units = onCircle(rows.map(({ angle }) => angle));
        const found = comparePairs(
          units,
          rows.map(({ label }) => label),
        );
        const at = (row: number) => [units.data[2 * row] ?? 0, units.data[2 * row + 1] ?? 0] as const;
        const cosine = (a: number, b: number) =>
          Math.fround(Math.min(1, Math.max(-1, at(a)[0] * at(b)[0] + at(a)[1] * at(b)[1])));
        const cosines = (same: boolean) =>
          rows.flatMap((a, i) =>
            rows.flatMap((b, j) => (j < i && (a.label === b.label) === same ? [cosine(i, j)] : [])),
          );
        const [same, different] = [cosines(true), cosines(false)];
        const from = (group: readonly number[], bound: number) =>
          group.filter((value) => value >= bound).length / group.length;
        const apart = (bound: number) => Math.abs(1 - from(same, bound) - from(different, bound));
        expect(apart(found.threshold)).toBeCloseTo(Math.min(...[...same, ...different].map(apart)), 12);
        expect(found.equalErrorRate).toBeCloseTo(
          (1 - from(same, found.threshold) + from(different, found.threshold)) / 2,
          12,
        );
        // As many pairs of one class as lie above the first pair of two that is refused.
        const falling = different.toSorted((a, b) => b - a);
        for (const { falseAcceptRate, trueAcceptRate } of found.curve) {
          const refused = falling[Math.round(falseAcceptRate * falling.length)] ?? -2;
          const accepted = same.filter((value) => value > refused).length / same.length;
          expect(trueAcceptRate).toBeCloseTo(accepted, 12);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("find their nearest neighbours", () => {
    const found = comparePairs(onCircle([0, 4, 9, 100, 103, 7.5]), [0, 0, 1, 1, 1, 0]);
    // 0 and 4 find each other, 9 finds 7.5 of the other class and the other way round, 100 and 103 each other.
    expect(found.recallAt1).toBeCloseTo(4 / 6, 9);
    expect(found.nearest).toEqual([
      [0, 0, 2],
      [0, 1, 1],
      [1, 0, 1],
      [1, 1, 2],
    ]);
  });

  it("say only rates that rest on thirty pairs", () => {
    const angles = Array.from({ length: 60 }, (_, row) => row * 6);
    const found = comparePairs(
      onCircle(angles),
      angles.map((_, row) => row % 2),
    );
    expect(found.differentPairs).toBe(900);
    expect(found.rates.map(({ falseAcceptRate }) => falseAcceptRate)).toEqual([0.1]);
  });
});

describe("the rows that are compared", () => {
  const labelsOf = (counts: readonly number[]) =>
    counts.flatMap((rows, label) => Array.from({ length: rows }, () => label));

  it("are all of them where they are few", () => {
    expect(rowsToCompare([0, 1, 0, 1, 2], 100)).toEqual([0, 1, 2, 3, 4]);
  });

  it("are thinned within classes where those are large", () => {
    const labels = labelsOf([1000, 1000]);
    const rows = rowsToCompare(labels, 100);
    expect(rows).toHaveLength(100);
    expect(rows.filter((row) => labels[row] === 0)).toHaveLength(50);
    expect(rows[49]).toBeGreaterThan(900);
  });

  it("keep eight of a class, so that there are pairs, and as many classes as fit", () => {
    const labels = labelsOf(Array.from({ length: 500 }, () => 20));
    const rows = rowsToCompare(labels, 80);
    expect(rows).toHaveLength(80);
    expect(new Set(rows.map((row) => labels[row])).size).toBe(10);
  });

  it("stay within their number where a few classes hold most rows", () => {
    const labels = labelsOf([
      ...Array.from({ length: 1000 }, () => 8),
      ...Array.from({ length: 20_000 }, () => 1),
    ]);
    const rows = rowsToCompare(labels, 400);
    expect(rows.length).toBeLessThanOrEqual(400);
    expect(new Set(rows.map((row) => labels[row])).size).toBe(50);
    expect(rowsToCompare(labels, labels.length)).toHaveLength(labels.length);
  });

  it("take classes of several rows before those of one", () => {
    const labels = labelsOf([...Array.from({ length: 300 }, () => 1), 2, 3]);
    const kept = rowsToCompare(labels, 10).map((row) => labels[row]);
    expect(kept.filter((label) => label === 300)).toHaveLength(2);
    expect(kept.filter((label) => label === 301)).toHaveLength(3);
  });
});

const source = (more: string) => `import { softmax_cross_entropy } from "std/losses"
import { dense } from "std/layers"
import { sgd } from "std/optimizers"
model Net(x: f32[N, 2]) = x |> dense(4)
loss head(x: f32[N, D], y: index<C>[N]) = softmax_cross_entropy(x |> dense(C), y)
train T {
  model = Net
  loss = head
  data = csv("rows.csv", label: "class", classes: 3)
  optimizer = sgd
  batch = 4
  epochs = 2
${more}}
`;

const table = (rows: readonly string[]) => `p,q,class\n${rows.join("\n")}\n`;
writeFileSync(
  join(work, "rows.csv"),
  table(Array.from({ length: 20 }, (_, row) => `${row % 3},${row % 2},${"abc"[row % 3]}`)),
);
writeFileSync(
  join(work, "unseen.csv"),
  table(Array.from({ length: 30 }, (_, row) => `${1 + (row % 5)},${row % 7},${"vwxyz"[row % 5]}`)),
);
writeFileSync(join(work, "one.csv"), table(["1,2,a", "2,1,a"]));
writeFileSync(join(work, "alone.csv"), table(["1,2,a", "2,1,b"]));

async function run(
  folder: string,
  more: string,
  limits: { readonly limit?: number } = {},
): Promise<TrainSummary> {
  const program = programOf(source(more), "T");
  const { training } = program;
  if (training === undefined) throw new Error("a train has a plan");
  return train({
    program,
    executor: createReferenceExecutor(program, "test"),
    training,
    data: { directory: work, root: work, ...limits },
    info: {
      margo: "test",
      file: join(work, "t.margo"),
      source: source(more),
      entry: "T",
      settings: {},
      target: "reference",
      seed: 0,
    },
    folder: join(work, folder),
    start: "fresh",
    onEvent: () => undefined,
  });
}

describe("a run", () => {
  const unseen = `  verification = csv("unseen.csv", label: "class", classes: 5)\n`;

  it("tells after each epoch whether rows of other classes are told apart, and trains as if it did not", async () => {
    const plain = await run("plain", "");
    const summary = await run("verified", unseen);
    expect(summary).toMatchObject({ kind: "finished", verification: { rows: 30, classes: 5 } });
    expect(plain).not.toHaveProperty("verification");
    const metrics = whole(readMetrics(join(work, "verified")));
    const told = metrics.filter(({ kind }) => kind === "verification");
    expect(told.map(({ step }) => step)).toEqual([5, 10]);
    const losses = (folder: string) =>
      whole(readMetrics(join(work, folder))).flatMap(({ kind, loss }) => (kind === "step" ? [loss] : []));
    expect(losses("verified")).toEqual(losses("plain"));
  });

  it("keeps rows of a class together where rows are limited", async () => {
    const summary = await run("limited", unseen, { limit: 12 });
    expect(summary).toMatchObject({ verification: { rows: 12, classes: 2 } });
  });

  it("shows it in the report", async () => {
    await run("shown", unseen);
    const data = whole(readRun(join(work, "shown")));
    expect(data.verification).toHaveLength(2);
    expect(headline(data).map(([name]) => name)).toEqual(
      expect.arrayContaining(["equal error rate", "recall at 1"]),
    );
    const page = renderReport(data);
    expect(page).toContain("Every pair of 30 rows of 5 classes: 75 pairs of one class, 360 of two.");
    expect(page).toContain("equal error rate of pairs over the steps of the run");
    const record = JSON.parse(readFileSync(join(work, "shown", "evaluation.json"), "utf8"));
    expect(record.verification.same.histogram).toHaveLength(180);
  });

  it.each([
    [
      "one class",
      `csv("one.csv", label: "class", classes: 1)`,
      "M0734",
      "all 2 rows of one.csv are of one class",
    ],
    ["rows alone in theirs", `csv("alone.csv", label: "class", classes: 2)`, "M0734", "alone in its class"],
    ["no classes", `csv("rows.csv", label: "q", columns: ["p", "q"])`, "M0733", "names no classes"],
    ["other rows", `csv("rows.csv", columns: ["p"], label: "class", classes: 3)`, "M0720", "rows of shape"],
    ["no file", `csv("none.csv", classes: 3)`, "M0701", "there is no file or folder none.csv"],
  ])("refuses %s before anything is trained", async (name, reader, code, message) => {
    const summary = await run(`refused ${name}`, `  verification = ${reader}\n`);
    expect(summary).toMatchObject({ kind: "failed", setting: "verification", fault: { code } });
    if (summary.kind === "failed") expect(summary.fault.message).toContain(message);
    expect(summary).not.toHaveProperty("folder");
  });
});
