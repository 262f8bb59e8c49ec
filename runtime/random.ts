/**
 * Random numbers that depend on nothing but (seed, step, site): Threefry-2x32 with 20 rounds, a
 * counter-based generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). Every target takes its numbers from here or repeats this arithmetic, so a run gives the same
 * numbers everywhere. Element 2i and 2i+1 of a site come from the block with counter i.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const keyParity = 0x1bd11bda;

/** One block: two 32-bit words from a key of two words and a counter of two words. */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): readonly [number, number] {
  const schedule = [key[0], key[1], keyParity ^ key[0] ^ key[1]] as const;
  let x = (counter[0] + schedule[0]) | 0;
  let y = (counter[1] + schedule[1]) | 0;
  for (let round = 0; round < 20; round++) {
    x = (x + y) | 0;
    const by = rotations[round % 8] ?? 0;
    y = ((y << by) | (y >>> (32 - by))) ^ x;
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x = (x + (schedule[injection % 3] ?? 0)) | 0;
    y = (y + (schedule[(injection + 1) % 3] ?? 0) + injection) | 0;
  }
  return [x >>> 0, y >>> 0];
}

/** `count` uniform numbers in [0, 1), multiples of 2⁻²⁴: exact in f32. */
export function uniformNumbers(seed: number, step: number, site: number, count: number): Float32Array {
  return fillPairs(seed, step, site, count, (x, y) => [unit(x), unit(y)]);
}

/** `count` standard normal numbers by Box–Muller, worked in float64 and rounded to f32. */
export function normalNumbers(seed: number, step: number, site: number, count: number): Float32Array {
  return fillPairs(seed, step, site, count, (x, y) => {
    const radius = Math.sqrt(-2 * Math.log(1 - unit(x)));
    const angle = 2 * Math.PI * unit(y);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

function fillPairs(
  seed: number,
  step: number,
  site: number,
  count: number,
  pair: (x: number, y: number) => readonly [number, number],
): Float32Array {
  const key = threefry2x32([seed | 0, step | 0], [site | 0, 0]);
  const values = new Float32Array(count);
  for (let at = 0; at < count; at += 2) {
    const [first, second] = pair(...threefry2x32(key, [at / 2, 0]));
    values[at] = first;
    if (at + 1 < count) values[at + 1] = second;
  }
  return values;
}

function unit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}
