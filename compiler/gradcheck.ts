/**
 * Analytic gradients (the `gradient` pass, after `angles`) against numeric ones, both by the float64
 * reference, for any function of a program: at random points, and for anything that takes rows, weights
 * and labels at the places where margins break: c = ±1, rows and weights of zeros, given angles such as
 * θ + m = π and the ends of pieces. Values and gradients must be finite everywhere. Where a function has
 * a kink or a jump there is no derivative to agree with; such places are counted and named, not failed.
 * Rows and weights of zeros have no angle: the language gives them gradient 0, which is only asked to be finite.
 * What a `detach` or a state hides is held still while the differences are taken.
 */
import { freeNames, leafInputs, pointsOf } from "./gradcheck/points.ts";
import { type Probe, probeAlong } from "./gradcheck/differences.ts";
import { frozenTwin } from "./gradcheck/frozen.ts";
import type { Bindings } from "./ir/dim.ts";
import type { Graph, GraphBuilder, Node } from "./ir/node.ts";
import { withoutAngles } from "./passes/angles.ts";
import { decomposeGraph } from "./passes/decompose.ts";
import { differentiateGraph } from "./passes/gradient.ts";
import type { ProgramFunction, ProgramVariable } from "./program.ts";
import { type Feeds, evaluateGraph } from "./reference.ts";
import { normalNumbers } from "../runtime/random.ts";

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
}

export const defaultGradcheckOptions: GradcheckOptions = {
  dims: {},
  points: 3,
  seed: 1,
  angles: [],
  tolerance: 1e-6,
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
  const points = pointsOf(entry, value, dims, options);
  for (const point of points) {
    const gradients = evaluateGraph(analytic, point.feeds, dims);
    for (const [name, { data }] of Object.entries(gradients))
      if (!data.every(Number.isFinite)) notFinite.push({ point: point.name, name });
    const along = twin.at(point.feeds, dims);
    for (const direction of directionsOf(leaves, point.feeds, options.seed)) {
      const slope = dot(gradients[`gradient:${direction.leaf}`]?.data, direction.by);
      if (!Number.isFinite(slope) || direction.leaf === point.withoutAngle) continue;
      const probe = probeAlong((t) => along(direction.leaf, direction.by, t), slope, options.tolerance);
      places.push(place(point.name, direction.name, slope, probe));
    }
  }
  return reportOf(entry.name, points.length, places, notFinite, options.tolerance);
}

function reportOf(
  entry: string,
  points: number,
  places: readonly GradcheckPlace[],
  notFinite: GradcheckReport["notFinite"],
  tolerance: number,
): GradcheckReport {
  const smooth = places.filter(({ kind }) => kind === "smooth").toSorted((a, b) => errorOf(b) - errorOf(a));
  const [worst] = smooth;
  const maxRelativeError = worst === undefined ? 0 : errorOf(worst);
  return {
    entry,
    points,
    comparisons: smooth.length,
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

interface Direction {
  readonly leaf: string;
  readonly name: string;
  readonly by: Float64Array;
}

const singleElements = 3;

/** For each leaf all elements at once, in a random direction, and a few one by one. */
function directionsOf(
  leaves: readonly Node<"input" | "parameter">[],
  feeds: Feeds,
  seed: number,
): readonly Direction[] {
  return leaves.flatMap((leaf, site) => {
    const { name } = leaf.attrs;
    const count = feeds[name]?.data.length ?? 0;
    if (count === 0) return [];
    const all = Float64Array.from(normalNumbers(seed, 1, site, count));
    const picked = Array.from({ length: Math.min(singleElements, count) }, (_, k) =>
      Math.floor(((k + 0.5) * count) / Math.min(singleElements, count)),
    );
    return [
      ...(count > 1 ? [{ leaf: name, name: `${name}, all together`, by: all }] : []),
      ...picked.map((at) => ({
        leaf: name,
        name: `${name}[${at}]`,
        by: Float64Array.from(all, (_, k) => (k === at ? 1 : 0)),
      })),
    ];
  });
}

function dot(a: Float64Array | undefined, b: Float64Array): number {
  return a === undefined
    ? NaN
    : a.reduce((sum, value, at) => sum + (b[at] === 0 ? 0 : value * (b[at] ?? 0)), 0);
}
