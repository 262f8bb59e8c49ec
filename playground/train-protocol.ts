/** Messages between the page and the worker that trains. */
import type { SessionMessage } from "../examples/browser/session.ts";
import type { TrainingInfo } from "../runtime/program.ts";
import type { GpuOffer } from "../runtime/webgpu/schedule.ts";
import type { Trainable } from "./analysis.ts";

export type TrainRequest =
  | {
      readonly kind: "train";
      readonly name: string;
      readonly training: TrainingInfo;
      readonly target: "auto" | "wgsl" | "tfjs";
      /** Where the digits lie. */
      readonly digits: string;
    }
  | { readonly kind: "module"; readonly made: Trainable }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" };

export type TrainReply =
  | {
      /** Asks for the code of an entry, once it is known what runs it. */
      readonly kind: "need";
      readonly entry: string;
      /** What the device offers that runs it; tfjs runs it where there is none. */
      readonly offer: GpuOffer | undefined;
    }
  | SessionMessage;
