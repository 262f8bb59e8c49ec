/** Reports are whole pages that need nothing else, whatever the run held: hostile names, no scores, one step. */
import { describe, expect, test } from "vitest";
import { classNumbers } from "../../../src/looks/class-variables.ts";
import { confusionOf, countConfusions } from "../../../src/looks/confusion.ts";
import { condensed } from "../../../src/report/chart-parts.ts";
import { marginSheet } from "../../../src/report/margin-plot.ts";
import { renderComparison } from "../../../src/report/compare.ts";
import { bytes, count, degrees, duration, percent, significant } from "../../../src/report/numbers.ts";
import { headline, renderReport } from "../../../src/report/report.ts";
import type { RunData } from "../../../src/report/run-data.ts";

const histogram = (at: number) => Array.from({ length: 180 }, (_, bin) => (bin === at ? 3 : 0));

const full: RunData = {
  name: "LSoftmax4",
  doc: "Digits on a plane.",
  steps: Array.from({ length: 900 }, (_, at) => ({
    step: at + 1,
    loss: 2 / (at + 1),
    accuracy: 1 - 1 / (at + 2),
    traces: { lambda: 1000 * 0.98 ** at, rate: 0.1 },
  })),
  training: [{ step: 900, loss: 0.1, accuracy: 0.97 }],
  validation: [
    { step: 450, loss: 0.3, accuracy: 0.9 },
    { step: 900, loss: 0.2, accuracy: 0.96 },
  ],
  verification: [],
  seconds: 125,
  rowsPerSecond: 1234.5,
  evaluation: {
    step: 900,
    epoch: 1,
    on: "validation",
    loss: 0.2,
    accuracy: 0.96,
    rows: 3,
    classNames: ["nought", "one"],
    angles: {
      rows: 3,
      binDegrees: 1,
      own: { mean: 4.25, histogram: histogram(4) },
      nearestOther: { mean: 31, histogram: histogram(31) },
    },
    picture: {
      points: [
        [1, 2, 0, 0],
        [-3, 1, 1, 1],
        [2, 2, 0, 1],
      ],
      directions: [
        [1, 1],
        [-2, 0.5],
      ],
    },
    confusions: countConfusions([0, 1, 0], [0, 1, 1]),
  },
  settings: [["loss", "margin_softmax(margin: LSoftmax(m: 4))"]],
  machine: [["processor", "two cores"]],
  source: { file: "mnist/demo.margo", text: 'train LSoftmax4 { data = idx("a < b") }' },
};

/** A run whose features were tried on rows of other classes. */
const verified: RunData = {
  ...full,
  name: "Verified",
  verification: [
    { step: 450, equalErrorRate: 0.08, recallAt1: 0.9 },
    { step: 900, equalErrorRate: 0.0512, recallAt1: 0.95 },
  ],
  evaluation: {
    ...(full.evaluation ?? { step: 900, epoch: 1, on: "validation", loss: 0.2, rows: 3 }),
    verification: {
      rows: 200,
      classes: 10,
      samePairs: 1900,
      differentPairs: 18_000,
      equalErrorRate: 0.0512,
      threshold: 0.5,
      rates: [
        { falseAcceptRate: 0.1, trueAcceptRate: 0.98 },
        { falseAcceptRate: 0.01, trueAcceptRate: 0.875 },
      ],
      recallAt1: 0.95,
      binDegrees: 1,
      same: { mean: 30, histogram: histogram(30) },
      different: { mean: 88, histogram: histogram(88) },
      curve: [
        { falseAcceptRate: 0.001, trueAcceptRate: 0.5 },
        { falseAcceptRate: 1, trueAcceptRate: 1 },
      ],
      nearest: [
        [0, 0, 90],
        [0, 1, 7],
        [1, 1, 100],
        [1, 0, 3],
      ],
      classNames: ["Ainu", "Basque"],
    },
  },
};

const bare: RunData = {
  name: "Bare",
  steps: [{ step: 1, loss: NaN, traces: {} }],
  training: [],
  validation: [],
  verification: [],
  seconds: 0,
  settings: [],
  machine: [],
  source: { file: "bare.margo", text: "" },
};

