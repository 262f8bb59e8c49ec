/**
 * Dense arrays for the reference evaluator: strides, broadcasting and walks over them. Everything is
 * float64 and row-major; clarity comes first, but the inner loops are plain so that tests stay quick.
 */
import type { DType } from "../ir/type.ts";
import type { Reference } from "./record.ts";

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  return strides;
}

/** Steps through `shape` for an operand of shape `from`: 0 along the axes that it is stretched over. */
export function broadcastStrides(from: readonly number[], shape: readonly number[]): number[] {
  const own = stridesOf(from);
  const extra = shape.length - from.length;
  return shape.map((_, axis) => (from[axis - extra] === 1 ? 0 : (own[axis - extra] ?? 0)));
}

export function reference(dtype: DType, shape: readonly number[], data: Float64Array): Reference {
  return { dtype, shape, data };
}

export function emptyReference(dtype: DType, shape: readonly number[]): Reference {
  return reference(dtype, shape, new Float64Array(elementCount(shape)));
}

/** The nth input; the node builder has already counted them. */
export function operand(inputs: readonly Reference[], index: number): Reference {
  const input = inputs[index];
  if (input === undefined) throw new Error(`operand ${index} is missing`);
  return input;
}

/** The element at an offset that the caller knows to be inside. */
export function at(values: { readonly [index: number]: number }, index: number): number {
  return values[index] ?? NaN;
}

/** Calls `visit` for each element in order with the offsets that two stride patterns give it. */
export function walk(
  shape: readonly number[],
  first: readonly number[],
  second: readonly number[],
  visit: (element: number, first: number, second: number) => void,
): void {
  const count = elementCount(shape);
  const rank = shape.length;
  const position = new Array<number>(rank).fill(0);
  let [a, b] = [0, 0];
  for (let element = 0; element < count; element++) {
    visit(element, a, b);
    for (let axis = rank - 1; axis >= 0; axis--) {
      const next = at(position, axis) + 1;
      a += at(first, axis);
      b += at(second, axis);
      if (next < at(shape, axis)) {
        position[axis] = next;
        break;
      }
      a -= next * at(first, axis);
      b -= next * at(second, axis);
      position[axis] = 0;
    }
  }
}

/** Copies x, read with the given strides, into an array of `shape`. */
export function strided(
  x: Reference,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Reference {
  const result = emptyReference(x.dtype, shape);
  walk(shape, strides, strides, (element, from) => (result.data[element] = at(x.data, offset + from)));
  return result;
}

/** x stretched to a shape; x itself when it has that shape. */
export function stretched(x: Reference, shape: readonly number[]): Reference {
  return elementCount(x.shape) === elementCount(shape)
    ? reference(x.dtype, shape, x.data)
    : strided(x, shape, broadcastStrides(x.shape, shape));
}

/** The axis moved last: rows of `size` elements, `step` apart. */
export interface Lines {
  readonly size: number;
  readonly step: number;
  /** Offset of the first element of each line, in row-major order of the other axes. */
  readonly starts: readonly number[];
}

export function linesAlong(shape: readonly number[], axis: number): Lines {
  const size = at(shape, axis);
  const step = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const starts: number[] = [];
  for (let o = 0; o < outer; o++) for (let i = 0; i < step; i++) starts.push(o * size * step + i);
  return { size, step, starts };
}
