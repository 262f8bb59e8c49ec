/** Values that cannot be below 0, by their structure alone: squares, exponentials, lengths, and what keeps that. */
import { type Node, isOp } from "../../ir/node.ts";
import type { OpName } from "../../ops/attrs.ts";
import { boundOf } from "../narrow/bounds.ts";
import { constantValue, input } from "../simplify/rule.ts";

export function isNotNegative(node: Node): boolean {
  const constant = constantValue(node);
  if (constant !== undefined) return constant >= 0;
  if (never.has(node.op)) return true;
  if (isOp(node, "mul") && node.inputs[0] === node.inputs[1]) return true;
  if (isOp(node, "maximum")) return node.inputs.some(isNotNegative);
  if (isOp(node, "select")) return node.inputs.slice(1).every(isNotNegative);
  if (isOp(node, "add") && (isAtLeast(node, 0) || isSoftMaximum(node))) return true;
  if (isOp(node, "log")) return isOp(input(node, 0), "add") && isAtLeast(input(node, 0), 1);
  return keeping.has(node.op) && node.inputs.every(isNotNegative);
}

const never: ReadonlySet<OpName> = new Set<OpName>(["exp", "sqrt", "abs", "size"]);

const keeping: ReadonlySet<OpName> = new Set<OpName>([
  ...(["add", "mul", "div", "pow", "minimum", "sum", "max"] as const),
  ...(["reshape", "transpose", "broadcast", "slice", "concat", "gather", "detach"] as const),
]);

/** A number and what takes no more away from it, as in 1 + tanh(z), or adds to it, as in 1 + eᶻ. */
function isAtLeast({ inputs }: Node, least: number): boolean {
  return inputs.some((term, index) => {
    const [constant, other] = [constantValue(term), inputs[1 - index]];
    if (constant === undefined || other === undefined) return false;
    return constant - boundOf(other) >= least || (constant >= least && isNotNegative(other));
  });
}

/** m + log Σ e^{x − m}, which is above each x, as softplus is above 0. */
function isSoftMaximum({ inputs }: Node): boolean {
  return inputs.some((highest, index) => {
    const rest = inputs[1 - index];
    if (rest?.op !== "log" || input(rest, 0).op !== "add") return false;
    const exponents = input(rest, 0).inputs.map((term) => (term.op === "exp" ? input(term, 0) : term));
    const areBelow = exponents.every((exponent) => exponent.op === "sub" && input(exponent, 1) === highest);
    return areBelow && exponents.some((exponent) => isNotNegative(input(exponent, 0)));
  });
}
