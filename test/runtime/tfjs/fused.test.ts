/**
 * Fused chains on both backends against the same arithmetic in plain numbers: every operation, operands that
 * stretch in every way, lengths that do not fill a vector, several results, booleans in memory.
 */
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backendNames, loadBackend } from "../../../runtime/tfjs/backend.ts";
import type { FusedProgram, LaneType } from "../../../runtime/tfjs/fused.ts";
import { type Kernels, createKernels } from "../../../runtime/tfjs/kernels.ts";

const dtypes = { f: "float32", i: "int32", b: "bool" } as const;

/** Values that differ from place to place, with zeros and both signs. */
function operand(type: LaneType, shape: readonly number[]): tf.Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const float = (i: number): number => (i % 7 === 3 ? 0 : Math.sin(i * 1.7 + size) * 2);
  const values = Array.from({ length: size }, (_, i) =>
    type === "f" ? float(i) : type === "i" ? (i % 5) - 2 : i % 3 === 0,
  );
  return tf.tensor(values as number[], [...shape], dtypes[type]);
}

function numbers(tensor: tf.Tensor | undefined): readonly number[] {
  return tensor === undefined ? [] : Array.from(tensor.dataSync());
}

type Arithmetic = (...values: number[]) => number;
const floats: Readonly<Record<string, Arithmetic>> = {
  add: (a = 0, b = 0) => a + b,
  sub: (a = 0, b = 0) => a - b,
  mul: (a = 0, b = 0) => a * b,
  minimum: Math.min,
  maximum: Math.max,
  neg: (a = 0) => -a,
  abs: Math.abs,
  floor: Math.floor,
  exp: Math.exp,
  tanh: Math.tanh,
  sign: Math.sign,
  less: (a = 0, b = 0) => Number(a < b),
  less_equal: (a = 0, b = 0) => Number(a <= b),
  equal: (a = 0, b = 0) => Number(a === b),
};
const comparisons = ["less", "less_equal", "equal"];

describe.each(backendNames)("on %s", (backend) => {
  let k: Kernels;
  beforeAll(async () => {
    await loadBackend(backend);
    k = createKernels();
  });
  afterAll(() => k.dispose());

  const run = (program: FusedProgram, shapes: readonly (readonly number[])[]) => {
    const operands = shapes.map((shape, index) => operand(program.inputs[index] as LaneType, shape));
    const before = tf.memory().numTensors;
    const results = k.fused(program, operands);
    expect(tf.memory().numTensors).toBe(before + results.length);
    return { operands, results };
  };

  test.each(Object.entries(floats))("%s", (name, f) => {
    const type = comparisons.includes(name) ? "b" : "f";
    const values =
      f.length === 1 || ["neg", "abs", "floor", "exp", "tanh", "sign"].includes(name) ? [0] : [0, 1];
    // A second step, so that the result of the first stays in a register.
    const program: FusedProgram = {
      inputs: "ff",
      steps: [
        [name, type, ...values],
        ["cast", "f", 2],
        ["constant", "f", 0.5],
        ["mul", "f", 3, 4],
      ],
      gives: [2, 5],
    };
    const { operands, results } = run(program, [
      [3, 7],
      [3, 7],
    ]);
    const [a, b] = operands.map(numbers);
    (a ?? []).forEach((value, i) => {
      const expected = f(...(values.length === 1 ? [value] : [value, b?.[i] ?? 0]));
      expect(numbers(results[0])[i]).toBeCloseTo(expected, 5);
      expect(numbers(results[1])[i]).toBeCloseTo(expected / 2, 5);
    });
    tf.dispose([...operands, ...results]);
  });

  test.each([
    [[6, 9], [9], [6, 1]],
    [[5], [1], []],
    [[2, 3, 4, 5], [5], [2, 1, 4, 1]],
    [
      [1, 11],
      [4, 1],
      [4, 11],
    ],
    [[1, 1], [1], []],
    [[64, 3], [64, 1], [3]],
  ])("operands %j, %j and %j stretch", (...shapes) => {
    const program: FusedProgram = {
      inputs: "fff",
      steps: [
        ["mul", "f", 0, 1],
        ["sub", "f", 3, 2],
      ],
      gives: [4],
    };
    const { operands, results } = run(program, shapes);
    const [a, b, c] = operands;
    if (a === undefined || b === undefined || c === undefined) throw new Error("three operands");
    const expected = tf.tidy(() => tf.sub(tf.mul(a, b), c));
    expect(results[0]?.shape).toEqual(expected.shape);
    numbers(expected).forEach((value, i) => expect(numbers(results[0])[i]).toBeCloseTo(value, 6));
    tf.dispose([...operands, ...results, expected]);
  });

  test("booleans and integers, in memory and in registers", () => {
    // j == y and not flag, as a flag, and as a choice of two numbers.
    const program: FusedProgram = {
      inputs: "iibf",
      steps: [
        ["equal", "b", 0, 1],
        ["not", "b", 2],
        ["and", "b", 4, 5],
        ["constant", "f", -1],
        ["select", "f", 6, 3, 7],
        ["cast", "i", 6],
        ["constant", "i", 10],
        ["mul", "i", 9, 10],
      ],
      gives: [6, 8, 11],
    };
    const { operands, results } = run(program, [[7, 1], [1, 6], [7, 6], [6]]);
    const [j, y, flag, x] = operands.map(numbers);
    const [chosen, picked, tens] = results.map(numbers);
    for (let row = 0; row < 7; row++)
      for (let column = 0; column < 6; column++) {
        const at = row * 6 + column;
        const expected = j?.[row] === y?.[column] && flag?.[at] === 0;
        expect(chosen?.[at]).toBe(Number(expected));
        expect(picked?.[at]).toBeCloseTo(expected ? (x?.[column] ?? NaN) : -1, 6);
        expect(tens?.[at]).toBe(expected ? 10 : 0);
      }
    expect(results.map(({ dtype }) => dtype)).toEqual(["bool", "float32", "int32"]);
    tf.dispose([...operands, ...results]);
  });
});
