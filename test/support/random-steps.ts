/**
 * How a random program grows by one operation: a total table, so that a new operation cannot be left out of
 * the random tests. A step that finds no fitting operand gives nothing.
 */
import {
  type Dim,
  addDims,
  constantDim,
  isSize,
  knownSize,
  multiplyDims,
  productOfDims,
  sameDim,
  subtractDims,
} from "../../compiler/ir/dim.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { broadcastShapes, shapeKey } from "../../compiler/ir/type.ts";
import type { ConvolutionAttrs, Padding, PoolAttrs, PrimitiveName } from "../../compiler/ops/attrs.ts";
import type { Bench } from "./random-programs.ts";

type Step = (bench: Bench) => Node | undefined;

export const randomSteps: { readonly [K in PrimitiveName]: Step } = {
  input: () => undefined,
  parameter: () => undefined,
  state: () => undefined,
  constant: ({ f, integer }) => f.f32((integer(9) - 4) / 4),
  literal: ({ f, integer, sizes }) => {
    const values = Array.from({ length: knownSize(sizes.features) ?? 1 }, () => (integer(9) - 4) / 4);
    return f.make("literal", [], { values, dtype: "f32" });
  },
  size: ({ f, sizes, integer }) => {
    const { rows, classes } = sizes;
    const dims = [rows, classes, multiplyDims(rows, classes), addDims(rows, constantDim(2))];
    return f.div(f.f32(1), f.make("size", [], { dim: dims[integer(dims.length)] ?? rows }));
  },
  iota: ({ f, sizes, integer }) =>
    f.make("iota", [], { size: integer(2) === 0 ? sizes.rows : sizes.classes }),
  random: ({ f, one, integer, sizes }) => {
    const [seed, step] = [named(one, "seed"), named(one, "step")];
    if (seed === undefined || step === undefined) return undefined;
    return f.make("random", [seed, step], {
      site: integer(5),
      distribution: integer(2) === 0 ? "uniform" : "normal",
      shape: [sizes.rows, integer(2) === 0 ? sizes.features : constantDim(1)],
    });
  },

  neg: unary("neg"),
  abs: unary("abs"),
  sign: unary("sign"),
  exp: (bench) => onTame(bench, (x) => bench.f.exp(x)),
  log: (bench) => onFloat(bench, (x) => bench.f.log(bench.f.add(bench.f.f32(1), bench.f.mul(x, x)))),
  sqrt: (bench) => onFloat(bench, (x) => bench.f.sqrt(bench.f.add(bench.f.f32(0.5), bench.f.mul(x, x)))),
  floor: unary("floor"),
  round: unary("round"),
  sin: wave("sin"),
  cos: wave("cos"),
  acos: (bench) => onTame(bench, (x) => bench.f.make("acos", [bench.f.mul(bench.f.f32(0.9), x)], {})),
  tanh: unary("tanh"),
  erf: unary("erf"),
  half: unary("half"),
  not: ({ f, one }) =>
    applied(one((node) => node.type.dtype === "bool") ?? one(isFloat), (x) =>
      f.not(isFloat(x) ? f.less(f.f32(0), x) : x),
    ),
  cast: ({ f, one, integer }) =>
    applied(
      one((node) => node.type.dtype !== "f32" || integer(4) === 0),
      (x) => f.cast(x, x.type.dtype === "f32" ? "i32" : "f32"),
    ),

  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: (bench) => onPair(bench, (a, b) => bench.f.div(a, bench.f.add(bench.f.f32(1), bench.f.mul(b, b)))),
  pow: (bench) =>
    onFloat(bench, (x) => {
      const exponents = [-1, 0, 0.5, 1, 1.5, 2];
      const base = bench.f.add(bench.f.f32(0.5), bench.f.mul(x, x));
      return squash(bench, bench.f.pow(base, bench.f.f32(exponents[bench.integer(exponents.length)] ?? 2)));
    }),
  minimum: binary("minimum"),
  maximum: binary("maximum"),
  less: (bench) => onPair(bench, (a, b) => bench.f.less(a, b)),
  less_equal: (bench) => onPair(bench, (a, b) => bench.f.lessEqual(a, b)),
  equal: ({ f, one, sizes }) => {
    const labels = one((node) => node.type.dtype === "i32" && node.type.shape.length === 1);
    if (labels === undefined) return undefined;
    const column = f.reshape(labels, [...labels.type.shape, constantDim(1)]);
    return f.equal(f.make("iota", [], { size: sizes.classes }), column);
  },
  and: logic("and"),
  or: logic("or"),
  select: (bench) => {
    const { f, one } = bench;
    const condition = one((node) => node.type.dtype === "bool");
    return onPair(bench, (a, b) => {
      const chosen = condition ?? f.less(f.f32(0), a);
      return broadcastShapes([chosen, a, b].map((node) => node.type.shape)) === undefined
        ? undefined
        : f.select(chosen, a, b);
    });
  },

  sum: reduction("sum"),
  max: reduction("max"),
  logsumexp: reduction("logsumexp"),
  argmax: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) => f.make("argmax", [x], { axis: integer(x.type.shape.length) })),

  reshape: (bench) => {
    const kinds = [withOne, withOne, joined, joined, apart];
    return applied(bench.one(isFloatOfRank(1)), (x) => kinds[bench.integer(kinds.length)]?.(bench, x));
  },
  transpose: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(2)), (x) => {
      const order = x.type.shape.map((_, axis) => axis);
      const by = integer(order.length);
      return f.transpose(x, [...order.slice(by), ...order.slice(0, by)]);
    }),
  broadcast: ({ f, one, sizes }) =>
    applied(
      one((node) => isFloat(node) && node.type.shape.length <= 2),
      (x) => {
        const target = [sizes.rows, x.type.shape.at(-1) ?? sizes.features];
        const joint = broadcastShapes([x.type.shape, target]);
        return joint?.every((dim, axis) => sameDim(dim, target[axis] ?? dim))
          ? f.broadcast(x, target)
          : undefined;
      },
    ),
  slice: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) => {
      const axis = integer(x.type.shape.length);
      const size = knownSize(x.type.shape[axis] ?? constantDim(1));
      if (size === undefined) return undefined;
      const start = integer(size);
      const sizes = x.type.shape.map((dim, i) => (i === axis ? constantDim(1 + integer(size - start)) : dim));
      return f.make("slice", [x], { starts: zeros(x, axis, constantDim(start)), sizes });
    }),
  pad: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) => {
      const axis = integer(x.type.shape.length);
      const [before, after] = [integer(3), integer(2)].map((size) => zeros(x, axis, constantDim(size)));
      return before === undefined || after === undefined ? undefined : f.make("pad", [x], { before, after });
    }),
  concat: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) => {
      const axis = integer(x.type.shape.length);
      const other = one((node) => joins(x, node, axis)) ?? x;
      return f.make("concat", integer(4) === 0 ? [x, other, x] : [other, x], { axis });
    }),
  alias: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) =>
      f.make("alias", [x], { side: integer(2) === 0 ? "rows" : "columns" }),
    ),

  gather: ({ f, one }) => {
    const index = one(isIndex);
    const x = one(isFloatOfRank(1));
    return index === undefined || x === undefined || x.type.shape.length > 3 ? undefined : f.gather(x, index);
  },
  scatter_add: ({ f, one, sizes }) => {
    const index = one(isIndex);
    const rows = one((node) => isFloat(node) && index !== undefined && leads(index, node));
    return index === undefined || rows === undefined
      ? undefined
      : f.make("scatter_add", [index, rows], { size: sizes.classes });
  },
  pick: (bench) => {
    const { f, one, integer } = bench;
    if (integer(3) === 0) return pickOfPairs(bench);
    const x = one(isFloatOfRank(2));
    const index = one((node) => isIndices(node) && isLead(node, x));
    return x === undefined || index === undefined || !isLead(index, x) ? undefined : f.pick(x, index);
  },
  take_along: (bench) => onOrder(bench, (x, order, axis) => bench.f.make("take_along", [x, order], { axis })),
  scatter_along: (bench) =>
    onOrder(bench, (x, order, axis) => {
      const size = addDims(x.type.shape[axis] ?? constantDim(1), constantDim(1));
      return bench.f.make("scatter_along", [order, x], { axis, size });
    }),
  // Of what is drawn: rounding tells apart, or does not, what a formula has made nearly the same.
  argsort: ({ f, one, integer }) =>
    applied(one(integer(3) === 0 ? isIndices : isDrawn), (x) =>
      f.make("argsort", [x], { axis: integer(x.type.shape.length), descending: integer(2) === 0 }),
    ),
  cumsum: (bench) => {
    const { f, one, integer } = bench;
    // Running sums of running sums would soon be large.
    const x = one(integer(3) === 0 ? (node) => isIndices(node) && node.op !== "cumsum" : isFloatOfRank(1));
    if (x === undefined) return undefined;
    const sums = f.make("cumsum", [x], { axis: integer(x.type.shape.length), reverse: integer(2) === 0 });
    return isFloat(x) ? squash(bench, sums) : sums;
  },

  matmul: (bench) => {
    const { f, one, integer } = bench;
    if (integer(4) === 0) return productOfStored(bench);
    const a = one((node) => isFloat(node) && node.type.shape.length === 2);
    const [left, right] = [integer(2), integer(2)];
    const inner = a?.type.shape[left === 0 ? 1 : 0];
    const b = one(
      (node) =>
        isFloat(node) && node.type.shape.length === 2 && same(node.type.shape[right === 0 ? 0 : 1], inner),
    );
    if (a === undefined || b === undefined || !same(b.type.shape[right === 0 ? 0 : 1], inner))
      return undefined;
    return squash(bench, f.matmul(a, b, left === 0 ? "keep" : "flip", right === 0 ? "keep" : "flip"));
  },
  conv2d: (bench) => onImage(bench, (image, filter, attrs) => bench.f.make("conv2d", [image, filter], attrs)),
  conv2d_input_gradient: (bench) =>
    onImage(bench, (image, filter, attrs) => {
      const y = bench.f.make("conv2d", [image, filter], attrs);
      return bench.f.make("conv2d_input_gradient", [filter, y], { ...attrs, shape: image.type.shape });
    }),
  conv2d_filter_gradient: (bench) =>
    onImage(bench, (image, filter, attrs) => {
      const y = bench.f.make("conv2d", [image, filter], attrs);
      return bench.f.make("conv2d_filter_gradient", [image, y], { ...attrs, shape: filter.type.shape });
    }),
  depthwise_conv2d: (bench) =>
    onEach(bench, (image, filter, attrs) => bench.f.make("depthwise_conv2d", [image, filter], attrs)),
  depthwise_conv2d_input_gradient: (bench) =>
    onEach(bench, (image, filter, attrs) => {
      const y = bench.f.make("depthwise_conv2d", [image, filter], attrs);
      const shaped = { ...attrs, shape: image.type.shape };
      return bench.f.make("depthwise_conv2d_input_gradient", [filter, y], shaped);
    }),
  depthwise_conv2d_filter_gradient: (bench) =>
    onPool(bench, (image, attrs) => {
      const { stride, padding, window } = attrs;
      const y = bench.f.make("avg_pool", [image], { stride, padding, window });
      return squash(bench, bench.f.make("depthwise_conv2d_filter_gradient", [image, y], attrs));
    }),
  max_pool: (bench) => onPool(bench, (image, attrs) => bench.f.make("max_pool", [image], attrs)),
  max_pool_gradient: (bench) =>
    onPool(bench, (image, attrs) => {
      const y = bench.f.make("max_pool", [image], attrs);
      return bench.f.make("max_pool_gradient", [image, y, y], attrs);
    }),
  avg_pool: (bench) => onPool(bench, (image, attrs) => bench.f.make("avg_pool", [image], attrs)),
  avg_pool_gradient: (bench) =>
    onPool(bench, (image, attrs) => {
      const y = bench.f.make("avg_pool", [image], attrs);
      return bench.f.make("avg_pool_gradient", [y], { ...attrs, shape: image.type.shape });
    }),
};

