/**
 * Element-wise operations. Operands broadcast; gradients sum what was broadcast. Where a function has a
 * kink the gradient is one of its subgradients: `maximum(a, b)` and `minimum(a, b)` give a tie to b, so
 * `max(x, 0)` has gradient 0 at 0 (which side won is asked of the result, so that the way back need not keep x), and `abs` and `sign` have 0 there. `acos` has gradient 0 where
 * 1 - c² < 1e-12, so it is finite everywhere. Gradients choose with `select`, never by multiplying with
 * a mask: 0 times an infinity that was not chosen would be NaN.
 */
import { type Formulas, formulas, inputOf } from "../ir/build.ts";
import type { Node } from "../ir/node.ts";
import type { PrimitiveName } from "./attrs.ts";
import { at, broadcastStrides, elementCount, emptyReference, operand, walk } from "./arrays.ts";
import { errorFunction, roundHalfToEven, roundToHalf } from "./functions.ts";
import type { PrimitiveRecord, PrimitiveTable, Reference } from "./record.ts";

type UnaryName =
  | "neg" | "abs" | "sign" | "exp" | "log" | "sqrt" | "floor" | "round" | "sin" | "cos" | "acos" | "tanh" | "erf"
  | "half"; // prettier-ignore
type BinaryName = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum";
type BooleanName = "less" | "less_equal" | "equal" | "and" | "or" | "not";

/** Smallest 1 - c² at which acos has a gradient; below it f32 cannot tell c from ±1 in any case. */
const acosGuard = 1e-12;

const unary: Pick<PrimitiveTable, UnaryName> = {
  neg: map(
    "The negative of x.",
    (x) => -x,
    ({ neg }, _, g) => neg(g),
  ),
  abs: map("The absolute value; gradient 0 at 0.", Math.abs, ({ mul, sign }, x, g) => mul(g, sign(x))),
  sign: map("-1, 0 or 1; gradient 0.", Math.sign),
  exp: map("e to the power x.", Math.exp, ({ mul }, _, g, y) => mul(g, y)),
  log: map("The natural logarithm.", Math.log, ({ div }, x, g) => div(g, x)),
  sqrt: map("The square root; the gradient at 0 is infinite.", Math.sqrt, ({ div, mul, f32 }, _, g, y) =>
    div(mul(f32(0.5), g), y),
  ),
  floor: map("The largest integer that is not above x; gradient 0.", Math.floor),
  round: map("The nearest integer, halves to even; gradient 0.", roundHalfToEven),
  sin: map("The sine of x in radians.", Math.sin, ({ mul, cos }, x, g) => mul(g, cos(x))),
  cos: map("The cosine of x in radians.", Math.cos, ({ mul, sin, neg }, x, g) => neg(mul(g, sin(x)))),
  acos: map(
    "The angle in [0, π] whose cosine is x, with x clamped to [-1, 1]; gradient 0 at and beyond ±1.",
    (x) => Math.acos(Math.min(1, Math.max(-1, x))),
    ({ f32, sub, mul, less, select, sqrt, maximum, neg, div }, x, g) => {
      const rest = sub(f32(1), mul(x, x));
      const slope = neg(div(g, sqrt(maximum(rest, f32(acosGuard)))));
      return select(less(rest, f32(acosGuard)), f32(0), slope);
    },
  ),
  tanh: map("The hyperbolic tangent.", Math.tanh, ({ mul, sub, f32 }, _, g, y) =>
    mul(g, sub(f32(1), mul(y, y))),
  ),
  erf: map("The error function, 2/√π ∫₀ˣ exp(-t²) dt.", errorFunction, ({ mul, f32, exp, neg }, x, g) =>
    mul(g, mul(f32(2 / Math.sqrt(Math.PI)), exp(neg(mul(x, x))))),
  ),
  half: map(
    "x to the nearest number of half precision, ties to even, beyond ±65504 the largest; gradient 0.",
    roundToHalf,
  ),
};

const binary: Pick<PrimitiveTable, BinaryName> = {
  add: combine(
    "The sum of a and b.",
    (a, b) => a + b,
    (_, __, ___, g) => [g, g],
  ),
  sub: combine(
    "a minus b.",
    (a, b) => a - b,
    ({ neg }, _, __, g) => [g, neg(g)],
  ),
  mul: combine(
    "The product of a and b.",
    (a, b) => a * b,
    ({ mul }, a, b, g) => [mul(g, b), mul(g, a)],
    Math.imul,
  ),
  div: combine(
    "a divided by b.",
    (a, b) => a / b,
    ({ div, mul, neg }, _, b, g, y) => {
      const toLeft = div(g, b);
      return [toLeft, neg(mul(toLeft, y))];
    },
  ),
  pow: combine(
    "a to the power b. The exponent's gradient is 0 where a ≤ 0, the base's where b = 0.",
    (a, b) => a ** b,
    ({ f32, mul, pow, sub, select, equal, less, log }, a, b, g, y) => [
      select(equal(b, f32(0)), f32(0), mul(g, mul(b, pow(a, sub(b, f32(1)))))),
      select(less(f32(0), a), mul(g, mul(y, log(a))), f32(0)),
    ],
  ),
  minimum: combine(
    "The smaller of a and b; a tie gives its gradient to b.",
    Math.min,
    ({ select, less, f32 }, _, b, g, y) => {
      const left = less(y, b);
      return [select(left, g, f32(0)), select(left, f32(0), g)];
    },
  ),
  maximum: combine(
    "The larger of a and b; a tie gives its gradient to b.",
    Math.max,
    ({ select, less, f32 }, _, b, g, y) => {
      const left = less(b, y);
      return [select(left, g, f32(0)), select(left, f32(0), g)];
    },
  ),
};

