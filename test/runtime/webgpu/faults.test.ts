/** What is said where there is no WebGPU, no adapter, and where a driver refuses a kernel: a name, a place, a way out. */
import { describe, expect, test } from "vitest";
import { plainCapabilities } from "../../../compiler/codegen/wgsl/capabilities.ts";
import { DeviceFault, DeviceLost } from "../../../runtime/device-fault.ts";
import { gpuOfPage, openDevice } from "../../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { whatFits } from "../../../runtime/webgpu/what-fits.ts";
import { gpuOfNode } from "../../../src/executors/dawn.ts";
import { describeOnGpu } from "../../support/gpu.ts";
import { alone, emissionFor, gpuModule, gpuOptions, inSubgroups } from "../../support/gpu-runs.ts";
import { batch } from "../../support/head-runs.ts";
import { arcFace, headProgram } from "../../support/head-programs.ts";
import { withAdapters, withLimits, withMembers, withOffer } from "../../support/stand-in-device.ts";

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

describeOnGpu("a driver that opens no device", (gpu) => {
  const busy = async (): Promise<never> => {
    throw new Error("it is busy");
  };

  test("is named, with its words and a way out", async () => {
    const closed = withAdapters(await gpuOfNode(), () => ({ requestDevice: busy }));
    const refused: unknown = await openDevice(closed).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DeviceFault);
    expect(refused).toMatchObject({
      message: `the driver of ${gpu.adapter.name} opens no device: it is busy`,
      help: expect.stringContaining("the target tfjs needs none"),
    });
  });

  test("ends a run that lost its device as a lost device does, which keeps the last copy", async () => {
    const module = gpuModule(headProgram({ width: 3, classes: 5 }, arcFace));
    const executor = createWebGpuExecutor(module, { ...gpu, reopen: busy });
    await expect(executor.recover?.()).rejects.toThrow(DeviceLost);
    await expect(executor.recover?.()).rejects.toThrow(/the device was lost, and it is busy/);
    executor.dispose();
  });
});

describeOnGpu("a kernel that does not compile", (gpu) => {
  const program = headProgram({ width: 3, classes: 5 }, arcFace);
  const module = gpuModule(program, gpuOptions, {
    ...alone,
    sourceLine: ({ file, start }) => `${file}:${start} let z = logits(…)`,
  });
  const [first] = module.kernels.filter(({ from }) => from?.startsWith("head.margo"));
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
    expect(message).toMatch(
      /offers maxStorageBufferBindingSize 400, but 2000 is needed for a value of 500 elements that the kernel "\w[^"]*" writes, 1600 more$/,
    );
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

describeOnGpu("a device that lacks what a module was compiled for", (gpu) => {
  const program = headProgram({ width: 3, classes: 70 }, arcFace);
  const halfEmission = emissionFor({ ...plainCapabilities("invocation"), half: true });
  const modules = {
    f16: gpuModule(program, { ...gpuOptions, operands: "f16" }, halfEmission),
    subgroups: gpuModule(program, gpuOptions, inSubgroups),
    plain: gpuModule(program),
  };
  const bare = withOffer(gpu, { features: [], subgroups: undefined });

  test("a module says what it needs", () => {
    const { f16, subgroups, plain } = modules;
    expect([f16.features, subgroups.features, plain.features]).toEqual([["shader-f16"], ["subgroups"], []]);
  });

  test("it is refused before the device is asked for anything, with what lacks and a way out", () => {
    const asked: string[] = [];
    const untouched = withMembers(bare, {
      createBuffer: () => refuse("createBuffer"),
      createShaderModule: () => refuse("createShaderModule"),
      createBindGroupLayout: () => refuse("createBindGroupLayout"),
    });
    const refuse = (call: string): never => {
      asked.push(call);
      throw new Error(`${call} was called`);
    };
    for (const [path, lacking] of [
      ["f16", "shader-f16"],
      ["subgroups", "subgroups that kernels can number"],
    ] as const) {
      const refused = faultOf(() => createWebGpuExecutor(modules[path], untouched));
      expect(refused?.message).toBe(`${gpu.adapter.name} lacks ${lacking}, which Head was compiled for`);
      expect(refused?.help).toBe(
        "compile it with --gpu plain, which every WebGPU device runs; a page may ship both modules",
      );
    }
    expect(asked).toEqual([]);
  });

  test("subgroups that kernels cannot number are none, and everything that lacks is named", () => {
    const unnumbered = withOffer(gpu, { features: ["subgroups"], subgroups: undefined });
    const both = { ...modules.subgroups, features: ["shader-f16", "subgroups"] };
    expect(faultOf(() => createWebGpuExecutor(both, unnumbered))?.message).toContain(
      "lacks shader-f16 and subgroups that kernels can number, which",
    );
  });

  test("a plain module runs there", async () => {
    const executor = createWebGpuExecutor(modules.plain, bare);
    await executor.initialize(1);
    const { loss } = await executor.call("step", batch(4, 70, 3, 0), ["loss"]);
    expect(loss?.data[0]).toBeGreaterThan(0);
    executor.dispose();
  });

  test("nor does a run go on there when its own device was lost; the run is told, and that device is closed", async () => {
    let closed = 0;
    const destroy = (): undefined => void closed++;
    const lesser = withMembers(bare, { destroy });
    const able = withOffer(gpu, { subgroups: { smallest: 4, largest: 128 } });
    const executor = createWebGpuExecutor(modules.subgroups, { ...able, reopen: async () => lesser });
    await expect(executor.recover?.()).rejects.toThrow(/lacks subgroups that kernels can number, which Head/);
    expect(closed).toBe(1);
    executor.dispose();
  });
});

function faultOf(run: () => unknown): DeviceFault | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof DeviceFault) return error;
    throw error;
  }
}
