/**
 * What an expression stands for while a program is elaborated: constants that exist only at compile time,
 * tensors that are nodes of the graph, and things that can be called. An `error` value is the result of a
 * mistake that has been reported already (or of something that a generic check cannot know); every
 * operation passes it on in silence, so that one mistake is one diagnostic.
 */
import { type Dim, constantDim, knownSize } from "../ir/dim.ts";
import type { Node } from "../ir/node.ts";
import { type TensorType, printType } from "../ir/type.ts";
import type { Callable } from "../syntax/ast.ts";
import type { Span } from "../errors/span.ts";
import type { DataSource } from "../../runtime/program.ts";
import type { BuiltinName } from "./builtins/table.ts";
import type { LoadedModule } from "./workspace.ts";

export type Value =
  | IntValue
  | FloatValue
  | BoolValue
  | StringValue
  | ListValue
  | TensorValue
  | FunctionValue
  | PartialValue
  | BuiltinValue
  | DataValue
  | ErrorValue;

/** A compile-time integer; symbolic where it is the size of a free dimension. */
export interface IntValue {
  readonly kind: "int";
  readonly dim: Dim;
}

export interface FloatValue {
  readonly kind: "float";
  readonly value: number;
}

/** `undefined` where a generic check does not know it. */
export interface BoolValue {
  readonly kind: "bool";
  readonly value: boolean | undefined;
}

export interface StringValue {
  readonly kind: "string";
  readonly value: string | undefined;
}

export interface ListValue {
  readonly kind: "list";
  readonly items: readonly Value[];
}

export interface TensorValue {
  readonly kind: "tensor";
  readonly node: Node;
  /** The node's type with the labels that the source gave its dimensions. */
  readonly type: TensorType;
  /** For labels: values are 0 … bound-1. */
  readonly bound?: Dim;
  /** Whether every element is a whole number: results of floor, round, integer arithmetic. */
  readonly integral?: true;
  /** Where the value got its name. */
  readonly origin?: Origin;
}

export interface Origin {
  readonly name: string;
  readonly span: Span;
}

/** A declaration of the source, not yet given anything. */
export interface FunctionValue {
  readonly kind: "function";
  readonly callable: Callable;
  readonly module: LoadedModule;
}

/** A declaration with its settings: a layer before its input, a margin, a loss or optimizer in a `train`. */
export interface PartialValue {
  readonly kind: "partial";
  readonly callable: Callable;
  readonly module: LoadedModule;
  readonly given: ReadonlyMap<string, GivenArgument>;
  readonly span: Span;
  /** Of an optimizer that is for some parameters: their names. */
  readonly only?: readonly string[];
}

export interface GivenArgument {
  readonly value: Value;
  readonly span: Span;
}

export interface BuiltinValue {
  readonly kind: "builtin";
  readonly name: BuiltinName;
}

export interface DataValue {
  readonly kind: "data";
  readonly source: DataSource;
}

export interface ErrorValue {
  readonly kind: "error";
  /** Set where the value would need the labels, which are absent: scores at inference. */
  readonly because?: "labels";
}

export const errorValue: ErrorValue = { kind: "error" };

export function intValue(value: number): IntValue {
  return { kind: "int", dim: constantDim(value) };
}

export function dimValue(dim: Dim): IntValue {
  return { kind: "int", dim };
}

export function floatValue(value: number): FloatValue {
  return { kind: "float", value };
}

export function boolValue(value: boolean | undefined): BoolValue {
  return { kind: "bool", value };
}

export function tensorValue(node: Node, type: TensorType = node.type): TensorValue {
  return { kind: "tensor", node, type };
}

/** The number that a constant is; undefined for tensors and for sizes that are still free. */
export function knownNumber(value: Value): number | undefined {
  if (value.kind === "float") return value.value;
  return value.kind === "int" ? knownSize(value.dim) : undefined;
}

export function knownInt(value: Value): number | undefined {
  return value.kind === "int" ? knownSize(value.dim) : undefined;
}

export function isConstant(value: Value): boolean {
  return value.kind === "bool" ? value.value !== undefined : knownNumber(value) !== undefined;
}

/** The first error among values, which the result of an operation on them then is. */
export function firstError(values: readonly Value[]): ErrorValue | undefined {
  return values.find((value): value is ErrorValue => value.kind === "error");
}

/** As a person would say it: `f32[N, 2]`, `4`, `margin ArcFace`. */
export function describeValue(value: Value): string {
  switch (value.kind) {
    case "int":
      return knownSize(value.dim) === undefined ? `int ${value.dim.key}` : `int = ${value.dim.key}`;
    case "float":
      return `float = ${value.value}`;
    case "bool":
      return value.value === undefined ? "bool" : `bool = ${value.value}`;
    case "string":
      return value.value === undefined ? "string" : `"${value.value}"`;
    case "list":
      return `list of ${value.items.length}`;
    case "tensor":
      return describeTensor(value);
    case "function":
    case "partial":
      return `${value.callable.kind} ${value.callable.name.name}`;
    case "builtin":
      return `fn ${value.name}`;
    case "data":
      return `data read by ${value.source.reader}`;
    case "error":
      return "unknown";
    default:
      return value satisfies never;
  }
}

/** As a message says it: `0.5`, `true`, `a list of 3`, `f32[N, 2]`, `the margin \`ArcFace\``. */
export function phraseOf(value: Value): string {
  switch (value.kind) {
    case "int":
      return value.dim.key;
    case "float":
      // With its point, as it was written: `3.0` is no whole number.
      return Number.isInteger(value.value) && Math.abs(value.value) < 1e21
        ? `${value.value}.0`
        : String(value.value);
    case "bool":
      return value.value === undefined ? "a bool" : String(value.value);
    case "string":
      return value.value === undefined ? "a string" : `"${value.value}"`;
    case "list":
      return `a list of ${value.items.length}`;
    case "tensor":
      return describeTensor(value);
    case "function":
    case "partial":
      return `the ${value.callable.kind} \`${value.callable.name.name}\``;
    case "builtin":
      return `the function \`${value.name}\``;
    case "data":
      return `data read by \`${value.source.reader}\``;
    case "error":
      return "something unknown";
    default:
      return value satisfies never;
  }
}

function describeTensor({ type, bound }: TensorValue): string {
  if (bound === undefined) return printType(type);
  const shape = printType({ dtype: "i32", shape: type.shape }).slice("i32".length);
  return `index<${bound.label ?? bound.key}>${shape}`;
}

/** The kind of a value in one or two words, for messages that only need to say what it is. */
export function kindOfValue(value: Value): string {
  switch (value.kind) {
    case "int":
    case "float":
    case "bool":
    case "string":
    case "list":
      return value.kind;
    case "tensor":
      return describeTensor(value);
    case "function":
    case "partial":
      return value.callable.kind;
    case "builtin":
      return "fn";
    case "data":
      return "data source";
    case "error":
      return "unknown";
    default:
      return value satisfies never;
  }
}
