/** Which classes are taken for which, from counts of (true class, predicted class). */

/** [true class, predicted class, rows] */
export type ConfusionCount = readonly [actual: number, predicted: number, rows: number];

export interface Confusion {
  /** All classes up to a dozen, else those with the most errors, in order of their number. */
  readonly worst: readonly number[];
  /** Share of a true class's rows that were given to a predicted class. */
  readonly share: (actual: number, predicted: number) => number;
  readonly errors: number;
  readonly rows: number;
}

export function countConfusions(labels: readonly number[], predictions: readonly number[]): ConfusionCount[] {
  const counts = new Map<string, [number, number, number]>();
  for (const [row, actual] of labels.entries()) {
    const predicted = predictions[row] ?? -1;
    const key = `${actual}>${predicted}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, [actual, predicted, 1]);
    else known[2]++;
  }
  return [...counts.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

export function confusionOf(counts: readonly ConfusionCount[]): Confusion {
  const totals = new Map<number, number>();
  const errors = new Map<number, number>();
  const shares = new Map<string, number>();
  for (const [actual, predicted, rows] of counts) {
    add(totals, actual, rows);
    shares.set(`${actual}>${predicted}`, rows);
    if (actual === predicted) continue;
    add(errors, actual, rows);
    add(errors, predicted, rows);
  }
  const every = [...new Set([...totals.keys(), ...errors.keys()])];
  const faulty = (label: number) => errors.get(label) ?? 0;
  const shown = every.length <= classesShown ? every : every.filter((label) => faulty(label) > 0);
  const worst = shown.sort((a, b) => faulty(b) - faulty(a) || a - b).slice(0, classesShown);
  return {
    worst: worst.sort((a, b) => a - b),
    share: (actual, predicted) => (shares.get(`${actual}>${predicted}`) ?? 0) / (totals.get(actual) ?? 1),
    errors: sum([...errors.values()]) / 2,
    rows: sum([...totals.values()]),
  };
}

const classesShown = 12;

function add(totals: Map<number, number>, key: number, rows: number): void {
  totals.set(key, (totals.get(key) ?? 0) + rows);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
