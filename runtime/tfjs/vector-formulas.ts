/**
 * Elementary functions on four floats at a time, as instruction sequences: exp, log, tanh, erf to a few units
 * in the last place, sign and rounding exactly. The loops around them are in simd.ts.
 */
import {
  type Code,
  f32Splat,
  floats,
  get,
  i32Const,
  i32Splat,
  integers,
  set,
  tee,
  vectorOps,
} from "./assembler.ts";

/** Leaves f(x) on the stack, x being in the vector local given; the locals after it are its own, and x may change. */
export type Formula = (x: number) => Code;

/** How many vector locals a formula may use after x. */
export const scratchVectors = 7;

/** Every function of one float that has a loop over vectors. */
export const unaryFormulas: Readonly<Record<"exp" | "log" | "tanh" | "erf" | "sign" | "round", Formula>> = {
  exp: expFormula,
  log: logFormula,
  tanh: tanhFormula,
  erf: erfFormula,
  round: (x) => [...get(x), ...floats.nearest],
  // A comparison's mask is -1 as an integer: (x < 0) - (0 < x).
  sign: (x) => [
    ...[...get(x), ...f32Splat(0), ...floats.less, ...f32Splat(0), ...get(x), ...floats.less],
    ...[...integers.sub, ...floats.fromInteger],
  ],
};

/** ((c₀·x + c₁)·x + …) + cₙ */
function polynomial(x: number, coefficients: readonly number[]): Code {
  const [first = 0, ...rest] = coefficients;
  return rest.reduce<Code>(
    (sum, coefficient) => [...sum, ...get(x), ...floats.mul, ...f32Splat(coefficient), ...floats.add],
    f32Splat(first),
  );
}

/**
 * eˣ = 2ⁿ·eʳ with n the integer nearest x·log₂e and |r| ≤ ln 2 / 2, eʳ by Cephes' polynomial. 2ⁿ is
 * multiplied on in two halves, so that results below the smallest normal number and above the largest
 * number come out right.
 */
export function expFormula(x: number): Code {
  const [n, r, half] = [x + 1, x + 2, x + 3];
  const power: Code = [...i32Splat(127), ...integers.add, ...i32Const(23), ...integers.shiftLeft];
  return [
    ...[...get(x), ...f32Splat(-104), ...floats.max, ...f32Splat(89), ...floats.min, ...set(x)],
    ...[...get(x), ...f32Splat(Math.LOG2E), ...floats.mul, ...floats.nearest, ...set(n)],
    // ln 2 in two parts, the first short enough that n times it is exact.
    ...[...get(x), ...get(n), ...f32Splat(0.693359375), ...floats.mul, ...floats.sub],
    ...[...get(n), ...f32Splat(-2.1219444e-4), ...floats.mul, ...floats.sub, ...set(r)],
    ...[...get(n), ...integers.fromFloat, ...tee(n), ...i32Const(1), ...integers.shiftRight, ...set(half)],
    ...polynomial(r, expCoefficients),
    ...[
      ...get(r),
      ...get(r),
      ...floats.mul,
      ...floats.mul,
      ...get(r),
      ...floats.add,
      ...f32Splat(1),
      ...floats.add,
    ],
    ...[...get(half), ...power, ...floats.mul],
    ...[...get(n), ...get(half), ...integers.sub, ...power, ...floats.mul],
  ];
}
const expCoefficients = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
] as const;

/**
 * log x = k·ln 2 + log(1 + f) with √½ ≤ 1 + f < √2, the last by FreeBSD's logf (e_logf.c, Sun
 * Microsystems): with s = f/(2 + f) and R a polynomial in s², log(1 + f) = f - f²/2 + s·(f²/2 + R).
 */
function logFormula(x: number): Code {
  const [k, f, s, z, small] = [x + 1, x + 2, x + 3, x + 4, x + 5];
  const rootHalf = 0x3f3504f3;
  return [
    // Numbers below the smallest normal one are scaled up by 2²⁵ first.
    ...[...get(x), ...f32Splat(2 ** -126), ...floats.less, ...set(small)],
    ...[
      ...get(x),
      ...f32Splat(2 ** 25),
      ...floats.mul,
      ...get(x),
      ...get(small),
      ...vectorOps.bitSelect,
      ...set(f),
    ],
    ...[...get(f), ...i32Splat(0x3f800000 - rootHalf), ...integers.add, ...tee(k)],
    ...[...i32Splat(0x007fffff), ...vectorOps.and, ...i32Splat(rootHalf), ...integers.add],
    ...[...f32Splat(1), ...floats.sub, ...set(f)],
    ...[...get(k), ...i32Const(23), ...integers.shiftRight, ...i32Splat(127), ...integers.sub],
    ...[...get(small), ...i32Splat(25), ...vectorOps.and, ...integers.sub, ...floats.fromInteger, ...set(k)],
    ...[
      ...get(f),
      ...get(f),
      ...f32Splat(2),
      ...floats.add,
      ...floats.div,
      ...tee(s),
      ...get(s),
      ...floats.mul,
      ...set(z),
    ],
    // s·(f²/2 + R)
    ...[...polynomial(z, logCoefficients), ...get(z), ...floats.mul],
    ...[...get(f), ...get(f), ...floats.mul, ...f32Splat(0.5), ...floats.mul, ...tee(z), ...floats.add],
    ...[...get(s), ...floats.mul],
    ...[...get(k), ...f32Splat(9.0580006145e-6), ...floats.mul, ...floats.add],
    ...[...get(z), ...floats.sub, ...get(f), ...floats.add],
    ...[...get(k), ...f32Splat(6.9313812256e-1), ...floats.mul, ...floats.add, ...set(s)],
    ...logEdges(x, s),
  ];
}
/** 0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693: highest power first. */
const logCoefficients = [0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693] as const;

