/**
 * What a pass is. One function of a program flows through the list in `index.ts`; a pass takes the stage
 * the one before it left and returns a new one. Graph passes change `graph`; from `stream` on, passes add
 * what they found beside it (regions, kernels, an order, a plan), each in a field of its own.
 */
import { type Bindings, type Dim, knownSize } from "../ir/dim.ts";
import type { Graph, GraphBuilder } from "../ir/node.ts";
import type { ProgramInput, ProgramVariable } from "../program.ts";
import type { KernelGroup } from "./fuse.ts";
import type { Updates } from "./fuse/updates.ts";
import type { Plan } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import type { Region } from "./stream.ts";

export type TargetName = "reference" | "tfjs" | "wgsl";

export interface PassOptions {
  readonly target: TargetName;
  /** Bytes that a streamed region may hold for its chunk and its kept cosines, where somebody asked for a number. */
  readonly budgetBytes?: number;
  /** Sizes of free dimensions where they are known: for plans that are printed, and to choose what is fast. */
  readonly dims: Bindings;
  /** Streams class axes of at least this size; smaller ones run whole. */
  readonly streamFrom: number;
  /** What operands of products are rounded to; sums stay in f32. */
  readonly operands: "f32" | "f16";
  /** Values that a kernel may touch, where the device is known; else what every device of the target allows. */
  readonly buffers?: number;
  /** Passes that are left out: the unoptimised twin of each is the graph before it. */
  readonly without: readonly PassName[];
}

/** The budget of a target whose code holds it as a number, and of plans for no device in particular. */
export function budgetOf({ budgetBytes = 64 * 2 ** 20 }: PassOptions): number {
  return budgetBytes;
}

/** Whether a class axis of this size is cut into chunks; one of an unknown size is. */
export function isChunked(classes: Dim, { streamFrom }: Pick<PassOptions, "streamFrom">): boolean {
  return (knownSize(classes) ?? Infinity) >= streamFrom;
}

/** The options with the budget that somebody asked for, if anybody did. */
export function withBudget(options: PassOptions, budgetBytes: number | undefined): PassOptions {
  return budgetBytes === undefined ? options : { ...options, budgetBytes };
}

export interface Stage {
  readonly name: string;
  readonly builder: GraphBuilder;
  readonly inputs: readonly ProgramInput[];
  readonly variables: readonly ProgramVariable[];
  readonly graph: Graph;
  /** Rows of a call, where a `train` says how many. */
  readonly batch?: number;
  readonly options: PassOptions;
  /** After `stream`: disjoint sets of nodes that run as loops over chunks of a class axis. */
  readonly regions?: readonly Region[];
  /** After `fuse`: every node that is computed belongs to one group. */
  readonly kernels?: readonly KernelGroup[];
  /** After `fuse`: new values that share a buffer with the old ones; they come after all that reads those. */
  readonly updates?: Updates;
  /** After `schedule`: the groups and regions in the order they run. */
  readonly schedule?: Schedule;
  /** After `plan`: every buffer with its life and its size. */
  readonly plan?: Plan;
}

export type PassName =
  | "decompose"
  | "angles"
  | "logarithms"
  | "pairs"
  | "parts"
  | "gradient"
  | "simplify"
  | "narrow"
  | "stream"
  | "fuse"
  | "schedule"
  | "plan";

export interface Pass {
  readonly name: PassName;
  /** One sentence: what it changes. */
  readonly doc: string;
  readonly run: (stage: Stage) => Stage;
}
