/**
 * Pass `narrow`: operands of products are rounded to half precision, where the options ask for it. Their range is a trap
 * (below 6·10⁻⁵ a number loses digits or is flushed to 0, beyond 65,504 there is none), so each is first scaled
 * such that its largest element is near 2¹⁴, and the product is scaled back: an exact power of two where the structure
 * bounds the operand, else by the largest element that it has. Products add up in f32.
 *
 *   before   %3 = matmul(x, W)
 *   after    %5 = half(mul(x, 16384 / max|x|))   %8 = half(mul(W, 16384 / max|W|))
 *            %9 = matmul(%5, %8)                 %10 = mul(%9, max|x| · max|W| / 2²⁸)
 *
 * In a streamed region no maximum over rows and classes is at hand. What is bounded there (probabilities, rows of length
 * 1) is rounded; a product of anything else stays as it is. Class weights are divided by their lengths, which the
 * product gets back. A cosine is rounded before anything reads it, so that its probability is the same in every pass. What
 * is not rounded: reductions, lengths, statistics, parameters and the optimizer's state, and the own class's cosine, which
 * is no product of matrices. What the pass cannot do yet: bound a user's gradient that is no softmax.
 */
import { type Formulas, formulas, inputOf } from "../ir/build.ts";
import { type Dim, constantDim } from "../ir/dim.ts";
import { type Node, isOp, nodesOfGraph } from "../ir/node.ts";
import { mapOutputs } from "../ir/rewrite.ts";
import { isScalar } from "./fuse.ts";
import { boundOfProduct, factorsOf, hasUnitRows, rowOfLength } from "./narrow/bounds.ts";
import type { Pass, Stage } from "./pass.ts";
import { streamedValues } from "./stream.ts";

export const narrow: Pass = {
  name: "narrow",
  doc: "Operands of products are scaled and rounded to half precision; sums stay in f32.",
  run: (stage) => (stage.options.operands === "f32" ? stage : { ...stage, graph: narrowed(stage) }),
};

/** The largest element of a scaled operand: far from 65,504, so that a bound may be off by some roundings. */
const top = 2 ** 14;

/** A maximum that is smaller counts as this. */
const smallest = 2 ** -100;

interface Narrowing {
  readonly f: Formulas;
  /** What a node of the graph before became. */
  readonly made: (node: Node) => Node;
  readonly local: ReadonlySet<Node>;
  readonly sliced: ReadonlySet<Node>;
  /** The length of each row of a matrix of class weights, as a column, where the graph has it. */
  readonly lengths: ReadonlyMap<Node, Node>;
}

/** A rounded operand, and what a product with it is multiplied with afterwards. */
interface Operand {
  readonly node: Node;
  readonly unscale: number;
  readonly scalars: readonly Node[];
}

function narrowed(stage: Stage): Stage["graph"] {
  const { graph, builder } = stage;
  const nodes = nodesOfGraph(graph);
  const results = new Map<Node, Node>();
  const made = (node: Node): Node => results.get(node) ?? node;
  const facts = { made, lengths: lengthsOf(nodes), ...streamedValues(stage) };
  for (const node of nodes) {
    const f = formulas(builder, node.span);
    const inputs = node.inputs.map(made);
    const same = inputs.every((input, index) => input === node.inputs[index]);
    const plain = same ? node : builder.make(node.op, inputs, node.attrs, node.span);
    results.set(node, narrowedNode({ f, ...facts }, node) ?? plain);
  }
  return mapOutputs(graph, made);
}

/** The lengths of the rows of every matrix that has them in the graph. */
function lengthsOf(nodes: readonly Node[]): ReadonlyMap<Node, Node> {
  return new Map(
    nodes.flatMap((node) => {
      const row = rowOfLength(node);
      return row === undefined ? [] : [[row, node] as const];
    }),
  );
}

/** The node on rounded operands; undefined where it is no product, or one of its operands cannot be rounded. */
function narrowedNode(narrowing: Narrowing, node: Node): Node | undefined {
  if (isOp(node, "matmul")) return narrowedMatmul(narrowing, node);
  const convolution =
    isOp(node, "conv2d") || isOp(node, "conv2d_input_gradient") || isOp(node, "conv2d_filter_gradient");
  if (!convolution) return undefined;
  const [a, b] = node.inputs.map((input) => operandOf(narrowing, input, undefined));
  if (a === undefined || b === undefined) return undefined;
  const product = narrowing.f.make(node.op, [a.node, b.node], node.attrs);
  return scaledBack(narrowing, product, a, b, undefined);
}

