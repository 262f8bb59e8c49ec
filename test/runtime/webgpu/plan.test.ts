/**
 * Which values share memory: never two that live at one time, and in the examples hardly an assignment of whole slots could
 * take less. Lives are worked out here once more, from the list of dispatches.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FunctionPlan, planFunction } from "../../../runtime/webgpu/plan.ts";
import type { GpuDispatch, GpuFunction } from "../../../runtime/webgpu/schedule.ts";
import { exampleTrains } from "../../support/example-programs.ts";
import { gpuModule, gpuOptions } from "../../support/gpu-runs.ts";

interface Value {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly slot: number;
}

/** Of a function without loops: every value that has a slot, from its first dispatch to its last. */
function valuesOf({ steps, buffers, outputs }: GpuFunction, plan: FunctionPlan): readonly Value[] {
  const touched = steps.map((step) => (step.kind === "dispatch" ? step.buffers : []));
  const returned = new Set(outputs.map(({ buffer }) => buffer));
  return buffers.flatMap((_, buffer) => {
    const slot = plan.slots[buffer];
    if (slot === undefined) return [];
    const at = touched.flatMap((each, step) => (each.includes(buffer) ? [step] : []));
    const to = returned.has(buffer) ? steps.length : Math.max(...at);
    return [{ from: at[0] ?? to, to, bytes: plan.bytes[buffer] ?? 0, slot }];
  });
}

function expectSound(values: readonly Value[], { slotBytes }: FunctionPlan): void {
  for (const { bytes, slot } of values) expect(bytes).toBeLessThanOrEqual(slotBytes[slot] ?? 0);
  for (const [index, a] of values.entries())
    for (const b of values.slice(index + 1))
      if (a.slot === b.slot) expect(a.to < b.from || b.to < a.from).toBe(true);
}

/** The k-th largest slot holds at least the k-th largest value of any moment. */
function leastBytes(values: readonly Value[]): number {
  const moments = [...new Set(values.map(({ from }) => from))].map((at) =>
    values
      .filter(({ from, to }) => from <= at && at <= to)
      .map(({ bytes }) => bytes)
      .sort((a, b) => b - a),
  );
  const slots = Math.max(0, ...moments.map(({ length }) => length));
  return Array.from({ length: slots }, (_, k) => Math.max(...moments.map((sizes) => sizes[k] ?? 0))).reduce(
    (total, bytes) => total + bytes,
    0,
  );
}

const total = (bytes: readonly number[]): number => bytes.reduce((sum, each) => sum + each, 0);

test("values that live at one time have memory of their own, whatever the dispatches", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 12 });
  const touches = fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(sizes, touches, fc.nat(11), (elements, dispatches, output) => {
      const known = (buffer: number): number => buffer % elements.length;
      const fn: GpuFunction = {
        buffers: elements.map((each) => ({ kind: "value", dtype: "f32", elements: each })),
        steps: dispatches.map((buffers): GpuDispatch => ({
          kind: "dispatch",
          kernel: 0,
          buffers: buffers.map(known),
          groups: 1,
          when: "always",
        })),
        regions: [],
        outputs: [{ name: "value", buffer: known(output), dtype: "f32", shape: [] }],
      };
      const plan = planFunction(fn, [], {});
      expectSound(valuesOf(fn, plan), plan);
    }),
  );
});

const measured = ["mnist/softmax.margo Softmax", "mnist/paper.margo Paper4"];

test.each(exampleTrains.filter(([title]) => measured.includes(title)))(
  "%s: slots could hardly be smaller, fused or not",
  (_, elaborate) => {
    const program = elaborate();
    const N = program.training?.batch ?? 1;
    const workings = [[], ["fuse"] as const].map((without) => {
      const { functions, kernels } = gpuModule(program, { ...gpuOptions, without });
      const fn = functions["step"];
      if (fn === undefined) throw new Error("a train has a step");
      const plan = planFunction(fn, kernels, { N });
      const values = valuesOf(fn, plan);
      expectSound(values, plan);
      expect(total(plan.slotBytes)).toBeLessThan(1.001 * leastBytes(values));
      return total(plan.slotBytes);
    });
    // Values of kernels that are one live longer here and there: a twentieth at most.
    expect(workings[0]).toBeLessThan(1.05 * (workings[1] ?? 0));
  },
  120_000,
);
