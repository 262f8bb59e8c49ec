/** What the pictures of a report share: sizes, axes over the steps, lines, and how numbers are thinned and rounded. */
import type { StepPoint } from "./run-data.ts";
import { valueAxis } from "./svg.ts";
import { muted } from "./theme.ts";

export const wide = { width: 560, height: 300 };

export const grid = { left: 52, right: 20, top: 36, bottom: 44 };

export type Points = readonly (readonly [number, number])[];

export function lineSeries(name: string, color: string, data: Points): object {
  return { type: "line", name, symbol: "none", lineStyle: { color, width: 1.6 }, itemStyle: { color }, data };
}

export function dots(name: string, color: string, data: Points): object {
  return {
    type: "line",
    name,
    symbol: "circle",
    symbolSize: 6,
    lineStyle: { color, width: 1.6 },
    itemStyle: { color },
    data,
  };
}

export function lastStep(steps: readonly StepPoint[]): number {
  return steps.at(-1)?.step ?? 0;
}

export function stepAxis(steps: readonly StepPoint[]): Record<string, unknown> {
  return valueAxis("step", {
    min: 0,
    max: lastStep(steps) || 1,
    splitLine: { show: false },
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true },
  });
}

/** Means over at most `buckets` equal stretches of the run. */
export function condensed(
  steps: readonly StepPoint[],
  valueOf: (step: StepPoint) => number | undefined,
  buckets = 240,
): readonly (readonly [number, number])[] {
  const points = steps.flatMap((step) => {
    const value = valueOf(step);
    return value === undefined || !Number.isFinite(value) ? [] : [[step.step, value] as const];
  });
  const length = Math.max(1, Math.ceil(points.length / buckets));
  const means: (readonly [number, number])[] = [];
  for (let from = 0; from < points.length; from += length) {
    const part = points.slice(from, from + length);
    const sum = part.reduce((total, [, value]) => total + value, 0);
    means.push([part.at(-1)?.[0] ?? 0, rounded(sum / part.length)]);
  }
  return means;
}

export function quantile(values: readonly number[], at: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? 1;
}

/** The next number that is 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 or 8 times a power of ten. */
export function ceiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (niceSteps.find((step) => step * power >= value) ?? 10) * power;
}

const niceSteps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** Five digits: more is ballast in the file. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5));
}
