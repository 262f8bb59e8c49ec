/**
 * What a loss is given in a `train`: the outputs of the models go to its first inputs, the data's labels to the others, in
 * order. How many classes labels have the data says, before a file is read.
 */
import type { OneOrMore } from "../../runtime/dataset.ts";
import { constantDim, isSize, productOfDims, sameDim } from "../ir/dim.ts";
import { printType } from "../ir/type.ts";
import type { ProgramInput } from "../program.ts";
import type { TensorTypeExpression } from "../syntax/ast.ts";
import { wrongTrainSetting } from "../errors/check-train.ts";
import {
  missingClasses,
  noLossInput,
  notGiven,
  unusedLabels,
  wrongClasses,
} from "../errors/check-train-inputs.ts";
import { classCounts, givesOneLabel, labelArrays } from "./builtins/data.ts";
import { type Frame, bindDim } from "./frame.ts";
import { bindName } from "./parameters.ts";
import { report } from "./report.ts";
import { isTensorParameter, matchTensor } from "./signatures.ts";
import { type RunModel, feed } from "./train-models.ts";
import type { TrainSettings } from "./train-settings.ts";
import type { TensorValue } from "./values.ts";

export interface FedLabels {
  readonly values: readonly TensorValue[];
  readonly inputs: readonly ProgramInput[];
}

/** Labels that are `absent` are no inputs, and whatever reads them is an error. Undefined after a diagnostic. */
export function bindLossInputs(
  frame: Frame,
  settings: TrainSettings,
  models: OneOrMore<RunModel>,
  fed: "fed" | "absent",
): FedLabels | undefined {
  const { loss } = settings;
  const { callable } = loss.callee;
  const parameters = callable.parameters.filter(isTensorParameter);
  const blame = frame.caller?.frame ?? frame;
  if (parameters.length < models.length) {
    const facts = { name: callable.name.name, inputs: parameters.length, models: models.length };
    report(blame, noLossInput.report({ span: loss.span, ...facts }));
    return undefined;
  }
  for (const [at, { features }] of models.entries()) {
    const parameter = parameters[at];
    const span = settings.models[at]?.span ?? loss.span;
    if (parameter === undefined) return undefined;
    const matched = matchTensor(frame, parameter.type, features, { name: parameter.name.name, span, blame });
    if (matched === undefined || !bindName(frame, "input", parameter.name, matched)) return undefined;
  }
  const wanted = parameters.length - models.length;
  if (labelArrays(settings.data) > Math.max(wanted, 1)) {
    const facts = { given: labelArrays(settings.data), wanted, loss: callable.name.name };
    report(blame, unusedLabels.report({ span: settings.spans["data"] ?? loss.span, ...facts }));
    return undefined;
  }
  const values: TensorValue[] = [];
  const inputs: ProgramInput[] = [];
  const rows = models.flatMap((model) => model.inputs);
  for (const [at, parameter] of parameters.slice(models.length).entries()) {
    if (!bindClasses(frame, settings, parameter.type, at)) return undefined;
    if (fed === "absent") {
      bindName(frame, "input", parameter.name, { kind: "error", because: "labels" });
      continue;
    }
    const one = feed(frame, parameter, "labels", [...rows, ...inputs]);
    if (one === undefined || !isGiven(frame, settings, parameter.name.name, one.value, at)) return undefined;
    values.push(one.value);
    inputs.push(one.input);
  }
  return { values, inputs };
}

/** Whether the data has labels for the input, and where they count classes whether one a row is all that it wants. */
function isGiven(
  frame: Frame,
  { data, loss }: TrainSettings,
  name: string,
  { type }: TensorValue,
  at: number,
): boolean {
  const arrays = labelArrays(data);
  const width = productOfDims(type.shape.slice(1));
  const isOneEach = classCounts(data)[at] !== undefined && givesOneLabel(data);
  if (at < arrays && (!isOneEach || isSize(width, 1))) return true;
  const facts = { span: loss.span, name, type: printType(type), loss: loss.callee.callable.name.name };
  report(frame.caller?.frame ?? frame, notGiven.report({ ...facts, arrays, at }));
  return false;
}

/** `index<C>`: C is the number of classes that the data says of these labels. */
function bindClasses(
  frame: Frame,
  { data, spans, loss }: TrainSettings,
  { bound }: TensorTypeExpression,
  at: number,
): boolean {
  if (bound === undefined || bound.kind !== "name") return true;
  const span = spans["data"] ?? loss.span;
  const blame = frame.caller?.frame ?? frame;
  const classes = classCounts(data)[at];
  const isCount = typeof classes === "number" && Number.isInteger(classes) && classes >= 1;
  if (!isCount) {
    const wrong = { wanted: "a whole number of at least 1", found: JSON.stringify(classes) };
    report(
      blame,
      classes === undefined
        ? missingClasses.report({ span, reader: data.reader, files: data.files, name: bound.name, at })
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
