/**
 * Windows that slide over an image, in WGSL: the twin of ops/windows.ts. Positions are u32; one before the
 * image wraps to a large number, so that `position < size` tests both ends.
 */
import { type Dim, constantDim, knownSize } from "../../ir/dim.ts";
import type { TensorType } from "../../ir/type.ts";
import { paddingBefore } from "../../ops/windows.ts";
import type { Padding } from "../../ops/attrs.ts";
import type { KernelWriter } from "./writer.ts";

/** One side of a window: heights or widths. */
export interface Side {
  /** u32 texts. */
  readonly size: string;
  readonly results: string;
  readonly before: string;
  readonly window: string;
  readonly stride: string;
}

/** Both sides of the windows by which an image [N, H, W, K] becomes a result [N, rows, columns, …]. */
export function sidesOf(
  writer: KernelWriter,
  image: TensorType,
  result: TensorType,
  window: readonly [Dim, Dim],
  { stride, padding }: { readonly stride: readonly [number, number]; readonly padding: Padding },
): readonly [Side, Side] {
  const side = (axis: 0 | 1): Side => {
    const [size, results] = [dimAt(image, axis + 1), dimAt(result, axis + 1)];
    return {
      size: writer.size(size),
      results: writer.size(results),
      before: beforeText(writer, size, results, window[axis], stride[axis], padding),
      window: writer.size(window[axis]),
      stride: `${stride[axis]}u`,
    };
  };
  return [side(0), side(1)];
}

export function dimAt(type: TensorType, axis: number): Dim {
  return type.shape[axis] ?? constantDim(1);
}

function beforeText(
  writer: KernelWriter,
  size: Dim,
  results: Dim,
  window: Dim,
  stride: number,
  padding: Padding,
): string {
  const [known, count, length] = [size, results, window].map(knownSize);
  if (known !== undefined && count !== undefined && length !== undefined)
    return `${paddingBefore(known, count, length, stride, padding)}u`;
  if (padding === "valid") return "0u";
  const covered = `i32((${writer.size(results)} - 1u) * ${stride}u + ${writer.size(window)})`;
  return `u32(max(${covered} - i32(${writer.size(size)}), 0) / 2)`;
}

/**
 * Which window begins at `from`, counted with the padding before the image, and the condition that there is one. A place
 * before the first wraps, and is beyond the last one then.
 */
export function windowAlong(
  writer: KernelWriter,
  from: string,
  { stride, results }: Side,
): { readonly window: string; readonly condition: string } {
  if (stride === "1u") return { window: from, condition: `${from} < ${results}` };
  const first = writer.index(from, "from");
  const window = writer.index(`${first} / ${stride}`, "window");
  return { window, condition: both(`${first} % ${stride} == 0u`, `${window} < ${results}`) };
}

/** Both conditions without the branch that `&&` is. */
export function both(a: string, b: string): string {
  return `(${a}) & (${b})`;
}
