/** What operators take: numbers and tensors of one dtype, or a diagnostic that names the operand. */
import { wrongOperand } from "../errors/check-types.ts";
import type { Span } from "../errors/span.ts";
import type { Frame } from "./frame.ts";
import { foreignValue } from "../errors/foreign-names.ts";
import { report } from "./report.ts";
import { type TensorOrError, castTo, toTensor } from "./tensors.ts";
import { type TensorValue, type Value, phraseOf } from "./values.ts";

/** An operand with its place. */
export interface Operand {
  readonly value: Value;
  readonly span: Span;
}

export function isBool(value: Value): boolean {
  return value.kind === "bool" || (value.kind === "tensor" && value.type.dtype === "bool");
}

/** Both sides as tensors of one dtype: i32 if both are whole numbers of the graph, else f32. */
export function numericPair(
  frame: Frame,
  operator: string,
  left: Operand,
  right: Operand,
): readonly [TensorValue, TensorValue] | undefined {
  const wanted =
    [left, right].some(({ value }) => value.kind === "tensor" && value.type.dtype === "i32") &&
    [left, right].every(
      ({ value }) => value.kind === "int" || (value.kind === "tensor" && value.type.dtype === "i32"),
    )
      ? "i32"
      : "f32";
  const a = numericTensor(frame, operator, left, wanted);
  const b = numericTensor(frame, operator, right, wanted);
  if (a.kind === "error" || b.kind === "error") return undefined;
  return [castTo(frame, a, wanted, left.span), castTo(frame, b, wanted, right.span)];
}

export function boolPair(
  frame: Frame,
  left: Operand,
  right: Operand,
): readonly [TensorValue, TensorValue] | undefined {
  const [a, b] = [toTensor(frame, left.value, left.span), toTensor(frame, right.value, right.span)];
  return a.kind === "tensor" && b.kind === "tensor" ? [a, b] : undefined;
}

export function numericTensor(
  frame: Frame,
  operator: string,
  operand: Operand,
  wanted: "f32" | "i32" = "f32",
): TensorOrError {
  const isNumeric =
    ["int", "float", "list", "error"].includes(operand.value.kind) ||
    (operand.value.kind === "tensor" && operand.value.type.dtype !== "bool");
  return isNumeric
    ? toTensor(frame, operand.value, operand.span, wanted)
    : wrong(frame, operator, operand, "a number");
}

/** Says that an operator does not take this operand. */
export function wrong(frame: Frame, operator: string, { value, span }: Operand, wanted: string) {
  return report(
    frame,
    wrongOperand.report({
      span,
      operator,
      wanted,
      found: phraseOf(value),
      isBool: isBool(value),
      called:
        value.kind === "builtin"
          ? (foreignValue(value.name, frame.ambient.names) ?? `${value.name}(…)`)
          : undefined,
      isLoss: (value.kind === "partial" || value.kind === "function") && value.callable.kind === "loss",
    }),
  );
}

/** A value that is known to hold whole numbers, as `(-1) ^ k` asks of its exponent. */
export function whole(value: TensorOrError, integral: boolean | undefined): TensorOrError {
  return value.kind === "tensor" && integral === true ? { ...value, integral: true } : value;
}
