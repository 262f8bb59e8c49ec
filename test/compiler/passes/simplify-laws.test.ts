/**
 * Every rule of `simplify`, `pairs` and `parts` states a law; here both of its sides are evaluated on random inputs, with
 * labels in and out of range. A rule that does not fire on its own example fails too.
 */
import { describe, expect, test } from "vitest";
import { formulas } from "../../../compiler/ir/build.ts";
import { type Dim, sameDim } from "../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../compiler/ir/node.ts";
import { printType } from "../../../compiler/ir/type.ts";
import { classes, exampleSizes } from "../../../compiler/passes/simplify/examples.ts";
import { pairRules } from "../../../compiler/passes/pairs/rules.ts";
import { partRules } from "../../../compiler/passes/parts.ts";
import { simplifyRules } from "../../../compiler/passes/simplify/index.ts";
import type { SimplifyRule } from "../../../compiler/passes/simplify/rule.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { type IntegerRange, expectSameValues, randomFeeds } from "../../support/references.ts";

const rules: readonly SimplifyRule[] = [...simplifyRules, ...pairRules, ...partRules];

const situations: readonly {
  name: string;
  range: IntegerRange;
  inRange: (index: Node, size: Dim) => boolean;
}[] = [
  { name: "labels anywhere", range: { low: -2, high: exampleSizes.C + 1 }, inRange: () => false },
  {
    name: "labels in range",
    range: { low: 0, high: exampleSizes.C - 1 },
    inRange: (_, size) => sameDim(size, classes),
  },
];

describe.each(situations)("$name", ({ range, inRange }) => {
  test.each(rules)("$law", ({ on, rule, example }) => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const before = example(f);
    expect(on).toContain(before.op);
    const after = rule(before, f, { inRange, isChunked: () => true, usedOnce: () => true });
    if (after === undefined) throw new Error("the rule does not fire on its example");
    expect(after).not.toBe(before);
    expect(printType(after.type)).toBe(printType(before.type));
    for (const seed of [1, 2, 3]) {
      const [left, right] = [before, after].map((node) => ({ outputs: [{ name: "value", node }] }));
      if (left === undefined || right === undefined) throw new Error("unreachable");
      const feeds = randomFeeds(left, exampleSizes, seed, range);
      expectSameValues(
        evaluateGraph(right, feeds, exampleSizes),
        evaluateGraph(left, feeds, exampleSizes),
        1e-12,
      );
    }
  });
});

test("laws are named once", () => {
  const laws = rules.map(({ law }) => law);
  expect(new Set(laws).size).toBe(laws.length);
});
