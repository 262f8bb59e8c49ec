/**
 * Kernels whose invocations share workgroup memory, against the reference: every shape of tile, every convolution,
 * a depth cut into parts, rows and columns of reductions, and long ones in two stages.
 */
import { expect, test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim, namedDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { evaluateOnGpu, gpuModule, gpuOptions, programOf, together } from "../../../support/gpu-runs.ts";
import { expectSameValues, randomFeeds } from "../../../support/references.ts";

const f32 = (f: Formulas, name: string, ...shape: readonly number[]): Node =>
  f.make("input", [], { name, dtype: "f32", shape: shape.map(constantDim) });
const once = { stride: [1, 1], padding: "same" } as const;
const twice = { stride: [2, 2], padding: "valid" } as const;
const rows = { axes: [1], keepDims: false };
const columns = { axes: [0], keepDims: true };

/** Sizes are no multiples of any tile. */
const cases: Readonly<Record<string, (f: Formulas) => readonly Node[]>> = {
  "square tiles, left operand flipped": (f) => [
    f.matmul(f32(f, "a", 19, 70), f32(f, "b", 19, 66), "flip", "keep"),
  ],
  "tall tiles, with a bias and a maximum": (f) => {
    const product = f.matmul(f32(f, "a", 67, 33), f32(f, "b", 33, 9), "keep", "keep");
    return [f.maximum(f.add(product, f32(f, "bias", 9)), f.f32(0))];
  },
  "wide tiles, right operand flipped": (f) => [
    f.matmul(f32(f, "a", 5, 18), f32(f, "b", 65, 18), "keep", "flip"),
  ],
  "small tiles, both flipped": (f) => [f.matmul(f32(f, "a", 17, 3), f32(f, "b", 11, 17), "flip", "flip")],
  "a convolution": (f) => [f.make("conv2d", [f32(f, "x", 2, 6, 5, 3), f32(f, "w", 3, 2, 3, 4)], once)],
  "the gradient of an image": (f) => [
    f.make("conv2d_input_gradient", [f32(f, "w", 3, 3, 2, 4), f32(f, "g", 2, 3, 2, 4)], {
      ...twice,
      shape: [2, 7, 6, 2].map(constantDim),
    }),
  ],
  "the gradient of a filter, in parts": (f) => [
    f.make("conv2d_filter_gradient", [f32(f, "x", 1, 66, 64, 2), f32(f, "g", 1, 66, 64, 3)], {
      ...once,
      shape: [2, 3, 2, 3].map(constantDim),
    }),
  ],
  "rows and columns": (f) => [
    f.sum(f.mul(f32(f, "x", 5, 130), f32(f, "x", 5, 130)), rows),
    f.max(f32(f, "y", 150, 9), columns),
  ],
  "logsumexp of a chain, and where the largest is": (f) => [
    f.logsumexp(f.mul(f.f32(3), f32(f, "x", 3, 100)), rows),
    f.make("argmax", [f32(f, "y", 4, 90)], { axis: 1 }),
  ],
  "columns that many lanes share, in two stages": (f) => [
    f.sum(f32(f, "x", 3001, 5), columns),
    f.logsumexp(f32(f, "y", 300, 7), columns),
  ],
  "more tiles than a lane should put together": (f) => [
    f.logsumexp(f.matmul(f32(f, "a", 3, 5), f32(f, "b", 2500, 5), "keep", "flip"), rows),
    f.make("argmax", [f.matmul(f32(f, "c", 2500, 5), f32(f, "a", 3, 5), "keep", "flip")], { axis: 0 }),
  ],
  "two stages": (f) => [
    f.sum(f32(f, "x", 100, 101), { axes: [0, 1], keepDims: false }),
    f.logsumexp(f32(f, "y", 9000, 2), { axes: [0], keepDims: false }),
  ],
};

describeOnGpu("kernels of whole workgroups", (gpu) => {
  test.each(Object.entries(cases))("%s", async (_, make) => {
    const builder = new GraphBuilder();
    const outputs = make(formulas(builder)).map((node, index) => ({ name: `v${index}`, node }));
    const graph = { outputs };
    const feeds = randomFeeds(graph, {}, 5, { low: 0, high: 3 });
    const actual = await evaluateOnGpu(gpu, builder, graph, feeds, {}, gpuOptions, together);
    expectSameValues(actual, evaluateGraph(graph, feeds, {}), 2e-5);
  });

  test("an order of axes that turns nothing is read as it lies", async () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const same = (x: Node): Node => f.make("transpose", [x], { permutation: [0, 1] });
    const [a, b] = [f32(f, "a", 20, 24), f32(f, "b", 24, 36)];
    const graph = { outputs: [{ name: "v", node: f.matmul(same(a), same(b), "keep", "keep") }] };
    const feeds = randomFeeds(graph, {}, 5, { low: 0, high: 3 });
    const written = { ...gpuOptions, without: ["simplify", "fuse"] } as const;
    const actual = await evaluateOnGpu(gpu, builder, graph, feeds, {}, written, together);
    expectSameValues(actual, evaluateGraph(graph, feeds, {}), 2e-5);
  });

  test("a depth that is shorter than was expected leaves parts empty", async () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const long = namedDim("K");
    const [a, b] = [constantDim(20), constantDim(40)].map((size, index) =>
      f.make("input", [], { name: `x${index}`, dtype: "f32", shape: [long, size] }),
    );
    if (a === undefined || b === undefined) throw new Error("two inputs were made");
    const graph = { outputs: [{ name: "v", node: f.matmul(a, b, "flip", "keep") }] };
    const options = { ...gpuOptions, dims: { K: 20_000 } };
    const program = programOf(builder, graph, { K: 150 });
    expect(gpuModule(program, options, together).functions["value"]?.steps).toHaveLength(2);
    for (const K of [1, 150, 5000]) {
      const feeds = randomFeeds(graph, { K }, 5, { low: 0, high: 3 });
      const actual = await evaluateOnGpu(gpu, builder, graph, feeds, { K }, options, together);
      expectSameValues(actual, evaluateGraph(graph, feeds, { K }), 2e-5);
    }
  });

  test("kernels of the same structure are one", () => {
    const builder = new GraphBuilder();
    const f = formulas(builder);
    const [a, b] = [f32(f, "a", 4, 4), f32(f, "b", 4, 4)];
    const square = (x: Node): Node => f.matmul(x, x, "keep", "flip");
    const graph = {
      outputs: [
        { name: "v0", node: square(a) },
        { name: "v1", node: square(b) },
      ],
    };
    const module = gpuModule(programOf(builder, graph, {}));
    expect(module.functions["value"]?.steps.length).toBe(2);
    expect(module.kernels.length).toBe(1);
  });
});
