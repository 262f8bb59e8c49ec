/** Losses against what the papers say, written by hand in float64. Their gradients are in gradcheck.test.ts. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Nested } from "../../src/values/nested.ts";
import { type RunTextOptions, flat, numbers, runText } from "../support/run-text.ts";

async function run(loss: string, options: RunTextOptions) {
  const text = `import { ${loss} } from "std/losses"\nimport { CosFace } from "std/margins"\n`;
  return runText(text, loss, { when: "training", ...options });
}

const rowsOf = (x: readonly Nested[]): readonly (readonly number[])[] => x.map(flat);
const total = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0);
const mean = (values: readonly number[]): number => total(values) / values.length;
const logSumExp = (row: readonly number[]): number => {
  const top = Math.max(...row);
  return top + Math.log(total(row.map((one) => Math.exp(one - top))));
};

describe("softmax_cross_entropy", () => {
  const z = numbers(1, 5, 4);
  const y = [0, 3, 1, 1, 2];
  const rows = rowsOf(z);
  const own = rows.map((row, i) => logSumExp(row) - (row[y[i] ?? 0] ?? 0));

  test("mean of logsumexp − own score", async () => {
    expect((await run("softmax_cross_entropy", { inputs: { z, y } })).value).toBeCloseTo(mean(own), 12);
  });

  test("with smoothing the target is spread", async () => {
    const smooth = rows.map((row, i) => 0.9 * (own[i] ?? 0) + 0.1 * (logSumExp(row) - mean(row)));
    const { value } = await run("softmax_cross_entropy", { set: { smoothing: "0.1" }, inputs: { z, y } });
    expect(value).toBeCloseTo(mean(smooth), 12);
  });

  test("with weights the mean is weighted", async () => {
    const weights = [1, 2, 0.5, 0];
    const used = y.map((label) => weights[label] ?? 0);
    const weighted = total(own.map((one, i) => one * (used[i] ?? 0))) / total(used);
    const set = { weights: `[${weights.join(", ")}]` };
    // How many classes there are must be known where the list is held against it.
    const text =
      'import { softmax_cross_entropy } from "std/losses"\n' +
      `loss four(z: f32[N, 4], y: index<4>[N]) = softmax_cross_entropy(z, y, weights: ${set.weights})\n`;
    expect((await runText(text, "four", { inputs: { z, y } })).value).toBeCloseTo(weighted, 12);
  });

  test("scores of a thousand do not overflow", async () => {
    const { value, grads } = await run("softmax_cross_entropy", { inputs: { z: [[1000, -1000]], y: [1] } });
    expect(value).toBeCloseTo(2000, 9);
    expect(flat(grads["z"]).every(Number.isFinite)).toBe(true);
  });
});

describe("margin_softmax", () => {
  const dot = (a: readonly number[], b: readonly number[]) => total(a.map((one, k) => one * (b[k] ?? 0)));
  const cosine = (a: readonly number[], b: readonly number[]) =>
    dot(a, b) / Math.hypot(...a) / Math.hypot(...b);
  const [x, y] = [numbers(2, 4, 3), [0, 2, 1, 2]];
  const cosFace = (cosines: readonly (readonly number[])[]) =>
    mean(
      cosines.map((row, i) => {
        const scores = row.map((c, j) => 8 * (j === y[i] ? c - 0.2 : c));
        return logSumExp(scores) - (scores[y[i] ?? 0] ?? 0);
      }),
    );

  test("of one centre a class", async () => {
    const W = numbers(3, 3, 3);
    const cosines = rowsOf(x).map((row) => rowsOf(W).map((weight) => cosine(row, weight)));
    const set = { margin: "CosFace(m: 0.2, s: 8)" };
    const { value } = await run("margin_softmax", { set, inputs: { x, y }, params: { W } });
    expect(value).toBeCloseTo(cosFace(cosines), 12);
  });

  test("of several centres the nearest counts", async () => {
    const W = numbers(4, 3, 2, 3);
    const cosines = rowsOf(x).map((row) =>
      W.map((centres) =>
        Math.max(...(Array.isArray(centres) ? centres : []).map((one) => cosine(row, flat(one)))),
      ),
    );
    const set = { margin: "CosFace(m: 0.2, s: 8)", centres: "2" };
    const { value } = await run("margin_softmax", { set, inputs: { x, y }, params: { W_centres: W } });
    expect(value).toBeCloseTo(cosFace(cosines), 12);
  });

  test("no centre is refused", async () => {
    const set = { margin: "CosFace()", centres: "0" };
    await expect(run("margin_softmax", { set })).rejects.toThrow("at least one centre");
  });
});

describe("partial_softmax", () => {
  const [x, W] = [numbers(2, 4, 3), numbers(3, 7, 3)];
  const y = [0, 2, 6, 2];
  const of = (loss: string, set: Readonly<Record<string, string>>, options: RunTextOptions = {}) =>
    run(loss, {
      set: { margin: "CosFace(m: 0.2, s: 8)", ...set },
      inputs: { x, y },
      params: { W },
      ...options,
    });

  test("of all classes is margin_softmax, in value and gradient", async () => {
    const [some, all] = [await of("partial_softmax", { sampled: "7" }), await of("margin_softmax", {})];
    expect(some.value).toBeCloseTo(Number(all.value), 12);
    for (const name of ["x", "W"])
      flat(some.grads[name]).forEach((slope, i) =>
        expect(slope).toBeCloseTo(flat(all.grads[name])[i] ?? NaN, 12),
      );
  });

  test("counts the classes of the batch and others up to its number, and moves no other", async () => {
    const { value, grads } = await of("partial_softmax", { sampled: "5" });
    const slopes = rowsOf(grads["W"] as readonly Nested[]);
    const moved = slopes.flatMap((row, c) => (row.some((slope) => slope !== 0) ? [c] : []));
    expect(moved).toHaveLength(5);
    expect(moved).toEqual(expect.arrayContaining([0, 2, 6]));
    // The same over the classes that were taken, under their new numbers.
    const params = { W: moved.map((c) => W[c] ?? []) };
    const inputs = { x, y: y.map((label) => moved.indexOf(label)) };
    expect(value).toBeCloseTo(Number((await of("margin_softmax", {}, { inputs, params })).value), 12);
  });

  test("takes others in another step, and all outside of training", async () => {
    const valueAt = async (step: number) => (await of("partial_softmax", { sampled: "4" }, { step })).value;
    expect(
      new Set([await valueAt(0), await valueAt(1), await valueAt(2), await valueAt(3)]).size,
    ).toBeGreaterThan(1);
    const text = 'import { partial_softmax } from "std/losses"\nimport { CosFace } from "std/margins"\n';
    const set = { margin: "CosFace(m: 0.2, s: 8)", sampled: "4" };
    const evaluated = await runText(text, "partial_softmax", { set, inputs: { x, y }, params: { W } });
    expect(evaluated.value).toBeCloseTo(Number((await of("margin_softmax", {})).value), 12);
  });

  test("a row whose class finds no place counts for nothing", async () => {
    const { value, grads } = await of("partial_softmax", { sampled: "1" });
    // One class alone is certain, whichever of the batch it is.
    expect(value).toBe(0);
    expect(flat(grads["W"]).every((slope) => slope === 0)).toBe(true);
  });
});

test("mean_squared_error is a mean over all elements", async () => {
  const [x, y] = [numbers(5, 2, 3), numbers(6, 2, 3)];
  const squares = flat(x).map((one, i) => (one - (flat(y)[i] ?? 0)) ** 2);
  expect((await run("mean_squared_error", { inputs: { x, y } })).value).toBeCloseTo(mean(squares), 12);
});

// ---------------------------------------------------------------- Lovász

/** Algorithm 1 of the paper: errors worst first, times the steps of the Jaccard loss. */
function lovaszSum(
  errors: readonly number[],
  truth: readonly number[],
  weigh: (error: number) => number,
): number {
  const order = errors.map((_, i) => i).sort((a, b) => (errors[b] ?? 0) - (errors[a] ?? 0));
  const positives = total(truth);
  let [seen, hits, before, sum] = [0, 0, 0, 0];
  for (const i of order) {
    seen++;
    hits += truth[i] ?? 0;
    const jaccard = 1 - (positives - hits) / (positives + seen - hits);
    sum += weigh(errors[i] ?? 0) * (jaccard - before);
    before = jaccard;
  }
  return sum;
}

