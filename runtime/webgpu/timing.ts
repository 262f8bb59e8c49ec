/**
 * How long a function takes on the device itself, by time stamps around one pass of many calls: for choosing between
 * kernels, where the way to the host would drown the difference. Without the feature `timestamp-query` the clock of the
 * host is read around the same pass.
 */
import type { Sizes } from "../sizes.ts";
import type { GpuDevice } from "./device.ts";
import { budgetFor } from "./budget.ts";
import { createInstance } from "./instance.ts";
import { createMemory, usage } from "./memory.ts";
import { createPipelines } from "./pipelines.ts";
import type { GpuModule } from "./schedule.ts";

/** `GPUBufferUsage.QUERY_RESOLVE`, which is no global in Node. */
const queryResolve = 512;

/** Milliseconds of one call of a function without variables; its inputs are zeros. The first call is not counted. */
export async function millisecondsOfCall(
  module: GpuModule,
  gpu: GpuDevice,
  name: string,
  sizes: Sizes,
  calls: number,
): Promise<number> {
  const fn = module.functions[name];
  if (fn === undefined) throw new Error(`the module of ${module.info.name} lacks its function ${name}`);
  const { device } = gpu;
  const memory = createMemory(gpu);
  try {
    const pipelines = createPipelines(device, module.kernels);
    const variable = (): never => {
      throw new Error(`${name} reads a variable, so it cannot be timed by itself`);
    };
    const instance = await createInstance(
      { gpu, module, budget: budgetFor(module, gpu, undefined), memory, pipelines, variable },
      name,
      fn,
      sizes,
    );
    const run = (count: number, stamps?: GPUComputePassTimestampWrites): GPUCommandEncoder => {
      const encoder = device.createCommandEncoder({ label: `time of ${name}` });
      const pass = encoder.beginComputePass(stamps === undefined ? {} : { timestampWrites: stamps });
      for (let call = 0; call < count; call++) instance.encode(pass);
      pass.end();
      return encoder;
    };
    device.queue.submit([run(1).finish()]);
    await device.queue.onSubmittedWorkDone();
    if (!device.features.has("timestamp-query")) {
      const start = performance.now();
      device.queue.submit([run(calls).finish()]);
      await device.queue.onSubmittedWorkDone();
      return (performance.now() - start) / calls;
    }
    const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
    const resolved = memory.allocate(16, "time stamps", queryResolve | usage.copySource);
    const staging = memory.allocate(16, "read back", usage.mapRead | usage.copyTarget);
    const encoder = run(calls, { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 });
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const [from = 0n, to = 0n] = new BigUint64Array(staging.getMappedRange());
    querySet.destroy();
    return Number(to - from) / 1e6 / calls;
  } finally {
    memory.freeAll();
  }
}
