/**
 * Pass `logarithms`: the logarithm of what is made of exponentials is written in their exponents, before differentiation. So
 * a formula that stands in a paper as `-log(exp(z_y) / Σ exp(z))`, or as the logarithm of a softmax or a sigmoid, neither
 * overflows nor divides by a probability that was rounded to 0 on the way back.
 *
 *   before   %1 = exp(%0)
 *            %2 = sum(%1) {axes: [1], keepDims: false}
 *            %3 = log(%2)
 *   after    %1 = logsumexp(%0) {axes: [1], keepDims: false}
 */
import { formulas, inputOf } from "../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp } from "../ir/node.ts";
import { rewriteGraph } from "../ir/rewrite.ts";
import { differentiatedBy } from "./differentiated.ts";
import { type Logarithms, logarithmReader } from "./logarithms/reader.ts";
import type { Pass } from "./pass.ts";
import { factsOf } from "./simplify/index.ts";
import type { Facts } from "./simplify/rule.ts";

export const logarithms: Pass = {
  name: "logarithms",
  doc: "Logarithms of exponentials, their sums, products and quotients are written in the exponents.",
  run: (stage) => ({ ...stage, graph: withoutLogarithms(stage.graph, stage.builder, factsOf(stage)) }),
};

/** The same outputs; composites other than those about gradients must be gone. */
export function withoutLogarithms(graph: Graph, builder: GraphBuilder, facts: Pick<Facts, "inRange">): Graph {
  const read = logarithmReader(builder, facts, differentiatedBy(graph));
  return rewriteGraph(graph, builder, (node) =>
    isOp(node, "log") ? rewritten(builder, read, node) : undefined,
  );
}

function rewritten(builder: GraphBuilder, read: Logarithms, node: Node): Node | undefined {
  const x = inputOf(node, 0);
  const known = read(x);
  if (known !== undefined) return known.exponential ? known.log : undefined;
  if (!isOp(x, "mul") && !isOp(x, "div")) return undefined;
  // Of a product with something of unknown sign only the exponential leaves: where the rest is below 0, both sides are NaN.
  const f = formulas(builder, node.span);
  const [a, b] = [read(inputOf(x, 0)), read(inputOf(x, 1))];
  if (a?.exponential !== true && b?.exponential !== true) return undefined;
  const [left, right] = [a?.log ?? f.log(inputOf(x, 0)), b?.log ?? f.log(inputOf(x, 1))];
  return isOp(x, "mul") ? f.add(left, right) : f.sub(left, right);
}
