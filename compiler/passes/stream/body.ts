/**
 * Writes a region's passes: for each level the results that can be finished then, and the body that computes
 * them for one chunk. What a pass needs from an earlier one is either a finished statistic, read as an ordinary
 * value, or a class-local value, which is kept or computed again.
 */
import { type Dim, namedDim, namesOfDim } from "../../ir/dim.ts";
import { type Graph, type GraphBuilder, type Node, isOp, nodesOf, nodesOfGraph } from "../../ir/node.ts";
import type { Region, RegionPass, Result, Slice } from "../stream.ts";
import { type PickStyle, createChunkWriter } from "./chunk.ts";
import type { Members } from "./members.ts";

export function bodiesOf(
  builder: GraphBuilder,
  graph: Graph,
  members: Members,
  index: number,
  picks: PickStyle,
): Region {
  const chunk = freeName(graph, `chunk${index === 0 ? "" : index + 1}`);
  const first = builder.make("input", [], { name: `first of ${chunk}`, dtype: "i32", shape: [] });
  const writer = createChunkWriter(builder, members, namedDim(chunk), first, picks);
  const written = [...members.sinks, ...members.emitted]
    .sort((a, b) => a.id - b.id)
    .map((node) => ({ level: members.levels.get(node) ?? 0, results: writer.resultsOf(node) }));
  const slices = writer.slices();
  const inBody = bodyTest(slices, first, chunk);
  const levels = [...new Set(written.map(({ level }) => level))].sort((a, b) => a - b);
  const earlier = new Set<Node>();
  const passes = levels.map((level) => {
    const results = written.filter((each) => each.level === level).flatMap((each) => each.results);
    const pass = passOf(level, results, slices, first, inBody, earlier);
    for (const node of pass.body) if (isWorthKeeping(node)) earlier.add(node);
    return pass;
  });
  return { name: nameOf(slices), classes: members.seed.classes, chunk, first, passes };
}

/** The first parameter that has the class axis. */
function nameOf(slices: readonly Slice[]): string {
  const [first] = slices.flatMap(({ of }) => (isOp(of, "parameter") ? [of.attrs.name] : []));
  return first ?? "classes";
}

/** A product costs far more than its bytes; a reduction is smaller than what it was made from. */
function isWorthKeeping(node: Node): boolean {
  if (isOp(node, "half")) return isRoundedProduct(node);
  return isOp(node, "matmul") || isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp");
}

/** A product that `narrow` scaled and rounded: half as large as the product itself, which is then not asked for. */
function isRoundedProduct(node: Node<"half">): boolean {
  const scaled = node.inputs[0];
  return scaled !== undefined && isOp(scaled, "mul") && scaled.inputs.some((each) => isOp(each, "matmul"));
}

function passOf(
  level: number,
  results: readonly Result[],
  slices: readonly Slice[],
  first: Node,
  inBody: (node: Node) => boolean,
  earlier: ReadonlySet<Node>,
): RegionPass {
  const roots = results.flatMap(rootsOf);
  const reached = reach(roots, inBody, () => false);
  const stopped = reach(roots, inBody, (node) => earlier.has(node));
  const leaves = new Set<Node>([first, ...slices.map(({ leaf }) => leaf)]);
  return {
    level,
    slices: slices.filter(({ leaf }) => reached.has(leaf)),
    body: inOrder(reached).filter((node) => !leaves.has(node)),
    results,
    kept: inOrder(stopped).filter((node) => earlier.has(node)),
  };
}

function rootsOf(result: Result): readonly Node[] {
  return result.kind === "fold"
    ? [result.partial]
    : result.kind === "argmax"
      ? [result.largest, result.index]
      : [result.piece];
}

function reach(
  roots: readonly Node[],
  inside: (node: Node) => boolean,
  stop: (node: Node) => boolean,
): ReadonlySet<Node> {
  const seen = new Set<Node>();
  const stack = roots.filter(inside);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (!stop(node)) stack.push(...node.inputs.filter(inside));
  }
  return seen;
}

function inOrder(nodes: ReadonlySet<Node>): readonly Node[] {
  return [...nodes].sort((a, b) => a.id - b.id);
}

/** A node is in the body when its value changes from chunk to chunk. */
function bodyTest(slices: readonly Slice[], first: Node, chunk: string): (node: Node) => boolean {
  const known = new Map<Node, boolean>(slices.map(({ leaf }) => [leaf, true]));
  known.set(first, true);
  return (node) => {
    for (const each of nodesOf([node])) {
      if (known.has(each)) continue;
      const sized = each.type.shape.some((dim) => namesOfDim(dim).has(chunk));
      known.set(each, sized || each.inputs.some((input) => known.get(input) === true));
    }
    return known.get(node) === true;
  };
}

function freeName(graph: Graph, wish: string): string {
  const taken = new Set(
    nodesOfGraph(graph).flatMap((node) => node.type.shape.flatMap((dim: Dim) => [...namesOfDim(dim)])),
  );
  let name = wish;
  while (taken.has(name)) name += "_";
  return name;
}
