/**
 * Tiles of the engine at sizes that would not choose them: products of either layout, folds along both sides, a depth
 * in parts, and convolutions with taps that hang over each edge, against the reference.
 */
import { test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import type { TileName } from "../../../../compiler/codegen/wgsl/tile.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { evaluateOnGpu, gpuOptions, together } from "../../../support/gpu-runs.ts";
import { expectSameValues, randomFeeds } from "../../../support/references.ts";

const f32 = (f: Formulas, name: string, ...shape: readonly number[]): Node =>
  f.make("input", [], { name, dtype: "f32", shape: shape.map(constantDim) });
const strides = { once: [1, 1], twice: [2, 2], uneven: [1, 2] } as const;

/** Two tiles of the largest in each direction, the second of them nearly empty; the depth is no whole slab. */
const product = (f: Formulas): Node => f.matmul(f32(f, "a", 21, 131), f32(f, "b", 133, 21), "flip", "flip");

const convolution = (f: Formulas, stride: keyof typeof strides, padding: "same" | "valid"): Node =>
  f.make("conv2d", [f32(f, "x", 2, 8, 7, 3), f32(f, "w", 3, 3, 3, 5)], { stride: strides[stride], padding });

const ofImage = (f: Formulas, stride: keyof typeof strides, rows: number, columns: number): Node =>
  f.make(
    "conv2d_input_gradient",
    [f32(f, "w", 3, 3, 2, 4), f32(f, `g${rows}x${columns}`, 2, rows, columns, 4)],
    {
      stride: strides[stride],
      padding: "same",
      shape: [2, 8, 7, 2].map(constantDim),
    },
  );

type Cases = Readonly<Record<string, (f: Formulas) => readonly Node[]>>;

const products: Cases = {
  "a product, and its rows' logsumexp and largest": (f) => {
    const z = product(f);
    return [z, f.logsumexp(z, { axes: [1], keepDims: false }), f.make("argmax", [z], { axis: 1 })];
  },
  "a chain of the product, and its columns' sums and largest": (f) => {
    const z = f.mul(product(f), f32(f, "perRow", 131, 1));
    return [f.sum(z, { axes: [0], keepDims: false }), f.make("argmax", [z], { axis: 0 })];
  },
  "a computed operand, in parts of the depth": (f) => [
    f.matmul(f.exp(f32(f, "c", 9, 1031)), f32(f, "d", 1031, 6), "keep", "keep"),
  ],
  "rows that memory gives in fours, read by single numbers behind the product": (f) => {
    const rows = f32(f, "rows", 21, 136);
    return [
      f.add(f.matmul(f32(f, "e", 21, 21), rows, "keep", "keep"), rows),
      f.matmul(f32(f, "g", 21, 132), rows, "flip", "keep"),
    ];
  },
};

const convolutions: Cases = {
  "convolutions, at each step": (f) => [
    convolution(f, "once", "same"),
    convolution(f, "twice", "same"),
    convolution(f, "uneven", "valid"),
  ],
  "a convolution of four channels, and the gradient of its filter": (f) => [
    f.make("conv2d", [f32(f, "x4", 2, 8, 7, 4), f32(f, "w4", 3, 3, 4, 8)], {
      stride: [2, 1],
      padding: "same",
    }),
    f.make("conv2d_filter_gradient", [f32(f, "x4", 2, 8, 7, 4), f32(f, "g4", 2, 8, 7, 8)], {
      stride: [1, 1],
      padding: "same",
      shape: [3, 3, 4, 8].map(constantDim),
    }),
  ],
  "gradients of an image, at each step": (f) => [
    ofImage(f, "once", 8, 7),
    ofImage(f, "twice", 4, 4),
    ofImage(f, "uneven", 8, 4),
  ],
  "the gradient of a filter": (f) => [
    f.make("conv2d_filter_gradient", [f32(f, "x", 2, 8, 7, 3), f32(f, "g", 2, 4, 7, 5)], {
      stride: [2, 1],
      padding: "same",
      shape: [3, 3, 3, 5].map(constantDim),
    }),
  ],
};

/** Blocks of every kind, and slabs that do not go round the invocations; the others are reached by size elsewhere. */
const forced: readonly (readonly [TileName, Cases])[] = [
  ["huge", { ...products, ...convolutions }],
  ["large", { ...products, ...convolutions }],
  ["tall", { ...products, ...convolutions }],
  ["high", products],
  ["broad", products],
];

describeOnGpu("tiles whatever the size", (gpu) => {
  const all = forced.flatMap(([tile, cases]) =>
    Object.entries(cases).map(([name, make]) => ({ tile, name, make })),
  );
  // A software adapter takes seconds to compile each barrier, and a busy machine many times that.
  test.each(all)(
    "$tile: $name",
    async ({ tile, make }) => {
      const builder = new GraphBuilder();
      const outputs = make(formulas(builder)).map((node, index) => ({ name: `v${index}`, node }));
      const feeds = randomFeeds({ outputs }, {}, 11, { low: -1, high: 2 });
      const emission = { ...together, tileOf: () => tile };
      const actual = await evaluateOnGpu(gpu, builder, { outputs }, feeds, {}, gpuOptions, emission);
      expectSameValues(actual, evaluateGraph({ outputs }, feeds, {}), 5e-5);
    },
    240_000,
  );
});
