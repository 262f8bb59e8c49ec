/**
 * Penalties of margins: each is averaged over the rows and added to the loss that holds the margin.
 */
import type { Span } from "../errors/span.ts";
import type { Frame } from "./frame.ts";
import { makeTensor } from "./tensors.ts";
import type { TensorValue, Value } from "./values.ts";

/** The loss with what its margins add. */
export function addPenalties(frame: Frame, total: TensorValue, span: Span): Value {
  let sum = total;
  for (const penalty of frame.penalties ?? []) {
    const axes = penalty.type.shape.map((_, axis) => axis);
    const mean = makeTensor(frame, "mean", [penalty], { axes, keepDims: false }, span);
    if (mean.kind === "error") return mean;
    const next = makeTensor(frame, "add", [sum, mean], {}, span);
    if (next.kind === "error") return next;
    sum = next;
  }
  return sum;
}
