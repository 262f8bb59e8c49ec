/**
 * Every training program of examples/ on the GPU and on the reference: the same first values, and steps on
 * the same random rows that give the same losses.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { elaborateEntry } from "../../../compiler/check/index.ts";
import type { Program } from "../../../compiler/program.ts";
import type { Executor, NamedTensors } from "../../../runtime/program.ts";
import { createWebGpuExecutor } from "../../../runtime/webgpu/executor.ts";
import { createExecutor } from "../../../src/executors/create.ts";
import { compileForGpu } from "../../../src/executors/wgsl.ts";
import { openSource } from "../../../src/sources/host.ts";
import { stepLosses } from "../../support/example-steps.ts";
import { describeOnGpu } from "../../support/gpu.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/**
 * File, entry and how many steps. A margin of scale 64 on four random rows magnifies a rounding so much that only the
 * first step of `arcface.margo` is compared.
 */
const entries = [
  ["iris/iris.margo", "Iris", 3],
  ["languages/languages.margo", "Languages", 1],
  ["mnist/lsoftmax.margo", "LSoftmax4", 2],
  ["mnist/arcface.margo", "ArcFaceDigits", 1],
] as const;

describeOnGpu("training steps of examples", (gpu) => {
  test.each(entries)("%s %s", async (file, entry, steps) => {
    const program = await programOf(file, entry);
    const expected = await outcome(await createExecutor(program, "reference"), steps);
    const actual = await outcome(createWebGpuExecutor(compileForGpu(program, gpu), gpu), steps);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    // f32 against float64, through batch norms over four rows.
    for (const [name, values] of Object.entries(expected))
      expect(largestGap(values, actual[name] ?? []), name).toBeLessThan(2e-3);
  });
});

async function programOf(file: string, entry: string): Promise<Program> {
  const opened = openSource(join(root, "examples", file));
  if (opened === undefined) throw new Error(`there is no example ${file}`);
  const { program, diagnostics } = await elaborateEntry(opened.host, opened.file, entry, { set: {} });
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return program;
}

/** Losses of the steps, and the size of each variable before and after them. */
async function outcome(
  executor: Executor,
  steps: number,
): Promise<Readonly<Record<string, readonly number[]>>> {
  await executor.initialize(3);
  const first = await executor.read();
  const losses = await stepLosses(executor, steps, 4);
  const last = await executor.read();
  executor.dispose();
  return { losses, first: meanSizes(first), last: meanSizes(last) };
}

/** The mean of the absolute values of each variable. */
function meanSizes(values: NamedTensors): readonly number[] {
  return Object.values(values).map(
    ({ data }) => Array.from(data, Math.abs).reduce((sum, value) => sum + value, 0) / data.length,
  );
}

function largestGap(expected: readonly number[], actual: readonly number[]): number {
  return Math.max(
    ...expected.map(
      (value, index) => Math.abs(value - (actual[index] ?? NaN)) / Math.max(1, Math.abs(value)),
    ),
  );
}
