/** Shaders for machines: token by token what people read, on one line a block; Dawn takes them. */
import { expect, test } from "vitest";
import { compactModule, compactShader } from "../../../../compiler/codegen/wgsl/compact.ts";
import type { GpuModule } from "../../../../runtime/webgpu/schedule.ts";
import { type ExampleProgram, exampleTrains } from "../../../support/example-programs.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { alone, gpuModule, gpuOptions, together } from "../../../support/gpu-runs.ts";
import { arcFace, headProgram } from "../../../support/head-programs.ts";

test("signs that would join keep their distance", () => {
  const code = "// name\nlet a = b - -c; // why\nif (a < -1.0) {\n  a -= + 2u * (a + d);\n}\n";
  expect(compactShader(code)).toBe("let a=b - -c;if(a<-1.0){a-=+2u*(a+d);}");
});

test("kernels that stand in another order are dispatched all the same", () => {
  const module = gpuModule(headProgram({ width: 64, classes: 100_000 }, arcFace), gpuOptions, together);
  const compact = compactModule(module);
  expect(compact.kernels.map(({ name }) => name)).not.toEqual(module.kernels.map(({ name }) => name));
  expect(dispatchedCode(compact)).toEqual(dispatchedCode(module).map(compactShader));
});

describeOnGpu("shaders for machines", ({ device }) => {
  const head: ExampleProgram = ["a head", () => headProgram({ width: 64, classes: 100_000 }, arcFace)];
  const convnets = exampleTrains.filter(([title]) => title.endsWith("Margin4"));

  test.each([head, ...convnets])("of %s say the same in fewer characters", async (_, elaborate) => {
    const kernels = [alone, together].flatMap(
      (emission) => gpuModule(elaborate(), gpuOptions, emission).kernels,
    );
    expect(kernels.length).toBeGreaterThan(20);
    for (const { name, code } of kernels) {
      const compact = compactShader(code);
      expect(tokensOf(compact).join(" ")).toBe(tokensOf(code).join(" "));
      expect(compact.length).toBeLessThan(code.length);
      const { messages } = await device.createShaderModule({ code: compact }).getCompilationInfo();
      expect(
        messages.map(({ message }) => message),
        name,
      ).toEqual([]);
    }
  });
});

/** The shader of every dispatch, in the order of the schedules. */
function dispatchedCode({ functions, kernels }: GpuModule): readonly string[] {
  const steps = Object.values(functions).flatMap((fn) => fn.steps);
  const dispatches = steps.flatMap((step) => (step.kind === "dispatch" ? [step] : step.steps));
  return dispatches.map(({ kernel }) => kernels[kernel]?.code ?? "");
}

/** Words, numbers and signs; of signs that stand together, the longest that WGSL knows. */
function tokensOf(code: string): readonly string[] {
  const token =
    /[\p{L}_][\p{L}\p{N}_]*|0x[\da-f.]+(?:p[-+]?\d+)?f?|[\d.]+(?:e[-+]?\d+)?[fuih]?|--|\+\+|&&|\|\||<<|>>|[-+*/%<>=!]=|\S/giu;
  return code.replaceAll(/\/\/.*/g, "").match(token) ?? [];
}
