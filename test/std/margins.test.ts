import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodesOf, nodesOfGraph } from "../../compiler/ir/node.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import { reference } from "../../compiler/ops/arrays.ts";
import { normalNumbers } from "../../runtime/random.ts";
import { evaluateLoss, lossGraph, programOf } from "../support/elaborated-loss.ts";
import {
  type HandMargin,
  blendedMargin,
  lossByHand,
  norm,
  psiInClosedForm,
  psiOfAngle,
  scaledMargin,
  shiftedCosine,
} from "../support/margins-by-hand.ts";

const library = readFileSync("std/margins.margo", "utf8");
const names = [...library.matchAll(/^export margin (\w+)/gm)].map(([, name = ""]) => name);

/** A file that uses one margin in the library's loss. */
function lossWith(margin: string) {
  const name = /^\w+/.exec(margin)?.[0] ?? margin;
  const text = `import { margin_softmax } from "std/losses"\nimport { ${name} } from "std/margins"\n`;
  return lossGraph(programOf(text, "margin_softmax", { margin }));
}

interface Batch {
  readonly x: Float64Array;
  readonly W: Float64Array;
  readonly labels: readonly number[];
  readonly width: number;
}

const [rows, classes, width] = [8, 5, 3];

/** Random rows; the last three lie near the opposite of their own class, where θ + m passes π. */
function randomBatch(seed: number, length = 1): Batch {
  const W = Float64Array.from(normalNumbers(seed, 0, 1, classes * width));
  const labels = Array.from({ length: rows }, (_, i) => (i * 3 + seed) % classes);
  const x = Float64Array.from(normalNumbers(seed, 0, 2, rows * width), (v, at) => {
    const row = Math.floor(at / width);
    const own = W[(labels[row] ?? 0) * width + (at % width)] ?? 0;
    return length * (row < rows - 3 ? v : 0.15 * v - 2 * own);
  });
  return { x, W, labels, width };
}

function feedsOf({ x, W, labels, width }: Batch, more: Readonly<Record<string, Reference>> = {}) {
  return {
    x: reference("f32", [labels.length, width], x),
    y: reference("i32", [labels.length], Float64Array.from(labels)),
    W: reference("f32", [W.length / width, width], W),
    ...more,
  };
}

function evaluated(margin: string, batch: Batch, more: Readonly<Record<string, Reference>> = {}) {
  const dims = { N: batch.labels.length, C: batch.W.length / batch.width, D: batch.width };
  return evaluateLoss(lossWith(margin), feedsOf(batch, more), dims);
}

function expectByHand(
  margin: string,
  byHand: HandMargin,
  batch: Batch,
  more: Readonly<Record<string, Reference>> = {},
) {
  const actual = evaluated(margin, batch, more);
  const wanted = lossByHand(byHand, batch.x, batch.W, batch.labels, batch.width);
  expectClose(actual["value"]?.data, Float64Array.of(wanted.loss), "value");
  expectClose(actual["gradient:x"]?.data, wanted.x, "gradient by x");
  expectClose(actual["gradient:W"]?.data, wanted.W, "gradient by W");
}

function expectClose(actual: Float64Array | undefined, wanted: Float64Array, name: string) {
  expect(actual?.length, name).toBe(wanted.length);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  wanted.forEach((value, at) =>
    expect(Math.abs((actual?.[at] ?? NaN) - value) / scale, `${name} at ${at}`).toBeLessThan(1e-9),
  );
}

