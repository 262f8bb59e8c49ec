/**
 * For a program that a device's limits refuse: how far each free size could go, the others staying as they are, or how much
 * of a variable would fit.
 */
import type { Sizes } from "../sizes.ts";

/** `N = 96 would fit, or C = 40000`; undefined where no free size helps by itself. `fits` is false from some size on. */
export function whatFits(sizes: Sizes, fits: (sizes: Sizes) => boolean): string | undefined {
  const found = Object.keys(sizes).flatMap((name) => {
    const most = largestThat((size) => fits({ ...sizes, [name]: size }), sizes[name] ?? 1);
    return most === undefined ? [] : [`${name} = ${most}`];
  });
  const [first, ...others] = found;
  return first === undefined ? undefined : [`${first} would fit`, ...others].join(", or ");
}

/** For a variable of this shape that kernels read as a whole; undefined for a line of numbers. */
export function rowsThatFit(
  variable: string,
  [rows = 1, ...others]: readonly number[],
  mostBytes: number,
): string | undefined {
  if (others.length === 0) return undefined;
  const width = others.reduce((product, size) => product * size, 1);
  const most = Math.floor(mostBytes / (4 * width));
  return `${variable} is read as a whole: of its ${rows} rows of ${width}, ${most} would fit`;
}

/** By halves: the largest size below `from` that holds. */
function largestThat(holds: (size: number) => boolean, from: number): number | undefined {
  if (from < 2 || !holds(1)) return undefined;
  let [low, high] = [1, from];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
