/**
 * Slabs: a piece of an operand, some lines by some of the depth, that a workgroup reads once and keeps in its memory while
 * it multiplies. Each invocation reads quads of four lines at one place of the depth; how they lie in memory is up to who
 * multiplies them.
 */
import type { Context } from "./scope.ts";
import { components } from "./tile.ts";

/**
 * A matrix whose lines are the rows or columns of the result. An element is made of what is known of its line and what is
 * known of its place of the depth, so that either is worked out once for all the elements there.
 */
export interface Operand {
  readonly line: Coordinate;
  readonly depth: Coordinate;
  /** The element where `line` and `depth` have these numbers; both are in range. */
  readonly element: (context: Context, line: readonly string[], depth: readonly string[]) => string;
  /** Which way neighbours in memory lie. */
  readonly runs: "across" | "depth";
}

/** A position, as numbers that are all u32. */
export interface Coordinate {
  readonly names: readonly string[];
  readonly numbers: (context: Context, position: string) => readonly string[];
}

export interface SlabOf {
  /** Of the kernel's functions and names. */
  readonly array: "left" | "right";
  /** Multiples of four, and how many invocations share the work. */
  readonly lines: number;
  readonly depth: number;
  readonly lanes: number;
  /** The first line, and how many the operand has: u32 texts. */
  readonly start: string;
  readonly size: string;
  /** Whether the depth is so many whole slabs. */
  readonly isWhole: boolean;
}

/** Numbers of lines that an invocation keeps through the loop over the depth; more are worked out for each slab. */
const mostNumbers = 24;

/**
 * `put` takes a vec4f text: the lines of a quad at a place of the depth, both counted within the slab. What lies outside
 * the operand is read at its last element instead: across, that only reaches results which nobody takes; along the depth
 * it is made 0. An invocation fills the same quads of every slab.
 */
export function stageSlab(
  context: Context,
  { line, depth: coordinate, element, runs }: Operand,
  { array, lines, depth, lanes, start, size, isWhole }: SlabOf,
  put: (quad: string, k: string, value: string) => void,
): { readonly fill: (k0: string) => void } {
  const { writer } = context;
  const [across, quads] = [lines / 4, (lines / 4) * depth];
  const named = (text: string, hint: string): string => writer.let({ text, type: "u32" }, hint).text;
  const parameters = [...line.names, ...coordinate.names].map((name) => ({ name, type: "u32" }) as const);
  const read = writer.routine(`${array}_element`, parameters, () =>
    element(context, line.names, coordinate.names),
  );
  const placed = (e: string) => {
    const quad = named(runs === "depth" ? `${e} / ${depth}u` : `${e} % ${across}u`, "quad");
    const k = named(runs === "depth" ? `${e} % ${depth}u` : `${e} / ${across}u`, "depth");
    const numbers = components.map((_, c) =>
      line.numbers(context, named(`min(${start} + ${quad} * 4u + ${c}u, ${size} - 1u)`, "p")),
    );
    return { quad, k, numbers };
  };
  const stage = (k0: string, { quad, k, numbers }: ReturnType<typeof placed>): void => {
    const at = named(`${k0} + ${k}`, "k");
    const there = coordinate.numbers(context, isWhole ? at : named(`min(${at}, end - 1u)`, "k"));
    const values = `vec4f(${numbers.map((each) => read([...each, ...there])).join(", ")})`;
    put(quad, k, isWhole ? values : `select(vec4f(), ${values}, ${at} < end)`);
  };
  const turns = quads / lanes;
  if (!Number.isInteger(turns) || turns * 4 * line.names.length > mostNumbers)
    return {
      fill: (k0) => writer.loop("e", "lane", `${quads}u`, `${lanes}u`, (e) => stage(k0, placed(e))),
    };
  const shares = Array.from({ length: turns }, (_, turn) =>
    placed(turn === 0 ? "lane" : named(`lane + ${turn * lanes}u`, "e")),
  );
  return { fill: (k0) => shares.forEach((share) => stage(k0, share)) };
}
