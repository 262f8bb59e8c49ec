/**
 * The models of a `train`: each takes its inputs from the data, in order, and gives its output to the loss. A model is one
 * network, however often the list names it: its variables are the same, so two inputs may share it.
 */
import type { OneOrMore } from "../../runtime/dataset.ts";
import { type Dim, knownSize } from "../ir/dim.ts";
import { printType } from "../ir/type.ts";
import type { ProgramInput } from "../program.ts";
import type { Callable, Parameter, TensorTypeExpression } from "../syntax/ast.ts";
import { fixedRows, oneNetwork, wrongArrays } from "../errors/check-train-inputs.ts";
import { elaborateBody, enterCall } from "./bodies.ts";
import { bindName, bindSetting } from "./parameters.ts";
import { featureArrays } from "./builtins/data.ts";
import { openInput } from "./declarations.ts";
import { type Frame, bindDim, noAmbient } from "./frame.ts";
import { report } from "./report.ts";
import { meanTheSame } from "./same-calls.ts";
import { isTensorParameter } from "./signatures.ts";
import { toTensor } from "./tensors.ts";
import type { Chosen, TrainSettings } from "./train-settings.ts";
import type { TensorValue } from "./values.ts";

export interface RunModel {
  /** As `embed` of several names it: `Tower`, and `Tower_2` where it comes up again. */
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly features: TensorValue;
}

/** Undefined after a diagnostic. */
export function runModels(frame: Frame, settings: TrainSettings): OneOrMore<RunModel> | undefined {
  const { models } = settings;
  if (!areOneNetworkEach(frame, models) || !fitArrays(frame, settings)) return undefined;
  const networks = networksOf(settings);
  const run: RunModel[] = [];
  for (const [at, model] of models.entries()) {
    const inputs = run.flatMap((earlier) => earlier.inputs);
    const network = networks.get(model.callee.callable) ?? model.callee.callable.name.name;
    const isFirst = models.findIndex(({ callee }) => callee.callable === model.callee.callable) === at;
    const taken = [...networks.values(), ...run.map((earlier) => earlier.name)];
    const name = isFirst ? network : numbered(network, taken);
    const path = networks.size === 1 ? "" : `${network}.`;
    const one = runModel(frame, model, { path, inputs });
    if (one === undefined) return undefined;
    run.push({ name, ...one });
  }
  const [first, ...rest] = run;
  return first === undefined ? undefined : [first, ...rest];
}

/** Settings and, in the place of tensors, nothing. */
export function bindGiven(frame: Frame, { callee: { callable }, given }: Chosen): boolean {
  const settings = [...callable.settings, ...callable.parameters].filter(
    (parameter) => !isTensorParameter(parameter),
  );
  return settings.every((parameter) => bindSetting(frame, callable, parameter, given));
}

/** The name, or with the first number from 2 on that makes it another than those. */
export function numbered(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}

/** What each network is called: by its name, which with a point stands before its variables where there are several. */
function networksOf({ models, loss }: TrainSettings): ReadonlyMap<Callable, string> {
  const networks = new Map<Callable, string>();
  for (const { callee } of models)
    if (!networks.has(callee.callable)) {
      // The loss has its name before its variables too.
      const taken = [loss.callee.callable.name.name, ...networks.values()];
      networks.set(callee.callable, numbered(callee.callable.name.name, taken));
    }
  return networks;
}

/** A network that comes up again has the settings that it had. */
function areOneNetworkEach(frame: Frame, models: readonly Chosen[]): boolean {
  for (const [at, model] of models.entries()) {
    const earlier = models.slice(0, at).find(({ callee }) => callee.callable === model.callee.callable);
    if (earlier === undefined || meanTheSame(frame, callOf(earlier), callOf(model))) continue;
    const { name } = model.callee.callable.name;
    report(frame, oneNetwork.report({ span: model.span, name, earlier: earlier.span }));
    return false;
  }
  return true;
}

function callOf({ callee: { callable, module }, given, span }: Chosen) {
  return { callable, module, given, span };
}

/** An array of the data for each input. */
function fitArrays(frame: Frame, { models, data, validation, spans }: TrainSettings): boolean {
  const names = models.flatMap(({ callee }) =>
    callee.callable.parameters.filter(isTensorParameter).map(({ name }) => name.name),
  );
  for (const [setting, chosen] of Object.entries({ data, validation })) {
    const readers = (chosen ?? []).map(({ source, span }) => ({
      name: source.reader,
      arrays: featureArrays(source),
      span,
    }));
    const given = readers.reduce((sum, { arrays }) => sum + arrays, 0);
    if (chosen === undefined || given === names.length) continue;
    const [span, at] = [spans[setting] ?? chosen[0].span, spans["model"] ?? models[0].span];
    report(frame, wrongArrays.report({ span, given, names, readers, models: at }));
    return false;
  }
  return true;
}

function runModel(
  frame: Frame,
  model: Chosen,
  { path, inputs: earlier }: { readonly path: string; readonly inputs: readonly ProgramInput[] },
): Omit<RunModel, "name"> | undefined {
  const { callee, span } = model;
  const { callable } = callee;
  const inside = enterCall(frame, callee, span, path, noAmbient);
  if (inside === undefined || !bindGiven(inside, model)) return undefined;
  const inputs: ProgramInput[] = [];
  for (const parameter of callable.parameters.filter(isTensorParameter)) {
    const all = [...earlier, ...inputs];
    bindRows(inside, parameter, all[0]?.type.shape[0]);
    const fed = feed(inside, parameter, "data", all);
    if (fed === undefined) return undefined;
    inputs.push(fed.input);
  }
  const { value } = elaborateBody(inside, callable);
  const features = toTensor(frame, value, span);
  return features.kind === "tensor" ? { inputs, features } : undefined;
}

/** Rows that come together are as many in each input, whatever each model calls their number. */
function bindRows(
  frame: Frame,
  { type, span }: Parameter & { readonly type: TensorTypeExpression },
  rows: Dim | undefined,
): void {
  const [first] = type.dims;
  if (rows === undefined || first?.kind !== "name" || frame.dims.has(first.name)) return;
  bindDim(frame, first.name, rows, span, "the rows of the other inputs are as many");
}

/** A parameter that the data fills, under a name that no other input has. */
export function feed(
  frame: Frame,
  parameter: Parameter & { readonly type: TensorTypeExpression },
  role: "data" | "labels",
  earlier: readonly ProgramInput[],
): { readonly input: ProgramInput; readonly value: TensorValue } | undefined {
  const { program } = frame.session;
  const taken = [...earlier.map(({ name }) => name), "step", "epoch", "seed"];
  const name = numbered(parameter.name.name, taken);
  const value = openInput(frame, parameter.type, name, parameter.span);
  const [rows] = value?.type.shape ?? [];
  if (value !== undefined && rows !== undefined && knownSize(rows) !== undefined) {
    const facts = { span: parameter.type.span, name: parameter.name.name, type: printType(value.type) };
    report(frame, fixedRows.report({ ...facts, rows: rows.key }));
    return undefined;
  }
  const opened = value === undefined ? undefined : program.inputs.get(name);
  if (value === undefined || opened === undefined || !bindName(frame, "input", parameter.name, value))
    return undefined;
  const place = earlier.filter((input) => input.role === role).length;
  const input = { ...opened, role, place };
  program.inputs.set(name, input);
  return { input, value };
}
