/**
 * One entry of a file as a program: what `margo run`, `build`, `gradcheck` and `plot` work on. A `train` is in
 * train.ts; here are the declarations with a body, each with the functions that its kind offers.
 */
import { constantDim, isSize, labelled, namedDim } from "../ir/dim.ts";
import type { Node, Output } from "../ir/node.ts";
import type { TensorType } from "../ir/type.ts";
import type { ProgramFunction, ProgramInput } from "../program.ts";
import type { Callable } from "../syntax/ast.ts";
import { takenName } from "../errors/check-names.ts";
import { unknownArgument } from "../errors/check-settings.ts";
import type { Given } from "./arguments.ts";
import { elaborateBody } from "./bodies.ts";
import { bindName, bindSetting } from "./parameters.ts";
import { bindOpenInput, entryFrame, openFans } from "./declarations.ts";
import { type Frame, bindDim, noAmbient } from "./frame.ts";
import type { GeometryName, Head } from "./geometry.ts";
import {
  type MarginResultName,
  bindHeadDims,
  pairsAmbient,
  readMargin,
  runsOverClasses,
} from "./margin-readings.ts";
import { normOfAll, optimizerAmbient, updateParameter } from "./optimizers.ts";
import { report } from "./report.ts";
import { dropUnread, functionOf } from "./functions.ts";
import { type ProgramState, type Session, feedInput } from "./session.ts";
import { isTensorParameter, matchTensor } from "./signatures.ts";
import { suggestSetting } from "../errors/foreign-names.ts";
import { makeTensor, reshaped, stretched, toTensor } from "./tensors.ts";
import { type TensorValue, type Value, floatValue, tensorValue } from "./values.ts";
import type { LoadedModule } from "./workspace.ts";

