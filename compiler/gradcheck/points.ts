/**
 * Where gradients are checked. Random points for every leaf; and where a function takes a matrix of rows,
 * labels into classes and weights [C, D] (or [C, K, D]), rows placed against the weights of their own
 * class: along them, against them, of length zero, and at given angles, and weights of zeros.
 */
import { type Bindings, type Dim, namesOfDim, sizeOfDim } from "../ir/dim.ts";
import { type Node, isOp, nodesOf, nodesOfGraph } from "../ir/node.ts";
import { elementCount } from "../ops/arrays.ts";
import type { Reference } from "../ops/record.ts";
import type { ProgramFunction } from "../program.ts";
import { type Feeds, evaluateGraph } from "../reference.ts";
import type { GradcheckEntry, GradcheckOptions } from "../gradcheck.ts";
import { normalNumbers, uniformNumbers } from "../../runtime/random.ts";

export interface CheckPoint {
  readonly name: string;
  readonly feeds: Feeds;
  /**
   * A leaf of zeros, where an angle has no limit: its gradient is 0 by convention and need only be finite.
   */
  readonly withoutAngle?: string;
}

/** What gradients are asked for: float inputs and parameters, not states. */
export function leafInputs(value: Node): readonly Node<"input" | "parameter">[] {
  return nodesOf([value]).filter(
    (node): node is Node<"input" | "parameter"> =>
      (isOp(node, "input") || isOp(node, "parameter")) && node.type.dtype === "f32",
  );
}

/** A small size for each free dimension. */
export function freeNames({ graph, inputs }: ProgramFunction): Bindings {
  const fed = inputs.flatMap(({ type, bound }) => [...type.shape, ...(bound === undefined ? [] : [bound])]);
  const names = [...nodesOfGraph(graph).flatMap(dimsOf), ...fed].flatMap((dim) => [...namesOfDim(dim)]);
  return Object.fromEntries(names.map((name) => [name, smallSize(name)]));
}

/** Small, and mostly different from each other, so that a mixed-up axis shows. */
export function smallSize(name: string): number {
  return smallSizes[name] ?? 5;
}

const smallSizes: Bindings = { N: 4, C: 5, D: 3, K: 3, P: 6, B: 2, T: 4 };

function dimsOf(node: Node): readonly Dim[] {
  return isOp(node, "size") ? [node.attrs.dim] : isOp(node, "iota") ? [node.attrs.size] : node.type.shape;
}

export function pointsOf(
  entry: GradcheckEntry,
  value: Node,
  dims: Bindings,
  options: GradcheckOptions,
): readonly CheckPoint[] {
  const random = Array.from({ length: options.points }, (_, k) =>
    insideDomain(value, dims, {
      name: `random ${k + 1}`,
      feeds: randomPoint(entry, value, dims, options.seed + k),
    }),
  );
  const [first] = random;
  const rows = first === undefined ? undefined : rowsAndWeights(entry, value, dims);
  if (first === undefined) return random;
  if (rows === undefined) return [...random, ...zeroPoint(value, dims, first)];
  return [...random, ...specialPoints(first.feeds, rows, options.angles)];
}

/** Where kinks meet: max(x, 0) and |x| may make up for each other there. Left out where the value is no number. */
function zeroPoint(value: Node, dims: Bindings, { feeds }: CheckPoint): readonly CheckPoint[] {
  const zeros = leafInputs(value).flatMap(({ op, attrs: { name } }) => {
    const fed = feeds[name];
    return op !== "input" || fed === undefined
      ? []
      : [[name, { ...fed, data: fed.data.map(() => 0) }] as const];
  });
  if (zeros.length === 0) return [];
  const point = { name: "inputs of zero", feeds: { ...feeds, ...Object.fromEntries(zeros) } };
  const result = evaluateGraph({ outputs: [{ name: "value", node: value }] }, point.feeds, dims)["value"];
  return result?.data.every(Number.isFinite) === true ? [point] : [];
}

/** Where the value of normal numbers is undefined (a logarithm, a root), its inputs are moved into (0, 1). */
function insideDomain(value: Node, dims: Bindings, point: CheckPoint): CheckPoint {
  const result = evaluateGraph({ outputs: [{ name: "value", node: value }] }, point.feeds, dims)["value"];
  if (result === undefined || result.data.every(Number.isFinite)) return point;
  const squeezed = leafInputs(value).flatMap(({ op, attrs: { name } }) => {
    const fed = point.feeds[name];
    if (op !== "input" || fed === undefined) return [];
    return [[name, { ...fed, data: fed.data.map((v) => 0.5 + 0.45 * Math.tanh(v)) }] as const];
  });
  return { name: `${point.name} in (0, 1)`, feeds: { ...point.feeds, ...Object.fromEntries(squeezed) } };
}

