/**
 * Pass `angles`: the trigonometry of acos disappears before differentiation. A sum of multiples of angles
 * θ = acos(c), constants and other values is read as one (`angles/sum.ts`); its cosine and sine become
 * polynomials in c and one guarded square root, its comparisons become comparisons of c with constants,
 * and its floor becomes a count of such comparisons. Constants are folded in float64.
 *
 *   before   %1 = acos(%0)
 *            %2 = add(%1, 0.5)
 *            %3 = cos(%2)
 *   after    %1 = minimum(1, maximum(-1, %0))
 *            %2 = select(less(1e-12, (1 - %1)(1 + %1)), sqrt(…), 0)
 *            %3 = sub(mul(0.8775…, %1), mul(0.4794…, %2))
 *
 * It cannot yet do away with multiples that are not whole numbers (cos 1.35θ), and an angle used as a
 * number stays one.
 */
import { formulas, inputOf } from "../ir/build.ts";
import { type Graph, type GraphBuilder, type Node, isOp } from "../ir/node.ts";
import { rewriteGraph } from "../ir/rewrite.ts";
import type { OpName } from "../ops/attrs.ts";
import { comparisonOfAngles, floorOfAngles } from "./angles/comparisons.ts";
import { cosineOfSum, sineOfSum } from "./angles/expansion.ts";
import { type AngleSum, angleSumReader, sumNode } from "./angles/sum.ts";
import { differentiatedBy } from "./differentiated.ts";
import type { Pass } from "./pass.ts";

export const angles: Pass = {
  name: "angles",
  doc: "Cosines, sines, comparisons and floors of angles become polynomials and comparisons of their cosines.",
  run: (stage) => ({ ...stage, graph: withoutAngles(stage.graph, stage.builder) }),
};

/** The same outputs; composites other than those about gradients must be gone. */
export function withoutAngles(graph: Graph, builder: GraphBuilder): Graph {
  const read = angleSumReader(builder, differentiatedBy(graph));
  return rewriteGraph(graph, builder, (node) => rewritten(builder, read, node));
}

function rewritten(builder: GraphBuilder, read: (node: Node) => AngleSum, node: Node): Node | undefined {
  if (!handled.has(node.op)) return undefined;
  const f = formulas(builder, node.span);
  const [left, right] = [
    read(inputOf(node, 0)),
    node.inputs[1] === undefined ? undefined : read(inputOf(node, 1)),
  ];
  const split = splitChoice(builder, node, [left, ...(right === undefined ? [] : [right])]);
  const result = split ?? direct(node, left, right);
  return result === undefined ? undefined : f.broadcast(result, node.type.shape);

  function direct(of: Node, a: AngleSum, b: AngleSum | undefined): Node | undefined {
    if (of.op === "cos") return cosineOfSum(f, a);
    if (of.op === "sin") return sineOfSum(f, a);
    if (of.op === "floor") return floorOfAngles(f, a);
    return b === undefined
      ? undefined
      : comparisonOfAngles(f, of.op === "less" ? "less" : "less_equal", a, b);
  }
}

const handled: ReadonlySet<OpName> = new Set<OpName>(["cos", "sin", "floor", "less", "less_equal"]);

/**
 * f(select(p, a, b) + rest) = select(p, f(a + rest), f(b + rest)) where a branch holds an angle; min and max
 * are choices too, and a tie goes to the second as their gradients have it.
 */
function splitChoice(builder: GraphBuilder, node: Node, sums: readonly AngleSum[]): Node | undefined {
  const f = formulas(builder, node.span);
  for (const [index, sum] of sums.entries()) {
    const choice = sum.rest.find((part) => part.choiceOfAngles);
    if (choice === undefined) continue;
    const branch = (value: Node): Node => {
      const rest = sum.rest.map((part) => (part === choice ? { ...part, node: value } : part));
      const inputs = node.inputs.map((input, at) => (at === index ? sumNode(f, { ...sum, rest }) : input));
      return builder.make(node.op, inputs, node.attrs, node.span);
    };
    const [condition, yes, no] = choiceParts(builder, choice.node);
    if (node.type.dtype !== "bool") return f.select(condition, branch(yes), branch(no));
    return f.make("or", [f.and(condition, branch(yes)), f.and(f.not(condition), branch(no))], {});
  }
  return undefined;
}

function choiceParts(builder: GraphBuilder, node: Node): readonly [Node, Node, Node] {
  const f = formulas(builder, node.span);
  const [first, second] = [inputOf(node, 0), inputOf(node, 1)];
  if (isOp(node, "select")) return [first, second, inputOf(node, 2)];
  return isOp(node, "minimum")
    ? [f.less(first, second), first, second]
    : [f.less(second, first), first, second];
}
