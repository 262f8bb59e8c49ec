/**
 * How large a value can be, by its structure alone: a row divided by its own length has elements of at most 1, so
 * has a product of two such rows, and e to the power z − logsumexp(…, z, …) is at most 1. Where nothing is known the
 * bound is infinite. Powers of two that bring a value into the range of half precision are chosen by it.
 */
import { inputOf } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";

/** No element of the node is larger in size; Infinity where that is not plain. */
export function boundOf(node: Node): number {
  const { op } = node;
  if (isOp(node, "constant")) return Math.abs(node.attrs.value);
  if (op === "sin" || op === "cos" || op === "tanh" || op === "erf" || op === "sign") return 1;
  if (isOp(node, "cast")) return inputOf(node, 0).type.dtype === "bool" ? 1 : Infinity;
  if (op === "mul") return boundOfProduct(factorsOf(node));
  if (op === "add" || op === "sub") return boundOf(inputOf(node, 0)) + boundOf(inputOf(node, 1));
  if (op === "minimum" || op === "maximum") return larger(inputOf(node, 0), inputOf(node, 1));
  if (op === "neg" || op === "abs" || isPlacing(node)) return boundOf(inputOf(node, 0));
  if (op === "exp") return boundOfExponential(node, undefined);
  if (op === "select") return boundOfChoice(node);
  return Infinity;
}

function larger(a: Node, b: Node): number {
  return Math.max(boundOf(a), boundOf(b));
}

/** The same numbers at other places, or some of them. */
function isPlacing(node: Node): boolean {
  return isOp(node, "reshape") || isOp(node, "transpose") || isOp(node, "broadcast") || isOp(node, "max");
}

/** A branch is only ever seen where the condition says so. */
function boundOfChoice(node: Node): number {
  const condition = inputOf(node, 0);
  const branch = (index: number, holds: boolean): number => {
    const value = inputOf(node, index);
    return value.op === "exp" ? boundOfExponential(value, { condition, holds }) : boundOf(value);
  };
  return Math.max(branch(1, true), branch(2, false));
}

interface Given {
  readonly condition: Node;
  readonly holds: boolean;
}

/** exp(z − l) ≤ 1 where l is the logsumexp of values among which z is. */
function boundOfExponential(node: Node, given: Given | undefined): number {
  const difference = inputOf(node, 0);
  if (!isOp(difference, "sub")) return Infinity;
  const [z, total] = [inputOf(difference, 0), placed(inputOf(difference, 1))];
  if (!isOp(total, "logsumexp")) return Infinity;
  const summed = inputOf(total, 0);
  if (summed === z) return 1;
  if (given === undefined || !isOp(summed, "select") || inputOf(summed, 0) !== given.condition)
    return Infinity;
  return inputOf(summed, given.holds ? 1 : 2) === z ? 1 : Infinity;
}

/** The operands of nested multiplications. */
export function factorsOf(node: Node): readonly Node[] {
  return isOp(node, "mul") ? node.inputs.flatMap(factorsOf) : [node];
}

/** A length's inverse takes the bound of what it belongs to away: the row of that length, or the length itself. */
export function boundOfProduct(factors: readonly Node[]): number {
  const left = [...factors];
  let bound = 1;
  for (const factor of factors) {
    const inverse = inverseLengthOf(factor);
    const partner = left.findIndex(
      (other) => inverse !== undefined && (other === inverse.row || placed(other) === inverse.length),
    );
    if (inverse === undefined || partner < 0) continue;
    left.splice(partner, 1);
    left.splice(left.indexOf(factor), 1);
    bound *= inverse.times;
  }
  return left.reduce((total, factor) => total * boundOf(factor), bound);
}

/** Whether the rows have length 1 or 0: a row times the inverse of its length, and nothing else. */
export function hasUnitRows(node: Node): boolean {
  const [a, b, ...more] = factorsOf(node);
  if (a === undefined || b === undefined || more.length > 0) return false;
  const isUnit = (row: Node, factor: Node): boolean => {
    const inverse = inverseLengthOf(factor);
    return inverse?.row === row && inverse.times === 1;
  };
  return isUnit(a, b) || isUnit(b, a);
}

interface InverseLength {
  readonly row: Node;
  readonly length: Node;
  readonly times: number;
}

/** k / ‖x‖, or 0 where ‖x‖ is too small to divide by. */
function inverseLengthOf(node: Node): InverseLength | undefined {
  const base = placed(node);
  if (isOp(base, "select")) {
    const [some, other] = [inputOf(base, 1), inputOf(base, 2)];
    return boundOf(other) === 0 ? inverseLengthOf(some) : undefined;
  }
  if (!isOp(base, "div")) return undefined;
  const length = placed(inputOf(base, 1));
  const row = rowOfLength(length);
  const times = boundOf(inputOf(base, 0));
  return row === undefined || times === Infinity ? undefined : { row, length, times };
}

/** The x of √(max(Σ x², ε)), the sum along the last axis. */
export function rowOfLength(length: Node): Node | undefined {
  if (!isOp(length, "sqrt")) return undefined;
  const inside = placed(inputOf(length, 0));
  const sum = isOp(inside, "maximum") ? placed(inputOf(inside, 0)) : inside;
  if (!isOp(sum, "sum")) return undefined;
  const square = inputOf(sum, 0);
  const last = square.type.shape.length - 1;
  if (!isOp(square, "mul") || sum.attrs.axes.length !== 1 || sum.attrs.axes[0] !== last) return undefined;
  return inputOf(square, 0) === inputOf(square, 1) ? inputOf(square, 0) : undefined;
}

/** What a value is before it was only put at other places. */
function placed(node: Node): Node {
  return isOp(node, "reshape") || isOp(node, "broadcast") ? placed(inputOf(node, 0)) : node;
}
