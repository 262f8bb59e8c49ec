/**
 * Unary and binary operators. Two constants fold at compile time, in float64; as soon as one side is a
 * tensor the other becomes one. Integers meet f32 as f32; a bool is not a number.
 */
import {
  type Dim,
  addDims,
  constantDim,
  knownSize,
  multiplyDims,
  quotientDims,
  remainderDims,
  sameDim,
  subtractDims,
} from "../ir/dim.ts";
import type { BinaryOperator } from "../syntax/ast.ts";
import { badMatmul, divisionByZero, nonIntegerParity, turnedOperand } from "../errors/check-types.ts";
import type { Span } from "../errors/span.ts";
import type { Frame } from "./frame.ts";
import { type Operand, boolPair, isBool, numericPair, numericTensor, whole, wrong } from "./operands.ts";
import { report } from "./report.ts";
import { type TensorOrError, castTo, isUndecided, makeTensor, originsOf, reshaped } from "./tensors.ts";
import {
  type TensorValue,
  type Value,
  boolValue,
  phraseOf,
  dimValue,
  errorValue,
  firstError,
  floatValue,
  intValue,
  knownInt,
  knownNumber,
} from "./values.ts";

export interface BinaryUse {
  readonly operator: BinaryOperator;
  readonly left: Operand;
  readonly right: Operand;
  readonly span: Span;
}

type Arithmetic = "+" | "-" | "*" | "/" | "//" | "%";
type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

export function applyBinary(frame: Frame, use: BinaryUse): Value {
  const { operator, left, right } = use;
  const bad = firstError([left.value, right.value]);
  if (bad !== undefined) return bad;
  switch (operator) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "//":
    case "%":
      return arithmetic(frame, operator, use);
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return comparison(frame, operator, use);
    case "and":
    case "or":
      return logic(frame, operator, use);
    case "@":
      return product(frame, use);
    case "^":
      return power(frame, use);
    default:
      return operator satisfies never;
  }
}

export function applyUnary(frame: Frame, operator: "-" | "not", operand: Operand, span: Span): Value {
  const { value } = operand;
  if (value.kind === "error") return value;
  if (operator === "not") {
    if (value.kind === "bool") return boolValue(value.value === undefined ? undefined : !value.value);
    if (value.kind === "tensor" && value.type.dtype === "bool")
      return makeTensor(frame, "not", [value], {}, span);
    return wrong(frame, "not", operand, "a bool");
  }
  if (value.kind === "int") return dimValue(multiplyDims(value.dim, constantDim(-1)));
  if (value.kind === "float") return floatValue(-value.value);
  const tensor = numericTensor(frame, "-", operand);
  if (tensor.kind === "error") return tensor;
  return whole(makeTensor(frame, "neg", [tensor], {}, span), tensor.integral);
}

// ---------------------------------------------------------------- arithmetic

function arithmetic(frame: Frame, operator: Arithmetic, use: BinaryUse): Value {
  const { left, right, span } = use;
  const folded = foldArithmetic(frame, operator, use);
  if (folded !== undefined) return folded;
  const pair = numericPair(frame, operator, left, right);
  if (pair === undefined) return errorValue;
  const integral = pair.every((side) => side.integral === true || side.type.dtype === "i32");
  const op = elementwiseOf[operator];
  if (op !== undefined) return whole(makeTensor(frame, op, pair, {}, span), integral || undefined);
  const floats = pair.map((side) => castTo(frame, side, "f32", span));
  const quotient = makeTensor(frame, "div", floats, {}, span);
  if (operator === "/" || quotient.kind === "error") return quotient;
  const floored = whole(makeTensor(frame, "floor", [quotient], {}, span), true);
  if (floored.kind === "error") return floored;
  if (operator === "//") return pair[0]?.type.dtype === "i32" ? castTo(frame, floored, "i32", span) : floored;
  return remainder(frame, pair, floats, floored, span);
}

const elementwiseOf: { readonly [K in Arithmetic]: "add" | "sub" | "mul" | undefined } = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": undefined,
  "//": undefined,
  "%": undefined,
};

/** a - b·⌊a / b⌋: the sign of the divisor. */
function remainder(
  frame: Frame,
  pair: readonly TensorValue[],
  floats: readonly TensorValue[],
  floored: TensorValue,
  span: Span,
): TensorOrError {
  const [a, b] = floats;
  if (a === undefined || b === undefined) return errorValue;
  const taken = makeTensor(frame, "mul", [b, floored], {}, span);
  if (taken.kind === "error") return taken;
  const rest = makeTensor(frame, "sub", [a, taken], {}, span);
  return rest.kind === "tensor" && pair[0]?.type.dtype === "i32" ? castTo(frame, rest, "i32", span) : rest;
}

