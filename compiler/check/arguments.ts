/**
 * Arguments meet parameters: by position, by name, by default; and settings meet their kinds. A setting is
 * a compile-time value; a number may also be a scalar of the graph (`rate: cosine(step, 1000)`).
 */
import { labelled, namedDim } from "../ir/dim.ts";
import type { Argument, CallExpression, Callable, Parameter } from "../syntax/ast.ts";
import {
  duplicateArgument,
  missingArgument,
  tooManyArguments,
  unknownArgument,
  unknownKind,
  untypedParameter,
  wrongSetting,
} from "../errors/check-settings.ts";
import type { Fix } from "../errors/diagnostic.ts";
import type { Span } from "../errors/span.ts";
import { evaluate } from "./expressions.ts";
import type { Frame } from "./frame.ts";
import { report } from "./report.ts";
import { feedInput } from "./session.ts";
import { suggestSetting, foreignType } from "../errors/foreign-names.ts";
import { suggestName } from "../errors/suggest.ts";
import { isTensorParameter } from "./signatures.ts";
import { plainNumberFix, unquotedNameFix } from "./unquoted.ts";
import {
  type GivenArgument,
  type Value,
  boolValue,
  phraseOf,
  dimValue,
  errorValue,
  floatValue,
  knownNumber,
  tensorValue,
} from "./values.ts";

/** An argument that has been evaluated. */
export interface EvaluatedArgument extends GivenArgument {
  readonly name?: string;
  readonly nameSpan?: Span;
}

export type Given = ReadonlyMap<string, GivenArgument>;

export function evaluateArguments(frame: Frame, call: CallExpression): readonly EvaluatedArgument[] {
  return call.arguments.map((argument) => evaluateArgument(frame, argument));
}

export function evaluateArgument(frame: Frame, argument: Argument): EvaluatedArgument {
  const { name, value } = argument;
  return {
    value: evaluate(frame, value),
    span: value.span,
    ...(name === undefined ? {} : { name: name.name, nameSpan: name.span }),
  };
}

/** Gives each argument its parameter; undefined after a diagnostic. What is missing is not said here. */
export function bindArguments(
  frame: Frame,
  callable: Callable,
  parameters: readonly Parameter[],
  given: readonly EvaluatedArgument[],
): Given | undefined {
  const bound = new Map<string, GivenArgument>();
  const free = parameters.map((parameter) => parameter.name.name);
  let isSound = true;
  let position = 0;
  for (const argument of given) {
    const name = argument.name ?? free[position++];
    if (name === undefined) {
      const facts = { span: argument.span, callee: callable.name.name, most: parameters.length };
      report(
        frame,
        tooManyArguments.report({ ...facts, parameters: free, isLayer: callable.kind === "layer" }),
      );
      return undefined;
    }
    const problem = argumentProblem(callable, parameters, bound, argument, name);
    if (problem === undefined) bound.set(name, { value: argument.value, span: argument.span });
    else {
      report(frame, problem);
      isSound = false;
    }
  }
  return isSound ? bound : undefined;
}

function argumentProblem(
  callable: Callable,
  parameters: readonly Parameter[],
  bound: Given,
  argument: EvaluatedArgument,
  name: string,
) {
  const known = parameters.map((parameter) => parameter.name.name);
  const span = argument.nameSpan ?? argument.span;
  const callee = callable.name.name;
  if (!known.includes(name))
    return unknownArgument.report({
      span,
      name,
      callee,
      known,
      suggestion: suggestSetting(name, known),
    });
  const earlier = bound.get(name);
  return earlier === undefined
    ? undefined
    : duplicateArgument.report({ span, name, callee, earlier: earlier.span });
}

export function missing(
  frame: Frame,
  callable: Callable,
  parameter: Parameter,
  given: Given,
  span: Span,
): Value {
  const what = isTensorParameter(parameter) ? "input" : "setting";
  const other = callable.parameters.find((one) => isScalarInput(one) && given.has(one.name.name));
  return report(
    frame,
    missingArgument.report({
      span,
      name: parameter.name.name,
      callee: callable.name.name,
      what,
      declared: parameter.span,
      scalar: other?.name.name,
    }),
  );
}

/** `w: f32 = 1`, which was perhaps meant as a setting. */
function isScalarInput(parameter: Parameter): boolean {
  return (
    isTensorParameter(parameter) && parameter.defaultValue !== undefined && parameter.type.dims.length === 0
  );
}

// ---------------------------------------------------------------- settings

export type SettingKind = "int" | "float" | "number" | "bool" | "string" | "list" | "margin" | "fn";

const settingKinds: readonly string[] = ["int", "float", "bool", "string", "list", "margin", "fn"];

