/**
 * Parameters and states: the values that live from step to step. Each is registered once in the program under
 * the path of calls that owns it, with an initial value that depends on the seed alone.
 */
import { type Dim, isSize, productOfDims } from "../ir/dim.ts";
import { type Node, nodesOf } from "../ir/node.ts";
import {
  type DType,
  type TensorType,
  broadcastShapes,
  printType,
  sameShape,
  scalarType,
} from "../ir/type.ts";
import type { ProgramVariable } from "../program.ts";
import type { ParamStatement, StateStatement, UpdateStatement } from "../syntax/ast.ts";
import {
  initialNeedsData,
  notAState,
  paramInFunction,
  paramInOptimizer,
  twoShapes,
  wrongParamType,
  wrongUpdate,
} from "../errors/check-losses.ts";
import { takenName } from "../errors/check-names.ts";
import { shapeMismatchPlain } from "../errors/check-types.ts";
import type { Span } from "../errors/span.ts";
import { bindName } from "./parameters.ts";
import { evaluate } from "./expressions.ts";
import { type Ambient, type Frame, isWithin } from "./frame.ts";
import { report } from "./report.ts";
import { noteClassCount } from "./session.ts";
import { suggestName } from "../errors/suggest.ts";
import { writtenType } from "./signatures.ts";
import {
  type TensorOrError,
  castTo,
  isUndecided,
  makeTensor,
  reshaped,
  scalar,
  stretched,
  toTensor,
} from "./tensors.ts";
import { type TensorValue, type Value, phraseOf, dimValue, errorValue, tensorValue } from "./values.ts";

/** `param W: f32[C, D] ~ normal(std: 0.01)`; without `~` it starts at zero. */
export function declareParam(frame: Frame, statement: ParamStatement): void {
  const { name, type, span } = statement;
  refuseReading(frame, statement);
  refuseOwning(frame, statement);
  const isTensor = type === undefined || (type.kind === "tensor" && type.dtype === "f32");
  if (!isTensor) report(frame, wrongParamType.report({ span: type.span, name: name.name }));
  const shaped =
    type?.kind === "tensor" && isTensor ? writtenType(frame, type, "reported") : scalarType("f32");
  if (shaped === undefined || !isTensor) {
    bindName(frame, "param", name, errorValue);
    return;
  }
  const variable = frame.path + name.name;
  const { builder, variables } = frame.session.program;
  const known = variables.get(variable);
  if (known === undefined) {
    const initial = initialValue(frame, statement, shaped, variable);
    if (initial !== undefined)
      variables.set(variable, { name: variable, kind: "parameter", type: initial.type, initial, span });
  } else if (hasOtherShape(frame, statement, known, shaped)) {
    bindName(frame, "param", name, errorValue);
    return;
  }
  const node = builder.make("parameter", [], { name: variable, dtype: "f32", shape: shaped.shape }, span);
  bindName(frame, "param", name, tensorValue(node, shaped), { variable });
}

/** What several uses share has the same shape in each: numbers of other classes are others. */
function hasOtherShape(
  frame: Frame,
  { name, span }: ParamStatement | StateStatement,
  known: ProgramVariable,
  type: TensorType,
): boolean {
  if (sameShape(known.type.shape, type.shape)) return false;
  if (!isUndecided(frame, [known.type, type]))
    report(
      frame,
      twoShapes.report({ span, name: name.name, known: printType(known.type), here: printType(type) }),
    );
  return true;
}

/** A margin's own `cos_y` and a variable of that name would be one. */
function refuseReading(frame: Frame, { kind, name: { name, span } }: ParamStatement | StateStatement): void {
  const { context, names } = frame.ambient;
  if (context !== "margin" || !names.includes(name)) return;
  report(frame, takenName.report({ span, name, what: kind, given: "what a margin is given" }));
}

/** A `fn` owns nothing, an optimizer has states alone, and neither calls what owns something. */
function refuseOwning(frame: Frame, { kind, name: { name }, span }: ParamStatement | StateStatement): void {
  const isOwn = frame.owner?.kind === "optimizer";
  if (isWithin(frame, "fn")) report(frame, paramInFunction.report({ span, name, what: kind }));
  else if (isWithin(frame, "optimizer") && !(isOwn && kind === "state"))
    report(frame, paramInOptimizer.report({ span, name, what: kind, isOwn }));
}