// ---------------------------------------------------------------- operands

function isFloat(node: Node): boolean {
  return node.type.dtype === "f32";
}

function isFloatOfRank(least: number): (node: Node) => boolean {
  return (node) => isFloat(node) && node.type.shape.length >= least;
}

function isDrawn(node: Node): boolean {
  return isFloatOfRank(1)(node) && (node.op === "input" || node.op === "parameter");
}

/** Labels, or positions that are surely in range where they are used: a vector of integers. */
function isIndex(node: Node): boolean {
  return node.type.dtype === "i32" && node.type.shape.length === 1;
}

/** The same of any rank. */
function isIndices(node: Node): boolean {
  return node.type.dtype === "i32" && node.type.shape.length > 0;
}

/** Whether the axes of an index are those of x but for the last one. */
function isLead(index: Node, x: Node | undefined): boolean {
  return x !== undefined && x.type.shape.length === index.type.shape.length + 1 && leads(index, x);
}

function same(a: Dim | undefined, b: Dim | undefined): boolean {
  return a !== undefined && b !== undefined && sameDim(a, b);
}

function leads(index: Node, x: Node): boolean {
  return index.type.shape.every((dim, axis) => same(dim, x.type.shape[axis]));
}

function joins(x: Node, other: Node, axis: number): boolean {
  const [a, b] = [x.type.shape, other.type.shape];
  return isFloat(other) && a.length === b.length && a.every((dim, i) => i === axis || same(dim, b[i]));
}

