/**
 * A `train` as a program: the functions `step` (loss, gradients, updates, all in one graph), `evaluate`,
 * `embed` and `predict`. Each elaborates the model and the loss anew, in training or out of it; the variables
 * are the same because their names are.
 */
import { constantDim, isSize, knownSize, productOfDims, sameDim } from "../ir/dim.ts";
import type { Node } from "../ir/node.ts";
import { printType } from "../ir/type.ts";
import type { ProgramFunction, ProgramInput, ProgramVariable, TrainingPlan } from "../program.ts";
import type { Callable, Parameter, TensorTypeExpression, TrainDeclaration } from "../syntax/ast.ts";
import { takenName } from "../errors/check-names.ts";
import {
  missingClasses,
  noLossInput,
  notGiven,
  openVariable,
  predictNeedsLabels,
  wrongClasses,
  wrongTrainSetting,
} from "../errors/check-train.ts";
import { elaborateBody, enterCall } from "./bodies.ts";
import { bindName, bindSetting } from "./parameters.ts";
import { openInput } from "./declarations.ts";
import { type Frame, bindDim, noAmbient } from "./frame.ts";
import { givesOneLabel } from "./builtins/data.ts";
import { dropUnread, functionOf } from "./functions.ts";
import { metricOutputs, predictionOutputs } from "./metrics.ts";
import { type Learned, elaborateOptimizer } from "./optimizers.ts";
import { report } from "./report.ts";
import { type ProgramState, newSession } from "./session.ts";
import { isTensorParameter, matchTensor } from "./signatures.ts";
import { toTensor } from "./tensors.ts";
import { type Chosen, type Overrides, type TrainSettings, readTrain, trainFrame } from "./train-settings.ts";
import { type TensorValue, type Value, tensorValue } from "./values.ts";
import type { LoadedModule } from "./workspace.ts";

export interface TrainProgram {
  readonly functions: readonly ProgramFunction[];
  readonly training: TrainingPlan;
}

type Labels = "fed" | "absent";

/** What one run through model and loss gives. */
interface Forward {
  readonly frame: Frame;
  readonly inputs: readonly ProgramInput[];
  readonly features: TensorValue;
  readonly loss: Value;
  readonly scores: Value | undefined;
  readonly labels: TensorValue | undefined;
}

/** Undefined after a diagnostic. */
export function elaborateTrain(
  program: ProgramState,
  module: LoadedModule,
  train: TrainDeclaration,
  overrides: Overrides,
): TrainProgram | undefined {
  const plain = trainFrame(newSession(program, false), module, train);
  const settings = readTrain(plain, train, overrides);
  if (settings === undefined) return undefined;
  const frame = (training: boolean): Frame => trainFrame(newSession(program, training), module, train);
  const step = forward(frame(true), settings, "fed");
  const evaluate = forward(plain, settings, "fed");
  const predict = forward(frame(false), settings, "absent");
  if (step === undefined || evaluate === undefined || predict === undefined) return undefined;
  dropUnread(program, [step, evaluate, predict].flatMap(rootsOf));
  checkSizes(plain, program.variables, settings);
  checkNames(plain, program);
  const functions = [
    stepFunction(step, settings),
    evaluateFunction(evaluate, settings),
    functionOf(program, "embed", predict.inputs, [{ name: "features", node: predict.features.node }]),
    predictFunction(predict, settings),
  ];
  const { data, validation, verification, batch, perClass, epochs, steps, seed, spans } = settings;
  return {
    functions: functions.filter((fn) => fn !== undefined),
    training: {
      data,
      batch,
      seed,
      spans,
      ...(validation === undefined ? {} : { validation }),
      ...(verification === undefined ? {} : { verification }),
      ...(perClass === undefined ? {} : { perClass }),
      ...(epochs === undefined ? {} : { epochs }),
      ...(steps === undefined ? {} : { steps }),
    },
  };
}

// ---------------------------------------------------------------- model and loss

function forward(frame: Frame, settings: TrainSettings, labels: Labels): Forward | undefined {
  const inputs: ProgramInput[] = [];
  const features = runModel(frame, settings.model, inputs);
  if (features === undefined) return undefined;
  const { callable } = settings.loss.callee;
  // Labels are no inputs of a function that does not read them.
  const fedLabels: ProgramInput[] = labels === "fed" ? inputs : [];
  const inside = enterCall(
    frame,
    settings.loss.callee,
    settings.loss.span,
    `${callable.name.name}.`,
    noAmbient,
  );
  if (inside === undefined || !bindSettings(inside, callable, settings.loss)) return undefined;
  const target = bindLossInputs(inside, settings, features, fedLabels, labels);
  if (target === undefined) return undefined;
  const { value, results } = elaborateBody(inside, callable);
  return {
    frame,
    inputs,
    features,
    loss: value,
    scores: results.get("predict"),
    labels: target === "none" ? undefined : target,
  };
}

