/** The bytes that a plan names against those that the device is asked for. */
import { expect, test } from "vitest";
import type { PassOptions } from "../../../compiler/passes/pass.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { footprintOf } from "../../../runtime/webgpu/footprint.ts";
import { counted } from "../../support/counted-device.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { gpuModule, gpuOptions } from "../../support/gpu-runs.ts";
import {
  type Head,
  type HeadResult,
  arcFace,
  clippedArcFace,
  curricularFace,
  headProgram,
} from "../../support/head-programs.ts";
import { batch } from "../../support/head-runs.ts";

const chunked: PassOptions = { ...gpuOptions, streamFrom: 2, budgetBytes: 16384 };
const cases: readonly (readonly [string, (head: Head) => HeadResult, PassOptions])[] = [
  ["ArcFace in chunks", arcFace, chunked],
  ["ArcFace stored whole", arcFace, { ...chunked, without: ["stream"] }],
  ["CurricularFace in chunks", curricularFace, chunked],
  ["ArcFace clipped", clippedArcFace, chunked],
];

describeOnGpu("the planned peak", (device) => {
  test.each(cases)("%s: a step takes no byte more", async (_, write, options) => {
    const [N, C, width] = [9, 300, 7];
    const module = gpuModule(headProgram({ width, classes: C }, write), options);
    const { gpu, held, peak } = counted(device);
    const executor = createWebGpuExecutor(module, gpu);
    // Values as they are after `initialize`, without the memory that it works in.
    const initial = createWebGpuExecutor(module, device);
    await initial.initialize(1);
    await executor.write(await initial.read());
    initial.dispose();
    const { peakBytes, variableBytes } = footprintOf(module, "step", { N });
    expect(held()).toBe(variableBytes);
    for (let step = 0; step < 2; step++) {
      await executor.call("step", batch(N, C, width, step));
      const most = peak();
      expect(most).toBeLessThanOrEqual(peakBytes);
      // Nor much less: what is planned is used.
      expect(most).toBeGreaterThan(0.9 * peakBytes);
    }
    executor.dispose();
    expect(held()).toBe(0);
  });
});
