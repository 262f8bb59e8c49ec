/**
 * Pass `stream`: a value that has both a row and a class axis is never stored whole. The pass finds regions
 * by structure, not by name: the class axis of a matrix product whose rows are reduced over the classes, and
 * everything that can be computed for a few classes at a time. It cuts each region into passes over chunks of
 * classes, so that a row statistic is finished before it is used, and writes the body of each pass as
 * ordinary IR over a chunk, class axis first (`Sᵀ = W·X̂ᵀ`: the matrix product then has its small operand on
 * the right, and a chunk of anything is a contiguous block).
 *
 *   before   %3 = matmul(x, W) {transposeB}       f32[N, C]
 *            %4 = logsumexp(%3) {axes: [1]}       f32[N]
 *            %7 = exp(sub(%3, %4))                f32[N, C]
 *            %8 = matmul(%7, x) {transposeA}      f32[C, D]
 *   after    pass 0 over W[chunk, D]: s = matmul(w, xᵀ);  %4 = fold logsumexp of s
 *            pass 1 over W[chunk, D]: s kept or again;    %8 = rows of matmul(exp(s - %4), x)
 *
 * But for rows that are looked up early (look-ups.ts) and rows that meet each other (sides.ts) the graph stays as it
 * was: regions say how some of its nodes are computed. What it cannot do yet: sort, scan or shift along the class axis
 * (such a node gets its input whole).
 */
import type { Dim } from "../ir/dim.ts";
import { type Graph, type Node, nodesOfGraph } from "../ir/node.ts";
import { type KernelLimits, limitsOf } from "./fuse.ts";
import type { Pass, Stage } from "./pass.ts";
import { factsOf } from "./simplify/index.ts";
import { axesOf } from "./stream/axes.ts";
import { bodiesOf } from "./stream/body.ts";
import { lookUpEarly } from "./stream/look-ups.ts";
import { seedsOf } from "./stream/seeds.ts";
import { withSides } from "./stream/sides.ts";
import { inAcyclicOrder } from "./stream/order.ts";
import { membersOf } from "./stream/members.ts";

export interface Region {
  /** The first parameter that has the class axis, for people. */
  readonly name: string;
  /** The number of classes. */
  readonly classes: Dim;
  /** The free name that stands for a chunk's size in the bodies. */
  readonly chunk: string;
  /** The body leaf that holds a chunk's first class, an i32 scalar. */
  readonly first: Node<"input">;
  readonly passes: readonly RegionPass[];
  /** After `fuse`: what the kernels of the bodies can hold; before it, each node is a kernel of its own. */
  readonly limits?: KernelLimits;
}

export interface RegionPass {
  readonly level: number;
  /** Body leaves that are slices of stored values. */
  readonly slices: readonly Slice[];
  /** Body nodes, inputs before users; they read slices, `first`, each other, and values outside the region. */
  readonly body: readonly Node[];
  readonly results: readonly Result[];
  /** Body nodes that an earlier pass computed too: taken from there while the budget lasts, else computed again. */
  readonly kept: readonly Node[];
}

/** `leaf` is `chunk` classes of `of`; each class is `unit` positions of `axis`. */
export interface Slice {
  readonly leaf: Node<"input">;
  readonly of: Node;
  readonly axis: number;
  readonly unit: Dim;
}

/** A node of the graph that a pass computes. */
export type Result =
  | { readonly kind: "fold"; readonly node: Node; readonly monoid: Monoid; readonly partial: Node }
  /** The first largest: `index` counts from the chunk's first class already. */
  | { readonly kind: "argmax"; readonly node: Node; readonly largest: Node; readonly index: Node }
  | {
      readonly kind: "rows";
      readonly node: Node;
      readonly piece: Node;
      readonly axis: number;
      readonly unit: Dim;
    };

/** How the partial results of two chunks become one. */
export type Monoid = "sum" | "max" | "logsumexp";

