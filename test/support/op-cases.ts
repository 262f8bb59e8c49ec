/**
 * One or more uses of every operation, composites too: a total table, so that a new operation comes with
 * its cases. The tests of the evaluator, of gradients and of each target walk it. The name of a leaf says
 * what it is fed with: `positive…` above 0, `cosine…` inside (-1, 1), the rest normal numbers; integers are
 * in 0 … 3, and `wild…` integers also lie outside. The free size N is bound by the test.
 */
import type { Formulas } from "../../compiler/ir/build.ts";
import {
  type Bindings,
  type Dim,
  addDims,
  constantDim,
  multiplyDims,
  namedDim,
  quotientDims,
  remainderDims,
  sizeOfDim,
  subtractDims,
} from "../../compiler/ir/dim.ts";
import { type Graph, type Node, isOp, nodesOfGraph } from "../../compiler/ir/node.ts";
import type { DType } from "../../compiler/ir/type.ts";
import type { ConvolutionAttrs, OpName } from "../../compiler/ops/attrs.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import type { Feeds } from "../../compiler/reference.ts";
import { randomValues } from "./references.ts";

export type OpCase = (f: Formulas) => Node;

const rows = namedDim("N");
const [one, two, three, four, five] = [1, 2, 3, 4, 5].map(constantDim) as [Dim, Dim, Dim, Dim, Dim];

const convolutionAttrs: readonly ConvolutionAttrs[] = [
  { stride: [1, 1], padding: "same" },
  { stride: [1, 1], padding: "valid" },
  { stride: [2, 1], padding: "same" },
  { stride: [2, 2], padding: "valid" },
  { stride: [2, 3], padding: "same" },
];

