/**
 * Parameters of a body and the names in it: settings and inputs are bound to what was given or to their defaults, and every
 * name is entered once. What does not fit is blamed on whoever wrote the argument.
 */
import { labelled } from "../ir/dim.ts";
import type { Callable, Parameter } from "../syntax/ast.ts";
import { duplicateName } from "../errors/check-names.ts";
import { type Given, type SettingKind, asSetting, kindOfSetting, missing, openSetting } from "./arguments.ts";
import { evaluate } from "./expressions.ts";
import type { Binding, BindingKind, Frame } from "./frame.ts";
import { report } from "./report.ts";
import { axesOf } from "./pairwise.ts";
import { isTensorParameter, matchTensor } from "./signatures.ts";
import { toTensor } from "./tensors.ts";
import { type TensorValue, type Value, dimValue, errorValue } from "./values.ts";
import { withoutRows } from "./variables.ts";

/** Binds every parameter to what was given or to its default; false after a diagnostic. */
export function bindParameters(frame: Frame, callable: Callable, given: Given): boolean {
  const parameters = [...callable.settings, ...callable.parameters];
  // Settings first: the shapes of inputs may speak of them.
  const settings = parameters.filter((parameter) => !isTensorParameter(parameter));
  const inputs = parameters.filter(isTensorParameter);
  if (!settings.every((parameter) => bindSetting(frame, callable, parameter, given))) return false;
  return inputs.every((parameter) => bindInput(frame, callable, parameter, given));
}

/** Where the given arguments were written: the caller, or the body itself for an entry. */
export function blameOf(frame: Frame): Frame {
  return frame.caller?.frame ?? frame;
}

export function bindSetting(frame: Frame, callable: Callable, parameter: Parameter, given: Given): boolean {
  const argument = given.get(parameter.name.name);
  const { defaultValue } = parameter;
  const fallback = defaultValue === undefined ? undefined : evaluate(frame, defaultValue);
  if (fallback?.kind === "error" && argument === undefined)
    return bindName(frame, "setting", parameter.name, fallback);
  const kind =
    fallback?.kind === "error" && parameter.type === undefined
      ? undefined
      : kindOfSetting(frame, parameter, fallback);
  if (kind === undefined) return bindName(frame, "setting", parameter.name, argument?.value ?? errorValue);
  if (argument !== undefined) {
    const value = asSetting(blameOf(frame), parameter, kind, argument);
    const sized = settingValue(kind, callable, parameter, value);
    const known = { givenAt: argument.span, ...(value.kind === "int" ? { original: value.dim } : {}) };
    return bindName(frame, "setting", parameter.name, sized, known) && value.kind !== "error";
  }
  if (fallback !== undefined && defaultValue !== undefined) {
    const value = asSetting(frame, parameter, kind, { value: fallback, span: defaultValue.span });
    return bindName(frame, "setting", parameter.name, settingValue(kind, callable, parameter, value));
  }
  if (frame.caller === undefined && frame.session.program.mode === "generic")
    return bindName(frame, "setting", parameter.name, openSetting(frame, parameter, kind));
  missing(blameOf(frame), callable, parameter, given, frame.caller?.span ?? parameter.span);
  return false;
}

/**
 * What an int makes the size of an axis, `over: K` finds by the name of the setting. A margin that is given to two settings
 * is one in each of them; a function owns nothing and uses its caller's.
 */
function settingValue(
  kind: SettingKind,
  { kind: owner }: Callable,
  { name }: Parameter,
  value: Value,
): Value {
  if (kind === "margin" && owner !== "fn") return { ...value };
  return kind === "int" && value.kind === "int" ? dimValue(labelled(value.dim, name.name)) : value;
}

export function bindInput(
  frame: Frame,
  callable: Callable,
  parameter: Parameter & { readonly type: NonNullable<Parameter["type"]> },
  given: Given,
): boolean {
  const { type, name } = parameter;
  if (type.kind !== "tensor") return false;
  const argument = given.get(name.name) ?? defaultArgument(frame, parameter);
  const blame = blameOf(frame);
  if (argument === undefined) {
    missing(blame, callable, parameter, given, frame.caller?.span ?? parameter.span);
    return false;
  }
  const wanted = type.dtype === "i32" || type.dtype === "index" ? "i32" : "f32";
  const found = toTensor(blame, argument.value, argument.span, wanted);
  if (found.kind === "error") return false;
  const tensor = withoutRows(blame, found, axesOf(type), argument.span);
  if (tensor.kind === "error") return false;
  const matched = matchTensor(frame, type, tensor, { name: name.name, span: argument.span, blame });
  if (matched === undefined) return false;
  const bound = boundOf(frame, type.bound, matched);
  return bindName(frame, "input", name, { ...matched, ...(bound === undefined ? {} : { bound }) });
}

/** The bound that a written `index<C>` gives to plain integers, where C is known already. */
function boundOf(
  frame: Frame,
  written: Extract<NonNullable<Parameter["type"]>, { kind: "tensor" }>["bound"],
  value: TensorValue,
) {
  if (value.bound !== undefined || written === undefined) return value.bound;
  return written.kind === "name" ? frame.dims.get(written.name)?.dim : undefined;
}

function defaultArgument(frame: Frame, { defaultValue }: Parameter) {
  return defaultValue === undefined
    ? undefined
    : { value: evaluate(frame, defaultValue), span: defaultValue.span };
}

/** Enters a name into a body; false, after a diagnostic, where it is taken. */
export function bindName(
  frame: Frame,
  kind: BindingKind,
  { name, span }: Parameter["name"],
  value: Value,
  more: Pick<Binding, "variable" | "givenAt" | "original"> = {},
): boolean {
  const earlier = frame.names.get(name);
  if (earlier !== undefined) {
    report(frame, duplicateName.report({ span, name, earlier: earlier.span }));
    return false;
  }
  const isNamed = value.kind === "tensor" && (kind === "let" || kind === "param" || kind === "state");
  const named = isNamed ? { ...value, origin: { name, span } } : value;
  frame.names.set(name, { kind, value: named, span, used: false, ...more });
  return true;
}
