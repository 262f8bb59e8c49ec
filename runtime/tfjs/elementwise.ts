/**
 * Element-wise kernels for what the tfjs backends lack, do slowly (comparisons, select, maximum, exp, all
 * integer arithmetic) or do with other semantics. Each is a loop over one run of `rows.ts` on the raw
 * heap; on the wasm backend the hot ones are the SIMD loops of `simd.ts`.
 */
import type * as tf from "@tensorflow/tfjs-core";
import type { DataType, Heap, Values } from "./heap.ts";
import { broadcastSizes, forEachRun, planWalk } from "./rows.ts";

export type UnaryName =
  "neg" | "abs" | "sign" | "exp" | "log" | "round" | "sin" | "cos" | "acos" | "tanh" | "erf" | "half" | "not";

export type BinaryName =
  "add" | "sub" | "mul" | "pow" | "minimum" | "maximum" | "less" | "less_equal" | "equal" | "and" | "or";

const unaryFunctions: { readonly [K in UnaryName]: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  round: roundHalfToEven,
  sin: Math.sin,
  cos: Math.cos,
  acos: (x) => Math.acos(Math.min(1, Math.max(-1, x))),
  tanh: Math.tanh,
  erf,
  half,
  not: (x) => (x === 0 ? 1 : 0),
};