function zeros(x: Node, axis: number, size: Dim): readonly Dim[] {
  return x.type.shape.map((_, i) => (i === axis ? size : subtractDims(constantDim(0), constantDim(0))));
}

function named(one: Bench["one"], name: string): Node | undefined {
  return one((node) => node.op === "input" && "name" in node.attrs && node.attrs.name === name);
}

// ---------------------------------------------------------------- shapes of steps

/** One more axis of size 1. */
function withOne({ f, integer }: Bench, x: Node): Node {
  const { shape } = x.type;
  const spot = integer(shape.length + 1);
  return f.reshape(x, [...shape.slice(0, spot), constantDim(1), ...shape.slice(spot)]);
}

/** Two axes that stand beside each other as one. */
function joined({ f, integer }: Bench, x: Node): Node | undefined {
  const { shape } = x.type;
  if (shape.length < 2) return undefined;
  const spot = integer(shape.length - 1);
  const both = productOfDims(shape.slice(spot, spot + 2));
  return f.reshape(x, [...shape.slice(0, spot), both, ...shape.slice(spot + 2)]);
}

/** An axis as the two that it may have been made of. */
function apart({ f, integer, sizes }: Bench, x: Node): Node | undefined {
  const { rows, classes, features } = sizes;
  const couples = [rows, classes, features].flatMap((a) => [rows, classes, features].map((b) => [a, b]));
  const { shape } = x.type;
  const fitting = shape.flatMap((dim, axis) =>
    couples
      .filter((couple) => sameDim(productOfDims(couple), dim))
      .map((couple) => [...shape.slice(0, axis), ...couple, ...shape.slice(axis + 1)]),
  );
  const found = fitting[integer(Math.max(1, fitting.length))];
  return found === undefined ? undefined : f.reshape(x, found);
}

