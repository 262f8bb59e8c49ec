/** For a program that a device's limits refuse: how far each free size could go, the others staying as they are. */
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
