/**
 * Formulas as nodes: `const { add, mul } = formulas(builder)` lets a gradient or a rewrite rule read like
 * the mathematics that it states. It only makes nodes; it simplifies nothing.
 */
import type { Span } from "../errors/span.ts";
import type { AttrsOf, OpName, ReduceAttrs } from "../ops/attrs.ts";
import { type Dim, constantDim, isSize, sameDim } from "./dim.ts";
import type { GraphBuilder, Node } from "./node.ts";
import { type DType, type TensorType, sameShape } from "./type.ts";

export type Formulas = ReturnType<typeof newFormulas>;

type Plain = { readonly [K in OpName]: Record<never, never> extends AttrsOf<K> ? K : never }[OpName];

/** Makers of nodes that carry `span`. Numbers given to `f32` and `i32` become scalar constants. */
export function formulas(builder: GraphBuilder, span?: Span): Formulas {
  const made = makers.get(builder) ?? new Map<Span | undefined, Formulas>();
  makers.set(builder, made);
  const known = made.get(span) ?? newFormulas(builder, span);
  made.set(span, known);
  return known;
}

/** Rules ask for them at every node; they hold nothing but the builder and the span. */
const makers = new WeakMap<GraphBuilder, Map<Span | undefined, Formulas>>();

function newFormulas(builder: GraphBuilder, span: Span | undefined) {
  const make = <K extends OpName>(op: K, inputs: readonly Node[], attrs: AttrsOf<K>): Node =>
    builder.make(op, inputs, attrs, span);
  const one =
    <K extends Plain>(op: K) =>
    (x: Node): Node =>
      make(op, [x], noAttrs<K>());
  const two =
    <K extends Plain>(op: K) =>
    (a: Node, b: Node): Node =>
      make(op, [a, b], noAttrs<K>());
  const constant = (value: number, dtype: DType): Node => make("constant", [], { value, dtype });
  const reduce =
    (op: "sum" | "max" | "logsumexp" | "mean") =>
    (x: Node, attrs: ReduceAttrs): Node =>
      make(op, [x], attrs);
  const broadcast = (x: Node, shape: readonly Dim[]): Node =>
    sameShape(x.type.shape, shape) ? x : make("broadcast", [x], { shape });
  const reshape = (x: Node, shape: readonly Dim[]): Node =>
    sameShape(x.type.shape, shape) ? x : make("reshape", [x], { shape });
  return {
    make,
    constant,
    f32: (value: number): Node => constant(value, "f32"),
    i32: (value: number): Node => constant(value, "i32"),
    /** A constant in the shape of a type. */
    filled: (value: number, type: TensorType): Node => broadcast(constant(value, type.dtype), type.shape),
    neg: one("neg"),
    abs: one("abs"),
    sign: one("sign"),
    exp: one("exp"),
    log: one("log"),
    sqrt: one("sqrt"),
    floor: one("floor"),
    sin: one("sin"),
    cos: one("cos"),
    not: one("not"),
    add: two("add"),
    sub: two("sub"),
    mul: two("mul"),
    div: two("div"),
    pow: two("pow"),
    minimum: two("minimum"),
    maximum: two("maximum"),
    less: two("less"),
    lessEqual: two("less_equal"),
    equal: two("equal"),
    and: two("and"),
    gather: two("gather"),
    pick: two("pick"),
    select: (condition: Node, yes: Node, no: Node): Node => make("select", [condition, yes, no], {}),
    cast: (x: Node, dtype: DType): Node => (x.type.dtype === dtype ? x : make("cast", [x], { dtype })),
    sum: reduce("sum"),
    max: reduce("max"),
    logsumexp: reduce("logsumexp"),
    mean: reduce("mean"),
    reshape,
    broadcast,
    transpose: (x: Node, permutation: readonly number[]): Node => make("transpose", [x], { permutation }),
    /** The transpose of a matrix. */
    flip: (x: Node): Node => make("transpose", [x], { permutation: [1, 0] }),
    matmul: (a: Node, b: Node, transposeA: "flip" | "keep", transposeB: "flip" | "keep"): Node =>
      make("matmul", [a, b], { transposeA: transposeA === "flip", transposeB: transposeB === "flip" }),
    /** x with a 1 put back in place of each reduced axis. */
    unreduce: (x: Node, from: TensorType, axes: readonly number[]): Node =>
      reshape(
        x,
        from.shape.map((dim, axis) => (axes.includes(axis) ? constantDim(1) : dim)),
      ),
    /** Sums away what broadcasting added, so that x has the shape of `type`. */
    unbroadcast: (x: Node, type: TensorType): Node => {
      const extra = x.type.shape.length - type.shape.length;
      const leading = Array.from({ length: extra }, (_, axis) => axis);
      const summed = extra === 0 ? x : make("sum", [x], { axes: leading, keepDims: false });
      const axes = type.shape.flatMap((dim, axis) =>
        isSize(dim, 1) && !isSize(summed.type.shape[axis] ?? dim, 1) ? [axis] : [],
      );
      return axes.length === 0 ? summed : make("sum", [summed], { axes, keepDims: true });
    },
  };
}

/** Whether an element-wise result of this shape is `type` itself, not a stretched copy. */
export function fills(type: TensorType, shape: readonly Dim[]): boolean {
  return (
    type.shape.length === shape.length && type.shape.every((dim, axis) => sameDim(dim, shape[axis] ?? dim))
  );
}

/** The empty attributes of an operation that has none; TypeScript cannot see through the mapped type. */
function noAttrs<K extends Plain>(): AttrsOf<K> {
  return nothing as AttrsOf<K>;
}

const nothing = Object.freeze({});

/** An input that the operation's count promises. Throws if the node was not made by a builder. */
export function inputOf(node: Node, index: number): Node {
  const input = node.inputs[index];
  if (input === undefined) throw new Error(`${node.op} has no input ${index}`);
  return input;
}