/** One feature of each pair of a row and a class, neither of which has all pairs by itself. */
function pickOfPairs({ f, one, sizes }: Bench): Node | undefined {
  const { rows, classes, features } = sizes;
  const [x, labels] = [named(one, "x"), named(one, "y")];
  const weights = one((node) => node.op === "parameter" && same(node.type.shape[0], classes));
  if (x === undefined || labels === undefined || weights?.type.shape.length !== 2) return undefined;
  const pairs = f.mul(f.reshape(x, [rows, constantDim(1), features]), weights);
  return f.pick(pairs, f.broadcast(f.reshape(labels, [rows, constantDim(1)]), [rows, classes]));
}

/** A variable with itself, a factor on one side or on both. */
function productOfStored(bench: Bench): Node | undefined {
  const { f, one, integer } = bench;
  const stored = one(
    (node) => (node.op === "parameter" || node.op === "state") && node.type.shape.length === 2,
  );
  if (stored === undefined) return undefined;
  const factor = f.sum(f.mul(stored, stored), { axes: [integer(2)], keepDims: true });
  const [left, right] = [0, 1].map(() => (integer(2) === 0 ? f.mul(stored, factor) : stored));
  if (left === undefined || right === undefined) return undefined;
  const product =
    integer(2) === 0 ? f.matmul(left, right, "flip", "keep") : f.matmul(left, right, "keep", "flip");
  return squash(bench, product);
}

function applied(x: Node | undefined, make: (x: Node) => Node | undefined): Node | undefined {
  return x === undefined ? undefined : make(x);
}

/** Keeps values small: half of what could grow goes through tanh. */
function squash({ f, integer }: Bench, x: Node): Node {
  return integer(2) === 0 ? f.make("tanh", [x], {}) : f.mul(f.f32(0.25), x);
}

function onFloat({ one }: Bench, make: (x: Node) => Node | undefined): Node | undefined {
  return applied(one(isFloat), make);
}

function onTame(bench: Bench, make: (x: Node) => Node): Node | undefined {
  return onFloat(bench, (x) => make(bench.f.make("tanh", [x], {})));
}

/** Two floats that broadcast; every other time they have no shape in common, where there are such. */
function onPair({ one, integer }: Bench, make: (a: Node, b: Node) => Node | undefined): Node | undefined {
  const a = one(isFloat);
  if (a === undefined) return undefined;
  const meets = (node: Node): boolean =>
    isFloat(node) && broadcastShapes([a.type.shape, node.type.shape]) !== undefined;
  const unlike = (node: Node): boolean =>
    meets(node) && node.type.shape.length > 0 && shapeKey(node.type.shape) !== shapeKey(a.type.shape);
  const b = (integer(2) === 0 ? one(unlike) : undefined) ?? one(meets);
  return b === undefined ? undefined : make(a, b);
}

