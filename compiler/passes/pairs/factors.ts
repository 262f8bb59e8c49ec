/**
 * What a sum over pairs multiplies. A product that has the rows of both sides is taken apart; what has those of one
 * side, or of none, is a factor. Numbers that divide are factors too, by their inverse.
 */
import type { Formulas } from "../../ir/build.ts";
import { type Node, isOp } from "../../ir/node.ts";
import { shapeKey } from "../../ir/type.ts";
import { input } from "../simplify/rule.ts";

export interface Factors {
  /** As large as all pairs: differences, or what no law takes apart. */
  readonly ofPairs: readonly Node[];
  readonly others: readonly Node[];
  /** The products that were taken apart, which nobody else may ask for. */
  readonly between: readonly Node[];
}

export function factorsOfPairs(f: Formulas, sum: Node<"sum">): Factors {
  const whole = input(sum, 0);
  const [ofPairs, others, between]: [Node[], Node[], Node[]] = [[], [], []];
  const isOfPairs = ({ type }: Node): boolean => shapeKey(type.shape) === shapeKey(whole.type.shape);
  const take = (node: Node): void => {
    if (!isOfPairs(node)) others.push(node);
    else if (isOp(node, "broadcast")) take(input(node, 0));
    else if (isOp(node, "mul") || isOp(node, "div")) {
      between.push(node);
      take(input(node, 0));
      if (isOp(node, "mul")) take(input(node, 1));
      else if (isOfPairs(input(node, 1))) ofPairs.push(f.div(f.f32(1), input(node, 1)));
      else others.push(f.div(f.f32(1), input(node, 1)));
    } else ofPairs.push(node);
  };
  take(whole);
  return { ofPairs, others, between };
}
