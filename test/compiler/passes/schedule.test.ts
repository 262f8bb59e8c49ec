/** Orders of steps: inputs before users, passes of a region in turn, and a peak no higher than as written. */
import { expect, test } from "vitest";
import { compileVerified, defaultPassOptions } from "../../../compiler/compile.ts";
import { formulas } from "../../../compiler/ir/build.ts";
import { constantDim } from "../../../compiler/ir/dim.ts";
import { type Graph, GraphBuilder, type Node } from "../../../compiler/ir/node.ts";
import type { Stage } from "../../../compiler/passes/pass.ts";
import { peakBytes, planOf } from "../../../compiler/passes/plan.ts";
import { orderSteps, scheduleAsWritten } from "../../../compiler/passes/schedule.ts";
import { type Step, predecessorsOf } from "../../../compiler/passes/steps.ts";
import * as heads from "../../support/head-programs.ts";

function stageOf(builder: GraphBuilder, graph: Graph): Stage {
  return { name: "test", builder, inputs: [], variables: [], graph, options: defaultPassOptions };
}

/** Large values that are summed one by one, written all first. */
function wideThenNarrow(count: number): Stage {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const x = builder.make("input", [], { name: "x", dtype: "f32", shape: [constantDim(1000)] });
  const wide = Array.from({ length: count }, (_, i) => f.mul(x, f.f32(i + 2)));
  const sums = wide.map((each) => f.sum(each, { axes: [0], keepDims: false }));
  const total = sums.reduce((a: Node, each) => f.add(a, each));
  return stageOf(builder, { outputs: [{ name: "total", node: total }] });
}

test("values are read before more are made", () => {
  const stage = wideThenNarrow(6);
  const written = peakBytes(planOf(stage, scheduleAsWritten(stage)), {});
  const ordered = peakBytes(planOf(stage, orderSteps(stage)), {});
  expect(written).toBeGreaterThan(6 * 4000);
  expect(ordered).toBeLessThan(3 * 4000);
});

const options = { ...defaultPassOptions, streamFrom: 2, dims: { N: 32 } };

test.each(Object.entries({ arc: heads.arcFace, dense: heads.denseSoftmax, clipped: heads.clippedArcFace }))(
  "every step comes after what it needs: %s",
  (_, write) => {
    const program = heads.headProgram({ width: 8, classes: 50 }, write);
    const [step] = program.functions;
    if (step === undefined) throw new Error("a head has a step");
    const stage = compileVerified(program, step, options);
    const steps = stage.schedule?.steps ?? [];
    const before = predecessorsOf(steps);
    const done = new Set<Step>();
    for (const each of steps) {
      for (const needed of before.get(each) ?? []) expect(done.has(needed)).toBe(true);
      done.add(each);
    }
    const bindings = { N: 32 };
    const twin = planOf(stage, scheduleAsWritten(stage));
    if (stage.plan === undefined) throw new Error("the last pass plans");
    expect(peakBytes(stage.plan, bindings)).toBeLessThanOrEqual(peakBytes(twin, bindings));
  },
);
