/**
 * Products on rounded operands: what is rounded and what is not, by structure; the traps of the range of half precision,
 * on the reference, which rounds as a device does; and whole heads against their twin in f32.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileVerified, defaultPassOptions, stagesOf } from "../../../compiler/compile.ts";
import type { Formulas } from "../../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../../compiler/ir/dim.ts";
import { type Node, isOp, nodesOfGraph } from "../../../compiler/ir/node.ts";
import { printGraph } from "../../../compiler/ir/text.ts";
import { verifyStage } from "../../../compiler/ir/verify.ts";
import { roundToHalf } from "../../../compiler/ops/functions.ts";
import { narrow } from "../../../compiler/passes/narrow.ts";
import { boundOf } from "../../../compiler/passes/narrow/bounds.ts";
import type { PassOptions, Stage } from "../../../compiler/passes/pass.ts";
import { evaluateGraph, type Feeds } from "../../../compiler/reference.ts";
import type { Region } from "../../../compiler/passes/stream.ts";
import { programOf } from "../../support/gpu-runs.ts";
import { randomPrograms, withGradients } from "../../support/random-programs.ts";
import { expectSameValues } from "../../support/references.ts";
import { stageOf } from "../../support/check-pass.ts";
import * as heads from "../../support/head-programs.ts";
import { maximalDifference, referenceStep, tfjsStep } from "../../support/head-runs.ts";

const f16: PassOptions = { ...defaultPassOptions, operands: "f16" };
const f32 = (f: Formulas, name: string, ...shape: readonly number[]): Node =>
  f.make("input", [], { name, dtype: "f32", shape: shape.map(constantDim) });

/** A rounding to 11 bits moves a number by at most this, relative to its size. */
const rounding = 2 ** -11;

function narrowedStage(write: (f: Formulas) => Node): Stage {
  const stage = narrow.run({ ...stageOf(write), options: f16 });
  expect(verifyStage(stage)).toEqual([]);
  return stage;
}

function valueOf({ graph }: Pick<Stage, "graph">, feeds: Feeds): readonly number[] {
  return [...(evaluateGraph(graph, feeds, {})["value"]?.data ?? [])];
}

const feed = (shape: readonly number[], values: readonly number[]): Feeds[string] => ({
  dtype: "f32",
  shape,
  data: Float64Array.from(values),
});

describe("rounding", () => {
  test.each([
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [2049, 2048],
    [-2051, -2052],
    [65503, 65504],
    [1e9, 65504],
    [-Infinity, -65504],
    [2 ** -24, 2 ** -24],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2 ** -23],
    [0, 0],
  ])("%d becomes %d", (x, expected) => {
    expect(roundToHalf(x)).toBe(expected);
  });

  test("keeps every number of half precision", () => {
    for (let mantissa = 1024; mantissa < 2048; mantissa += 7)
      for (let exponent = -24; exponent <= 5; exponent++)
        expect(roundToHalf(mantissa * 2 ** exponent)).toBe(mantissa * 2 ** exponent);
    expect(roundToHalf(NaN)).toBeNaN();
  });
});

