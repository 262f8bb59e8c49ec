/**
 * The GPU of the tests, opened once a worker. Where there is no adapter the tests are left out with a word; in CI
 * a missing adapter is a failure.
 */
import { describe, test } from "vitest";
import { type GpuDevice, openDevice } from "../../runtime/webgpu/device.ts";
import { gpuOfNode } from "../../src/executors/dawn.ts";

const found = await open();

async function open(): Promise<GpuDevice | Error> {
  try {
    return (await openDevice(await gpuOfNode())) ?? new Error("there is no adapter");
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Tests that need a device; its adapter's name stands in the title. */
export function describeOnGpu(title: string, tests: (gpu: GpuDevice) => void): void {
  if (!(found instanceof Error))
    return void describe(`${title} on ${found.adapter.name}`, () => tests(found));
  const { message } = found;
  if (process.env["CI"] !== undefined)
    return void test(title, () => {
      throw new Error(`the tests of the target wgsl need an adapter: ${message}`);
    });
  test(title, (context) => context.skip(`no WebGPU here: ${message}`));
}
