/**
 * What follows complete reductions in their kernel: means, statistics and updates, behind sums of one stage and of two,
 * behind the tiles of a product and behind parts of its depth. Both styles agree with the reference and with the twin
 * that fuses nothing, within the buffers of any device, and the kernels are as few as they should be.
 */
import { expect, test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import { leastStorageBuffers } from "../../../../compiler/passes/fuse.ts";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import {
  alone,
  evaluateOnGpu,
  gpuModule,
  gpuOptions,
  inSubgroups,
  programOf,
  together,
} from "../../../support/gpu-runs.ts";
import { expectSameValues, randomFeeds } from "../../../support/references.ts";

type Leaf = (name: string, ...shape: readonly number[]) => Node;
type Write = (f: Formulas, input: Leaf, parameter: Leaf) => Readonly<Record<string, Node>>;

const over = (...axes: readonly number[]) => ({ axes, keepDims: false });

const cases: readonly (readonly [title: string, dispatches: number, write: Write])[] = [
  [
    "a mean and a running mean",
    1,
    (f, input, parameter) => {
      const mean = f.div(f.sum(input("x", 70, 9), over(0)), f.f32(70));
      const running = f.add(f.mul(f.f32(0.9), parameter("running", 9)), f.mul(f.f32(0.1), mean));
      return { mean, "next:running": running };
    },
  ],
  [
    "two sums of one walk, and what both make",
    1,
    (f, input) => {
      const x = input("x", 33, 40);
      const [sum, squares] = [f.sum(x, over(1)), f.sum(f.mul(x, x), over(1))];
      return { spread: f.sqrt(f.sub(f.div(squares, f.f32(40)), f.mul(f.f32(0.0001), sum))), sum };
    },
  ],
  [
    "a column that keeps its axis is worked out as a row of results",
    2,
    (f, input) => {
      const x = input("x", 21, 17);
      const length = f.sqrt(f.maximum(f.sum(f.mul(x, x), { axes: [1], keepDims: true }), f.f32(1e-30)));
      return { unit: f.div(x, length) };
    },
  ],
  [
    "a long sum in two stages, and the update behind it",
    2,
    (f, input, parameter) => {
      const slope = f.sum(f.mul(input("x", 20_000, 3), input("g", 20_000, 3)), over(0));
      return { "next:a": f.sub(parameter("a", 3), f.mul(f.f32(1e-4), slope)) };
    },
  ],
  [
    "a mean over a product's rows, and over all that it is compared with",
    2,
    (f, input, parameter) => {
      const z = f.matmul(input("x", 70, 11), input("w", 11, 35), "keep", "keep");
      const mean = f.div(f.sum(z, over(0)), f.f32(70));
      const running = f.add(f.mul(f.f32(0.9), parameter("running", 35)), mean);
      return { mean, "next:running": running, z };
    },
  ],
  [
    "logsumexp behind a product with a long depth, cut into parts",
    3,
    (f, input) => {
      const z = f.matmul(input("x", 12, 4096), input("w", 20, 4096), "keep", "flip");
      const row = f.logsumexp(f.mul(z, f.f32(0.01)), over(1));
      return { loss: f.sub(row, input("own", 12)), z };
    },
  ],
  ["a scalar of all", 1, (f, input) => ({ mean: f.mul(f.f32(0.01), f.sum(input("x", 10, 10), over(0, 1))) })],
  [
    "Adam behind the gradient of a bias, among sixteen buffers",
    1,
    (f, input, parameter) => {
      const gradient = f.sum(input("g", 50, 6), over(0));
      const [m, v, b] = [parameter("m", 6), parameter("v", 6), parameter("b", 6)];
      const first = f.add(f.mul(f.f32(0.9), m), f.mul(f.f32(0.1), gradient));
      const second = f.add(f.mul(f.f32(0.99), v), f.mul(f.f32(0.01), f.mul(gradient, gradient)));
      const step = f.div(f.mul(input("rate"), first), f.add(f.sqrt(second), f.f32(0.1)));
      return { "next:m": first, "next:v": second, "next:b": f.sub(b, step) };
    },
  ],
  [
    "small parameters of several shapes, in one dispatch",
    1,
    (f, _, parameter) => {
      const shapes = [[3], [70, 2], [1], [130]] as const;
      const updates = shapes.map((shape, index) => {
        const w = parameter(`w${index}`, ...shape);
        return [`next:w${index}`, f.sub(f.mul(w, f.f32(0.5)), f.f32(index))] as const;
      });
      return Object.fromEntries(updates);
    },
  ],
];

function graphOf(write: Write) {
  const builder = new GraphBuilder();
  const leaf =
    (op: "input" | "parameter"): Leaf =>
    (name, ...shape) =>
      builder.make(op, [], { name, dtype: "f32", shape: shape.map(constantDim) });
  const values = write(formulas(builder), leaf("input"), leaf("parameter"));
  const outputs = Object.entries(values).map(([name, node]) => ({ name, node }));
  return { builder, graph: { outputs } };
}

test.each(cases)("%s: %i dispatches", (_, dispatches, write) => {
  const { builder, graph } = graphOf(write);
  const program = programOf(builder, graph, {});
  const { functions, kernels } = gpuModule(program, { ...gpuOptions, buffers: 16 }, together);
  const { steps = [], outputs = [], buffers = [] } = functions["value"] ?? {};
  expect(steps.length).toBe(dispatches);
  for (const { name, buffer } of outputs)
    if (name.startsWith("next:")) expect(buffers[buffer]?.kind).toBe("variable");
  for (const { access } of kernels) expect(access.length).toBeLessThanOrEqual(16);
});

describeOnGpu("epilogues", (gpu) => {
  const all: readonly PassOptions[] = [
    { ...gpuOptions, buffers: gpu.offer.storageBuffers },
    { ...gpuOptions, buffers: leastStorageBuffers },
    { ...gpuOptions, without: ["fuse"] },
  ];
  test.each(cases)(
    "%s",
    async (_, _dispatches, write) => {
      const { builder, graph } = graphOf(write);
      const feeds = randomFeeds(graph, {}, 7, { low: 0.1, high: 2 });
      const expected = evaluateGraph(graph, feeds, {});
      const runs = [
        ...all.map((options) => [options, alone] as const),
        ...[together, inSubgroups].map((each) => [all[0] ?? gpuOptions, each] as const),
      ];
      for (const [options, emission] of runs) {
        const actual = await evaluateOnGpu(gpu, builder, graph, feeds, {}, options, emission);
        // Sums of 20,000 products below 4 in parts of 4,096.
        expectSameValues(actual, expected, 1e-4);
      }
    },
    240_000,
  );
});