describe("a product", () => {
  const product = (f: Formulas): Node => f.matmul(f32(f, "a", 2, 2), f32(f, "b", 2, 2), "keep", "keep");

  test("is of scaled and rounded operands", () => {
    expect(printGraph(narrowedStage(product).graph)).toMatchInlineSnapshot(`
      "%0 = input {dtype: f32, name: "a", shape: [2, 2]} : f32[2, 2]
      %1 = input {dtype: f32, name: "b", shape: [2, 2]} : f32[2, 2]
      %2 = abs(%0) : f32[2, 2]
      %3 = max(%2) {axes: [0, 1], keepDims: false} : f32
      %4 = constant {dtype: f32, value: 7.888609052210118e-31} : f32
      %5 = maximum(%3, %4) : f32
      %6 = constant {dtype: f32, value: 16384} : f32
      %7 = div(%6, %5) : f32
      %8 = mul(%0, %7) : f32[2, 2]
      %9 = half(%8) : f32[2, 2]
      %10 = abs(%1) : f32[2, 2]
      %11 = max(%10) {axes: [0, 1], keepDims: false} : f32
      %12 = maximum(%11, %4) : f32
      %13 = div(%6, %12) : f32
      %14 = mul(%1, %13) : f32[2, 2]
      %15 = half(%14) : f32[2, 2]
      %16 = matmul(%9, %15) {transposeA: false, transposeB: false} : f32[2, 2]
      %17 = constant {dtype: f32, value: 3.725290298461914e-9} : f32
      %18 = mul(%17, %5) : f32
      %19 = mul(%18, %12) : f32
      %20 = mul(%16, %19) : f32[2, 2]
      output "value" = %20
      "
    `);
  });

  // Each element loses a rounding on either side, and the row has two: relative to the largest.
  test.each([
    ["as large as f32 allows", 1e18],
    ["beyond the range of half precision", 7e4],
    ["like gradients of a mean over many rows", 1e-7],
    ["far below the range of half precision", 1e-30],
  ])("of operands %s keeps its digits", (_, size) => {
    const values = [0.3, -0.71, 1, 0.011];
    const feeds = {
      a: feed(
        [2, 2],
        values.map((v) => v * size),
      ),
      b: feed([2, 2], values),
    };
    const [exact, actual] = [valueOf(stageOf(product), feeds), valueOf(narrowedStage(product), feeds)];
    const largest = Math.max(...exact.map(Math.abs));
    exact.forEach((value, i) =>
      expect(Math.abs(value - (actual[i] ?? NaN)) / largest).toBeLessThan(4 * rounding),
    );
    expect(actual).not.toEqual(exact);
  });

  test("of nothing but zeros is zero", () => {
    const zeros = feed([2, 2], [0, 0, 0, 0]);
    expect(valueOf(narrowedStage(product), { a: zeros, b: zeros })).toEqual([0, 0, 0, 0]);
  });

  test("of a transposed operand rounds what is stored", () => {
    const { graph } = narrowedStage((f) =>
      f.matmul(f.flip(f32(f, "a", 3, 2)), f32(f, "b", 3, 2), "keep", "keep"),
    );
    const transposed = nodesOfGraph(graph).filter((node) => isOp(node, "transpose"));
    expect(transposed.map(({ inputs }) => inputs[0]?.op)).toEqual(["half"]);
  });

  test("in f32 stays what it is", () => {
    const stage = stageOf(product);
    expect(narrow.run(stage)).toBe(stage);
  });
});

describe("a bound by structure", () => {
  const sizes = { N: namedDim("N"), C: namedDim("C") };
  const scores = (f: Formulas): Node =>
    f.make("input", [], { name: "z", dtype: "f32", shape: [sizes.N, sizes.C] });
  const own = (f: Formulas): Node =>
    f.make("input", [], { name: "own", dtype: "bool", shape: [sizes.N, sizes.C] });
  const column = (f: Formulas, x: Node): Node => f.reshape(x, [sizes.N, constantDim(1)]);
  const total = (f: Formulas, z: Node): Node => column(f, f.logsumexp(z, { axes: [1], keepDims: false }));
  const cases: readonly (readonly [string, (f: Formulas) => Node, number])[] = [
    ["a probability", (f) => f.exp(f.sub(scores(f), total(f, scores(f)))), 1],
    [
      "a probability of the other classes, where the own class's score is another",
      (f) => {
        const z = f.select(own(f), f.f32(3), scores(f));
        return f.select(own(f), f.f32(0), f.exp(f.sub(scores(f), total(f, z))));
      },
      1,
    ],
    [
      "the same looked at where the own class is",
      (f) => {
        const z = f.select(own(f), f.f32(3), scores(f));
        return f.select(own(f), f.exp(f.sub(scores(f), total(f, z))), f.f32(0));
      },
      Infinity,
    ],
    ["e to the power of anything", (f) => f.exp(scores(f)), Infinity],
    ["a clamped sine", (f) => f.mul(f.f32(-3), f.sin(scores(f))), 3],
    [
      "a row by its length",
      (f) => {
        const x = f32(f, "x", 2, 3);
        const length = f.sqrt(f.maximum(f.sum(f.mul(x, x), { axes: [1], keepDims: true }), f.f32(1e-12)));
        return f.mul(x, f.div(f.f32(1), length));
      },
      1,
    ],
    [
      "a row by another's length",
      (f) => {
        const [x, y] = [f32(f, "x", 2, 3), f32(f, "y", 2, 3)];
        const length = f.sqrt(f.sum(f.mul(y, y), { axes: [1], keepDims: true }));
        return f.mul(x, f.div(f.f32(1), length));
      },
      Infinity,
    ],
  ];

  test.each(cases)("%s", (_, write, bound) => {
    const stage = stageOf(write);
    expect(stage.graph.outputs.map(({ node }) => boundOf(node))).toEqual([bound]);
  });
});

