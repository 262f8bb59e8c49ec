/**
 * Comparisons and floors of angles as comparisons of cosines. The cosine falls as the angle grows, so
 * θ < t is c > cos t for t in (0, π]; outside, the answer is a constant, since θ lies in [0, π]. With
 * t = kπ/m the constant is exact where the cosine is 0, ±½ or ±1.
 */
import type { Formulas } from "../../ir/build.ts";
import type { Node } from "../../ir/node.ts";
import { exactly, heldCosine, wholeOr } from "./expansion.ts";
import { type AngleSum, addSums, scaleSum, sumNode, withoutAngle } from "./sum.ts";

/** A floor with more steps than this stays a floor of an angle: comparisons would cost more than acos. */
const mostSteps = 64;

export type Comparison = "less" | "less_equal";

/** a < b or a ≤ b where a − b holds an angle. */
export function comparisonOfAngles(f: Formulas, op: Comparison, a: AngleSum, b: AngleSum): Node | undefined {
  const difference = addSums(a, scaleSum(b, -1));
  const [angle, second] = difference.angles;
  if (angle === undefined) return undefined;
  const other = withoutAngle(difference, angle.cosine);
  if (second === undefined && difference.rest.length === 0) {
    const bound = -difference.constant / angle.factor;
    return angle.factor > 0 ? angleBelow(f, op, angle.cosine, bound) : angleAbove(f, op, angle.cosine, bound);
  }
  if (isPureDifference(difference)) {
    const [c, d] = [heldCosine(f, angle.cosine), heldCosine(f, second?.cosine ?? angle.cosine)];
    return angle.factor > 0 ? compared(f, op, d, c) : compared(f, op, c, d);
  }
  const bound = sumNode(f, scaleSum(other, -1 / angle.factor));
  return angle.factor > 0
    ? angleBelowValue(f, op, angle.cosine, bound)
    : f.not(angleBelowValue(f, op === "less" ? "less_equal" : "less", angle.cosine, bound));
}

/** ⌊aθ + k⌋ as a sum of comparisons, one for each whole number that it passes. */
export function floorOfAngles(f: Formulas, sum: AngleSum): Node | undefined {
  const [angle, second] = sum.angles;
  if (angle === undefined || second !== undefined || sum.rest.length > 0) return undefined;
  const { cosine, factor } = angle;
  const start = wholeOr(sum.constant);
  const end = wholeOr(start + factor * Math.PI);
  const first = Math.floor(start);
  const steps = Math.abs(Math.floor(end) - first);
  if (steps > mostSteps) return undefined;
  let count: Node = f.f32(first);
  for (let step = 1; step <= steps; step++) {
    // Growing, the value reaches first + step; falling, it drops below first + 1 - step.
    const passed =
      factor > 0
        ? angleAbove(f, "less_equal", cosine, (first + step - start) / factor)
        : angleAbove(f, "less", cosine, (first + 1 - step - start) / factor);
    const one = f.cast(passed, "f32");
    count = factor < 0 ? f.sub(count, one) : first === 0 && step === 1 ? one : f.add(count, one);
  }
  return count;
}

/** θ < t or θ ≤ t for a constant t. */
function angleBelow(f: Formulas, op: Comparison, cosine: Node, bound: number): Node {
  const t = onEdge(bound);
  if (op === "less" ? t <= 0 : t < 0) return f.constant(0, "bool");
  if (op === "less" ? t > Math.PI : t >= Math.PI) return f.constant(1, "bool");
  return compared(f, op, f.f32(exactly(Math.cos(t))), cosine);
}

/** t < θ or t ≤ θ for a constant t. */
function angleAbove(f: Formulas, op: Comparison, cosine: Node, bound: number): Node {
  const t = onEdge(bound);
  if (op === "less" ? t < 0 : t <= 0) return f.constant(1, "bool");
  if (op === "less" ? t >= Math.PI : t > Math.PI) return f.constant(0, "bool");
  return compared(f, op, cosine, f.f32(exactly(Math.cos(t))));
}

/** θ < t or θ ≤ t for a value t: outside [0, π] the cosine of the nearest end, which decides all but one end. */
function angleBelowValue(f: Formulas, op: Comparison, cosine: Node, bound: Node): Node {
  const [low, high] = [f.f32(0), f.f32(Math.PI)];
  const threshold = f.cos(f.minimum(high, f.maximum(low, bound)));
  const inside = compared(f, op, threshold, heldCosine(f, cosine));
  return op === "less"
    ? f.make("or", [f.less(high, bound), inside], {})
    : f.and(f.lessEqual(low, bound), inside);
}

function isPureDifference({ angles, constant, rest }: AngleSum): boolean {
  const [a, b, third] = angles;
  return (
    third === undefined && constant === 0 && rest.length === 0 && a !== undefined && b?.factor === -a.factor
  );
}

/** A bound a rounding away from 0 or π is meant to be it. */
function onEdge(bound: number): number {
  if (Math.abs(bound) < 1e-12) return 0;
  return Math.abs(bound - Math.PI) < 1e-12 ? Math.PI : bound;
}

function compared(f: Formulas, op: Comparison, a: Node, b: Node): Node {
  return op === "less" ? f.less(a, b) : f.lessEqual(a, b);
}
