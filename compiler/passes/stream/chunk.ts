/**
 * Rewrites class-local nodes and sinks for one chunk of classes, class axis first. Each value gets a form: a
 * node over the chunk and the order in which the value's own axes stand in it. Operations that only permute axes then
 * cost nothing, and a transpose is written only where two orders meet. Operands from outside the region are turned
 * outside too, once and not in every chunk.
 */
import { type Dim, constantDim, isSize, multiplyDims } from "../../ir/dim.ts";
import { inputOf } from "../../ir/build.ts";
import { type GraphBuilder, type Node, isOp, isVariable } from "../../ir/node.ts";
import { broadcastShapes, shapeKey } from "../../ir/type.ts";
import { isElementwise } from "../fuse.ts";
import type { Result, Slice } from "../stream.ts";
import { blocksOf } from "./axes.ts";
import type { Members } from "./members.ts";

/** `order[i]` is the value's axis that stands at place i of `node`; the class axis stands first. */
interface Form {
  readonly node: Node;
  readonly order: readonly number[];
}

export interface ChunkWriter {
  /** How a sink or an emitted value is made of chunks. */
  readonly resultsOf: (node: Node) => readonly Result[];
  /** Every slice that was needed so far. */
  readonly slices: () => readonly Slice[];
}

/**
 * How one element a row is taken from a chunk: by its place, or as the sum of a row in which all others are 0. That
 * sum can begin in the kernel that makes the elements, so a GPU need not store them; elsewhere a look-up is cheaper.
 */
export type PickStyle = "by place" | "by sum";

interface Writing {
  readonly picks: PickStyle;
  readonly builder: GraphBuilder;
  readonly members: Members;
  readonly chunk: Dim;
  readonly first: Node;
  readonly formOf: (node: Node) => Form;
}

export function createChunkWriter(
  builder: GraphBuilder,
  members: Members,
  chunk: Dim,
  first: Node,
  picks: PickStyle,
): ChunkWriter {
  const forms = new Map<Node, Form>();
  const slices: Slice[] = [];
  const formOf = (node: Node): Form => {
    const known = forms.get(node);
    if (known !== undefined) return known;
    const form = members.local.has(node) ? localForm(writing, node) : slicedForm(writing, node, slices);
    forms.set(node, form);
    return form;
  };
  const writing: Writing = { picks, builder, members, chunk, first, formOf };
  return {
    resultsOf: (node) => (members.sinks.has(node) ? sinkResults(writing, node) : [rowsResult(writing, node)]),
    slices: () => slices,
  };
}

/** A stored value: its slice, turned so that the class axis stands first. */
function slicedForm(writing: Writing, node: Node, slices: Slice[]): Form {
  const { builder, members } = writing;
  const axis = classAxisOf(writing, node);
  const unit = members.unit(node);
  const shape = chunkShape(writing, node, identity(node.type.shape.length));
  const leaf = builder.make(
    "input",
    [],
    { name: `slice of ${nameOf(node)}`, dtype: node.type.dtype, shape },
    node.span,
  );
  slices.push({ leaf, of: isOp(node, "alias") ? inputOf(node, 0) : node, axis, unit });
  const order = [axis, ...identity(node.type.shape.length).filter((each) => each !== axis)];
  return ordered(builder, { node: leaf, order: identity(order.length) }, order);
}

function nameOf(node: Node): string {
  const named = isVariable(node) || isOp(node, "input");
  return named ? `${node.attrs.name} (%${node.id})` : `%${node.id}`;
}