/** Parameters lie around their initial values, states are those values, the counters say an early step. */
function randomPoint(entry: GradcheckEntry, value: Node, dims: Bindings, seed: number): Feeds {
  const counters: Feeds = {
    seed: scalar("i32", seed),
    step: scalar("i32", 3),
    epoch: scalar("i32", 0),
  };
  const feeds: Record<string, Reference> = { ...counters };
  for (const { name, initial } of entry.variables) {
    const start = evaluateGraph({ outputs: [{ name: "initial", node: initial }] }, counters, dims)["initial"];
    if (start !== undefined) feeds[name] = start;
  }
  nodesOf([value]).forEach((node, site) => {
    if (!isOp(node, "input") && !isOp(node, "parameter") && !isOp(node, "state")) return;
    const { name, dtype } = node.attrs;
    const shape = node.type.shape.map((dim) => sizeOfDim(dim, dims));
    const noise = {
      dtype,
      shape,
      data: Float64Array.from(normalNumbers(seed, 0, site, elementCount(shape))),
    };
    const start = feeds[name];
    if (isOp(node, "parameter") && start !== undefined)
      feeds[name] = { ...start, data: start.data.map((v, k) => v + 0.3 * (noise.data[k] ?? 0)) };
    else if (start === undefined && dtype === "f32") feeds[name] = noise;
    // An input that has a counter's name, as a schedule's `step`: a number of its own type.
    else if (start !== undefined && start.dtype !== dtype)
      feeds[name] = shape.length === 0 ? { ...start, dtype } : noise;
    else if (start === undefined)
      feeds[name] = { dtype, shape, data: integers(entry, name, dims, seed, site, shape) };
  });
  return feeds;
}

function integers(
  entry: GradcheckEntry,
  name: string,
  dims: Bindings,
  seed: number,
  site: number,
  shape: readonly number[],
): Float64Array {
  const bound = entry.fn.inputs.find((input) => input.name === name)?.bound;
  const choices = bound === undefined ? 2 : sizeOfDim(bound, dims);
  return Float64Array.from(uniformNumbers(seed, 0, site, elementCount(shape)), (u) =>
    Math.floor(u * choices),
  );
}

function scalar(dtype: "i32" | "f32", value: number): Reference {
  return { dtype, shape: [], data: Float64Array.of(value) };
}

interface RowsAndWeights {
  readonly rows: string;
  readonly labels: string;
  readonly weights: string;
}

/** The names of the rows [N, D], the labels index<C>[N] and the weights that end in D and begin with C. */
function rowsAndWeights(entry: GradcheckEntry, value: Node, dims: Bindings): RowsAndWeights | undefined {
  const labels = entry.fn.inputs.find((input) => input.bound !== undefined && input.type.shape.length === 1);
  const classes = labels?.bound === undefined ? undefined : sizeOfDim(labels.bound, dims);
  const shapes = leafInputs(value).map((node) => ({
    name: node.attrs.name,
    parameter: isOp(node, "parameter"),
    shape: node.type.shape.map((dim) => sizeOfDim(dim, dims)),
  }));
  const rows = shapes.find(({ parameter, shape }) => !parameter && shape.length === 2);
  const weights = shapes.find(
    ({ parameter, shape }) =>
      parameter && shape.length >= 2 && shape[0] === classes && shape.at(-1) === rows?.shape[1],
  );
  if (labels === undefined || rows === undefined || weights === undefined) return undefined;
  return { rows: rows.name, labels: labels.name, weights: weights.name };
}

function specialPoints(
  feeds: Feeds,
  names: RowsAndWeights,
  angles: readonly number[],
): readonly CheckPoint[] {
  const [x, y, w] = [feeds[names.rows], feeds[names.labels], feeds[names.weights]];
  if (x === undefined || y === undefined || w === undefined) return [];
  const at = (
    name: string,
    row: (own: readonly number[], x: readonly number[]) => readonly number[],
  ): CheckPoint => ({
    name,
    feeds: { ...feeds, [names.rows]: placed(x, y, w, row) },
  });
  const zeros = (from: Reference): Reference => ({ ...from, data: from.data.map(() => 0) });
  return [
    at("c = 1", (own) => own.map((v) => 2 * v)),
    at("c = -1", (own) => own.map((v) => -3 * v)),
    { name: "rows of zeros", feeds: { ...feeds, [names.rows]: zeros(x) }, withoutAngle: names.rows },
    { name: "weights of zeros", feeds: { ...feeds, [names.weights]: zeros(w) }, withoutAngle: names.weights },
    ...angles.map((angle) =>
      at(`θ to the own class = ${angle.toFixed(4)}`, (own, other) => atAngle(own, other, angle)),
    ),
  ];
}

/** Rows with each computed from the (first) weights of its own class. */
function placed(
  x: Reference,
  y: Reference,
  w: Reference,
  row: (own: readonly number[], x: readonly number[]) => readonly number[],
): Reference {
  const [count = 0, width = 0] = x.shape;
  const stride = w.data.length / Math.max(w.shape[0] ?? 1, 1);
  const data = Array.from({ length: count }, (_, i) => {
    const start = (y.data[i] ?? 0) * stride;
    return row([...w.data.slice(start, start + width)], [...x.data.slice(i * width, (i + 1) * width)]);
  });
  return { ...x, data: Float64Array.from(data.flat()) };
}

/** A vector as long as `other` at an angle from `own`, in their plane. */
function atAngle(own: readonly number[], other: readonly number[], angle: number): readonly number[] {
  const along = scaledTo(own, 1);
  const component = inner(along, other);
  const across = scaledTo(
    other.map((v, k) => v - component * (along[k] ?? 0)),
    1,
  );
  const length = Math.sqrt(inner(other, other));
  return along.map((v, k) => length * (Math.cos(angle) * v + Math.sin(angle) * (across[k] ?? 0)));
}

function scaledTo(v: readonly number[], length: number): readonly number[] {
  const norm = Math.sqrt(inner(v, v));
  return v.map((value) => (norm === 0 ? 0 : (value * length) / norm));
}

function inner(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0);
}
