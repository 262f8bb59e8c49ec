/**
 * Operations that only move elements. Each is linear, and the gradient of each is another of them (or the
 * sum that undoes a broadcast).
 */
import { type Dim, addDims, constantDim, sizeOfDim, subtractDims } from "../ir/dim.ts";
import { formulas, inputOf } from "../ir/build.ts";
import { at, emptyReference, operand, reference, stretched, strided, stridesOf, walk } from "./arrays.ts";
import type { PrimitiveTable } from "./record.ts";

type ShapeName = "reshape" | "transpose" | "broadcast" | "slice" | "pad" | "concat" | "alias";

export const shapes: Pick<PrimitiveTable, ShapeName> = {
  reshape: {
    doc: "The same elements in row-major order in another shape.",
    evaluate: (inputs, _, shape) => {
      const x = operand(inputs, 0);
      return reference(x.dtype, shape, x.data);
    },
    gradient: (builder, node, adjoint) => [
      formulas(builder, node.span).reshape(adjoint, inputOf(node, 0).type.shape),
    ],
  },
  transpose: {
    doc: "Axes in another order: axis i of the result is axis permutation[i] of the operand.",
    evaluate: (inputs, { permutation }, shape) => {
      const x = operand(inputs, 0);
      const strides = stridesOf(x.shape);
      return strided(
        x,
        shape,
        permutation.map((axis) => at(strides, axis)),
      );
    },
    gradient: (builder, node, adjoint) => {
      const { permutation } = node.attrs;
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return [formulas(builder, node.span).transpose(adjoint, inverse)];
    },
  },
  broadcast: {
    doc: "Stretched to a shape by NumPy's rule.",
    evaluate: (inputs, _, shape) => stretched(operand(inputs, 0), shape),
    gradient: (builder, node, adjoint) => [
      formulas(builder, node.span).unbroadcast(adjoint, inputOf(node, 0).type),
    ],
  },
  slice: {
    doc: "A box cut out: sizes[i] elements from starts[i] on along each axis.",
    evaluate: (inputs, { starts }, shape, dims) => {
      const x = operand(inputs, 0);
      const strides = stridesOf(x.shape);
      const offset = starts.reduce((sum, start, axis) => sum + sizeOfDim(start, dims) * at(strides, axis), 0);
      return strided(x, shape, strides, offset);
    },
    gradient: (builder, node, adjoint) => {
      const { starts, sizes } = node.attrs;
      const after = inputOf(node, 0).type.shape.map((dim, axis) =>
        subtractDims(subtractDims(dim, dimAt(starts, axis)), dimAt(sizes, axis)),
      );
      return [formulas(builder, node.span).make("pad", [adjoint], { before: starts, after })];
    },
  },
  pad: {
    doc: "Zeros before and after each axis.",
    evaluate: (inputs, { before }, shape, dims) => {
      const x = operand(inputs, 0);
      const result = emptyReference(x.dtype, shape);
      const strides = stridesOf(shape);
      const offset = before.reduce((sum, size, axis) => sum + sizeOfDim(size, dims) * at(strides, axis), 0);
      walk(x.shape, strides, strides, (element, to) => (result.data[offset + to] = at(x.data, element)));
      return result;
    },
    gradient: (builder, node, adjoint) => {
      const sizes = inputOf(node, 0).type.shape;
      return [formulas(builder, node.span).make("slice", [adjoint], { starts: node.attrs.before, sizes })];
    },
  },
  concat: {
    doc: "Operands one after the other along an axis.",
    evaluate: (inputs, { axis }, shape) => {
      const result = emptyReference(operand(inputs, 0).dtype, shape);
      const strides = stridesOf(shape);
      let offset = 0;
      for (const x of inputs) {
        walk(x.shape, strides, strides, (element, to) => (result.data[offset + to] = at(x.data, element)));
        offset += at(x.shape, axis) * at(strides, axis);
      }
      return result;
    },
    gradient: (builder, node, adjoint) => {
      const { axis } = node.attrs;
      let start = constantDim(0);
      return node.inputs.map((input) => {
        const starts = input.type.shape.map((_, i) => (i === axis ? start : constantDim(0)));
        start = addDims(start, dimAt(input.type.shape, axis));
        return formulas(builder, node.span).make("slice", [adjoint], { starts, sizes: input.type.shape });
      });
    },
  },
  alias: {
    doc: "The same values under another name: where rows of a matrix meet rows of the same matrix, it tells one side of the pairs from the other.",
    evaluate: (inputs) => operand(inputs, 0),
    gradient: (builder, node, adjoint) => {
      const side = node.attrs.side === "rows" ? "columns" : "rows";
      return [builder.make("alias", [adjoint], { side }, node.span)];
    },
  },
};

function dimAt(dims: readonly Dim[], axis: number): Dim {
  return dims[axis] ?? constantDim(1);
}