export const opCases: { readonly [K in OpName]: readonly OpCase[] } = {
  input: [(f) => floats(f, "x", rows, three)],
  parameter: [(f) => f.make("parameter", [], { name: "W", dtype: "f32", shape: [three, two] })],
  state: [(f) => f.make("state", [], { name: "t", dtype: "f32", shape: [] })],
  constant: [(f) => f.f32(1.5), (f) => f.i32(-2), (f) => f.constant(1, "bool")],
  literal: [(f) => f.make("literal", [], { values: [1, -2, 0.25], dtype: "f32" })],
  // Numbers below 0 and beyond 32 bits are no sizes of anything, and formulas may ask for them.
  size: [
    addDims(rows, two),
    subtractDims(rows, five),
    quotientDims(subtractDims(rows, constantDim(6)), two),
    remainderDims(subtractDims(rows, constantDim(6)), four),
    remainderDims(rows, subtractDims(rows, five)),
    multiplyDims(multiplyDims(rows, constantDim(1e5)), multiplyDims(rows, constantDim(1e5))),
  ].map((dim) => (f) => f.make("size", [], { dim })),
  iota: [(f) => f.make("iota", [], { size: rows }), (f) => f.make("iota", [], { size: four })],
  random: (["uniform", "normal"] as const).map((distribution) => (f) => {
    const [seed, step] = [integers(f, "seed"), integers(f, "step")];
    return f.make("random", [seed, step], { site: 3, distribution, shape: [rows, three] });
  }),

  neg: [(f) => f.neg(floats(f, "x", rows, three)), (f) => f.neg(integers(f, "k", rows))],
  abs: [(f) => f.abs(floats(f, "x", rows, three))],
  sign: [(f) => f.sign(floats(f, "x", rows, three))],
  exp: [(f) => f.exp(floats(f, "x", rows, three))],
  log: [(f) => f.log(floats(f, "positive", rows, three))],
  sqrt: [(f) => f.sqrt(floats(f, "positive", rows, three))],
  floor: [(f) => f.floor(floats(f, "x", rows, three))],
  round: [(f) => f.make("round", [floats(f, "x", rows, three)], {})],
  sin: [(f) => f.sin(floats(f, "x", rows, three))],
  cos: [(f) => f.cos(floats(f, "x", rows, three))],
  acos: [(f) => f.make("acos", [floats(f, "cosine", rows, three)], {})],
  tanh: [(f) => f.make("tanh", [floats(f, "x", rows, three)], {})],
  erf: [(f) => f.make("erf", [floats(f, "x", rows, three)], {})],
  half: [(f) => f.make("half", [floats(f, "x", rows, three)], {})],
  not: [(f) => f.not(booleans(f, "p", rows, three))],
  cast: [
    (f) => f.cast(floats(f, "x", rows, three), "i32"),
    (f) => f.cast(floats(f, "x", rows, three), "bool"),
    (f) => f.cast(integers(f, "k", rows), "f32"),
    (f) => f.cast(booleans(f, "p", rows), "f32"),
    (f) => f.cast(booleans(f, "p", rows), "i32"),
  ],

  add: pairs((f, a, b) => f.add(a, b)),
  sub: pairs((f, a, b) => f.sub(a, b)),
  mul: [
    ...pairs((f, a, b) => f.mul(a, b)),
    // 32 bits, whatever is folded first.
    (f) => f.mul(f.mul(integers(f, "k", rows), f.i32(100_003)), f.i32(100_019)),
  ],
  div: pairs((f, a) => f.div(a, floats(f, "positive", one, three))),
  pow: [
    (f) => f.pow(floats(f, "positive", rows, three), floats(f, "b", three)),
    (f) => f.pow(floats(f, "positive", rows, three), f.f32(2)),
  ],
  minimum: pairs((f, a, b) => f.minimum(a, b)),
  maximum: pairs((f, a, b) => f.maximum(a, b)),
  less: pairs((f, a, b) => f.less(a, b)),
  less_equal: [
    ...pairs((f, a, b) => f.lessEqual(a, b)),
    (f) => f.lessEqual(integers(f, "k", rows), integers(f, "l", one)),
  ],
  equal: [
    (f) => f.equal(integers(f, "k", rows, one), f.make("iota", [], { size: four })),
    (f) => f.equal(booleans(f, "p", rows), booleans(f, "q", rows)),
    (f) => f.equal(floats(f, "x", rows), floats(f, "x", rows)),
  ],
  and: [(f) => f.and(booleans(f, "p", rows, three), booleans(f, "q", three))],
  or: [(f) => f.make("or", [booleans(f, "p", rows, one), booleans(f, "q", three)], {})],
  select: [
    (f) => f.select(booleans(f, "p", rows, three), floats(f, "x", rows, three), floats(f, "z", rows, three)),
    (f) => f.select(booleans(f, "p", rows, one), floats(f, "x", three), floats(f, "s")),
    (f) => f.select(booleans(f, "p"), integers(f, "k", rows), integers(f, "l")),
  ],

  sum: [...reductions("sum"), (f) => f.sum(integers(f, "k", rows, three), { axes: [0], keepDims: false })],
  max: reductions("max"),
  logsumexp: reductions("logsumexp"),
  argmax: [0, 1].flatMap((axis): OpCase[] => [
    (f) => f.make("argmax", [floats(f, "x", rows, three)], { axis }),
    (f) => f.make("argmax", [integers(f, "wild", rows, three)], { axis }),
  ]),

  reshape: [
    (f) => f.reshape(floats(f, "x", rows, two, three), [rows, constantDim(6)]),
    (f) => f.reshape(floats(f, "x", rows), [one, rows, one]),
  ],
  transpose: [
    (f) => f.flip(floats(f, "x", rows, three)),
    (f) => f.transpose(floats(f, "x", rows, two, three), [2, 0, 1]),
    (f) => f.transpose(floats(f, "x", rows, two, three, four), [0, 3, 1, 2]),
  ],
  broadcast: [
    (f) => f.broadcast(floats(f, "s"), [rows, three]),
    (f) => f.broadcast(floats(f, "x", rows, one), [rows, three]),
    (f) => f.broadcast(floats(f, "x", three), [two, rows, three]),
    (f) => f.broadcast(booleans(f, "p", rows, one), [rows, three]),
  ],
  slice: [
    (f) =>
      f.make("slice", [floats(f, "x", rows, five)], { starts: [constantDim(0), two], sizes: [rows, three] }),
    (f) =>
      f.make("slice", [floats(f, "x", rows, two, three)], {
        starts: [0, 1, 1].map(constantDim),
        sizes: [rows, one, two],
      }),
  ],
  pad: [
    (f) =>
      f.make("pad", [floats(f, "x", rows, three)], {
        before: [one, constantDim(0)],
        after: [constantDim(0), two],
      }),
    (f) => f.make("pad", [floats(f, "x", two)], { before: [rows], after: [one] }),
  ],
  concat: [
    (f) => f.make("concat", [floats(f, "x", rows, two), floats(f, "z", rows, three)], { axis: 1 }),
    (f) =>
      f.make("concat", [floats(f, "x", rows, two), floats(f, "z", three, two), floats(f, "x", rows, two)], {
        axis: 0,
      }),
  ],
  alias: [
    (f) => f.make("alias", [floats(f, "x", rows, three)], { side: "columns" }),
    (f) => f.make("alias", [integers(f, "k", rows)], { side: "rows" }),
  ],

  gather: [
    (f) => f.gather(floats(f, "x", four, three), integers(f, "k", rows)),
    (f) => f.gather(floats(f, "x", four), integers(f, "wild", rows, two)),
    (f) => f.gather(floats(f, "x", four, two, two), integers(f, "wild", rows)),
  ],
  scatter_add: [
    (f) => f.make("scatter_add", [integers(f, "k", rows), floats(f, "u", rows, three)], { size: four }),
    (f) =>
      f.make("scatter_add", [integers(f, "wild", rows, two), floats(f, "u", rows, two, two)], { size: four }),
    (f) => f.make("scatter_add", [integers(f, "wild", rows), floats(f, "u", rows)], { size: four }),
  ],
  pick: [
    (f) => f.pick(floats(f, "x", rows, four), integers(f, "k", rows)),
    (f) => f.pick(floats(f, "x", rows, two, four), integers(f, "wild", rows, two)),
    (f) => f.pick(floats(f, "x", four), integers(f, "k")),
  ],
  take_along: [
    (f) => f.make("take_along", [floats(f, "x", rows, four), integers(f, "k", rows, three)], { axis: 1 }),
    (f) =>
      f.make("take_along", [floats(f, "x", four, rows, two), integers(f, "wild", five, rows, two)], {
        axis: 0,
      }),
  ],
  scatter_along: [
    (f) =>
      f.make("scatter_along", [integers(f, "k", rows, three), floats(f, "u", rows, three)], {
        axis: 1,
        size: four,
      }),
    (f) =>
      f.make("scatter_along", [integers(f, "wild", three, rows), floats(f, "u", three, rows)], {
        axis: 0,
        size: four,
      }),
  ],
  argsort: [
    (f) => f.make("argsort", [floats(f, "x", rows, five)], { axis: 1, descending: false }),
    (f) => f.make("argsort", [floats(f, "x", five, rows)], { axis: 0, descending: true }),
    (f) => f.make("argsort", [f.cast(integers(f, "k", rows, five), "f32")], { axis: 1, descending: true }),
  ],
  cumsum: [
    (f) => f.make("cumsum", [floats(f, "x", rows, five)], { axis: 1, reverse: false }),
    (f) => f.make("cumsum", [floats(f, "x", three, rows, two)], { axis: 0, reverse: true }),
  ],

  matmul: [
    (f) => f.matmul(floats(f, "a", rows, three), floats(f, "b", three, two), "keep", "keep"),
    (f) => f.matmul(floats(f, "a", three, rows), floats(f, "b", three, two), "flip", "keep"),
    (f) => f.matmul(floats(f, "a", rows, three), floats(f, "b", two, three), "keep", "flip"),
    (f) => f.matmul(floats(f, "a", three, rows), floats(f, "b", two, three), "flip", "flip"),
  ],
  conv2d: convolutions((f, attrs, image, filter) => f.make("conv2d", [image, filter], attrs)),
  conv2d_input_gradient: convolutions((f, attrs, image, filter) => {
    const y = f.make("conv2d", [image, filter], attrs);
    return f.make("conv2d_input_gradient", [filter, floats(f, "g", ...y.type.shape)], {
      ...attrs,
      shape: image.type.shape,
    });
  }),
  conv2d_filter_gradient: convolutions((f, attrs, image, filter) => {
    const y = f.make("conv2d", [image, filter], attrs);
    return f.make("conv2d_filter_gradient", [image, floats(f, "g", ...y.type.shape)], {
      ...attrs,
      shape: filter.type.shape,
    });
  }),
  depthwise_conv2d: convolutions((f, attrs, image, filter) =>
    f.make("depthwise_conv2d", [image, eachOf(f, filter)], attrs),
  ),
  depthwise_conv2d_input_gradient: convolutions((f, attrs, image, filter) => {
    const y = f.make("depthwise_conv2d", [image, eachOf(f, filter)], attrs);
    return f.make("depthwise_conv2d_input_gradient", [eachOf(f, filter), floats(f, "g", ...y.type.shape)], {
      ...attrs,
      shape: image.type.shape,
    });
  }),
  depthwise_conv2d_filter_gradient: pools((f, attrs, image) => {
    const y = f.make("avg_pool", [image], attrs);
    return f.make("depthwise_conv2d_filter_gradient", [image, floats(f, "g", ...y.type.shape)], attrs);
  }),
  max_pool: pools((f, attrs, image) => f.make("max_pool", [image], attrs)),
  max_pool_gradient: pools((f, attrs, image) => {
    const y = f.make("max_pool", [image], attrs);
    return f.make("max_pool_gradient", [image, y, floats(f, "g", ...y.type.shape)], attrs);
  }),
  avg_pool: pools((f, attrs, image) => f.make("avg_pool", [image], attrs)),
  avg_pool_gradient: pools((f, attrs, image) => {
    const y = f.make("avg_pool", [image], attrs);
    return f.make("avg_pool_gradient", [floats(f, "g", ...y.type.shape)], {
      ...attrs,
      shape: image.type.shape,
    });
  }),

  mean: reductions("mean"),
  softmax: [0, 1].map((axis) => (f) => f.make("softmax", [floats(f, "x", rows, three)], { axis })),
  norm: [0, 1].map((axis) => (f) => f.make("norm", [floats(f, "x", rows, three)], { axis })),
  normalize: [0, 1].map((axis) => (f) => f.make("normalize", [floats(f, "x", rows, three)], { axis })),
  clamp: [(f) => f.make("clamp", [floats(f, "x", rows, three), f.f32(-0.5), f.f32(0.7)], {})],
  sigmoid: [(f) => f.make("sigmoid", [floats(f, "x", rows, three)], {})],
  softplus: [(f) => f.make("softplus", [floats(f, "x", rows, three)], {})],
  logaddexp: [(f) => f.make("logaddexp", [floats(f, "x", rows, three), floats(f, "b", three)], {})],
  parity: [(f) => f.make("parity", [f.floor(f.mul(f.f32(3), floats(f, "x", rows, three)))], {})],
  integer_power: [-2, -1, 0, 1, 2, 5, 8].map(
    (exponent) => (f) => f.make("integer_power", [floats(f, "positive", rows, three)], { exponent }),
  ),
  detach: [(f) => f.make("detach", [floats(f, "x", rows, three)], {})],
  straight_through: [
    (f) => f.make("straight_through", [floats(f, "x", rows, three), floats(f, "x", rows, three)], {}),
  ],
  gradient: [
    (f) => f.make("gradient", [f.exp(floats(f, "x", rows, three)), floats(f, "x", rows, three)], {}),
  ],
};

