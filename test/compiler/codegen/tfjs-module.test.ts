/** Emitted modules: no imports, the same text each time, no tensor left over, variables updated in place. */
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { emitModule, functionsToCompile } from "../../../compiler/codegen/tfjs/module.ts";
import { compileFunction, defaultPassOptions } from "../../../compiler/compile.ts";
import type { PassOptions } from "../../../compiler/passes/pass.ts";
import * as heads from "../../support/head-programs.ts";
import { batch, moduleText, tfjsExecutor } from "../../support/head-runs.ts";

const streamed: PassOptions = { ...defaultPassOptions, streamFrom: 2, budgetBytes: 32768 };
const sizes = { width: 6, classes: 40 };

describe("the text", () => {
  const text = moduleText(heads.headProgram(sizes, heads.arcFace), streamed);

  test("has no imports, and no eval", () => {
    expect(text).not.toMatch(/\bimport\b|\beval\b|new Function/);
  });

  test("is the same for the same program", () => {
    expect(moduleText(heads.headProgram(sizes, heads.arcFace), streamed)).toBe(text);
  });

  test("loops over chunks once a pass, and the class weights are written in place", () => {
    expect(text.match(/for \(let from/g)?.length).toBe(2);
    expect(text).toContain("k.setAlong(margin_W, ");
    expect(text).toContain('"next:margin.W": margin_W');
  });

  test("fuses a product with its bias and its activation, whose gradient asks the result", () => {
    const program = () => heads.headProgram({ width: 6, classes: 5 }, heads.hiddenArcFace);
    const fused = `k.matMul(x, hidden_W, { bias: hidden_b, activation: "relu" });`;
    expect(moduleText(program(), defaultPassOptions)).toContain(fused);
    expect(moduleText(program(), { ...defaultPassOptions, without: ["fuse"] })).not.toContain("bias:");
  });

  test("carries the source line of what it computes", () => {
    const program = heads.headProgram(sizes, heads.arcFace);
    const compiled = functionsToCompile(program).map((fn) => ({
      fn,
      stage: compileFunction(program, fn, streamed),
    }));
    const { js } = emitModule(program, compiled, "test", ({ file }) => `${file}:1  a loss`);
    expect(js).toContain("// head.margo:1  a loss");
  });

  test("says for each statement, in loops too, where it was written; the text holds no marks", () => {
    const program = heads.headProgram(sizes, heads.arcFace);
    const compiled = functionsToCompile(program).map((fn) => ({
      fn,
      stage: compileFunction(program, fn, streamed),
    }));
    const { js, mappings } = emitModule(program, compiled, "test");
    expect(js).not.toMatch(/[\uE000\uE001]/);
    const lines = js.split("\n");
    const mapped = new Set(mappings.map(({ line }) => line));
    for (const { line, column } of mappings) expect(lines[line]?.search(/\S/)).toBe(column);
    const inLoop = lines.flatMap((text, line) => (/^ {8}const \w+ = (tf|k)\./.test(text) ? [line] : []));
    expect(inLoop.length).toBeGreaterThan(0);
    expect(inLoop.filter((line) => !mapped.has(line))).toEqual([]);
  });

  test("declares its functions", () => {
    const program = heads.headProgram(sizes, heads.arcFace);
    const compiled = functionsToCompile(program).map((fn) => ({
      fn,
      stage: compileFunction(program, fn, streamed),
    }));
    expect(emitModule(program, compiled, "test").declarations).toContain("readonly step: EmittedFunction;");
  });
});

describe("runs", () => {
  test.each([
    ["streamed", streamed],
    ["whole", { ...streamed, without: ["stream"] as const }],
    ["plain", { ...streamed, without: ["stream", "fuse", "schedule", "plan"] as const }],
  ])("leave no tensor behind over a hundred steps: %s", async (_, options) => {
    for (const write of [heads.arcFace, heads.clippedArcFace, heads.denseSoftmax]) {
      const executor = await tfjsExecutor(heads.headProgram(sizes, write), options);
      await executor.initialize(2);
      await executor.call("step", batch(7, 40, 6, 0));
      const before = tf.memory().numTensors;
      for (let step = 1; step < 34; step++) await executor.call("step", batch(7, 40, 6, step));
      expect(tf.memory().numTensors).toBe(before);
      executor.dispose();
    }
  });
});