/** log 0 = -∞, log ∞ = ∞, NaN below zero. */
function logEdges(x: number, value: number): Code {
  return [
    ...[
      ...f32Splat(-Infinity),
      ...get(value),
      ...get(x),
      ...f32Splat(0),
      ...floats.equal,
      ...vectorOps.bitSelect,
    ],
    ...set(value),
    ...[
      ...get(value),
      ...f32Splat(NaN),
      ...f32Splat(0),
      ...get(x),
      ...floats.lessEqual,
      ...vectorOps.bitSelect,
    ],
    ...set(value),
    ...[...get(x), ...get(value), ...get(x), ...f32Splat(Infinity), ...floats.equal, ...vectorOps.bitSelect],
  ];
}

/** Cephes' tanhf: an odd polynomial below 0.625, 1 - 2/(e²ˣ + 1) above, with the sign put back. */
function tanhFormula(x: number): Code {
  const [near, kept, inner] = [x + 5, x + 4, x];
  return [
    ...[...get(x), ...set(kept)],
    // The polynomial, from x² in `near`.
    ...[...get(x), ...get(x), ...floats.mul, ...set(near)],
    ...[...polynomial(near, tanhCoefficients), ...get(near), ...floats.mul, ...get(x), ...floats.mul],
    ...[...get(x), ...floats.add, ...set(near)],
    ...[...get(x), ...floats.abs, ...f32Splat(2), ...floats.mul, ...set(inner)],
    ...[...get(near)],
    ...[
      ...f32Splat(1),
      ...f32Splat(2),
      ...expFormula(inner),
      ...f32Splat(1),
      ...floats.add,
      ...floats.div,
      ...floats.sub,
    ],
    // The sign bit of x on the far value.
    ...[...get(kept), ...i32Splat(0x80000000 | 0), ...vectorOps.and, ...vectorOps.or],
    ...[...get(kept), ...floats.abs, ...f32Splat(0.625), ...floats.less],
    ...vectorOps.bitSelect,
  ];
}
const tanhCoefficients = [
  -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
] as const;

/**
 * Below 1 the series of Cephes' erff; above, Abramowitz and Stegun 7.1.26, whose absolute error is under
 * 1.5e-7: erf x = 1 - (a₁t + … + a₅t⁵)·exp(-x²), t = 1/(1 + p·x). The sign is put back at the end.
 */
function erfFormula(x: number): Code {
  const [near, kept, t] = [x + 5, x + 4, x + 6];
  return [
    ...[...get(x), ...set(kept), ...get(x), ...get(x), ...floats.mul, ...set(near)],
    ...[...polynomial(near, erfSeries), ...get(x), ...floats.mul, ...set(near)],
    ...[
      ...f32Splat(1),
      ...f32Splat(1),
      ...get(x),
      ...floats.abs,
      ...f32Splat(0.3275911),
      ...floats.mul,
      ...floats.add,
    ],
    ...[...floats.div, ...set(t)],
    ...[...get(x), ...get(x), ...floats.mul, ...floats.neg, ...set(x)],
    ...get(near),
    ...[
      ...f32Splat(1),
      ...polynomial(t, erfTail),
      ...get(t),
      ...floats.mul,
      ...expFormula(x),
      ...floats.mul,
      ...floats.sub,
    ],
    ...[...get(kept), ...i32Splat(0x80000000 | 0), ...vectorOps.and, ...vectorOps.or],
    ...[...get(kept), ...floats.abs, ...f32Splat(1), ...floats.less],
    ...vectorOps.bitSelect,
  ];
}
const erfSeries = [
  7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
  1.12835851486142e-1, -3.7612625824233e-1, 1.12837916572671,
] as const;
const erfTail = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592] as const;
