/**
 * Matrix products and convolutions as formulas for the tile engine. A convolution is an implicit matrix product: its
 * rows are the pixels of the result, its depth the taps of the window times the channels, and nothing is copied into
 * that form. Operands are read through the graph, so a transposed, sliced, stretched or computed operand costs no copy.
 */
import { type Dim, constantDim, productOfDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { operand } from "./emissions.ts";
import { type Place, placeAt, placeInRows, placeOf } from "./place.ts";
import type { ProductNode } from "../../passes/fuse/products.ts";
import { type Context, isTurned, liesInQuads, quadAt, valueAt } from "./scope.ts";
import { plus, times } from "./sizes.ts";
import type { Coordinate, Operand, QuadOf } from "./slabs.ts";
import type { Product } from "./tiled-products.ts";
import { type Side, both, dimAt, sidesOf, windowAlong } from "./windows.ts";

export type Formulas = Pick<Product, "rows" | "columns" | "depth" | "left" | "right">;

export function formulasOf(node: ProductNode): Formulas {
  if (isOp(node, "matmul")) return matmulFormulas(node);
  if (isOp(node, "conv2d")) return convolutionFormulas(node);
  if (isOp(node, "conv2d_input_gradient")) return inputGradientFormulas(node);
  return filterGradientFormulas(node as Node<"conv2d_filter_gradient">);
}

function matmulFormulas(node: Node<"matmul">): Formulas {
  const [a, b] = [operand(node, 0), operand(node, 1)];
  const { transposeA, transposeB } = node.attrs;
  return {
    rows: dimAt(node.type, 0),
    columns: dimAt(node.type, 1),
    depth: dimAt(a.type, transposeA ? 0 : 1),
    left: matrixOperand(a, transposeA ? 1 : 0),
    right: matrixOperand(b, transposeB ? 0 : 1),
  };
}

/** A matrix whose axis `across` is the result's row or column. Where it is a turned view, memory runs the other way. */
function matrixOperand(x: Node, across: number): Operand {
  const place: PlaceFor = ({ writer }, [position = ""], [k = ""]) =>
    placeOf(writer, x.type.shape, across === 0 ? [position, k] : [k, position]);
  return {
    line: itself("line"),
    depth: itself("k"),
    element: (context, line, k) => valueAt(context, x, place(context, line, k)).text,
    quad: quadsAt(x, place),
    runs: (across === 1) !== isTurned(x) ? "across" : "depth",
  };
}

/** Where the element lies that has these numbers. */
type PlaceFor = (context: Context, line: readonly string[], depth: readonly string[]) => Place;

/** Four elements of a value at once, where this kernel can load them so. */
function quadsAt(x: Node, place: PlaceFor): (context: Context) => QuadOf | undefined {
  return (context) =>
    liesInQuads(context, x) ? (line, depth) => quadAt(context, x, place(context, line, depth)) : undefined;
}

function itself(name: string): Coordinate {
  return { names: [name], numbers: (_, position) => [position] };
}

/** The matrix whose rows are all axes of `x` but the last: its rows are the depth. */
function flatOperand(x: Node): Operand {
  const place: PlaceFor = ({ writer }, [column = ""], [k = ""]) =>
    placeInRows(writer, x.type.shape, k, column);
  return {
    line: itself("column"),
    depth: itself("k"),
    element: (context, column, k) => valueAt(context, x, place(context, column, k)).text,
    quad: quadsAt(x, place),
    runs: "across",
  };
}

/** Result [N, rows, columns, F]: rows are pixels, depth is (ky, kx, channel). */
function convolutionFormulas(node: Node<"conv2d">): Formulas {
  const [image, filter] = [operand(node, 0), operand(node, 1)];
  const window = filter.type.shape.slice(0, 3);
  const sides = sidesFor(node, image, node, filter);
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims(window),
    left: {
      line: cornerOfWindow(image, node, sides),
      depth: tapOfWindow(image, window),
      ...perhapsIn(image, (context, corner, tap) => underTap(context, sides, corner, tap)),
      runs: "depth",
    },
    right: flatOperand(filter),
  };
}

