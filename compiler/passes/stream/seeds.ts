/**
 * Where regions may begin: families of axes that a matrix product leaves free, that belong to a parameter, that
 * are large or of unknown size, and over which rows are reduced. A hidden layer's axis is only ever summed
 * away by the next product, so it is none; the class axis of a softmax, a margin loss or a user's own loss is. Where
 * rows meet rows of the same matrix, the second side is one too, also where all pairs are reduced at once.
 */
import { type Dim, knownSize, namesOfDim } from "../../ir/dim.ts";
import { type Node, isOp, isReduction, isVariable } from "../../ir/node.ts";
import { type PassOptions, isChunked } from "../pass.ts";
import type { Axes } from "./axes.ts";

export interface Seed {
  readonly family: number;
  /** The number of classes: the size of the smallest axis of the family. */
  readonly classes: Dim;
}

/** What is known of a family when all nodes have been seen. */
interface Family {
  readonly sizes: Dim[];
  ofParameter: boolean;
  /** The second side of pairs of rows. */
  ofPairs: boolean;
  ofProduct: boolean;
  /** Reduced while another axis, the row's, stays. */
  reduced: boolean;
  /** Reduced, be it with all other axes. */
  summedUp: boolean;
}

/** The largest axis first; axes of unknown size before all. */
export function seedsOf(nodes: readonly Node[], axes: Axes, options: PassOptions): readonly Seed[] {
  return [...familiesOf(nodes, axes)]
    .filter(([, { ofProduct }]) => ofProduct)
    .filter(([, of]) => (of.ofParameter && of.reduced) || (of.ofPairs && of.summedUp))
    .map(([family, { sizes }]): Seed => ({ family, classes: smallest(sizes) }))
    .filter(({ classes }) => isChunked(classes, options))
    .sort((a, b) => weight(b.classes) - weight(a.classes) || a.family - b.family);
}

function familiesOf(nodes: readonly Node[], axes: Axes): ReadonlyMap<number, Family> {
  const families = new Map<number, Family>();
  const at = (node: Node, axis: number): Family => {
    const number = axes.family(node, axis);
    const none = { ofParameter: false, ofPairs: false, ofProduct: false, reduced: false, summedUp: false };
    const family = families.get(number) ?? { sizes: [], ...none };
    families.set(number, family);
    return family;
  };
  for (const node of nodes) {
    node.type.shape.forEach((dim, axis) => {
      const family = at(node, axis);
      family.sizes.push(dim);
      family.ofParameter ||= isVariable(node);
      family.ofPairs ||= isOp(node, "alias") && node.attrs.side === "columns";
      family.ofProduct ||= isOp(node, "matmul");
    });
    const [input] = node.inputs;
    if (input === undefined) continue;
    for (const axis of rowStatisticAxes(node)) at(input, axis).reduced = true;
    if (isReduction(node)) for (const axis of node.attrs.axes) at(input, axis).summedUp = true;
  }
  return families;
}

/** Axes that a node reduces while another axis, the row's, stays. */
export function rowStatisticAxes(node: Node): readonly number[] {
  const rank = node.inputs[0]?.type.shape.length ?? 0;
  if (isReduction(node)) return node.attrs.axes.length < rank ? node.attrs.axes : [];
  return isOp(node, "argmax") && rank > 1 ? [node.attrs.axis] : [];
}

function smallest(dims: readonly Dim[]): Dim {
  return dims.reduce((best, dim) => (weight(dim) < weight(best) ? dim : best));
}

function weight(dim: Dim): number {
  return (
    knownSize(dim) ??
    1e12 * (namesOfDim(dim).size + dim.terms.reduce((sum, term) => sum + term.coefficient * 1e-6, 0))
  );
}
