/** Which target a page gets: with WebGPU, without, and where the program was not compiled for what there is. */
import { describe, expect, test } from "vitest";
import { emitModule } from "../../compiler/codegen/tfjs/module.ts";
import type { CompiledProgram, OpenOptions } from "../../runtime/open-program.ts";
import { openProgram } from "../../runtime/open-program.ts";
import type { GpuOffer } from "../../runtime/webgpu/schedule.ts";
import { compileProgram } from "../../src/artifacts/compile-program.ts";
import { gpuOfNode } from "../../src/executors/dawn.ts";
import { loadTfjsModule } from "../../src/executors/load-tfjs-module.ts";
import { describeOnGpu } from "../support/gpu.ts";
import { gpuModule } from "../support/gpu-runs.ts";
import { withAdapters, withHardware } from "../support/stand-in-device.ts";
import { tinyProgram } from "../support/tiny-program.ts";

const training = { data: { reader: "csv", files: [], options: {} }, batch: 4, epochs: 1, seed: 1, spans: {} };
const program = tinyProgram({ width: 4, classes: 3, rate: 0.1, first: "nothing", training });
const wgsl = async () => ({ module: gpuModule(program) });
const tfjs = async () => loadTfjsModule(emitModule(program, compileProgram(program), "test").js);
const both: CompiledProgram = { name: "Tiny", modules: { wgsl, tfjs } };

/** A browser whose WebGPU gives no adapter. */
const noAdapter = { requestAdapter: async () => null } as unknown as GPU;

async function opened(given: CompiledProgram, options: OpenOptions) {
  const { executor, ...rest } = await openProgram(given, options);
  await executor.initialize(1);
  executor.dispose();
  return rest;
}

describe("without an adapter", () => {
  test("auto takes tfjs and says why", async () => {
    expect(await opened(both, { gpu: noAdapter })).toMatchObject({
      target: "tfjs",
      device: expect.stringContaining("backend wasm"),
      reason: expect.stringContaining("no adapter"),
    });
  });

  test("where there is no WebGPU at all, too", async () => {
    expect((await opened(both, {})).reason).toContain("offers no WebGPU");
  });

  test("a program for WebGPU alone is refused with a way out", async () => {
    const alone = { name: "Tiny", modules: { wgsl } };
    await expect(openProgram(alone, { gpu: noAdapter })).rejects.toMatchObject({
      message: expect.stringContaining("no adapter"),
      help: "compile Tiny for tfjs too, which runs in every browser",
    });
    await expect(openProgram(both, { gpu: noAdapter, target: "wgsl" })).rejects.toThrow(/no adapter/);
  });

  test("a target that it was not compiled for", async () => {
    const alone = { name: "Tiny", modules: { tfjs } };
    await expect(openProgram(alone, { target: "wgsl" })).rejects.toThrow(/Tiny was not compiled for WebGPU/);
    await expect(openProgram({ name: "Tiny", modules: { wgsl } }, { target: "tfjs" })).rejects.toThrow(
      /compiled for wgsl and not for tfjs/,
    );
    expect((await opened(alone, {})).target).toBe("tfjs");
  });
});

describe("what is no program or target is refused with a way out:", () => {
  const lacking = /says of no module how it is loaded/;
  test.each<readonly [string, unknown, object, RegExp]>([
    ["a target", both, { target: "gpu" }, /there is no target "gpu"/],
    ["no program", undefined, {}, lacking],
    ["a program without modules", { name: "Tiny" }, {}, lacking],
    ["none in it", { name: "Tiny", modules: {} }, {}, /Tiny says of no module/],
    ["under another name", { name: "Tiny", modules: { webgpu: wgsl } }, {}, lacking],
    ["a module that is loaded already", { name: "Tiny", modules: { tfjs: { info: {} } } }, {}, lacking],
    [
      "an empty module",
      { name: "Tiny", modules: { tfjs: async () => ({}) } },
      {},
      /no module that was compiled/,
    ],
    [
      "no module",
      { name: "Tiny", modules: { tfjs: async () => undefined } },
      {},
      /no module that was compiled/,
    ],
    [
      "one for the other target",
      { name: "Tiny", modules: { tfjs: wgsl } },
      {},
      /loads for tfjs is no module/,
    ],
  ])("%s", async (_, given, options, words) => {
    await expect(openProgram(given as CompiledProgram, options)).rejects.toMatchObject({
      name: "DeviceFault",
      message: expect.stringMatching(words),
      help: expect.stringMatching(/./),
    });
  });
});

