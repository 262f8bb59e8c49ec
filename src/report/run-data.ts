/**
 * What a report is drawn from: one run as plain data. Whoever has a run folder fills this in; the
 * pictures and pages know nothing of files.
 */
import type { Rated } from "../runs/best.ts";
import type { EvaluationRecord } from "../looks/feature-look.ts";

export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly accuracy?: number;
  /** The run's own metrics. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** λ schedules, moving averages, learning rates: what the margin and the optimizer export. */
  readonly traces: Readonly<Record<string, number>>;
}

export interface EpochPoint {
  readonly step: number;
  readonly loss: number;
  readonly accuracy?: number;
  /** The run's own metrics. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface VerificationPoint {
  readonly step: number;
  readonly equalErrorRate: number;
  readonly recallAt1: number;
}

export interface RunData {
  readonly name: string;
  /** The `///` lines above the train. */
  readonly doc?: string;
  readonly steps: readonly StepPoint[];
  /** Means over each epoch as it was trained. */
  readonly training: readonly EpochPoint[];
  readonly validation: readonly EpochPoint[];
  readonly verification: readonly VerificationPoint[];
  readonly seconds: number;
  readonly rowsPerSecond?: number;
  /** The best moment, where something measured it. */
  readonly best?: Rated;
  /** The last look at the features: angles, the plane, who is taken for whom. */
  readonly evaluation?: EvaluationRecord;
  readonly settings: readonly Fact[];
  readonly machine: readonly Fact[];
  readonly source: { readonly file: string; readonly text: string };
}

export type Fact = readonly [name: string, value: string];

export function className(names: readonly string[] | undefined, index: number): string {
  return names?.[index] ?? String(index);
}
