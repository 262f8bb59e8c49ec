/**
 * How the GPU benchmarks measure. A kernel by itself: time stamps around a pass, where the device has them. A call of a
 * program: calls one behind the other, as in training, until the device has done the last one, divided by their number, so
 * that whichever of the two sides is slower, the device or the host that feeds it, is what counts.
 */
import type { Executor, NamedTensors } from "../../runtime/program.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { median } from "../numbers.ts";

export interface Effort {
  /** Passes or batches of calls, of which the median is taken. */
  readonly runs: number;
  /** Seconds that a batch of calls takes at least. */
  readonly least: number;
}

/** Median seconds of what `encode` puts into a pass, after one run that is not counted. */
export async function passSeconds(
  device: GPUDevice,
  { runs }: Effort,
  encode: (pass: GPUComputePassEncoder) => void,
): Promise<number> {
  const once = device.features.has("timestamp-query") ? stampedPass : clockedPass;
  const times: number[] = [];
  for (let run = -1; run < runs; run++) {
    const seconds = await once(device, encode);
    if (run >= 0) times.push(seconds);
  }
  return median(times);
}

async function stampedPass(
  device: GPUDevice,
  encode: (pass: GPUComputePassEncoder) => void,
): Promise<number> {
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const stamps = device.createBuffer({ size: 16, usage: 0x200 | 4 });
  const staging = device.createBuffer({ size: 16, usage: 1 | 8 });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass({
    timestampWrites: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
  });
  encode(pass);
  pass.end();
  encoder.resolveQuerySet(querySet, 0, 2, stamps, 0);
  encoder.copyBufferToBuffer(stamps, 0, staging, 0, 16);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const [from = 0n, to = 0n] = new BigUint64Array(staging.getMappedRange().slice(0));
  for (const each of [stamps, staging, querySet]) each.destroy();
  return Number(to - from) / 1e9;
}

async function clockedPass(
  device: GPUDevice,
  encode: (pass: GPUComputePassEncoder) => void,
): Promise<number> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  encode(pass);
  pass.end();
  const commands = encoder.finish();
  const start = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return (performance.now() - start) / 1000;
}

/** Median seconds of a call, steady state; the first call, which compiles, is not counted. */
export async function callSeconds(
  { device }: GpuDevice,
  executor: Executor,
  name: string,
  inputs: NamedTensors,
  { runs, least }: Effort,
): Promise<number> {
  const { start } = executor;
  if (start === undefined) throw new Error("an executor of a GPU starts calls");
  const batch = async (count: number): Promise<number> => {
    const from = performance.now();
    for (let call = 0; call < count; call++) await start(name, inputs, []);
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - from) / 1000 / count;
  };
  await batch(1);
  const single = await batch(1);
  // What takes so long varies little by itself.
  if (single > 10 * least) return single;
  const count = Math.min(200, Math.max(1, Math.ceil(least / single)));
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await batch(count));
  return median(times);
}
