/**
 * How the benchmarks measure: medians after warm-ups, both sides of a ratio taken in turns so that a busy
 * machine slows both, and the bytes that a backend really holds at its fullest moment.
 */
import * as tf from "@tensorflow/tfjs-core";
import { median } from "./numbers.ts";

export { median, megabytes, milliseconds, times } from "./numbers.ts";

export interface Repeats {
  readonly warmUps: number;
  readonly runs: number;
}

/** One line of the table. `peer` and `ratio` are there where something is compared. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly peer?: string;
  readonly ratio?: string;
  readonly goal?: string;
}

export type Size = "quick" | "full";

/** An entry gives its rows; it leaves no tensor behind. */
export interface Benchmark {
  readonly name: string;
  readonly run: (size: Size) => Promise<readonly Row[]>;
}

/** Median milliseconds of each function; the runs of all take turns. */
export async function medianTimes(
  { warmUps, runs }: Repeats,
  ...functions: readonly (() => Promise<unknown> | unknown)[]
): Promise<number[]> {
  const times = functions.map((): number[] => []);
  for (let run = -warmUps; run < runs; run++)
    for (const [i, work] of functions.entries()) {
      const start = performance.now();
      await work();
      if (run >= 0) times[i]?.push(performance.now() - start);
    }
  return times.map(median);
}

/**
 * The most bytes held in tensors while `work` runs, counted where the backend allocates and frees: handles
 * that share memory count once, and what lives only inside one operation counts too.
 */
export async function peakBytes(work: () => Promise<unknown> | unknown): Promise<number> {
  const backend = tf.backend() as unknown as AllocatingBackend;
  const held = new Map<object, number>();
  let [now, peak] = [liveBytes(), 0];
  const { move, disposeData } = backend;
  backend.move = (dataId, values, shape, dtype, references) => {
    const bytes = tf.util.sizeFromShape([...shape]) * tf.util.bytesPerElement(dtype);
    held.set(dataId, bytes);
    now += bytes;
    peak = Math.max(peak, now);
    move.call(backend, dataId, values, shape, dtype, references);
  };
  backend.disposeData = (dataId, force) => {
    const bytes = held.get(dataId) ?? entryBytes(dataId);
    const freed = disposeData.call(backend, dataId, force);
    if (freed) now -= bytes;
    if (freed) held.delete(dataId);
    return freed;
  };
  peak = now;
  try {
    await work();
  } finally {
    Object.assign(backend, { move, disposeData });
  }
  return peak;
}

/** The two doors through which all tensor memory of tfjs's wasm backend goes. */
interface AllocatingBackend {
  move(
    dataId: object,
    values: unknown,
    shape: readonly number[],
    dtype: tf.DataType,
    references: number,
  ): void;
  disposeData(dataId: object, force?: boolean): boolean;
}

interface EngineState {
  readonly tensorInfo: { get(dataId: object): { readonly bytes: number } | undefined };
}

function entryBytes(dataId: object): number {
  const { state } = tf.engine() as unknown as { state: EngineState };
  return state.tensorInfo.get(dataId)?.bytes ?? 0;
}

function liveBytes(): number {
  // Before a measurement no two handles share memory but the cached scalars' own, a few bytes.
  return tf.memory().numBytes;
}

/** The exponent b of the power a·xᵇ that fits best: the slope through the logarithms. */
export function fittedExponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (pick: 0 | 1): number => logs.reduce((sum, point) => sum + point[pick], 0) / logs.length;
  const [centreX, centreY] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - centreX) * (y - centreY), 0);
  const variance = logs.reduce((sum, [x]) => sum + (x - centreX) ** 2, 0);
  return covariance / variance;
}