/** Feeds for a case; see the file's opening for what a name means. */
export function caseFeeds(graph: Graph, dims: Bindings, seed: number): Feeds {
  const feeds: Record<string, Reference> = {};
  for (const [site, node] of nodesOfGraph(graph).entries()) {
    if (!isOp(node, "input") && !isOp(node, "parameter") && !isOp(node, "state")) continue;
    const { name, dtype, shape } = node.attrs;
    const range = name.startsWith("wild") ? { low: -2, high: 6 } : { low: 0, high: 3 };
    const value = randomValues(
      dtype,
      shape.map((dim) => sizeOfDim(dim, dims)),
      seed,
      site,
      range,
    );
    feeds[name] = { ...value, data: value.data.map((x) => inDomain(name, x)) };
  }
  return feeds;
}

function inDomain(name: string, x: number): number {
  if (name.startsWith("positive")) return 0.2 + Math.abs(x);
  return name.startsWith("cosine") ? 0.9 * Math.tanh(x) : x;
}

function leaf(f: Formulas, name: string, dtype: DType, shape: readonly Dim[]): Node {
  return f.make("input", [], { name, dtype, shape });
}

function floats(f: Formulas, name: string, ...shape: readonly Dim[]): Node {
  return leaf(f, name, "f32", shape);
}

