/** What is said where there is no WebGPU, no adapter, and where a driver refuses a kernel: a name, a place, a way out. */
import { describe, expect, test } from "vitest";
import { DeviceFault } from "../../../runtime/device-fault.ts";
import { gpuOfPage, openDevice } from "../../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { whatFits } from "../../../runtime/webgpu/what-fits.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { alone, gpuModule, gpuOptions } from "../../support/gpu-runs.ts";
import { batch } from "../../support/head-runs.ts";
import { arcFace, headProgram } from "../../support/head-programs.ts";
import { withLimits } from "../../support/stand-in-device.ts";

describe("without a device", () => {
  test("a page without WebGPU is told so, with a way out", () => {
    // Node's `navigator`, where it has one, offers no GPU.
    expect(() => gpuOfPage()).toThrow(/this browser offers no WebGPU: use one that does, or the target tfjs/);
  });

  test("a null adapter is no device, after a second request without a wish", async () => {
    const asked: unknown[] = [];
    const gpu = {
      requestAdapter: async (wish?: unknown) => {
        asked.push(wish);
        return null;
      },
    };
    expect(await openDevice(gpu as unknown as GPU)).toBeUndefined();
    expect(asked).toEqual([{ powerPreference: "high-performance" }, undefined]);
  });
});

describeOnGpu("a kernel that does not compile", (gpu) => {
  const program = headProgram({ width: 3, classes: 5 }, arcFace);
  const module = gpuModule(program, gpuOptions, {
    ...alone,
    sourceLine: ({ file, start }) => `${file}:${start} let z = logits(…)`,
  });
  const [first] = module.kernels.filter(({ code }) => code.split("\n")[1]?.startsWith("// head.margo"));
  const broken = {
    ...module,
    kernels: module.kernels.map((kernel) =>
      kernel === first
        ? { ...kernel, code: kernel.code.replace("let i = ", "let i = no_such_name + ") }
        : kernel,
    ),
  };

  test("is named with its source line, the compiler's words and how to report it", async () => {
    const executor = createWebGpuExecutor(broken, gpu);
    await executor.initialize(1);
    const held = executor.memory().bytes;
    const refused: unknown = await executor.call("step", batch(4, 5, 3, 0)).catch((error: unknown) => error);
    const message = refused instanceof Error ? refused.message : "";
    expect(message).toContain(`the kernel "${first?.name}" of head.margo:`);
    expect(message).toContain("does not compile, which is a bug in Margo; please report it with this text:");
    expect(message).toMatch(/\nline \d+: .*no_such_name/);
    expect(message).toContain("let i = no_such_name + group");
    expect(executor.memory().bytes).toBe(held);
    executor.dispose();
  });
});

describeOnGpu("a device that is too small", (gpu) => {
  test("says which limit, by how much, and with how many rows the program would fit; so it does", async () => {
    const module = gpuModule(headProgram({ width: 3, classes: 5 }, arcFace));
    const executor = createWebGpuExecutor(module, withLimits(gpu, { maxStorageBufferBindingSize: 400 }));
    await executor.initialize(1);
    const step = (rows: number) => executor.call("step", batch(rows, 5, 3, 0));
    const refused: unknown = await step(100).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DeviceFault);
    const { message, help } = refused as DeviceFault;
    // 100 rows of 5 scores.
    expect(message).toContain("offers maxStorageBufferBindingSize 400, but 2000 is needed for ");
    expect(message).toContain(", 1600 more");
    expect(help).toBe("N = 20 would fit");
    await step(20);
    await expect(step(21)).rejects.toThrow(/420 is needed for .+, 20 more/);
    executor.dispose();
  });

  test("what fits is found for each size by itself", () => {
    const fits = ({ N = 0, C = 0 }: Readonly<Record<string, number>>): boolean => N * C <= 1000;
    expect(whatFits({ N: 64, C: 100 }, fits)).toBe("N = 10 would fit, or C = 15");
    expect(whatFits({ N: 64 }, () => false)).toBeUndefined();
    expect(whatFits({}, () => false)).toBeUndefined();
  });
});
