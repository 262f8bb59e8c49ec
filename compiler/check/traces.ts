/**
 * Scalars that move while a `train` runs, which the run shows: λ of a schedule, a running mean, a learned temperature,
 * the parts of a loss, the rate of an optimizer. Values are outputs `trace:NAME` of the step.
 */
import { type Node, nodesOf } from "../ir/node.ts";
import type { Binding, BindingKind, Frame } from "./frame.ts";
import type { Value } from "./values.ts";

/** Of the body of a margin or a loss. What it gives as its `result` is shown anyway. */
export function traceBody(frame: Frame, result?: Value): void {
  for (const [name, binding] of frame.names)
    if (isBodyKind(binding.kind)) trace(frame, name, binding, result);
}

/** Of an optimizer: a rate that follows a schedule. */
export function traceSettings(frame: Frame): void {
  for (const [name, binding] of frame.names) if (binding.kind === "setting") trace(frame, name, binding);
}

function isBodyKind(kind: BindingKind): boolean {
  return kind === "let" || kind === "state" || kind === "param";
}

/** Under its name, or where another value has that, under the path of its body, numbered where that is not enough. */
function trace(frame: Frame, name: string, { value }: Binding, result?: Value): void {
  if (value.kind !== "tensor" || value.type.shape.length > 0 || value.type.dtype !== "f32") return;
  if (!moves(value.node) || (result?.kind === "tensor" && result.node === value.node)) return;
  const { traces } = frame.session;
  const own = frame.path + name;
  for (let number = 0; ; number++) {
    const shown = number === 0 ? name : number === 1 ? own : `${own}_${number}`;
    const known = traces.get(shown);
    if (known === undefined) traces.set(shown, value.node);
    if (known === undefined || known === value.node) return;
  }
}

function moves(node: Node): boolean {
  return nodesOf([node]).some(({ op }) => op === "input" || op === "state" || op === "parameter");
}