function integers(f: Formulas, name: string, ...shape: readonly Dim[]): Node {
  return leaf(f, name, "i32", shape);
}

function booleans(f: Formulas, name: string, ...shape: readonly Dim[]): Node {
  return leaf(f, name, "bool", shape);
}

/** Equal shapes, and every way to broadcast: a row, a column, a scalar, both sides stretched. */
function pairs(make: (f: Formulas, a: Node, b: Node) => Node): readonly OpCase[] {
  const shapes: readonly (readonly [readonly Dim[], readonly Dim[]])[] = [
    [
      [rows, three],
      [rows, three],
    ],
    [
      [rows, three],
      [rows, one],
    ],
    [[three], [rows, three]],
    [[], [rows, three]],
    [
      [rows, one],
      [one, three],
    ],
  ];
  return shapes.map(
    ([a, b]) =>
      (f) =>
        make(f, floats(f, "a", ...a), floats(f, "b", ...b)),
  );
}

function reductions(op: "sum" | "max" | "logsumexp" | "mean"): readonly OpCase[] {
  const use = (axes: readonly number[], keepDims: boolean): OpCase => {
    return (f) => f.make(op, [floats(f, "x", rows, two, three)], { axes, keepDims });
  };
  return [use([2], false), use([0], true), use([0, 2], false), use([0, 1, 2], false), use([1], true)];
}

function convolutions(
  make: (f: Formulas, attrs: ConvolutionAttrs, image: Node, filter: Node) => Node,
): readonly OpCase[] {
  return convolutionAttrs.map(
    (attrs) => (f) =>
      make(f, attrs, floats(f, "image", rows, four, five, two), floats(f, "filter", three, two, two, three)),
  );
}

/** A filter a channel. */
function eachOf(f: Formulas, filter: Node): Node {
  return floats(f, "each", ...filter.type.shape.slice(0, 3));
}

function pools(
  make: (f: Formulas, attrs: ConvolutionAttrs & { window: readonly [number, number] }, image: Node) => Node,
): readonly OpCase[] {
  return convolutionAttrs.flatMap((attrs) =>
    (
      [
        [2, 2],
        [3, 2],
      ] as const
    ).map(
      (window) => (f: Formulas) => make(f, { ...attrs, window }, floats(f, "image", rows, four, five, two)),
    ),
  );
}
