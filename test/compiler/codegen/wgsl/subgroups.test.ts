/**
 * Reductions through subgroups against the reference and against their twin in workgroup memory: rows shorter and longer
 * than a workgroup's share, all four monoids, two stages; and bit for bit when they run again.
 */
import { expect, test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import type { Reference } from "../../../../compiler/ops/record.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import type { GpuDevice } from "../../../../runtime/webgpu/device.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import {
  evaluateOnGpu,
  gpuModule,
  gpuOptions,
  inSubgroups,
  programOf,
  together,
} from "../../../support/gpu-runs.ts";
import { expectSameValues, randomFeeds } from "../../../support/references.ts";

const f32 = (f: Formulas, name: string, ...shape: readonly number[]): Node =>
  f.make("input", [], { name, dtype: "f32", shape: shape.map(constantDim) });
const rows = { axes: [1], keepDims: false };

/** 17 to 64 elements take 16 lanes, more take 64: both below and above the size of any subgroup. */
const cases: Readonly<Record<string, (f: Formulas) => readonly Node[]>> = {
  "sums of short rows": (f) => [f.sum(f.mul(f32(f, "x", 19, 33), f32(f, "x", 19, 33)), rows)],
  "maxima of long rows": (f) => [f.max(f32(f, "x", 5, 301), rows)],
  logsumexp: (f) => [f.logsumexp(f.mul(f.f32(9), f32(f, "x", 7, 130)), rows)],
  "where the largest is, of equal ones the first": (f) => [
    f.make("argmax", [f.make("floor", [f32(f, "x", 6, 90)], {})], { axis: 1 }),
  ],
  "two stages": (f) => [f.sum(f32(f, "x", 100, 101), { axes: [0, 1], keepDims: false })],
};

function graphOf(make: (f: Formulas) => readonly Node[]) {
  const builder = new GraphBuilder();
  const outputs = make(formulas(builder)).map((node, index) => ({ name: `v${index}`, node }));
  return { builder, graph: { outputs } };
}

describeOnGpu("reductions in subgroups", (gpu: GpuDevice) => {
  test.for(Object.entries(cases))("%s", async ([, make], { skip }) => {
    if (gpu.offer.subgroups === undefined) skip("this adapter has no subgroups");
    const { builder, graph } = graphOf(make);
    const feeds = randomFeeds(graph, {}, 7, { low: 0, high: 3 });
    const run = (emission = inSubgroups): Promise<Record<string, Reference>> =>
      evaluateOnGpu(gpu, builder, graph, feeds, {}, gpuOptions, emission);
    const first = await run();
    // Sums of at most ten thousand numbers of one sign, some dozens to a lane.
    expectSameValues(first, evaluateGraph(graph, feeds, {}), 2e-5);
    expectSameValues(first, await run(together), 2e-5);
    expect(await run()).toEqual(first);
  });

  test("only lanes side by side go through subgroups", () => {
    const { builder, graph } = graphOf((f) => [
      f.sum(f32(f, "x", 40, 50), rows),
      f.sum(f32(f, "y", 40, 50), { axes: [0], keepDims: false }),
    ]);
    const { kernels, features } = gpuModule(programOf(builder, graph, {}), gpuOptions, inSubgroups);
    expect(kernels.map(({ code }) => code.includes("enable subgroups;"))).toEqual([true, false]);
    expect(features).toEqual(["subgroups"]);
  });
});
