/**
 * Every kernel of every example and of random programs is a shader that Dawn takes, on every path that this adapter can
 * compile for. No pipeline is made, so that even the many barriers of hardware kernels cost little.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Capabilities,
  pathRules,
  plainCapabilities,
} from "../../../../compiler/codegen/wgsl/capabilities.ts";
import { emitGpuModule } from "../../../../compiler/codegen/wgsl/module.ts";
import { compileFunction } from "../../../../compiler/compile.ts";
import type { PassOptions } from "../../../../compiler/passes/pass.ts";
import type { GpuModule } from "../../../../runtime/webgpu/schedule.ts";
import { exampleMargins, exampleTrains } from "../../../support/example-programs.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { gpuModule, gpuOptions, programOf } from "../../../support/gpu-runs.ts";
import { randomPrograms, withGradients } from "../../../support/random-programs.ts";

describeOnGpu("Dawn takes the kernels", ({ device, offer }) => {
  const paths: readonly Capabilities[] = [
    plainCapabilities("workgroup"),
    plainCapabilities("invocation"),
    ...Object.values(pathRules)
      .filter(({ lacks }) => lacks(offer).length === 0)
      .map(({ capabilities }) => capabilities(offer)),
  ];

  const taken = new Set<string>();
  const expectTaken = async ({ kernels }: GpuModule): Promise<void> => {
    expect(kernels.length).toBeGreaterThan(0);
    for (const { name, code, access } of kernels.filter((kernel) => !taken.has(kernel.code))) {
      const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
      expect(
        messages.map(({ lineNum, message }) => `${lineNum}: ${message}`),
        `${name}\n${code}`,
      ).toEqual([]);
      // What every WebGPU device has.
      expect(access.length, name).toBeLessThanOrEqual(8);
      taken.add(code);
    }
  };
  const optionsFor = ({ half }: Capabilities): PassOptions => ({
    ...gpuOptions,
    operands: half ? "f16" : "f32",
  });
  const emission = (capabilities: Capabilities) => ({ capabilities, sourceLine: () => undefined });

  test.each([...exampleTrains, ...exampleMargins])("of %s", async (_, elaborate) => {
    const program = elaborate();
    for (const capabilities of paths)
      await expectTaken(gpuModule(program, optionsFor(capabilities), emission(capabilities)));
  });

  test("of random programs with gradients, streamed and whole", async () => {
    await fc.assert(
      fc.asyncProperty(randomPrograms("all"), fc.boolean(), async (random, streamed) => {
        for (const capabilities of paths) {
          const streaming = { streamFrom: streamed ? 2 : 1024, budgetBytes: 4096 };
          const options = { ...optionsFor(capabilities), ...streaming };
          // Passes add to a program's nodes, so that each path gets a copy.
          const program = programOf(random.builder, withGradients(random), random.dims);
          const compiled = program.functions.map((fn) => ({
            fn,
            stage: compileFunction(program, fn, options),
          }));
          await expectTaken(emitGpuModule(program, compiled, "test", emission(capabilities)));
        }
      }),
      { numRuns: 40, seed: 11, endOnFailure: true },
    );
  });
});