/** A wave of a value, or of a sum in another arrangement. */
function wave(op: "sin" | "cos"): Step {
  return (bench) => {
    const { f, integer } = bench;
    const made = (x: Node): Node => f.make(op, [x], {});
    if (integer(2) === 0) return onFloat(bench, made);
    return onPair(bench, (a, b) => applied(joined(bench, f.add(a, b)), made));
  };
}

function unary(op: "neg" | "abs" | "sign" | "floor" | "round" | "tanh" | "erf" | "half"): Step {
  return (bench) => onFloat(bench, (x) => bench.f.make(op, [x], {}));
}

function binary(op: "add" | "sub" | "mul" | "minimum" | "maximum"): Step {
  return (bench) => onPair(bench, (a, b) => squash(bench, bench.f.make(op, [a, b], {})));
}

function logic(op: "and" | "or"): Step {
  return ({ f, one }) => {
    const a = one((node) => node.type.dtype === "bool");
    const b = one(
      (node) =>
        node.type.dtype === "bool" &&
        a !== undefined &&
        broadcastShapes([a.type.shape, node.type.shape]) !== undefined,
    );
    return a === undefined || b === undefined ? undefined : f.make(op, [a, b], {});
  };
}

function reduction(op: "sum" | "max" | "logsumexp"): Step {
  return (bench) => {
    const { f, one, integer } = bench;
    const x = one(isFloatOfRank(1));
    if (x === undefined) return undefined;
    const chosen = x.type.shape.flatMap((_, axis) => (integer(2) === 0 ? [axis] : []));
    const axes = chosen.length === 0 ? [x.type.shape.length - 1] : chosen;
    return squash(bench, f.make(op, [x], { axes, keepDims: integer(2) === 0 }));
  };
}

/**
 * A float and an order of its elements along an axis. Smooth programs sort only what they were given: numbers
 * worked out in f32 may tie where those in float64 do not.
 */
function onOrder(bench: Bench, make: (x: Node, order: Node, axis: number) => Node): Node | undefined {
  const x = bench.one(isFloatOfRank(1));
  if (x === undefined) return undefined;
  const axis = bench.integer(x.type.shape.length);
  const sorted = bench.integer(2) === 0 && (bench.flavour === "all" || x.inputs.length === 0);
  const key = sorted ? x : bench.f.make("iota", [], { size: x.type.shape[axis] ?? constantDim(1) });
  const order =
    key === x
      ? bench.f.make("argsort", [x], { axis, descending: bench.integer(2) === 0 })
      : bench.f.broadcast(
          bench.f.reshape(
            key,
            x.type.shape.map((dim, i) => (i === axis ? dim : constantDim(1))),
          ),
          x.type.shape,
        );
  return make(x, order, axis);
}

function convolutionOf(bench: Bench): ConvolutionAttrs {
  const padding: Padding = bench.integer(2) === 0 ? "same" : "valid";
  return { stride: [1 + bench.integer(2), 1 + bench.integer(2)], padding };
}

function isImage(node: Node): boolean {
  const [, height, width] = node.type.shape;
  const large = (dim: Dim | undefined): boolean => dim !== undefined && (knownSize(dim) ?? 0) >= 3;
  return isFloat(node) && node.type.shape.length === 4 && large(height) && large(width);
}

function onImage(
  bench: Bench,
  make: (image: Node, filter: Node, attrs: ConvolutionAttrs) => Node,
): Node | undefined {
  const filter = bench.one((node) => node.op === "parameter" && node.type.shape.length === 4);
  const image = bench.one((node) => isImage(node) && isSize(node.type.shape[3] ?? constantDim(0), 2));
  if (filter === undefined || image === undefined) return undefined;
  return squash(bench, make(image, filter, convolutionOf(bench)));
}

/** With a filter a channel, made of the filters of a convolution. */
function onEach(
  bench: Bench,
  make: (image: Node, filter: Node, attrs: ConvolutionAttrs) => Node,
): Node | undefined {
  return onImage(bench, (image, filter, attrs) =>
    make(image, bench.f.sum(filter, { axes: [3], keepDims: false }), attrs),
  );
}

function onPool(bench: Bench, make: (image: Node, attrs: PoolAttrs) => Node): Node | undefined {
  const image = bench.one(isImage);
  const window = [1 + bench.integer(3), 1 + bench.integer(3)] as const;
  return image === undefined ? undefined : make(image, { ...convolutionOf(bench), window });
}
