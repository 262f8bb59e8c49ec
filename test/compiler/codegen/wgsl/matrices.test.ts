/**
 * Products on subgroup matrices. How subgroups share a tile and what is emitted is tested anywhere; where the device has such
 * matrices, products of every transposition, convolutions and a head run on them, against the reference.
 */
import { describe, expect, test } from "vitest";
import {
  type Capabilities,
  type MatrixUse,
  choosePath,
  plainCapabilities,
} from "../../../../compiler/codegen/wgsl/capabilities.ts";
import { matrixPlan } from "../../../../compiler/codegen/wgsl/matrix-tiles.ts";
import { tiles } from "../../../../compiler/codegen/wgsl/tile.ts";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import {
  emissionFor,
  evaluateOnGpu,
  gpuExecutor,
  gpuModule,
  gpuOptions,
  programOf,
} from "../../../support/gpu-runs.ts";
import * as heads from "../../../support/head-programs.ts";
import { maximalDifference, referenceStep, runSteps } from "../../../support/head-runs.ts";
import { expectSameValues, randomFeeds } from "../../../support/references.ts";

const f16: PassOptions = { ...gpuOptions, operands: "f16" };
const f32 = (f: Formulas, name: string, ...shape: readonly number[]): Node =>
  f.make("input", [], { name, dtype: "f32", shape: shape.map(constantDim) });

function use(size: number, subgroup: number, spelling: MatrixUse["spelling"] = "flag"): MatrixUse {
  const shape = { operand: "f16", result: "f32", rows: size, columns: size, depth: size };
  return { shape, spelling, subgroup };
}

/** `down x across` subgroups of `tall x wide` fragments. */
function planText(matrices: MatrixUse | undefined, tile: keyof typeof tiles): string {
  const plan = matrixPlan(matrices, tiles[tile]);
  if (plan === undefined) return "none";
  return `${plan.down}x${plan.across} of ${plan.tall}x${plan.wide}`;
}

describe("how subgroups share a tile", () => {
  test.each([
    ["cards of 32 lanes", use(16, 32), "square", "2x4 of 2x1"],
    ["cards of 64 lanes", use(16, 64), "square", "2x2 of 2x2"],
    ["small fragments in software", use(8, 8), "square", "4x8 of 2x1"],
    ["a large tile on cards of 32 lanes", use(16, 32), "huge", "2x4 of 4x2"],
    ["a large tile on cards of 64 lanes", use(16, 64), "huge", "2x2 of 4x4"],
    ["more subgroups than fragments", use(16, 8), "square", "none"],
    ["subgroups larger than the workgroup", use(16, 512), "square", "none"],
    ["no matrices", undefined, "square", "none"],
  ] as const)("%s", (_, matrices, tile, expected) => {
    expect(planText(matrices, tile)).toBe(expected);
  });
});

function capabilitiesWith(matrix: MatrixUse): Capabilities {
  return { ...plainCapabilities("workgroup"), subgroups: true, half: true, matrix };
}

function graphOf(make: (f: Formulas) => Node) {
  const builder = new GraphBuilder();
  const graph = { outputs: [{ name: "value", node: make(formulas(builder)) }] };
  return { builder, graph };
}

/** A large product of rounded operands, as its kernel's text. */
function productText(matrix: MatrixUse, options: PassOptions): string {
  const { builder, graph } = graphOf((f) =>
    f.matmul(f32(f, "a", 70, 40), f32(f, "b", 40, 66), "keep", "keep"),
  );
  const { kernels } = gpuModule(
    programOf(builder, graph, {}),
    options,
    emissionFor(capabilitiesWith(matrix)),
  );
  return kernels.map(({ code }) => code).find((code) => code.includes("halves_left")) ?? "";
}