/** The initialiser's value in the parameter's shape. */
function initialValue(
  frame: Frame,
  { initial, name, span }: ParamStatement,
  type: TensorType,
  variable: string,
): Node | undefined {
  const zero = scalar(frame, 0, "f32", span);
  if (initial === undefined) return nodeOf(stretched(frame, zero, type.shape, span));
  const inside: Frame = {
    ...frame,
    ambient: initialiserAmbient(type.shape),
    trail: `${frame.trail}>~${variable}`,
  };
  const value = toTensor(frame, evaluate(inside, initial), initial.span);
  return fitInitial(frame, value, type, { name: name.name, span: initial.span });
}

function nodeOf(value: Value): Node | undefined {
  return value.kind === "tensor" ? value.node : undefined;
}

/** Stretched to the shape of the variable, and free of everything but the seed. */
function fitInitial(
  frame: Frame,
  value: Value,
  type: TensorType,
  at: { readonly name: string; readonly span: Span },
): Node | undefined {
  if (value.kind !== "tensor") return undefined;
  const cast = castTo(frame, value, type.dtype, at.span);
  if (!stretchesTo(cast.type.shape, type.shape)) {
    if (isUndecided(frame, [cast.type, type])) return undefined;
    if (type.shape.length === 1) noteClassCount(frame.session.program, type.shape[0], cast.type.shape[0]);
    report(frame, shapeMismatchPlain.report({ ...at, found: printType(cast.type), wanted: printType(type) }));
    return undefined;
  }
  const node = nodeOf(stretched(frame, cast, type.shape, at.span));
  const leaf = node === undefined ? undefined : nodesOf([node]).find(isFed);
  if (leaf !== undefined) report(frame, initialNeedsData.report({ ...at, leaf: leafName(leaf) }));
  return leaf === undefined ? node : undefined;
}

function isFed(node: Node): boolean {
  return node.op === "parameter" || node.op === "state" || (node.op === "input" && leafName(node) !== "seed");
}

function leafName(node: Node): string {
  return "name" in node.attrs ? String(node.attrs.name) : node.op;
}

export function stretchesTo(from: readonly Dim[], to: readonly Dim[]): boolean {
  const result = broadcastShapes([from, to]);
  return result !== undefined && sameShape(result, to);
}

/** Inside `~`: the parameter's shape, and how many numbers flow in and out of one element. */
function initialiserAmbient(shape: readonly Dim[]): Ambient {
  const [fanIn, fanOut] = fans(shape);
  const values: Readonly<Record<string, Value>> = { fan_in: dimValue(fanIn), fan_out: dimValue(fanOut) };
  return {
    context: "initialiser",
    names: Object.keys(values),
    lookup: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
    shape,
  };
}

/** [in, out] of a matrix; a filter [height, width, in, out] counts its whole window. */
function fans(shape: readonly Dim[]): readonly [Dim, Dim] {
  const [first, second] = [shape.at(-2), shape.at(-1)];
  if (first === undefined) return [second ?? productOfDims([]), second ?? productOfDims([])];
  const window = shape.slice(0, -2);
  return [
    productOfDims([...window, first]),
    productOfDims([...window, ...(second === undefined ? [] : [second])]),
  ];
}

// ---------------------------------------------------------------- states

/** `state t = 0`; in an optimizer one per element of the parameter unless a type says otherwise. */
export function declareState(frame: Frame, statement: StateStatement): void {
  const { name, type, initial, span } = statement;
  refuseReading(frame, statement);
  refuseOwning(frame, statement);
  const inside: Frame = { ...frame, trail: `${frame.trail}>~${name.name}` };
  const value = toTensor(frame, evaluate(inside, initial), initial.span);
  const shaped = stateType(frame, type, value);
  if (shaped === undefined || value.kind === "error") {
    bindName(frame, "state", name, errorValue);
    return;
  }
  const node = fitInitial(frame, value, shaped, { name: name.name, span: initial.span });
  if (node === undefined) {
    bindName(frame, "state", name, errorValue);
    return;
  }
  const variable = `${frame.path}${name.name}${frame.ambient.suffix ?? ""}`;
  const kind = frame.ambient.context === "optimizer" ? "optimizer" : "state";
  const { builder, variables } = frame.session.program;
  const known = variables.get(variable);
  if (known === undefined)
    variables.set(variable, { name: variable, kind, type: node.type, initial: node, span });
  else if (hasOtherShape(frame, statement, known, shaped)) {
    bindName(frame, "state", name, errorValue);
    return;
  }
  const leaf = builder.make("state", [], { name: variable, dtype: shaped.dtype, shape: shaped.shape }, span);
  const updated = frame.session.updated.get(variable);
  // A network that several models are has been here before; no gradient flows through a state.
  const current =
    updated === undefined ? tensorValue(leaf, shaped) : makeTensor(frame, "detach", [updated], {}, span);
  bindName(frame, "state", name, current, { variable });
}

