/** Pass `logarithms`: every law on both sides, and formulas from papers at scores where they used to overflow. */
import { describe, expect, test } from "vitest";
import { type Formulas, formulas } from "../../../compiler/ir/build.ts";
import { GraphBuilder, type Node, nodesOfGraph } from "../../../compiler/ir/node.ts";
import type { OpName } from "../../../compiler/ops/attrs.ts";
import { reference } from "../../../compiler/ops/arrays.ts";
import { decomposeGraph } from "../../../compiler/passes/decompose.ts";
import { differentiateGraph } from "../../../compiler/passes/gradient.ts";
import { withoutLogarithms } from "../../../compiler/passes/logarithms.ts";
import { logarithmReader, logarithmRules } from "../../../compiler/passes/logarithms/reader.ts";
import { classes, exampleSizes, labels, matrix } from "../../../compiler/passes/simplify/examples.ts";
import { evaluateGraph } from "../../../compiler/reference.ts";
import { expectSameValues, randomFeeds } from "../../support/references.ts";

const inRange = { inRange: () => true };
const labelRange = { low: 0, high: exampleSizes.C - 1 };

describe("laws", () => {
  test.each(logarithmRules)("$law", ({ on, rule, example }) => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const x = example(f);
    expect(on).toContain(x.op);
    const read = logarithmReader(builder, inRange, new Set());
    expect(rule(x, f, { ...inRange, read })).toBeDefined();
    const found = read(x);
    if (found === undefined) throw new Error("no rule reads the example");
    const value = (node: Node) => ({ outputs: [{ name: "value", node }] });
    for (const seed of [1, 2, 3]) {
      const feeds = randomFeeds(value(x), exampleSizes, seed, labelRange);
      expectSameValues(
        evaluateGraph(decomposeGraph(value(found.log), builder), feeds, exampleSizes),
        evaluateGraph(value(f.log(x)), feeds, exampleSizes),
        1e-12,
      );
    }
  });

  test("are named once", () => {
    const laws = logarithmRules.map(({ law }) => law);
    expect(new Set(laws).size).toBe(laws.length);
  });
});

/** Losses of scores z, as papers write them. */
const papers: Readonly<Record<string, (f: Formulas, z: Node, y: Node) => Node>> = {
  "log of a softmax's share": (f, z, y) => f.neg(f.log(f.pick(f.make("softmax", [z], { axis: 1 }), y))),
  "log of a quotient": (f, z, y) =>
    f.neg(f.log(f.div(f.exp(f.pick(z, y)), f.sum(f.exp(z), { axes: [1], keepDims: false })))),
  focal: (f, z, y) => {
    const p = f.pick(f.make("softmax", [z], { axis: 1 }), y);
    const rest = f.sub(f.f32(1), p);
    return f.neg(f.mul(f.mul(rest, rest), f.log(p)));
  },
  "yes or no by sigmoids": (f, z) => {
    const p = f.make("sigmoid", [z], {});
    return f.neg(f.add(f.log(p), f.mul(f.f32(3), f.log(f.sub(f.f32(1), p)))));
  },
  "yes or no by quotients": (f, z) => {
    const p = f.div(f.f32(1), f.add(f.f32(1), f.exp(f.neg(z))));
    return f.neg(f.add(f.log(p), f.mul(f.f32(3), f.log(f.sub(f.f32(1), p)))));
  },
  "one more than exponentials": (f, z) =>
    f.log(f.add(f.f32(1), f.sum(f.exp(z), { axes: [1], keepDims: false }))),
  "a probability and a little": (f, z, y) =>
    f.neg(f.log(f.add(f.pick(f.make("softmax", [z], { axis: 1 }), y), f.f32(1e-9)))),
};

function lossOf(paper: (f: Formulas, z: Node, y: Node) => Node) {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const [z, y] = [matrix(f), labels(f)];
  const value = paper(f, z, y);
  const outputs = [
    { name: "value", node: value },
    { name: "slope", node: f.make("gradient", [value, z], {}) },
  ];
  const graph = decomposeGraph({ outputs }, builder);
  const derived = (before: typeof graph) => differentiateGraph(before, builder);
  return { twin: derived(graph), own: derived(withoutLogarithms(graph, builder, inRange)) };
}

