/**
 * A `train` as a program: the functions `step` (loss, gradients, updates, all in one graph), `evaluate`,
 * `embed` and `predict`. Each elaborates the models and the loss anew, in training or out of it; the variables
 * are the same because their names are.
 */
import type { OneOrMore } from "../../runtime/dataset.ts";
import type { DataSources } from "../../runtime/program.ts";
import { knownSize } from "../ir/dim.ts";
import type { Node } from "../ir/node.ts";
import { printType } from "../ir/type.ts";
import type { ProgramFunction, ProgramInput, ProgramVariable, TrainingPlan } from "../program.ts";
import type { TrainDeclaration } from "../syntax/ast.ts";
import { takenName } from "../errors/check-names.ts";
import { openVariable, predictNeedsLabels } from "../errors/check-train.ts";
import { fewerScores } from "../errors/check-train-inputs.ts";
import { elaborateBody, enterCall } from "./bodies.ts";
import { type Frame, noAmbient } from "./frame.ts";
import { dropUnread, functionOf } from "./functions.ts";
import { metricOutputs, predictionOutputs } from "./metrics.ts";
import { type Learned, elaborateOptimizers } from "./optimizers.ts";
import { report } from "./report.ts";
import { type ProgramState, newSession } from "./session.ts";
import { bindLossInputs, classesOf, labelsOf } from "./train-labels.ts";
import { type RunModel, bindGiven, runModels } from "./train-models.ts";
import {
  type ChosenReader,
  type Overrides,
  type TrainSettings,
  readTrain,
  trainFrame,
} from "./train-settings.ts";
import { type TensorValue, type Value, tensorValue } from "./values.ts";
import type { LoadedModule } from "./workspace.ts";

export interface TrainProgram {
  readonly functions: readonly ProgramFunction[];
  readonly training: TrainingPlan;
}

/** What one run through the models and the loss gives. */
interface Forward {
  readonly frame: Frame;
  readonly inputs: readonly ProgramInput[];
  readonly models: OneOrMore<RunModel>;
  readonly loss: Value;
  readonly scores: Value | undefined;
  readonly labels: readonly TensorValue[];
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
  checkScores(plain, settings, evaluate);
  checkNames(plain, program);
  const functions = [
    stepFunction(step, settings),
    evaluateFunction(evaluate, settings),
    ...embedFunctions(program, predict),
    predictFunction(predict, settings),
  ];
  const { data, validation, verification, batch, perClass, epochs, steps, seed, spans } = settings;
  return {
    functions: functions.filter((fn) => fn !== undefined),
    training: {
      data: sourcesOf(data),
      batch,
      seed,
      spans,
      ...(validation === undefined ? {} : { validation: sourcesOf(validation) }),
      ...(verification === undefined ? {} : { verification: sourcesOf(verification) }),
      ...(perClass === undefined ? {} : { perClass }),
      ...(epochs === undefined ? {} : { epochs }),
      ...(steps === undefined ? {} : { steps }),
    },
  };
}

/** A single reader is no list. */
function sourcesOf([{ source }, ...others]: OneOrMore<ChosenReader>): DataSources {
  return others.length === 0 ? source : [source, ...others.map((other) => other.source)];
}

// ---------------------------------------------------------------- models and loss

function forward(frame: Frame, settings: TrainSettings, fed: "fed" | "absent"): Forward | undefined {
  const models = runModels(frame, settings);
  if (models === undefined) return undefined;
  const { loss } = settings;
  const { callable } = loss.callee;
  const inside = enterCall(frame, loss.callee, loss.span, `${callable.name.name}.`, noAmbient);
  if (inside === undefined || !bindGiven(inside, loss)) return undefined;
  const labels = bindLossInputs(inside, settings, models, fed);
  if (labels === undefined) return undefined;
  const { value, results } = elaborateBody(inside, callable);
  return {
    frame,
    inputs: [...models.flatMap(({ inputs }) => inputs), ...labels.inputs],
    models,
    loss: value,
    scores: results.get("predict"),
    labels: labels.values,
  };
}

/** Everything that is learned has a size before the first batch. */
function checkSizes(
  frame: Frame,
  variables: ReadonlyMap<string, ProgramVariable>,
  { models: [model] }: TrainSettings,
): void {
  for (const { name, type } of variables.values()) {
    const open = type.shape.find((dim) => knownSize(dim) === undefined);
    if (open !== undefined)
      report(frame, openVariable.report({ span: model.span, name, type: printType(type), size: open.key }));
  }
}

/** Where labels may be no class, their type says nothing of how many classes there are. */
function checkScores(
  frame: Frame,
  { data, validation, loss, models: [model] }: TrainSettings,
  { scores, labels: [labels] }: Forward,
): void {
  if (scores?.kind !== "tensor" || labels?.type.dtype !== "i32" || labels.bound !== undefined) return;
  const { shape } = scores.type;
  const given = shape.length === labels.type.shape.length + 1 ? shape.at(-1) : undefined;
  const count = given === undefined ? undefined : knownSize(given);
  if (count === undefined || count === 1) return;
  for (const readers of [data, validation]) {
    const [label] = readers === undefined ? [] : labelsOf(readers);
    const classes = label && classesOf(label);
    if (label === undefined || typeof classes !== "number" || count >= classes) continue;
    const facts = { classes, scores: String(count), loss: loss.callee.callable.name.name, at: model.span };
    report(frame, fewerScores.report({ span: label.reader.span, ...facts }));
  }
}

/** A variable of the model itself has no path before its name: it must not be that of a counter. */
function checkNames(frame: Frame, { variables, counters }: ProgramState): void {
  for (const { name, kind, span } of variables.values())
    if (counters.has(name) && span !== undefined)
      report(frame, takenName.report({ span, name, what: kind, given: "a counter that the run feeds" }));
}

/** Everything that a parameter may be read for. */
function rootsOf({ frame, models, loss, scores }: Forward): readonly Node[] {
  const values = [...models.map(({ features }) => features), loss, scores, ...frame.session.updated.values()];
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
  const next = elaborateOptimizers(frame, settings.optimizers, learned);
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
  { frame, inputs, loss, scores, labels, models: [{ features }] }: Forward,
  settings: TrainSettings,
): ProgramFunction | undefined {
  if (loss.kind !== "tensor") return undefined;
  return functionOf(frame.session.program, "evaluate", inputs, [
    { name: "loss", node: loss.node },
    ...metricOutputs(frame, settings.metrics, scores, labels),
    ...predictionOutputs(frame, scores, labels[0]),
    { name: "features", node: features.node },
  ]);
}

/** Of several models one each. */
function embedFunctions(program: ProgramState, { models }: Forward): readonly ProgramFunction[] {
  return models.map(({ name, inputs, features }) =>
    functionOf(program, models.length === 1 ? "embed" : `embed_${name}`, inputs, [
      { name: "features", node: features.node },
    ]),
  );
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
