/** Every primitive on the GPU against the float64 reference, over the cases that all targets share. */
import { expect, test } from "vitest";
import { formulas } from "../../../../compiler/ir/build.ts";
import { GraphBuilder } from "../../../../compiler/ir/node.ts";
import type { PrimitiveName } from "../../../../compiler/ops/attrs.ts";
import { isPrimitive } from "../../../../compiler/ops/table.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { evaluateOnGpu, gpuOptions } from "../../../support/gpu-runs.ts";
import { caseFeeds, opCases } from "../../../support/op-cases.ts";
import { expectSameValues } from "../../../support/references.ts";

/** As written: no pass changes the operation before it is emitted. */
const asWritten = { ...gpuOptions, without: ["angles", "pairs", "gradient", "simplify", "stream"] } as const;

/** Largest difference relative to the largest value: a few roundings in f32. */
const tolerance = 4e-6;

describeOnGpu("primitives", (gpu) => {
  const names = Object.keys(opCases).filter((name): name is PrimitiveName =>
    isPrimitive(name as PrimitiveName),
  );
  test.each(names)("%s", async (name) => {
    for (const [index, make] of opCases[name].entries())
      for (const dims of index % 3 === 0 ? [{ N: 3 }, { N: 1 }] : [{ N: 3 }]) {
        const builder = new GraphBuilder();
        const graph = { outputs: [{ name: "value", node: make(formulas(builder)) }] };
        const feeds = caseFeeds(graph, dims, index + 1);
        const actual = await evaluateOnGpu(gpu, builder, graph, feeds, dims, asWritten);
        expect(Object.keys(actual), `case ${index}`).toEqual(["value"]);
        expectSameValues(actual, evaluateGraph(graph, feeds, dims), tolerance);
      }
  });
});
