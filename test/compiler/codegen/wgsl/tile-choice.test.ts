/** Measured tiles in the code generator: the table decides where it has the size, and every tile is a valid kernel. */
import { expect, test } from "vitest";
import type { TileName } from "../../../../compiler/codegen/wgsl/tile.ts";
import { tileNames, tiles } from "../../../../compiler/codegen/wgsl/tile.ts";
import { emitGpuModule } from "../../../../compiler/codegen/wgsl/module.ts";
import { millisecondsOfCall } from "../../../../runtime/webgpu/timing.ts";
import type { GpuKernel, GpuModule } from "../../../../runtime/webgpu/schedule.ts";
import { gpuStages } from "../../../../src/artifacts/gpu-artifact.ts";
import { productOf } from "../../../../src/executors/tune.ts";
import { describeOnGpu } from "../../../support/gpu.ts";
import { alone, gpuModule, gpuOptions, together } from "../../../support/gpu-runs.ts";
import { arcFace, headProgram } from "../../../support/head-programs.ts";

const sizes = { rows: 100, columns: 60, depth: 30 };

function moduleWith(
  emission: typeof together,
  tile?: TileName,
): { module: GpuModule; asked: readonly string[] } {
  const asked: string[] = [];
  const tileOf = (bucket: string): TileName | undefined => {
    asked.push(bucket);
    return tile;
  };
  const { program } = productOf(sizes);
  return { module: emitGpuModule(program, gpuStages(program), "test", { ...emission, tileOf }), asked };
}

const productIn = ({ kernels }: GpuModule): GpuKernel | undefined =>
  kernels.find(({ name }) => name === "matmul");

test("a product asks for its bucket, and takes what it is told", () => {
  const { module, asked } = moduleWith(together);
  expect(new Set(asked)).toEqual(new Set(["128x64x32"]));
  for (const name of tileNames) {
    const { rows, columns, blockRows, blockColumns } = tiles[name];
    const own = productIn(moduleWith(together, name).module);
    expect(own?.invocations).toBe((rows / blockRows) * (columns / blockColumns));
  }
  const texts = tileNames.map((name) => productIn(moduleWith(together, name).module)?.code);
  expect(new Set(texts).size).toBe(tileNames.length);
  expect(texts).toContain(productIn(module)?.code);
});

test.each<[string, number, number, number, TileName, number]>([
  ["is large where there are enough of it", 4096, 4096, 64, "huge", 1],
  ["is whole rather than larger in parts", 2048, 1024, 512, "large", 1],
  ["is large and cut along a long depth", 1024, 512, 100_000, "huge", 2],
  ["is small where the result is", 512, 512, 512, "square", 2],
  ["wastes little of itself", 4096, 72, 64, "square", 1],
  ["follows a narrow result", 100_000, 10, 64, "tall", 1],
  ["has no columns to spare", 50_000, 32, 144, "high", 1],
  ["has no rows to spare", 20, 20_000, 64, "broad", 1],
  ["is no larger than the result, however long the depth", 25, 32, 100_000, "small", 2],
  ["gives work to more where there is little", 3136, 32, 144, "small", 1],
])("a tile %s", (_, rows, columns, depth, name, dispatches) => {
  const { program } = productOf({ rows, columns, depth });
  const module = emitGpuModule(program, gpuStages(program), "test", together);
  const tile = tiles[name];
  expect(productIn(module)?.invocations).toBe(
    (tile.rows / tile.blockRows) * (tile.columns / tile.blockColumns),
  );
  expect(productIn(module)?.code).toContain(`tileRow * ${tile.rows}u`);
  expect(productIn(module)?.code).toContain(`tileColumn * ${tile.columns}u`);
  expect(module.functions["product"]?.steps.length).toBe(dispatches);
});

test("a tile leaves room for a second workgroup where much is folded", () => {
  const options = { ...gpuOptions, dims: { N: 1024 } };
  const program = headProgram({ width: 512, classes: 100_000 }, arcFace);
  const products = gpuModule(program, options, together).kernels.filter(({ code }) =>
    code.includes("sum_7_1"),
  );
  // The scores begin a logsumexp and the accuracy's argmax, which knows the largest too; their gradients are folded into
  // nothing.
  const folding = products.filter(({ code }) => /fold1_1: ptr.*\) \{/.test(code) && !code.includes("fold2_"));
  expect(folding.map(({ invocations }) => invocations)).toEqual([128, 128]);
  expect(products.filter((each) => !folding.includes(each)).map(({ invocations }) => invocations)).toContain(
    256,
  );
});

describeOnGpu("tiles", (gpu) => {
  test.each(tileNames)("%s is a kernel that the device takes", async (name) => {
    const { code = "" } = productIn(moduleWith(together, name).module) ?? {};
    const { messages } = await gpu.device.createShaderModule({ code }).getCompilationInfo();
    expect(messages.map(({ message }) => message)).toEqual([]);
  });

  test("a call is timed on the device", async () => {
    const milliseconds = await millisecondsOfCall(moduleWith(alone).module, gpu, "product", {}, 3);
    expect(milliseconds).toBeGreaterThan(0);
  });
});
