/**
 * Margin losses written by hand in float64, with derivatives worked out on paper: the other side of the
 * tests of std/margins.margo. Nothing here comes from the compiler. A margin gives the logits of one row
 * and how each depends on the row's cosines and on the lengths of row and weights; the chain from there to
 * x and W is the same for all.
 */
export interface RowScores {
  readonly z: readonly number[];
  /** dz[j] / dc[j] */
  readonly byOwnCosine: readonly number[];
  /** dz[j] / dc[y] for j ≠ y: other classes may look at the target. */
  readonly byTargetCosine: readonly number[];
  /** dz[j] / d|x| */
  readonly byRowNorm: readonly number[];
  /** dz[j] / d|w_j| */
  readonly byWeightNorm: readonly number[];
  /** Added to the row's loss, with its derivative by |x|. */
  readonly penalty: readonly [number, number];
}

export interface Row {
  readonly c: readonly number[];
  readonly y: number;
  readonly xNorm: number;
  readonly wNorm: readonly number[];
}

export type HandMargin = (row: Row) => RowScores;

/** A value with its derivatives by its own cosine and by |x|. */
export type Target = readonly [value: number, byCosine: number, byNorm?: number];

export interface LossAndGradients {
  readonly loss: number;
  readonly x: Float64Array;
  readonly W: Float64Array;
}

/** Cosine margins: z = s · (target or other), nothing but |x| beside the cosines. */
export function scaledMargin(
  s: number,
  target: (c: number, row: Row) => Target,
  other: (c: number, own: Target) => readonly [value: number, byCosine: number, byTarget: number] = (c) => [
    c,
    1,
    0,
  ],
  penalty: (xNorm: number) => readonly [number, number] = () => [0, 0],
): HandMargin {
  return (row) => {
    const own = target(row.c[row.y] ?? NaN, row);
    const parts = row.c.map((c, j) => (j === row.y ? ([own[0], own[1], 0] as const) : other(c, own)));
    return {
      z: parts.map(([value]) => s * value),
      byOwnCosine: parts.map(([, slope]) => s * slope),
      byTargetCosine: parts.map(([, , slope]) => s * slope),
      byRowNorm: parts.map((_, j) => (j === row.y ? s * (own[2] ?? 0) : 0)),
      byWeightNorm: parts.map(() => 0),
      penalty: penalty(row.xNorm),
    };
  };
}

/** L-Softmax's family: z = |x| (|w|) · (λ c + ψ) / (1 + λ) on the target, |x| (|w|) · c on the others. */
export function blendedMargin(
  psi: (c: number) => Target,
  lambda: number,
  weights: "lengths" | "unit",
): HandMargin {
  return ({ c, y, xNorm, wNorm }) => {
    const length = (j: number): number => (weights === "lengths" ? (wNorm[j] ?? NaN) : 1);
    const parts = c.map((cosine, j) => {
      if (j !== y) return [cosine, 1] as const;
      const [value, slope] = psi(cosine);
      return [(lambda * cosine + value) / (1 + lambda), (lambda + slope) / (1 + lambda)] as const;
    });
    return {
      z: parts.map(([value], j) => xNorm * length(j) * value),
      byOwnCosine: parts.map(([, slope], j) => xNorm * length(j) * slope),
      byTargetCosine: parts.map(() => 0),
      byRowNorm: parts.map(([value], j) => length(j) * value),
      byWeightNorm: parts.map(([value]) => (weights === "lengths" ? xNorm * value : 0)),
      penalty: [0, 0],
    };
  };
}

/** ψ of the paper for any m, from the angle. */
export function psiOfAngle(m: number): (c: number) => Target {
  return (c) => {
    const theta = Math.acos(c);
    const k = Math.min(Math.floor((m * theta) / Math.PI), m - 1);
    const sign = k % 2 === 0 ? 1 : -1;
    return [sign * Math.cos(m * theta) - 2 * k, (sign * m * Math.sin(m * theta)) / Math.sin(theta)];
  };
}

