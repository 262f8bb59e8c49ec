/**
 * What a simplification rule is, and the few questions that rules ask. A rule is data: the law that it
 * states, where it applies, what it gives, and an example on which it fires. A test evaluates every
 * example before and after, so a rule without a true law cannot stay.
 */
import { type Dim, constantDim, isSize, sameDim } from "../../ir/dim.ts";
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import { type TensorType, broadcastShapes } from "../../ir/type.ts";
import type { OpName } from "../../ops/attrs.ts";

/** What is known about values beyond their types. */
export interface Facts {
  /** Whether every element of an integer tensor lies in 0 … size-1. */
  readonly inRange: (index: Node, size: Dim) => boolean;
  /** Whether a class axis of this size is going to be cut into chunks. */
  readonly isChunked: (classes: Dim) => boolean;
}

/** What a rule may ask besides. */
export interface Context extends Facts {
  /** Whether a node is surely read by one other node only, so that taking it apart saves it. */
  readonly usedOnce: (node: Node) => boolean;
}

export interface SimplifyRule {
  /** In mathematics: "x · 1 = x". It is also the rule's name. */
  readonly law: string;
  readonly on: readonly OpName[];
  /** The simpler node, of the same type, or `undefined` where the law does not apply. */
  readonly rule: (node: Node, f: Formulas, context: Context) => Node | undefined;
  /** A node on which the rule fires; its leaves are inputs, so that a test can feed it. */
  readonly example: (f: Formulas) => Node;
}

/** The nth input of a node that has one. */
export function input(node: Node, index: number): Node {
  const found = node.inputs[index];
  if (found === undefined) throw new Error(`${node.op} has no input ${index}`);
  return found;
}

/** Only leaves count as stored: anything else is written down in any case, with its factors already in it. */
export function isStored(node: Node): boolean {
  return isVariable(node) || (isOp(node, "reshape") && isStored(input(node, 0)));
}

/** The value that reshapes were put on. */
export function withoutReshape(node: Node): Node {
  return node.op === "reshape" ? withoutReshape(input(node, 0)) : node;
}

/** The one number that every element of a node is, where that is plain to see. */
export function constantValue(node: Node): number | undefined {
  if (isOp(node, "constant")) return node.attrs.value;
  return node.op === "broadcast" || node.op === "reshape" ? constantValue(input(node, 0)) : undefined;
}

export function isConstant(node: Node, value: number): boolean {
  return constantValue(node) === value;
}

/** x in the shape of a type that it broadcasts to. */
export function like(f: Formulas, x: Node, type: TensorType): Node {
  return f.broadcast(x, type.shape);
}

export function isElementwise(node: Node): boolean {
  return elementwiseOps.has(node.op);
}

const elementwiseOps: ReadonlySet<OpName> = new Set<OpName>([
  "neg", "abs", "sign", "exp", "log", "sqrt", "floor", "round", "sin", "cos", "acos", "tanh", "erf", "half", "not", "cast",
  "add", "sub", "mul", "div", "pow", "minimum", "maximum", "less", "less_equal", "equal", "and", "or", "select",
]); // prettier-ignore

export const elementwiseNames: readonly OpName[] = [...elementwiseOps];

/** The shape that inputs have together. */
export function jointShape(inputs: readonly Node[]): readonly Dim[] | undefined {
  return broadcastShapes(inputs.map((node) => node.type.shape));
}

/** The same operation and attributes on other inputs. */
export function withInputs(f: Formulas, node: Node, inputs: readonly Node[]): Node {
  return f.make(node.op, inputs, node.attrs);
}

/** The dimension of an operand along an axis of the result it broadcasts to: 1 where it has none. */
export function dimAlong(type: TensorType, axis: number, rank: number): Dim {
  return type.shape[axis - (rank - type.shape.length)] ?? constantDim(1);
}

/** Whether x is the same all along these axes of a result of that rank, by its shape. */
export function constantAlong(x: Node, axes: readonly number[], rank: number): boolean {
  return axes.every((axis) => isSize(dimAlong(x.type, axis, rank), 1));
}

/** Whether a shape is exactly another. */
export function isShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis] ?? constantDim(-1)));
}
