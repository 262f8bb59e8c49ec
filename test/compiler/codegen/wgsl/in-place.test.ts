/**
 * New values of variables that are written where the old ones lie: which of them are, and that two steps give what the
 * reference gives, whoever else reads the old value.
 */
import { expect, test } from "vitest";
import { type Formulas, formulas } from "../../../../compiler/ir/build.ts";
import { constantDim } from "../../../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../../../compiler/ir/node.ts";
import { tensorType } from "../../../../compiler/ir/type.ts";
import type { Reference } from "../../../../compiler/ops/record.ts";
import type { Program } from "../../../../compiler/program.ts";
import { createWebGpuExecutor } from "../../../../runtime/webgpu/executor.ts";
import type { NamedTensors } from "../../../../runtime/program.ts";
import type { GpuModule } from "../../../../runtime/webgpu/schedule.ts";
import { createReferenceExecutor, toReference } from "../../../../src/executors/reference.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { alone, gpuModule, gpuOptions, together } from "../../../support/gpu-runs.ts";
import { expectSameValues } from "../../../support/references.ts";

interface Variables {
  readonly f: Formulas;
  readonly A: Node;
  readonly B: Node;
}

interface Case {
  readonly what: string;
  /** New values of A and B, and an output, all from the old values f32[4, 4]. */
  readonly step: (variables: Variables) => { readonly A: Node; readonly B: Node; readonly seen: Node };
  readonly copied: readonly string[];
}

const half = ({ f }: Variables, x: Node): Node => f.mul(x, f.f32(0.5));
const total = ({ f }: Variables, x: Node): Node => f.sum(x, { axes: [0, 1], keepDims: false });

const cases: readonly Case[] = [
  {
    what: "each at its own place",
    step: (v) => ({ A: v.f.add(v.A, v.f.f32(1)), B: half(v, v.B), seen: total(v, v.A) }),
    copied: [],
  },
  {
    what: "one from both, in one kernel",
    step: (v) => {
      const B = v.f.add(half(v, v.B), v.A);
      return { A: v.f.sub(v.A, half(v, B)), B, seen: total(v, v.B) };
    },
    copied: [],
  },
  {
    what: "two that exchange their values",
    step: (v) => ({ A: v.B, B: v.A, seen: total(v, v.f.mul(v.A, v.B)) }),
    copied: ["A", "B"],
  },
  {
    what: "a value from the other side of the diagonal",
    step: (v) => ({
      A: v.f.add(v.A, v.f.make("transpose", [v.A], { permutation: [1, 0] })),
      B: half(v, v.B),
      seen: total(v, v.A),
    }),
    copied: ["A"],
  },
  {
    what: "an old value that is returned",
    step: (v) => ({ A: half(v, v.A), B: half(v, v.B), seen: v.A }),
    copied: ["A"],
  },
  {
    what: "a new value that is compared with the old one",
    step: (v) => {
      const B = half(v, v.B);
      const turned = v.f.make("transpose", [v.B], { permutation: [1, 0] });
      return { A: half(v, v.A), B, seen: total(v, v.f.matmul(B, v.f.exp(turned), "keep", "keep")) };
    },
    copied: ["B"],
  },
  {
    what: "a product with the old value; the new one is read afterwards",
    step: (v) => {
      const B = v.f.add(v.B, v.f.matmul(v.A, v.A, "keep", "flip"));
      return { A: v.f.matmul(v.A, v.A, "keep", "keep"), B, seen: total(v, B) };
    },
    copied: ["A"],
  },
];

const type = tensorType("f32", [constantDim(4), constantDim(4)]);

function programOf({ step }: Case): Program {
  const builder = new GraphBuilder();
  const f = formulas(builder);
  const leaf = (name: string): Node => builder.make("parameter", [], { name, ...type });
  const next = step({ f, A: leaf("A"), B: leaf("B") });
  const initial = (site: number): Node =>
    builder.make("random", [f.i32(1), f.i32(site)], { site, distribution: "normal", shape: type.shape });
  return {
    name: "Pair",
    kind: "fn",
    builder,
    variables: ["A", "B"].map((name, site) => ({ name, kind: "parameter", type, initial: initial(site) })),
    functions: [
      {
        name: "step",
        inputs: [],
        graph: {
          outputs: [
            { name: "seen", node: next.seen },
            { name: "next:A", node: next.A },
            { name: "next:B", node: next.B },
          ],
        },
      },
    ],
  };
}

function copiedIn({ functions }: GpuModule, name: string): readonly string[] {
  const { outputs = [], buffers = [] } = functions[name] ?? {};
  return outputs.flatMap(({ name: output, buffer }) =>
    output.startsWith("next:") && buffers[buffer]?.kind !== "variable" ? [output.slice("next:".length)] : [],
  );
}

function byName(values: NamedTensors): Record<string, Reference> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toReference(value)]));
}

describeOnGpu("new values", (gpu) => {
  test.each(cases)("$what", async (each) => {
    const program = programOf(each);
    const reference = createReferenceExecutor(program, "test");
    await reference.initialize(1);
    const expected = [await reference.call("step", {}), await reference.call("step", {})];
    for (const options of [gpuOptions, { ...gpuOptions, without: ["fuse" as const] }])
      for (const emission of [alone, together]) {
        const module = gpuModule(program, options, emission);
        expect(copiedIn(module, "initialize")).toEqual([]);
        if (options === gpuOptions) expect(copiedIn(module, "step")).toEqual(each.copied);
        const executor = createWebGpuExecutor(module, gpu);
        await executor.initialize(1);
        const actual = [await executor.call("step", {}), await executor.call("step", {})];
        actual.forEach((outputs, at) => expectSameValues(byName(outputs), byName(expected[at] ?? {}), 1e-5));
        expectSameValues(byName(await executor.read()), byName(await reference.read()), 1e-5);
        executor.dispose();
      }
  });
});