export interface EntryOptions {
  /** Settings by name, already evaluated. */
  readonly given: Given;
  /** Concrete types of inputs; the others keep the sizes of their signature, free where it names them. */
  readonly inputTypes: Readonly<Record<string, TensorType>>;
  /** Sizes that are known beforehand, by name: the number of classes, say, that no shape tells. Others stay free. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly gradients: "wanted" | "unwanted";
}

/** The functions of a declaration; undefined after a diagnostic. */
export function elaborateCallable(
  session: Session,
  module: LoadedModule,
  callable: Callable,
  options: EntryOptions,
): readonly ProgramFunction[] | undefined {
  switch (callable.kind) {
    case "fn":
    case "layer":
    case "model":
    case "loss":
      return valueFunctions(session, module, callable, options);
    case "margin":
      return curveFunctions(session, module, callable, options);
    case "optimizer":
      return optimizerFunctions(session, module, callable, options);
    default:
      return callable.kind satisfies never;
  }
}

// ---------------------------------------------------------------- fn, layer, model, loss

function valueFunctions(
  session: Session,
  module: LoadedModule,
  callable: Callable,
  options: EntryOptions,
): readonly ProgramFunction[] | undefined {
  const frame = entryFrame(session, module, callable, callable.kind === "fn" ? openFans(session) : noAmbient);
  if (!knowsAll(frame, callable, options.given)) return undefined;
  const parameters = [...callable.settings, ...callable.parameters];
  const settings = parameters.filter((parameter) => !isTensorParameter(parameter));
  if (!settings.map((parameter) => bindSetting(frame, callable, parameter, options.given)).every(Boolean))
    return undefined;
  for (const [name, size] of Object.entries(options.sizes))
    bindDim(frame, name, constantDim(size), callable.span, `${name} is given as ${size}`);
  const inputs = bindInputs(frame, callable, options.inputTypes);
  if (inputs === undefined) return undefined;
  const { value } = elaborateBody(frame, callable);
  const tensor = toTensor(frame, value, callable.name.span);
  if (tensor.kind === "error") return undefined;
  const { program } = session;
  const outputs: Output[] = [{ name: "value", node: tensor.node }];
  for (const [name, { node }] of session.updated) outputs.push({ name: `next:${name}`, node });
  dropUnread(
    program,
    outputs.map(({ node }) => node),
  );
  if (meetsCounter(frame, inputs)) return undefined;
  if (options.gradients === "wanted") outputs.push(...gradientsOf(program, tensor, inputs));
  return [functionOf(program, "value", inputs, outputs)];
}

/** Whether an input or variable has the name of a counter that is fed beside it: after a diagnostic. */
function meetsCounter(frame: Frame, inputs: readonly ProgramInput[]): boolean {
  const { counters, variables } = frame.session.program;
  const leaves = [
    ...inputs.map(({ name, span }) => ({ name, span, what: "input" })),
    ...[...variables.values()].map(({ name, span, kind }) => ({ name, span, what: kind })),
  ].filter(({ name }) => counters.has(name));
  for (const { name, span = frame.owner?.span, what } of leaves)
    if (span !== undefined)
      report(frame, takenName.report({ span, name, what, given: "a counter that the run feeds" }));
  return leaves.length > 0;
}

/** Whether every setting given from outside exists. */
function knowsAll(frame: Frame, callable: Callable, given: Given): boolean {
  const known = [...callable.settings, ...callable.parameters].map((parameter) => parameter.name.name);
  const unknown = [...given].filter(([name]) => !known.includes(name));
  for (const [name, { span }] of unknown)
    report(
      frame,
      unknownArgument.report({
        span,
        name,
        callee: callable.name.name,
        known,
        suggestion: suggestSetting(name, known),
      }),
    );
  return unknown.length === 0;
}

function bindInputs(
  frame: Frame,
  callable: Callable,
  types: EntryOptions["inputTypes"],
): readonly ProgramInput[] | undefined {
  const inputs: ProgramInput[] = [];
  for (const parameter of callable.parameters.filter(isTensorParameter)) {
    const { name, span } = parameter;
    const concrete = types[name.name];
    if (concrete === undefined) {
      if (!bindOpenInput(frame, parameter)) return undefined;
    } else {
      const node = feedInput(frame.session, { name: name.name, type: concrete, role: "data", span });
      const at = { name: name.name, span, blame: frame };
      const matched = matchTensor(frame, parameter.type, tensorValue(node), at);
      if (matched === undefined) return undefined;
      const { bound } = parameter.type;
      const classes =
        bound?.kind === "name"
          ? (frame.dims.get(bound.name)?.dim ?? freeClasses(frame, bound.name))
          : undefined;
      if (
        !bindName(frame, "input", name, { ...matched, ...(classes === undefined ? {} : { bound: classes }) })
      )
        return undefined;
    }
    const fed = frame.session.program.inputs.get(name.name);
    if (fed !== undefined) inputs.push(fed);
  }
  return inputs;
}

/** A number of classes that the shapes do not tell stays free; the run binds it. */
function freeClasses(frame: Frame, name: string) {
  const dim = labelled(namedDim(name), name);
  frame.dims.set(name, {
    dim,
    original: dim,
    span: frame.owner?.span ?? { file: frame.module.file, start: 0, end: 0 },
    because: `${name} is free`,
  });
  return dim;
}

/** Of the sum of the value, for every float input and parameter. */
function gradientsOf(
  program: ProgramState,
  value: TensorValue,
  inputs: readonly ProgramInput[],
): readonly Output[] {
  const leaves: { readonly name: string; readonly node: Node }[] = [];
  const { builder } = program;
  for (const { name, type, span } of [...inputs, ...program.inputs.values()]) {
    if (type.dtype !== "f32" || leaves.some((leaf) => leaf.name === name)) continue;
    leaves.push({ name, node: builder.make("input", [], { name, dtype: "f32", shape: type.shape }, span) });
  }
  for (const { name, kind, type, span } of program.variables.values())
    if (kind === "parameter")
      leaves.push({
        name,
        node: builder.make("parameter", [], { name, dtype: "f32", shape: type.shape }, span),
      });
  if (value.type.dtype !== "f32") return [];
  return leaves.map(({ name, node }) => ({
    name: `gradient:${name}`,
    node: builder.make("gradient", [value.node, node], {}),
  }));
}

// ---------------------------------------------------------------- margin

/**
 * A margin as a curve. Inputs, each only where it is used: `cos_y` and `cos` (f32[N, 1], the own class's cosine
 * and another class's), `x_norm` and `w_norm` (scalars), `y` (i32[N, 1]) and `step`. Outputs, all [N, 1]:
 * `target` and `other` without the scale, `scale`, `gradient:target` along `cos_y` and `gradient:other` along `cos`.
 */
function curveFunctions(
  session: Session,
  module: LoadedModule,
  callable: Callable,
  options: EntryOptions,
): readonly ProgramFunction[] | undefined {
  const scratch = entryFrame(session, module, callable, noAmbient);
  const { head, geometry, inputs } = curveGeometry(scratch, callable, options.sizes["C"]);
  const frame: Frame = { ...scratch, ambient: pairsAmbient(head, geometry) };
  bindHeadDims(frame, head, callable.name.span);
  if (!knowsAll(frame, callable, options.given)) return undefined;
  const parameters = callable.parameters;
  for (const parameter of parameters.filter(
    (one) => !isTensorParameter(one) || options.given.has(one.name.name),
  ))
    if (!bindGiven(frame, callable, parameter, options.given)) return undefined;
  for (const parameter of parameters.filter(isTensorParameter))
    if (!options.given.has(parameter.name.name) && !bindOpenInput(frame, parameter)) return undefined;
  const results = readMargin(frame, callable);
  const part = (name: MarginResultName, fallback: Value): Node | undefined => {
    const value = name === "other" ? results[name]?.pairs : results[name]?.own;
    return columnNode(frame, value ?? fallback, head);
  };
  const target = part("target", geometry("cos_y"));
  const other = part("other", geometry("cos"));
  const scale = part("scale", floatValue(1));
  if (target === undefined || other === undefined || scale === undefined) return undefined;
  if (meetsCounter(frame, [])) return undefined;
  const { builder } = session.program;
  const along = (name: string, value: Node, input: Value): Output[] =>
    input.kind === "tensor" ? [{ name, node: builder.make("gradient", [value, input.node], {}) }] : [];
  const outputs: Output[] = [
    { name: "target", node: target },
    { name: "other", node: other },
    { name: "scale", node: scale },
    ...along("gradient:target", target, geometry("cos_y")),
    ...along("gradient:other", other, geometry("cos")),
  ];
  const penalty = results.penalty === undefined ? undefined : columnNode(frame, results.penalty.own, head);
  if (penalty !== undefined) outputs.push({ name: "penalty", node: penalty });
  return [functionOf(session.program, "curve", inputs, outputs)];
}

function bindGiven(
  frame: Frame,
  callable: Callable,
  parameter: Callable["parameters"][number],
  given: Given,
): boolean {
  if (!isTensorParameter(parameter)) return bindSetting(frame, callable, parameter, given);
  const argument = given.get(parameter.name.name);
  const tensor = argument === undefined ? undefined : toTensor(frame, argument.value, argument.span);
  if (tensor?.kind !== "tensor" || argument === undefined) return false;
  return bindName(frame, "input", parameter.name, tensor);
}

/** A number for each row; of one for each pair, that of the class beside the own, which is the first. */
function columnNode(frame: Frame, value: Value, head: Head): Node | undefined {
  const { x, W, span } = head;
  const tensor = toTensor(frame, value, span);
  if (tensor.kind === "error") return undefined;
  const [rows, classes] = [x.type.shape[0] ?? constantDim(1), W.type.shape[0] ?? constantDim(1)];
  const last = tensor.type.shape.at(-1);
  const isByClass = last !== undefined && !isSize(last, 1) && runsOverClasses(head, last);
  const whole = stretched(frame, tensor, [rows, isByClass ? classes : constantDim(1)], span);
  if (whole.kind === "error" || !isByClass) return whole.kind === "tensor" ? whole.node : undefined;
  const attrs = { starts: [constantDim(0), constantDim(1)], sizes: [rows, constantDim(1)] };
  const column = makeTensor(frame, "slice", [whole], attrs, span);
  return column.kind === "tensor" ? column.node : undefined;
}

/** As long as the number of classes is open, C stands for it. */
function curveGeometry(frame: Frame, callable: Callable, count: number | undefined) {
  const span = callable.name.span;
  const rows = labelled(namedDim("N"), "N");
  const one = constantDim(1);
  const classes = labelled(count === undefined ? namedDim("C") : constantDim(count), "C");
  const feed = (name: string, type: TensorType): TensorValue =>
    tensorValue(feedInput(frame.session, { name, type, role: "data", span }), type);
  const column = { dtype: "f32" as const, shape: [rows, one] };
  const number = { dtype: "f32" as const, shape: [] };
  const y = (): TensorValue => ({ ...feed("y", { dtype: "i32", shape: [rows, one] }), bound: classes });
  const values: { readonly [K in GeometryName]: () => Value } = {
    cos: () => feed("cos", column),
    cos_y: () => feed("cos_y", column),
    theta: () => angle(frame, feed("cos", column)),
    theta_y: () => angle(frame, feed("cos_y", column)),
    x_norm: () => feed("x_norm", number),
    w_norm: () => feed("w_norm", number),
    w_norm_y: () => feed("w_norm", number),
    y,
  };
  const x = feed("cos_y", column);
  feed("cos", column);
  const inputs = ["cos_y", "cos"].flatMap((name) => frame.session.program.inputs.get(name) ?? []);
  const W = tensorValue(x.node, { dtype: "f32", shape: [classes, one] });
  const labels = reshaped(frame, y(), [rows], span);
  const head: Head = { frame, span, x, W, y: labels.kind === "tensor" ? labels : undefined };
  return { head, geometry: (name: GeometryName) => values[name](), inputs };
}

function angle(frame: Frame, cosine: TensorValue): Value {
  return tensorValue(frame.session.program.builder.make("acos", [cosine.node], {}), cosine.type);
}

// ---------------------------------------------------------------- optimizer

/** One update: inputs `param` and `grad` f32[P]; `value` is the next parameter, `next:…` the states. */
function optimizerFunctions(
  outside: Session,
  module: LoadedModule,
  callable: Callable,
  options: EntryOptions,
): readonly ProgramFunction[] | undefined {
  // An optimizer is only ever run in training.
  const session: Session = { ...outside, training: true };
  const span = callable.name.span;
  const type = options.inputTypes["param"] ?? { dtype: "f32" as const, shape: [namedDim("P")] };
  const leaf = (name: string): TensorValue =>
    tensorValue(feedInput(session, { name, type, role: "data", span }));
  const parameter = { value: leaf("param"), gradient: leaf("grad") };
  const current = { value: parameter.value };
  const scratch = entryFrame(session, module, callable, noAmbient);
  const norm = () => normOfAll(scratch, [parameter], span);
  const frame: Frame = { ...scratch, ambient: optimizerAmbient(parameter, current, norm, "") };
  if (!knowsAll(frame, callable, options.given)) return undefined;
  if (!callable.parameters.every((one) => bindSetting(frame, callable, one, options.given))) return undefined;
  const updated = updateParameter(frame, callable.body, parameter.value, current);
  if (updated === undefined) return undefined;
  const states = [...session.updated].map(([name, { node }]) => ({ name: `next:${name}`, node }));
  const inputs = ["param", "grad"].flatMap((name) => session.program.inputs.get(name) ?? []);
  return [functionOf(session.program, "value", inputs, [{ name: "value", node: updated.node }, ...states])];
}
