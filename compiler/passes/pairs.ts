/**
 * Pass `pairs`: where every row of one value meets every row of another and their features are summed away, the sum
 * becomes a product of matrices, and the N·C·D numbers between are never made. It comes before differentiation, so
 * that the gradients are products too, and before `stream`, so that distances to classes stream as cosines do.
 *
 *   before   %2 = reshape(%0) {shape: [N, 1, D]}
 *            %3 = sub(%2, %1)                     f32[N, C, D]
 *            %5 = sum(mul(%3, %3)) {axes: [2]}    f32[N, C]
 *   after    %4 = matmul(%0, %1) {transposeB}     f32[N, C]
 *            %9 = maximum(0, Σ %0² + Σ %1² - 2 · %4)
 *
 * It knows products, and squares of differences with weights of either side; other functions of a pair stay as they are
 * written, and so do weights that may be below 0, since a distance that rounds to less than 0 is put right.
 */
import { type Formulas, formulas } from "../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp, nodesOfGraph } from "../ir/node.ts";
import { rewriteGraph } from "../ir/rewrite.ts";
import { differentiatedBy } from "./differentiated.ts";
import { factorsOfPairs } from "./pairs/factors.ts";
import { pairRules } from "./pairs/rules.ts";
import type { Pass } from "./pass.ts";

export const pairs: Pass = {
  name: "pairs",
  doc: "Sums over the features of all pairs of rows become products of matrices.",
  run: (stage) => ({ ...stage, graph: pairGraph(stage.graph, stage.builder) }),
};

/** Round by round, since a sum of pairs may stand inside another one. */
export function pairGraph(graph: Graph, builder: GraphBuilder): Graph {
  const next = pairOnce(graph, builder);
  return next.outputs.every(({ node }, index) => node === graph.outputs[index]?.node)
    ? graph
    : pairGraph(next, builder);
}

/** Only sums that the graph has as they are: of one whose inputs are new it is not known what is asked of them. */
function pairOnce(graph: Graph, builder: GraphBuilder): Graph {
  const nodes = nodesOfGraph(graph);
  const asked = differentiatedBy(graph);
  const isFree = (sum: Node): boolean => !between(formulas(builder), sum).some((node) => asked.has(node));
  const sums = new Set(nodes.filter((node) => isOp(node, "sum") && isFree(node)));
  return rewriteGraph(graph, builder, (node) => {
    if (!sums.has(node)) return undefined;
    const f = formulas(builder, node.span);
    for (const { rule } of pairRules) {
      const result = rule(node, f);
      if (result !== undefined) return result;
    }
    return undefined;
  });
}

/** What lies between a sum of pairs and the values that meet: products, and the squares and differences. */
function between(f: Formulas, sum: Node): readonly Node[] {
  if (!isOp(sum, "sum")) return [];
  const { between, ofPairs } = factorsOfPairs(f, sum);
  return [...between, ...ofPairs];
}
