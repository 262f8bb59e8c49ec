/**
 * What a training step of each example costs a hardware GPU beside its arithmetic: dispatches, kernels to compile and
 * peak memory, and how many new values of variables are copied into their place, as a table that is committed. A change of it is meant or a mistake; `npx vitest run --update launches` writes it anew.
 */
import { expect, test } from "vitest";
import { emitGpuModule } from "../../../../compiler/codegen/wgsl/module.ts";
import { compileFunction } from "../../../../compiler/compile.ts";
import type { Program } from "../../../../compiler/program.ts";
import { footprintOf } from "../../../../runtime/webgpu/footprint.ts";
import { bytes } from "../../../../src/report/numbers.ts";
import { exampleTrains } from "../../../support/example-programs.ts";
import { gpuOptions } from "../../../support/gpu-runs.ts";

test("launches of a training step", async () => {
  const rows = exampleTrains.map(([title, elaborate]) => [title, ...costs(elaborate())]);
  const table = [["example", "batch", "dispatches", "kernels", "copies", "peak"], ...rows];
  await expect(tableText(table)).toMatchFileSnapshot("launches.txt");
  // A score of programs in one test: on a machine busy with others that takes its time.
}, 300_000);

function costs(program: Program): readonly string[] {
  const batch = program.training?.batch ?? 1;
  const step = program.functions.filter(({ name }) => name === "step");
  const compiled = step.map((fn) => ({ fn, stage: compileFunction(program, fn, gpuOptions) }));
  const module = emitGpuModule(program, compiled, "test");
  const { dispatches, peakBytes } = footprintOf(module, "step", { N: batch });
  const { outputs = [], buffers = [] } = module.functions["step"] ?? {};
  const copied = outputs.filter(
    ({ name, buffer }) => name.startsWith("next:") && buffers[buffer]?.kind !== "variable",
  );
  return [batch, dispatches, module.kernels.length, copied.length, bytes(peakBytes)].map(String);
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, at: number): string =>
    at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  return `${rows.map((row) => row.map(cell).join("  ")).join("\n")}\n`;
}
