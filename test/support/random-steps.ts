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
  sameDim,
  subtractDims,
} from "../../compiler/ir/dim.ts";
import type { Node } from "../../compiler/ir/node.ts";
import { broadcastShapes } from "../../compiler/ir/type.ts";
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
  size: ({ f, sizes, integer }) =>
    f.div(f.f32(1), f.make("size", [], { dim: integer(2) === 0 ? sizes.rows : sizes.classes })),
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
  sin: unary("sin"),
  cos: unary("cos"),
  acos: (bench) => onTame(bench, (x) => bench.f.make("acos", [bench.f.mul(bench.f.f32(0.9), x)], {})),
  tanh: unary("tanh"),
  erf: unary("erf"),
  half: unary("half"),
  not: ({ f, one }) =>
    applied(
      one((node) => node.type.dtype === "bool"),
      (x) => f.not(x),
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

  reshape: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) => {
      const { shape } = x.type;
      const spot = integer(shape.length + 1);
      const joined =
        shape.length > 1 && knownSize(shape.at(-1) ?? constantDim(1)) !== undefined && integer(2) === 0;
      return joined && shape.every((dim) => knownSize(dim) !== undefined)
        ? f.reshape(x, [constantDim(shape.reduce((all, dim) => all * (knownSize(dim) ?? 1), 1))])
        : f.reshape(x, [...shape.slice(0, spot), constantDim(1), ...shape.slice(spot)]);
    }),
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
  pick: ({ f, one }) => {
    const x = one(isFloatOfRank(2));
    const index = one((node) => isIndex(node) && x?.type.shape.length === 2 && leads(node, x));
    return x === undefined || index === undefined ? undefined : f.pick(x, index);
  },
  take_along: (bench) => onOrder(bench, (x, order, axis) => bench.f.make("take_along", [x, order], { axis })),
  scatter_along: (bench) =>
    onOrder(bench, (x, order, axis) => {
      const size = addDims(x.type.shape[axis] ?? constantDim(1), constantDim(1));
      return bench.f.make("scatter_along", [order, x], { axis, size });
    }),
  argsort: ({ f, one, integer }) =>
    applied(one(isFloatOfRank(1)), (x) =>
      f.make("argsort", [x], { axis: integer(x.type.shape.length), descending: integer(2) === 0 }),
    ),
  cumsum: (bench) => {
    const { f, one, integer } = bench;
    const x = one(isFloatOfRank(1));
    if (x === undefined) return undefined;
    return squash(
      bench,
      f.make("cumsum", [x], { axis: integer(x.type.shape.length), reverse: integer(2) === 0 }),
    );
  },

  matmul: (bench) => {
    const { f, one, integer } = bench;
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

/** Labels, or positions that are surely in range where they are used: a vector of integers. */
function isIndex(node: Node): boolean {
  return node.type.dtype === "i32" && node.type.shape.length === 1;
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

/** Two floats that broadcast. */
function onPair({ one }: Bench, make: (a: Node, b: Node) => Node | undefined): Node | undefined {
  const a = one(isFloat);
  if (a === undefined) return undefined;
  const b = one((node) => isFloat(node) && broadcastShapes([a.type.shape, node.type.shape]) !== undefined);
  return b === undefined ? undefined : make(a, b);
}

function unary(
  op: "neg" | "abs" | "sign" | "floor" | "round" | "sin" | "cos" | "tanh" | "erf" | "half",
): Step {
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

function onPool(bench: Bench, make: (image: Node, attrs: PoolAttrs) => Node): Node | undefined {
  const image = bench.one(isImage);
  const window = [1 + bench.integer(3), 1 + bench.integer(3)] as const;
  return image === undefined ? undefined : make(image, { ...convolutionOf(bench), window });
}