const booleans: Pick<PrimitiveTable, BooleanName> = {
  less: compare("Whether a < b.", (a, b) => a < b),
  less_equal: compare("Whether a ≤ b.", (a, b) => a <= b),
  equal: compare("Whether a = b.", (a, b) => a === b),
  and: compare("Whether both hold.", (a, b) => a !== 0 && b !== 0),
  or: compare("Whether either holds.", (a, b) => a !== 0 || b !== 0),
  not: {
    doc: "Whether x does not hold.",
    evaluate: (inputs) => mapped(operand(inputs, 0), (x) => (x === 0 ? 1 : 0)),
    gradient: () => [undefined],
  },
};

export const elementwise: Pick<PrimitiveTable, UnaryName | BinaryName | BooleanName | "cast" | "select"> = {
  ...unary,
  ...binary,
  ...booleans,
  cast: {
    doc: "Another element type: f32 to i32 drops the fraction, a number to bool asks whether it is not 0.",
    evaluate: (inputs, { dtype }) => {
      const x = operand(inputs, 0);
      const convert =
        dtype === "bool" ? (v: number) => (v === 0 ? 0 : 1) : dtype === "i32" ? Math.trunc : Number;
      return { ...mapped(x, convert), dtype };
    },
    gradient: (_, node, adjoint) => [
      node.type.dtype === "f32" && inputOf(node, 0).type.dtype === "f32" ? adjoint : undefined,
    ],
  },
  select: {
    doc: "select(condition, a, b): a where the condition holds, else b.",
    evaluate: (inputs, _, shape) => chosen(operand(inputs, 0), operand(inputs, 1), operand(inputs, 2), shape),
    gradient: (builder, node, adjoint) => {
      const { select, f32, unbroadcast } = formulas(builder, node.span);
      const [condition, yes, no] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)];
      return [
        undefined,
        unbroadcast(select(condition, adjoint, f32(0)), yes.type),
        unbroadcast(select(condition, f32(0), adjoint), no.type),
      ];
    },
  },
};

/** y = f(x), and the adjoint of x from x, the adjoint g of y, and y; none for piecewise constants. */
function map<K extends UnaryName>(
  doc: string,
  compute: (x: number) => number,
  slope?: (f: Formulas, x: Node, g: Node, y: Node) => Node,
): PrimitiveRecord<K> {
  return {
    doc,
    evaluate: (inputs) => mapped(operand(inputs, 0), compute),
    gradient: (builder, node, adjoint) => [
      slope?.(formulas(builder, node.span), inputOf(node, 0), adjoint, plain(node)),
    ],
  };
}

/** y = f(a, b), and the adjoints of a and b before what was broadcast is summed. */
function combine<K extends BinaryName>(
  doc: string,
  compute: (a: number, b: number) => number,
  slopes: (f: Formulas, a: Node, b: Node, g: Node, y: Node) => readonly [Node, Node],
  ofIntegers = compute,
): PrimitiveRecord<K> {
  return {
    doc,
    evaluate: (inputs, _, shape) => {
      const [a, b] = [operand(inputs, 0), operand(inputs, 1)];
      return combined(a, b, shape, a.dtype === "i32" ? ofIntegers : compute);
    },
    gradient: (builder, node, adjoint) => {
      const f = formulas(builder, node.span);
      const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
      const [left, right] = slopes(f, a, b, adjoint, plain(node));
      return [f.unbroadcast(left, a.type), f.unbroadcast(right, b.type)];
    },
  };
}

function compare<K extends BooleanName>(
  doc: string,
  holds: (a: number, b: number) => boolean,
): PrimitiveRecord<K> {
  return {
    doc,
    evaluate: (inputs, _, shape) => ({
      ...combined(operand(inputs, 0), operand(inputs, 1), shape, (a, b) => (holds(a, b) ? 1 : 0)),
      dtype: "bool",
    }),
    gradient: () => [undefined, undefined],
  };
}

/** Any node as an operand; a node of a known operation is one, which the checker cannot see for a free K. */
function plain<K extends PrimitiveName>(node: Node<K>): Node {
  return node as unknown as Node;
}

function mapped(x: Reference, compute: (x: number) => number): Reference {
  return { dtype: x.dtype, shape: x.shape, data: x.data.map((value) => compute(value)) };
}

function combined(
  a: Reference,
  b: Reference,
  shape: readonly number[],
  compute: (a: number, b: number) => number,
): Reference {
  const result = emptyReference(a.dtype, shape);
  const { data } = result;
  const count = elementCount(shape);
  if (a.data.length === count && b.data.length === count) {
    for (let i = 0; i < count; i++) data[i] = compute(at(a.data, i), at(b.data, i));
    return result;
  }
  const [left, right] = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  walk(shape, left, right, (i, l, r) => (data[i] = compute(at(a.data, l), at(b.data, r))));
  return result;
}

function chosen(condition: Reference, yes: Reference, no: Reference, shape: readonly number[]): Reference {
  const result = emptyReference(yes.dtype, shape);
  const choice = broadcastStrides(condition.shape, shape);
  walk(shape, choice, broadcastStrides(yes.shape, shape), (i, c, from) => {
    if (at(condition.data, c) !== 0) result.data[i] = at(yes.data, from);
  });
  walk(shape, choice, broadcastStrides(no.shape, shape), (i, c, from) => {
    if (at(condition.data, c) === 0) result.data[i] = at(no.data, from);
  });
  return result;
}
