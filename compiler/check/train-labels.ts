/**
 * What a loss is given in a `train`: the outputs of the models go to its first inputs, the data's labels to the others, in
 * order. How many classes labels have the data says, before a file is read.
 */
import type { OneOrMore } from "../../runtime/dataset.ts";
import { constantDim, isSize, productOfDims, sameDim } from "../ir/dim.ts";
import { printType } from "../ir/type.ts";
import type { ProgramInput } from "../program.ts";
import type { Parameter, TensorTypeExpression } from "../syntax/ast.ts";
import { wrongTrainSetting } from "../errors/check-train.ts";
import {
  missingClasses,
  noLossInput,
  notGiven,
  unusedLabels,
  wrongClasses,
} from "../errors/check-train-inputs.ts";
import { classCounts, givesOneLabel, labelArrays, saysLabels } from "./builtins/data.ts";
import { type Frame, bindDim } from "./frame.ts";
import { bindName } from "./parameters.ts";
import { report } from "./report.ts";
import { isTensorParameter, matchTensor, printWritten } from "./signatures.ts";
import { type RunModel, feed } from "./train-models.ts";
import type { ChosenReader, TrainSettings } from "./train-settings.ts";
import type { TensorValue } from "./values.ts";

export interface FedLabels {
  readonly values: readonly TensorValue[];
  readonly inputs: readonly ProgramInput[];
}

/** A label of each row, as far as it is known before a file is read. */
export interface KnownLabel {
  readonly reader: ChosenReader;
  /** Which of the reader's labels it is, counted from 0. */
  readonly at: number;
}

/** Those of one reader, or of several one after the other: of these each gives the labels that it speaks of. */
export function labelsOf(readers: OneOrMore<ChosenReader>): readonly KnownLabel[] {
  return readers.flatMap((reader) => {
    const isSilent = readers.length > 1 && !saysLabels(reader.source);
    return Array.from({ length: isSilent ? 0 : labelArrays(reader.source) }, (_, at) => ({ reader, at }));
  });
}

/** How many classes the label has, as it was written; undefined where it is a value. */
export function classesOf({ reader, at }: KnownLabel): unknown {
  return classCounts(reader.source)[at];
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
  const known = labelsOf(settings.data);
  // Texts always have labels, so these are not named for nothing.
  const unused = known.slice(Math.max(wanted, 1)).find(({ reader }) => reader.source.reader !== "text");
  if (unused !== undefined) {
    const facts = { given: known.length, wanted, loss: callable.name.name };
    report(blame, unusedLabels.report({ span: unused.reader.span, ...facts }));
    return undefined;
  }
  const values: TensorValue[] = [];
  const inputs: ProgramInput[] = [];
  const rows = models.flatMap((model) => model.inputs);
  for (const [at, parameter] of parameters.slice(models.length).entries()) {
    const label = known[at];
    if (label === undefined) return missing(blame, settings, parameter, known.length);
    if (!bindClasses(frame, label, parameter.type)) return undefined;
    if (fed === "absent") {
      bindName(frame, "input", parameter.name, { kind: "error", because: "labels" });
      continue;
    }
    const one = feed(frame, parameter, "labels", [...rows, ...inputs]);
    if (one === undefined || !fitsLabel(frame, settings, parameter, one.value, label)) return undefined;
    values.push(one.value);
    inputs.push(one.input);
  }
  return { values, inputs };
}

type TensorParameter = Parameter & { readonly type: TensorTypeExpression };

/** An input for which the data has no label. */
function missing(
  blame: Frame,
  { data, loss }: TrainSettings,
  { name, type }: TensorParameter,
  labels: number,
): undefined {
  const facts = { name: name.name, type: printWritten(type), loss: loss.callee.callable.name.name };
  report(blame, notGiven.report({ span: loss.span, ...facts, given: { labels, readers: data.length } }));
}

/** Labels that count classes are one a row, unless they come from arrays. */
function fitsLabel(
  frame: Frame,
  { loss }: TrainSettings,
  { name }: TensorParameter,
  { type }: TensorValue,
  label: KnownLabel,
): boolean {
  const isOneEach = classesOf(label) !== undefined && givesOneLabel(label.reader.source);
  if (!isOneEach || isSize(productOfDims(type.shape.slice(1)), 1)) return true;
  const facts = { name: name.name, type: printType(type), loss: loss.callee.callable.name.name };
  report(
    frame.caller?.frame ?? frame,
    notGiven.report({ span: loss.span, ...facts, given: "one class a row" }),
  );
  return false;
}

/** `index<C>`: C is the number of classes that the data says of these labels. */
function bindClasses(frame: Frame, label: KnownLabel, { bound }: TensorTypeExpression): boolean {
  if (bound === undefined || bound.kind !== "name") return true;
  const { source, span } = label.reader;
  const blame = frame.caller?.frame ?? frame;
  const classes = classesOf(label);
  const isCount = typeof classes === "number" && Number.isInteger(classes) && classes >= 1;
  if (!isCount) {
    const wrong = { wanted: "a whole number of at least 1", found: JSON.stringify(classes) };
    const facts = { reader: source.reader, files: source.files, name: bound.name, at: label.at };
    report(
      blame,
      classes === undefined
        ? missingClasses.report({ span, ...facts })
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
