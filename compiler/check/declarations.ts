/**
 * The generic check of one declaration: its body is elaborated once as it stands. Inputs have free sizes,
 * settings their defaults, and what has no default is open; so mistakes show where they are written, before
 * anybody uses the declaration.
 */
import { constantDim, labelled, namedDim } from "../ir/dim.ts";
import type { Callable, Parameter, TensorTypeExpression } from "../syntax/ast.ts";
import { elaborateBody, warnUnused } from "./bodies.ts";
import { bindName, bindSetting } from "./parameters.ts";
import type { Given } from "./arguments.ts";
import { type Ambient, type Frame, moduleFrame, noAmbient } from "./frame.ts";
import { type Head, geometryOf } from "./geometry.ts";
import { checkOf, conclude, recall, remember } from "./memory.ts";
import { bindHeadDims, pairsAmbient, readMargin } from "./margin-readings.ts";
import { optimizerAmbient, updateParameter } from "./optimizers.ts";
import { unmovedLoss } from "../errors/check-losses.ts";
import { isMovedBy } from "./moved-by.ts";
import { hasBrokenText, report } from "./report.ts";
import { type ProgramState, type Session, feedInput, newSession } from "./session.ts";
import { isTensorParameter, writtenDim, writtenType } from "./signatures.ts";
import { type TensorValue, dimValue, errorValue, tensorValue } from "./values.ts";
import { type LoadedModule, isLibrary } from "./workspace.ts";

/** Checks a declaration of the workspace before its first use, so that a use of a broken one stays silent. */
export function ensureChecked(program: ProgramState, callable: Callable, module: LoadedModule): void {
  if (program.mode !== "generic" || isLibrary(module.file) || program.checked.has(callable)) return;
  checkCallable(program, callable, module);
}

export function checkCallable(program: ProgramState, callable: Callable, module: LoadedModule): void {
  if (program.checked.has(callable)) return;
  const known = recall(program, module, callable, "alone");
  if (known !== undefined) {
    program.checked.set(callable, "sound");
    return;
  }
  program.checked.set(callable, "checking");
  const own = checkAlone(program, callable, module);
  const isBroken = own.effort.errors > 0 || hasBrokenText(module, callable.span);
  program.checked.set(callable, isBroken ? "broken" : "sound");
  conclude(program, own);
  if (!isBroken) remember(own, module, callable, "alone");
}

/** What remembered calls would have said is told only by making them: where anything is told they are made. */
function checkAlone(program: ProgramState, callable: Callable, module: LoadedModule): ProgramState {
  const canRecall = program.workspace.memory !== undefined && !hasBrokenText(module, callable.span);
  if (canRecall) {
    const own: ProgramState = { ...checkOf(program), calls: program.whole.calls };
    elaborateAlone(newSession(own, undefined), callable, module);
    if (own.effort.recalled === 0 || own.diagnostics.length === 0) return own;
  }
  const own = checkOf(program);
  elaborateAlone(newSession(own, undefined), callable, module);
  return own;
}

function elaborateAlone(session: Session, callable: Callable, module: LoadedModule): void {
  switch (callable.kind) {
    case "fn":
    case "layer":
    case "model":
    case "loss": {
      const frame = entryFrame(
        session,
        module,
        callable,
        callable.kind === "fn" ? openFans(session) : noAmbient,
      );
      bindEntry(frame, callable, new Map());
      const { value } = elaborateBody(frame, callable);
      if (callable.kind === "loss" && value.kind === "tensor") warnUnmoved(frame, callable, value);
      return;
    }
    case "margin":
      checkMargin(session, callable, module);
      return;
    case "optimizer":
      checkOptimizer(session, callable, module);
      return;
    default:
      return callable.kind satisfies never;
  }
}

/** Of a loss of nothing but labels and sizes nobody knows what was meant. */
function warnUnmoved(frame: Frame, { name, parameters }: Callable, { node }: TensorValue): void {
  const inputs = parameters
    .filter((one) => isTensorParameter(one) && one.type.dtype === "f32")
    .map((one) => one.name.name);
  if (inputs.length > 0 && !isMovedBy(node, new Set(inputs)))
    report(frame, unmovedLoss.report({ span: name.span, name: name.name, inputs }));
}

