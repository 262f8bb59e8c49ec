/**
 * Operations without operands, and `random`, whose operands are only counters. Inputs, parameters and
 * states are looked up by whoever evaluates the graph; nothing here has a gradient.
 */
import { sizeOfDim } from "../ir/dim.ts";
import { normalNumbers, uniformNumbers } from "../../runtime/random.ts";
import { at, elementCount, operand, reference } from "./arrays.ts";
import type { PrimitiveRecord, PrimitiveTable, Reference } from "./record.ts";

type LeafName = "input" | "parameter" | "state" | "constant" | "literal" | "size" | "iota" | "random";

export const leaves: Pick<PrimitiveTable, LeafName> = {
  input: fed("A value given at each call: data, labels, or a counter of the run."),
  parameter: fed("A value that training learns; only an optimizer replaces it."),
  state: fed("A value carried from step to step; no gradient flows into it."),
  constant: {
    doc: "One number, known at compile time.",
    evaluate: (_, { dtype, value }) => reference(dtype, [], Float64Array.of(value)),
    gradient: () => [],
  },
  literal: {
    doc: "A list of numbers as a tensor of rank 1.",
    evaluate: (_, { dtype, values }, shape) => reference(dtype, shape, Float64Array.from(values)),
    gradient: () => [],
  },
  size: {
    doc: "The size of a dimension as a number; it is known when the program runs.",
    evaluate: (_, { dim }, __, dims) => reference("f32", [], Float64Array.of(sizeOfDim(dim, dims))),
    gradient: () => [],
  },
  iota: {
    doc: "The integers 0, 1, … size - 1.",
    evaluate: (_, __, shape) =>
      reference(
        "i32",
        shape,
        Float64Array.from({ length: at(shape, 0) }, (___, i) => i),
      ),
    gradient: () => [],
  },
  random: {
    doc: "Numbers from the counter-based generator, keyed by seed, step and site: uniform in [0, 1) or standard normal.",
    evaluate: (inputs, { site, distribution }, shape) => {
      const [seed, step] = [scalar(inputs, 0), scalar(inputs, 1)];
      const numbers = distribution === "uniform" ? uniformNumbers : normalNumbers;
      return reference("f32", shape, Float64Array.from(numbers(seed, step, site, elementCount(shape))));
    },
    gradient: () => [undefined, undefined],
  },
};

function fed<K extends "input" | "parameter" | "state">(doc: string): PrimitiveRecord<K> {
  return {
    doc,
    evaluate: (_, attrs) => {
      throw new Error(`no value was given for ${attrs.name}`);
    },
    gradient: () => [],
  };
}

function scalar(inputs: readonly Reference[], index: number): number {
  return at(operand(inputs, index).data, 0);
}