function localForm(writing: Writing, node: Node): Form {
  const { builder, formOf } = writing;
  if (isElementwise(node)) return elementwiseForm(writing, node);
  if (isOp(node, "broadcast")) return broadcastForm(writing, node);
  if (isOp(node, "transpose")) {
    const form = formOf(inputOf(node, 0));
    const { permutation } = node.attrs;
    return { node: form.node, order: form.order.map((axis) => permutation.indexOf(axis)) };
  }
  if (isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp")) return reduced(writing, node);
  if (isOp(node, "argmax")) {
    const form = formOf(inputOf(node, 0));
    const axis = form.order.indexOf(node.attrs.axis);
    const result = builder.make("argmax", [form.node], { axis }, node.span);
    return { node: result, order: without(form.order, [node.attrs.axis]) };
  }
  if (isOp(node, "reshape")) return reshapeForm(writing, node);
  if (isOp(node, "matmul")) return productForm(writing, node);
  if (isOp(node, "iota")) return { node: classIndices(writing), order: [0] };
  if (isOp(node, "scatter_add")) {
    const [index, updates] = [inputOf(node, 0), inputOf(node, 1)];
    const shifted = shiftedIndex(writing, index);
    const result = builder.make("scatter_add", [shifted, updates], { size: writing.chunk }, node.span);
    return { node: result, order: identity(node.type.shape.length) };
  }
  throw new Error(`${node.op} is not class-local`);
}

/** first, first + 1, … of the chunk. */
function classIndices({ builder, chunk, first }: Writing): Node {
  return builder.make("add", [builder.make("iota", [], { size: chunk }), first], {});
}

/** Class indices counted from the chunk's first class: those of other chunks fall out of range. */
function shiftedIndex({ builder, first }: Writing, index: Node): Node {
  return builder.make("sub", [index, first], {});
}

function elementwiseForm(writing: Writing, node: Node): Form {
  const order = chosenOrder(writing, node);
  const operands = withoutStretching(node).map((input) => aligned(writing, input, node, order));
  return { node: writing.builder.make(node.op, operands, node.attrs, node.span), order };
}

/** A broadcast whose other operands have the full shape anyway is looked through. */
function withoutStretching(node: Node): readonly Node[] {
  return node.inputs.map((input, index) => {
    if (!isOp(input, "broadcast")) return input;
    const source = inputOf(input, 0);
    const shapes = node.inputs.map((other, at) => (at === index ? source : other).type.shape);
    const shape = broadcastShapes(shapes);
    return shape !== undefined && shapeKey(shape) === shapeKey(node.type.shape) ? source : input;
  });
}

/** The order of the first class-valued operand of full rank; else the axes as they are behind the class axis. */
function chosenOrder(writing: Writing, node: Node): readonly number[] {
  const rank = node.type.shape.length;
  const full = node.inputs.find(
    (input) => input.type.shape.length === rank && writing.members.classAxis(input) !== undefined,
  );
  if (full !== undefined) return writing.formOf(full).order;
  const axis = classAxisOf(writing, node);
  return [axis, ...identity(rank).filter((each) => each !== axis)];
}

/** An operand over the chunk, its axes in the order of a result that it broadcasts to. */
function aligned(writing: Writing, input: Node, node: Node, order: readonly number[]): Node {
  const rank = node.type.shape.length;
  const offset = rank - input.type.shape.length;
  if (writing.members.classAxis(input) === undefined)
    return alignedOutside(writing.builder, input, offset, order);
  const form = writing.formOf(input);
  const own = order.filter((axis) => axis >= offset).map((axis) => axis - offset);
  const turned = ordered(writing.builder, form, own).node;
  const shape = order.map((axis) =>
    axis < offset ? constantDim(1) : (turned.type.shape[own.indexOf(axis - offset)] as Dim),
  );
  return reshaped(writing.builder, turned, shape);
}

function alignedOutside(builder: GraphBuilder, input: Node, offset: number, order: readonly number[]): Node {
  const own = order.filter((axis) => axis >= offset).map((axis) => axis - offset);
  const shape = order.map((axis) =>
    axis < offset ? constantDim(1) : (input.type.shape[axis - offset] as Dim),
  );
  const leading = shape.findIndex((dim) => !isSize(dim, 1));
  const trimmed = leading < 0 ? [] : shape.slice(leading);
  return reshaped(builder, ordered(builder, { node: input, order: identity(own.length) }, own).node, trimmed);
}

/** The same value with its axes in another order: moving an axis of size 1 is free. */
function ordered(builder: GraphBuilder, form: Form, order: readonly number[]): Form {
  const permutation = order.map((axis) => form.order.indexOf(axis));
  const wide = permutation.filter((place) => !isSize(form.node.type.shape[place] as Dim, 1));
  if (permutation.every((place, index) => place === index)) return form;
  const shape = permutation.map((place) => form.node.type.shape[place] as Dim);
  const node = wide.every((place, index) => index === 0 || place > (wide[index - 1] as number))
    ? reshaped(builder, form.node, shape)
    : builder.make("transpose", [form.node], { permutation }, form.node.span);
  return { node, order };
}

function reshaped(builder: GraphBuilder, node: Node, shape: readonly Dim[]): Node {
  const source = isOp(node, "reshape") ? inputOf(node, 0) : node;
  return shapeKey(source.type.shape) === shapeKey(shape)
    ? source
    : builder.make("reshape", [source], { shape }, node.span);
}

function broadcastForm(writing: Writing, node: Node<"broadcast">): Form {
  const axis = classAxisOf(writing, node);
  const source = inputOf(node, 0);
  const sameRank = source.type.shape.length === node.type.shape.length;
  const order =
    sameRank && writing.members.classAxis(source) !== undefined
      ? writing.formOf(source).order
      : [axis, ...identity(node.type.shape.length).filter((each) => each !== axis)];
  const operand = aligned(writing, source, node, order);
  const shape = chunkShape(writing, node, order);
  return { node: writing.builder.make("broadcast", [operand], { shape }, node.span), order };
}

/** A reduction; over the class axis too when the node is a sink. */
function reduced(writing: Writing, node: Node<"sum" | "max" | "logsumexp">): Form {
  const form = writing.formOf(inputOf(node, 0));
  const axes = node.attrs.axes.map((axis) => form.order.indexOf(axis)).sort((a, b) => a - b);
  const { keepDims } = node.attrs;
  const result = writing.builder.make(node.op, [form.node], { axes, keepDims }, node.span);
  return { node: result, order: keepDims ? form.order : without(form.order, node.attrs.axes) };
}

/** The order of the axes that stay, numbered anew. */
function without(order: readonly number[], removed: readonly number[]): readonly number[] {
  return order
    .filter((axis) => !removed.includes(axis))
    .map((axis) => axis - removed.filter((other) => other < axis).length);
}

/** The class axis's block goes first on both sides; the other blocks keep their order. */
function reshapeForm(writing: Writing, node: Node<"reshape">): Form {
  const input = inputOf(node, 0);
  const axis = classAxisOf(writing, node);
  const blocks = blocksOf(input, node);
  const own = blocks.filter(({ to }) => to.includes(axis));
  const others = blocks.filter(({ to }) => !to.includes(axis));
  const from = [...own, ...others].flatMap((block) => block.from);
  const to = [...own, ...others].flatMap((block) => block.to);
  const form = writing.formOf(input);
  const turned = ordered(writing.builder, form, classFirst(writing, input, from));
  const order = classFirst(writing, node, to);
  return { node: reshaped(writing.builder, turned.node, chunkShape(writing, node, order)), order };
}

/** Axes of size 1 before the class axis in its own block go behind it: moving them is free. */
function classFirst(writing: Writing, node: Node, order: readonly number[]): readonly number[] {
  const axis = classAxisOf(writing, node);
  return [axis, ...order.filter((each) => each !== axis)];
}

/** Class axis on the left and the other operand, turned outside the loop, untransposed on the right. */
function productForm(writing: Writing, node: Node<"matmul">): Form {
  const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
  const { transposeA, transposeB } = node.attrs;
  const fromLeft = writing.members.classAxis(a) !== undefined;
  const [own, other] = fromLeft ? [a, b] : [b, a];
  const ownAxis = classAxisOf(writing, own);
  const left = ordered(writing.builder, writing.formOf(own), [ownAxis, 1 - ownAxis]).node;
  const turn = fromLeft ? transposeB : !transposeA;
  const right = turn ? flipped(writing.builder, other) : other;
  return { node: product(writing.builder, left, right, node), order: fromLeft ? [0, 1] : [1, 0] };
}

function product(builder: GraphBuilder, left: Node, right: Node, node: Node): Node {
  return builder.make("matmul", [left, right], { transposeA: false, transposeB: false }, node.span);
}

function flipped(builder: GraphBuilder, node: Node): Node {
  return isOp(node, "transpose")
    ? inputOf(node, 0)
    : builder.make("transpose", [node], { permutation: [1, 0] }, node.span);
}

/** A class-local value that is seen outside: its chunks, axes as they were, one after the other along its class axis. */
function rowsResult(writing: Writing, node: Node): Result {
  const piece = ordered(writing.builder, writing.formOf(node), identity(node.type.shape.length)).node;
  return { kind: "rows", node, piece, axis: classAxisOf(writing, node), unit: writing.members.unit(node) };
}

function sinkResults(writing: Writing, node: Node): readonly Result[] {
  const { builder } = writing;
  if (isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp"))
    return [{ kind: "fold", node, monoid: node.op, partial: inPlaceOrder(builder, reduced(writing, node)) }];
  if (isOp(node, "argmax")) return [argmaxResult(writing, node)];
  const sum = (partial: Node): readonly Result[] => [{ kind: "fold", node, monoid: "sum", partial }];
  if (isOp(node, "matmul")) return sum(contraction(writing, node));
  if (isOp(node, "gather")) {
    const form = writing.formOf(inputOf(node, 0));
    const rows = ordered(builder, form, identity(form.order.length)).node;
    return sum(builder.make("gather", [rows, shiftedIndex(writing, inputOf(node, 1))], {}, node.span));
  }
  if (isOp(node, "pick")) return sum(pickedPart(writing, node));
  throw new Error(`${node.op} is no sink`);
}

function inPlaceOrder(builder: GraphBuilder, form: Form): Node {
  return ordered(builder, form, identity(form.order.length)).node;
}

function argmaxResult(writing: Writing, node: Node<"argmax">): Result {
  const { builder, first } = writing;
  const form = writing.formOf(inputOf(node, 0));
  const order = without(form.order, [node.attrs.axis]);
  const index = builder.make("argmax", [form.node], { axis: 0 }, node.span);
  const largest = builder.make("max", [form.node], { axes: [0], keepDims: false }, node.span);
  return {
    kind: "argmax",
    node,
    largest: inPlaceOrder(builder, { node: largest, order }),
    index: inPlaceOrder(builder, { node: builder.make("add", [index, first], {}, node.span), order }),
  };
}

/** Σ over the chunk's classes of left ⊗ right: only a chunk of the left operand is turned. */
function contraction(writing: Writing, node: Node<"matmul">): Node {
  const [left, right] = [0, 1].map((index) => {
    const input = inputOf(node, index);
    const axis = classAxisOf(writing, input);
    return ordered(writing.builder, writing.formOf(input), [axis, 1 - axis]).node;
  }) as [Node, Node];
  return product(writing.builder, flipped(writing.builder, left), right, node);
}

/** One element a row, 0 where its class is in another chunk. */
function pickedPart(writing: Writing, node: Node<"pick">): Node {
  const { builder } = writing;
  const [x, index] = [inputOf(node, 0), inputOf(node, 1)];
  const rank = x.type.shape.length;
  const { node: classes } = ordered(builder, writing.formOf(x), [rank - 1, ...identity(rank - 1)]);
  if (writing.picks === "by sum") return pickedBySum(writing, node, classes);
  const at = reshaped(builder, shiftedIndex(writing, index), [constantDim(1), ...index.type.shape]);
  return reshaped(
    builder,
    builder.make("take_along", [classes, at], { axis: 0 }, node.span),
    node.type.shape,
  );
}

function pickedBySum(writing: Writing, node: Node<"pick">, classes: Node): Node {
  const { builder } = writing;
  const index = inputOf(node, 1);
  const ones = index.type.shape.map(() => constantDim(1));
  const own = reshaped(builder, classIndices(writing), [writing.chunk, ...ones]);
  const wanted = reshaped(builder, index, [constantDim(1), ...index.type.shape]);
  const zero = builder.make("constant", [], { value: 0, dtype: node.type.dtype });
  const isOwn = builder.make("equal", [own, wanted], {}, node.span);
  const alone = builder.make("select", [isOwn, classes, zero], {}, node.span);
  return builder.make("sum", [alone], { axes: [0], keepDims: false }, node.span);
}

/** The sizes of a value over a chunk, its axes in the given order. */
function chunkShape(writing: Writing, node: Node, order: readonly number[]): readonly Dim[] {
  const axis = writing.members.classAxis(node);
  return order.map((each) =>
    each === axis ? multiplyDims(writing.chunk, writing.members.unit(node)) : (node.type.shape[each] as Dim),
  );
}

function classAxisOf(writing: Writing, node: Node): number {
  const axis = writing.members.classAxis(node);
  if (axis === undefined) throw new Error(`%${node.id} ${node.op} has no class axis`);
  return axis;
}

function identity(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}
