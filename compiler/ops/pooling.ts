/**
 * The second derivative of max pooling, in primitives: from an image-shaped g, the element of g at each
 * window's first largest element. It compares the pooled value with the image once for each position in
 * the window, so it costs as many element-wise operations as the window has elements; only a gradient of
 * a gradient needs it. Image sizes must be known.
 */
import { type Dim, constantDim, knownSize } from "../ir/dim.ts";
import { type Formulas, fills } from "../ir/build.ts";
import type { Node } from "../ir/node.ts";
import type { PoolAttrs } from "./attrs.ts";
import { paddingBefore } from "./windows.ts";

export function choosePooled(f: Formulas, attrs: PoolAttrs, image: Node, pooled: Node, g: Node): Node {
  const sides = [0, 1].map((side) => sideOf(attrs, image, pooled, side));
  const whole = (x: Node): Node => padded(f, x, sides);
  const [values, inside, wanted] = [whole(image), whole(f.filled(1, image.type)), whole(g)];
  let result = f.filled(0, pooled.type);
  let open = f.make("equal", [result, result], {});
  for (let row = 0; row < attrs.window[0]; row++)
    for (let column = 0; column < attrs.window[1]; column++) {
      const tap = (x: Node): Node => sampled(f, attrs, x, [row, column], pooled);
      const hit = f.and(f.and(f.equal(tap(values), pooled), f.less(f.f32(0), tap(inside))), open);
      result = f.select(hit, tap(wanted), result);
      open = f.and(open, f.not(hit));
    }
  if (!fills(result.type, pooled.type.shape)) throw new Error("pooled shapes differ");
  return result;
}

interface Side {
  readonly before: number;
  readonly after: number;
}

function sideOf(attrs: PoolAttrs, image: Node, pooled: Node, side: number): Side {
  const [size, results] = [known(image, side + 1), known(pooled, side + 1)];
  const [window, stride] = [attrs.window[side] ?? 1, attrs.stride[side] ?? 1];
  const before = paddingBefore(size, results, window, stride, attrs.padding);
  return { before, after: Math.max((results - 1) * stride + window - size - before, 0) };
}

function padded(f: Formulas, x: Node, sides: readonly Side[]): Node {
  const along = (pick: (side: Side) => number): Dim[] => [0, ...sides.map(pick), 0].map(constantDim);
  return f.make("pad", [x], { before: along((side) => side.before), after: along((side) => side.after) });
}

/** Each window's element at one position: a slice, thinned by an average over windows of one element. */
function sampled(
  f: Formulas,
  { stride }: PoolAttrs,
  x: Node,
  [row, column]: readonly [number, number],
  pooled: Node,
): Node {
  const [height, width] = [known(pooled, 1), known(pooled, 2)];
  const sizes = [(height - 1) * stride[0] + 1, (width - 1) * stride[1] + 1].map(constantDim);
  const [batch, , , channels] = pooled.type.shape;
  const box = f.make("slice", [x], {
    starts: [0, row, column, 0].map(constantDim),
    sizes: [batch ?? constantDim(1), ...sizes, channels ?? constantDim(1)],
  });
  return f.make("avg_pool", [box], { window: [1, 1], stride, padding: "valid" });
}

function known(node: Node, axis: number): number {
  const size = knownSize(node.type.shape[axis] ?? constantDim(1));
  if (size === undefined) throw new Error("the second derivative of max_pool needs known image sizes");
  return size;
}
