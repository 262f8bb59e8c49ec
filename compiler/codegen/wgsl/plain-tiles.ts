/**
 * The loop of a tile over the depth on plain numbers: quads of both operands lie in workgroup memory, depth by depth, and
 * each invocation multiplies a few of them into its block. The slab's loop is written out, so that places in memory are
 * constants of the text.
 */
import type { Context } from "./scope.ts";
import { type SlabOf, stageSlab } from "./slabs.ts";
import { type Tile, components, eachQuad, invocationsOf, lanesAcross, sumOf } from "./tile.ts";
import type { Product } from "./tiled-products.ts";

/** Stage a slab of each operand, wait, multiply, wait. */
export function accumulate(context: Context, product: Product, tile: Tile): void {
  const { writer } = context;
  const lanes = invocationsOf(tile);
  const shared = { depth: tile.depth, length: product.depth, lanes, quads: "lines" } as const;
  const slab = (array: "left" | "right", lines: number, place: Pick<SlabOf, "start" | "size">) => {
    const stride = strideOf(lines);
    writer.shared(array, "vec4f", Math.max(tile.depth * stride, lanes));
    return stageSlab(
      context,
      product[array],
      { ...shared, ...place, array, lines },
      ({ line, k }, { text, element }) => {
        const value = element === "f16" ? `vec4f(${text})` : text;
        writer.push({ kind: "storeShared", array, index: `${k} * ${stride}u + ${line} / 4u`, value });
      },
    );
  };
  const left = slab("left", tile.rows, { start: "row0", size: product.rows });
  const right = slab("right", tile.columns, { start: "column0", size: product.columns });
  writer.loop("k", "begin", "end", `${tile.depth}u`, (k0) => {
    left.fill(k0);
    right.fill(k0);
    writer.push({ kind: "barrier" });
    for (let kk = 0; kk < tile.depth; kk++) multiplyBlock(context, tile, kk);
    writer.push({ kind: "barrier" });
  });
}

/** Quads of a slab from one place of the depth to the next; one more than there are, so that banks do not collide. */
function strideOf(lines: number): number {
  return lines / 4 + 1;
}

function multiplyBlock({ writer }: Context, tile: Tile, kk: number): void {
  const fours = (array: "left" | "right", count: number, place: (n: number) => string): readonly string[] =>
    Array.from({ length: count }, (_, n) => {
      const name = `${array === "left" ? "a" : "b"}${n}_${kk}`;
      const stride = strideOf(array === "left" ? tile.rows : tile.columns);
      writer.push({ kind: "let", name, value: `${array}[${place(n)} + ${kk * stride}u]` });
      return name;
    });
  const down = tile.blockRows / 4;
  const a = fours("left", down, (n) => `blockRow * ${down}u + ${n}u`);
  const b = fours("right", tile.blockColumns / 4, (n) => `blockColumn + ${n * lanesAcross(tile)}u`);
  eachQuad(tile, (i, quad) => {
    const factor = `${a[Math.floor(i / 4)]}.${components[i % 4]}`;
    const sum = sumOf(i, quad);
    writer.push({ kind: "assign", target: sum, value: `fma(vec4f(${factor}), ${b[quad]}, ${sum})` });
  });
}