describe("losses of label maps", () => {
  // Two images of three pixels and three classes; 255 and 7 are no classes, and class 1 is nowhere.
  const z = numbers(5, 2, 3, 3);
  const y = [
    [0, 2, 255],
    [0, 7, 2],
  ];
  const scores = z.flatMap((image) => rowsOf(Array.isArray(image) ? image : []));
  const labels = y.flat();
  const p = scores.map((row) => row.map((one) => Math.exp(one - logSumExp(row))));
  const nested = (rows: readonly (readonly number[])[]): Nested => [rows.slice(0, 3), rows.slice(3)];
  const counted = labels.flatMap((label, i) =>
    label < 3 ? [{ label, share: p[i]?.[label] ?? 0, row: p[i] ?? [] }] : [],
  );

  test.each([0, 0.5, 2])("pixel_cross_entropy with γ = %s", async (gamma) => {
    const expected = mean(counted.map(({ share }) => (1 - share) ** gamma * -Math.log(share)));
    const { value, grads } = await run("pixel_cross_entropy", {
      set: { gamma: `${gamma}` },
      inputs: { z, y },
    });
    expect(value).toBeCloseTo(expected, 12);
    const found = rowsOf(
      Array.isArray(grads["z"]) ? grads["z"].flatMap((image) => (Array.isArray(image) ? image : [])) : [],
    );
    labels.forEach((label, i) => expect(found[i]?.every((one) => one === 0)).toBe(label > 2));
  });

  test("pixel_cross_entropy with weights is a weighted mean", async () => {
    const weights = [0.5, 3, 2];
    const used = counted.map(({ label }) => weights[label] ?? 0);
    const expected = total(counted.map(({ share }, i) => (used[i] ?? 0) * -Math.log(share))) / total(used);
    const text =
      'import { pixel_cross_entropy } from "std/losses"\n' +
      `loss three(z: f32[N, P, 3], y: i32[N, P]) = pixel_cross_entropy(z, y, weights: [${weights.join(", ")}])\n`;
    expect((await runText(text, "three", { inputs: { z, y } })).value).toBeCloseTo(expected, 12);
  });

  test("tversky over the classes that are there", async () => {
    const index = (label: number, rows: typeof counted, alpha: number, beta: number) => {
      const right = total(rows.map((one) => (one.label === label ? (one.row[label] ?? 0) : 0)));
      const wrong = total(rows.map((one) => (one.label === label ? 0 : (one.row[label] ?? 0))));
      const missed = total(rows.map((one) => (one.label === label ? 1 - (one.row[label] ?? 0) : 0)));
      return 1 - right / (right + alpha * wrong + beta * missed);
    };
    const inputs = { p: nested(p), y };
    const whole = mean([0, 2].map((label) => index(label, counted, 0.3, 0.7)));
    const { value } = await run("tversky", { set: { alpha: "0.3", beta: "0.7" }, inputs });
    expect(value).toBeCloseTo(whole, 12);
    const images = [counted.slice(0, 2), counted.slice(2)];
    const each = mean(images.flatMap((rows) => [0, 2].map((label) => index(label, rows, 0.5, 0.5))));
    expect((await run("tversky", { set: { per_image: "true" }, inputs })).value).toBeCloseTo(each, 12);
  });

  test.each(["pixel_cross_entropy", "tversky", "lovasz_softmax"])(
    "%s of images that are void altogether, or of one pixel, is finite with its gradient",
    async (loss) => {
      const name = loss === "pixel_cross_entropy" ? "z" : "p";
      const values = { z: [[[50, -50]]], p: [[[1, 0]]] }[name];
      for (const label of [255, 0, 1]) {
        const { value, grads } = await run(loss, { inputs: { [name]: values, y: [[label]] } });
        expect(Number.isFinite(value)).toBe(true);
        expect(flat(grads[name]).every(Number.isFinite)).toBe(true);
        if (label === 255) expect([value, ...flat(grads[name])].every((one) => one === 0)).toBe(true);
      }
    },
  );

  test("a label that is no class counts for nothing in lovasz_softmax and lovasz_hinge", async () => {
    const void7 = y.map((row) => row.map((label) => (label === 7 ? 255 : label)));
    const softmax = async (labels: Nested) =>
      (await run("lovasz_softmax", { inputs: { p: nested(p), y: labels } })).value;
    expect(await softmax(y)).toBe(await softmax(void7));
    const hinge = async (labels: Nested) =>
      (await run("lovasz_hinge", { inputs: { z: [[0.3, -2, 0.5]], y: [labels] } })).value;
    expect(await hinge([1, 0, 7])).toBe(await hinge([1, 0, 255]));
  });
});

