/**
 * The GPUs of the tests, each opened once a worker. Where there is no adapter the tests are left out with a word; in CI
 * a missing adapter is a failure. Beside the best adapter of the machine there is one that computes nothing: Dawn's null
 * back end, which has every feature and validates whatever it is given.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { type GpuDevice, openDevice } from "../../runtime/webgpu/device.ts";
import { gpuOfNode } from "../../src/executors/dawn.ts";

type DescribeOn = (title: string, tests: (gpu: GpuDevice) => void) => void;

/** Tests that need a device; its adapter's name stands in the title. */
export const describeOnGpu: DescribeOn = describeOn(await opened(gpuOfNode), ({ adapter }) => adapter.name);

/** Kept for the life of the process, as Dawn wants it. */
let nullGpu: GPU | undefined;

/**
 * The same for kernels that the machine's adapter may lack features for: they are compiled, bound and dispatched, and what
 * comes back is zeros.
 */
export async function describeOnNullGpu(title: string, tests: (gpu: GpuDevice) => void): Promise<void> {
  const found = await opened(async () => (nullGpu ??= (await import("webgpu")).create(["backend=null"])));
  describeOn(found, () => "Dawn's null device")(title, tests);
}

async function opened(find: () => Promise<GPU>): Promise<GpuDevice | Error> {
  try {
    return (await openDevice(await find())) ?? new Error("there is no adapter");
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function describeOn(found: GpuDevice | Error, nameOf: (gpu: GpuDevice) => string): DescribeOn {
  return found instanceof Error ? leftOut(found.message) : on(found, nameOf(found));
}

function on(gpu: GpuDevice, name: string): DescribeOn {
  return (title, tests) => {
    describe(`${title} on ${name}`, () => {
      beforeEach(({ task }) => {
        task.meta.gpu = { adapter: name };
      });
      tests(gpu);
    });
  };
}

function leftOut(reason: string): DescribeOn {
  const inCi = process.env["CI"] !== undefined;
  return (title) => {
    test(`${title} on a GPU`, ({ task, skip }) => {
      task.meta.gpu = { missing: reason };
      expect(inCi, `CI runs the tests of the target wgsl: ${reason}`).toBe(false);
      skip(`no WebGPU here: ${reason}`);
    });
  };
}
