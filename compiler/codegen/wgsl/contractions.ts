/**
 * Kernels with a product: what is stored of it, the element-wise operations behind it, and the reductions of those. A
 * reduction begins in the tiles, whose states go to one buffer, and a small kernel puts the tiles together and works out
 * the reductions' epilogue; the product itself is stored only if somebody reads it. A small product with a long depth is
 * cut into parts that are added up by a kernel of their own, which then is where everything behind the product happens.
 */
import { type Dim, constantDim, multiplyDims, productOfDims } from "../../ir/dim.ts";
import { type Node, isOp } from "../../ir/node.ts";
import {
  type FoldedAxis,
  type ProductNode,
  type TileReduction,
  foldedAxis,
} from "../../passes/fuse/products.ts";
import { partsOfFold } from "../../passes/fuse/epilogues.ts";
import { operand } from "./emissions.ts";
import { putAll } from "./elementwise.ts";
import { emitLaneFold } from "./lane-folds.ts";
import { type Monoid, monoidOf, tileArgmaxMonoid } from "./monoids.ts";
import { type Place, placeAt, placeInRows } from "./place.ts";
import { formulasOf } from "./product-formulas.ts";
import { type Results, emitReductions, monoidOfReduction, putResults } from "./reductions.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Sink, countOf, groupsFor } from "./sink.ts";
import { type Fold, type Product, depthParts, emitProduct, foldExtent } from "./tiled-products.ts";

/** `nodes` is what makes the operands, the product and what follows it; `writes` are those of them that others read. */
export function emitContraction(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  writes: readonly Node[],
  node: ProductNode,
): void {
  const { elements, reductions, epilogue } = partsOfFold(nodes);
  const folded = foldedOf(reductions);
  const formulas = {
    ...formulasOf(node),
    isRounded: node.inputs.every(isHalf),
    folded: numbersOf(folded.map(monoidInTiles)),
  };
  const results = { reductions, epilogue, writes };
  const stored = writes.filter((each) => elements.includes(each));
  const parts = depthParts(sink, formulas);
  if (parts > 1) return emitInParts(sink, name, nodes, { stored, results, node, formulas, parts });
  const product = { ...formulas, name, nodes };
  const [first] = reductions;
  const over = first === undefined ? undefined : foldedAxis(first);
  const element: Product["element"] = (context, row, column, value) => {
    const place = elementPlace(context, node, row, column, value);
    putAll(sink, context, stored, place);
    return folded.map((each) => valueAt(context, operand(each, 0), place).text);
  };
  if (over === undefined) return emitProduct(sink, { ...product, element });
  const tiles = tilesOf(sink, product, folded, over);
  emitProduct(sink, { ...product, element, fold: tiles.fold });
  putTilesTogether(sink, `${name}, tiles together`, results, tiles);
}

/** Those that a tile folds: where the place of the largest element is asked for, the largest is known too. */
function foldedOf(reductions: readonly TileReduction[]): readonly TileReduction[] {
  return reductions.filter((each) => argmaxBeside(reductions, each) === undefined);
}

/** The argmax that knows what a maximum asks for. */
function argmaxBeside(reductions: readonly TileReduction[], one: TileReduction): TileReduction | undefined {
  if (!isOp(one, "max")) return undefined;
  return reductions.find((each) => isOp(each, "argmax") && operand(each, 0) === operand(one, 0));
}

function monoidInTiles(reduction: TileReduction): Monoid {
  return isOp(reduction, "argmax") ? tileArgmaxMonoid : monoidOf(reduction.op as "sum", "f32");
}

/** How many numbers their states have. */
function numbersOf(monoids: readonly Monoid[]): number {
  return monoids.flatMap(({ types }) => types).length;
}

/** Whether the pass `narrow` rounded a value, by whatever way it is looked at. */
function isHalf(x: Node): boolean {
  const [source] = x.inputs;
  if (isOp(x, "half")) return true;
  return (isOp(x, "reshape") || isOp(x, "transpose")) && source !== undefined && isHalf(source);
}

/** Everything behind the product sees its element as a value that is already there. */
function elementPlace(
  { writer }: Context,
  node: ProductNode,
  row: string,
  column: string,
  value: string,
): Place {
  const place = placeInRows(writer, node.type.shape, row, column);
  place.values.set(node, { text: value, type: "f32" });
  return place;
}

