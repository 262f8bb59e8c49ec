/** Medians, and numbers as the tables show them. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

export const milliseconds = (value: number): string =>
  `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
export const megabytes = (value: number): string => `${(value / 2 ** 20).toFixed(1)} MiB`;
export const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)}×`;
