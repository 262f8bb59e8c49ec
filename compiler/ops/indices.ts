/**
 * Operations that look elements up or put them in place by integer index. They are total: an index out of
 * range reads 0 and writes nothing, on every target, so that an ignored label (-1, 255) needs no guard and
 * `sum(select(range == y, x, 0))` is `pick(x, y)` for every y. `argsort` is stable. Orders and indices
 * have no gradient; the elements that are moved have.
 */
import { constantDim } from "../ir/dim.ts";
import { type Formulas, formulas, inputOf } from "../ir/build.ts";
import type { Node } from "../ir/node.ts";
import { at, elementCount, emptyReference, linesAlong, operand, reference } from "./arrays.ts";
import type { PrimitiveTable, Reference } from "./record.ts";

type IndexName = "gather" | "scatter_add" | "pick" | "take_along" | "scatter_along" | "argsort" | "cumsum";

export const indices: Pick<PrimitiveTable, IndexName> = {
  gather: {
    doc: "Rows of x by index: x[C, …rest] and i32[…lead] give [...lead, ...rest]. A row out of range is zeros.",
    evaluate: (inputs, _, shape) => {
      const [x, index] = [operand(inputs, 0), operand(inputs, 1)];
      const width = elementCount(x.shape.slice(1));
      const result = emptyReference(x.dtype, shape);
      index.data.forEach((row, i) => {
        if (inside(row, at(x.shape, 0)))
          result.data.set(x.data.subarray(row * width, (row + 1) * width), i * width);
      });
      return result;
    },
    gradient: (builder, node, adjoint) => {
      const [x, index] = [inputOf(node, 0), inputOf(node, 1)];
      const size = x.type.shape[0] ?? constantDim(1);
      return [builder.make("scatter_add", [index, adjoint], { size }, node.span), undefined];
    },
  },
  scatter_add: {
    doc: "Rows added up by index: i32[…lead] and updates[...lead, ...rest] give [size, ...rest]. A row out of range is dropped.",
    evaluate: (inputs, _, shape) => {
      const [index, updates] = [operand(inputs, 0), operand(inputs, 1)];
      const width = elementCount(shape.slice(1));
      const { data, ...rest } = emptyReference(updates.dtype, shape);
      index.data.forEach((row, i) => {
        if (!inside(row, at(shape, 0))) return;
        for (let k = 0; k < width; k++)
          data[row * width + k] = at(data, row * width + k) + at(updates.data, i * width + k);
      });
      return { ...rest, data };
    },
    gradient: (builder, node, adjoint) => [
      undefined,
      formulas(builder, node.span).gather(adjoint, inputOf(node, 0)),
    ],
  },
  pick: {
    doc: "One element a row: x[…lead, C] and i32[…lead] give [...lead]. Out of range gives 0.",
    evaluate: (inputs, _, shape) => {
      const [x, index] = [operand(inputs, 0), operand(inputs, 1)];
      const size = at(x.shape, x.shape.length - 1);
      const data = index.data.map((column, row) =>
        inside(column, size) ? at(x.data, row * size + column) : 0,
      );
      return reference(x.dtype, shape, data);
    },
    gradient: (builder, node, adjoint) => {
      const f = formulas(builder, node.span);
      return [
        f.select(ownColumn(f, inputOf(node, 0), inputOf(node, 1)), asColumn(f, adjoint), f.f32(0)),
        undefined,
      ];
    },
  },
  take_along: {
    doc: "Elements by index along an axis: result[…, i, …] = x[…, index[…, i, …], …]. Out of range gives 0.",
    evaluate: (inputs, { axis }, shape) => {
      const [x, index] = [operand(inputs, 0), operand(inputs, 1)];
      const [from, to] = [linesAlong(x.shape, axis), linesAlong(shape, axis)];
      const result = emptyReference(x.dtype, shape);
      for (const [line, start] of to.starts.entries())
        for (let i = 0; i < to.size; i++) {
          const position = at(index.data, start + i * to.step);
          if (inside(position, from.size))
            result.data[start + i * to.step] = at(x.data, at(from.starts, line) + position * from.step);
        }
      return result;
    },
    gradient: (builder, node, adjoint) => {
      const { axis } = node.attrs;
      const size = inputOf(node, 0).type.shape[axis] ?? constantDim(1);
      return [
        builder.make("scatter_along", [inputOf(node, 1), adjoint], { axis, size }, node.span),
        undefined,
      ];
    },
  },
  scatter_along: {
    doc: "The transpose of take_along: each update is added at its index along the axis. Out of range is dropped.",
    evaluate: (inputs, { axis }, shape) => {
      const [index, updates] = [operand(inputs, 0), operand(inputs, 1)];
      const [from, to] = [linesAlong(index.shape, axis), linesAlong(shape, axis)];
      const result = emptyReference(updates.dtype, shape);
      for (const [line, start] of from.starts.entries())
        for (let i = 0; i < from.size; i++) {
          const offset = start + i * from.step;
          if (!inside(at(index.data, offset), to.size)) continue;
          const target = at(to.starts, line) + at(index.data, offset) * to.step;
          result.data[target] = at(result.data, target) + at(updates.data, offset);
        }
      return result;
    },
    gradient: (builder, node, adjoint) => {
      const { axis } = node.attrs;
      return [undefined, builder.make("take_along", [adjoint, inputOf(node, 0)], { axis }, node.span)];
    },
  },
  argsort: {
    doc: "The stable order that sorts along an axis, as indices.",
    evaluate: (inputs, { axis, descending }) => {
      const x = operand(inputs, 0);
      const { size, step, starts } = linesAlong(x.shape, axis);
      const result = emptyReference("i32", x.shape);
      for (const start of starts) {
        const key = (i: number): number => at(x.data, start + i * step);
        const order = Array.from({ length: size }, (_, i) => i);
        order.sort((a, b) => (descending ? key(b) - key(a) : key(a) - key(b)));
        order.forEach((from, i) => (result.data[start + i * step] = from));
      }
      return result;
    },
    gradient: () => [undefined],
  },
  cumsum: {
    doc: "Running sums along an axis, each element included; from the end when reversed.",
    evaluate: (inputs, { axis, reverse }) => {
      const x = operand(inputs, 0);
      return runningSums(x, axis, reverse ? "backwards" : "forwards");
    },
    gradient: (builder, node, adjoint) => {
      const { axis, reverse } = node.attrs;
      return [builder.make("cumsum", [adjoint], { axis, reverse: !reverse }, node.span)];
    },
  },
};

/** Where the last axis's position equals the row's index, shaped to broadcast with x. */
export function ownColumn(f: Formulas, x: Node, index: Node): Node {
  const size = x.type.shape.at(-1) ?? constantDim(1);
  return f.equal(f.make("iota", [], { size }), asColumn(f, index));
}

/** x with an axis of size 1 added at its end. */
export function asColumn(f: Formulas, x: Node): Node {
  return f.reshape(x, [...x.type.shape, constantDim(1)]);
}

function inside(index: number, size: number): boolean {
  return index >= 0 && index < size;
}

function runningSums(x: Reference, axis: number, direction: "forwards" | "backwards"): Reference {
  const { size, step, starts } = linesAlong(x.shape, axis);
  const result = emptyReference(x.dtype, x.shape);
  for (const start of starts) {
    let total = 0;
    for (let i = 0; i < size; i++) {
      const offset = start + (direction === "forwards" ? i : size - 1 - i) * step;
      total += at(x.data, offset);
      result.data[offset] = total;
    }
  }
  return result;
}
