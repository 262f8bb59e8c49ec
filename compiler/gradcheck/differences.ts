/**
 * The slope of a function of one number at 0, numerically, and what kind of place 0 is. Central
 * differences are extrapolated to step 0 (Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982).
 * If they disagree with the slope that is claimed, steps shrink, since a kink nearby can spoil the larger
 * ones; if they still disagree, the differences to both sides tell a kink and a jump from a wrong gradient.
 */
export interface Probe {
  readonly slope: number;
  readonly kind: "smooth" | "kink" | "jump";
}

// The last for the ends of pieces whose slopes meet but whose curvatures do not: the error there is linear in the step.
const firstSteps = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7];
const rows = 4;

/** How often a probe evaluates its function, where the first step settles it. */
export const evaluationsOfProbe = 2 * rows;

export function probeAlong(f: (t: number) => number, claimed: number, tolerance: number): Probe {
  let best = NaN;
  for (const step of firstSteps) {
    const slope = extrapolatedSlope(f, step);
    if (!(Math.abs(slope - claimed) >= Math.abs(best - claimed))) best = slope;
    if (agree(best, claimed, tolerance / 10)) return { slope: best, kind: "smooth" };
  }
  if (agree(best, claimed, tolerance)) return { slope: best, kind: "smooth" };
  return { slope: best, kind: kindOfPlace(f) };
}

function agree(a: number, b: number, tolerance: number): boolean {
  return Math.abs(a - b) < tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Central differences at h, h/2, h/4, …, each row taking out one more power of h². */
function extrapolatedSlope(f: (t: number) => number, step: number): number {
  let row: readonly number[] = [];
  for (let k = 0; k < rows; k++) {
    const h = step / 2 ** k;
    const next = [(f(h) - f(-h)) / (2 * h)];
    row.forEach((above, j) => {
      const weight = 4 ** (j + 1);
      next.push((weight * (next[j] ?? NaN) - above) / (weight - 1));
    });
    row = next;
  }
  return row.at(-1) ?? NaN;
}

/**
 * Smooth functions have one slope from both sides, and differences that shrink with the step. A jump keeps
 * its size; at a kink (or a root's upright tangent) the two slopes differ by more than curvature explains:
 * they do not come together as the step shrinks.
 */
function kindOfPlace(f: (t: number) => number): Probe["kind"] {
  const middle = f(0);
  const gap = (h: number): number => Math.max(Math.abs(f(h) - middle), Math.abs(f(-h) - middle));
  const size = Math.max(1, Math.abs(middle));
  if (gap(1e-9) > 1e-7 * size && gap(1e-9) > 0.5 * gap(1e-6)) return "jump";
  const bend = (h: number): number => Math.abs((f(h) - middle) / h - (middle - f(-h)) / h);
  const [wide, narrow] = [bend(1e-4), bend(1e-6)];
  return narrow > 1e-5 * size && narrow > 0.3 * wide ? "kink" : "smooth";
}
