/**
 * Whether large steps give a card enough to do: a kernel whose invocations each walk through hundreds of numbers has tens of
 * thousands of them, or little to do altogether. An idle card is no wrong result, so only a count can see it.
 */
import { expect, test } from "vitest";
import { headProgram } from "../../../../bench/gpu/programs.ts";
import type { Program } from "../../../../compiler/program.ts";
import { leastStorageBuffers } from "../../../../compiler/passes/fuse.ts";
import { planFunction } from "../../../../runtime/webgpu/plan.ts";
import type { GpuModule } from "../../../../runtime/webgpu/schedule.ts";
import { exampleTrains } from "../../../support/example-programs.ts";
import { gpuModule, gpuOptions, inSubgroups, together } from "../../../support/gpu-runs.ts";

/** Numbers that an invocation may walk through while most of a card idles, and what is too little to matter. */
const [mostAlone, little] = [300, 2 ** 17];
const enoughInvocations = 2 ** 14;

const steps: readonly (readonly [string, () => Program, number])[] = [
  ["an ArcFace head", () => headProgram({ rows: 1024, width: 512, classes: 100_000 }), 1024],
  ...exampleTrains
    .filter(([title]) => title.includes("paper.margo") || title.includes("wide.margo"))
    .map(([title, elaborate]) => [title, elaborate, elaborate().training?.batch ?? 1] as const),
];

test.each(steps)("%s", (_, elaborate, rows) => {
  for (const emission of [together, inSubgroups])
    for (const buffers of [leastStorageBuffers, 16]) {
      const module = gpuModule(elaborate(), { ...gpuOptions, buffers }, emission);
      expect(lonely(module, rows)).toEqual([]);
    }
});

/** Kernels of a step whose few invocations have much to do. */
function lonely({ functions, kernels }: GpuModule, rows: number): readonly string[] {
  const { step } = functions;
  if (step === undefined) throw new Error("a train has a step");
  const plan = planFunction(step, kernels, { N: rows }, Infinity, 2 ** 29);
  return plan.runs.flatMap(({ dispatch, groups, chunk }) => {
    const kernel = kernels[dispatch.kernel];
    const count = chunk === undefined ? 1 : (plan.chunks[chunk.region]?.count ?? 1);
    const bytes = dispatch.buffers.map((buffer, binding) =>
      kernel?.sliced[binding] === true ? (plan.bytes[buffer] ?? 0) / count : (plan.boundBytes[buffer] ?? 0),
    );
    const numbers = bytes.reduce((sum, each) => sum + each, 0) / 4;
    const invocations = groups * (kernel?.invocations ?? 1);
    const isLonely = numbers > little && invocations < enoughInvocations && numbers / invocations > mostAlone;
    return isLonely ? [`${kernel?.name}: ${invocations} invocations for ${numbers} numbers`] : [];
  });
}
