/**
 * `over: C`, `over: -1`, `over: [H, W]`, `over: ...`: which axes of a tensor are meant. A name means the axis
 * that carries it as a label, else the only axis of that size.
 */
import { type Dim, constantDim, sameDim } from "../ir/dim.ts";
import { printType } from "../ir/type.ts";
import type { Expression } from "../syntax/ast.ts";
import { ambiguousAxis, axisOutOfRange, badAxis, noSuchAxis, positionOrSize } from "../errors/check-axes.ts";
import { evaluate } from "./expressions.ts";
import type { Frame } from "./frame.ts";
import { lookupValue } from "./names.ts";
import { report } from "./report.ts";
import { isUndecided } from "./tensors.ts";
import { type TensorValue, phraseOf, knownInt } from "./values.ts";

/** Ascending, without repeats; every axis when `over` is left out; undefined after a diagnostic. */
export function axesOf(
  frame: Frame,
  x: TensorValue,
  over: Expression | undefined,
): readonly number[] | undefined {
  if (over === undefined) return x.type.shape.map((_, axis) => axis);
  const items = over.kind === "list" ? over.items : [over];
  const axes: number[] = [];
  for (const item of items) {
    const found = axesOfItem(frame, x, item);
    if (found === undefined) return undefined;
    axes.push(...found);
  }
  return [...new Set(axes)].sort((a, b) => a - b);
}

/** The one axis that is meant. */
export function axisOf(
  frame: Frame,
  x: TensorValue,
  over: Expression | undefined,
  fallback: number,
): number | undefined {
  if (over === undefined) {
    const axis = fallback < 0 ? x.type.shape.length + fallback : fallback;
    return axis >= 0 ? axis : undefined;
  }
  const axes = axesOf(frame, x, over);
  if (axes === undefined) return undefined;
  const [axis, ...others] = axes;
  if (axis !== undefined && others.length === 0) return axis;
  report(frame, badAxis.report({ span: over.span, found: `${axes.length} axes`, type: printType(x.type) }));
  return undefined;
}

function axesOfItem(frame: Frame, x: TensorValue, item: Expression): readonly number[] | undefined {
  if (item.kind === "name" && item.name === "...") return ellipsisAxes(frame, x);
  if (item.kind === "name") {
    const named = namedAxis(frame, x, item.name, item);
    if (named !== "not a dimension") return named;
    if (lookupValue(frame, item.name) === undefined) return reportNoAxis(frame, x, item);
  }
  const value = evaluate(frame, item);
  if (value.kind === "error") return undefined;
  const position = knownInt(value);
  const rank = x.type.shape.length;
  if (position === undefined) {
    report(frame, badAxis.report({ span: item.span, found: phraseOf(value), type: printType(x.type) }));
    return undefined;
  }
  const axis = position < 0 ? rank + position : position;
  if (axis >= 0 && axis < rank) {
    if (item.kind === "name") warnOfSize(frame, x, item, position);
    return [axis];
  }
  report(frame, axisOutOfRange.report({ span: item.span, position, rank, type: printType(x.type) }));
  return undefined;
}

/** A setting that counts axes, where another axis happens to be as long: told where it is written. */
function warnOfSize(
  frame: Frame,
  x: TensorValue,
  { name, span }: Extract<Expression, { kind: "name" }>,
  position: number,
): void {
  if (frame.caller !== undefined || frame.session.program.mode !== "generic") return;
  const sized = axesOfSize(x, constantDim(position));
  if (position < 1 || sized.length === 0 || sized.includes(position)) return;
  report(frame, positionOrSize.report({ span, name, position, axes: sized, type: printType(x.type) }));
}

function ellipsisAxes({ ellipsis }: Frame, x: TensorValue): readonly number[] {
  const labels = new Set(ellipsis?.dims.map((dim) => dim.label));
  return x.type.shape.flatMap((dim, axis) =>
    dim.label !== undefined && labels.has(dim.label) ? [axis] : [],
  );
}

function namedAxis(
  frame: Frame,
  x: TensorValue,
  name: string,
  { span }: Expression,
): readonly number[] | undefined | "not a dimension" {
  const labelledAxis = x.type.shape.flatMap((dim, axis) => (dim.label === name ? [axis] : []));
  if (labelledAxis.length === 1) return labelledAxis;
  const bound = frame.dims.get(name);
  if (bound === undefined && labelledAxis.length === 0) return "not a dimension";
  const sized = bound === undefined ? labelledAxis : axesOfSize(x, bound.dim);
  if (sized.length === 1) return sized;
  if (sized.length > 1)
    report(frame, ambiguousAxis.report({ span, name, type: printType(x.type), axes: sized }));
  else if (!isUndecided(frame, [x.type])) reportNoAxis(frame, x, { name, span });
  return undefined;
}

function reportNoAxis(
  frame: Frame,
  x: TensorValue,
  { name, span }: Pick<Extract<Expression, { kind: "name" }>, "name" | "span">,
): undefined {
  const labels = x.type.shape.flatMap((dim) => dim.label ?? []);
  report(frame, noSuchAxis.report({ span, name, type: printType(x.type), labels }));
}

function axesOfSize(x: TensorValue, size: Dim): readonly number[] {
  return x.type.shape.flatMap((dim, axis) => (sameDim(dim, size) ? [axis] : []));
}
