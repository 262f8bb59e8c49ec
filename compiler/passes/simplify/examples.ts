/**
 * Leaves for the examples of rules: a matrix, a column, labels. Sizes are small, distinct and partly free,
 * so that an axis cannot be taken for another.
 */
import { type Dim, constantDim, namedDim } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import type { Node } from "../../ir/node.ts";
import type { DType } from "../../ir/type.ts";

/** The free sizes of the examples. Tests bind them to `exampleSizes`. */
export const rows = namedDim("N");
export const classes = namedDim("C");
export const features = constantDim(3);
export const exampleSizes = { N: 5, C: 4 } as const;

export function leaf(f: Formulas, name: string, dtype: DType, ...shape: readonly Dim[]): Node {
  return f.make("input", [], { name, dtype, shape });
}

/** f32[N, C] */
export function matrix(f: Formulas, name = "x"): Node {
  return leaf(f, name, "f32", rows, classes);
}

/** f32[N, 1] */
export function column(f: Formulas, name = "r"): Node {
  return leaf(f, name, "f32", rows, constantDim(1));
}

/** f32[1, C] */
export function row(f: Formulas, name = "w"): Node {
  return leaf(f, name, "f32", constantDim(1), classes);
}

/** A f32 scalar. */
export function scalar(f: Formulas, name = "s"): Node {
  return leaf(f, name, "f32");
}

/** bool[N, C] */
export function mask(f: Formulas, name = "m"): Node {
  return leaf(f, name, "bool", rows, classes);
}

/** i32[N]; examples are fed with some values below 0 and above C. */
export function labels(f: Formulas, name = "y"): Node {
  return leaf(f, name, "i32", rows);
}

/** f32[N, 3] */
export function rowsOfFeatures(f: Formulas, name = "X"): Node {
  return leaf(f, name, "f32", rows, features);
}

/** A parameter f32[C, 3] */
export function weights(f: Formulas, name = "W"): Node {
  return f.make("parameter", [], { name, dtype: "f32", shape: [classes, features] });
}