/** What the tiles hold of each result, and where that lies: state after state, tile after tile. */
interface Tiles {
  readonly fold: Fold;
  /** Names the state that tile `tile` left of a result. */
  readonly load: (
    context: Context,
    reduction: TileReduction,
    tile: string,
    result: string,
  ) => readonly string[];
  readonly count: Dim;
  readonly extent: number;
}

function tilesOf(
  sink: Sink,
  product: Omit<Product, "element" | "fold">,
  reductions: readonly TileReduction[],
  over: FoldedAxis,
): Tiles {
  const monoids = reductions.map(monoidInTiles);
  const extent = foldExtent(sink, product, over);
  const [folded, results] =
    over === "rows" ? [product.rows, product.columns] : [product.columns, product.rows];
  const count = groupsFor(folded, extent);
  const first = monoids.map((_, index) => numbersOf(monoids.slice(0, index)));
  const numbers = constantDim(numbersOf(monoids));
  const partial = sink.temporary("f32", multiplyDims(numbers, multiplyDims(count, results)));
  const at = ({ writer }: Context, index: number, part: number, tile: string, result: string): string => {
    const number = (first[index] ?? 0) + part;
    const line = number === 0 ? tile : `(${number}u * ${writer.size(count)} + ${tile})`;
    return `${line} * ${writer.size(results)} + ${result}`;
  };
  return {
    count,
    extent,
    fold: {
      over,
      monoids,
      store: (context, index, tile, result, state) =>
        state.forEach((text, part) =>
          context.writer.store(partial, "f32", at(context, index, part, tile, result), { text, type: "f32" }),
        ),
    },
    load: (context, reduction, tile, result) => {
      const index = reductions.indexOf(argmaxBeside(reductions, reduction) ?? reduction);
      return monoidInTiles(reduction).types.map((_, part) => {
        const place = at(context, index, part, tile, result);
        return context.writer.let(context.writer.load(partial, "f32", place), "part").text;
      });
    },
  };
}

/** All reductions of the kernel in one dispatch. */
function putTilesTogether(sink: Sink, name: string, results: Results, tiles: Tiles): void {
  const { reductions, epilogue } = results;
  const shape = reductions[0]?.type.shape ?? [];
  const monoids = reductions.map(monoidOfReduction);
  emitLaneFold(sink, {
    name,
    nodes: epilogue,
    monoids,
    results: countOf(shape),
    length: tiles.count,
    layout: "columns",
    states: (context, result, tile) =>
      reductions.map((reduction) => {
        const [value = "", at] = tiles.load(context, reduction, tile, result);
        if (!isOp(reduction, "argmax")) return [value, ...(at === undefined ? [] : [at])];
        const position = { text: `i32(${tile} * ${tiles.extent}u) + i32(${at})`, type: "i32" } as const;
        return [value, context.writer.let(position, "at").text];
      }),
    store: (context, result, states) => putResults(sink, context, results, result, states),
  });
}

interface InParts {
  readonly node: ProductNode;
  readonly formulas: Omit<Product, "name" | "nodes" | "element" | "fold">;
  readonly stored: readonly Node[];
  readonly results: Results;
  readonly parts: number;
}

function emitInParts(
  sink: Sink,
  name: string,
  nodes: readonly Node[],
  { node, formulas, stored, results, parts }: InParts,
): void {
  const { reductions, epilogue, writes: read } = results;
  const count = productOfDims(node.type.shape);
  const partial = sink.temporary("f32", multiplyDims(constantDim(parts), count));
  emitProduct(
    sink,
    { ...formulas, name, nodes, element: () => [] },
    {
      count: parts,
      store: ({ writer }, part, row, column, text) => {
        const at = `${part} * ${writer.size(count)} + ${row} * ${writer.size(formulas.columns)} + ${column}`;
        writer.store(partial, "f32", at, { text, type: "f32" });
      },
    },
  );
  const written = new Set([...stored, ...reductions.map((each) => operand(each, 0))]);
  emitLaneFold(sink, {
    name: `${name}, parts together`,
    nodes,
    monoids: [monoidOf("sum", "f32")],
    results: count,
    length: constantDim(parts),
    layout: "columns",
    states: ({ writer }, result, part) => [
      [writer.load(partial, "f32", `${part} * ${writer.size(count)} + ${result}`).text],
    ],
    store: (context, result, [[total = ""] = []]) => {
      const place = placeAt(context.writer, node.type.shape, result);
      place.values.set(node, { text: total, type: "f32" });
      putAll(sink, context, [...written], place);
    },
  });
  if (reductions.length > 0) emitReductions(sink, `${name}, reductions`, [...reductions, ...epilogue], read);
}
