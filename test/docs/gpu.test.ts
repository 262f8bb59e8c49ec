/** The WGSL in docs/gpu.md is what the compiler prints for the ArcFace head, line for line. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { arcFace, headProgram } from "../support/head-programs.ts";
import { alone, gpuModule, gpuOptions, together } from "../support/gpu-runs.ts";

test("the WGSL of a streamed head is the compiler's", () => {
  const program = headProgram({ width: 64, classes: 100_000 }, arcFace);
  const kernels = [alone, together].flatMap((emission) => gpuModule(program, gpuOptions, emission).kernels);
  const pieces = [...readFileSync("docs/gpu.md", "utf8").matchAll(/```wgsl\n(.*?)```/gs)].flatMap(
    ([, block = ""]) => block.split("…\n"),
  );
  expect(pieces.length).toBeGreaterThan(4);
  for (const piece of pieces)
    expect(kernels.filter(({ code }) => code.includes(piece)).length, piece).not.toBe(0);
});
