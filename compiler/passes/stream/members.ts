/**
 * What belongs to a region: class-local nodes, whose slice of classes needs only the same slice of their inputs,
 * and sinks, which leave the class axis by a reduction that can be finished chunk by chunk. Each gets a
 * level: the number of statistics that must be complete before it can run, which is the pass that computes it.
 */
import { type Dim, quotientDims, multiplyDims, sameDim } from "../../ir/dim.ts";
import { type Graph, type Node, isOp, isVariable, usersOf } from "../../ir/node.ts";
import type { PrimitiveName } from "../../ops/attrs.ts";
import { isElementwise } from "../fuse.ts";
import { type Axes, carriedAxes, innerAxis } from "./axes.ts";
import type { Seed } from "./seeds.ts";

export interface Members {
  readonly seed: Seed;
  /** Class-local nodes with their class axis, in id order. */
  readonly local: ReadonlySet<Node>;
  readonly sinks: ReadonlySet<Node>;
  /** Class-local nodes that something outside the region reads, or that are outputs. */
  readonly emitted: ReadonlySet<Node>;
  readonly levels: ReadonlyMap<Node, number>;
  /** The class axis of any value that has one, stored values included. */
  readonly classAxis: (node: Node) => number | undefined;
  /** How many positions of its class axis a class takes. */
  readonly unit: (node: Node) => Dim;
}

/** Undefined where the family has no product and statistic left that could be streamed. */
export function membersOf(
  graph: Graph,
  nodes: readonly Node[],
  axes: Axes,
  seed: Seed,
  taken: ReadonlySet<Node>,
): Members | undefined {
  const classAxis = (node: Node): number | undefined => {
    const [axis, ...more] = axes.within(node, seed.family);
    return more.length === 0 ? axis : undefined;
  };
  const tangled = (node: Node): boolean => axes.within(node, seed.family).length > 1;
  const view: View = { classAxis, tangled, unit: (node) => unitOf(node, classAxis(node), seed.classes) };
  const local = new Set<Node>();
  for (const node of nodes) if (!taken.has(node) && isLocal(node, view)) local.add(node);
  const sinks = new Set<Node>();
  for (const node of nodes)
    if (!taken.has(node) && !local.has(node) && isSink(node, view, local)) sinks.add(node);
  const statistics = [...sinks].some((node) => !isOp(node, "matmul"));
  if (!statistics || !savesProducts(axes, view, local) || readsRows(nodes, view, local, sinks))
    return undefined;
  const emitted = emittedOf(graph, nodes, local, sinks);
  const levels = levelsOf(nodes, local, sinks);
  return { seed, local, sinks, emitted, levels, classAxis, unit: (node) => view.unit(node) ?? seed.classes };
}

/**
 * Whether some product is no more of the kind that a variable is anyway: what is multiplied by class weights f32[C, D]
 * has the features of W, and cutting those into chunks would save nothing.
 */
function savesProducts(axes: Axes, view: View, local: ReadonlySet<Node>): boolean {
  const otherAxes = (node: Node): readonly number[] => {
    const own = view.classAxis(node);
    return own === undefined
      ? []
      : node.type.shape.flatMap((_, axis) => (axis === own ? [] : [axes.family(node, axis)]));
  };
  const stored = new Set(
    [...local].flatMap(({ inputs }) => inputs.flatMap((input) => (isStored(input) ? otherAxes(input) : []))),
  );
  return [...local].some(
    (node) => isOp(node, "matmul") && otherAxes(node).some((family) => !stored.has(family)),
  );
}

/** A variable, or the same seen from the other side of pairs. */
function isStored(node: Node): boolean {
  return isOp(node, "alias") ? node.inputs.every(isStored) : isVariable(node);
}

/**
 * Whether the region would read a stored value that has the class axis and depends on the data. Such a value is
 * as large as what streaming saves, and its axis is no class axis: it is the width of the features.
 */
function readsRows(
  nodes: readonly Node[],
  view: View,
  local: ReadonlySet<Node>,
  sinks: ReadonlySet<Node>,
): boolean {
  const fromData = new Set<Node>();
  for (const node of nodes)
    if (
      (isOp(node, "input") && node.type.shape.length > 0) ||
      (!isOp(node, "alias") && node.inputs.some((input) => fromData.has(input)))
    )
      fromData.add(node);
  return [...local, ...sinks].some((node) =>
    node.inputs.some(
      (input) => !local.has(input) && view.classAxis(input) !== undefined && fromData.has(input),
    ),
  );
}

