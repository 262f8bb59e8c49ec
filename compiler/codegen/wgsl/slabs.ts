/**
 * Slabs: a piece of an operand, some lines by some of the depth, that a workgroup reads once and keeps in its memory while
 * it multiplies. Each invocation reads quads of elements; how they lie in memory is up to who multiplies them.
 */
import { type Dim, isMultipleOf } from "../../ir/dim.ts";
import type { Quad } from "./kernel.ts";
import { type ParameterGroup, routine } from "./routines.ts";
import type { Context } from "./scope.ts";
import { plus } from "./sizes.ts";
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
  /** Four neighbours at once from there on, where this kernel can read them so. */
  readonly quad: (context: Context) => QuadOf | undefined;
}

export type QuadOf = (line: readonly string[], depth: readonly string[]) => Quad;

/** A position, as numbers that are all u32; a single one is the position itself. */
export interface Coordinate {
  readonly names: readonly string[];
  readonly numbers: (context: Context, position: string) => readonly string[];
}

/** Whether its number costs nothing. */
export function isItself({ names }: Coordinate): boolean {
  return names.length === 1;
}

export interface SlabOf {
  /** Of the kernel's functions and names. */
  readonly array: "left" | "right";
  /** Multiples of four, and how many invocations share the work. */
  readonly lines: number;
  readonly depth: number;
  readonly lanes: number;
  /** The first line, u32 text. */
  readonly start: string;
  /** How many the operand has. */
  readonly size: Dim;
  /** How long the depth is. A part of it is whole slabs. */
  readonly length: Dim;
  /** What a quad is: lines side by side, or places of the depth, where neighbours in memory lie so. */
  readonly quads: "lines" | "depth";
}

/** Filled anew for each piece of the depth, which begins at `k0`. */
export interface Slab {
  readonly fill: (k0: string) => void;
}

/** The first element of a quad: its line and its place of the depth, counted within the slab; u32 texts. */
export interface QuadPlace {
  readonly line: string;
  readonly k: string;
}

/** Numbers of lines that an invocation keeps through the loop over the depth; more are worked out for each slab. */
const mostNumbers = 24;

/**
 * `put` takes each quad. What lies outside the operand is read at its last element instead: across, that only
 * reaches results which nobody takes; along the depth it is made 0. An invocation fills the same quads of every slab.
 */
export function stageSlab(
  context: Context,
  operand: Operand,
  slab: SlabOf,
  put: (place: QuadPlace, value: Quad) => void,
): Slab {
  const wide = isAlongMemory(operand, slab) ? operand.quad(context) : undefined;
  if (wide !== undefined) return stageWide(context, operand, slab, wide, put);
  const { writer } = context;
  const { array, lines, depth, lanes } = slab;
  const ofLine = groupOf(operand.line, 1);
  const ofDepth = groupOf(operand.depth, 4);
  const read = routine(writer, { name: `${array}_element`, groups: [ofLine, ofDepth] }, () =>
    operand.element(context, operand.line.names, operand.depth.names),
  );
  const lineAt = (position: string): readonly string[] =>
    read.prepare(ofLine, operand.line.numbers(context, position));
  const depthAt = (position: string): readonly string[] =>
    read.prepare(ofDepth, operand.depth.numbers(context, position));
  const placed = (e: string) => placeQuad(context, operand.runs, slab, lineAt, e);
  const stage = (k0: string, quad: PlacedQuad): void => {
    const text = quadOf(context, slab, depthAt, (line, there) => read.call([line, there]), quad, k0);
    put(quad, { text, element: "f32" });
  };
  const kept = (slab.quads === "lines" ? 4 : 1) * read.passed(ofLine);
  return eachTurn(context, (lines * depth) / 4, lanes, kept, placed, stage);
}

/** Places the quads of an invocation before the loop over the depth, where it can keep so many numbers for each. */
function eachTurn<Placed>(
  { writer }: Context,
  quads: number,
  lanes: number,
  kept: number,
  placed: (e: string) => Placed,
  stage: (k0: string, quad: Placed) => void,
): Slab {
  const turns = quads / lanes;
  if (!Number.isInteger(turns) || turns * kept > mostNumbers)
    return {
      fill: (k0) => writer.loop("e", "lane", `${quads}u`, `${lanes}u`, (e) => stage(k0, placed(e))),
    };
  const shares = Array.from({ length: turns }, (_, turn) =>
    placed(turn === 0 ? "lane" : writer.index(`lane + ${turn * lanes}u`, "e")),
  );
  return { fill: (k0) => shares.forEach((share) => stage(k0, share)) };
}

/** Whether the quads of a slab are neighbours in memory, all inside the operand or all outside. */
function isAlongMemory({ runs }: Operand, { quads, size, length }: SlabOf): boolean {
  return (runs === "depth") === (quads === "depth") && isMultipleOf(quads === "lines" ? size : length, 4);
}

