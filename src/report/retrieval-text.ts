/** What retrieval found, in the terms of the field; the same on the terminal and in reports. */
import type { RetrievalWay } from "../looks/retrieval.ts";
import { count, percent } from "./numbers.ts";

/** `Left to Right` */
export function wayName({ from, to }: RetrievalWay): string {
  return `${from} to ${to}`;
}

export function recallText({ recallAt1, recallAt5, recallAt10, medianRank }: RetrievalWay): string {
  return `recall ${percent(recallAt1)} at 1, ${percent(recallAt5)} at 5, ${percent(recallAt10)} at 10, median rank ${count(medianRank)}`;
}
