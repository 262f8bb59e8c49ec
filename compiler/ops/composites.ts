/**
 * Operations that only the source level knows, written in primitives. Those without a `decompose` speak
 * about gradients; the `gradient` pass obeys them and takes them out.
 */
import { type Dim, knownSize, productOfDims } from "../ir/dim.ts";
import { type Formulas, formulas, inputOf } from "../ir/build.ts";
import type { Node } from "../ir/node.ts";
import type { CompositeTable } from "./record.ts";

/** Squared norms up to this count as zero: f32 holds its reciprocal's square root, and no data is that small. */
export const zeroNormSquared = 1e-30;

export const composites: CompositeTable = {
  mean: {
    doc: "The mean along axes.",
    decompose: (builder, node) => {
      const f = formulas(builder, node.span);
      const x = inputOf(node, 0);
      const count = productOfDims(x.type.shape.filter((_, axis) => node.attrs.axes.includes(axis)));
      return f.div(f.sum(x, node.attrs), sizeNode(f, count));
    },
  },
  softmax: {
    doc: "exp(x - logsumexp(x)) along an axis.",
    decompose: (builder, node) => {
      const { exp, sub, logsumexp } = formulas(builder, node.span);
      const x = inputOf(node, 0);
      return exp(sub(x, logsumexp(x, { axes: [node.attrs.axis], keepDims: true })));
    },
  },
  norm: {
    doc: "The Euclidean norm along an axis, kept as a 1; value and gradient are 0 for a zero row.",
    decompose: (builder, node) => {
      const f = formulas(builder, node.span);
      const { squares, root } = squaredNorm(f, inputOf(node, 0), node.attrs.axis);
      return f.select(f.less(f.f32(zeroNormSquared), squares), root, f.f32(0));
    },
  },
  normalize: {
    doc: "x / norm(x) along an axis; a zero row stays zero, with gradient zero.",
    decompose: (builder, node) => {
      const f = formulas(builder, node.span);
      const x = inputOf(node, 0);
      const { squares, root } = squaredNorm(f, x, node.attrs.axis);
      const factor = f.select(f.less(f.f32(zeroNormSquared), squares), f.div(f.f32(1), root), f.f32(0));
      return f.mul(x, factor);
    },
  },
  clamp: {
    doc: "x held between low and high; at a bound the gradient still goes to x.",
    decompose: (builder, node) => {
      const { minimum, maximum } = formulas(builder, node.span);
      const [x, low, high] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)];
      return minimum(high, maximum(low, x));
    },
  },
  sigmoid: {
    doc: "1 / (1 + exp(-x)), by the hyperbolic tangent, which does not overflow.",
    decompose: (builder, node) => sigmoidOf(formulas(builder, node.span), inputOf(node, 0)),
  },
  softplus: {
    doc: "log(1 + exp(x)), without overflow; its gradient is the sigmoid of x everywhere.",
    decompose: (builder, node) => softplusOf(formulas(builder, node.span), inputOf(node, 0)),
  },
  logaddexp: {
    doc: "log(exp(a) + exp(b)), without overflow.",
    decompose: (builder, node) =>
      logAddExpOf(formulas(builder, node.span), inputOf(node, 0), inputOf(node, 1)),
  },
  parity: {
    doc: "(-1)^k for an integer-valued k; gradient 0.",
    decompose: (builder, node) => {
      const { select, equal, mul, floor, f32 } = formulas(builder, node.span);
      const k = inputOf(node, 0);
      const even = mul(f32(2), floor(mul(f32(0.5), k)));
      return select(equal(even, k), f32(1), f32(-1));
    },
  },
  integer_power: {
    doc: "Repeated multiplication; a negative exponent divides.",
    decompose: (builder, node) => {
      const f = formulas(builder, node.span);
      const { exponent } = node.attrs;
      const power = repeatedProduct(f, inputOf(node, 0), Math.abs(exponent));
      return exponent < 0 ? f.div(f.f32(1), power) : power;
    },
  },
  detach: { doc: "The value of x; no gradient flows to it.", decompose: undefined },
  straight_through: {
    doc: "straight_through(forward, backward): the value of the first with the gradient of the second.",
    decompose: undefined,
  },
  gradient: {
    doc: "The gradient of the sum of the first operand with respect to the second.",
    decompose: undefined,
  },
};

export function sigmoidOf(f: Formulas, x: Node): Node {
  return f.mul(f.f32(0.5), f.add(f.f32(1), f.make("tanh", [f.mul(f.f32(0.5), x)], {})));
}

export function softplusOf(f: Formulas, x: Node): Node {
  return logAddExpOf(f, x, f.f32(0));
}

/**
 * The larger of both is a constant to the gradient, which is the same whatever it is; so there is no kink where one
 * overtakes the other.
 */
export function logAddExpOf(f: Formulas, a: Node, b: Node): Node {
  const largest = f.make("detach", [f.maximum(a, b)], {});
  const total = f.add(f.exp(f.sub(a, largest)), f.exp(f.sub(b, largest)));
  return f.add(largest, f.log(total));
}

/** A size as an f32 scalar: a constant where it is known. */
export function sizeNode(f: Formulas, dim: Dim): Node {
  const known = knownSize(dim);
  return known === undefined ? f.make("size", [], { dim }) : f.f32(known);
}

/** Σ x² along an axis, and a square root of it that is safe to divide by. */
function squaredNorm(f: Formulas, x: Node, axis: number): { readonly squares: Node; readonly root: Node } {
  const squares = f.sum(f.mul(x, x), { axes: [axis], keepDims: true });
  return { squares, root: f.sqrt(f.maximum(squares, f.f32(zeroNormSquared))) };
}

/** x^n by squaring; each power is one product of two smaller ones. */
function repeatedProduct(f: Formulas, x: Node, exponent: number): Node {
  if (exponent === 0) return f.filled(1, x.type);
  if (exponent === 1) return x;
  const half = repeatedProduct(f, x, Math.floor(exponent / 2));
  const square = f.mul(half, half);
  return exponent % 2 === 0 ? square : f.mul(square, x);
}
