/**
 * Walks the operation table: every operation has a doc, its evaluator gives what its type rule promises, and
 * its gradient, and the gradient of that, agree with central differences in float64.
 */
import { describe, expect, test } from "vitest";
import { type Formulas, formulas } from "../../../compiler/ir/build.ts";
import { type Bindings, sizeOfDim } from "../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node, isOp, nodesOf } from "../../../compiler/ir/node.ts";
import type { OpName } from "../../../compiler/ops/attrs.ts";
import type { Reference } from "../../../compiler/ops/record.ts";
import { opDocs } from "../../../compiler/ops/table.ts";
import { type Feeds, evaluateGraph, inPrimitives } from "../../../compiler/reference.ts";
import { type OpCase, caseFeeds, opCases } from "../../support/op-cases.ts";

const bindings: readonly Bindings[] = [{ N: 1 }, { N: 4 }];

const cases = Object.entries(opCases).flatMap(([op, uses]) =>
  uses.flatMap((use, index) => bindings.map((dims) => ({ op, index, dims, use, rows: dims["N"] }))),
);

/** Their gradient is a definition, not the derivative of their value. */
const byDefinition: ReadonlySet<string> = new Set<OpName>(["detach", "straight_through"]);

describe("docs", () => {
  test.each(Object.entries(opDocs))("%s: %s", (_, doc) => {
    expect(doc).toMatch(/^.{8,}\.$/);
  });
});

describe("the evaluator gives what the type rule promises", () => {
  test.each(cases)("$op, case $index with $rows rows", ({ use, dims }) => {
    const node = use(formulas(new GraphBuilder()));
    const value = evaluate(node, caseFeeds(graphOf(node), dims, 1), dims);
    expect(value.dtype).toBe(node.type.dtype);
    expect(value.shape).toEqual(node.type.shape.map((dim) => sizeOfDim(dim, dims)));
    expect(value.data).toHaveLength(value.shape.reduce((product, size) => product * size, 1));
    expect(value.data.every(Number.isFinite)).toBe(true);
  });
});

describe("gradients agree with central differences", () => {
  const differentiable = cases.filter(
    ({ op, use }) => !byDefinition.has(op) && floatLeaves(caseNode(use)).length > 0,
  );
  test.each(differentiable)("$op, case $index with $rows rows", ({ use, dims }) => {
    const f = formulas(new GraphBuilder());
    const node = use(f);
    if (node.type.dtype === "f32") expectGradient(f, weighted(f, node, "adjoint"), dims);
  });
});

describe("gradients of gradients agree with central differences", () => {
  const twice = cases.filter(({ op, use }) => !byDefinition.has(op) && floatLeaves(caseNode(use)).length > 0);
  test.each(twice)("$op, case $index with $rows rows", ({ use, dims }) => {
    const f = formulas(new GraphBuilder());
    const node = use(f);
    if (node.type.dtype !== "f32") return;
    const once = weighted(f, node, "adjoint");
    for (const leaf of floatLeaves(node))
      expectGradient(f, weighted(f, f.make("gradient", [once, leaf], {}), "second"), dims);
  });
});

/** Σ weights · x: a scalar whose adjoint at x is the weights. */
function weighted(f: Formulas, x: Node, name: string): Node {
  const weights = f.make("input", [], { name, dtype: "f32", shape: x.type.shape });
  return f.sum(f.mul(x, weights), { axes: x.type.shape.map((_, axis) => axis), keepDims: false });
}

function expectGradient(f: Formulas, scalar: Node, dims: Bindings): void {
  const feeds = caseFeeds(graphOf(scalar), dims, 2);
  for (const leaf of floatLeaves(scalar)) {
    const name = leaf.attrs.name;
    const analytic = evaluate(f.make("gradient", [scalar, leaf], {}), feeds, dims);
    const numeric = centralDifferences(scalar, name, feeds, dims);
    const scale = Math.max(1, ...numeric.map(({ slope }) => Math.abs(slope)));
    for (const { index, slope } of numeric) {
      const error = Math.abs((analytic.data[index] ?? NaN) - slope) / scale;
      expect(error, `${name}[${index}]`).toBeLessThan(1e-6);
    }
  }
}

interface Slope {
  readonly index: number;
  readonly slope: number;
}

/** At about eight elements, spread over the value. */
function centralDifferences(scalar: Node, name: string, feeds: Feeds, dims: Bindings): readonly Slope[] {
  const base = feeds[name];
  if (base === undefined) throw new Error(`no feed called ${name}`);
  const graph = inPrimitives(graphOf(scalar));
  const step = 1e-5;
  const valueAt = (index: number, by: number): number => {
    const data = base.data.slice();
    data[index] = (data[index] ?? 0) + by;
    const { value } = evaluateGraph(graph, { ...feeds, [name]: { ...base, data } }, dims);
    return value?.data[0] ?? NaN;
  };
  const stride = Math.max(1, Math.floor(base.data.length / 8));
  return [...base.data.keys()]
    .filter((index) => index % stride === 0)
    .map((index) => ({ index, slope: (valueAt(index, step) - valueAt(index, -step)) / (2 * step) }));
}

function caseNode(use: OpCase): Node {
  return use(formulas(new GraphBuilder()));
}

function floatLeaves(node: Node): readonly Node<"input" | "parameter">[] {
  return nodesOf([node]).filter(
    (leaf): leaf is Node<"input" | "parameter"> =>
      (isOp(leaf, "input") || isOp(leaf, "parameter")) && leaf.type.dtype === "f32",
  );
}

function graphOf(node: Node) {
  return { outputs: [{ name: "value", node }] };
}

function evaluate(node: Node, feeds: Feeds, dims: Bindings): Reference {
  const { value } = evaluateGraph(graphOf(node), feeds, dims);
  if (value === undefined) throw new Error("the graph has no value");
  return value;
}
