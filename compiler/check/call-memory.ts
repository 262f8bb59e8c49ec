/**
 * Calls that are not made again. A generic check inlines every call, so a function that seventy models use is walked
 * seventy times after each edit; but what a quiet call gives depends only on the kinds and shapes of what it is given.
 * The first such call in a check of a file is remembered, and the next ones take its result. Only silence is reused: a
 * declaration in which anything was reported is checked again with every call made, so no message depends on this.
 */
import type { Dim } from "../ir/dim.ts";
import type { Given } from "./arguments.ts";
import { type Frame, isWithin } from "./frame.ts";
import { isConstantNode } from "./tensors.ts";
import type { FunctionValue, TensorValue, Value } from "./values.ts";

/** By what is called and what it is given. */
export type CallMemory = Map<string, RememberedCall>;

interface RememberedCall {
  readonly value: Value;
  /** Every global name that was met. */
  readonly met: readonly string[];
  readonly steps: number;
}

/** `use` elaborates the call in the frame that it is handed. */
export function rememberedCall(
  caller: Frame,
  callee: FunctionValue,
  given: Given,
  use: (caller: Frame) => Value,
): Value {
  const { program } = caller.session;
  const key = program.calls === undefined ? undefined : keyOf(caller, callee, given);
  if (program.calls === undefined || key === undefined) return use(caller);
  const known = program.calls.get(key);
  if (known !== undefined) return recallCall(caller, known);
  const { effort, reported, openSettings } = program;
  const before = { steps: effort.steps, open: openSettings.size };
  const usedGlobals = new Set<string>();
  const session = { ...caller.session, program: { ...program, usedGlobals } };
  const value = use({ ...caller, session });
  for (const name of usedGlobals) program.usedGlobals.add(name);
  // A mistake is told once a declaration: behind the first nothing is known to be quiet.
  const isQuiet = reported.size === 0 && openSettings.size === before.open;
  if (isQuiet && isPlain(value))
    program.calls.set(key, { value, met: [...usedGlobals], steps: effort.steps - before.steps });
  return value;
}

function recallCall({ session: { program } }: Frame, { value, met, steps }: RememberedCall): Value {
  for (const name of met) program.usedGlobals.add(name);
  program.effort.steps += steps;
  program.effort.recalled++;
  if (value.kind !== "tensor") return value;
  // The graph of a generic check is read for its types only: a leaf of the same type stands for the call.
  const { dtype, shape } = value.node.type;
  const name = `call ${program.effort.recalled}`;
  return { ...value, node: program.builder.make("input", [], { name, dtype, shape }, value.node.span) };
}

/** Undefined where the outcome may depend on more than kinds and shapes. */
function keyOf(caller: Frame, { callable, module }: FunctionValue, given: Given): string | undefined {
  const { program } = caller.session;
  const isAlone =
    caller.ambient.context === "none" && caller.penalties === undefined && caller.dead === undefined;
  if (!isAlone) return undefined;
  const { effort, openSettings } = program;
  // What a layer owns is a mistake where nothing may be owned.
  const bare = (["fn", "optimizer"] as const).filter((kind) => isWithin(caller, kind));
  const from = [caller.depth, effort.depth, [...openSettings].join(), bare.join()];
  let key = `${module.file}:${callable.span.start} ${from.join(" ")}`;
  for (const [name, { value }] of given) {
    const text = keyOfValue(value);
    if (text === undefined) return undefined;
    key += ` ${name}=${text}`;
  }
  return key;
}

function keyOfValue(value: Value): string | undefined {
  switch (value.kind) {
    case "int":
      return `int ${keyOfDim(value.dim)}`;
    case "float":
      return Object.is(value.value, -0) ? "float -0" : `float ${value.value}`;
    case "bool":
      return `bool ${value.value}`;
    case "string":
      return `string ${JSON.stringify(value.value)}`;
    case "tensor":
      return isConstantNode(value.node) ? undefined : keyOfTensor(value);
    case "list":
    case "function":
    case "partial":
    case "builtin":
    case "data":
    case "error":
      return undefined;
    default:
      return value satisfies never;
  }
}

function keyOfTensor({ type, bound, integral }: TensorValue): string {
  const limits = bound === undefined ? "" : `<${keyOfDim(bound)}>`;
  return `${type.dtype}${limits}[${type.shape.map(keyOfDim).join(",")}]${integral === true ? "!" : ""}`;
}

function keyOfDim({ key, label }: Dim): string {
  return label === undefined ? key : `${key}'${label}`;
}

/** What is made by the call itself and holds nothing but its type. */
function isPlain(value: Value): boolean {
  if (value.kind === "tensor") return !isConstantNode(value.node) && value.origin === undefined;
  return value.kind === "int" || value.kind === "float" || value.kind === "bool";
}
