/**
 * Kernels with a product and what follows it: random chains of row vectors, class vectors and scalars behind a product,
 * stored, reduced along its rows or its columns, or made an operand of the next product. Both styles agree with the
 * reference and with the twin that fuses nothing, and the kernels are as few as they should be.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import type { GpuEmission } from "../../../../compiler/codegen/wgsl/function.ts";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import { evaluateGraph } from "../../../../compiler/reference.ts";
import type { GpuDevice } from "../../../../runtime/webgpu/device.ts";
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

const f32 = (f: Formulas, name: string, ...shape: readonly number[]): Node =>
  f.make("input", [], { name, dtype: "f32", shape: shape.map(constantDim) });
const over = (axis: number) => ({ axes: [axis], keepDims: false });

/** A margin's scores of `rows` x `classes`: a scale, a mask for the own class, a vector a class. */
function scores(f: Formulas, rows: number, classes: number, depth: number): Node {
  const product = f.matmul(f32(f, "x", rows, depth), f32(f, "w", classes, depth), "keep", "flip");
  const scaled = f.mul(f.mul(product, f32(f, "perRow", rows, 1)), f32(f, "perClass", classes));
  const own = f.less(f32(f, "edge", rows, 1), scaled);
  return f.select(own, f.sub(scaled, f.f32(0.5)), scaled);
}

interface Case {
  readonly make: (f: Formulas) => readonly Node[];
  /** Dispatches of the fused program. */
  readonly dispatches: number;
}

const cases: Readonly<Record<string, Case>> = {
  "sums over rows of large tiles": {
    make: (f) => [f.sum(scores(f, 1030, 1026, 2), over(0))],
    dispatches: 2,
  },
  "sum and the largest's place along columns, and the scores": {
    make: (f) => {
      const z = scores(f, 67, 130, 19);
      return [f.sum(z, over(1)), f.make("argmax", [z], { axis: 1 }), z];
    },
    dispatches: 2,
  },
  "the largest of each column, where it is, and another's sum": {
    make: (f) => {
      const z = scores(f, 70, 66, 5);
      return [f.max(z, over(0)), f.make("argmax", [z], { axis: 0 }), f.sum(f.exp(z), over(0))];
    },
    dispatches: 2,
  },
  "a convolution with a bias, an activation and its channels' sums": {
    make: (f) => {
      const image = f.make("conv2d", [f32(f, "image", 2, 7, 5, 3), f32(f, "filter", 3, 3, 3, 6)], {
        stride: [1, 1],
        padding: "same",
      });
      const active = f.maximum(f.add(image, f32(f, "bias", 6)), f.f32(0));
      return [active, f.sum(active, { axes: [0, 1, 2], keepDims: false })];
    },
    dispatches: 2,
  },
  "a chain that makes an operand, and logsumexp over rows": {
    make: (f) => {
      const chain = f.exp(f.sub(f32(f, "z", 70, 33), f32(f, "top", 70, 1)));
      const product = f.matmul(chain, f32(f, "x", 70, 9), "flip", "keep");
      return [product, f.logsumexp(product, over(0))];
    },
    dispatches: 2,
  },
};

const twin: PassOptions = { ...gpuOptions, without: ["fuse"] };

async function expectAgreement(
  gpu: GpuDevice,
  make: (f: Formulas) => readonly Node[],
  emission: GpuEmission,
  options: readonly PassOptions[],
): Promise<void> {
  const builder = new GraphBuilder();
  const outputs = make(formulas(builder)).map((node, index) => ({ name: `v${index}`, node }));
  const feeds = randomFeeds({ outputs }, {}, 7, { low: -1, high: 2 });
  const expected = evaluateGraph({ outputs }, feeds, {});
  for (const option of options) {
    const actual = await evaluateOnGpu(gpu, builder, { outputs }, feeds, {}, option, emission);
    expectSameValues(actual, expected, 5e-5);
  }
}

describeOnGpu("products and what follows", (gpu) => {
  // A software adapter takes seconds to compile each barrier, and a busy machine many times that.
  test.each(Object.entries(cases))(
    "%s, through workgroup memory",
    async (_, { make }) => {
      await expectAgreement(gpu, make, together, [gpuOptions]);
    },
    240_000,
  );

  test.each(Object.entries(cases))("%s, each invocation alone", async (_, { make }) => {
    await expectAgreement(gpu, make, alone, [gpuOptions, twin]);
  });

  test.each(Object.entries(cases))("%s, in so few kernels", (_, { make, dispatches }) => {
    const builder = new GraphBuilder();
    const outputs = make(formulas(builder)).map((node, index) => ({ name: `v${index}`, node }));
    const module = gpuModule(programOf(builder, { outputs }, {}), gpuOptions, together);
    expect(module.functions["value"]?.steps.length).toBe(dispatches);
  });

  test("random ones", async () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 130 }),
      classes: fc.integer({ min: 1, max: 130 }),
    });
    const choice = fc.record({
      axis: fc.nat(1),
      stored: fc.boolean(),
      steps: fc.array(fc.nat(5), { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, choice, async ({ rows, classes }, { axis, stored, steps }) => {
        const make = (f: Formulas): readonly Node[] => {
          const z = steps.reduce(
            (x, step) => randomStep(f, x, rows, classes, step),
            scores(f, rows, classes, 3),
          );
          return [f.logsumexp(z, over(axis)), f.sum(z, over(axis)), ...(stored ? [z] : [])];
        };
        await expectAgreement(gpu, make, alone, [gpuOptions]);
      }),
      { numRuns: 10, seed: 11, endOnFailure: true },
    );
  });
});

/** One more element-wise operation, its other operand of any shape that broadcasts. */
function randomStep(f: Formulas, x: Node, rows: number, classes: number, step: number): Node {
  const made = [
    () => f.add(x, f32(f, "rowShift", rows, 1)),
    () => f.sub(x, f32(f, "classShift", classes)),
    () => f.maximum(x, f.mul(x, f.f32(0.1))),
    () => f.make("tanh", [x], {}),
    () => f.mul(x, f32(f, "scalar")),
    () => f.select(f.less(x, f32(f, "full", rows, classes)), x, f.neg(x)),
  ];
  return (made[step] ?? (() => x))();
}
