/**
 * Rows that meet rows of the same matrix: the cosines of all pairs have one axis twice, and what is streamed needs to
 * know which of the two is cut into chunks. One side, the columns, gets axes of its own: whatever is read along it from
 * elsewhere is read through an `alias`, and so is what comes back from it.
 *
 *   before   %1 = normalize(W)                             f32[C, D]
 *            %2 = matmul(%1, %1) {transposeB}              f32[C, C], both axes are W's rows
 *   after    %2 = alias(%1) {side: "columns"}
 *            %3 = matmul(%1, %2) {transposeB}              f32[C, C]: W's rows, and the alias's
 *
 * It cannot tell the sides where they change places: a matrix that meets its own transpose stays as it is. So do
 * values with an axis three times.
 */
import { constantDim, knownSize, substituteDim } from "../../ir/dim.ts";
import { type Graph, type Node, nodesOfGraph } from "../../ir/node.ts";
import { rebuiltGraph } from "../../ir/rewrite.ts";
import type { AttrsOf } from "../../ops/attrs.ts";
import { bytesOf } from "../bytes.ts";
import { isLeaf } from "../fuse.ts";
import { type Stage, budgetOf } from "../pass.ts";
import { type Link, axesOf, linksOf } from "./axes.ts";
import { bodyShare } from "./chunks.ts";
import { type Place, noFamilies } from "./families.ts";
import { rowStatisticAxes } from "./seeds.ts";

type Side = AttrsOf<"alias">["side"];

/** The same outputs; the same graph where no value is large since an axis stands in it twice. */
export function withSides(stage: Stage): Graph {
  const nodes = nodesOfGraph(stage.graph);
  const cuts = pairsOf(nodes, stage).flatMap(cutsOf);
  return cuts.length === 0 ? stage.graph : withAliases(stage, cuts);
}

/** An axis that stands twice in some values. */
interface Pairs {
  /** The two places in each of those values, in id order. */
  readonly wide: ReadonlyMap<Node, readonly [Place, Place]>;
  /** What operations carry along the axis, inputs before users. */
  readonly links: readonly Link[];
}

function pairsOf(nodes: readonly Node[], stage: Stage): readonly Pairs[] {
  const axes = axesOf(nodes);
  const found = new Map<number, Map<Node, readonly [Place, Place]>>();
  const entangled = new Set<number>();
  for (const node of nodes)
    for (const family of new Set(node.type.shape.map((_, axis) => axes.family(node, axis)))) {
      const [first, second, ...more] = axes.within(node, family);
      if (first === undefined || second === undefined) continue;
      const wide = found.get(family) ?? new Map<Node, readonly [Place, Place]>();
      found.set(
        family,
        wide.set(node, [
          { node, axis: first },
          { node, axis: second },
        ]),
      );
      // Where such a value is given, as the weights of a layer are that adds to what it reads, it is as large in any case.
      if (more.length > 0 || isLeaf(node)) entangled.add(family);
    }
  return [...found]
    .filter(
      ([family, wide]) => !entangled.has(family) && [...wide.keys()].some((node) => isLarge(node, stage)),
    )
    .map(([family, wide]) => ({
      wide,
      links: nodes.flatMap((node) =>
        linksOf(node).filter(({ from }) => axes.family(from.node, from.axis) === family),
      ),
    }));
}

/** Whether all pairs are more than a chunk may hold, or may be: then it is worth it to go over them by columns. */
function isLarge({ type }: Node, { batch, options }: Stage): boolean {
  const bytes = substituteDim(bytesOf(type), () => (batch === undefined ? undefined : constantDim(batch)));
  return (knownSize(bytes) ?? Infinity) > budgetOf(options) * bodyShare;
}

/** An input that its user reads as another side. */
interface Cut {
  readonly user: Node;
  readonly index: number;
  readonly side: Side;
}

/** Values with both sides say which is which; of the others, what is made of columns alone is columns. */
function cutsOf({ wide, links }: Pairs): readonly Cut[] {
  const columns = columnsOf({ wide, links });
  if (columns === undefined) return [];
  const made = new Set<Node>();
  const sideOf = (place: Place): Side =>
    (wide.has(place.node) ? columns(place) : made.has(place.node)) ? "columns" : "rows";
  const cuts: Cut[] = [];
  for (const [user, into] of grouped(links)) {
    const own = into.filter(({ to }) => to.node === user);
    const ofWide = own.filter(({ from }) => wide.has(from.node));
    const sides = (ofWide.length > 0 ? ofWide : own).map(({ from }) => sideOf(from));
    if (!wide.has(user) && sides.length > 0 && !sides.includes("rows")) made.add(user);
    for (const link of into) {
      const { index, from, to } = wide.has(link.from.node) ? turned(link) : link;
      if (sideOf(from) !== sideOf(to)) cuts.push({ user, index, side: sideOf(to) });
    }
  }
  return cuts;
}

function grouped(links: readonly Link[]): ReadonlyMap<Node, readonly Link[]> {
  const groups = new Map<Node, Link[]>();
  for (const link of links) {
    const group = groups.get(link.user);
    if (group === undefined) groups.set(link.user, [link]);
    else group.push(link);
  }
  return groups;
}

/** A link between two inputs, from the other one. */
function turned(link: Link): Link {
  const { user, from, to } = link;
  return to.node === user ? link : { user, index: user.inputs.indexOf(to.node), from: to, to: from };
}

/**
 * Whether a place of a value with both sides is columns: the side along which rows are reduced, else the later one.
 * Undefined where the sides change places.
 */
function columnsOf({ wide, links }: Pairs): ((place: Place) => boolean) | undefined {
  const families = noFamilies();
  for (const { from, to } of links) if (wide.has(from.node) && wide.has(to.node)) families.join(from, to);
  const reduced = new Set<number>();
  for (const { user } of links) {
    const [input] = user.inputs;
    if (input !== undefined && wide.has(input))
      for (const axis of rowStatisticAxes(user)) reduced.add(families.of({ node: input, axis }));
  }
  const [rows, columns] = [new Set<number>(), new Set<number>()];
  for (const [first, second] of wide.values()) {
    const [a, b] = [families.of(first), families.of(second)];
    const known = rows.has(b) || columns.has(a);
    const turn = known || (!rows.has(a) && !columns.has(b) && reduced.has(a) && !reduced.has(b));
    rows.add(turn ? b : a);
    columns.add(turn ? a : b);
  }
  return [...rows].some((family) => columns.has(family))
    ? undefined
    : (place) => columns.has(families.of(place));
}

function withAliases({ graph, builder }: Stage, cuts: readonly Cut[]): Graph {
  const sides = new Map<Node, Map<number, Side>>();
  for (const { user, index, side } of cuts)
    sides.set(user, (sides.get(user) ?? new Map<number, Side>()).set(index, side));
  return rebuiltGraph(graph, builder, (user, index, input) => {
    const side = sides.get(user)?.get(index);
    return side === undefined ? input : builder.make("alias", [input], { side }, input.span);
  });
}
