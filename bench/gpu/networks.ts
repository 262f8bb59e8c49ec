/** A training step of a convolution network. */
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { footprintOf } from "../../runtime/webgpu/footprint.ts";
import { beside, limitOf } from "./limit.ts";
import type { Ceilings } from "./micro.ts";
import { exampleProgram, inputsOf, moduleOf, networkFor } from "./programs.ts";
import { unfit } from "./products.ts";
import type { Section, Size } from "./section.ts";
import { callSeconds } from "./timing.ts";

export async function networks(gpu: GpuDevice, size: Size, ceilings: Ceilings): Promise<Section> {
  const { file, entry, batch } = networkFor(gpu);
  const notes: string[] = [];
  const program = exampleProgram(file, entry);
  const module = moduleOf(program, gpu);
  const executor = createWebGpuExecutor(module, gpu);
  try {
    await executor.initialize(1);
    const effort = { runs: size === "quick" ? 3 : 7, least: size === "quick" ? 0.1 : 0.5 };
    const step = await callSeconds(gpu, executor, "step", inputsOf(module, "step", batch), effort).catch(
      unfit(notes),
    );
    const { peakBytes, dispatches } = footprintOf(module, "step", { N: batch });
    const rows =
      step === undefined
        ? []
        : [
            {
              program: `${file} ${entry}`,
              batch,
              "step ms": step * 1000,
              ...beside(limitOf(program, "step", { N: batch }, ceilings), step, "f32"),
              "peak MiB": peakBytes / 2 ** 20,
              dispatches,
            },
          ];
    return { title: "Convolution networks", rows, notes };
  } finally {
    executor.dispose();
  }
}
