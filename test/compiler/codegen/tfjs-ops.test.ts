/**
 * Every primitive's tfjs emission against the float64 reference, on both backends, over shapes that
 * include axes of size 1, with no tensor left over.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ComputedName } from "../../../compiler/codegen/tfjs/ops.ts";
import { constantDim } from "../../../compiler/ir/dim.ts";
import type { DType } from "../../../compiler/ir/type.ts";
import type { Reference } from "../../../compiler/ops/record.ts";
import type { AttrsOf, Padding } from "../../../compiler/ops/attrs.ts";
import { backendNames, loadBackend } from "../../../runtime/tfjs/backend.ts";
import { type Kernels, createKernels } from "../../../runtime/tfjs/kernels.ts";
import {
  type Agreement,
  type Emitted,
  type OpCase,
  type Operand,
  compare,
  loadEmissions,
  reference,
  shapeOf,
} from "../../support/tfjs-ops.ts";

const f32 = (...shape: number[]): Operand => ({ dtype: "f32", shape, low: -2, high: 2 });
const i32 = (...shape: number[]): Operand => ({ dtype: "i32", shape, low: -3, high: 3 });
const bool = (...shape: number[]): Operand => ({ dtype: "bool", shape, low: 0, high: 1 });
const between = (low: number, high: number, operand: Operand): Operand => ({ ...operand, low, high });
const index = (size: number, ...shape: number[]): Operand => between(0, size - 1, i32(...shape));

interface Variant<K extends ComputedName> {
  readonly attrs: AttrsOf<K>;
  readonly operands: readonly Operand[];
  readonly agreement: Agreement;
  readonly prepare?: NonNullable<OpCase["prepare"]>;
}

const shapes = [[], [1], [7], [3, 1, 5], [1, 33], [2, 3, 4, 5]] as const;
const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[37], [37]],
  [[6, 9], [9]],
  [
    [6, 9],
    [6, 1],
  ],
  [
    [6, 1],
    [1, 9],
  ],
  [[2, 3, 4, 5], [5]],
  [
    [2, 3, 4, 5],
    [2, 1, 1, 5],
  ],
  [
    [2, 1, 4, 1],
    [3, 1, 5],
  ],
  [[], [4, 4]],
];
const reductions: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[19], [0]],
  [[5, 7], [0]],
  [[5, 7], [1]],
  [
    [5, 7],
    [0, 1],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [[2, 3, 4, 5], [1]],
  [
    [1, 6, 1],
    [0, 2],
  ],
  [[300, 3], [0]],
  [[5, 7], []],
];

const each = (agreement: Agreement, operand: (...shape: number[]) => Operand) =>
  shapes.map((shape) => ({ attrs: {}, operands: [operand(...shape)], agreement }));
const both = (agreement: Agreement, ...makers: ((...shape: number[]) => Operand)[]) =>
  makers.flatMap((operand) =>
    pairs.map(([a, b]) => ({ attrs: {}, operands: [operand(...a), operand(...b)], agreement })),
  );
const reduced = (agreement: (terms: number) => Agreement, ...makers: ((...shape: number[]) => Operand)[]) =>
  makers.flatMap((operand) =>
    reductions.flatMap(([shape, axes]) =>
      [true, false].map((keepDims) => ({
        attrs: { axes, keepDims },
        operands: [operand(...shape)],
        agreement: agreement(axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1)),
      })),
    ),
  );
const spread =
  (low: number, high: number) =>
  (...shape: number[]) =>
    between(low, high, f32(...shape));

const windows: readonly (readonly [number, number, number, Padding])[] = [
  [5, 3, 1, "same"],
  [6, 3, 2, "same"],
  [7, 3, 2, "valid"],
  [8, 2, 2, "valid"],
  [8, 3, 2, "valid"],
  [5, 1, 1, "same"],
  [7, 2, 3, "same"],
  [4, 4, 1, "valid"],
];
const outputs = (size: number, window: number, stride: number, padding: Padding): number =>
  padding === "same" ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
const channels = [
  [1, 3],
  [6, 2],
] as const;

const poolCases = <V>(make: (image: number[], pooled: number[], attrs: AttrsOf<"max_pool">) => V): V[] =>
  windows.map(([size, window, stride, padding]) => {
    const [tall, wide] = [outputs(size, window, stride, padding), outputs(size + 2, window, stride, padding)];
    return make([2, size, size + 2, 3], [2, tall, wide, 3], {
      window: [window, window],
      stride: [stride, stride],
      padding,
    });
  });

const convolutions = windows.flatMap(([size, window, stride, padding]) =>
  channels.map(([ins, outs]) => {
    const [tall, wide] = [outputs(size, window, stride, padding), outputs(size + 2, window, stride, padding)];
    return {
      attrs: { stride: [stride, stride] as const, padding },
      image: [2, size, size + 2, ins],
      filter: [window, window, ins, outs],
      adjoint: [2, tall, wide, outs],
      terms: window * window * ins * outs * tall * wide * 2,
    };
  }),
);

const depthwise = convolutions.map(({ attrs, image, filter, adjoint }) => ({
  attrs,
  image,
  filter: filter.slice(0, 3),
  adjoint: [...adjoint.slice(0, 3), filter[2] ?? 1],
}));

type Cases = { readonly [K in ComputedName]: readonly Variant<K>[] };

const cases: Cases = {
  constant: (
    [
      ["f32", 0.1],
      ["f32", -0],
      ["i32", 7],
      ["bool", 1],
    ] as const
  ).map(([dtype, value]) => ({ attrs: { dtype, value }, operands: [], agreement: "rounded" })),
  literal: [{ attrs: { values: [1, 2.5, -3], dtype: "f32" }, operands: [], agreement: "exact" }],
  size: [{ attrs: { dim: constantDim(12) }, operands: [], agreement: "exact" }],
  iota: [{ attrs: { size: constantDim(9) }, operands: [], agreement: "exact" }],
  random: (["uniform", "normal"] as const).map((distribution) => ({
    attrs: { site: 3, distribution, shape: shapeOf([5, 7]) },
    operands: [index(100), index(100)],
    agreement: "rounded",
  })),

  neg: [...each("exact", f32), ...each("exact", i32)],
  abs: [...each("exact", f32), ...each("exact", i32)],
  sign: [...each("exact", f32), ...each("exact", i32)],
  exp: [...each("rounded", f32), ...each({ terms: 2 }, spread(-80, 20))],
  log: each("rounded", spread(1e-6, 50)),
  sqrt: each("rounded", spread(0, 50)),
  floor: each("exact", spread(-9, 9)),
  round: each("exact", spread(-9, 9)),
  sin: each("rounded", f32),
  cos: each("rounded", f32),
  acos: each("rounded", spread(-1.2, 1.2)),
  tanh: each("rounded", spread(-6, 6)),
  erf: each("rounded", spread(-3, 3)),
  half: each("exact", spread(-3, 3)),
  not: each("exact", bool),
  cast: (["f32", "i32", "bool"] as const).flatMap((dtype: DType) =>
    [f32, i32, bool].flatMap((operand) =>
      shapes.map((shape) => ({
        attrs: { dtype },
        operands: [operand(...shape)],
        agreement: "exact" as const,
      })),
    ),
  ),

  add: both("rounded", f32, i32),
  sub: both("rounded", f32, i32),
  mul: both("rounded", f32, i32),
  div: both("rounded", spread(0.5, 2)),
  pow: both("rounded", spread(0.5, 2)),
  minimum: both("exact", f32, i32),
  maximum: both("exact", f32, i32),
  less: both("exact", f32, i32),
  less_equal: both("exact", f32, i32),
  equal: both("exact", f32, i32, bool),
  and: both("exact", bool),
  or: both("exact", bool),
  select: [f32, i32, bool].flatMap((operand) =>
    pairs.flatMap(([a, b]) => [
      { attrs: {}, operands: [bool(...a), operand(...b), operand(...a)], agreement: "exact" as const },
      { attrs: {}, operands: [bool(...b), operand(...a), operand()], agreement: "exact" as const },
    ]),
  ),

  sum: reduced((terms) => ({ terms }), f32, i32),
  max: reduced(() => "exact", f32, i32),
  logsumexp: reduced(() => "rounded", f32),
  argmax: [0, 1, 2].map((axis) => ({ attrs: { axis }, operands: [f32(4, 6, 5)], agreement: "exact" })),

  reshape: [
    { attrs: { shape: shapeOf([6, 2]) }, operands: [f32(3, 4)], agreement: "exact" },
    { attrs: { shape: shapeOf([]) }, operands: [i32(1, 1)], agreement: "exact" },
  ],
  transpose: (
    [
      [
        [3, 4],
        [1, 0],
      ],
      [
        [2, 3, 4],
        [2, 0, 1],
      ],
      [
        [2, 3, 1, 5],
        [3, 1, 2, 0],
      ],
      [
        [1, 6],
        [1, 0],
      ],
      [
        [2, 3, 2, 2, 2],
        [4, 2, 0, 1, 3],
      ],
    ] as const
  ).flatMap(([shape, permutation]) =>
    [f32, i32, bool].map((operand) => ({
      attrs: { permutation },
      operands: [operand(...shape)],
      agreement: "exact" as const,
    })),
  ),
  broadcast: pairs.flatMap(([a, b]) => {
    const result = Array.from(
      { length: Math.max(a.length, b.length) },
      (_, axis, n = Math.max(a.length, b.length)) =>
        Math.max(a[axis - n + a.length] ?? 1, b[axis - n + b.length] ?? 1),
    );
    return [f32, i32, bool].map((operand) => ({
      attrs: { shape: shapeOf(result) },
      operands: [operand(...a)],
      agreement: "exact" as const,
    }));
  }),
  slice: (
    [
      [[9], [2], [5]],
      [
        [5, 6],
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [2, 0],
        [3, 6],
      ],
      [
        [2, 3, 4, 5],
        [0, 1, 0, 0],
        [2, 2, 4, 5],
      ],
      [
        [2, 3, 4, 5],
        [1, 0, 2, 4],
        [1, 3, 1, 1],
      ],
    ] as const
  ).flatMap(([shape, starts, sizes]) =>
    [f32, bool].map((operand) => ({
      attrs: { starts: shapeOf(starts), sizes: shapeOf(sizes) },
      operands: [operand(...shape)],
      agreement: "exact" as const,
    })),
  ),
  pad: (
    [
      [[4], [1], [2]],
      [
        [3, 4],
        [0, 1],
        [2, 0],
      ],
      [
        [2, 3, 3, 2],
        [0, 1, 1, 0],
        [0, 1, 2, 0],
      ],
    ] as const
  ).map(([shape, before, after]) => ({
    attrs: { before: shapeOf(before), after: shapeOf(after) },
    operands: [f32(...shape)],
    agreement: "exact",
  })),
  concat: [
    { attrs: { axis: 0 }, operands: [f32(2, 3)], agreement: "exact" },
    { attrs: { axis: 0 }, operands: [f32(2, 3), f32(1, 3), f32(4, 3)], agreement: "exact" },
    { attrs: { axis: 1 }, operands: [i32(2, 3), i32(2, 1)], agreement: "exact" },
    { attrs: { axis: 2 }, operands: [bool(2, 3, 1), bool(2, 3, 4)], agreement: "exact" },
  ],
  alias: [
    { attrs: { side: "columns" }, operands: [f32(5, 3)], agreement: "exact" },
    { attrs: { side: "rows" }, operands: [i32(7)], agreement: "exact" },
  ],

  gather: [
    { attrs: {}, operands: [f32(7), index(7, 3, 2)], agreement: "exact" },
    { attrs: {}, operands: [f32(7, 40), index(7, 5)], agreement: "exact" },
    { attrs: {}, operands: [i32(1, 2, 2), index(1, 4)], agreement: "exact" },
    { attrs: {}, operands: [f32(6, 3), index(6)], agreement: "exact" },
  ],
  scatter_add: [
    { attrs: { size: constantDim(4) }, operands: [index(4, 9), f32(9, 3)], agreement: { terms: 9 } },
    { attrs: { size: constantDim(4) }, operands: [between(-2, 6, i32(9)), f32(9)], agreement: { terms: 9 } },
    { attrs: { size: constantDim(3) }, operands: [index(3, 2, 5), f32(2, 5, 2)], agreement: { terms: 10 } },
  ],
  pick: [
    { attrs: {}, operands: [f32(6, 5), index(5, 6)], agreement: "exact" },
    { attrs: {}, operands: [f32(2, 3, 1), index(1, 2, 3)], agreement: "exact" },
  ],
  take_along: [0, 1, 2].map((axis) => ({
    attrs: { axis },
    operands: [f32(4, 4, 4), index(4, ...[4, 4, 4].map((n, i) => (i === axis ? 6 : n)))],
    agreement: "exact",
  })),
  scatter_along: [0, 1, 2].map((axis) => ({
    attrs: { axis, size: constantDim(5) },
    operands: [index(5, 3, 1, 4), f32(3, 1, 4)],
    agreement: { terms: 4 },
  })),
  argsort: [0, 1].flatMap((axis) =>
    [true, false].flatMap((descending) => [
      { attrs: { axis, descending }, operands: [f32(6, 9)], agreement: "exact" as const },
      { attrs: { axis, descending }, operands: [i32(6, 9)], agreement: "exact" as const },
    ]),
  ),
  cumsum: [0, 1, 2].flatMap((axis) =>
    [true, false].map((reverse) => ({
      attrs: { axis, reverse },
      operands: [f32(3, 4, 5)],
      agreement: { terms: 5 },
    })),
  ),

  matmul: [true, false].flatMap((transposeA) =>
    [true, false].flatMap((transposeB) =>
      [
        [3, 5, 4],
        [1, 6, 1],
        [2, 1, 40],
        [40, 3, 2],
      ].map(([n = 1, k = 1, m = 1]) => ({
        attrs: { transposeA, transposeB },
        operands: [transposeA ? f32(k, n) : f32(n, k), transposeB ? f32(m, k) : f32(k, m)],
        agreement: { terms: k },
      })),
    ),
  ),
  conv2d: convolutions.map(({ attrs, image, filter, terms }) => ({
    attrs,
    operands: [f32(...image), f32(...filter)],
    agreement: { terms },
  })),
  conv2d_input_gradient: convolutions.map(({ attrs, image, filter, adjoint, terms }) => ({
    attrs: { ...attrs, shape: shapeOf(image) },
    operands: [f32(...filter), f32(...adjoint)],
    agreement: { terms },
  })),
  conv2d_filter_gradient: convolutions.map(({ attrs, image, filter, adjoint, terms }) => ({
    attrs: { ...attrs, shape: shapeOf(filter) },
    operands: [f32(...image), f32(...adjoint)],
    agreement: { terms },
  })),
  depthwise_conv2d: depthwise.map(({ attrs, image, filter }) => ({
    attrs,
    operands: [f32(...image), f32(...filter)],
    agreement: { terms: 25 },
  })),
  depthwise_conv2d_input_gradient: depthwise.map(({ attrs, image, filter, adjoint }) => ({
    attrs: { ...attrs, shape: shapeOf(image) },
    operands: [f32(...filter), f32(...adjoint)],
    agreement: { terms: 25 },
  })),
  depthwise_conv2d_filter_gradient: depthwise.map(({ attrs, image, filter, adjoint }) => ({
    attrs: { ...attrs, window: [filter[0] ?? 1, filter[1] ?? 1] as const },
    operands: [f32(...image), f32(...adjoint)],
    agreement: { terms: (adjoint[1] ?? 1) * (adjoint[2] ?? 1) },
  })),
  max_pool: poolCases((image, _, attrs) => ({
    attrs,
    operands: [f32(...image)],
    agreement: "exact" as const,
  })),
  max_pool_gradient: poolCases((image, pooled, attrs) => ({
    attrs,
    operands: [f32(...image), f32(...pooled), f32(...pooled)],
    agreement: { terms: 16 },
    prepare: ([x, , adjoint]) => {
      const [drawn, given] = [x as Reference, adjoint as Reference];
      const pool: OpCase = { op: "max_pool", attrs, operands: [f32(...image)], agreement: "exact" };
      return [drawn, reference(pool, [drawn]), given];
    },
  })),
  avg_pool: poolCases((image, _, attrs) => ({ attrs, operands: [f32(...image)], agreement: { terms: 16 } })),
  avg_pool_gradient: poolCases((image, pooled, attrs) => ({
    attrs: { ...attrs, shape: shapeOf(image) },
    operands: [f32(...pooled)],
    agreement: { terms: 16 },
  })),
};

const names = Object.keys(cases) as ComputedName[];

describe.each(backendNames)("on %s", (backend) => {
  let k: Kernels;
  beforeAll(async () => {
    await loadBackend(backend);
    k = createKernels();
  });
  afterAll(() => k.dispose());

  test.each(names)("%s agrees with the reference", async (op) => {
    const variants: readonly OpCase[] = cases[op].map((variant) => ({ op, ...variant }));
    const emitted = await loadEmissions(variants);
    for (const [i, one] of variants.entries()) expectAgreement(one, emitted[i] as Emitted, k);
  });

  test("binary operations broadcast any two shapes", async () => {
    const sizes = fc.array(fc.constantFrom(1, 2, 3, 17), { maxLength: 4 });
    const masked = fc
      .tuple(sizes, fc.array(fc.boolean(), { maxLength: 4 }))
      .map(([shape, mask]): readonly [number[], number[]] => [
        shape,
        shape.map((n, i) => (mask[i] === true ? 1 : n)).slice(mask.length % 2),
      ]);
    const ops = fc.constantFrom<ComputedName>("add", "maximum", "less", "mul");
    await fc.assert(
      fc.asyncProperty(masked, ops, fc.boolean(), async ([a, b], op, swapped) => {
        const operands = swapped ? [f32(...b), f32(...a)] : [f32(...a), f32(...b)];
        const one: OpCase = { op, attrs: {}, operands, agreement: "rounded" };
        const [run] = await loadEmissions([one]);
        expectAgreement(one, run as Emitted, k);
      }),
      { numRuns: 40 },
    );
  });
});

function expectAgreement(one: OpCase, run: Emitted, k: Kernels): void {
  const { excess, leaked, detail } = compare(one, run, k);
  const title = `${one.op}(${one.operands.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(", ")}) ${JSON.stringify(one.attrs)}`;
  expect(excess, `${title}: ${detail}`).toBeLessThanOrEqual(1);
  expect(leaked, `${title} leaves tensors`).toBe(0);
}