interface Lovasz {
  readonly classes: "present" | "all" | readonly number[];
  readonly perImage: boolean;
  readonly ignore: number;
}

/** p: [image][pixel][class], y: [image][pixel] */
function lovaszSoftmax(
  p: readonly (readonly (readonly number[])[])[],
  y: readonly (readonly number[])[],
  options: Lovasz,
) {
  const groups = options.perImage
    ? p.map((image, n) => image.map((row, i) => ({ row, label: y[n]?.[i] ?? 0 })))
    : [p.flatMap((image, n) => image.map((row, i) => ({ row, label: y[n]?.[i] ?? 0 })))];
  const losses = groups.map((group) => {
    const pixels = group.filter(({ label }) => label !== options.ignore);
    const count = p[0]?.[0]?.length ?? 0;
    const each = Array.from({ length: count }, (_, c) => {
      const truth = pixels.map(({ label }) => (label === (count === 1 ? 1 : c) ? 1 : 0));
      if (options.classes === "present" && total(truth) === 0) return undefined;
      if (Array.isArray(options.classes) && !options.classes.includes(c)) return undefined;
      const errors = pixels.map(({ row }, i) => Math.abs((truth[i] ?? 0) - (row[c] ?? 0)));
      return lovaszSum(errors, truth, (error) => error);
    }).filter((one) => one !== undefined);
    return each.length === 0 ? 0 : mean(each);
  });
  return mean(losses);
}