/** Result [kh, kw, K, F]: rows are (ky, kx, channel), depth is the result's pixels. */
function filterGradientFormulas(node: Node<"conv2d_filter_gradient">): Formulas {
  const [image, adjoint] = [operand(node, 0), operand(node, 1)];
  const window = node.type.shape.slice(0, 3);
  const sides = sidesFor(node, image, adjoint, node);
  return {
    rows: productOfDims(window),
    columns: dimAt(node.type, 3),
    depth: productOfDims(adjoint.type.shape.slice(0, 3)),
    left: {
      line: tapOfWindow(image, window),
      depth: cornerOfWindow(image, adjoint, sides),
      ...perhapsIn(image, (context, tap, corner) => underTap(context, sides, corner, tap)),
      runs: "across",
    },
    right: flatOperand(adjoint),
  };
}

type SidesIn = (context: Context) => readonly [Side, Side];

function sidesFor(
  { attrs }: Node<"conv2d" | "conv2d_input_gradient" | "conv2d_filter_gradient">,
  image: Node,
  result: Node,
  filter: Node,
): SidesIn {
  const window = [dimAt(filter.type, 0), dimAt(filter.type, 1)] as const;
  return ({ writer }) => sidesOf(writer, image.type, result.type, window, attrs);
}

/**
 * By the number of a pixel of `result`: where its window begins in the image, as row, column and flat. All may lie before
 * the image; then they wrap, and wrap back when a tap is added.
 */
function cornerOfWindow(image: Node, result: Node, sides: SidesIn): Coordinate {
  return {
    names: ["y", "x", "start"],
    numbers: (context, pixel) => {
      const [n = "", oy = "", ox = ""] = split(context, pixel, result.type.shape.slice(0, 3));
      const [top, left] = sides(context).map((side, axis) =>
        context.writer.index(
          `${axis === 0 ? oy : ox} * ${side.stride} - ${side.before}`,
          axis === 0 ? "top" : "left",
        ),
      );
      return [top ?? "", left ?? "", flatIn(context, image, [n, top ?? "", left ?? ""])];
    },
  };
}

/** By the number of a tap and channel: how far it lies from the corner of the window, the same three ways. */
function tapOfWindow(image: Node, window: readonly Dim[]): Coordinate {
  return {
    names: ["ky", "kx", "shift"],
    numbers: (context, position) => {
      const [ky = "", kx = "", channel = ""] = split(context, position, window);
      return [
        ky,
        kx,
        context.writer.index(`${flatIn(context, image, ["0u", ky, kx])} + ${channel}`, "shift"),
      ];
    },
  };
}

/** Where a line of the last axis begins, by its place along the three before it; u32 arithmetic that may wrap. */
function flatIn(context: Context, x: Node, [a = "", b = "", c = ""]: readonly string[]): string {
  const { writer } = context;
  const [, second = "", third = "", last = ""] = x.type.shape.map((dim) => writer.size(dim));
  return context.writer.index(times(plus(times(plus(times(a, second), b), third), c), last), "at");
}

/** An element that there may be: its flat place, and the condition that there is one. */
interface Perhaps {
  readonly at: string;
  readonly inside: string;
}

function underTap(
  context: Context,
  sides: SidesIn,
  [y, x, start]: readonly string[],
  [ky, kx, shift]: readonly string[],
): Perhaps {
  const [tall, wide] = sides(context);
  const inside = both(`${y} + ${ky} < ${tall.size}`, `${x} + ${kx} < ${wide.size}`);
  return { at: `${start} + ${shift}`, inside };
}

/** Result [N, H, W, K]: rows are the image's pixels, depth is (ky, kx, feature). */
function inputGradientFormulas(node: Node<"conv2d_input_gradient">): Formulas {
  const [filter, adjoint] = [operand(node, 0), operand(node, 1)];
  const [tall, wide, , features] = filter.type.shape;
  const window = [tall, wide, features].map((dim) => dim ?? constantDim(1));
  const filterPlace: PlaceFor = (context, [column = ""], [tap = "", feature = ""]) => {
    const row = flatIn(context, filter, ["0u", "0u", column]);
    return placeAt(
      context.writer,
      filter.type.shape,
      context.writer.index(`${row} + ${tap} + ${feature}`, "at"),
    );
  };
  return {
    rows: productOfDims(node.type.shape.slice(0, 3)),
    columns: dimAt(node.type, 3),
    depth: productOfDims(window),
    left: windowsOver(node, adjoint, window, sidesFor(node, node, adjoint, filter)),
    right: {
      line: itself("column"),
      depth: {
        names: ["tap", "feature"],
        numbers: (context, k) => {
          const [ky = "", kx = "", feature = ""] = split(context, k, window);
          return [flatIn(context, filter, [ky, kx, "0u"]), feature];
        },
      },
      element: (context, column, k) => valueAt(context, filter, filterPlace(context, column, k)).text,
      quad: quadsAt(filter, filterPlace),
      runs: "depth",
    },
  };
}

