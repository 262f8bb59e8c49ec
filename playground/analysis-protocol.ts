/** Questions to the analysis worker and its answers; a question's `ask` is the name of the function that answers it. */
import type { Entry, Stages, Trainable } from "./analysis.ts";
import type { TrainingInfo } from "../runtime/program.ts";
import type { GpuOffer } from "../runtime/webgpu/schedule.ts";
import type { MarginCurve } from "../src/report/margin-plot.ts";

export interface Questions {
  readonly entries: { readonly text: string };
  readonly library: { readonly file: string };
  readonly curves: { readonly text: string };
  readonly stages: {
    readonly text: string;
    readonly entry: string;
    readonly fn: string | undefined;
    readonly target: "tfjs" | "wgsl";
  };
  readonly code: { readonly text: string; readonly entry: string; readonly target: "tfjs" | "wgsl" };
  readonly training: { readonly text: string; readonly entry: string };
  readonly trainable: {
    readonly text: string;
    readonly entry: string;
    /** What the device offers that runs it; tfjs runs it where there is none. */
    readonly offer: GpuOffer | undefined;
  };
}

export interface Answers {
  readonly entries: readonly Entry[];
  readonly library: string | undefined;
  readonly curves: readonly MarginCurve[];
  readonly stages: Stages;
  readonly code: string | undefined;
  readonly training: TrainingInfo | undefined;
  readonly trainable: Trainable | undefined;
}

export type Ask = keyof Questions;

export type Question = {
  readonly [A in Ask]: { readonly id: number; readonly ask: A; readonly about: Questions[A] };
}[Ask];

export type Answer =
  | { readonly id: number; readonly value: Answers[Ask] }
  /** A bug of Margo: the message of what was thrown. */
  | { readonly id: number; readonly bug: string };
