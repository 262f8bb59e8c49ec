/**
 * Whether a loss can be made small: whether a gradient flows from its value to an input or to something that is learned. Looks
 * at the graph as it was written, where everything but a few operations passes a gradient on.
 */
import type { Node } from "../ir/node.ts";
import type { OpName } from "../ops/attrs.ts";

/** What stands still between its steps, and what says that no gradient flows. */
const still: ReadonlySet<OpName> = new Set([
  "detach",
  "sign",
  "floor",
  "round",
  "argmax",
  "argsort",
  "size",
  "random",
]);

/** `names` are those of the inputs that a gradient may go to; a parameter always is one. */
export function isMovedBy(value: Node, names: ReadonlySet<string>): boolean {
  const seen = new Set<Node>();
  const pending = [value];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    // Whole numbers and truth values have no gradient.
    if (seen.has(node) || node.type.dtype !== "f32" || still.has(node.op)) continue;
    seen.add(node);
    if (node.op === "parameter" || (node.op === "input" && names.has(nameOf(node)))) return true;
    pending.push(...node.inputs);
  }
  return false;
}

function nameOf({ attrs }: Node): string {
  return "name" in attrs ? String(attrs.name) : "";
}
