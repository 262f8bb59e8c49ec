/**
 * Where regions may begin: families of axes that a matrix product leaves free, that belong to a parameter, that
 * are large or of unknown size, and over which rows are reduced. A hidden layer's axis is only ever summed
 * away by the next product, so it is none; the class axis of a softmax, a margin loss or a user's own loss is.
 */
import { type Dim, knownSize, namesOfDim } from "../../ir/dim.ts";
import { type Node, isOp, isVariable } from "../../ir/node.ts";
import { type PassOptions, isChunked } from "../pass.ts";
import type { Axes } from "./axes.ts";

export interface Seed {
  readonly family: number;
  /** The number of classes: the size of the smallest axis of the family. */
  readonly classes: Dim;
}

/** The largest axis first; axes of unknown size before all. */
export function seedsOf(nodes: readonly Node[], axes: Axes, options: PassOptions): readonly Seed[] {
  const sizes = new Map<number, Dim[]>();
  const [ofParameter, ofProduct, reduced] = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (const node of nodes) {
    node.type.shape.forEach((dim, axis) => {
      const family = axes.family(node, axis);
      const known = sizes.get(family);
      if (known === undefined) sizes.set(family, [dim]);
      else known.push(dim);
      if (isVariable(node)) ofParameter.add(family);
      if (isOp(node, "matmul")) ofProduct.add(family);
    });
    for (const axis of rowStatisticAxes(node)) {
      const [input] = node.inputs;
      if (input !== undefined) reduced.add(axes.family(input, axis));
    }
  }
  return [...sizes]
    .filter(([family]) => ofParameter.has(family) && ofProduct.has(family) && reduced.has(family))
    .map(([family, dims]): Seed => ({ family, classes: smallest(dims) }))
    .filter(({ classes }) => isChunked(classes, options))
    .sort((a, b) => weight(b.classes) - weight(a.classes) || a.family - b.family);
}

/** Axes that a node reduces while another axis, the row's, stays. */
function rowStatisticAxes(node: Node): readonly number[] {
  const rank = node.inputs[0]?.type.shape.length ?? 0;
  if (isOp(node, "sum") || isOp(node, "max") || isOp(node, "logsumexp"))
    return node.attrs.axes.length < rank ? node.attrs.axes : [];
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
