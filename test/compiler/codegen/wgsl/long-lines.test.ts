/**
 * Sorting orders and running sums of lines that are too long for one invocation, against the reference: they are stable,
 * equal elements and both zeros among them, and lines of any length come out of the kernels for long ones.
 */
import { expect, test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { type Bindings, type Dim, constantDim, namedDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { footprintOf } from "../../../../runtime/webgpu/footprint.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import {
  alone,
  evaluateOnGpu,
  gpuModule,
  gpuOptions,
  programOf,
  together,
} from "../../../support/gpu-runs.ts";
import { expectSameValues, randomFeeds } from "../../../support/references.ts";

const [rows, long] = [constantDim(2), namedDim("N")];
/** On both sides of what one invocation does, and no multiple of a block. */
const lengths = [1, 130, 2500, 5000];

const cases: Readonly<Record<string, (f: Formulas, x: Node) => Node>> = {
  "an order along rows": (f, x) => f.make("argsort", [x], { axis: 1, descending: false }),
  "an order along columns, the largest first": (f, x) =>
    f.make("argsort", [f.make("transpose", [x], { permutation: [1, 0] })], { axis: 0, descending: true }),
  "an order of many equal numbers": (f, x) =>
    f.make("argsort", [f.make("floor", [x], {})], { axis: 1, descending: true }),
  "an order of zeros of both signs": (f, x) =>
    f.make("argsort", [f.mul(f.f32(0), x)], { axis: 1, descending: false }),
  "values put back where an order found them": (f, x) => putBack(f, x, 1),
  "values put back along columns, equal keys among them": (f, x) =>
    putBack(f, f.make("floor", [f.make("transpose", [x], { permutation: [1, 0] })], {}), 0),
  "a running sum": (f, x) => f.make("cumsum", [x], { axis: 1, reverse: false }),
  "a running sum from the end, along columns": (f, x) =>
    f.make("cumsum", [f.make("transpose", [x], { permutation: [1, 0] })], { axis: 0, reverse: true }),
};

function putBack(f: Formulas, x: Node, axis: number): Node {
  const order = f.make("argsort", [x], { axis, descending: true });
  return f.make("scatter_along", [order, f.add(x, f.f32(3))], { axis, size: order.type.shape[axis] ?? long });
}

function graphOf(make: (f: Formulas, x: Node) => Node, size: Dim = long) {
  const builder = new GraphBuilder();
  const x = builder.make("input", [], { name: "x", dtype: "f32", shape: [rows, size] });
  return { builder, graph: { outputs: [{ name: "v", node: make(formulas(builder), x) }] } };
}

describeOnGpu("long lines", (gpu) => {
  test("a running sum of blocks of blocks", async () => {
    const builder = new GraphBuilder();
    const x = builder.make("input", [], { name: "x", dtype: "i32", shape: [long] });
    const node = formulas(builder).make("cumsum", [x], { axis: 0, reverse: false });
    const graph = { outputs: [{ name: "v", node }] };
    const N = 140_000;
    const feeds = randomFeeds(graph, { N }, 3, { low: -2, high: 3 });
    const actual = await evaluateOnGpu(gpu, builder, graph, feeds, { N }, gpuOptions, alone);
    expect(actual["v"]?.data).toEqual(evaluateGraph(graph, feeds, { N })["v"]?.data);
  });

  test.each(Object.entries(cases))("%s", async (_, make) => {
    const { builder, graph } = graphOf(make);
    for (const N of lengths) {
      const feeds = randomFeeds(graph, { N }, 3, { low: 0, high: 3 });
      const actual = await evaluateOnGpu(gpu, builder, graph, feeds, { N }, gpuOptions, alone);
      // Of sums: a rounding of 2⁻²⁴ for each of 128 elements, 20 blocks and their sums, at numbers that grow to 60.
      expectSameValues(actual, evaluateGraph(graph, feeds, { N }), 2e-4);
    }
  });

  test("integers are ordered as numbers", async () => {
    const builder = new GraphBuilder();
    const y = builder.make("input", [], { name: "y", dtype: "i32", shape: [long] });
    const f = formulas(builder);
    const node = f.make("argsort", [f.sub(y, f.make("constant", [], { value: 5, dtype: "i32" }))], {
      axis: 0,
      descending: false,
    });
    const graph = { outputs: [{ name: "v", node }] };
    const feeds = randomFeeds(graph, { N: 3000 }, 3, { low: 0, high: 10 });
    const actual = await evaluateOnGpu(gpu, builder, graph, feeds, { N: 3000 }, gpuOptions, alone);
    expectSameValues(actual, evaluateGraph(graph, feeds, { N: 3000 }), 0.5);
  });
});

test("what is put back along an order is not looked for", () => {
  const { builder, graph } = graphOf((f, x) => putBack(f, x, 1), constantDim(100_000));
  const { kernels } = gpuModule(programOf(builder, graph, {}), gpuOptions, together);
  const [back, ...others] = kernels.filter(({ name }) => name.includes("scatter_along"));
  expect(others).toEqual([]);
  expect(back?.code).toContain("fn main");
  expect(back?.code).not.toMatch(/\b(for|while|loop)\b/);
});

test("how long a line is decides when its size is known: at once, or when a call has it", () => {
  const dispatchesOf = (make: (f: Formulas, x: Node) => Node, size: Dim, sizes: Bindings): number => {
    const { builder, graph } = graphOf(make, size);
    const module = gpuModule(programOf(builder, graph, sizes), gpuOptions, together);
    return footprintOf(module, "value", sizes).dispatches;
  };
  const counts = { order: [1, 8 * 5, 8 * 7], sum: [1, 3, 5] };
  const [order, sum] = [cases["an order along rows"], cases["a running sum"]];
  if (order === undefined || sum === undefined) throw new Error("both are cases");
  const [shortLine, longer, longest] = [1000, 100_000, 10_000_000];
  for (const [make, [one, some, more]] of [
    [order, counts.order],
    [sum, counts.sum],
  ] as const)
    for (const [N, count] of [
      [shortLine, one],
      [longer, some],
      [longest, more],
    ] as const) {
      expect(dispatchesOf(make, long, { N })).toBe(count);
      expect(dispatchesOf(make, constantDim(N), {})).toBe(count);
    }
});
