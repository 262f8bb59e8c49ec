/** Our own products of matrices, at the shapes of a head and square, against the ceiling of multiply-adds. */
import { type GpuPath, pathRules } from "../../compiler/codegen/wgsl/capabilities.ts";
import { DeviceFault } from "../../runtime/device-fault.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { type ProductSize, inputsOf, moduleOf, productProgram } from "./programs.ts";
import type { Ceilings } from "./micro.ts";
import type { Section, Size } from "./section.ts";
import { callSeconds } from "./timing.ts";

const onHardware: readonly ProductSize[] = [
  { rows: 4096, depth: 4096, columns: 4096, flipped: "neither" },
  { rows: 4096, depth: 4096, columns: 4096, flipped: "left" },
  { rows: 4096, depth: 4096, columns: 4096, flipped: "right" },
  { rows: 1024, depth: 512, columns: 100_000, flipped: "right" },
  { rows: 4096, depth: 512, columns: 100_000, flipped: "right" },
  { rows: 1024, depth: 100_000, columns: 512, flipped: "neither" },
  { rows: 100_000, depth: 1024, columns: 512, flipped: "left" },
  { rows: 512, depth: 512, columns: 512, flipped: "neither" },
];
const onSoftware: readonly ProductSize[] = (["neither", "left", "right"] as const).map((flipped) => ({
  rows: 256,
  depth: 256,
  columns: 256,
  flipped,
}));

export async function products(gpu: GpuDevice, size: Size, { flops }: Ceilings): Promise<Section> {
  const notes: string[] = [];
  const rows: Section["rows"][number][] = [];
  for (const shape of gpu.adapter.kind === "hardware" ? onHardware : onSoftware)
    for (const path of pathsOf(gpu)) {
      const seconds = await productSeconds(gpu, shape, path, size).catch(unfit(notes));
      if (seconds === undefined) continue;
      const rate = (2 * shape.rows * shape.depth * shape.columns) / seconds;
      rows.push({
        "M × K × N": `${shape.rows} × ${shape.depth} × ${shape.columns}`,
        transposed: shape.flipped,
        path,
        ms: seconds * 1000,
        "GFLOP/s": rate / 1e9,
        "share of the f32 ceiling": `${((100 * rate) / flops).toFixed(1)} %`,
      });
    }
  return { title: "Products of matrices", rows, notes };
}

/** The fastest path in f32, and those that round operands where the adapter has them. */
export function pathsOf({ offer, adapter }: GpuDevice): readonly (GpuPath | "f32")[] {
  const rounding = (["f16", "matrix"] as const).filter((path) => pathRules[path].lacks(offer).length === 0);
  return adapter.kind === "hardware" ? ["f32", ...rounding] : ["f32"];
}

export async function productSeconds(
  gpu: GpuDevice,
  shape: ProductSize,
  path: GpuPath | "f32",
  size: Size,
): Promise<number> {
  const module = moduleOf(productProgram(shape), gpu, path === "f32" ? {} : { path });
  const executor = createWebGpuExecutor(module, gpu);
  try {
    await executor.initialize(1);
    const effort = { runs: size === "quick" ? 3 : 7, least: size === "quick" ? 0.1 : 0.3 };
    return await callSeconds(gpu, executor, "value", inputsOf(module, "value", 1), effort);
  } finally {
    executor.dispose();
  }
}

/** What the device cannot hold is said instead of measured; anything else is a bug. */
export function unfit(notes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof DeviceFault)) throw error;
    notes.push(error.message);
    return undefined;
  };
}
