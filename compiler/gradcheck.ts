/**
 * Analytic gradients (the `gradient` pass, after `angles`) against numeric ones, both by the float64
 * reference, for any function of a program: at random points, and for anything that takes rows, weights
 * and labels at the places where margins break: c = ±1, rows and weights of zeros, given angles such as
 * θ + m = π and the ends of pieces; for all else where its inputs are zero. Values and gradients must be finite everywhere. Where a function has
 * a kink or a jump there is no derivative to agree with; such places are counted and named, not failed.
 * Rows and weights of zeros have no angle: the language gives them gradient 0, which is only asked to be finite.
 * What a `detach` or a state hides is held still while the differences are taken. A deep network is looked at along
 * fewer directions, as its FLOPs allow: all of its inputs and parameters moving together come first.
 */
import { freeNames, leafInputs, pointsOf } from "./gradcheck/points.ts";
import { type Probe, evaluationsOfProbe, probeAlong } from "./gradcheck/differences.ts";
import { type Direction, directionsOf, spreadOver } from "./gradcheck/directions.ts";
import { flopsOfGraph } from "./flops.ts";
import { frozenTwin } from "./gradcheck/frozen.ts";
import { type Bindings, sizeOfDim } from "./ir/dim.ts";
import type { Graph, GraphBuilder, Node } from "./ir/node.ts";
import { withoutAngles } from "./passes/angles.ts";
import { decomposeGraph } from "./passes/decompose.ts";
import { differentiateGraph } from "./passes/gradient.ts";
import type { ProgramFunction, ProgramVariable } from "./program.ts";
import { evaluateGraph, inPrimitives } from "./reference.ts";

export interface GradcheckOptions {
  /** Sizes of free dimensions; the rest are small. */
  readonly dims: Bindings;
  /** Random points, besides the special ones. */
  readonly points: number;
  readonly seed: number;
  /** Angles in radians between a row and its class's weights at which to look as well. */
  readonly angles: readonly number[];
  /** The largest |analytic − numeric| / max(1, |analytic|, |numeric|) that passes. */
  readonly tolerance: number;
  /** What the numeric differences of one entry may take; what does not fit is left out and counted. */
  readonly flops: number;
}

export const defaultGradcheckOptions: GradcheckOptions = {
  dims: {},
  points: 3,
  seed: 1,
  angles: [],
  tolerance: 1e-6,
  // Some ten seconds on a slow machine.
  flops: 2e9,
};

/** What is checked: a function with an output `value`. */
export interface GradcheckEntry {
  readonly name: string;
  readonly builder: GraphBuilder;
  readonly variables: readonly ProgramVariable[];
  readonly fn: ProgramFunction;
}

export interface GradcheckReport {
  readonly entry: string;
  readonly points: number;
  /** Directional derivatives that were compared. */
  readonly comparisons: number;
  /** Directions that were not looked along, since the entry takes too many FLOPs. */
  readonly leftOut: number;
  readonly maxRelativeError: number;
  /** Where the error is largest. */
  readonly worst?: GradcheckPlace;
  /** Places without a derivative, with what they are. */
  readonly kinks: readonly GradcheckPlace[];
  /** Values or gradients that are not finite. */
  readonly notFinite: readonly { readonly point: string; readonly name: string }[];
  readonly ok: boolean;
}

export interface GradcheckPlace {
  /** In words: "random 1", "θ to the own class = 2.6416". */
  readonly point: string;
  /** The input or parameter that was moved, and how: "W[2]" or "W, all together". */
  readonly variable: string;
  readonly analytic: number;
  readonly numeric: number;
  readonly kind: "smooth" | "kink" | "jump";
}

