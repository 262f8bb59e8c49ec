/**
 * Element-wise functions. Of constants they fold, in float64; of tensors they are one operation.
 */
import { errorFunction, roundHalfToEven } from "../../ops/functions.ts";
import { type TensorOrError, castTo, makeTensor, toTensor } from "../tensors.ts";
import { type Value, errorValue, floatValue, intValue, knownNumber } from "../values.ts";
import {
  type Builtin,
  type BuiltinCall,
  type ElementwiseName,
  type UnaryName,
  argument,
  isWhole,
  markIntegral,
  tensorArgument,
  wrong,
} from "./builtin.ts";

const unaryDocs: { readonly [K in UnaryName]: string } = {
  abs: "The size of x without its sign.",
  sign: "-1, 0 or 1.",
  exp: "e to the power of x.",
  log: "The natural logarithm.",
  sqrt: "The square root.",
  floor: "The largest integer that is not above x.",
  round: "The nearest integer, halves to the even one.",
  sin: "The sine of an angle in radians.",
  cos: "The cosine of an angle in radians.",
  acos: "The angle in [0, pi] whose cosine is x; x is clamped to [-1, 1].",
  tanh: "The hyperbolic tangent.",
  erf: "The error function.",
  sigmoid: "1 / (1 + exp(-x)).",
  softplus: "log(1 + exp(x)), computed without overflow; its gradient is sigmoid(x).",
};

const foldUnary: { readonly [K in UnaryName]: (x: number) => number } = {
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  floor: Math.floor,
  round: roundHalfToEven,
  sin: Math.sin,
  cos: Math.cos,
  acos: (x) => Math.acos(Math.min(1, Math.max(-1, x))),
  tanh: Math.tanh,
  erf: errorFunction,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => logAddExp(x, 0),
};

