/**
 * What a program's own metrics give. One number a batch is averaged over the rows. A `part` and a `whole` are sums, alone
 * or one for each class: they are added up over all batches and divided at the end, since a quotient of sums is no mean
 * of quotients. Of several classes the mean is told, over those that were there.
 */
import type { HostTensor, NamedTensors } from "./program.ts";

/** What the program's own metrics gave, by their names. */
export type NamedNumbers = Readonly<Record<string, number>>;

/** Absent where there are none. */
export interface MeasuredMetrics {
  readonly metrics?: NamedNumbers;
  /** Where a metric has a number for each class; null for a class of which there was nothing. */
  readonly metricsByClass?: Readonly<Record<string, readonly (number | null)[]>>;
}

/** Batches added up. */
export interface MetricSums {
  readonly add: (outputs: NamedTensors, rows: number) => void;
  readonly measured: () => MeasuredMetrics;
}

export function isMetric(output: string): boolean {
  return [mean, part, whole].some((prefix) => output.startsWith(prefix));
}

const [mean, part, whole] = ["metric:", "part:", "whole:"] as const;

export function sumMetrics(): MetricSums {
  const sums = new Map<string, Float64Array>();
  let seen = 0;
  const sumOf = (name: string): readonly number[] => Array.from(sums.get(name) ?? []);
  return {
    add: (outputs, rows) => {
      seen += rows;
      for (const [name, value] of Object.entries(outputs))
        if (isMetric(name)) addTo(sums, name, value, name.startsWith(mean) ? rows : 1);
    },
    measured: () => {
      const metrics: Record<string, number> = {};
      const byClass: Record<string, readonly (number | null)[]> = {};
      for (const output of sums.keys()) {
        const name = output.slice(output.indexOf(":") + 1);
        if (output.startsWith(mean)) metrics[name] = (sumOf(output)[0] ?? NaN) / seen;
        if (!output.startsWith(part)) continue;
        const quotients = divided(sumOf(output), sumOf(`${whole}${name}`));
        const there = quotients.filter((one) => one !== null);
        if (there.length > 0) metrics[name] = there.reduce((sum, one) => sum + one, 0) / there.length;
        if (quotients.length > 1) byClass[name] = quotients;
      }
      return {
        ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
        ...(Object.keys(byClass).length === 0 ? {} : { metricsByClass: byClass }),
      };
    },
  };
}

function addTo(sums: Map<string, Float64Array>, name: string, { data }: HostTensor, times: number): void {
  const sum = sums.get(name) ?? new Float64Array(data.length);
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (data[at] ?? NaN) * times;
  sums.set(name, sum);
}

function divided(parts: readonly number[], wholes: readonly number[]): readonly (number | null)[] {
  return parts.map((one, at) => (wholes[at] === 0 ? null : one / (wholes[at] ?? NaN)));
}
