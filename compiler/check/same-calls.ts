/**
 * Whether two calls of a declaration mean the same: each setting is compared as what it is in the end, so that it makes no
 * difference how it was written, or whether it was given or left to its default.
 */
import { enterCall } from "./bodies.ts";
import { type Frame, noAmbient } from "./frame.ts";
import { bindSetting } from "./parameters.ts";
import { isTensorParameter } from "./signatures.ts";
import { type FunctionValue, type PartialValue, type Value, errorValue, knownNumber } from "./values.ts";

/** A declaration and what it was given so far. */
type Call = Pick<PartialValue, "callable" | "module" | "given" | "span">;

/** Also where one of them has a mistake, which is told. */
export function meanTheSame(frame: Frame, a: Call, b: Call): boolean {
  if (a.callable !== b.callable) return false;
  const [left, right] = [settingsOf(frame, a), settingsOf(frame, b)];
  if (left === undefined || right === undefined) return true;
  return (
    left.size === right.size &&
    [...left].every(([name, value]) => isSame(frame, value, right.get(name) ?? errorValue))
  );
}

/** By their names; undefined after a diagnostic. What waits for a setting has those that it was given. */
function settingsOf(
  frame: Frame,
  { callable, module, given, span }: Call,
): ReadonlyMap<string, Value> | undefined {
  const settings = [...callable.settings, ...callable.parameters].filter(
    (parameter) => !isTensorParameter(parameter),
  );
  const known = new Map([...given].map(([name, { value }]) => [name, value]));
  if (settings.some(({ name, defaultValue }) => defaultValue === undefined && !given.has(name.name)))
    return known;
  const inside = enterCall(frame, { kind: "function", callable, module }, span, frame.path, noAmbient);
  if (inside === undefined || !settings.every((one) => bindSetting(inside, callable, one, given)))
    return undefined;
  for (const [name, { value }] of inside.names) known.set(name, value);
  return known;
}

function isSame(frame: Frame, a: Value, b: Value): boolean {
  const [left, right] = [knownNumber(a), knownNumber(b)];
  if (left !== undefined && right !== undefined) return Object.is(left, right);
  if (a.kind === "int" && b.kind === "int") return a.dim.key === b.dim.key;
  if (a.kind === "list" && b.kind === "list")
    return (
      a.items.length === b.items.length &&
      a.items.every((item, at) => isSame(frame, item, b.items[at] ?? errorValue))
    );
  if (a.kind === "tensor" && b.kind === "tensor") return a.node === b.node;
  if (a.kind === "builtin" && b.kind === "builtin") return a.name === b.name;
  if (isDeclared(a) && isDeclared(b)) return meanTheSame(frame, asCall(a), asCall(b));
  const isScalar = (a.kind === "bool" || a.kind === "string") && a.kind === b.kind;
  return isScalar && "value" in b && a.value !== undefined && a.value === b.value;
}

function isDeclared(value: Value): value is FunctionValue | PartialValue {
  return value.kind === "function" || value.kind === "partial";
}

/** `ArcFace` and `ArcFace()`. */
function asCall(value: FunctionValue | PartialValue): Call {
  return value.kind === "partial" ? value : { ...value, given: new Map(), span: value.callable.name.span };
}