const binaryFunctions: { readonly [K in BinaryName]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  pow: Math.pow,
  minimum: Math.min,
  maximum: Math.max,
  less: (a, b) => (a < b ? 1 : 0),
  less_equal: (a, b) => (a <= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
};

const gives: { readonly [K in BinaryName]: "same" | "bool" } = {
  add: "same",
  sub: "same",
  mul: "same",
  pow: "same",
  minimum: "same",
  maximum: "same",
  less: "bool",
  less_equal: "bool",
  equal: "bool",
  and: "bool",
  or: "bool",
};

export type ElementwiseKernels = ReturnType<typeof elementwiseKernels>;

export function elementwiseKernels(heap: Heap) {
  return {
    /** A function of each element; the result has the input's element type. */
    unary(name: UnaryName, x: tf.Tensor): tf.Tensor {
      const result = heap.make(x.shape, x.dtype as DataType);
      const loop = x.dtype === "float32" ? heap.simd?.loops.unary[name] : undefined;
      if (loop !== undefined && heap.simd !== undefined) {
        loop(heap.simd.address(x), heap.simd.address(result), x.size);
        return result;
      }
      mapInto(heap.view(result), heap.view(x), unaryFunctions[name]);
      return result;
    },

    /** A function of two elements, broadcasting. */
    binary(name: BinaryName, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
      const result = heap.make(
        broadcastSizes([a.shape, b.shape]),
        gives[name] === "bool" ? "bool" : (a.dtype as DataType),
      );
      binaryInto(heap, name, a, b, result);
      return result;
    },

    /** `condition ? a : b` for each element, broadcasting all three. */
    select(condition: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
      const result = heap.make(broadcastSizes([condition.shape, a.shape, b.shape]), a.dtype as DataType);
      selectInto(heap, [condition, a, b], result);
      return result;
    },

    /** To another element type: floats are cut towards zero, and are true unless they are 0. */
    cast(x: tf.Tensor, dtype: DataType): tf.Tensor {
      const result = heap.make(x.shape, dtype);
      const [from, to] = [heap.view(x), heap.view(result)];
      if (dtype === "bool") mapInto(to, from, (value) => (value === 0 ? 0 : 1));
      else if (dtype === "int32") mapInto(to, from, Math.trunc);
      else to.set(from);
      return result;
    },

    /** target += x, in place; x has target's shape or stretches to it. */
    addInto(target: tf.Tensor, x: tf.Tensor): void {
      binaryInto(heap, "add", target, x, target);
    },

    /** target = max(target, x), in place. */
    maxInto(target: tf.Tensor, x: tf.Tensor): void {
      binaryInto(heap, "maximum", target, x, target);
    },
  };
}

function mapInto(to: Values, from: Values, f: (x: number) => number): void {
  for (let i = 0; i < to.length; i++) to[i] = f(from[i] as number);
}

function binaryInto(heap: Heap, name: BinaryName, a: tf.Tensor, b: tf.Tensor, result: tf.Tensor): void {
  const walk = planWalk(result.shape, [a.shape, b.shape]);
  const [stepA, stepB] = [walk.steps[0] ?? 0, walk.steps[1] ?? 0];
  const loop = a.dtype === "bool" ? undefined : heap.simd?.loops.binary[a.dtype as "float32" | "int32"][name];
  if (loop !== undefined && heap.simd !== undefined) {
    const { address } = heap.simd;
    const [atA, atB, atResult] = [address(a), address(b), address(result)];
    const width = result.dtype === "bool" ? 1 : 4;
    forEachRun(walk, (offsets, at) =>
      loop(
        atA + 4 * (offsets[0] ?? 0),
        stepA,
        atB + 4 * (offsets[1] ?? 0),
        stepB,
        atResult + width * at,
        walk.run,
      ),
    );
    return;
  }
  const [x, y, z] = [heap.view(a), heap.view(b), heap.view(result)];
  const f = binaryFunctions[name];
  forEachRun(walk, ([fromA = 0, fromB = 0], at) => {
    for (let i = 0; i < walk.run; i++)
      z[at + i] = f(x[fromA + i * stepA] as number, y[fromB + i * stepB] as number);
  });
}

function selectInto(heap: Heap, inputs: readonly [tf.Tensor, tf.Tensor, tf.Tensor], result: tf.Tensor): void {
  const [condition, a, b] = inputs;
  const walk = planWalk(
    result.shape,
    inputs.map((input) => input.shape),
  );
  const [stepC = 0, stepA = 0, stepB = 0] = walk.steps;
  if (heap.simd !== undefined && result.dtype !== "bool") {
    const { address, loops } = heap.simd;
    const [atC, atA, atB, atResult] = [address(condition), address(a), address(b), address(result)];
    forEachRun(walk, ([fromC = 0, fromA = 0, fromB = 0], at) =>
      loops.select(
        atC + fromC,
        stepC,
        atA + 4 * fromA,
        stepA,
        atB + 4 * fromB,
        stepB,
        atResult + 4 * at,
        walk.run,
      ),
    );
    return;
  }
  const [c, x, y, z] = [heap.view(condition), heap.view(a), heap.view(b), heap.view(result)];
  forEachRun(walk, ([fromC = 0, fromA = 0, fromB = 0], at) => {
    for (let i = 0; i < walk.run; i++)
      z[at + i] = (c[fromC + i * stepC] !== 0 ? x[fromA + i * stepA] : y[fromB + i * stepB]) as number;
  });
}

function roundHalfToEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/**
 * The error function to single precision: below 1 the series of Cephes' erff, above it the approximation
 * of Abramowitz and Stegun 7.1.26, whose absolute error is under 1.5e-7.
 */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 1) {
    const z = x * x;
    return x * erfSeries.reduce((sum, coefficient) => sum * z + coefficient, 0);
  }
  const t = 1 / (1 + 0.3275911 * size);
  const tail = t * erfTail.reduce((sum, coefficient) => sum * t + coefficient, 0);
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
}

/** To half precision: multiples of 2^(e - 10) at exponent e, ties to even, beyond ±65504 the largest. */
function half(x: number): number {
  const size = Math.abs(x);
  if (size >= 65504) return Math.sign(x) * 65504;
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(size))) - 10);
  return roundHalfToEven(x / unit) * unit;
}

const erfSeries = [
  7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
  1.12835851486142e-1, -3.7612625824233e-1, 1.12837916572671,
] as const;
const erfTail = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592] as const;
