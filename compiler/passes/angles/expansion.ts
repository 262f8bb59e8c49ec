/**
 * Cosine and sine of n·acos(c) + k + r for whole n, constant k and any value r:
 *
 *   cos(nθ + k) = T_n(c) cos k − √(1−c²) U_{n−1}(c) sin k
 *   sin(nθ + k) = T_n(c) sin k + √(1−c²) U_{n−1}(c) cos k
 *
 * with Chebyshev's polynomials by doubling, T_{2j} = 2T_j² − 1, which takes O(log n) products and keeps the
 * error near the conditioning of the problem; power sums would lose digits like 2ⁿ. The root has a guard: it
 * is 0, with gradient 0, where 1 − c² is at most 1e-12, so value and gradient are finite for every c.
 */
import type { Formulas } from "../../ir/build.ts";
import type { Node } from "../../ir/node.ts";
import { type AngleSum, sumNode, withoutAngle } from "./sum.ts";

/** cos of the sum, or undefined when no angle in it has a whole factor; a constant's cosine is a constant. */
export function cosineOfSum(f: Formulas, sum: AngleSum): Node | undefined {
  if (sum.angles.length === 0)
    return sum.rest.length === 0 ? f.f32(exactly(Math.cos(sum.constant))) : undefined;
  const parts = partsOf(f, sum);
  return parts === undefined
    ? undefined
    : combination(f, parts.cosOther, parts.chebyshev, -1, parts.sinOther, parts.sine);
}

/** sin of the sum, as cosineOfSum. */
export function sineOfSum(f: Formulas, sum: AngleSum): Node | undefined {
  if (sum.angles.length === 0)
    return sum.rest.length === 0 ? f.f32(exactly(Math.sin(sum.constant))) : undefined;
  const parts = partsOf(f, sum);
  return parts === undefined
    ? undefined
    : combination(f, parts.sinOther, parts.chebyshev, 1, parts.cosOther, parts.sine);
}

/** c held in [-1, 1], as acos sees it. */
export function heldCosine(f: Formulas, cosine: Node): Node {
  return f.minimum(f.f32(1), f.maximum(f.f32(-1), cosine));
}

/** Cosines and sines of common angles come out a rounding away from 0, ½ and 1: those are meant. */
export function exactly(value: number): number {
  const near = Math.round(2 * value) / 2;
  return Math.abs(value - near) < 4e-16 ? near + 0 : value;
}

/** A number that stands for a whole one up to the rounding of a few operations, or itself. */
export function wholeOr(value: number): number {
  const near = Math.round(value);
  return Math.abs(value - near) <= 1e-12 * Math.max(1, Math.abs(value)) ? near : value;
}

type Factor = number | Node;

interface Parts {
  /** T_n(c) = cos(nθ) */
  readonly chebyshev: Node;
  /** √(1−c²) U_{n−1}(c) = sin(nθ), made only where it is used. */
  readonly sine: () => Node;
  readonly cosOther: Factor;
  readonly sinOther: Factor;
}

function partsOf(f: Formulas, sum: AngleSum): Parts | undefined {
  const angle = sum.angles[0];
  if (angle === undefined || !sum.angles.every(({ factor }) => Number.isInteger(wholeOr(factor))))
    return undefined;
  const n = wholeOr(angle.factor);
  const c = heldCosine(f, angle.cosine);
  const order = Math.abs(n);
  const other = withoutAngle(sum, angle.cosine);
  const constant = other.angles.length === 0 && other.rest.length === 0;
  const otherNode = constant ? undefined : sumNode(f, other);
  const sine = (): Node => f.mul(guardedRoot(f, c), chebyshevSecond(f, c, order - 1));
  return {
    chebyshev: chebyshevFirst(f, c, order),
    sine: n < 0 ? () => f.neg(sine()) : sine,
    cosOther: otherNode === undefined ? exactly(Math.cos(other.constant)) : f.cos(otherNode),
    sinOther: otherNode === undefined ? exactly(Math.sin(other.constant)) : f.sin(otherNode),
  };
}

/** a·x ± b·y, without the products by 0 and 1. */
function combination(f: Formulas, a: Factor, x: Node, sign: 1 | -1, b: Factor, y: () => Node): Node {
  if (b === 0) return scaled(f, a, x);
  const second = scaled(f, b, y());
  if (a === 0) return sign === 1 ? second : f.neg(second);
  const first = scaled(f, a, x);
  return sign === 1 ? f.add(first, second) : f.sub(first, second);
}

function scaled(f: Formulas, factor: Factor, x: Node): Node {
  if (factor === 1) return x;
  if (factor === -1) return f.neg(x);
  return f.mul(typeof factor === "number" ? f.f32(factor) : factor, x);
}

/** √(1−c²) = sin θ; 1−c² is taken as a product, which loses no digits near ±1. */
function guardedRoot(f: Formulas, c: Node): Node {
  const square = f.mul(f.sub(f.f32(1), c), f.add(f.f32(1), c));
  const smallest = f.f32(1e-12);
  return f.select(f.less(smallest, square), f.sqrt(f.maximum(square, smallest)), f.f32(0));
}

/** T_n(c) = cos(n acos c) */
function chebyshevFirst(f: Formulas, c: Node, n: number): Node {
  if (n === 0) return f.f32(1);
  if (n === 1) return c;
  const half = Math.floor(n / 2);
  const lower = chebyshevFirst(f, c, half);
  const twice = f.mul(f.f32(2), lower);
  return n % 2 === 0
    ? f.sub(f.mul(twice, lower), f.f32(1))
    : f.sub(f.mul(twice, chebyshevFirst(f, c, half + 1)), c);
}

/** U_n(c) = sin((n+1) acos c) / sin(acos c):  U_{2j} = 2T_j U_j − 1,  U_{2j−1} = 2T_j U_{j−1} */
function chebyshevSecond(f: Formulas, c: Node, n: number): Node {
  if (n === 0) return f.f32(1);
  const half = Math.ceil(n / 2);
  const twice = f.mul(f.f32(2), chebyshevFirst(f, c, half));
  if (n % 2 === 1) return n === 1 ? twice : f.mul(twice, chebyshevSecond(f, c, half - 1));
  return f.sub(f.mul(twice, chebyshevSecond(f, c, half)), f.f32(1));
}