describe("lovasz_softmax", () => {
  const image = fc.record({
    images: fc.integer({ min: 1, max: 2 }),
    pixels: fc.integer({ min: 1, max: 6 }),
    classes: fc.integer({ min: 1, max: 4 }),
    seed: fc.integer({ min: 1, max: 1000 }),
    labels: fc.array(fc.constantFrom(0, 1, 2, 3, 255), { minLength: 12, maxLength: 12 }),
    which: fc.constantFrom<"present" | "all" | "list">("present", "all", "list"),
    perImage: fc.boolean(),
  });

  test("equals algorithm 1 over classes, images and ignored pixels", async () => {
    await fc.assert(
      fc.asyncProperty(image, async ({ images, pixels, classes, seed, labels, which, perImage }) => {
        const p = numbers(seed, images, pixels, classes).map((one) =>
          rowsOf(Array.isArray(one) ? one : []).map((row) => row.map((value) => 0.5 + value / 2)),
        );
        const most = Math.max(classes, 2);
        const y = p.map((_, n) =>
          Array.from({ length: pixels }, (__, i) => {
            const label = labels[n * pixels + i] ?? 0;
            return label === 255 ? 255 : label % most;
          }),
        );
        const set = {
          per_image: `${perImage}`,
          ...(which === "all" ? { classes: '"all"' } : {}),
          ...(which === "list" ? { only: "[0]" } : {}),
        };
        const { value } = await run("lovasz_softmax", { set, inputs: { p, y } });
        const expected = lovaszSoftmax(p, y, {
          classes: which === "list" ? [0] : which,
          perImage,
          ignore: 255,
        });
        expect(value).toBeCloseTo(expected, 10);
      }),
      { numRuns: 40 },
    );
  });

  test("a perfect answer costs nothing, a wrong one 1", async () => {
    const y = [[0, 1]];
    const cost = async (p: Nested) => (await run("lovasz_softmax", { inputs: { p: [p], y } })).value;
    expect(
      await cost([
        [1, 0],
        [0, 1],
      ]),
    ).toBeCloseTo(0, 12);
    expect(
      await cost([
        [0, 1],
        [1, 0],
      ]),
    ).toBeCloseTo(1, 12);
  });

  test("with nothing to see the loss is 0 and its gradient finite", async () => {
    const { value, grads } = await run("lovasz_softmax", { inputs: { p: [[[0.4, 0.6]]], y: [[255]] } });
    expect(value).toBe(0);
    expect(flat(grads["p"])).toEqual([0, 0]);
  });
});

describe("lovasz_hinge", () => {
  const hinge = (z: readonly number[], y: readonly number[]) => {
    const kept = z.map((score, i) => ({ score, label: y[i] ?? 0 })).filter(({ label }) => label !== 255);
    const errors = kept.map(({ score, label }) => 1 - score * (2 * label - 1));
    return lovaszSum(
      errors,
      kept.map(({ label }) => label),
      (error) => Math.max(error, 0),
    );
  };
  const z = [
    [2, -0.5, 0.3, -1],
    [0.1, 1.5, -2, 0.7],
  ];
  const y = [
    [1, 1, 0, 255],
    [0, 0, 0, 0],
  ];

  test("per image", async () => {
    const expected = mean(z.map((row, n) => hinge(row, y[n] ?? [])));
    expect((await run("lovasz_hinge", { inputs: { z, y } })).value).toBeCloseTo(expected, 12);
  });

  test("over the batch", async () => {
    const set = { per_image: "false" };
    const { value } = await run("lovasz_hinge", { set, inputs: { z, y } });
    expect(value).toBeCloseTo(hinge(z.flat(), y.flat()), 12);
  });
});
