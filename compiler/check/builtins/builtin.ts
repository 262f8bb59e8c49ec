/**
 * What a builtin function is: its signature and doc for the editor, its parameters, and how its value is
 * made. A parameter called `over` names axes, not values, and is handed on unevaluated. The helpers here
 * turn arguments into what a builtin needs, or report.
 */
import { knownSize, type Dim } from "../../ir/dim.ts";
import type { Expression } from "../../syntax/ast.ts";
import type { Span } from "../../errors/span.ts";
import { wrongArgument } from "../../errors/check-settings.ts";
import type { Frame } from "../frame.ts";
import type { Operand } from "../operands.ts";
import { report } from "../report.ts";
import { type TensorOrError, castTo, toTensor } from "../tensors.ts";
import {
  type ErrorValue,
  type TensorValue,
  type Value,
  phraseOf,
  errorValue,
  firstError,
  knownInt,
  knownNumber,
} from "../values.ts";

export type BuiltinName =
  ElementwiseName | ReductionName | ShapeName | WindowName | RandomName | HeadName | DataName | GroupName;

export type ElementwiseName =
  UnaryName | "logaddexp" | "clamp" | "detach" | "straight_through" | "f32" | "i32";
export type UnaryName =
  | "abs"
  | "sign"
  | "exp"
  | "log"
  | "sqrt"
  | "floor"
  | "round"
  | "sin"
  | "cos"
  | "acos"
  | "tanh"
  | "erf"
  | "sigmoid"
  | "softplus";
export type ReductionName =
  | "sum"
  | "mean"
  | "max"
  | "min"
  | "logsumexp"
  | "softmax"
  | "argmax"
  | "std"
  | "norm"
  | "normalize"
  | "cumsum"
  | "sort"
  | "argsort";
export type ShapeName =
  "reshape" | "transpose" | "concat" | "range" | "size" | "length" | "one_hot" | "pick" | "take_along";
export type WindowName = "convolve2d" | "convolve2d_depthwise" | "pool_max" | "pool_avg";
export type RandomName = "random_uniform" | "random_normal";
export type HeadName = "logits" | "scores" | "cosine";
export type DataName = "idx" | "csv" | "npy" | "npz" | "json" | "text" | "images";

export type GroupName = "only";

export interface Builtin {
  /** As the editor shows it. */
  readonly signature: string;
  readonly doc: string;
  /** In order; those ending in `?` may be left out. `...` takes any further arguments. */
  readonly parameters: readonly string[];
  /** Whether each element of the result comes from the same element of the inputs alone. */
  readonly kind: "elementwise" | "whole";
  readonly evaluate: (call: BuiltinCall) => Value;
}

export interface BuiltinCall {
  readonly frame: Frame;
  readonly name: BuiltinName;
  readonly span: Span;
  readonly given: ReadonlyMap<string, Operand>;
  /** Further positional arguments, and named ones, of a builtin that takes any. */
  readonly rest: readonly Operand[];
  readonly named: ReadonlyMap<string, Operand>;
  readonly over?: Expression;
}

/** An argument that the signature promises. Throws where it does not: a mistake in the table. */
export function argument(call: BuiltinCall, name: string): Operand {
  const operand = call.given.get(name);
  if (operand === undefined) throw new Error(`${call.name} has no parameter ${name}`);
  return operand;
}

/** A numeric tensor: f32 or i32; with `f32` wanted, integers become f32. */
export function tensorArgument(
  call: BuiltinCall,
  name: string,
  wanted: "f32" | "any" = "any",
): TensorOrError {
  const { value, span } = argument(call, name);
  if (value.kind === "bool" || value.kind === "string") return wrong(call, name, "a tensor");
  const tensor = toTensor(call.frame, value, span);
  if (tensor.kind === "error" || wanted === "any") return tensor;
  return castTo(call.frame, tensor, "f32", span);
}

/** Whole numbers as i32, for indices. */
export function indexArgument(call: BuiltinCall, name: string): TensorOrError {
  const { value, span } = argument(call, name);
  const tensor = toTensor(call.frame, value, span, "i32");
  if (tensor.kind === "error") return tensor;
  if (tensor.type.dtype === "i32") return tensor;
  return tensor.integral === true
    ? castTo(call.frame, tensor, "i32", span)
    : wrong(call, name, "whole numbers");
}

export function flagArgument(call: BuiltinCall, name: string): boolean | ErrorValue {
  const operand = call.given.get(name);
  if (operand === undefined) return false;
  if (operand.value.kind === "bool") return operand.value.value ?? errorValue;
  return wrong(call, name, "true or false");
}

export function numberArgument(call: BuiltinCall, name: string, fallback: number): number | ErrorValue {
  const operand = call.given.get(name);
  if (operand === undefined) return fallback;
  const known = knownNumber(operand.value);
  if (known !== undefined) return known;
  return operand.value.kind === "int" || operand.value.kind === "error"
    ? errorValue
    : wrong(call, name, "a number that is known");
}

export function dimArgument(call: BuiltinCall, name: string): Dim | ErrorValue {
  const { value } = argument(call, name);
  if (value.kind === "error") return value;
  const size = value.kind === "int" ? knownSize(value.dim) : undefined;
  return value.kind === "int" && (size === undefined || size >= 0) ? value.dim : wrong(call, name, "a size");
}

/** One number for both sides, or a list of two: heights and widths. */
export function sidesArgument(
  call: BuiltinCall,
  name: string,
  fallback: readonly [number, number] | undefined,
): readonly [number, number] | ErrorValue {
  const operand = call.given.get(name);
  if (operand === undefined) return fallback ?? errorValue;
  const { value } = operand;
  const items = value.kind === "list" ? value.items : [value, value];
  const bad = firstError([value, ...items]);
  if (bad !== undefined) return bad;
  if (items.some((item) => item.kind === "int" && knownInt(item) === undefined)) return errorValue;
  const [height, width] = items.map(knownInt);
  const fits = items.length === 2 && height !== undefined && width !== undefined && height >= 1 && width >= 1;
  return fits ? [height, width] : wrong(call, name, "a whole number of at least 1, or a list of two");
}

export function wrong(call: BuiltinCall, name: string, wanted: string): ErrorValue {
  const { value, span } = argument(call, name);
  if (value.kind === "error") return value;
  return report(
    call.frame,
    wrongArgument.report({ span, name, callee: call.name, wanted, found: phraseOf(value) }),
  );
}

export function isError<T>(value: T | ErrorValue): value is ErrorValue {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "error";
}

export function markIntegral(value: TensorOrError, integral: boolean | undefined): TensorOrError {
  return value.kind === "tensor" && integral === true ? { ...value, integral: true } : value;
}

export function isWhole(value: TensorValue): boolean {
  return value.integral === true || value.type.dtype === "i32";
}