export function gradcheck(entry: GradcheckEntry, options: GradcheckOptions): GradcheckReport {
  const dims = { ...freeNames(entry.fn), ...options.dims };
  const value = entry.fn.graph.outputs.find((output) => output.name === "value")?.node;
  if (value === undefined) throw new Error(`${entry.name} has no output called value`);
  const leaves = leafInputs(value);
  const analytic = analyticGraph(entry.builder, value, leaves);
  const twin = frozenTwin(value);
  const places: GradcheckPlace[] = [];
  const notFinite: { point: string; name: string }[] = [];
  const affordable = Math.floor(options.flops / (evaluationsOfProbe * Math.max(1, flopsOf(value, dims))));
  const points = pointsOf(entry, value, dims, { ...options, points: within(options.points, affordable) });
  let leftOut = 0;
  for (const point of points) {
    const gradients = evaluateGraph(analytic, point.feeds, dims);
    for (const [name, { data }] of Object.entries(gradients))
      if (!data.every(Number.isFinite)) notFinite.push({ point: point.name, name });
    const along = twin.at(point.feeds, dims);
    const moving = leaves.filter(({ attrs }) => attrs.name !== point.withoutAngle);
    const all = directionsOf(moving, point.feeds, options.seed);
    const directions = spreadOver(all, within(all.length, Math.floor(affordable / points.length)));
    leftOut += all.length - directions.length;
    for (const direction of directions) {
      const slope = slopeAlong(direction, (leaf) => gradients[`gradient:${leaf}`]?.data);
      if (!Number.isFinite(slope)) continue;
      const probe = probeAlong((t) => along(direction.by, t), slope, options.tolerance);
      places.push(place(point.name, direction.name, slope, probe));
    }
  }
  return reportOf(
    { entry: entry.name, points: points.length, leftOut, places, notFinite },
    options.tolerance,
  );
}

/** At least one, however dear. */
function within(wanted: number, affordable: number): number {
  return Math.min(wanted, Math.max(1, affordable));
}

function flopsOf(value: Node, dims: Bindings): number {
  return sizeOfDim(flopsOfGraph(inPrimitives({ outputs: [{ name: "value", node: value }] })), dims);
}

interface Findings extends Pick<GradcheckReport, "entry" | "points" | "leftOut" | "notFinite"> {
  readonly places: readonly GradcheckPlace[];
}

function reportOf(
  { entry, points, leftOut, places, notFinite }: Findings,
  tolerance: number,
): GradcheckReport {
  const smooth = places.filter(({ kind }) => kind === "smooth").toSorted((a, b) => errorOf(b) - errorOf(a));
  const [worst] = smooth;
  const maxRelativeError = worst === undefined ? 0 : errorOf(worst);
  return {
    entry,
    points,
    comparisons: smooth.length,
    leftOut,
    maxRelativeError,
    ...(worst === undefined ? {} : { worst }),
    kinks: places.filter(({ kind }) => kind !== "smooth"),
    notFinite,
    ok: notFinite.length === 0 && maxRelativeError < tolerance,
  };
}

/** NaN counts as infinite. */
function errorOf({ analytic, numeric }: GradcheckPlace): number {
  const error = Math.abs(analytic - numeric) / Math.max(1, Math.abs(analytic), Math.abs(numeric));
  return Number.isNaN(error) ? Infinity : error;
}

function place(point: string, variable: string, analytic: number, { kind, slope }: Probe): GradcheckPlace {
  return { point, variable, analytic, numeric: slope, kind };
}

/** The value and the gradient of its sum for each leaf, as the compiler makes them. */
function analyticGraph(
  builder: GraphBuilder,
  value: Node,
  leaves: readonly Node<"input" | "parameter">[],
): Graph {
  const outputs = [
    { name: "value", node: value },
    ...leaves.map((leaf) => ({
      name: `gradient:${leaf.attrs.name}`,
      node: builder.make("gradient", [value, leaf], {}),
    })),
  ];
  const primitive = decomposeGraph({ outputs }, builder);
  return differentiateGraph(withoutAngles(primitive, builder), builder);
}

/** The claimed slope: the gradient of each leaf that moves times how it moves. */
function slopeAlong({ by }: Direction, gradientOf: (leaf: string) => Float64Array | undefined): number {
  return [...by].reduce((sum, [leaf, step]) => sum + dot(gradientOf(leaf), step), 0);
}

function dot(a: Float64Array | undefined, b: Float64Array): number {
  return a === undefined
    ? NaN
    : a.reduce((sum, value, at) => sum + (b[at] === 0 ? 0 : value * (b[at] ?? 0)), 0);
}