describe("streamed heads", () => {
  const sizes = { width: 7, classes: 37 };
  const tiny: PassOptions = { ...f16, streamFrom: 2, budgetBytes: 16384 };
  const step = (write: (head: heads.Head) => heads.HeadResult, options: PassOptions): Stage => {
    const program = heads.headProgram(sizes, write);
    const [fn] = program.functions;
    if (fn === undefined) throw new Error("a head has a step");
    return compileVerified(program, fn, options);
  };

  test.each([
    ["arcFace", heads.arcFace, 2],
    ["hiddenArcFace", heads.hiddenArcFace, 3],
  ])("%s keeps rounded cosines, and all its %i products are of rounded operands", (_, write, count) => {
    const { regions = [] } = step(write, tiny);
    expect(regions.map(({ passes }) => passes.length)).toEqual([2]);
    expect(regions[0]?.passes.flatMap(({ kept }) => kept.map(({ op }) => op))).toEqual(["sum", "half"]);
    const products = productsOf(regions);
    expect(products.length).toBe(count);
    for (const { inputs } of products) expect(inputs.map(roundedBelow)).toEqual([true, true]);
  });

  test("the own class's cosine is read by no product", () => {
    const program = heads.headProgram(sizes, heads.arcFace);
    const [fn] = program.functions;
    const stages = fn === undefined ? [] : stagesOf(program, fn, tiny);
    const [before, after] = ["simplify", "narrow"].map((name) => stages.find((each) => each.name === name));
    const gathers = (stage: Stage | undefined): number =>
      nodesOfGraph(stage?.graph ?? { outputs: [] }).filter((node) => isOp(node, "gather")).length;
    expect(gathers(after)).toBe(gathers(before));
    expect(gathers(after)).toBeGreaterThan(0);
  });

  test("what has no bound stays in f32: the logits of weights of any length", () => {
    const { regions = [] } = step(heads.curricularFace, tiny);
    expect(productsOf(regions).some(({ inputs }) => inputs.every((input) => !roundedBelow(input)))).toBe(
      true,
    );
  });

  // Scores are s times a cosine that two roundings of operands and one of itself move, with s = 8.
  test.each(Object.entries({ arcFace: heads.arcFace, hiddenArcFace: heads.hiddenArcFace }))(
    "%s stays near its twin in f32",
    async (_, write) => {
      const rows = { N: 5, C: 37 };
      const exact = await referenceStep(heads.headProgram(sizes, write), rows, 1);
      const actual = await tfjsStep(heads.headProgram(sizes, write), tiny, rows, 1);
      const gap = maximalDifference(actual, exact);
      expect(gap).toBeLessThan(8 * 3 * rounding);
      expect(gap).toBeGreaterThan(1e-6);
    },
  );
});

function productsOf(regions: readonly Region[]): readonly Node[] {
  const bodies = regions.flatMap(({ passes }) => passes.flatMap(({ body }) => body));
  return [...new Set(bodies)].filter((node) => isOp(node, "matmul"));
}

/** Whether a value is rounded, by whatever way it is looked at. */
function roundedBelow(node: Node): boolean {
  const [input] = node.inputs;
  if (isOp(node, "half")) return true;
  return (isOp(node, "reshape") || isOp(node, "transpose")) && input !== undefined && roundedBelow(input);
}

test("a hundred thousand classes of equal probability keep the gradient of the others", () => {
  const classes = 100_000;
  const builderOf = (f: Formulas): Node => {
    const z = f32(f, "z", 1, classes);
    const p = f.exp(
      f.sub(z, f.reshape(f.logsumexp(z, { axes: [1], keepDims: false }), [1, 1].map(constantDim))),
    );
    return f.matmul(p, f32(f, "w", classes, 1), "keep", "keep");
  };
  const feeds = {
    z: feed(
      [1, classes],
      Array.from({ length: classes }, () => 0),
    ),
    w: feed(
      [classes, 1],
      Array.from({ length: classes }, () => 1),
    ),
  };
  const [sum = NaN] = valueOf(narrowedStage(builderOf), feeds);
  // One over 100,000 is 1e-5, below the smallest normal number of half precision, 6.1e-5.
  expect(Math.abs(sum - 1)).toBeLessThan(2 * rounding);
});

test("random programs and their gradients stay near their twins in f32, streamed and whole", () => {
  fc.assert(
    fc.property(randomPrograms("smooth"), fc.boolean(), (program, streamed) => {
      const { feeds, dims } = program;
      const before = withGradients(program);
      const operands = { ...f16, streamFrom: streamed ? 2 : 1024 };
      const random = programOf(program.builder, before, dims);
      const [fn] = random.functions;
      if (fn === undefined) throw new Error("there is no function");
      const { graph } = compileVerified(random, fn, operands);
      // Programs are a dozen operations deep, and each product rounds its operands to 11 bits.
      expectSameValues(evaluateGraph(graph, feeds, dims), evaluateGraph(before, feeds, dims), 2 ** -5);
    }),
    { numRuns: 60, seed: 5, endOnFailure: true },
  );
});
