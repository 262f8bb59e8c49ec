/**
 * Retrieval: of rows that belong together in pairs, does one find the other? The features of a run's first two models are
 * compared by their cosine, all rows with all, and what comes out are the numbers of the field: how often the partner is the
 * best of all rows, or among the first few, and its cumulative match characteristic.
 */
import { type Dataset, rowCount, spreadRows } from "../../runtime/dataset.ts";
import { dataInputs, embedFunctions, modelNames } from "../../runtime/fit-dataset.ts";
import type { HostTensor, ProgramInfo } from "../../runtime/program.ts";
import type { Trainer } from "../../runtime/trainer.ts";
import { embedRows } from "./embed-rows.ts";
import { comparableRows, dot, unitRows } from "./cosines.ts";

export interface RetrievalScores {
  /** Among so many rows a partner was looked for. */
  readonly rows: number;
  /** From the first model's rows to the second's, and back. */
  readonly ways: readonly RetrievalWay[];
}

/** Shares of rows whose partner is the best of all, or among the first so many. */
export interface RetrievalWay {
  readonly from: string;
  readonly to: string;
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** Of the partner, 1 where it is the best. */
  readonly medianRank: number;
}

/** With what pictures are drawn from. */
export interface RetrievalStatistics extends RetrievalScores {
  readonly ways: readonly (RetrievalWay & {
    /** [rank, share of rows whose partner is of that rank or better], ranks about evenly on a logarithmic scale. */
    readonly curve: readonly (readonly [number, number])[];
  })[];
}

/** Without what only pictures want. */
export function retrievalScores({ rows, ways }: RetrievalStatistics): RetrievalScores {
  return { rows, ways: ways.map(({ curve: _, ...way }) => way) };
}

/** Undefined where there are no two models whose features can be compared, or the loss takes labels. The dataset was fitted to the program's `step`. */
export async function retrieve(
  trainer: Trainer,
  dataset: Dataset,
  batch: number,
): Promise<RetrievalStatistics | undefined> {
  const { info } = trainer.executor;
  const [first, second] = modelNames(info);
  // Labels may say that two rows do not belong together.
  const isLabelled = (dataInputs(info, "step")?.labels.length ?? 0) > 0;
  const width = isLabelled ? undefined : commonWidth(info);
  if (first === undefined || second === undefined || width === undefined) return undefined;
  const rows = spreadRows(dataset, Math.min(rowCount(dataset), comparableRows(width)));
  const here = unitRows(await embedRows(trainer, rows, batch, first));
  const there = unitRows(await embedRows(trainer, rows, batch, second));
  return {
    rows: rowCount(rows),
    ways: [
      { from: first, to: second, ...wayOf(partnerRanks(here, there)) },
      { from: second, to: first, ...wayOf(partnerRanks(there, here)) },
    ],
  };
}

/** The features of a row, where both models give as many numbers of it. */
function commonWidth(info: ProgramInfo): number | undefined {
  const [first, second] = embedFunctions(info).map(({ outputs }) => outputs[0]?.shape ?? []);
  const [width] = first?.slice(1) ?? [];
  const isOne = first?.length === 2 && second?.length === 2 && second[1] === width;
  return isOne && typeof width === "number" ? width : undefined;
}

/** Of each row the rank of the row at its place, 1 for the best. Whoever is as near comes before it: all alike find nothing. */
export function partnerRanks(from: HostTensor, to: HostTensor): readonly number[] {
  const [rows = 0, width = 0] = from.shape;
  return Array.from({ length: rows }, (_, row) => {
    const own = dot(from.data, row * width, width, to.data, row * width);
    let rank = 1;
    for (let other = 0; other < rows; other++)
      if (other !== row && dot(from.data, row * width, width, to.data, other * width) >= own) rank++;
    return rank;
  });
}

function wayOf(ranks: readonly number[]): Omit<RetrievalStatistics["ways"][number], "from" | "to"> {
  const sorted = Float64Array.from(ranks).sort();
  const shareWithin = (rank: number) => ranks.filter((own) => own <= rank).length / Math.max(ranks.length, 1);
  return {
    recallAt1: shareWithin(1),
    recallAt5: shareWithin(5),
    recallAt10: shareWithin(10),
    medianRank: sorted[Math.floor((sorted.length - 1) / 2)] ?? 1,
    curve: ranksShown(ranks.length).map((rank) => [rank, shareWithin(rank)] as const),
  };
}

function ranksShown(rows: number): readonly number[] {
  const steps = Math.ceil(10 * Math.log10(Math.max(rows, 2)));
  return [...new Set(Array.from({ length: steps + 1 }, (_, at) => Math.round(rows ** (at / steps))))];
}