describe("what is emitted", () => {
  test("fragments add up in f32, in the spelling of the device", () => {
    const [flag, layout] = [use(16, 32), use(16, 32, "layout")].map((each) => productText(each, f16));
    expect(flag).toContain("enable chromium_experimental_subgroup_matrix;");
    expect(flag).toContain("var fragment_1_0: subgroup_matrix_result<f32, 16, 16>;");
    expect(flag).toMatch(
      /subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>\(&halves_left, .*, false, 40u\)/,
    );
    expect(layout).toMatch(
      /subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>\(&halves_left, .*, 40u\)/,
    );
    expect(layout).toMatch(/subgroupMatrixStore<row_major>\(&finished, /);
  });

  test("operands in f32 stay off the matrices", () => {
    expect(productText(use(16, 32), gpuOptions)).toBe("");
  });
});

/** Sizes are no multiples of a tile or a fragment. */
const cases: Readonly<Record<string, (f: Formulas) => Node>> = {
  "a product": (f) => f.matmul(f32(f, "a", 70, 37), f32(f, "b", 37, 66), "keep", "keep"),
  "left flipped": (f) => f.matmul(f32(f, "a", 37, 70), f32(f, "b", 37, 66), "flip", "keep"),
  "right flipped": (f) => f.matmul(f32(f, "a", 70, 37), f32(f, "b", 66, 37), "keep", "flip"),
  "both flipped, with a bias": (f) =>
    f.add(f.matmul(f32(f, "a", 37, 130), f32(f, "b", 66, 37), "flip", "flip"), f32(f, "bias", 66)),
  "a convolution of four channels, read in fours": (f) =>
    f.make("conv2d", [f32(f, "x", 2, 9, 8, 4), f32(f, "w", 3, 3, 4, 40)], {
      stride: [1, 1],
      padding: "same",
    }),
  "a gradient of an image, read in fours": (f) =>
    f.make("conv2d_input_gradient", [f32(f, "w", 3, 3, 40, 8), f32(f, "g", 2, 9, 8, 8)], {
      stride: [1, 1],
      padding: "same",
      shape: [2, 9, 8, 40].map(constantDim),
    }),
  "a convolution": (f) =>
    f.make("conv2d", [f32(f, "x", 2, 8, 9, 3), f32(f, "w", 3, 3, 3, 40)], {
      stride: [1, 1],
      padding: "same",
    }),
};

describeOnGpu("products on subgroup matrices", (gpu) => {
  const chosen = choosePath(gpu.offer, "matrix");

  test.for(Object.entries(cases))("%s", async ([, make], { skip }) => {
    if (chosen.kind === "lacking") return skip(`this adapter lacks ${chosen.lacks.join(", ")}`);
    const { builder, graph } = graphOf(make);
    const feeds = randomFeeds(graph, {}, 5, { low: 0, high: 3 });
    const emission = emissionFor(chosen.capabilities);
    const module = gpuModule(programOf(builder, graph, {}), f16, emission);
    expect(module.kernels.some(({ code }) => code.includes("subgroupMatrixMultiplyAccumulate"))).toBe(true);
    const run = () => evaluateOnGpu(gpu, builder, graph, feeds, {}, f16, emission);
    const actual = await run();
    // Two roundings of operands to 11 bits, relative to the largest element of the result.
    expectSameValues(actual, evaluateGraph(graph, feeds, {}), 2 * 2 ** -11);
    expect(await run()).toEqual(actual);
  });

  test("a large tile, whole and folded along either side", async ({ skip }) => {
    if (chosen.kind === "lacking") return skip(`this adapter lacks ${chosen.lacks.join(", ")}`);
    const emission = emissionFor(chosen.capabilities);
    const rows = namedDim("N");
    // So many rows are expected that the largest tile suits them.
    const options = { ...f16, dims: { N: 40_000 } };
    // A depth of single numbers and one of fours.
    for (const [over, depth] of [
      [0, 37],
      [1, 40],
    ] as const) {
      const builder = new GraphBuilder();
      const f = formulas(builder);
      const x = f.make("input", [], { name: "x", dtype: "f32", shape: [rows, constantDim(depth)] });
      const product = f.matmul(x, f32(f, "w", 250, depth), "keep", "flip");
      const folded = f.logsumexp(product, { axes: [over], keepDims: false });
      const graph = {
        outputs: [
          { name: "product", node: product },
          { name: "folded", node: folded },
        ],
      };
      const { kernels } = gpuModule(programOf(builder, graph, { N: 150 }), options, emission);
      expect(kernels.some(({ code }) => code.includes("sum_7_1 = vec4f(finished["))).toBe(true);
      expect(kernels.some(({ code }) => code.includes("array<vec4<f16>>"))).toBe(depth === 40);
      const feeds = randomFeeds(graph, { N: 150 }, 5, { low: 0, high: 1 });
      const actual = await evaluateOnGpu(gpu, builder, graph, feeds, { N: 150 }, options, emission);
      expectSameValues(actual, evaluateGraph(graph, feeds, { N: 150 }), 2 * 2 ** -11);
    }
  });

  test("a streamed head", async ({ skip }) => {
    if (chosen.kind === "lacking") return skip(`this adapter lacks ${chosen.lacks.join(", ")}`);
    const [sizes, rows] = [
      { width: 40, classes: 150 },
      { N: 70, C: 150 },
    ];
    const options = { ...f16, streamFrom: 2, budgetBytes: 2 ** 18 };
    const program = heads.headProgram(sizes, heads.hiddenArcFace);
    const emission = emissionFor(chosen.capabilities);
    const onMatrices = gpuModule(program, options, emission).kernels.filter(({ code }) =>
      code.includes("subgroupMatrixMultiplyAccumulate"),
    );
    expect(onMatrices.length).toBeGreaterThan(2);
    const executor = gpuExecutor(gpu, program, options, emission);
    const actual = await runSteps(executor, program, rows, 1);
    executor.dispose();
    const exact = await referenceStep(heads.headProgram(sizes, heads.hiddenArcFace), rows, 1);
    // Scores are s = 8 times a cosine that two roundings of operands and one of itself move.
    expect(maximalDifference(actual, exact)).toBeLessThan(8 * 3 * 2 ** -11);
  });
});
