/**
 * The GPU of the tests, opened once a worker. Where there is no adapter the tests are left out with a word; in CI
 * a missing adapter is a failure.
 */
import { describe, expect, test } from "vitest";
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
export const describeOnGpu: (title: string, tests: (gpu: GpuDevice) => void) => void =
  found instanceof Error ? leftOut(found.message) : on(found);

function on(gpu: GpuDevice) {
  return (title: string, tests: (gpu: GpuDevice) => void): void => {
    describe(`${title} on ${gpu.adapter.name}`, () => {
      tests(gpu);
    });
  };
}

function leftOut(reason: string) {
  const inCi = process.env["CI"] !== undefined;
  return (title: string): void => {
    test(`${title} on a GPU`, ({ skip }) => {
      expect(inCi, `CI runs the tests of the target wgsl: ${reason}`).toBe(false);
      skip(`no WebGPU here: ${reason}`);
    });
  };
}