const scores = (scale: number) => ({
  x: reference(
    "f32",
    [exampleSizes.N, exampleSizes.C],
    Float64Array.from({ length: exampleSizes.N * exampleSizes.C }, (_, at) => scale * Math.sin(1 + 3 * at)),
  ),
  y: reference("i32", [exampleSizes.N], Float64Array.from([0, 1, 2, 3, 0])),
});

describe("formulas from papers", () => {
  test.each(Object.entries(papers))("%s: the same where both are numbers", (_, paper) => {
    const { twin, own } = lossOf(paper);
    expectSameValues(
      evaluateGraph(own, scores(3), exampleSizes),
      evaluateGraph(twin, scores(3), exampleSizes),
      1e-9,
    );
  });

  test.each(Object.entries(papers))("%s: finite where scores are huge, and right", (_, paper) => {
    const found = evaluateGraph(lossOf(paper).own, scores(2000), exampleSizes);
    for (const { data } of Object.values(found)) expect(data.every(Number.isFinite)).toBe(true);
  });

  test("what is written is gone: no logarithm of a sum of exponentials, no quotient by a probability", () => {
    for (const name of ["log of a softmax's share", "log of a quotient"] as const) {
      const ops = (graph: { readonly outputs: readonly { readonly name: string; readonly node: Node }[] }) =>
        new Set<OpName>(nodesOfGraph(graph).map(({ op }) => op));
      const { twin, own } = lossOf(papers[name] ?? ((f) => f.f32(0)));
      expect(ops(twin)).toContain("log");
      for (const op of ["log", "div"] as const) expect(ops(own), name).not.toContain(op);
    }
  });
});

describe("what stays", () => {
  const unchanged = (make: (f: Formulas) => Node, facts = inRange, wrt: readonly Node[] = []) => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const graph = {
      outputs: [{ name: "value", node: make(f) }, ...wrt.map((node, at) => ({ name: `g${at}`, node }))],
    };
    expect(withoutLogarithms(graph, builder, facts).outputs[0]?.node).toBe(graph.outputs[0]?.node);
  };

  test("a factor that may be 0 or below under a sum", () => {
    unchanged((f) => f.log(f.sum(f.mul(f.exp(matrix(f)), matrix(f, "m")), { axes: [1], keepDims: false })));
  });

  test("a look-up that may be out of range, which reads 0", () => {
    unchanged((f) => f.log(f.pick(f.exp(matrix(f)), labels(f))), { inRange: () => false });
  });

  test("logarithms of nothing exponential", () => {
    unchanged((f) => f.log(f.add(f.f32(2), f.make("size", [], { dim: classes }))));
    unchanged((f) => f.log(f.abs(matrix(f))));
  });

  test("logaddexp as it is decomposed", () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const value = f.make("logaddexp", [matrix(f), f.f32(0)], {});
    const graph = decomposeGraph({ outputs: [{ name: "value", node: value }] }, builder);
    expect(withoutLogarithms(graph, builder, inRange)).toEqual(graph);
  });

  test("a value that something is differentiated with respect to", () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const p = f.exp(matrix(f));
    const value = f.log(p);
    const outputs = [{ name: "slope", node: f.make("gradient", [value, p], {}) }];
    const graph = differentiateGraph(withoutLogarithms({ outputs }, builder, inRange), builder);
    const feeds = scores(1);
    const found = evaluateGraph(graph, feeds, exampleSizes)["slope"]?.data ?? [];
    feeds.x.data.forEach((x, at) => expect(found[at]).toBeCloseTo(Math.exp(-x), 9));
  });
});

test("the gradient of softplus is the sigmoid, at 0 too", () => {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const x = f.make("input", [], { name: "x", dtype: "f32", shape: [classes] });
  const slope = f.make("gradient", [f.make("softplus", [x], {}), x], {});
  const graph = differentiateGraph(
    decomposeGraph({ outputs: [{ name: "slope", node: slope }] }, builder),
    builder,
  );
  const feeds = { x: reference("f32", [4], Float64Array.of(0, -800, 800, 1)) };
  const found = evaluateGraph(graph, feeds, { C: 4 })["slope"]?.data ?? [];
  expect([...found].slice(0, 3)).toEqual([0.5, 0, 1]);
  expect(found[3]).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
});
