/**
 * How partial results of a reduction become one: within an invocation, across the lanes of a workgroup, between
 * the two stages of a long reduction, and from chunk to chunk of a region. A state has one or two numbers;
 * logsumexp keeps a running maximum, so nothing overflows.
 */
import type { DType } from "../../ir/type.ts";
import type { Monoid as MonoidName } from "../../passes/stream.ts";
import { lowest } from "./scalars.ts";
import type { KernelWriter } from "./writer.ts";

export interface Monoid {
  readonly types: readonly Exclude<DType, "bool">[];
  readonly empty: readonly string[];
  /** The state of one element at position `at` of what is reduced. */
  readonly single: (value: string, at: string) => readonly string[];
  /** All operands are names. */
  readonly merge: (writer: KernelWriter, a: readonly string[], b: readonly string[]) => readonly string[];
  readonly result: (state: readonly string[]) => string;
}

export function monoidOf(name: MonoidName, dtype: DType): Monoid {
  switch (name) {
    case "sum":
      return sumMonoid(dtype === "i32" ? "i32" : "f32");
    case "max":
      return maxMonoid(dtype === "i32" ? "i32" : "f32");
    case "logsumexp":
      return logsumexpMonoid;
    default:
      return name satisfies never;
  }
}

function sumMonoid(type: "f32" | "i32"): Monoid {
  return {
    types: [type],
    empty: [`${type}(0)`],
    single: (value) => [value],
    merge: (_, [a], [b]) => [`${a} + ${b}`],
    result: ([total = ""]) => total,
  };
}

function lowestOf(type: "f32" | "i32"): string {
  return type === "f32" ? lowest : "i32(-2147483648)";
}

function maxMonoid(type: "f32" | "i32"): Monoid {
  return {
    types: [type],
    empty: [lowestOf(type)],
    single: (value) => [value],
    merge: (_, [a], [b]) => [`max(${a}, ${b})`],
    result: ([largest = ""]) => largest,
  };
}

/** The largest element, and the sum of exponentials below it. */
const logsumexpMonoid: Monoid = {
  types: ["f32", "f32"],
  empty: [lowest, "0.0"],
  single: (value) => [value, "1.0"],
  // The larger one's exponential is 1, so there is one to work out.
  merge: (writer, [a, sumA], [b, sumB]) => {
    const gap = writer.let({ text: `${b} - ${a}`, type: "f32" }, "gap").text;
    const less = writer.let({ text: `exp(-abs(${gap}))`, type: "f32" }, "less").text;
    const total = `select(${sumA} + ${sumB} * ${less}, ${sumA} * ${less} + ${sumB}, ${gap} > 0.0)`;
    return [`max(${a}, ${b})`, total];
  },
  result: ([largest, total]) => `${largest} + log(${total})`,
};

/** The largest element and where it is; of equal ones the first. */
export function argmaxMonoid(type: "f32" | "i32"): Monoid {
  return {
    types: [type, "i32"],
    empty: [lowestOf(type), "2147483647"],
    single: (value, at) => [value, `i32(${at})`],
    merge: (writer, [a, atA], [b, atB]) => {
      // Both sides of | and & are worked out, which is no branch.
      const text = `(${b} > ${a}) | ((${b} == ${a}) & (${atB} < ${atA}))`;
      const second = writer.let({ text, type: "bool" }, "second").text;
      return [`select(${a}, ${b}, ${second})`, `select(${atA}, ${atB}, ${second})`];
    },
    // Only where no element is a number is there no position.
    result: ([, at]) => `select(${at}, 0, ${at} == 2147483647)`,
  };
}

/** The same inside a tile, where positions are small enough to be exact in f32. */
export const tileArgmaxMonoid: Monoid = {
  ...argmaxMonoid("f32"),
  types: ["f32", "f32"],
  empty: [lowest, "65536.0"],
  single: (value, at) => [value, `f32(${at})`],
  merge: (writer, [a, atA], [b = "", atB = ""]) =>
    argmaxMonoid("f32").merge(
      writer,
      [a ?? "", atA ?? ""],
      [b, writer.let({ text: atB, type: "f32" }, "at").text],
    ),
  result: ([, at = ""]) => at,
};