/** The kind of a setting by its written type, else by its default; undefined after a diagnostic. */
export function kindOfSetting(
  frame: Frame,
  parameter: Parameter,
  defaultValue: Value | undefined,
): SettingKind | undefined {
  const { type, name } = parameter;
  if (type !== undefined && type.kind === "setting") {
    if (isSettingKind(type.name)) return type.name;
    report(
      frame,
      unknownKind.report({
        span: type.span,
        name: type.name,
        suggestion: foreignKind(type.name) ?? suggestName(type.name, settingKinds),
        known: settingKinds,
      }),
    );
    return undefined;
  }
  if (defaultValue === undefined) {
    report(frame, untypedParameter.report({ span: name.span, name: name.name }));
    return undefined;
  }
  return kindOfDefault(defaultValue);
}

/** The word of a type from elsewhere; without sizes only those of settings. */
function foreignKind(written: string): string | undefined {
  const word = written.replace("[…]", "");
  const meant = foreignType(word);
  return word !== written || settingKinds.includes(meant ?? "") ? meant : undefined;
}

function isSettingKind(name: string): name is SettingKind {
  return settingKinds.includes(name);
}

function kindOfDefault(value: Value): SettingKind | undefined {
  switch (value.kind) {
    case "int":
    case "float":
    case "tensor":
      return "number";
    case "bool":
    case "string":
    case "list":
      return value.kind;
    case "function":
    case "partial":
      return value.callable.kind === "margin" ? "margin" : "fn";
    case "builtin":
      return "fn";
    case "data":
    case "error":
      return undefined;
    default:
      return value satisfies never;
  }
}

/** A value as a setting of a kind; reports in `frame` where it does not fit. */
export function asSetting(
  frame: Frame,
  parameter: Parameter,
  kind: SettingKind,
  { value, span }: GivenArgument,
): Value {
  if (value.kind === "error") return value;
  const fitting = fitSetting[kind](value);
  if (fitting !== undefined) return fitting;
  return report(
    frame,
    wrongSetting.report({
      span,
      name: parameter.name.name,
      kind,
      found: phraseOf(value),
      declared: parameter.span,
      fix: fixOfSetting[kind]?.(frame, value, span),
    }),
  );
}

const fixOfSetting: {
  readonly [K in SettingKind]?: (frame: Frame, value: Value, span: Span) => Fix | undefined;
} = {
  int: (frame, value, span) => plainNumberFix(frame, value, span, "int"),
  float: (frame, value, span) => plainNumberFix(frame, value, span, "float"),
  number: (frame, value, span) => plainNumberFix(frame, value, span, "float"),
  bool: (frame, value, span) => plainNumberFix(frame, value, span, "bool"),
  margin: (frame, value, span) => unquotedNameFix(frame, value, span, ["margin"]),
};

const fitSetting: { readonly [K in SettingKind]: (value: Value) => Value | undefined } = {
  int: (value) => (value.kind === "int" ? value : undefined),
  float: (value) => {
    const known = knownNumber(value);
    return known === undefined ? fitNumber(value) : floatValue(known);
  },
  number: fitNumber,
  bool: (value) => (value.kind === "bool" ? value : undefined),
  string: (value) => (value.kind === "string" ? value : undefined),
  list: (value) => (value.kind === "list" || isTensorOfRank(value, 1) ? value : undefined),
  margin: (value) => (isDeclared(value, "margin") ? value : undefined),
  fn: (value) =>
    value.kind === "builtin" || isDeclared(value, "fn") || isDeclared(value, "layer") ? value : undefined,
};

function fitNumber(value: Value): Value | undefined {
  return value.kind === "int" || value.kind === "float" || isTensorOfRank(value, 0) ? value : undefined;
}

function isTensorOfRank(value: Value, rank: number): boolean {
  return value.kind === "tensor" && value.type.shape.length === rank && value.type.dtype !== "bool";
}

function isDeclared(value: Value, kind: Callable["kind"]): boolean {
  return (value.kind === "function" || value.kind === "partial") && value.callable.kind === kind;
}

/** What a generic check takes for a setting that nobody gave. */
export function openSetting(frame: Frame, parameter: Parameter, kind: SettingKind): Value {
  const name = parameter.name.name;
  const { openSettings } = frame.session.program;
  const span = parameter.span;
  switch (kind) {
    case "int":
      openSettings.add(name);
      return dimValue(labelled(namedDim(name), name));
    case "float":
    case "number":
      return tensorValue(
        feedInput(frame.session, { name, type: { dtype: "f32", shape: [] }, role: "data", span }),
      );
    case "bool":
      return boolValue(undefined);
    case "string":
      return { kind: "string", value: undefined };
    case "list": {
      openSettings.add(`size(${name})`);
      const shape = [labelled(namedDim(`size(${name})`), name)];
      return tensorValue(
        feedInput(frame.session, { name, type: { dtype: "f32", shape }, role: "data", span }),
      );
    }
    case "margin":
      return { kind: "function", callable: plainMargin(span), module: frame.module };
    case "fn":
      return errorValue;
    default:
      return kind satisfies never;
  }
}

/** A margin that says nothing: scale 1, the cosine for every class. */
function plainMargin(span: Span): Callable {
  return {
    kind: "margin",
    name: { name: "margin", span },
    exported: false,
    settings: [],
    parameters: [],
    body: [],
    span,
  };
}
