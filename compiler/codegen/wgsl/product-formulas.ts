/**
 * Matrix products and convolutions as formulas for the tile engine. A convolution is an implicit matrix product: its
 * rows are the pixels of the result, its depth the taps of the window times the channels, and nothing is copied into
 * that form. Operands are read through the graph, so a transposed, sliced, stretched or computed operand costs no copy.
 */
import { type Dim, constantDim, productOfDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { operand } from "./emissions.ts";
import { placeAt, placeOf } from "./place.ts";
import type { ProductNode } from "../../passes/fuse/products.ts";
import { tapPosition, windowAt } from "./pooling.ts";
import { type Context, isView, valueAt } from "./scope.ts";
import type { Operand, Product } from "./tiles.ts";
import { dimAt, sidesOf } from "./windows.ts";

export type Formulas = Pick<Product, "rows" | "columns" | "depth" | "left" | "right">;

/** `own` are the nodes that the kernel works out itself. */
export function formulasOf(node: ProductNode, own: readonly Node[]): Formulas {
  if (isOp(node, "matmul")) return matmulFormulas(node, own);
  if (isOp(node, "conv2d")) return convolutionFormulas(node, own);
  if (isOp(node, "conv2d_input_gradient")) return inputGradientFormulas(node);
  return filterGradientFormulas(node as Node<"conv2d_filter_gradient">, own);
}

function matmulFormulas(node: Node<"matmul">, own: readonly Node[]): Formulas {
  const [a, b] = [operand(node, 0), operand(node, 1)];
  const { transposeA, transposeB } = node.attrs;
  return {
    rows: dimAt(node.type, 0),
    columns: dimAt(node.type, 1),
    depth: dimAt(a.type, transposeA ? 0 : 1),
    left: matrixOperand(a, transposeA ? 1 : 0, own),
    right: matrixOperand(b, transposeB ? 0 : 1, own),
  };
}

/** A matrix whose axis `across` is the result's row or column. Where it is a turned view, memory runs the other way. */
function matrixOperand(x: Node, across: number, own: readonly Node[]): Operand {
  const source = isOp(x, "transpose") ? operand(x, 0) : x;
  const runsAcross = (across === 1) !== (source !== x);
  return {
    element: (context, position, k) =>
      valueAt(context, x, placeOf(context.writer, x.type.shape, across === 0 ? [position, k] : [k, position]))
        .text,
    runs: runsAcross ? "across" : "depth",
    isStored: isStored(source, own),
  };
}

function isStored(x: Node, own: readonly Node[]): boolean {
  return !own.includes(x) && !isView(x);
}

function computed(runs: Operand["runs"], element: Operand["element"]): Operand {
  return { element, runs, isStored: false };
}

/** Result [N, rows, columns, F]: rows are pixels, depth is (ky, kx, channel). */
function convolutionFormulas(node: Node<"conv2d">, own: readonly Node[]): Formulas {
  const [image, filter] = [operand(node, 0), operand(node, 1)];
  const [tall, wide, channels] = [dimAt(filter.type, 0), dimAt(filter.type, 1), dimAt(filter.type, 2)];
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims([tall, wide, channels]),
    left: computed("depth", (context, row, k) => {
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
    }),
    right: {
      element: (context, column, k) => flatElement(context, filter, k, column),
      runs: "across",
      isStored: isStored(filter, own),
    },
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
    left: computed("depth", (context, row, k) => {
      const sides = sidesOf(context.writer, node.type, adjoint.type, [tall, wide], node.attrs);
      const [n = "", y = "", x = ""] = split(context, row, node.type.shape.slice(0, 3));
      const [ky = "", kx = "", feature = ""] = split(context, k, [tall, wide, features]);
      const [above, beside] = [windowAt(context, y, ky, sides[0]), windowAt(context, x, kx, sides[1])];
      const condition = `${above.condition} && ${beside.condition}`;
      return insideOrZero(context, adjoint, condition, [n, above.window, beside.window, feature]);
    }),
    right: computed("depth", (context, column, k) => {
      const [ky = "", kx = "", feature = ""] = split(context, k, [tall, wide, features]);
      return valueAt(context, filter, placeOf(context.writer, filter.type.shape, [ky, kx, column, feature]))
        .text;
    }),
  };
}

/** Result [kh, kw, K, F]: rows are (ky, kx, channel), depth is the result's pixels. */
function filterGradientFormulas(node: Node<"conv2d_filter_gradient">, own: readonly Node[]): Formulas {
  const [image, adjoint] = [operand(node, 0), operand(node, 1)];
  const [tall, wide] = [dimAt(node.type, 0), dimAt(node.type, 1)];
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims(adjoint.type.shape.slice(0, 3)),
    left: computed("across", (context, row, k) => {
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
    }),
    right: {
      element: (context, column, k) => flatElement(context, adjoint, k, column),
      runs: "across",
      isStored: isStored(adjoint, own),
    },
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
