/**
 * Lines a second of the formatter on what std/ and examples/ hold, beside prettier on as many lines of TypeScript: the
 * sources of this project. Both get text that is formatted already. It is processor time that counts, since both do nothing
 * but compute and a busy machine would measure itself.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import { format } from "../src/format/index.ts";
import { type Benchmark, type Repeats, type Row, type Size, median, times } from "./measure.ts";

export const formatter: Benchmark = { name: "Formatter", run: measure };

async function measure(size: Size): Promise<readonly Row[]> {
  const margo = textsIn(["std", "examples"], ".margo").join("\n");
  const count = linesOf(margo);
  const typescript = textOfLength(textsIn(["compiler"], ".ts"), count);
  const repeats = size === "quick" ? { warmUps: 3, runs: 5 } : { warmUps: 10, runs: 21 };
  const [ours = NaN, theirs = NaN] = await medianProcessorTimes(
    repeats,
    () => format(margo),
    () => prettier.format(typescript, { parser: "typescript", printWidth: 110 }),
  );
  const speed = (lines: number, milliseconds: number): number => (1000 * lines) / milliseconds;
  const [own, peer] = [speed(count, ours), speed(linesOf(typescript), theirs)];
  return [
    {
      what: `${count} lines of std and examples, processor time`,
      value: `${perSecond(own)}`,
      peer: `${perSecond(peer)}, prettier on ${linesOf(typescript)} lines of TypeScript`,
      ratio: times(own / peer),
      goal: "≥ 5,000 lines/s",
    },
  ];
}

/** Median milliseconds of all threads of the process; the runs of all take turns. */
async function medianProcessorTimes(
  { warmUps, runs }: Repeats,
  ...functions: readonly (() => unknown)[]
): Promise<number[]> {
  const spent = functions.map((): number[] => []);
  for (let run = -warmUps; run < runs; run++)
    for (const [i, work] of functions.entries()) {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      if (run >= 0) spent[i]?.push((user + system) / 1000);
    }
  return spent.map(median);
}

function perSecond(speed: number): string {
  return `${Math.round(speed).toLocaleString("en")} lines/s`;
}

function linesOf(text: string): number {
  return text.split("\n").length;
}

/** Whole files, until there are at least so many lines. */
function textOfLength(texts: readonly string[], lines: number): string {
  let text = "";
  for (const one of texts) if (linesOf(text) < lines) text += one;
  return text;
}

function textsIn(folders: readonly string[], extension: string): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(extension))
      .sort()
      .map((name) => readFileSync(join(folder, name), "utf8")),
  );
}