/** Lines are pixels of the image, the depth is the windows over each, in the order of the taps that meet it. */
function windowsOver(
  node: Node<"conv2d_input_gradient">,
  adjoint: Node,
  window: readonly Dim[],
  sides: SidesIn,
): Operand {
  // Then the window of a tap lies as far from the pixel as the tap from the corner, and places only need adding up.
  const isDense = node.attrs.stride.every((step) => step === 1);
  const windowOf = (
    context: Context,
    [y, x, start]: readonly string[],
    [ky, kx, shift]: readonly string[],
  ): Perhaps => {
    const [tall, wide] = sides(context);
    const down = windowAlong(context.writer, `${y} - ${ky}`, tall);
    const across = windowAlong(context.writer, `${x} - ${kx}`, wide);
    const offset = isDense ? "" : ` + ${flatIn(context, adjoint, ["0u", down.window, across.window])}`;
    return { at: `${start}${offset} + ${shift}`, inside: both(down.condition, across.condition) };
  };
  return {
    line: {
      names: ["y", "x", "start"],
      numbers: (context, pixel) => {
        const [tall, wide] = sides(context);
        const [n = "", y = "", x = ""] = split(context, pixel, node.type.shape.slice(0, 3));
        const bottom = context.writer.index(plus(y, tall.before), "bottom");
        const right = context.writer.index(plus(x, wide.before), "right");
        return [bottom, right, flatIn(context, adjoint, isDense ? [n, bottom, right] : [n, "0u", "0u"])];
      },
    },
    depth: {
      names: ["ky", "kx", "shift"],
      numbers: (context, k) => {
        const [ky = "", kx = "", feature = ""] = split(context, k, window);
        if (!isDense) return [ky, kx, feature];
        return [
          ky,
          kx,
          context.writer.index(`${feature} - ${flatIn(context, adjoint, ["0u", ky, kx])}`, "shift"),
        ];
      },
    },
    ...perhapsIn(adjoint, windowOf),
    runs: "depth",
  };
}

/** A position in a product of sizes as one position each. */
function split(context: Context, position: string, sizes: readonly Dim[]): readonly string[] {
  const { writer } = context;
  return placeAt(writer, sizes, position)
    .coordinates()
    .map((text) => context.writer.index(text, "c"));
}

/**
 * Elements that are 0 where there are none: without a branch, so that an invocation's loads are under way together. Four
 * channels of a pixel are there together.
 */
function perhapsIn(
  x: Node,
  perhaps: (context: Context, line: readonly string[], depth: readonly string[]) => Perhaps,
): Pick<Operand, "element" | "quad"> {
  const { shape } = x.type;
  return {
    element: (context, line, depth) => {
      const { at, inside } = namedPerhaps(context, perhaps(context, line, depth));
      return `select(0.0, ${valueAt(context, x, placeAt(context.writer, shape, at)).text}, ${inside})`;
    },
    quad: (context) =>
      liesInQuads(context, x)
        ? (line, depth) => {
            const { at, inside } = namedPerhaps(context, perhaps(context, line, depth));
            const { text, element } = quadAt(context, x, placeAt(context.writer, shape, at));
            return { text: `select(vec4<${element}>(), ${text}, ${inside})`, element };
          }
        : undefined,
  };
}

function namedPerhaps(context: Context, { at, inside }: Perhaps): Perhaps {
  const condition = context.writer.let({ text: inside, type: "bool" }, "inside").text;
  return { at: context.writer.index(`select(0u, ${at}, ${condition})`, "at"), inside: condition };
}