function bindSettings(frame: Frame, callable: Callable, { given }: Chosen): boolean {
  const settings = [...callable.settings, ...callable.parameters].filter(
    (parameter) => !isTensorParameter(parameter),
  );
  return settings.every((parameter) => bindSetting(frame, callable, parameter, given));
}

function runModel(
  frame: Frame,
  { callee, given, span }: Chosen,
  inputs: ProgramInput[],
): TensorValue | undefined {
  const { callable } = callee;
  const inside = enterCall(frame, callee, span, "", noAmbient);
  if (inside === undefined || !bindSettings(inside, callable, { callee, given, span })) return undefined;
  for (const parameter of callable.parameters.filter(isTensorParameter))
    if (!feed(inside, parameter, parameter.name.name, inputs)) return undefined;
  const { value } = elaborateBody(inside, callable);
  const tensor = toTensor(frame, value, span);
  return tensor.kind === "tensor" ? tensor : undefined;
}

/** A parameter that the data fills, under a name that no other input has. */
function feed(
  frame: Frame,
  parameter: Parameter & { readonly type: TensorTypeExpression },
  name: string,
  inputs: ProgramInput[],
): TensorValue | undefined {
  const taken = new Set(inputs.map((input) => input.name));
  const free = taken.has(name) || ["step", "epoch", "seed"].includes(name) ? `${name}_data` : name;
  const value = openInput(frame, parameter.type, free, parameter.span);
  const fed = value === undefined ? undefined : frame.session.program.inputs.get(free);
  if (value === undefined || fed === undefined || !bindName(frame, "input", parameter.name, value))
    return undefined;
  inputs.push(fed);
  return value;
}

/** The model's output is the loss's first input, the data's labels are the others. */
function bindLossInputs(
  frame: Frame,
  settings: TrainSettings,
  features: TensorValue,
  inputs: ProgramInput[],
  labels: Labels,
): TensorValue | "none" | undefined {
  const { loss, model, data } = settings;
  const [first, ...rest] = loss.callee.callable.parameters.filter(isTensorParameter);
  const blame = frame.caller?.frame ?? frame;
  if (first === undefined) {
    report(blame, noLossInput.report({ span: loss.span, name: loss.callee.callable.name.name }));
    return undefined;
  }
  const at = { name: first.name.name, span: model.span, blame };
  const matched = matchTensor(frame, first.type, features, at);
  if (matched === undefined || !bindName(frame, "input", first.name, matched)) return undefined;
  let target: TensorValue | undefined;
  for (const parameter of rest) {
    if (!bindClasses(frame, settings, parameter.type, data.options["classes"])) return undefined;
    if (labels === "absent") {
      bindName(frame, "input", parameter.name, { kind: "error", because: "labels" });
      continue;
    }
    const value = feed(frame, parameter, parameter.name.name, inputs);
    if (value === undefined) return undefined;
    if (!fitsClasses(frame, settings, parameter.name.name, value)) return undefined;
    target ??= value;
  }
  return target ?? "none";
}

/** Where labels that count classes are one number a row, an input of more numbers is given by nothing. */
function fitsClasses(
  frame: Frame,
  { data, loss }: TrainSettings,
  name: string,
  { type }: TensorValue,
): boolean {
  const width = productOfDims(type.shape.slice(1));
  const isFilled = data.options["classes"] === undefined || !givesOneLabel(data) || isSize(width, 1);
  if (isFilled) return true;
  const facts = { span: loss.span, name, type: printType(type), loss: loss.callee.callable.name.name };
  report(frame.caller?.frame ?? frame, notGiven.report(facts));
  return false;
}

