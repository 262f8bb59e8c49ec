/** How a step's time and its peak memory grow with the number of classes and of rows. */
import { loadBackend } from "../runtime/tfjs/backend.ts";
import {
  type Benchmark,
  type Row,
  fittedExponent,
  medianTimes,
  megabytes,
  milliseconds,
  peakBytes,
} from "./measure.ts";
import { executorOf, headProgram, randomBatch, stepOf } from "./programs.ts";

interface Point {
  readonly size: number;
  readonly time: number;
  readonly peak: number;
}

export const growth: Benchmark = {
  name: "Growth of the ArcFace head",
  run: async (size) => {
    await loadBackend("wasm");
    const classCounts = size === "quick" ? [1000, 4000, 10_000] : [1000, 3000, 10_000, 30_000, 100_000];
    const byClasses: Point[] = [];
    for (const classes of classCounts) byClasses.push(await measure(256, classes, classes));
    const byRows: Point[] = [];
    for (const rows of [64, 128, 256, 512]) byRows.push(await measure(rows, 10_000, rows));
    return [...table("C", "N = 256", byClasses), ...table("N", "C = 10,000", byRows)];
  },
};

async function measure(rows: number, classes: number, size: number): Promise<Point> {
  const executor = await executorOf(headProgram(classes));
  const step = stepOf(executor, randomBatch([rows, 512], classes));
  const [time = NaN] = await medianTimes({ warmUps: 1, runs: classes > 30_000 ? 2 : 3 }, step);
  const peak = await peakBytes(step);
  executor.dispose();
  return { size, time, peak };
}

function table(name: string, fixed: string, points: readonly Point[]): readonly Row[] {
  const exponent = (pick: (point: Point) => number): string =>
    fittedExponent(points.map((point) => [point.size, pick(point)])).toFixed(2);
  return [
    ...points.map(({ size, time, peak }) => ({
      what: `${name} = ${size.toLocaleString("en")}, ${fixed}`,
      value: milliseconds(time),
      peer: `peak ${megabytes(peak)}`,
    })),
    {
      what: `growth with ${name}`,
      value: `time ∝ ${name}^${exponent(({ time }) => time)}`,
      peer: `peak ∝ ${name}^${exponent(({ peak }) => peak)}`,
    },
  ];
}