export const stream: Pass = {
  name: "stream",
  doc: "Values with a row and a class axis are computed in chunks of classes and never stored whole.",
  run: (stage) => {
    const { inRange } = factsOf(stage);
    const early = { ...stage, graph: lookUpEarly(stage.graph, stage.builder, inRange) };
    const sided = { ...stage, graph: withSides(early) };
    const regions = findRegions(sided);
    return regions.length === 0 ? { ...stage, regions } : { ...sided, regions };
  },
};

export function findRegions({ graph, builder, options }: Stage): readonly Region[] {
  const nodes = nodesOfGraph(graph);
  const axes = axesOf(nodes);
  const regions: Region[] = [];
  const picks = limitsOf(options).products === "chains" ? "by sum" : "by place";
  const taken = new Set<Node>();
  for (const seed of seedsOf(nodes, axes, options)) {
    const members = membersOf(graph, nodes, axes, seed, taken);
    if (members === undefined) continue;
    const region = bodiesOf(builder, graph, members, regions.length, picks);
    if (!inAcyclicOrder(graph, [...regions, region])) continue;
    regions.push(region);
    for (const node of members.local) taken.add(node);
    for (const node of members.sinks) taken.add(node);
  }
  return regions;
}

/** What the regions' loops would compute for some classes at a time, and the stored values that they would slice. */
export function streamedValues({ graph, options }: Stage): {
  readonly local: ReadonlySet<Node>;
  readonly sliced: ReadonlySet<Node>;
} {
  const nodes = nodesOfGraph(graph);
  const axes = axesOf(nodes);
  const [local, sliced] = [new Set<Node>(), new Set<Node>()];
  for (const seed of seedsOf(nodes, axes, options)) {
    const members = membersOf(graph, nodes, axes, seed, local);
    for (const node of members?.local ?? []) local.add(node);
    for (const node of [...(members?.local ?? []), ...(members?.sinks ?? [])])
      for (const input of node.inputs)
        if (members?.classAxis(input) !== undefined && !members.local.has(input)) sliced.add(input);
  }
  return { local, sliced };
}

/** Nodes that some pass computes. */
export function streamedNodes(regions: readonly Region[]): ReadonlySet<Node> {
  return new Set(
    regions.flatMap((region) => region.passes.flatMap((pass) => pass.results.map(({ node }) => node))),
  );
}

/** What a pass reads from outside: the values it slices and those it reads whole, in id order. */
export function readsOfPass(region: Region, pass: RegionPass): readonly Node[] {
  const body = new Set<Node>([...pass.body, ...pass.slices.map(({ leaf }) => leaf), region.first]);
  const outside = new Set<Node>(pass.slices.map(({ of }) => of));
  for (const node of pass.body) for (const input of node.inputs) if (!body.has(input)) outside.add(input);
  for (const result of pass.results)
    for (const node of partialsOf(result)) if (!body.has(node)) outside.add(node);
  return [...outside].sort((a, b) => a.id - b.id);
}

/** The body nodes a result is made of. */
export function partialsOf(result: Result): readonly Node[] {
  switch (result.kind) {
    case "fold":
      return [result.partial];
    case "argmax":
      return [result.largest, result.index];
    case "rows":
      return [result.piece];
    default:
      return result satisfies never;
  }
}

/**
 * Every node that is computed outside the regions' bodies, inputs before users: what the outputs and the passes
 * read, without what only the bodies stand for.
 */
export function nodesOutside(graph: Graph, regions: readonly Region[]): readonly Node[] {
  const passOf = new Map<Node, readonly Node[]>();
  for (const region of regions)
    for (const pass of region.passes) {
      const reads = readsOfPass(region, pass);
      for (const { node } of pass.results) passOf.set(node, reads);
    }
  const seen = new Set<Node>();
  const stack = graph.outputs.map(({ node }) => node);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...(passOf.get(node) ?? node.inputs));
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
