/**
 * Reductions along axes. An empty reduction gives the monoid's identity: 0 for a sum, -∞ for a maximum and
 * for logsumexp. The gradient of a maximum goes to the first element that reaches it, found by its place and not by its
 * value: where values are worked out again on the way back, other rounding must not lose it.
 */
import { formulas, inputOf } from "../ir/build.ts";
import { constantDim } from "../ir/dim.ts";
import type { GraphBuilder, Node } from "../ir/node.ts";
import type { ReduceAttrs } from "./attrs.ts";
import { at, emptyReference, linesAlong, operand, stridesOf, walk } from "./arrays.ts";
import type { PrimitiveTable, Reference } from "./record.ts";

type ReductionName = "sum" | "max" | "logsumexp" | "argmax";

export const reductions: Pick<PrimitiveTable, ReductionName> = {
  sum: {
    doc: "The sum along axes.",
    evaluate: (inputs, attrs, shape) => {
      const x = operand(inputs, 0);
      return folded(x, attrs, shape, 0, (total, value) => total + value);
    },
    gradient: (builder, node, adjoint) => {
      const { unreduce, broadcast } = formulas(builder, node.span);
      const { type } = inputOf(node, 0);
      return [broadcast(unreduce(adjoint, type, node.attrs.axes), type.shape)];
    },
  },
  max: {
    doc: "The largest element along axes; of a tie one takes the gradient, the first along an axis.",
    evaluate: (inputs, attrs, shape) => folded(operand(inputs, 0), attrs, shape, -Infinity, Math.max),
    gradient: (builder, node, adjoint) => {
      const { unreduce, max, select, f32 } = formulas(builder, node.span);
      const x = inputOf(node, 0);
      const { axes } = node.attrs;
      // One axis after the other: the last one's largest is a largest of those before it.
      const gradient = axes.reduceRight(
        (behind, axis, index) => {
          const before = index === 0 ? x : max(x, { axes: axes.slice(0, index), keepDims: true });
          return select(isFirstLargest(builder, before, axis), behind, f32(0));
        },
        unreduce(adjoint, x.type, axes),
      );
      return [gradient];
    },
  },
  logsumexp: {
    doc: "log Σ exp(x) along axes, without overflow; its monoid is (max, sum).",
    evaluate: (inputs, attrs, shape) => {
      const x = operand(inputs, 0);
      const largest = folded(x, attrs, shape, -Infinity, Math.max);
      const sums = foldedWith(x, largest, attrs, (value, top) => Math.exp(value - top));
      return { ...sums, data: sums.data.map((total, i) => shifted(at(largest.data, i), total)) };
    },
    gradient: (builder, node, adjoint) => {
      const { unreduce, exp, sub, mul } = formulas(builder, node.span);
      const x = inputOf(node, 0);
      const { axes } = node.attrs;
      return [mul(exp(sub(x, unreduce(node, x.type, axes))), unreduce(adjoint, x.type, axes))];
    },
  },
  argmax: {
    doc: "The index of the first largest element along an axis.",
    evaluate: (inputs, { axis }, shape) => {
      const x = operand(inputs, 0);
      const { size, step, starts } = linesAlong(x.shape, axis);
      const result = emptyReference("i32", shape);
      for (const [line, start] of starts.entries()) {
        let best = 0;
        for (let i = 1; i < size; i++)
          if (at(x.data, start + i * step) > at(x.data, start + best * step)) best = i;
        result.data[line] = best;
      }
      return result;
    },
    gradient: () => [undefined],
  },
};

/** Where x is the first largest along an axis. */
function isFirstLargest(builder: GraphBuilder, x: Node, axis: number): Node {
  const { make, equal, reshape, unreduce } = formulas(builder, x.span);
  const places = x.type.shape.map((dim, own) => (own === axis ? dim : constantDim(1)));
  const size = x.type.shape[axis] ?? constantDim(1);
  const place = unreduce(make("argmax", [x], { axis }), x.type, [axis]);
  return equal(reshape(make("iota", [], { size }), places), place);
}

/** Strides into the result for a walk over the operand: 0 along the reduced axes. */
function resultStrides(shape: readonly number[], axes: readonly number[]): number[] {
  const kept = stridesOf(shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));
  return kept.map((stride, axis) => (axes.includes(axis) ? 0 : stride));
}

function folded(
  x: Reference,
  { axes }: ReduceAttrs,
  shape: readonly number[],
  identity: number,
  combine: (total: number, value: number) => number,
): Reference {
  const result = emptyReference(x.dtype, shape);
  const { data } = result;
  data.fill(identity);
  const into = resultStrides(x.shape, axes);
  walk(x.shape, into, into, (element, to) => (data[to] = combine(at(data, to), at(x.data, element))));
  return result;
}

/** Sums term(x, statistic), where the statistic has the result's shape. */
function foldedWith(
  x: Reference,
  statistic: Reference,
  { axes }: ReduceAttrs,
  term: (value: number, statistic: number) => number,
): Reference {
  const result = emptyReference(x.dtype, statistic.shape);
  const { data } = result;
  const into = resultStrides(x.shape, axes);
  walk(x.shape, into, into, (element, to) => {
    data[to] = at(data, to) + term(at(x.data, element), at(statistic.data, to));
  });
  return result;
}

/** max + log Σ exp(x - max); an infinite maximum is the answer itself. */
function shifted(largest: number, total: number): number {
  return Number.isFinite(largest) ? largest + Math.log(total) : largest;
}
