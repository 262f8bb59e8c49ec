/** Nested lists of numbers, as JSON has them, and dense arrays: one into the other. */
import type { DType } from "../../compiler/ir/type.ts";
import type { Reference } from "../../compiler/ops/record.ts";

export type Nested = number | boolean | null | readonly Nested[];

/** A dense array, or a sentence that says why the lists are none. */
export function fromNested(given: unknown): Reference | string {
  const shape = shapeOf(given);
  const data: number[] = [];
  const fault = collect(given, shape, 0, data, "");
  if (fault !== undefined) return fault;
  return { dtype: "f32", shape, data: Float64Array.from(data) };
}

/** Numbers that JSON cannot hold become null. */
export function toNested({ dtype, shape, data }: Reference): Nested {
  const build = (axis: number, from: number): Nested => {
    const size = shape[axis];
    if (size === undefined) return element(dtype, data[from] ?? 0);
    const stride = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
    return Array.from({ length: size }, (_, index) => build(axis + 1, from + index * stride));
  };
  return build(0, 0);
}

function element(dtype: DType, value: number): number | boolean | null {
  if (dtype === "bool") return value !== 0;
  return Number.isFinite(value) ? value : null;
}

function shapeOf(given: unknown): readonly number[] {
  return Array.isArray(given) ? [given.length, ...shapeOf(given[0])] : [];
}

function collect(
  given: unknown,
  shape: readonly number[],
  axis: number,
  data: number[],
  place: string,
): string | undefined {
  const size = shape[axis];
  if (size === undefined) {
    if (typeof given !== "number" && typeof given !== "boolean")
      return `${place === "" ? "it" : place} is ${Array.isArray(given) ? "a list" : JSON.stringify(given)}, not a number`;
    // JSON has no infinity, but 1e999 is one.
    if (!Number.isFinite(Number(given)))
      return `${place === "" ? "it" : place} is too large for a float64 number`;
    data.push(Number(given));
    return undefined;
  }
  if (!Array.isArray(given)) return `${place === "" ? "it" : place} is no list, as others at its depth are`;
  if (given.length !== size) return `${place} has ${given.length} elements, others at its depth have ${size}`;
  for (const [index, item] of given.entries()) {
    const fault = collect(item, shape, axis + 1, data, `${place}[${index}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