function foldArithmetic(frame: Frame, operator: Arithmetic, use: BinaryUse): Value | undefined {
  const [a, b] = [use.left.value, use.right.value];
  if (a.kind === "int" && b.kind === "int") return foldIntegers(frame, operator, a.dim, b.dim, use);
  const [x, y] = [knownNumber(a), knownNumber(b)];
  if (x === undefined || y === undefined) return undefined;
  return floatValue(foldFloats[operator](x, y));
}

const foldFloats: { readonly [K in Arithmetic]: (a: number, b: number) => number } = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
};

function foldIntegers(frame: Frame, operator: Arithmetic, a: Dim, b: Dim, use: BinaryUse): Value | undefined {
  const zero = knownSize(b) === 0;
  switch (operator) {
    case "+":
      return dimValue(addDims(a, b));
    case "-":
      return dimValue(subtractDims(a, b));
    case "*":
      return dimValue(multiplyDims(a, b));
    case "//":
      return zero ? divided(frame, use) : dimValue(quotientDims(a, b));
    case "%":
      return zero ? divided(frame, use) : dimValue(remainderDims(a, b));
    case "/": {
      const [x, y] = [knownSize(a), knownSize(b)];
      if (x === undefined || y === undefined) return undefined;
      return y === 0 ? divided(frame, use) : floatValue(x / y);
    }
    default:
      return operator satisfies never;
  }
}

function divided(frame: Frame, use: BinaryUse): Value {
  return report(frame, divisionByZero.report({ span: use.right.span }));
}

// ---------------------------------------------------------------- comparison and logic

function comparison(frame: Frame, operator: Comparison, use: BinaryUse): Value {
  const { left, right, span } = use;
  const folded = foldComparison(operator, left.value, right.value);
  if (folded !== undefined) return folded;
  const pair = comparable(frame, operator, left, right);
  if (pair === undefined) return errorValue;
  const [a, b] = pair;
  switch (operator) {
    case "==":
      return makeTensor(frame, "equal", [a, b], {}, span);
    case "!=":
      return negated(frame, makeTensor(frame, "equal", [a, b], {}, span), span);
    case "<":
      return makeTensor(frame, "less", [a, b], {}, span);
    case "<=":
      return makeTensor(frame, "less_equal", [a, b], {}, span);
    case ">":
      return makeTensor(frame, "less", [b, a], {}, span);
    case ">=":
      return makeTensor(frame, "less_equal", [b, a], {}, span);
    default:
      return operator satisfies never;
  }
}

function comparable(
  frame: Frame,
  operator: Comparison,
  left: Operand,
  right: Operand,
): readonly [TensorValue, TensorValue] | undefined {
  const bools = [left, right].map(({ value }) => isBool(value));
  if ((operator === "==" || operator === "!=") && bools.every(Boolean)) return boolPair(frame, left, right);
  return numericPair(frame, operator, left, right);
}

function negated(frame: Frame, value: TensorOrError, span: Span): TensorOrError {
  return value.kind === "error" ? value : makeTensor(frame, "not", [value], {}, span);
}

function foldComparison(operator: Comparison, a: Value, b: Value): Value | undefined {
  if (a.kind === "int" && b.kind === "int" && a.dim.key === b.dim.key)
    return boolValue(operator === "==" || operator === "<=" || operator === ">=");
  const [x, y] = [knownNumber(a), knownNumber(b)];
  if (x !== undefined && y !== undefined) return boolValue(compareNumbers[operator](x, y));
  if (isNumber(a) && isNumber(b)) return boolValue(undefined);
  const plain = (a.kind === "string" && b.kind === "string") || (a.kind === "bool" && b.kind === "bool");
  if (!plain || (operator !== "==" && operator !== "!=")) return undefined;
  if (a.value === undefined || b.value === undefined) return boolValue(undefined);
  return boolValue((a.value === b.value) === (operator === "=="));
}

function isNumber(value: Value): boolean {
  return value.kind === "int" || value.kind === "float";
}

const compareNumbers: { readonly [K in Comparison]: (a: number, b: number) => boolean } = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

function logic(frame: Frame, operator: "and" | "or", use: BinaryUse): Value {
  const decisive = operator === "or";
  for (const side of [use.left, use.right])
    if (!isBool(side.value)) return wrong(frame, operator, side, "a bool");
  const [a, b] = [use.left.value, use.right.value];
  if (a.kind === "bool" && a.value !== undefined) return a.value === decisive ? a : b;
  if (b.kind === "bool" && b.value !== undefined) return b.value === decisive ? b : a;
  if (a.kind === "bool" || b.kind === "bool") return boolValue(undefined);
  return a.kind === "tensor" && b.kind === "tensor"
    ? makeTensor(frame, operator, [a, b], {}, use.span)
    : errorValue;
}

