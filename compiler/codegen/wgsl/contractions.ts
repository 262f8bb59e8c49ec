/**
 * Matrix products and convolutions as products on the tile engine. A convolution is an implicit matrix product:
 * its rows are the pixels of the result, its depth the taps of the window times the channels, and nothing is
 * copied into that form. Operands are read through the graph, so a transposed, sliced or stretched operand
 * costs no copy. What follows a product in its kernel (a bias, an activation) is worked out on the way out.
 */
import { type Dim, constantDim, multiplyDims, productOfDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { operand } from "./emissions.ts";
import { emitEach, storeAll } from "./elementwise.ts";
import { placeAt, placeOf } from "./place.ts";
import { tapPosition, windowAt } from "./pooling.ts";
import { type Context, valueAt } from "./scope.ts";
import type { Sink } from "./sink.ts";
import { type Product, depthParts, emitProduct } from "./tiles.ts";
import { dimAt, sidesOf } from "./windows.ts";

type Contraction = Node<"matmul" | "conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient">;

export function isContraction(node: Node): node is Contraction {
  return (
    isOp(node, "matmul") ||
    isOp(node, "conv2d") ||
    isOp(node, "conv2d_input_gradient") ||
    isOp(node, "conv2d_filter_gradient")
  );
}

/** `nodes` is the contraction and what follows it; `writes` are those of them that others read. */
export function emitContraction(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  writes: readonly Node[],
  node: Contraction,
): void {
  const isRounded = node.inputs.every(isHalf);
  const product = { ...formulasOf(node), isRounded, name, nodes, store: storeTo(sink, node, writes) };
  const parts = depthParts(sink, product);
  if (parts === undefined) return emitProduct(sink, product);
  const count = productOfDims(node.type.shape);
  const partial = sink.temporary("f32", multiplyDims(parts, count));
  emitProduct(sink, product, {
    count: parts,
    store: ({ writer }, part, row, column, value) =>
      writer.store(
        partial,
        "f32",
        `${part} * ${writer.size(count)} + ${row} * ${writer.size(product.columns)} + ${column}`,
        {
          text: value,
          type: "f32",
        },
      ),
  });
  emitEach(sink, { name: `${name}, parts together`, nodes }, node.type.shape, (context, place) => {
    const { writer } = context;
    writer.push({ kind: "variable", name: "total", type: "f32", value: "0.0" });
    writer.loop("part", "0u", writer.size(parts), "1u", (part) => {
      const value = writer.load(partial, "f32", `${part} * ${writer.size(count)} + ${place.flat()}`).text;
      writer.push({ kind: "assign", target: "total", value: `total + ${value}` });
    });
    place.values.set(node, { text: "total", type: "f32" });
    storeAll(sink, context, writes, place);
  });
}

/** Whether the pass `narrow` rounded a value, by whatever way it is looked at. */
function isHalf(x: Node): boolean {
  const [source] = x.inputs;
  if (isOp(x, "half")) return true;
  return (isOp(x, "reshape") || isOp(x, "transpose")) && source !== undefined && isHalf(source);
}

/** Everything behind the product sees its element as a value that is already there. */
function storeTo(sink: Sink, node: Contraction, writes: readonly Node[]): Product["store"] {
  return (context, row, column, value) => {
    const { writer } = context;
    const { shape } = node.type;
    const columns = writer.size(shape.at(-1) ?? constantDim(1));
    const place = isOp(node, "matmul")
      ? placeOf(writer, shape, [row, column])
      : placeAt(
          writer,
          shape,
          writer.let({ text: `${row} * ${columns} + ${column}`, type: "u32" }, "at").text,
        );
    place.values.set(node, { text: value, type: "f32" });
    storeAll(sink, context, writes, place);
  };
}

type Formulas = Omit<Product, "name" | "nodes" | "store" | "isRounded">;

function formulasOf(node: Contraction): Formulas {
  if (isOp(node, "matmul")) return matmulFormulas(node);
  if (isOp(node, "conv2d")) return convolutionFormulas(node);
  if (isOp(node, "conv2d_input_gradient")) return inputGradientFormulas(node);
  return filterGradientFormulas(node as Node<"conv2d_filter_gradient">);
}

function matmulFormulas(node: Node<"matmul">): Formulas {
  const [a, b] = [operand(node, 0), operand(node, 1)];
  const { transposeA, transposeB } = node.attrs;
  const element = (x: Node, flipped: boolean) => (context: Context, first: string, second: string) =>
    valueAt(context, x, placeOf(context.writer, x.type.shape, flipped ? [second, first] : [first, second]))
      .text;
  return {
    rows: dimAt(node.type, 0),
    columns: dimAt(node.type, 1),
    depth: dimAt(a.type, transposeA ? 0 : 1),
    left: element(a, transposeA),
    right: element(b, transposeB),
    leftRuns: transposeA ? "rows" : "depth",
    rightRuns: transposeB ? "depth" : "columns",
  };
}

/** Result [N, rows, columns, F]: rows are pixels, depth is (ky, kx, channel). */
function convolutionFormulas(node: Node<"conv2d">): Formulas {
  const [image, filter] = [operand(node, 0), operand(node, 1)];
  const [tall, wide, channels] = [dimAt(filter.type, 0), dimAt(filter.type, 1), dimAt(filter.type, 2)];
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims([tall, wide, channels]),
    left: (context, row, k) => {
      const sides = sidesOf(context.writer, image.type, node.type, [tall, wide], node.attrs);
      const [n = "", oy = "", ox = ""] = split(context, row, node.type.shape.slice(0, 3));
      const [ky = "", kx = "", channel = ""] = split(context, k, [tall, wide, channels]);
      const [y, x] = [tapPosition(context, oy, ky, sides[0]), tapPosition(context, ox, kx, sides[1])];
      return insideOrZero(context, image, `${y} < ${sides[0].size} && ${x} < ${sides[1].size}`, [
        n,
        y,
        x,
        channel,
      ]);
    },
    right: (context, k, column) => flatElement(context, filter, k, column),
    leftRuns: "depth",
    rightRuns: "columns",
  };
}