describe("margins equal their formulas written by hand", () => {
  const batches = [1, 2, 3].map((seed) => randomBatch(seed));

  it.each([1, 2, 3, 4] as const)("LSoftmax, m = %i, closed form", (m) => {
    for (const batch of batches) {
      expectByHand(`LSoftmax(m: ${m}, base: 0)`, blendedMargin(psiInClosedForm[m], 0, "lengths"), batch);
      expectByHand(`LSoftmax(m: ${m}, base: 10)`, blendedMargin(psiInClosedForm[m], 10, "lengths"), batch);
    }
  });

  it("LSoftmax, m = 7, from the angle; λ falls with the step", () => {
    const [batch] = batches;
    if (batch === undefined) throw new Error("there is a batch");
    expectByHand("LSoftmax(m: 7, base: 0)", blendedMargin(psiOfAngle(7), 0, "lengths"), batch);
    const lambda = 1000 * (1 + 2.5e-5 * 5000) ** -35;
    expect(lambda).toBeCloseTo(16.2, 1);
    const step = reference("i32", [], Float64Array.of(5000));
    expectByHand("LSoftmax(m: 4)", blendedMargin(psiInClosedForm[4], lambda, "lengths"), batch, { step });
  });

  it("ASoftmax", () => {
    for (const batch of batches)
      expectByHand("ASoftmax(m: 4, base: 0)", blendedMargin(psiInClosedForm[4], 5, "unit"), batch);
  });

  it("none and NormFace", () => {
    for (const batch of batches) {
      expectByHand(
        "none()",
        blendedMargin((c) => [c, 1], 0, "lengths"),
        batch,
      );
      expectByHand(
        "NormFace(s: 12)",
        scaledMargin(12, (c) => [c, 1]),
        batch,
      );
    }
  });

  it("CosFace and CombinedMargin", () => {
    for (const batch of batches) {
      expectByHand(
        "CosFace(m: 0.35, s: 16)",
        scaledMargin(16, (c) => [c - 0.35, 1]),
        batch,
      );
      const combined = (m1: number): HandMargin =>
        scaledMargin(16, (c) => {
          const [value, slope] = shiftedCosine(c, 0.3, m1);
          return [value - 0.2, slope];
        });
      expectByHand("CombinedMargin(s: 16)", combined(1), batch);
      expectByHand("CombinedMargin(m1: 2, s: 16)", combined(2), batch);
      expectByHand("CombinedMargin(m1: 0.9, s: 16)", combined(0.9), batch);
    }
  });

  const m = 0.5;
  const beyondPi: Readonly<Record<string, (c: number) => readonly [number, number]>> = {
    drop: (c) => [c - m * Math.sin(m), 1],
    join: (c) => [c - (1 - Math.cos(m)), 1],
    reflect: (c) => {
      const [value, slope] = shiftedCosine(c, m);
      return [-2 - value, -slope];
    },
    flat: () => [-1, 0],
    rise: (c) => {
      const [value, slope] = shiftedCosine(c, m);
      return [value, slope];
    },
    plain: (c) => [c, 1],
  };

  it.each(Object.entries(beyondPi))("ArcFace, beyond = %s", (beyond, past) => {
    const byHand = scaledMargin(16, (c) => (Math.acos(c) + m <= Math.PI ? shiftedCosine(c, m) : past(c)));
    for (const batch of batches) expectByHand(`ArcFace(m: 0.5, s: 16, beyond: "${beyond}")`, byHand, batch);
  });

  it("ArcFace, beyond = easy", () => {
    const byHand = scaledMargin(16, (c) => (c > 0 ? shiftedCosine(c, m) : [c, 1]));
    for (const batch of batches) expectByHand('ArcFace(m: 0.5, s: 16, beyond: "easy")', byHand, batch);
  });

  it("CurricularFace, with t fed as it is at inference", () => {
    const t = 0.3;
    const target = (c: number) =>
      Math.acos(c) + m <= Math.PI ? shiftedCosine(c, m) : ([c - m * Math.sin(m), 1] as const);
    const byHand = scaledMargin(16, target, (c, [hard, slope]) =>
      c > hard ? [c * (t + c), t + 2 * c, 0 * slope] : [c, 1, 0],
    );
    for (const batch of batches) {
      const graph = lossWith("CurricularFace(m: 0.5, s: 16)");
      const [state] = graph.program.variables.filter(({ kind }) => kind === "state");
      expectByHand("CurricularFace(m: 0.5, s: 16)", byHand, batch, {
        [state?.name ?? "t"]: reference("f32", [], Float64Array.of(t)),
      });
    }
  });

  it("AdaFace: the norm's part in the margin, without its gradient", () => {
    const [mean, deviation] = [20, 100];
    const byHand = (rate: "inference"): HandMargin =>
      scaledMargin(16, (c, { xNorm }) => {
        const held = Math.min(Math.max(xNorm, 0.001), 100);
        const u = Math.min(Math.max((0.333 * (held - mean)) / (deviation + 1e-3), -1), 1);
        const angle = Math.acos(c) - 0.4 * u;
        const inside = angle > 1e-3 && angle < Math.PI - 1e-3;
        const [value, slope] = inside
          ? shiftedCosine(c, -0.4 * u)
          : [Math.cos(angle <= 1e-3 ? 1e-3 : Math.PI - 1e-3), 0];
        return rate === "inference" ? [value - 0.4 * (1 + u), slope] : [value, slope];
      });
    for (const length of [1, 30]) expectByHand("AdaFace(s: 16)", byHand("inference"), randomBatch(4, length));
  });

  it.each(["easy", "drop"])("MagFace, beyond = %s: the gradient flows through |x|", (beyond) => {
    const [low, high, mLow, mHigh, weight] = [10, 110, 0.45, 0.8, 35];
    const steepness = (mHigh - mLow) / (high - low);
    const held = (xNorm: number): readonly [number, number] =>
      xNorm < low ? [low, 0] : xNorm > high ? [high, 0] : [xNorm, 1];
    const byHand = scaledMargin(
      16,
      (c, { xNorm }) => {
        const [a, moves] = held(xNorm);
        const margin = mLow + steepness * (a - low);
        const byNorm = steepness * moves;
        const theta = Math.acos(c);
        const within = beyond === "easy" ? c > 0 : theta + margin <= Math.PI;
        if (within) {
          const [value, slope] = shiftedCosine(c, margin);
          return [value, slope, -Math.sin(theta + margin) * byNorm];
        }
        if (beyond === "easy") return [c, 1, 0];
        return [c - margin * Math.sin(margin), 1, -(Math.sin(margin) + margin * Math.cos(margin)) * byNorm];
      },
      (c) => [c, 1, 0],
      (xNorm) => {
        const [a, moves] = held(xNorm);
        return [weight * (a / high ** 2 + 1 / a), weight * moves * (1 / high ** 2 - 1 / a ** 2)];
      },
    );
    for (const length of [3, 12, 40])
      expectByHand(`MagFace(s: 16, beyond: "${beyond}")`, byHand, randomBatch(5, length));
  });

  it("Circle, MVSoftmax, LDAM", () => {
    for (const batch of batches) {
      // α carries no gradient, so the slope is α itself.
      const circle = scaledMargin(
        16,
        (c) => [Math.max(1.25 - c, 0) * (c - 0.75), Math.max(1.25 - c, 0)],
        (c) => [Math.max(c + 0.25, 0) * (c - 0.25), Math.max(c + 0.25, 0), 0],
      );
      expectByHand("Circle(gamma: 16)", circle, batch);
      const mv = scaledMargin(
        16,
        (c) => [c > 0.35 ? c - 0.35 : c, 1],
        (c, [own]) => (c > own ? [1.12 * c + 0.12, 1.12, 0] : [c, 1, 0]),
      );
      expectByHand("MVSoftmax(s: 16)", mv, batch);
      const counts = [16, 81, 1, 1, 256];
      const ldam = scaledMargin(16, (c, { y }) => [c - 0.5 * (counts[y] ?? 0) ** -0.25, 1]);
      expectByHand("LDAM([16, 81, 1, 1, 256], s: 16)", ldam, batch);
    }
  });
});