function stateType(frame: Frame, type: StateStatement["type"], value: Value): TensorType | undefined {
  if (type?.kind === "tensor") return writtenType(frame, type, "reported");
  if (value.kind !== "tensor") return undefined;
  const isPerElement = frame.ambient.context === "optimizer" && value.type.shape.length === 0;
  const dtype: DType = value.type.dtype === "bool" ? "bool" : "f32";
  return { dtype, shape: isPerElement ? (frame.ambient.shape ?? []) : value.type.shape };
}

/** `t <- …`: from here on `t` is the new value. At inference nothing changes. */
export function updateState(frame: Frame, { target, value, span }: UpdateStatement): void {
  const binding = frame.names.get(target.name);
  const found = evaluate(frame, value);
  if (binding === undefined || binding.kind !== "state" || binding.variable === undefined) {
    if (binding?.value.kind === "error") return;
    const states = [...frame.names].filter(([, { kind }]) => kind === "state").map(([name]) => name);
    const facts = {
      span: target.span,
      name: target.name,
      is: binding?.kind,
      suggestion: suggestName(target.name, states),
    };
    report(frame, notAState.report(facts));
    return;
  }
  const updated = updatedValue(frame, found, binding.value, { name: target.name, span: value.span });
  if (updated === undefined || frame.session.training === false) return;
  frame.session.updated.set(binding.variable, updated);
  const detached = makeTensor(frame, "detach", [updated], {}, span);
  frame.names.set(target.name, {
    ...binding,
    value: detached.kind === "error" ? updated : { ...detached, ...originOf(binding.value) },
  });
}

function originOf(value: Value) {
  return value.kind === "tensor" && value.origin !== undefined ? { origin: value.origin } : {};
}

/** A new value in the type of the variable; undefined after a diagnostic. */
export function updatedValue(
  frame: Frame,
  found: Value,
  variable: Value,
  at: { readonly name: string; readonly span: Span },
): TensorValue | undefined {
  const given = toTensor(frame, found, at.span);
  if (given.kind === "error" || variable.kind !== "tensor") return undefined;
  const tensor = withoutRows(frame, given, variable.type.shape.length, at.span);
  if (tensor.kind === "error") return undefined;
  const isFitting =
    (tensor.type.dtype === "bool") === (variable.type.dtype === "bool") &&
    stretchesTo(tensor.type.shape, variable.type.shape);
  if (!isFitting) {
    if (isUndecided(frame, [tensor.type, variable.type])) return undefined;
    const isByClass = frame.ambient.context === "margin" && variable.type.shape.length === 1;
    const types = { found: phraseOf(tensor), wanted: printType(variable.type) };
    report(frame, wrongUpdate.report({ ...at, ...types, isByClass }));
    return undefined;
  }
  const cast = castTo(frame, tensor, variable.type.dtype, at.span);
  const whole = stretched(frame, cast, variable.type.shape, at.span);
  return whole.kind === "error" ? undefined : { ...whole, type: variable.type };
}

/** In a margin's formulas a number a class stands as a row, f32[1, C]; what is written as f32[C] takes it too. */
export function withoutRows(
  frame: Frame,
  value: TensorValue,
  axes: number | undefined,
  span: Span,
): TensorOrError {
  const [first, ...rest] = value.type.shape;
  const isRow = first !== undefined && isSize(first, 1) && rest.length === axes;
  return frame.ambient.context === "margin" && isRow ? reshaped(frame, value, rest, span) : value;
}