interface View {
  readonly classAxis: (node: Node) => number | undefined;
  /** Has the class axis twice, as W·Wᵀ has. */
  readonly tangled: (node: Node) => boolean;
  readonly unit: (node: Node) => Dim | undefined;
}

function unitOf(node: Node, axis: number | undefined, classes: Dim): Dim | undefined {
  const size = axis === undefined ? undefined : node.type.shape[axis];
  if (size === undefined) return undefined;
  const unit = quotientDims(size, classes);
  return sameDim(multiplyDims(unit, classes), size) ? unit : undefined;
}

const localOps: ReadonlySet<string> = new Set<PrimitiveName>([
  ...(["broadcast", "sum", "max", "logsumexp", "argmax", "transpose", "reshape", "matmul"] as const),
  ...(["iota", "scatter_add"] as const),
]);

function isLocal(node: Node, view: View): boolean {
  const axis = view.classAxis(node);
  if (axis === undefined || !hasUnits([node, ...node.inputs], view) || node.inputs.some(view.tangled))
    return false;
  if (!isElementwise(node) && !localOps.has(node.op)) return false;
  if ((isOp(node, "iota") || isOp(node, "scatter_add")) && !isUnit(node, view)) return false;
  if (isOp(node, "scatter_add") && axis !== 0) return false;
  // A value of other axes may be the same for all classes, but not where a reshape makes the class axis of them.
  return node.inputs.every((input, index) => {
    const from = view.classAxis(input);
    if (from === undefined) return !isOp(node, "reshape");
    return carriedAxes(node, index).some(([a, b]) => a === from && b === axis);
  });
}

/** Whether a class is so many whole positions of every class axis. */
function hasUnits(values: readonly Node[], view: View): boolean {
  return values.every((value) => view.classAxis(value) === undefined || view.unit(value) !== undefined);
}

function isUnit(node: Node, view: View): boolean {
  return view.unit(node)?.key === "1";
}

/** Leaves the class axis by a reduction whose monoid is known, from a class-local value. */
function isSink(node: Node, view: View, local: ReadonlySet<Node>): boolean {
  if (node.inputs.some(view.tangled) || view.classAxis(node) !== undefined || view.tangled(node))
    return false;
  if (!hasUnits(node.inputs, view)) return false;
  if (!node.inputs.some((input) => local.has(input))) return false;
  const from = node.inputs.map(view.classAxis);
  const [first, second] = from;
  if (isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp"))
    return first !== undefined && node.attrs.axes.includes(first) && node.type.dtype === "f32";
  const [input] = node.inputs;
  if (input === undefined || first === undefined) return false;
  if (isOp(node, "argmax")) return node.attrs.axis === first && isUnit(input, view);
  if (isOp(node, "matmul")) return first === innerAxis(node, 0) && second === innerAxis(node, 1);
  if (second !== undefined || !isUnit(input, view) || node.type.dtype === "bool") return false;
  if (isOp(node, "gather")) return first === 0;
  return isOp(node, "pick") && first === input.type.shape.length - 1;
}

function emittedOf(
  graph: Graph,
  nodes: readonly Node[],
  local: ReadonlySet<Node>,
  sinks: ReadonlySet<Node>,
): ReadonlySet<Node> {
  const users = usersOf(nodes);
  const outputs = new Set(graph.outputs.map(({ node }) => node));
  const leaves = (node: Node): boolean =>
    outputs.has(node) || (users.get(node) ?? []).some((user) => !local.has(user) && !sinks.has(user));
  return new Set([...local].filter(leaves));
}

/** The level of members; of any other node, the first pass that could read it. */
function levelsOf(
  nodes: readonly Node[],
  local: ReadonlySet<Node>,
  sinks: ReadonlySet<Node>,
): ReadonlyMap<Node, number> {
  const levels = new Map<Node, number>();
  for (const node of nodes) {
    const inside = local.has(node) || sinks.has(node);
    const after = node.inputs.map((input) => {
      const level = levels.get(input) ?? 0;
      const finished = sinks.has(input) || (local.has(input) && !inside);
      return finished ? level + 1 : level;
    });
    levels.set(node, Math.max(0, ...after));
  }
  return levels;
}
