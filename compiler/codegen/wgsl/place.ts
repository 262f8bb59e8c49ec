/**
 * Places: where in a tensor a kernel reads or writes, as a flat index or as one coordinate an axis, each made of
 * the other when it is asked for. A place belongs to the block of statements it was made in, and remembers the
 * values that were worked out there.
 */
import { type Dim, constantDim, isSize, productOfDims } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import type { Value } from "./kernel.ts";
import { modulo, over, plus, times } from "./sizes.ts";
import type { KernelWriter } from "./writer.ts";

export interface Place {
  readonly shape: readonly Dim[];
  /** u32 text. */
  readonly flat: () => string;
  readonly coordinates: () => readonly string[];
  readonly values: Map<Node, Value>;
  readonly stretched: Map<string, Place>;
}

export function placeAt(writer: KernelWriter, shape: readonly Dim[], flat: string): Place {
  let coordinates: readonly string[] | undefined;
  return {
    shape,
    flat: () => flat,
    coordinates: () => (coordinates ??= coordinatesOf(writer, shape, flat)),
    values: new Map(),
    stretched: new Map(),
  };
}

export function placeOf(writer: KernelWriter, shape: readonly Dim[], coordinates: readonly string[]): Place {
  let flat: string | undefined;
  return {
    shape,
    flat: () => (flat ??= flatOf(writer, shape, coordinates)),
    coordinates: () => coordinates,
    values: new Map(),
    stretched: new Map(),
  };
}

/** The place `column` of line number `row`, where lines run along the last axis. */
export function placeInRows(writer: KernelWriter, shape: readonly Dim[], row: string, column: string): Place {
  let flat: string | undefined;
  let coordinates: readonly string[] | undefined;
  const [rows, width] = [productOfDims(shape.slice(0, -1)), shape.at(-1) ?? constantDim(1)];
  return {
    shape,
    flat: () => (flat ??= flatOf(writer, [rows, width], [row, column])),
    coordinates: () => (coordinates ??= [...coordinatesOf(writer, shape.slice(0, -1), row), column]),
    values: new Map(),
    stretched: new Map(),
  };
}

/** Place `at` of line number `line`, where lines run along an axis. */
export function placeAlong(
  writer: KernelWriter,
  shape: readonly Dim[],
  axis: number,
  line: string,
  at: string,
): Place {
  const others = shape.filter((_, each) => each !== axis);
  const rest = placeAt(writer, others, line).coordinates();
  return placeOf(writer, shape, [...rest.slice(0, axis), at, ...rest.slice(axis)]);
}

/** The place of an operand of `shape` that broadcasts to where `place` is. */
export function stretchedPlace(writer: KernelWriter, place: Place, shape: readonly Dim[]): Place {
  const key = shapeKey(shape);
  if (key === shapeKey(place.shape)) return place;
  const known = place.stretched.get(key);
  if (known !== undefined) return known;
  const extra = place.shape.length - shape.length;
  const made = shape.every((dim) => isSize(dim, 1))
    ? placeOf(
        writer,
        shape,
        shape.map(() => "0u"),
      )
    : placeOf(
        writer,
        shape,
        shape.map((dim, axis) => (isSize(dim, 1) ? "0u" : (place.coordinates()[axis + extra] ?? "0u"))),
      );
  place.stretched.set(key, made);
  return made;
}

/** The place of a transpose's operand, of `shape`, that it shows at a place of its own. */
export function turnedPlace(
  writer: KernelWriter,
  { inputs, attrs: { permutation } }: Node<"transpose">,
  place: Place,
): Place {
  const shape = inputs[0]?.type.shape ?? [];
  const coordinates = shape.map((_, axis) => place.coordinates()[permutation.indexOf(axis)] ?? "0u");
  return placeOf(writer, shape, coordinates);
}

/** The number of elements from one position of an axis to the next. */
export function strideText(writer: KernelWriter, shape: readonly Dim[], axis: number): string {
  return writer.size(productOfDims(shape.slice(axis + 1)));
}

function coordinatesOf(writer: KernelWriter, shape: readonly Dim[], flat: string): readonly string[] {
  return shape.map((dim, axis) => {
    if (isSize(dim, 1)) return "0u";
    const position = over(flat, strideText(writer, shape, axis));
    const outermost = shape.slice(0, axis).every((each) => isSize(each, 1));
    const text = outermost ? position : modulo(position, writer.size(dim));
    return writer.index(text, "c");
  });
}

function flatOf(writer: KernelWriter, shape: readonly Dim[], coordinates: readonly string[]): string {
  const text = coordinates.reduce(
    (sum, position, axis) => plus(sum, times(position, strideText(writer, shape, axis))),
    "0u",
  );
  return /^\d+u$/.test(text) ? text : writer.index(text, "at");
}