/** ψ as the authors' code has it, by signs and powers of c. */
export const psiInClosedForm: Readonly<Record<1 | 2 | 3 | 4, (c: number) => Target>> = {
  1: (c) => [c, 1],
  2: (c) => {
    const s0 = Math.sign(c);
    return [2 * s0 * c ** 2 - 1, 4 * s0 * c];
  },
  3: (c) => {
    const s0 = Math.sign(c);
    const s1 = Math.sign(Math.abs(c) - 0.5);
    const s2 = s0 * (1 + s1) - 2;
    return [s1 * (4 * c ** 3 - 3 * c) + s2, s1 * (12 * c ** 2 - 3)];
  },
  4: (c) => {
    const s0 = Math.sign(c);
    const s3 = s0 * Math.sign(2 * c ** 2 - 1);
    const s4 = 2 * s0 + s3 - 3;
    return [s3 * (8 * c ** 4 - 8 * c ** 2 + 1) + s4, s3 * (32 * c ** 3 - 16 * c)];
  },
};

/** cos(m1 θ + m2) with its derivative by c. */
export function shiftedCosine(c: number, m2: number, m1 = 1): Target {
  const theta = Math.acos(c);
  return [Math.cos(m1 * theta + m2), (m1 * Math.sin(m1 * theta + m2)) / Math.sin(theta)];
}

/** The mean over rows of −log softmax(z)[y] plus penalties, and its gradients by x [N, D] and W [C, D]. */
export function lossByHand(
  margin: HandMargin,
  x: Float64Array,
  W: Float64Array,
  labels: readonly number[],
  width: number,
): LossAndGradients {
  const [n, classes] = [labels.length, W.length / width];
  const row = (m: Float64Array, i: number): number[] => [...m.slice(i * width, (i + 1) * width)];
  const result = { loss: 0, x: new Float64Array(x.length), W: new Float64Array(W.length) };
  const ws = Array.from({ length: classes }, (_, j) => row(W, j));
  const wNorm = ws.map(norm);
  labels.forEach((y, i) => {
    const xi = row(x, i);
    const xNorm = norm(xi);
    const c = ws.map((w, j) => inner(w, xi) / (xNorm * (wNorm[j] ?? NaN)));
    const scores = margin({ c, y, xNorm, wNorm });
    const p = softmax(scores.z);
    result.loss += (-Math.log(p[y] ?? NaN) + scores.penalty[0]) / n;
    const byZ = p.map((value, j) => (value - (j === y ? 1 : 0)) / n);
    const byC = byZ.map((g, j) => g * at(scores.byOwnCosine, j));
    byC[y] =
      (byC[y] ?? 0) + byZ.reduce((sum, g, j) => sum + (j === y ? 0 : g * at(scores.byTargetCosine, j)), 0);
    const byNorm = byZ.reduce((sum, g, j) => sum + g * at(scores.byRowNorm, j), 0) + scores.penalty[1] / n;
    for (let d = 0; d < width; d++) {
      const unitX = at(xi, d) / xNorm;
      ws.forEach((w, j) => {
        const unitW = at(w, d) / at(wNorm, j);
        const into = i * width + d;
        result.x[into] = (result.x[into] ?? 0) + (at(byC, j) * (unitW - at(c, j) * unitX)) / xNorm;
        const weight = j * width + d;
        const direct = at(byZ, j) * at(scores.byWeightNorm, j) * unitW;
        result.W[weight] =
          (result.W[weight] ?? 0) + (at(byC, j) * (unitX - at(c, j) * unitW)) / at(wNorm, j) + direct;
      });
      result.x[i * width + d] = (result.x[i * width + d] ?? 0) + byNorm * unitX;
    }
  });
  return result;
}

export function norm(v: readonly number[]): number {
  return Math.sqrt(inner(v, v));
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * at(b, k), 0);
}

function softmax(z: readonly number[]): readonly number[] {
  const largest = Math.max(...z);
  const e = z.map((value) => Math.exp(value - largest));
  const total = e.reduce((sum, value) => sum + value, 0);
  return e.map((value) => value / total);
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? NaN;
}
