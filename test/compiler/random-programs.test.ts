/** The random programs themselves: they reach every primitive operation, and their values are tame. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodesOfGraph } from "../../compiler/ir/node.ts";
import { primitives } from "../../compiler/ops/table.ts";
import { evaluateGraph } from "../../compiler/reference.ts";
import { randomPrograms } from "../support/random-programs.ts";

test("every primitive operation occurs", () => {
  const seen = new Set(
    fc
      .sample(randomPrograms("all"), { numRuns: 600, seed: 1 })
      .flatMap(({ graph }) => nodesOfGraph(graph).map(({ op }) => op)),
  );
  expect(Object.keys(primitives).filter((op) => !seen.has(op as never))).toEqual([]);
});

test("values are finite and small", () => {
  fc.assert(
    fc.property(randomPrograms("all"), ({ graph, feeds, dims }) => {
      for (const value of Object.values(evaluateGraph(graph, feeds, dims)))
        expect(value.data.every((x) => Math.abs(x) < 1e4)).toBe(true);
    }),
    { numRuns: 100 },
  );
});
