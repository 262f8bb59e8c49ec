/**
 * The contract between what the compiler emits and what runs it: plain data and the interface that every
 * target offers. The training loop, the checkpoints and the doors know only this.
 */

import type { OneOrMore } from "./dataset.ts";

/** Elements: 32 bits of a float or of an integer, or a bool, a byte that is 0 or 1. */
export type DType = "f32" | "i32" | "bool";

/** A dense array in row-major order: f32 as Float32Array, i32 as Int32Array, bool as Uint8Array. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A named value as the artifact describes it: a size is a number, or the text of an expression of free names. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A variable of a program: what is trained, what a layer keeps, or what the optimizer does. */
export interface VariableInfo extends ValueInfo {
  readonly kind: "parameter" | "state" | "optimizer";
}

/** An input of a function: rows, their labels, or a counter (`step`, `epoch`, `seed`), which the trainer gives. */
export interface InputInfo extends ValueInfo {
  readonly role: "data" | "labels" | "counter";
  /** Of a `train`'s rows and labels: which of the data's arrays feeds it, counted from 0 among those of its role. */
  readonly place?: number;
  /** For labels: values are 0 … bound-1. */
  readonly bound?: number;
}

/**
 * A function of a program: `step`, `evaluate`, `predict` or `embed` of a `train` (`embed_NAME` for each where it has several
 * models), else the entry itself.
 */
export interface FunctionInfo {
  readonly name: string;
  readonly inputs: readonly InputInfo[];
  /** Outputs that are returned; the new values of variables are kept by the executor. */
  readonly outputs: readonly ValueInfo[];
}

/** The plain-data half of an artifact. */
export interface ProgramInfo {
  readonly name: string;
  readonly version: string;
  readonly target: string;
  readonly variables: readonly VariableInfo[];
  readonly functions: readonly FunctionInfo[];
  readonly training?: TrainingInfo;
}

/** What a `train` says of its run: batch, length, seed, and the data that its source names. */
export interface TrainingInfo {
  readonly data: DataSources;
  readonly validation?: DataSources;
  /** Rows of classes that need not be among the trained ones: whether pairs of them can be told apart. */
  readonly verification?: DataSources;
  readonly batch: number;
  /** Rows of a class that come together in a batch; 1 unless given. */
  readonly perClass?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly seed: number;
}

/** A data reader's name and its settings, as written in the source: `idx("…", "…", classes: 10)`. */
export interface DataSource {
  readonly reader: string;
  readonly files: readonly string[];
  readonly options: Readonly<Record<string, number | string | boolean | readonly (number | string)[]>>;
}

/** Where rows come from: one reader, or several that lie side by side, row by row. */
export type DataSources = DataSource | OneOrMore<DataSource>;

/** Tensors by the names of inputs, outputs or variables. */
export type NamedTensors = Readonly<Record<string, HostTensor>>;

/**
 * A program on a device. Variables live on the device between calls. Names and shapes are those of
 * `info`; a call with other ones is rejected with an Error that says which.
 */
export interface Executor {
  readonly info: ProgramInfo;
  /** Fills every variable from the seed. */
  initialize(seed: number): Promise<void>;
  /**
   * Runs one function: replaces the variables it updates and returns its other outputs. `reads` names the
   * outputs that the caller wants on the host; the rest are not copied.
   */
  call(name: string, inputs: NamedTensors, reads?: readonly string[]): Promise<NamedTensors>;
  /**
   * The same where the device works while the caller goes on: resolves when the device has taken the call, and
   * calls run in the order they were made. Absent where a call has run by the time it returns.
   */
  start?(name: string, inputs: NamedTensors, reads?: readonly string[]): Promise<StartedCall>;
  /** Copies of variables, all by default. */
  read(names?: readonly string[]): Promise<NamedTensors>;
  /** Replaces variables. */
  write(values: NamedTensors): Promise<void>;
  /** Bytes and tensors held on the device now. */
  memory(): { readonly bytes: number; readonly tensors: number };
  /** Takes another device where this one was lost (`DeviceLost`); its variables are unset. */
  recover?(): Promise<void>;
  /** Frees the device. Calls that are under way, and later ones, are rejected. */
  dispose(): void;
}

/** A call that the device has taken. */
export interface StartedCall {
  /** The outputs that were asked for, once they are on the host. Those of calls before it come along. */
  readonly outputs: () => Promise<NamedTensors>;
}
