/**
 * ArcFace heads: the forward pass alone and the whole step, streamed and with every N × C value stored, in time and in
 * bytes held on the device; beside them the plain product of the same shape, and how all grows with the classes.
 */
import type { PassName } from "../../compiler/passes/pass.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { footprintOf } from "../../runtime/webgpu/footprint.ts";
import { planFunction } from "../../runtime/webgpu/plan.ts";
import { beside, limitOf } from "./limit.ts";
import type { Ceilings } from "./micro.ts";
import { type HeadSize, headProgram, inputsOf, moduleOf } from "./programs.ts";
import { pathsOf, productSeconds, unfit } from "./products.ts";
import type { Section, Size } from "./section.ts";
import { callSeconds } from "./timing.ts";

type Row = Section["rows"][number];

/** What is left out of the compilation, by the name of what remains. */
const variants: Readonly<Record<string, readonly PassName[]>> = {
  streamed: [],
  stored: ["stream"],
  "stored, unfused": ["stream", "fuse"],
};

export async function heads(gpu: GpuDevice, size: Size, ceilings: Ceilings): Promise<readonly Section[]> {
  const hardware = gpu.adapter.kind === "hardware";
  const sizes: readonly HeadSize[] = hardware
    ? [
        { rows: 1024, width: 512, classes: 100_000 },
        { rows: 4096, width: 512, classes: 100_000 },
        ...(size === "full" ? [{ rows: 4096, width: 512, classes: 1_000_000 }] : []),
      ]
    : [{ rows: 64, width: 64, classes: 4000 }];
  const notes: string[] = [];
  const rows: Row[] = [];
  for (const head of sizes) {
    const product = await plainProduct(gpu, head, size).catch(unfit(notes));
    for (const path of pathsOf(gpu))
      for (const variant of Object.keys(variants)) {
        const measured = await measure(gpu, head, { variant, path }, size, ceilings).catch(unfit(notes));
        if (measured !== undefined) rows.push({ ...measured, ...againstProduct(measured, product) });
      }
  }
  return [{ title: "ArcFace heads", rows, notes }, await growth(gpu, size, ceilings)];
}

/** X · Wᵀ of the shape by itself, its result stored. */
function plainProduct(gpu: GpuDevice, { rows, width, classes }: HeadSize, size: Size): Promise<number> {
  const columns = Math.min(classes, 100_000);
  const shape = { rows, depth: width, columns, flipped: "right" } as const;
  return productSeconds(gpu, shape, "f32", size).then((seconds) => (seconds * classes) / columns);
}

function againstProduct(measured: Row, product: number | undefined): Row {
  const forward = measured["forward ms"];
  if (product === undefined || typeof forward !== "number") return {};
  return { "plain product ms": product * 1000, "forward ÷ product": forward / (product * 1000) };
}

/** From 1,000 classes to a million, in each variant; up to 100,000 in a quick run on a processor. */
async function growth(gpu: GpuDevice, size: Size, ceilings: Ceilings): Promise<Section> {
  const hardware = gpu.adapter.kind === "hardware";
  const [rows, width] = hardware ? [256, 512] : [16, 64];
  const counts = [1000, 10_000, 100_000, ...(hardware || size === "full" ? [1_000_000] : [])];
  const notes: string[] = [];
  const lines: Row[] = [];
  for (const classes of counts)
    for (const variant of Object.keys(variants)) {
      const measured = await measure(
        gpu,
        { rows, width, classes },
        { variant, path: "f32" },
        size,
        ceilings,
      ).catch(unfit(notes));
      if (measured !== undefined) lines.push(measured);
    }
  return { title: `Growth with the classes, N = ${rows}, D = ${width}`, rows: lines, notes };
}

async function measure(
  gpu: GpuDevice,
  { rows, width, classes }: HeadSize,
  { variant, path }: { readonly variant: string; readonly path: ReturnType<typeof pathsOf>[number] },
  size: Size,
  ceilings: Ceilings,
): Promise<Row> {
  const without = variants[variant] ?? [];
  const program = headProgram({ rows, width, classes });
  const module = moduleOf(program, gpu, { without, ...(path === "f32" ? {} : { path }) });
  const executor = createWebGpuExecutor(module, gpu);
  try {
    await executor.initialize(1);
    const inputs = inputsOf(module, "step", rows);
    const effort = { runs: size === "quick" ? 3 : 7, least: size === "quick" ? 0.1 : 0.5 };
    const forward = await callSeconds(gpu, executor, "forward", inputsOf(module, "forward", rows), effort);
    const step = await callSeconds(gpu, executor, "step", inputs, effort);
    const { peakBytes, parameterBytes, dispatches } = footprintOf(module, "step", { N: rows });
    return {
      N: rows,
      D: width,
      C: classes,
      path,
      variant,
      "forward ms": forward * 1000,
      "step ms": step * 1000,
      "backward ms": (step - forward) * 1000,
      ...beside(limitOf(program, "step", { N: rows }, ceilings), step, path),
      "step GFLOP/s": (2 * rows * width * classes * productsOf(module, rows)) / step / 1e9,
      "peak MiB": peakBytes / 2 ** 20,
      "parameters MiB": parameterBytes / 2 ** 20,
      dispatches,
    };
  } finally {
    executor.dispose();
  }
}

/** Products of N × D × C that a step does: three, and the cosines of chunks that were not kept once more. */
function productsOf(module: ReturnType<typeof moduleOf>, rows: number): number {
  const step = module.functions["step"];
  const [chunks] = step === undefined ? [] : planFunction(step, module.kernels, { N: rows }).chunks;
  return chunks === undefined ? 3 : 3 + (chunks.count - chunks.kept) / chunks.count;
}
