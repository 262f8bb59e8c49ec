/**
 * What a build for each path of the GPU asks for, and that a device which offers that takes every kernel of it: the null
 * device has f16 and subgroups and validates, whatever adapter this machine has.
 */
import { describe, expect, test } from "vitest";
import { builtPaths } from "../../../compiler/codegen/wgsl/capabilities.ts";
import type { HostTensor, InputInfo, NamedTensors } from "../../../runtime/program.ts";
import type { GpuDevice } from "../../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import type { GpuModule } from "../../../runtime/webgpu/schedule.ts";
import { gpuArtifact } from "../../../src/artifacts/gpu-artifact.ts";
import { exampleTrains } from "../../support/example-programs.ts";
import { describeOnNullGpu } from "../../support/gpu.ts";
import { arcFace, headProgram } from "../../support/head-programs.ts";

await describeOnNullGpu("a build", (gpu) => {
  describe.each(builtPaths)("for %s asks for it, and all of its kernels compile", (path) => {
    test.each(exampleTrains)(
      "%s",
      async (_, elaborate) => {
        const { module } = gpuArtifact(elaborate(), { path });
        expect(module.features).toEqual({ plain: [], subgroups: ["subgroups"], f16: ["shader-f16"] }[path]);
        await callEverything(module, gpu);
      },
      60_000,
    );
  });

  const head = headProgram({ width: 7, classes: 70 }, arcFace);

  test("that stores f16 without saying so would be noticed", async () => {
    const { module } = gpuArtifact(head, { path: "f16" });
    const silent = module.kernels.map((kernel) => ({
      ...kernel,
      code: kernel.code.replace("enable f16;", ""),
    }));
    await expect(callEverything({ ...module, kernels: silent }, gpu)).rejects.toThrow(/does not compile/);
  });

  test("says what runs it in each of its texts", () => {
    const text = gpuArtifact(head, { path: "f16" });
    for (const each of [text.js, text.declarations, text.wgsl])
      expect(each).toContain("for WebGPU devices with shader-f16");
    const plain = gpuArtifact(head);
    for (const each of [plain.js, plain.declarations, plain.wgsl]) expect(each).toMatch(/for WebGPU[.:]/);
  });
});

async function callEverything(module: GpuModule, gpu: GpuDevice): Promise<void> {
  const executor = createWebGpuExecutor(module, gpu);
  await executor.initialize(1);
  for (const { name, inputs } of module.info.functions.filter((fn) => fn.name !== "initialize"))
    await executor.call(name, zeros(inputs));
  executor.dispose();
}

function zeros(inputs: readonly InputInfo[]): NamedTensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }): readonly [string, HostTensor] => {
      const sizes = shape.map((size) => (typeof size === "number" ? size : 4));
      const count = sizes.reduce((product, size) => product * size, 1);
      const data = dtype === "f32" ? new Float32Array(count) : new Int32Array(count);
      return [name, { dtype, shape: sizes, data } as HostTensor];
    }),
  );
}