/** `index<C>`: C is the number of classes that the data says. */
function bindClasses(
  frame: Frame,
  { data, spans, loss }: TrainSettings,
  { bound }: TensorTypeExpression,
  classes: unknown,
): boolean {
  if (bound === undefined || bound.kind !== "name") return true;
  const span = spans["data"] ?? loss.span;
  const blame = frame.caller?.frame ?? frame;
  const isCount = typeof classes === "number" && Number.isInteger(classes) && classes >= 1;
  if (!isCount) {
    const wrong = { wanted: "a whole number of at least 1", found: JSON.stringify(classes) };
    report(
      blame,
      classes === undefined
        ? missingClasses.report({ span, reader: data.reader, files: data.files, name: bound.name })
        : wrongTrainSetting.report({ span, name: "classes", ...wrong }),
    );
    return false;
  }
  const known = frame.dims.get(bound.name);
  if (known !== undefined && !sameDim(known.dim, constantDim(classes))) {
    report(
      blame,
      wrongClasses.report({
        span,
        classes,
        name: bound.name,
        size: known.dim.key,
        because: known.because,
        at: known.span,
      }),
    );
    return false;
  }
  if (known === undefined)
    bindDim(frame, bound.name, constantDim(classes), span, `the data has ${classes} classes`);
  return true;
}

/** Everything that is learned has a size before the first batch. */
function checkSizes(
  frame: Frame,
  variables: ReadonlyMap<string, ProgramVariable>,
  { model }: TrainSettings,
): void {
  for (const { name, type } of variables.values()) {
    const open = type.shape.find((dim) => knownSize(dim) === undefined);
    if (open !== undefined)
      report(frame, openVariable.report({ span: model.span, name, type: printType(type), size: open.key }));
  }
}

/** A variable of the model itself has no path before its name: it must not be that of a counter. */
function checkNames(frame: Frame, { variables, counters }: ProgramState): void {
  for (const { name, kind, span } of variables.values())
    if (counters.has(name) && span !== undefined)
      report(frame, takenName.report({ span, name, what: kind, given: "a counter that the run feeds" }));
}

/** Everything that a parameter may be read for. */
function rootsOf({ frame, features, loss, scores }: Forward): readonly Node[] {
  const values = [features, loss, scores, ...frame.session.updated.values()];
  return values.flatMap((value) => (value?.kind === "tensor" ? [value.node] : []));
}

// ---------------------------------------------------------------- functions

function stepFunction(
  { frame, inputs, loss, scores, labels }: Forward,
  settings: TrainSettings,
): ProgramFunction | undefined {
  if (loss.kind !== "tensor") return undefined;
  const { session } = frame;
  const { program } = session;
  const learned = [...program.variables.values()]
    .filter(({ kind }) => kind === "parameter")
    .map((variable) => learnedOf(frame, variable, loss));
  const next = elaborateOptimizer(frame, settings.optimizer, learned);
  const updated = [...session.updated].map(([name, { node }]) => ({ name: `next:${name}`, node }));
  const parameters = [...next].map(([name, node]) => ({ name: `next:${name}`, node }));
  const traces = [...session.traces].map(([name, node]) => ({ name: `trace:${name}`, node }));
  return functionOf(program, "step", inputs, [
    { name: "loss", node: loss.node },
    ...metricOutputs(frame, settings.metrics, scores, labels),
    ...traces,
    ...parameters,
    ...updated,
  ]);
}

function learnedOf(frame: Frame, { name, type, span }: ProgramVariable, loss: TensorValue): Learned {
  const { builder } = frame.session.program;
  const { dtype, shape } = type;
  const node = builder.make("parameter", [], { name, dtype, shape }, span);
  const gradient = builder.make("gradient", [loss.node, node], {}, span);
  return { name, value: tensorValue(node), gradient: tensorValue(gradient) };
}

function evaluateFunction(
  { frame, inputs, loss, scores, labels, features }: Forward,
  settings: TrainSettings,
): ProgramFunction | undefined {
  if (loss.kind !== "tensor") return undefined;
  return functionOf(frame.session.program, "evaluate", inputs, [
    { name: "loss", node: loss.node },
    ...metricOutputs(frame, settings.metrics, scores, labels),
    ...predictionOutputs(frame, scores, labels),
    { name: "features", node: features.node },
  ]);
}

function predictFunction(
  { frame, inputs, scores }: Forward,
  { loss }: TrainSettings,
): ProgramFunction | undefined {
  if (scores === undefined) return undefined;
  if (scores.kind === "tensor")
    return functionOf(frame.session.program, "predict", inputs, [{ name: "scores", node: scores.node }]);
  if (scores.kind === "error" && scores.because === "labels")
    report(frame, predictNeedsLabels.report({ span: loss.span, name: loss.callee.callable.name.name }));
  return undefined;
}