// ---------------------------------------------------------------- products and powers

/** Matrix product; a vector counts as a row on the left and as a column on the right. */
function product(frame: Frame, use: BinaryUse): Value {
  const pair = numericPair(frame, "@", use.left, use.right);
  if (pair === undefined) return errorValue;
  const [a, b] = pair.map((side) => castTo(frame, side, "f32", use.span));
  if (a === undefined || b === undefined) return errorValue;
  const [inner, depth] = [a.type.shape.at(-1), b.type.shape[0]];
  if (inner === undefined || depth === undefined || b.type.shape.length > 2)
    return report(
      frame,
      badMatmul.report({ span: use.span, ...describedPair(use), labels: originsOf([a, b], use.span) }),
    );
  const rows = a.type.shape.slice(0, -1);
  const flat = reshaped(
    frame,
    a,
    [rows.length === 1 ? (rows[0] ?? constantDim(1)) : productOf(rows), inner],
    use.span,
  );
  const columns = b.type.shape[1];
  const turned = turnedSide(a, b);
  if (turned !== undefined && !isUndecided(frame, [a.type, b.type])) {
    const { span } = use[turned];
    const sizes = { inner: inner.key, depth: depth.key };
    const labels = originsOf([a, b], use.span);
    return report(
      frame,
      turnedOperand.report({ span: use.span, ...sizes, labels, operand: span, side: turned }),
    );
  }
  const matrix = reshaped(frame, b, [depth, columns ?? constantDim(1)], use.span);
  if (flat.kind === "error" || matrix.kind === "error") return errorValue;
  const result = makeTensor(
    frame,
    "matmul",
    [flat, matrix],
    { transposeA: false, transposeB: false },
    use.span,
  );
  if (result.kind === "error") return result;
  return reshaped(frame, result, [...rows, ...(columns === undefined ? [] : [columns])], use.span);
}

/** Which of two matrices fits the other only if it is transposed. */
function turnedSide(a: TensorValue, b: TensorValue): "left" | "right" | undefined {
  const [[rows], inner, [depth, columns]] = [a.type.shape, a.type.shape.at(-1), b.type.shape];
  if (inner === undefined || depth === undefined || sameDim(inner, depth)) return undefined;
  if (columns !== undefined && sameDim(inner, columns)) return "right";
  return a.type.shape.length === 2 && rows !== undefined && sameDim(rows, depth) ? "left" : undefined;
}

function productOf(dims: readonly Dim[]): Dim {
  return dims.reduce(multiplyDims, constantDim(1));
}

function power(frame: Frame, use: BinaryUse): Value {
  const { left, right, span } = use;
  const [base, exponent] = [knownNumber(left.value), knownNumber(right.value)];
  if (base !== undefined && exponent !== undefined) {
    const value = base ** exponent;
    const isInt = left.value.kind === "int" && right.value.kind === "int" && exponent >= 0;
    return isInt && Number.isSafeInteger(value) ? intValue(value) : floatValue(value);
  }
  if (base === -1) return parity(frame, use);
  const pair = numericPair(frame, "^", left, right);
  if (pair === undefined) return errorValue;
  const [x, y] = pair.map((side) => castTo(frame, side, "f32", span));
  if (x === undefined || y === undefined) return errorValue;
  if (exponent === 0.5) return makeTensor(frame, "sqrt", [x], {}, span);
  const whole = knownInt(right.value) ?? (Number.isInteger(exponent) ? exponent : undefined);
  if (whole !== undefined && Math.abs(whole) <= 1024)
    return makeTensor(frame, "integer_power", [x], { exponent: whole }, span);
  return makeTensor(frame, "pow", [x, y], {}, span);
}

function parity(frame: Frame, { right, span }: BinaryUse): Value {
  const k = numericTensor(frame, "^", right);
  if (k.kind === "error") return k;
  if (k.integral !== true && k.type.dtype !== "i32")
    return report(frame, nonIntegerParity.report({ span: right.span, found: phraseOf(k) }));
  return whole(makeTensor(frame, "parity", [castTo(frame, k, "f32", span)], {}, span), true);
}

function describedPair({ left, right }: BinaryUse): { readonly left: string; readonly right: string } {
  return { left: phraseOf(left.value), right: phraseOf(right.value) };
}
