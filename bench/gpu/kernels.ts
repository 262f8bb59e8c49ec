/**
 * Where the time of a training step goes, kernel by kernel. The executor runs as in training, on a device that stands in
 * for the real one and gives each dispatch a pass of its own between two time stamps. That takes longer than one pass for
 * all, so the sum is not a step's time, but shares of it are what to look at first.
 */
import type { Program } from "../../compiler/program.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { median } from "../numbers.ts";
import { exampleProgram, headProgram, inputsOf, moduleOf, networkFor } from "./programs.ts";
import type { Section, Size } from "./section.ts";
import { type Stamped, stampDispatches } from "./stamps.ts";

/** So many kernels are told by name; the rest of them share a line. */
const told = 15;

export async function kernels(gpu: GpuDevice, size: Size): Promise<readonly Section[]> {
  const hardware = gpu.adapter.kind === "hardware";
  const head = hardware
    ? { rows: 1024, width: 512, classes: 100_000 }
    : { rows: 64, width: 64, classes: 4000 };
  const { file, entry, batch } = networkFor(gpu);
  const { rows, width, classes } = head;
  return [
    await timesOf(
      gpu,
      `an ArcFace head, N = ${rows}, D = ${width}, C = ${classes}`,
      headProgram(head),
      rows,
      size,
    ),
    await timesOf(gpu, `${file} ${entry}`, exampleProgram(file, entry), batch, size),
  ];
}

async function timesOf(
  gpu: GpuDevice,
  what: string,
  program: Program,
  rows: number,
  size: Size,
): Promise<Section> {
  const title = `Kernels of a step: ${what}`;
  if (!gpu.device.features.has("timestamp-query"))
    return { title, rows: [], notes: ["Not measured: the device has no time stamps."] };
  const module = moduleOf(program, gpu);
  const stamped = stampDispatches(gpu);
  const executor = createWebGpuExecutor(module, stamped.gpu);
  try {
    await executor.initialize(1);
    const runs: (readonly Stamped[])[] = [];
    for (let run = -1; run < (size === "quick" ? 3 : 7); run++) {
      await stamped.take();
      await executor.call("step", inputsOf(module, "step", rows), ["loss"]);
      const taken = await stamped.take();
      if (run >= 0) runs.push(taken);
    }
    return { title, rows: tableOf(runs) };
  } finally {
    executor.dispose();
  }
}

function tableOf(runs: readonly (readonly Stamped[])[]): Section["rows"] {
  const [first = []] = runs;
  const byKernel = new Map<string, { seconds: number; dispatches: number; workgroups: number }>();
  for (const [at, { kernel, workgroups }] of first.entries()) {
    const seconds = median(runs.map((run) => run[at]?.seconds ?? 0));
    const known = byKernel.get(kernel) ?? { seconds: 0, dispatches: 0, workgroups: 0 };
    byKernel.set(kernel, {
      seconds: known.seconds + seconds,
      dispatches: known.dispatches + 1,
      workgroups: Math.max(known.workgroups, workgroups),
    });
  }
  const all = [...byKernel].sort(([, a], [, b]) => b.seconds - a.seconds);
  const total = all.reduce((sum, [, { seconds }]) => sum + seconds, 0);
  const rest = all.slice(told).map(([, each]) => each);
  const others = {
    seconds: rest.reduce((sum, { seconds }) => sum + seconds, 0),
    dispatches: rest.reduce((sum, { dispatches }) => sum + dispatches, 0),
    workgroups: Math.max(0, ...rest.map(({ workgroups }) => workgroups)),
  };
  return [...all.slice(0, told), [`${rest.length} others`, others] as const].map(([kernel, each]) => ({
    kernel,
    dispatches: each.dispatches,
    "most workgroups": each.workgroups,
    ms: each.seconds * 1000,
    share: `${((100 * each.seconds) / total).toFixed(1)} %`,
  }));
}
