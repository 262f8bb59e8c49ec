/** Element-wise operations as WGSL expressions of their operands' values: one line each, total by its type. */
import type { DType } from "../../ir/type.ts";
import type { Value } from "./kernel.ts";
import type { KernelWriter } from "./writer.ts";

export type ScalarName =
  | "neg" | "abs" | "sign" | "exp" | "log" | "sqrt" | "floor" | "round" | "sin" | "cos" | "acos" | "tanh" | "erf" | "half"
  | "not" | "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum" | "less" | "less_equal" | "equal"
  | "and" | "or" | "select"; // prettier-ignore

type Scalar = (operands: readonly string[], writer: KernelWriter) => string;

/** The largest finite f32: the start of a maximum, since WGSL has no infinities. */
export const lowest = "-0x1.fffffep+127f";

/** Operands are names or literals, so they need no parentheses. */
export const scalars: { readonly [K in ScalarName]: Scalar } = {
  neg: ([x]) => `-${x}`,
  abs: ([x]) => `abs(${x})`,
  sign: ([x]) => `sign(${x})`,
  exp: ([x]) => `exp(${x})`,
  log: ([x]) => `log(${x})`,
  sqrt: ([x]) => `sqrt(${x})`,
  floor: ([x]) => `floor(${x})`,
  round: ([x]) => `round(${x})`,
  sin: helper("sine"),
  cos: helper("cosine"),
  acos: helper("arc_cosine"),
  tanh: helper("hyperbolic_tangent"),
  erf: helper("error_function"),
  half: helper("round_to_half"),
  not: ([x]) => `!${x}`,
  add: ([a, b]) => `${a} + ${b}`,
  sub: ([a, b]) => `${a} - ${b}`,
  mul: ([a, b]) => `${a} * ${b}`,
  div: ([a, b]) => `${a} / ${b}`,
  pow: helper("power"),
  minimum: ([a, b]) => `min(${a}, ${b})`,
  maximum: ([a, b]) => `max(${a}, ${b})`,
  less: ([a, b]) => `${a} < ${b}`,
  less_equal: ([a, b]) => `${a} <= ${b}`,
  equal: ([a, b]) => `${a} == ${b}`,
  and: ([a, b]) => `${a} & ${b}`,
  or: ([a, b]) => `${a} | ${b}`,
  select: ([condition, yes, no]) => `select(${no}, ${yes}, ${condition})`,
};

function helper(name: string): Scalar {
  return (operands, writer) => writer.call(name, "f32", ...operands).text;
}

export function castValue(value: Value, dtype: DType): Value {
  if (value.type === dtype) return value;
  if (dtype === "bool") return { text: `${value.text} != ${value.type}(0)`, type: "bool" };
  if (value.type === "bool") return { text: `select(${dtype}(0), ${dtype}(1), ${value.text})`, type: dtype };
  return { text: `${dtype}(${value.text})`, type: dtype };
}

/** A number of the language. Infinities become the largest finite number: WGSL has no constant for them. */
export function literalValue(value: number, dtype: DType): Value {
  switch (dtype) {
    case "bool":
      return { text: value === 0 ? "false" : "true", type: "bool" };
    case "i32":
      return { text: value < 0 ? `i32(${Math.trunc(value)})` : String(Math.trunc(value)), type: "i32" };
    case "f32":
      return { text: floatText(value), type: "f32" };
    default:
      return dtype satisfies never;
  }
}

function floatText(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return rounded > 0 ? `(${lowest.slice(1)})` : `(${lowest})`;
  const text = String(rounded);
  const whole = /^-?\d+$/.test(text) ? `${text}.0` : text;
  return rounded < 0 || Object.is(rounded, -0) ? `(${whole})` : whole;
}