/** A function that is checked alone may be an initialiser: then it may ask for the sizes of a parameter. */
export function openFans({ program }: Session): Ambient {
  if (program.mode !== "generic") return noAmbient;
  const names = ["fan_in", "fan_out"];
  const lookup = (name: string) => {
    if (!names.includes(name)) return undefined;
    program.openSettings.add(name);
    return dimValue(namedDim(name));
  };
  return { context: "none", names, lookup };
}

/** The frame of a declaration that nobody called. */
export function entryFrame(
  session: Session,
  module: LoadedModule,
  callable: Callable,
  ambient: Ambient,
): Frame {
  return {
    ...moduleFrame(session, module, callable),
    ambient,
    ...(callable.kind === "loss" || callable.kind === "margin" ? { penalties: [] } : {}),
  };
}

/** Binds settings to what is given or open, and inputs to fed leaves; false after a diagnostic. */
export function bindEntry(frame: Frame, callable: Callable, given: Given): boolean {
  const parameters = [...callable.settings, ...callable.parameters];
  const settings = parameters.filter((parameter) => !isTensorParameter(parameter));
  const isSound = settings.map((parameter) => bindSetting(frame, callable, parameter, given)).every(Boolean);
  const inputs = parameters.filter(isTensorParameter);
  return inputs.map((parameter) => bindOpenInput(frame, parameter)).every(Boolean) && isSound;
}

/** A fed leaf in the written type, its unbound names free. */
export function bindOpenInput(
  frame: Frame,
  parameter: Parameter & { readonly type: TensorTypeExpression },
): boolean {
  const value = openInput(frame, parameter.type, parameter.name.name, parameter.span);
  return bindName(frame, "input", parameter.name, value ?? errorValue) && value !== undefined;
}

export function openInput(
  frame: Frame,
  written: TensorTypeExpression,
  name: string,
  span: Parameter["span"],
): TensorValue | undefined {
  const type = writtenType(frame, written, "free");
  const bound = written.bound === undefined ? undefined : writtenDim(frame, written.bound, "free");
  if (type === undefined) return undefined;
  const about = bound === undefined ? {} : { bound };
  const node = feedInput(frame.session, { name, type, role: "data", span, ...about });
  return { ...tensorValue(node, type), ...about, origin: { name, span } };
}

function checkMargin(session: Session, callable: Callable, module: LoadedModule): void {
  const scratch = entryFrame(session, module, callable, noAmbient);
  const head = openHead(scratch, callable);
  // A list with a number a class decides how many classes there are; only a use can tell.
  session.program.openSettings.add("C");
  const frame: Frame = { ...scratch, ambient: pairsAmbient(head, geometryOf(head)) };
  bindHeadDims(frame, head, callable.name.span);
  bindEntry(frame, callable, new Map());
  readMargin(frame, callable);
  warnUnused(frame);
}

/** Features, weights and labels of free sizes. */
function openHead(frame: Frame, callable: Callable): Head {
  const span = callable.name.span;
  const dim = (name: string) => labelled(namedDim(name), name);
  const leaf = (name: string, dims: readonly string[], dtype: "f32" | "i32"): TensorValue => {
    const type = { dtype, shape: dims.map(dim) };
    return tensorValue(feedInput(frame.session, { name, type, role: "data", span }), type);
  };
  const y: TensorValue = { ...leaf("labels", ["N"], "i32"), bound: dim("C") };
  return { frame, span, x: leaf("features", ["N", "D"], "f32"), W: leaf("weights", ["C", "D"], "f32"), y };
}

function checkOptimizer(session: Session, callable: Callable, module: LoadedModule): void {
  const span = callable.name.span;
  const type = { dtype: "f32" as const, shape: [labelled(namedDim("P"), "P"), constantDim(2)] };
  const leaf = (name: string): TensorValue =>
    tensorValue(feedInput(session, { name, type, role: "data", span }), type);
  const parameter = { value: leaf("param"), gradient: leaf("grad") };
  const current = { value: parameter.value };
  const scalarType = { dtype: "f32" as const, shape: [] };
  const norm = tensorValue(feedInput(session, { name: "grad_norm", type: scalarType, role: "data", span }));
  const frame = entryFrame(
    session,
    module,
    callable,
    optimizerAmbient(parameter, current, () => norm, ""),
  );
  bindEntry(frame, callable, new Map());
  updateParameter(frame, callable.body, parameter.value, current);
  warnUnused(frame);
}