function narrowedMatmul(narrowing: Narrowing, node: Node<"matmul">): Node | undefined {
  const { f, lengths, sliced, local } = narrowing;
  const [left, right] = [inputOf(node, 0), inputOf(node, 1)];
  const { transposeA, transposeB } = node.attrs;
  const lengthOf = (x: Node): Node | undefined => (sliced.has(x) ? lengths.get(x) : undefined);
  const [leftLength, rightLength] = [lengthOf(left), lengthOf(right)];
  // Rows that the product keeps give the result their lengths; rows that it adds up give them to the other operand.
  const a = sideOf(narrowing, left, transposeB ? undefined : rightLength, transposeA ? "column" : "row");
  const b = sideOf(narrowing, right, transposeA ? leftLength : undefined, transposeB ? "row" : "column");
  if (a === undefined || b === undefined) return undefined;
  const product = f.make("matmul", [a.node, b.node], node.attrs);
  const unit = (x: Node, length: Node | undefined): boolean => length !== undefined || hasUnitRows(x);
  const isCosine =
    local.has(node) && !transposeA && transposeB && unit(left, leftLength) && unit(right, rightLength);
  const back = scaledBack(narrowing, product, a, b, isCosine ? "round" : undefined);
  const rows = leftLength !== undefined && !transposeA ? along(f, leftLength, "column") : undefined;
  const columns = rightLength !== undefined && transposeB ? along(f, rightLength, "row") : undefined;
  return [rows, columns].reduce((x: Node, length) => (length === undefined ? x : f.mul(x, length)), back);
}

/** Class weights without their lengths, or an operand that takes the lengths of the other one's rows along an axis. */
function sideOf(
  narrowing: Narrowing,
  x: Node,
  lengths: Node | undefined,
  axis: "row" | "column",
): Operand | undefined {
  const { f, made } = narrowing;
  const own = narrowing.sliced.has(x) ? narrowing.lengths.get(x) : undefined;
  if (own === undefined)
    return operandOf(narrowing, x, lengths === undefined ? undefined : along(f, lengths, axis));
  // Both at once, weights by weights, would need the lengths of one on the other.
  if (lengths !== undefined) return undefined;
  const unit = f.div(made(x), along(f, own, "column"));
  return { node: rounded(f, f.mul(unit, f.f32(top))), unscale: 1 / top, scalars: [] };
}

/** Lengths as a column, or as a row for what has the rows along its second axis. */
function along(f: Formulas, lengths: Node, as: "row" | "column"): Node {
  const rows: Dim = lengths.type.shape[0] ?? constantDim(1);
  return f.reshape(lengths, as === "column" ? [rows, constantDim(1)] : [constantDim(1), rows]);
}

function operandOf(narrowing: Narrowing, x: Node, extra: Node | undefined): Operand | undefined {
  const { f, made, local, sliced } = narrowing;
  if (extra === undefined && (isOp(x, "reshape") || isOp(x, "transpose"))) {
    const inner = operandOf(narrowing, inputOf(x, 0), undefined);
    return inner === undefined ? undefined : { ...inner, node: f.make(x.op, [inner.node], x.attrs) };
  }
  const { factors, scalars } = split(x, extra);
  const value = product(f, factors.map(made));
  const bound = boundOfProduct(factors);
  if (bound < Infinity) {
    const scale = 2 ** Math.floor(Math.log2(top / Math.max(bound, smallest)));
    return { node: rounded(f, f.mul(value, f.f32(scale))), unscale: 1 / scale, scalars: scalars.map(made) };
  }
  if (local.has(x) || extra !== undefined) return undefined;
  // Weights come by and by; they are rounded as they are.
  if (sliced.has(x)) return { node: rounded(f, value), unscale: 1, scalars: scalars.map(made) };
  const axes = value.type.shape.map((_, axis) => axis);
  const largest = f.maximum(f.max(f.abs(value), { axes, keepDims: false }), f.f32(smallest));
  return {
    node: rounded(f, f.mul(value, f.div(f.f32(top), largest))),
    unscale: 1 / top,
    scalars: [...scalars.map(made), largest],
  };
}

/** Single numbers among the factors go behind the product. */
function split(
  x: Node,
  extra: Node | undefined,
): { readonly factors: readonly Node[]; readonly scalars: readonly Node[] } {
  const all = [...factorsOf(x), ...(extra === undefined ? [] : [extra])];
  const factors = all.filter((factor) => !isScalar(factor));
  return all.length === 1 || factors.length === 0
    ? { factors: [x], scalars: [] }
    : { factors, scalars: all.filter(isScalar) };
}

function product(f: Formulas, factors: readonly Node[]): Node {
  return factors.reduce((total, factor) => f.mul(total, factor));
}

function rounded(f: Formulas, x: Node): Node {
  return f.make("half", [x], {});
}

/** The product in its own units. With `round` it is a cosine, which is rounded too, with 2¹⁴ as its 1. */
function scaledBack(
  { f }: Narrowing,
  product: Node,
  a: Operand,
  b: Operand,
  then: "round" | undefined,
): Node {
  const unscale = a.unscale * b.unscale;
  const scalars = [...a.scalars, ...b.scalars];
  if (then === "round" && scalars.length === 0)
    return f.mul(rounded(f, f.mul(product, f.f32(unscale * top))), f.f32(1 / top));
  const factor = scalars.reduce((total, scalar) => f.mul(total, f.reshape(scalar, [])), f.f32(unscale));
  return f.mul(product, factor);
}
