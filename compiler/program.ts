/**
 * What elaboration makes of a source file: one `Program` an entry, made of graphs. This is the hand-over
 * from language to compiler: nothing after it knows the AST.
 *
 * Everything in a program is named as in checkpoints: parameters by the path of calls that own them
 * (`conv2d_2.W`, `margin_softmax.W`), optimizer state by `<optimizer>.<state>.<parameter>` (`sgd.v.conv2d_2.W`).
 */
import type { Dim } from "./ir/dim.ts";
import type { Graph, GraphBuilder, Node } from "./ir/node.ts";
import type { TensorType } from "./ir/type.ts";
import type { CallableKind } from "./syntax/ast.ts";
import type { Span } from "./errors/span.ts";
import type { InputInfo, TrainingInfo } from "../runtime/program.ts";

/** A value that is fed at each call: `role` says by whom. */
export interface ProgramInput {
  readonly name: string;
  readonly type: TensorType;
  /** `data` comes from the user or the batch, `labels` from the batch, `counter` (step, epoch, seed: i32 scalars) from the run. */
  readonly role: InputInfo["role"];
  /** Of a `train`: which of the data's arrays feeds it, counted from 0 among those of its role. */
  readonly place?: number;
  /** For labels: values are 0 … bound-1. */
  readonly bound?: Dim;
  readonly span?: Span;
}

/** A value that lives from step to step: learned, or carried. */
export interface ProgramVariable {
  readonly name: string;
  readonly kind: "parameter" | "state" | "optimizer";
  readonly type: TensorType;
  /** Evaluated once, from `seed` alone. */
  readonly initial: Node;
  readonly span?: Span;
}

/**
 * A graph that is run as a whole. Its outputs are named; an output called `next:NAME` is the new value
 * of the variable NAME.
 */
export interface ProgramFunction {
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly graph: Graph;
}

/** What each entry kind offers. */
export interface Program {
  readonly name: string;
  readonly kind: CallableKind | "train";
  readonly builder: GraphBuilder;
  readonly variables: readonly ProgramVariable[];
  /**
   * train: `step` (outputs `loss`, metrics: `accuracy`, and `metric:NAME` for functions of scores and labels;
   *        `lambda`-like traces under `trace:NAME`, and every `next:…`), `evaluate` (`loss`, metrics,
   *        `predictions`, `features` of the first model), `embed` or, of several models, `embed_NAME` (`features`), `predict` (`scores`).
   * other: `value` (output `value`, and `next:…` of states when training), and with gradients asked for
   *        `gradient:NAME` for each float input and parameter.
   * margin: `curve`, see check/margin.ts.
   */
  readonly functions: readonly ProgramFunction[];
  /** Present for `train`. */
  readonly training?: TrainingPlan;
}

/** The settings of a `train` that are not graph: plain data. */
export interface TrainingPlan extends TrainingInfo {
  /** Where each setting stands, by its name. */
  readonly spans: Readonly<Record<string, Span>>;
}
