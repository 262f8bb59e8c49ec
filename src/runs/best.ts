/**
 * Which moment of a run was the best: the one with the lowest equal error rate where there is verification, else with
 * the highest validation accuracy, else with the lowest validation loss. It is worked out from the events that a run
 * writes, so that a run that goes on knows what it had.
 */
import { isFault } from "../../runtime/errors.ts";
import type { Metric } from "./metrics-file.ts";
import { readMetrics } from "./run-folder.ts";

/** A moment under one measure. */
export interface Rated {
  readonly step: number;
  readonly measure: Measure;
  readonly value: number;
}

export type Measure = (typeof measures)[number];

/** What says most comes first. */
const measures = ["equal error rate", "validation accuracy", "validation loss"] as const;

/** The first of the best under the measure that says most. */
export function bestOf(metrics: readonly Metric[]): Rated | undefined {
  const rated = metrics.flatMap(ratingOf);
  const measure = measures.find((one) => rated.some((rating) => rating.measure === one));
  const comparable = rated.filter((rating) => rating.measure === measure);
  return comparable.reduce<Rated | undefined>(
    (best, one) => (best === undefined || isBetter(one, best) ? one : best),
    undefined,
  );
}

function ratingOf(metric: Metric): readonly Rated[] {
  const [step, loss, accuracy, errors] = ["step", "loss", "accuracy", "equalErrorRate"].map((name) => {
    const value = metric[name];
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  });
  const rated = (measure: Measure, value: number | undefined): readonly Rated[] =>
    step === undefined || value === undefined ? [] : [{ step, measure, value }];
  if (metric["kind"] === "verification") return rated("equal error rate", errors);
  if (metric["kind"] !== "evaluation") return [];
  return accuracy === undefined ? rated("validation loss", loss) : rated("validation accuracy", accuracy);
}

function isBetter({ measure, value }: Rated, than: Rated): boolean {
  return measure === "validation accuracy" ? value > than.value : value < than.value;
}

export interface BestSoFar {
  readonly hear: (event: object) => void;
  /** Whether the best moment so far is the one after that step. */
  readonly isAt: (step: number) => boolean;
}

/** Of a run that begins or goes on in its folder. */
export function bestSoFar(folder: string): BestSoFar {
  const earlier = readMetrics(folder, (metric) => ratingOf(metric).length > 0);
  const heard: Metric[] = isFault(earlier) ? [] : [...earlier];
  return {
    hear: (event) => heard.push({ ...event }),
    isAt: (step) => bestOf(heard)?.step === step,
  };
}
