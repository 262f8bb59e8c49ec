/**
 * Types of values in the graph: an element type and a shape of dimensions. There is one kind of value,
 * the tensor; a scalar is a tensor of rank 0.
 */
import { type Dim, constantDim, isSize, sameDim } from "./dim.ts";

export type DType = "f32" | "i32" | "bool";

export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

export function tensorType(dtype: DType, shape: readonly Dim[]): TensorType {
  return { dtype, shape };
}

export function scalarType(dtype: DType): TensorType {
  return { dtype, shape: [] };
}

export function sameType(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis] as Dim));
}

/** `f32[N, 10]`, with the label of a known size where it has one: `f32[N, C = 10]`. */
export function printType(type: TensorType): string {
  return type.shape.length === 0 ? type.dtype : `${type.dtype}[${type.shape.map(printLabelled).join(", ")}]`;
}

function printLabelled(dim: Dim): string {
  return dim.label === undefined || dim.label === dim.key ? dim.key : `${dim.label} = ${dim.key}`;
}

/** The canonical text of a shape, labels left out. */
export function shapeKey(shape: readonly Dim[]): string {
  return shape.map((dim) => dim.key).join(", ");
}

/**
 * The shape of an element-wise operation, by NumPy's rule: shapes align at their last axis and a
 * size of 1 stretches. Undefined when two sizes differ and neither is 1.
 */
export function broadcastShapes(shapes: readonly (readonly Dim[])[]): readonly Dim[] | undefined {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    let dim = constantDim(1);
    for (const shape of shapes) {
      const own = shape[axis - (rank - shape.length)];
      if (own === undefined || (isSize(own, 1) && !isSize(dim, 1))) continue;
      if (isSize(dim, 1)) dim = own;
      else if (!sameDim(dim, own)) return undefined;
      else if (dim.label === undefined) dim = own;
    }
    result.push(dim);
  }
  return result;
}
