/**
 * Functions of one number that `Math` does not offer, in float64 to the last digits.
 */

/** The nearest integer; a half goes to the even neighbour, as IEEE 754 and every target round. */
export function roundHalfToEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/**
 * erf(x) = 2/√π ∫₀ˣ exp(-t²) dt with a relative error below 1e-15. Up to 2 by the series
 * 2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, whose terms are all positive (DLMF 7.6.2); beyond it as one minus
 * the continued fraction of erfc (DLMF 7.9.1), which is small there, so that its error is too.
 */
export function errorFunction(x: number): number {
  const size = Math.abs(x);
  if (!(size <= 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  return Math.sign(x) * (size < 2 ? seriesOfErf(size) : 1 - fractionOfErfc(size));
}

function seriesOfErf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc(x) = exp(-x²)/√π · 1/(x + ½/(x + 1/(x + (3/2)/(x + …)))), worked from the inside out. */
function fractionOfErfc(x: number): number {
  let denominator = x;
  for (let n = 100; n >= 1; n--) denominator = x + n / 2 / denominator;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * denominator);
}

/** The largest number of half precision. */
export const largestHalf = 65504;

/**
 * The nearest number with 11 significant bits and an exponent of at least -14, ties to even (IEEE 754 binary16);
 * what lies beyond the largest is the largest. Adding 1.5 · 2⁵² units in the last place rounds in float64.
 */
export function roundToHalf(x: number): number {
  if (Math.abs(x) >= largestHalf) return Math.sign(x) * largestHalf;
  const unit = 2 ** (Math.max(-14, exponentOf(x)) - 10);
  const shift = 1.5 * 2 ** 52 * unit;
  return x + shift - shift;
}

const bits = new DataView(new ArrayBuffer(8));

/** ⌊log₂|x|⌋ of a normal number, exactly. */
function exponentOf(x: number): number {
  bits.setFloat64(0, x);
  return ((bits.getUint16(0) >> 4) & 0x7ff) - 1023;
}