describe("a report", () => {
  const html = renderReport(full);

  test("has curves of validation where there was one", () => {
    const curves = (run: RunData): string => renderReport(run).split("</svg>")[0] ?? "";
    expect(curves(full)).toMatch(/>validation</);
    expect(curves({ ...full, validation: [] })).toMatch(/>training</);
    expect(curves({ ...full, validation: [] })).not.toMatch(/>validation</);
    expect(html).toContain("Validation follows each epoch");
    expect(renderReport({ ...full, validation: [] })).not.toContain("Validation follows each epoch");
  });

  test("holds the numbers, the pictures and the source", () => {
    for (const text of [
      "96.00 %",
      "4.3°",
      "31.0°",
      "900",
      "2 min 05 s",
      "1,23",
      "a &lt; b",
      "two cores",
      "lambda",
    ])
      expect(html).toContain(text);
    expect(html.match(/<svg/g)).toHaveLength(7);
  });

  test("shows how rows of other classes were told apart, in the terms of the field", () => {
    const page = renderReport(verified);
    for (const text of [
      "5.12 %",
      "TAR at FAR 1 %",
      "87.50 %",
      "95.00 %",
      "18,000 of two",
      "0.50000 (60.0°)",
      "10 of 200 rows",
      ">Ainu<",
    ])
      expect(page).toContain(text);
    expect(page.match(/<svg/g)).toHaveLength(11);
    expect(html).not.toContain("equal error");
    // Only the strictest rate is among the first numbers.
    expect(headline(verified).map(([name]) => name)).not.toContain("TAR at FAR 10 %");
  });

  test("shows numbers of each class by name, and of many classes the two ends", () => {
    const names = Array.from({ length: 100 }, (_, label) => `kind ${label}`);
    const page = renderReport({
      ...full,
      evaluation: {
        ...(full.evaluation ?? { step: 900, epoch: 1, on: "validation", loss: 0.2, rows: 3 }),
        classNames: names,
        classNumbers: [
          classNumbers("few.m", [0.25, 0.75]),
          classNumbers(
            "many.m",
            names.map((_, label) => label / 4),
          ),
        ],
      },
    });
    expect(page).toContain("<h3>few.m</h3>");
    expect(page).toMatch(/>kind 1<[\s\S]*>0\.75</);
    expect(page).toContain("Smallest: kind 0 0, kind 1 0.25, kind 2 0.5. Largest: kind 99 24.8");
    expect(html).not.toContain("Numbers of each class");
  });

  test("needs nothing from anywhere", () => {
    expect(html).not.toMatch(/<script|<link|@import|url\(\s*['"]?http|(?:src|href)="(?!#)/);
  });

  test("has colours for light and dark, and no two elements of one id", () => {
    expect(html).toContain("prefers-color-scheme:dark");
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("is drawn for a run with next to nothing", () => {
    expect(renderReport(bare)).toContain("Bare");
  });

  test("shows hostile names as text", () => {
    const evil = "<img src=x onerror=alert(1)>";
    const page = renderReport({
      ...full,
      name: evil,
      doc: evil,
      settings: [[evil, evil]],
      ...(full.evaluation === undefined
        ? {}
        : { evaluation: { ...full.evaluation, classNames: [evil, evil] } }),
    });
    expect(page).not.toContain("<img");
  });
});

describe("a comparison", () => {
  test("has a row and a picture a run, with links to their reports", () => {
    const html = renderComparison(
      [full, { ...full, name: "Other" }, bare],
      ["a/report.html", "b/report.html", "c/report.html"],
    );
    for (const text of ['href="b/report.html"', "Other", "Bare", "3 runs compared"])
      expect(html).toContain(text);
    expect(html.match(/features on the plane with/g)).toHaveLength(2);
  });

  test("draws how runs tell pairs apart beside each other", () => {
    const html = renderComparison([verified, { ...verified, name: "Again" }, bare], ["a", "b", "c"]);
    expect(html.match(/pairs of one class accepted over/g)).toHaveLength(1);
    expect(html.match(/angles between rows of one class and of two/g)).toHaveLength(2);
    expect(html).toContain("equal error rate of pairs over");
    expect(renderComparison([full, bare], ["a", "b"])).not.toContain("Verification");
  });

  test("draws the metrics that the runs made for themselves", () => {
    const scored = {
      ...bare,
      steps: [1, 2].map((step) => ({ step, loss: 1, metrics: { top_two: step }, traces: {} })),
    };
    expect(renderComparison([scored, bare], ["a", "b"])).toContain("training top_two of all runs");
    expect(renderComparison([bare, bare], ["a", "b"])).not.toContain("top_two");
  });
});

describe("a sheet of margins", () => {
  const theta = [0, 90, 180];

  test("is an SVG file with its own colours and every name", () => {
    const svg = marginSheet([{ name: "A<B", theta, psi: [1, 0, -1], slope: [0, -1, 0] }]);
    expect(svg).toMatch(/^<svg [^>]*viewBox/);
    expect(svg).toContain("prefers-color-scheme:dark");
    expect(svg).toContain("A&lt;B");
  });

  test("leaves gaps where a curve has no number", () => {
    expect(marginSheet([{ name: "A", theta, psi: [1, NaN, -1], slope: [Infinity, 0, 0] }])).not.toMatch(
      /NaN|Infinity/,
    );
  });
});

describe("what the pictures are made of", () => {
  test("long runs become means over stretches", () => {
    const steps = Array.from({ length: 1000 }, (_, at) => ({ step: at + 1, loss: at % 2, traces: {} }));
    const points = condensed(steps, ({ loss }) => loss, 100);
    expect(points).toHaveLength(100);
    expect(points[0]).toEqual([10, 0.5]);
    expect(points.at(-1)?.[0]).toBe(1000);
  });

  test("confusions are counted and the worst classes listed", () => {
    const counts = countConfusions([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 1, 1]);
    const { worst, share, errors, rows } = confusionOf(counts);
    expect({ worst, errors, rows }).toEqual({ worst: [0, 1, 2], errors: 3, rows: 6 });
    expect(share(2, 1)).toBeCloseTo(2 / 3, 12);
    expect(share(1, 2)).toBe(0);
  });

  test.each([
    [percent(0.98765), "98.77 %"],
    [degrees(NaN), "–"],
    [count(1234567), "1,234,567"],
    [significant(0.000123), "1.23e-4"],
    [significant(1234.56), "1230"],
    [duration(3.14), "3.1 s"],
    [duration(61), "1 min 01 s"],
    [duration(3725), "1 h 02 min"],
    [bytes(0), "0 B"],
    [bytes(1536), "1.50 KB"],
    [bytes(64 * 2 ** 20), "64.0 MB"],
  ])("%s", (shown, wanted) => expect(shown).toBe(wanted));
});