/** The same where memory gives four numbers at once. */
function stageWide(
  context: Context,
  { line, depth: coordinate }: Operand,
  { lines, depth, lanes, start, size, length, quads }: SlabOf,
  wide: QuadOf,
  put: (place: QuadPlace, value: Quad) => void,
): Slab {
  const { writer } = context;
  const last = quads === "lines" ? `${writer.size(size)} - 4u` : `${writer.size(size)} - 1u`;
  const end = quads === "lines" ? "end - 1u" : "end - 4u";
  const isWhole = isMultipleOf(length, depth);
  const placed = (e: string): WidePlace => {
    const inLine = (quads === "lines" ? lines : depth) / 4;
    const major = context.writer.index(`${e} / ${inLine}u`, "major");
    const minor = context.writer.index(`${e} % ${inLine}u * 4u`, "minor");
    const [own, k] = quads === "lines" ? [minor, major] : [major, minor];
    const p = context.writer.index(`min(${start} + ${own}, ${last})`, "p");
    return { line: own, k, numbers: line.numbers(context, p) };
  };
  const stage = (k0: string, { numbers, ...place }: WidePlace): void => {
    const at = context.writer.index(`${k0} + ${place.k}`, "k");
    const there = coordinate.numbers(context, isWhole ? at : context.writer.index(`min(${at}, ${end})`, "k"));
    const { text, element } = wide(numbers, there);
    put(place, { text: isWhole ? text : `select(vec4<${element}>(), ${text}, ${at} < end)`, element });
  };
  return eachTurn(context, (lines * depth) / 4, lanes, 1, placed, stage);
}

interface WidePlace extends QuadPlace {
  readonly numbers: readonly string[];
}

/** With room for so many values that are loaded by its numbers alone. */
function groupOf({ names }: Coordinate, most: number): ParameterGroup {
  return { parameters: names.map((name) => ({ name, type: "u32" })), most };
}

interface PlacedQuad extends QuadPlace {
  /** Of its lines, or of the one it has. */
  readonly numbers: readonly (readonly string[])[];
}

/** Quad number `e` of the slab; neighbouring invocations read neighbours in memory. */
function placeQuad(
  context: Context,
  runs: Operand["runs"],
  { lines, depth, start, size, quads }: SlabOf,
  lineAt: (position: string) => readonly string[],
  e: string,
): PlacedQuad {
  const text = context.writer.size(size);
  if (quads === "depth") {
    const own = context.writer.index(`${e} / ${depth / 4}u`, "line");
    const k = context.writer.index(`${e} % ${depth / 4}u * 4u`, "depth");
    const p = context.writer.index(`min(${start} + ${own}, ${text} - 1u)`, "p");
    return { line: own, k, numbers: [lineAt(p)] };
  }
  const own = context.writer.index(
    runs === "depth" ? `${e} / ${depth}u * 4u` : `${e} % ${lines / 4}u * 4u`,
    "line",
  );
  const k = context.writer.index(runs === "depth" ? `${e} % ${depth}u` : `${e} / ${lines / 4}u`, "depth");
  // Then a quad is inside or outside as a whole, and its elements are a constant apart.
  const isWhole = isMultipleOf(size, 4);
  const first = isWhole ? context.writer.index(`min(${start} + ${own}, ${text} - 4u)`, "p") : "";
  const numbers = components.map((_, c) => {
    const p = isWhole ? plus(first, `${c}u`) : `min(${start} + ${own} + ${c}u, ${text} - 1u)`;
    return lineAt(context.writer.index(p, "p"));
  });
  return { line: own, k, numbers };
}

function quadOf(
  context: Context,
  { depth, length, quads }: SlabOf,
  depthAt: (position: string) => readonly string[],
  read: (line: readonly string[], depth: readonly string[]) => string,
  { k, numbers }: PlacedQuad,
  k0: string,
): string {
  const isWhole = isMultipleOf(length, depth);
  const at = context.writer.index(`${k0} + ${k}`, "k");
  const there = (position: string): readonly string[] =>
    depthAt(isWhole ? position : context.writer.index(`min(${position}, end - 1u)`, "k"));
  if (quads === "lines") {
    const same = there(at);
    const values = `vec4f(${numbers.map((each) => read(each, same)).join(", ")})`;
    return isWhole ? values : `select(vec4f(), ${values}, ${at} < end)`;
  }
  const [own = []] = numbers;
  const places = components.map((_, c) => plus(at, `${c}u`));
  const values = `vec4f(${places.map((each) => read(own, there(each))).join(", ")})`;
  return isWhole ? values : `select(vec4f(), ${values}, vec4u(${places.join(", ")}) < vec4u(end))`;
}