function logAddExp(a: number, b: number): number {
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

const keepsIntegers: ReadonlySet<UnaryName> = new Set(["abs", "sign", "floor", "round"]);
const makesIntegers: ReadonlySet<UnaryName> = new Set(["sign", "floor", "round"]);

function unary(name: UnaryName): Builtin {
  return {
    signature: `${name}(x)`,
    doc: unaryDocs[name],
    parameters: ["x"],
    kind: "elementwise",
    evaluate: (call) => evaluateUnary(call, name),
  };
}

function evaluateUnary(call: BuiltinCall, name: UnaryName): Value {
  const { value } = argument(call, "x");
  const known = knownNumber(value);
  if (known !== undefined) {
    const folded = foldUnary[name](known);
    const isInt = (value.kind === "int" && keepsIntegers.has(name)) || makesIntegers.has(name);
    return isInt && Number.isSafeInteger(folded) ? intValue(folded) : floatValue(folded);
  }
  const x = tensorArgument(call, "x");
  if (x.kind === "error") return x;
  if (x.type.dtype === "bool") return wrong(call, "x", "numbers");
  if (x.type.dtype === "i32" && (name === "floor" || name === "round")) return x;
  const isInt = x.type.dtype === "i32" && keepsIntegers.has(name);
  const operand = isInt ? x : castTo(call.frame, x, "f32", call.span);
  const result = makeTensor(call.frame, name, [operand], {}, call.span);
  return markIntegral(result, makesIntegers.has(name) || (keepsIntegers.has(name) && isWhole(x)));
}

export const elementwiseBuiltins: { readonly [K in ElementwiseName]: Builtin } = {
  abs: unary("abs"),
  sign: unary("sign"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  floor: unary("floor"),
  round: unary("round"),
  sin: unary("sin"),
  cos: unary("cos"),
  acos: unary("acos"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  sigmoid: unary("sigmoid"),
  softplus: unary("softplus"),
  logaddexp: {
    signature: "logaddexp(a, b)",
    doc: "log(exp(a) + exp(b)), computed without overflow.",
    parameters: ["a", "b"],
    kind: "elementwise",
    evaluate: addLogarithms,
  },
  clamp: {
    signature: "clamp(x, low, high)",
    doc: "x held between low and high.",
    parameters: ["x", "low", "high"],
    kind: "elementwise",
    evaluate: clamp,
  },
  detach: {
    signature: "detach(x)",
    doc: "The value of x; no gradient flows to it.",
    parameters: ["x"],
    kind: "elementwise",
    evaluate: (call) => {
      const { value } = argument(call, "x");
      if (value.kind !== "tensor") return value;
      return keepingFacts(value, makeTensor(call.frame, "detach", [value], {}, call.span));
    },
  },
  straight_through: {
    signature: "straight_through(forward, backward)",
    doc: "The value of `forward` with the gradient of `backward`.",
    parameters: ["forward", "backward"],
    kind: "elementwise",
    evaluate: (call) => {
      const [forward, backward] = [
        tensorArgument(call, "forward", "f32"),
        tensorArgument(call, "backward", "f32"),
      ];
      if (forward.kind === "error") return forward;
      if (backward.kind === "error") return backward;
      return makeTensor(call.frame, "straight_through", [forward, backward], {}, call.span);
    },
  },
  f32: {
    signature: "f32(x)",
    doc: "x as a number of the graph: true is 1, false is 0.",
    parameters: ["x"],
    kind: "elementwise",
    evaluate: (call) => cast(call, "f32"),
  },
  i32: {
    signature: "i32(x)",
    doc: "x as a whole number, cut towards zero.",
    parameters: ["x"],
    kind: "elementwise",
    evaluate: (call) => cast(call, "i32"),
  },
};

function keepingFacts(from: Extract<Value, { kind: "tensor" }>, to: TensorOrError): TensorOrError {
  if (to.kind === "error") return to;
  const bound = from.bound === undefined ? {} : { bound: from.bound };
  return { ...to, ...bound, ...(from.integral === true ? { integral: true as const } : {}) };
}

function addLogarithms(call: BuiltinCall): Value {
  const [a, b] = [knownNumber(argument(call, "a").value), knownNumber(argument(call, "b").value)];
  if (a !== undefined && b !== undefined) return floatValue(logAddExp(a, b));
  const [left, right] = [tensorArgument(call, "a", "f32"), tensorArgument(call, "b", "f32")];
  if (left.kind === "error") return left;
  if (right.kind === "error") return right;
  return makeTensor(call.frame, "logaddexp", [left, right], {}, call.span);
}

function clamp(call: BuiltinCall): Value {
  const names = ["x", "low", "high"] as const;
  const known = names.map((name) => knownNumber(argument(call, name).value));
  const [x, low, high] = known;
  if (x !== undefined && low !== undefined && high !== undefined) {
    const folded = Math.min(high, Math.max(low, x));
    const isInt = names.every((name) => argument(call, name).value.kind === "int");
    return isInt ? intValue(folded) : floatValue(folded);
  }
  const tensors = names.map((name) => tensorArgument(call, name, "f32"));
  const [a, b, c] = tensors;
  if (a === undefined || b === undefined || c === undefined) return errorValue;
  if (a.kind === "error") return a;
  if (b.kind === "error") return b;
  if (c.kind === "error") return c;
  return markIntegral(makeTensor(call.frame, "clamp", [a, b, c], {}, call.span), [a, b, c].every(isWhole));
}

function cast(call: BuiltinCall, dtype: "f32" | "i32"): Value {
  const { value, span } = argument(call, "x");
  const known = value.kind === "bool" && value.value !== undefined ? Number(value.value) : knownNumber(value);
  if (known !== undefined) return dtype === "f32" ? floatValue(known) : intValue(Math.trunc(known));
  const tensor = toTensor(call.frame, value, span, dtype);
  return tensor.kind === "error" ? tensor : castTo(call.frame, tensor, dtype, call.span);
}