describe("margins after `angles`", () => {
  it.each(names)("%s has no acos, in value and gradients", (name) => {
    const graph = lossWith(name === "LDAM" ? "LDAM([16, 81, 1, 1, 256])" : `${name}()`);
    const ops = nodesOfGraph(graph.after).map(({ op }) => op);
    expect(ops.filter((op) => op === "acos")).toEqual([]);
    const trigonometry = nodesOfGraph(graph.after).filter(({ op }) => op === "cos" || op === "sin");
    // These three have an angle that depends on the row: on its norm, or on chance.
    if (["AdaFace", "MagFace", "ElasticFace"].includes(name)) {
      for (const node of trigonometry) expect(dependsOnCosines(node)).toBe(false);
    } else expect(trigonometry).toEqual([]);
  });

  it("had some before", () => {
    const ops = nodesOfGraph(lossWith("ArcFace()").before).map(({ op }) => op);
    expect(ops).toEqual(expect.arrayContaining(["acos", "cos"]));
  });

  it("every way of ArcFace too", () => {
    for (const beyond of ["drop", "join", "reflect", "flat", "rise", "plain", "easy"]) {
      const ops = nodesOfGraph(lossWith(`ArcFace(beyond: "${beyond}")`).after).map(({ op }) => op);
      expect(ops.filter((op) => op === "acos" || op === "cos" || op === "sin")).toEqual([]);
    }
  });
});