describeOnGpu("with an adapter,", ({ adapter }) => {
  test("WebGPU where it is wanted, or faster", async () => {
    const gpu = await gpuOfNode();
    expect(await opened(both, { gpu, target: "wgsl" })).toEqual({
      target: "wgsl",
      device: `WebGPU, ${adapter.name}`,
    });
    expect((await opened(both, { gpu })).target).toBe(adapter.kind === "hardware" ? "wgsl" : "tfjs");
    expect((await opened({ name: "Tiny", modules: { wgsl } }, { gpu })).target).toBe("wgsl");
  });

  test("a module for tfjs under the name of the other target is refused", async () => {
    const modules = { wgsl: tfjs as unknown as typeof wgsl };
    const opening = openProgram({ name: "Tiny", modules }, { gpu: await gpuOfNode(), target: "wgsl" });
    await expect(opening).rejects.toThrow(/loads for wgsl is no module that was compiled for it/);
  });

  test("the page hears how many kernels are compiled", async () => {
    const heard: (readonly [ready: number, asked: number])[] = [];
    const onCompiled: OpenOptions["onCompiled"] = (...told) => heard.push(told);
    await opened(both, { gpu: await gpuOfNode(), target: "wgsl", onCompiled });
    expect(heard.at(-1)).toEqual([heard.length, heard.length]);
  });
});

describeOnGpu("with a hardware adapter", () => {
  const wanting = async () => ({ module: { ...gpuModule(program), features: ["shader-f16"] } });
  const lacks = "A card lacks shader-f16, which Tiny was compiled for";

  test("that can run the module, auto takes it", async () => {
    const gpu = withHardware(await gpuOfNode(), []);
    expect(await opened(both, { gpu })).toEqual({ target: "wgsl", device: "WebGPU, A card" });
  });

  test("that lacks what the module needs, auto takes tfjs and says why", async () => {
    const gpu = withHardware(await gpuOfNode(), []);
    expect(await opened({ name: "Tiny", modules: { wgsl: wanting, tfjs } }, { gpu })).toMatchObject({
      target: "tfjs",
      reason: lacks,
    });
  });

  test("the same where WebGPU was asked for, or tfjs is not there, is a fault with a way out", async () => {
    const gpu = withHardware(await gpuOfNode(), []);
    const fault = { message: lacks, help: expect.stringContaining("--gpu plain") };
    const modules = { wgsl: wanting, tfjs };
    await expect(openProgram({ name: "Tiny", modules }, { gpu, target: "wgsl" })).rejects.toMatchObject(
      fault,
    );
    await expect(openProgram({ name: "Tiny", modules: { wgsl: wanting } }, { gpu })).rejects.toMatchObject(
      fault,
    );
  });

  test("a page may take its module by what the device offers", async () => {
    const gpu = withHardware(await gpuOfNode(), []);
    const fitting = async ({ features }: GpuOffer) => (features.includes("shader-f16") ? wanting() : wgsl());
    expect((await opened({ name: "Tiny", modules: { wgsl: fitting, tfjs } }, { gpu })).target).toBe("wgsl");
  });

  test("what goes wrong while its module is loaded leaves no device open", async () => {
    const devices: GPUDevice[] = [];
    const gpu = withAdapters(await gpuOfNode(), (adapter) => ({
      requestDevice: async (wish: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(wish);
        devices.push(device);
        return device;
      },
    }));
    const absent = () => Promise.reject(new Error("404"));
    await expect(openProgram({ name: "Tiny", modules: { wgsl: absent } }, { gpu })).rejects.toThrow("404");
    expect(devices.length).toBe(1);
    expect((await devices[0]?.lost)?.reason).toBe("destroyed");
  });
});