/** Result [N, H, W, K]: rows are the image's pixels, depth is (ky, kx, feature). */
function inputGradientFormulas(node: Node<"conv2d_input_gradient">): Formulas {
  const [filter, adjoint] = [operand(node, 0), operand(node, 1)];
  const [tall, wide, features] = [dimAt(filter.type, 0), dimAt(filter.type, 1), dimAt(filter.type, 3)];
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims([tall, wide, features]),
    left: (context, row, k) => {
      const sides = sidesOf(context.writer, node.type, adjoint.type, [tall, wide], node.attrs);
      const [n = "", y = "", x = ""] = split(context, row, node.type.shape.slice(0, 3));
      const [ky = "", kx = "", feature = ""] = split(context, k, [tall, wide, features]);
      const [above, beside] = [windowAt(context, y, ky, sides[0]), windowAt(context, x, kx, sides[1])];
      const condition = `${above.condition} && ${beside.condition}`;
      return insideOrZero(context, adjoint, condition, [n, above.window, beside.window, feature]);
    },
    right: (context, k, column) => {
      const [ky = "", kx = "", feature = ""] = split(context, k, [tall, wide, features]);
      return valueAt(context, filter, placeOf(context.writer, filter.type.shape, [ky, kx, column, feature]))
        .text;
    },
    leftRuns: "depth",
    rightRuns: "depth",
  };
}

/** Result [kh, kw, K, F]: rows are (ky, kx, channel), depth is the result's pixels. */
function filterGradientFormulas(node: Node<"conv2d_filter_gradient">): Formulas {
  const [image, adjoint] = [operand(node, 0), operand(node, 1)];
  const [tall, wide] = [dimAt(node.type, 0), dimAt(node.type, 1)];
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims(adjoint.type.shape.slice(0, 3)),
    left: (context, row, k) => {
      const sides = sidesOf(context.writer, image.type, adjoint.type, [tall, wide], node.attrs);
      const [ky = "", kx = "", channel = ""] = split(context, row, node.type.shape.slice(0, 3));
      const [n = "", oy = "", ox = ""] = split(context, k, adjoint.type.shape.slice(0, 3));
      const [y, x] = [tapPosition(context, oy, ky, sides[0]), tapPosition(context, ox, kx, sides[1])];
      return insideOrZero(context, image, `${y} < ${sides[0].size} && ${x} < ${sides[1].size}`, [
        n,
        y,
        x,
        channel,
      ]);
    },
    right: (context, k, column) => flatElement(context, adjoint, k, column),
    leftRuns: "rows",
    rightRuns: "columns",
  };
}

/** A position in a product of sizes as one position each. */
function split({ writer }: Context, position: string, sizes: readonly Dim[]): readonly string[] {
  return placeAt(writer, sizes, position)
    .coordinates()
    .map((text) => writer.let({ text, type: "u32" }, "c").text);
}

/** The element at (row, column), all axes but the last taken as rows. */
function flatElement(context: Context, x: Node, row: string, column: string): string {
  const { writer } = context;
  const columns = writer.size(x.type.shape.at(-1) ?? constantDim(1));
  const at = writer.let({ text: `${row} * ${columns} + ${column}`, type: "u32" }, "at").text;
  return valueAt(context, x, placeAt(writer, x.type.shape, at)).text;
}

function insideOrZero(context: Context, x: Node, condition: string, coordinates: readonly string[]): string {
  const { writer } = context;
  const value = writer.fresh("tap");
  writer.push({ kind: "variable", name: value, type: "f32", value: "0.0" });
  writer.when(condition, () => {
    const inner = valueAt(context, x, placeOf(writer, x.type.shape, coordinates)).text;
    writer.push({ kind: "assign", target: value, value: inner });
  });
  return value;
}
