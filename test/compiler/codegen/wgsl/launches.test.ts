/**
 * What a training step of each example costs a hardware GPU beside its arithmetic: dispatches, with the buffers that every
 * device binds and with twice as many, kernels to compile and peak memory, and how many new values of variables are copied
 * into their place, as a table that is committed. A change of it is meant or a mistake; `npx vitest run --update launches`
 * writes it anew.
 */
import { expect, test } from "vitest";
import { emitGpuModule } from "../../../../compiler/codegen/wgsl/module.ts";
import { compileFunction } from "../../../../compiler/compile.ts";
import { leastStorageBuffers } from "../../../../compiler/passes/fuse.ts";
import type { Program } from "../../../../compiler/program.ts";
import { footprintOf } from "../../../../runtime/webgpu/footprint.ts";
import type { GpuModule } from "../../../../runtime/webgpu/schedule.ts";
import { bytes } from "../../../../src/report/numbers.ts";
import { exampleTrains } from "../../../support/example-programs.ts";
import { gpuOptions } from "../../../support/gpu-runs.ts";

test("launches of a training step", async () => {
  const rows = exampleTrains.map(([title, elaborate]) => [title, ...costs(elaborate())]);
  const head = ["example", "batch", "dispatches", "with 16 buffers", "kernels", "copies", "peak"];
  const table = [head, ...rows];
  await expect(tableText(table)).toMatchFileSnapshot("launches.txt");
  // A score of programs in one test: on a machine busy with others that takes its time.
}, 300_000);

function costs(program: Program): readonly string[] {
  const batch = program.training?.batch ?? 1;
  const [module, wide] = [leastStorageBuffers, 16].map((buffers) => stepModule(program, buffers));
  if (module === undefined || wide === undefined) throw new Error("there are two modules");
  const { dispatches, peakBytes } = footprintOf(module, "step", { N: batch });
  const fewer = footprintOf(wide, "step", { N: batch }).dispatches;
  const { outputs = [], buffers = [] } = module.functions["step"] ?? {};
  const copied = outputs.filter(
    ({ name, buffer }) => name.startsWith("next:") && buffers[buffer]?.kind !== "variable",
  );
  return [batch, dispatches, fewer, module.kernels.length, copied.length, bytes(peakBytes)].map(String);
}

function stepModule(program: Program, buffers: number): GpuModule {
  const step = program.functions.filter(({ name }) => name === "step");
  const options = { ...gpuOptions, buffers };
  const compiled = step.map((fn) => ({ fn, stage: compileFunction(program, fn, options) }));
  const module = emitGpuModule(program, compiled, "test");
  for (const { access, name } of module.kernels) expect(access.length, name).toBeLessThanOrEqual(buffers);
  return module;
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, at: number): string =>
    at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  return `${rows.map((row) => row.map(cell).join("  ")).join("\n")}\n`;
}
