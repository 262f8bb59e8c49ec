/** Pooling and its gradients, as formulas of one result element. A gradient visits the windows over its element. */
import { constantDim } from "../../ir/dim.ts";
import type { Node } from "../../ir/node.ts";
import { operand } from "./emissions.ts";
import type { Value } from "./kernel.ts";
import { type Place, placeOf } from "./place.ts";
import { lowest } from "./scalars.ts";
import { type Context, valueAt } from "./scope.ts";
import { type Side, sidesOf, windowAlong } from "./windows.ts";

type PoolNode = Node<"max_pool" | "avg_pool" | "max_pool_gradient" | "avg_pool_gradient">;

export function poolValue(
  node: Node<"max_pool" | "avg_pool">,
  place: Place,
  context: Context,
  what: "max" | "mean",
): Value {
  const { writer } = context;
  const image = operand(node, 0);
  const [tall, wide] = sidesFor(node, image, node, context);
  const [n, row, column, channel] = four(place);
  const [result, count] = [writer.fresh("pooled"), writer.fresh("count")];
  writer.push({ kind: "variable", name: result, type: "f32", value: what === "max" ? lowest : "0.0" });
  writer.push({ kind: "variable", name: count, type: "f32", value: "0.0" });
  writer.loop("ky", "0u", tall.window, "1u", (ky) => {
    writer.loop("kx", "0u", wide.window, "1u", (kx) => {
      const [y, x] = [tapPosition(context, row, ky, tall), tapPosition(context, column, kx, wide)];
      writer.when(`${y} < ${tall.size} && ${x} < ${wide.size}`, () => {
        const value = valueAt(context, image, placeOf(writer, image.type.shape, [n, y, x, channel])).text;
        const taken = what === "max" ? `max(${result}, ${value})` : `${result} + ${value}`;
        writer.push({ kind: "assign", target: result, value: taken });
        writer.push({ kind: "assign", target: count, value: `${count} + 1.0` });
      });
    });
  });
  return what === "max" ? { text: result, type: "f32" } : { text: `${result} / ${count}`, type: "f32" };
}

/** To the first largest element of each window. */
export function maxPoolGradientValue(node: Node<"max_pool_gradient">, place: Place, context: Context): Value {
  const { writer } = context;
  const [image, pooled, adjoint] = [operand(node, 0), operand(node, 1), operand(node, 2)];
  const sides = sidesFor(node, image, pooled, context);
  const own = valueAt(context, image, place).text;
  const [n, , , channel] = four(place);
  return overWindows(place, context, sides, ({ oy, ox, ky, kx }, add) => {
    const window = placeOf(writer, pooled.type.shape, [n, oy, ox, channel]);
    const largest = valueAt(context, pooled, window).text;
    writer.when(`${own} == ${largest}`, () => {
      const first = writer.fresh("first");
      writer.push({ kind: "variable", name: first, type: "bool", value: "true" });
      const before = `${ky} * ${sides[1].window} + ${kx}`;
      writer.loop("tap", "0u", before, "1u", (tap) => {
        const y = tapPosition(context, oy, `${tap} / ${sides[1].window}`, sides[0]);
        const x = tapPosition(context, ox, `${tap} % ${sides[1].window}`, sides[1]);
        writer.when(`${y} < ${sides[0].size} && ${x} < ${sides[1].size}`, () => {
          const other = valueAt(context, image, placeOf(writer, image.type.shape, [n, y, x, channel])).text;
          writer.when(`${other} == ${largest}`, () =>
            writer.push({ kind: "assign", target: first, value: "false" }),
          );
        });
      });
      writer.when(first, () =>
        add(valueAt(context, adjoint, placeOf(writer, adjoint.type.shape, [n, oy, ox, channel])).text),
      );
    });
  });
}

/** Shared by the elements of each window that lie inside the image. */
export function avgPoolGradientValue(node: Node<"avg_pool_gradient">, place: Place, context: Context): Value {
  const { writer } = context;
  const adjoint = operand(node, 0);
  const sides = sidesFor(node, node, adjoint, context);
  const [n, , , channel] = four(place);
  return overWindows(place, context, sides, ({ oy, ox }, add) => {
    const counts = [insideCount(oy, sides[0]), insideCount(ox, sides[1])];
    const value = valueAt(context, adjoint, placeOf(writer, adjoint.type.shape, [n, oy, ox, channel])).text;
    add(`${value} / f32(${counts.join(" * ")})`);
  });
}

interface Tap {
  readonly oy: string;
  readonly ox: string;
  readonly ky: string;
  readonly kx: string;
}

/** The sum over all windows that hold the image's element at `place`. */
export function overWindows(
  place: Place,
  context: Context,
  [tall, wide]: readonly [Side, Side],
  visit: (tap: Tap, add: (value: string) => void) => void,
): Value {
  const { writer } = context;
  const [, y, x] = four(place);
  const total = writer.fresh("sum");
  const add = (value: string): void =>
    writer.push({ kind: "assign", target: total, value: `${total} + ${value}` });
  writer.push({ kind: "variable", name: total, type: "f32", value: "0.0" });
  writer.loop("ky", "0u", tall.window, "1u", (ky) => {
    const row = windowAlong(writer, writer.index(`${y} + ${tall.before} - ${ky}`, "from"), tall);
    writer.when(row.condition, () => {
      writer.loop("kx", "0u", wide.window, "1u", (kx) => {
        const column = windowAlong(writer, writer.index(`${x} + ${wide.before} - ${kx}`, "from"), wide);
        writer.when(column.condition, () => visit({ oy: row.window, ox: column.window, ky, kx }, add));
      });
    });
  });
  return { text: total, type: "f32" };
}

/** The image's row or column under a tap of a window. */
export function tapPosition(
  { writer }: Context,
  window: string,
  tap: string,
  { stride, before }: Side,
): string {
  return writer.index(`${window} * ${stride} + ${tap} - ${before}`, "p");
}

function insideCount(window: string, { stride, before, window: length, size }: Side): string {
  const start = `i32(${window} * ${stride}) - i32(${before})`;
  return `(min(${start} + i32(${length}), i32(${size})) - max(${start}, 0))`;
}

function sidesFor(node: PoolNode, image: Node, result: Node, { writer }: Context): readonly [Side, Side] {
  const [tall, wide] = node.attrs.window;
  return sidesOf(writer, image.type, result.type, [constantDim(tall), constantDim(wide)], node.attrs);
}

export function four(place: Place): readonly [string, string, string, string] {
  const [n = "0u", y = "0u", x = "0u", channel = "0u"] = place.coordinates();
  return [n, y, x, channel];
}