/** Whether a value is made with the scores of rows against classes: a contraction with the weights. */
function dependsOnCosines(node: Parameters<typeof nodesOf>[0][number]): boolean {
  return nodesOf([node]).some(({ op, attrs }) => op === "parameter" && "name" in attrs && attrs.name === "W");
}

describe("margins stay finite", () => {
  const hardBatches: Readonly<Record<string, Batch>> = {
    "c = ±1": alongWeights([1, -1, 2, -3]),
    "rows of zeros": alongWeights([0, 0, 0, 0]),
    "weights of zeros": { ...alongWeights([1, 1, 1, 1]), W: new Float64Array(15) },
    "one class": {
      x: Float64Array.of(1, 2, 3, -1, 0, 2),
      W: Float64Array.of(0.3, -1, 2),
      labels: [0, 0],
      width: 3,
    },
    "one row": { ...randomBatch(3), x: Float64Array.of(1, 0, -2), labels: [2] },
    "one feature": {
      x: Float64Array.of(1, -2, 0.5),
      W: Float64Array.of(1, -1, 2, 0, 3),
      labels: [0, 1, 2],
      width: 1,
    },
    "θ = π − m, π/2, pieces": atAngles([
      Math.PI - 0.5,
      Math.PI / 2,
      Math.PI / 4,
      Math.PI / 3,
      Math.PI - 0.3,
      (3 * Math.PI) / 4,
    ]),
  };

  it.each(names)("%s", (name) => {
    for (const [where, batch] of Object.entries(hardBatches)) {
      const counts = Array.from({ length: batch.W.length / batch.width }, (_, j) => j + 1);
      const plain = name === "LDAM" ? `LDAM([${counts.join(", ")}])` : `${name}()`;
      const huge = {
        none: "none()",
        LSoftmax: "LSoftmax(m: 7, base: 0)",
        ASoftmax: "ASoftmax(base: 0)",
        Circle: "Circle(gamma: 1e4)",
        AdaCos: "AdaCos()",
        LDAM: `LDAM([${counts.join(", ")}], s: 1e4)`,
      };
      for (const margin of [
        plain,
        Object.entries(huge).find(([key]) => key === name)?.[1] ?? `${name}(s: 1e4)`,
      ])
        for (const [output, { data }] of Object.entries(evaluated(margin, batch)))
          expect([...data].every(Number.isFinite), `${margin}: ${output} at ${where}`).toBe(true);
    }
  });

  function alongWeights(factors: readonly number[]): Batch {
    const { W } = randomBatch(2);
    const labels = factors.map((_, i) => i % classes);
    const x = factors.flatMap((factor, i) =>
      [...W.slice((i % classes) * width, (i % classes) * width + width)].map((v) => factor * v),
    );
    return { x: Float64Array.from(x), W, labels, width };
  }

  /** Rows at exact angles from weights along the axes of a plane. */
  function atAngles(angles: readonly number[]): Batch {
    const W = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, -1, 0, 0, 0, -1, 0);
    const x = angles.flatMap((angle) => [3 * Math.cos(angle), 3 * Math.sin(angle), 0]);
    expect(norm(x.slice(0, 3))).toBeCloseTo(3);
    return { x: Float64Array.from(x), W, labels: angles.map(() => 0), width };
  }
});
