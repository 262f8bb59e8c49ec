/**
 * Fused element-wise kernels: an emitted module describes a chain of operations as plain data, and here it
 * becomes one loop over vectors on the wasm heap, assembled when it first runs. Values between the first and the
 * last operation stay in registers. Without SIMD (the cpu backend) the chain runs operation by operation.
 */
import * as tf from "@tensorflow/tfjs-core";
import { type Code, assembleModule, get, i32Const, i32Sub, set, whileLoop } from "./assembler.ts";
import type { BinaryName, ElementwiseKernels, UnaryName } from "./elementwise.ts";
import { type Lane, emitLane, loadLane, storeLane } from "./fused-lanes.ts";
import type { DataType, Heap } from "./heap.ts";
import { advance, loopOver } from "./loop-code.ts";
import { type Walk, broadcastSizes, forEachRun, planWalk } from "./rows.ts";
import { scratchVectors } from "./vector-formulas.ts";

/** Element types by one letter: f32, i32, bool. */
export type LaneType = "f" | "i" | "b";

/**
 * `inputs` has a letter an operand; values are numbered, operands first, then one a step. A step is an operation, the
 * type of its result, and the values it reads, or for a constant the number.
 */
export interface FusedProgram {
  readonly inputs: string;
  readonly steps: readonly FusedStep[];
  /** Values that are results. */
  readonly gives: readonly number[];
}

export type FusedStep = readonly [operation: string, type: LaneType, ...values: readonly number[]];

/** Addresses, row advances and counts, as `definition` lists them. */
type FusedLoop = (...numbers: readonly number[]) => void;

export function fusedKernels(heap: Heap, elementwise: ElementwiseKernels) {
  const loops = new WeakMap<FusedProgram, Map<string, FusedLoop>>();
  const loopOf = (
    program: FusedProgram,
    steps: readonly (0 | 1)[],
    memory: WebAssembly.Memory,
  ): FusedLoop => {
    const known = loops.get(program) ?? new Map<string, FusedLoop>();
    loops.set(program, known);
    const pattern = steps.join("");
    const loop = known.get(pattern) ?? assembled(program, steps, memory);
    known.set(pattern, loop);
    return loop;
  };
  return {
    /** Runs a chain on operands that broadcast against each other; one tensor for each of its results. */
    fused(program: FusedProgram, operands: readonly tf.Tensor[]): tf.Tensor[] {
      if (heap.simd === undefined) return oneByOne(program, operands, elementwise);
      const shape = broadcastSizes(operands.map((operand) => operand.shape));
      const results = program.gives.map((value) => heap.make(shape, dataTypes[typeOf(program, value)]));
      const walk = planWalk(
        shape,
        operands.map((operand) => operand.shape),
      );
      const loop = loopOf(program, walk.steps, heap.simd.memory);
      runRows(walk, program, loop, operands.map(heap.simd.address), results.map(heap.simd.address));
      return results;
    },
  };
}

const dataTypes: Readonly<Record<LaneType, DataType>> = { f: "float32", i: "int32", b: "bool" };
const widths: Readonly<Record<LaneType, number>> = { f: 4, i: 4, b: 1 };

function inputType({ inputs }: FusedProgram, index: number): LaneType {
  const letter = inputs[index];
  return letter === "i" || letter === "b" ? letter : "f";
}

function typeOf(program: FusedProgram, value: number): LaneType {
  const step = program.steps[value - program.inputs.length];
  return step === undefined ? inputType(program, value) : step[1];
}

/** One call for all rows of the innermost outer axis; further axes are walked here. */
function runRows(
  walk: Walk,
  program: FusedProgram,
  loop: FusedLoop,
  from: readonly number[],
  to: readonly number[],
): void {
  const outer = walk.outer.slice(0, -1);
  const rows = walk.outer.at(-1) ?? { size: 1, strides: walk.steps.map(() => 0) };
  const inputWidths = walk.steps.map((_, index) => widths[inputType(program, index)]);
  const advances = walk.steps.map((step, index) => {
    const stride = rows.strides[index] ?? 0;
    return (stride - (step === 1 ? walk.run : 0)) * (inputWidths[index] ?? 4);
  });
  const resultWidths = program.gives.map((value) => widths[typeOf(program, value)]);
  forEachRun({ ...walk, run: walk.run * rows.size, outer }, (offsets, at) => {
    const sources = from.map((address, index) => address + (offsets[index] ?? 0) * (inputWidths[index] ?? 4));
    const targets = to.map((address, index) => address + at * (resultWidths[index] ?? 4));
    loop(...sources, ...advances, ...targets, walk.run, rows.size, 0);
  });
}

function assembled(program: FusedProgram, steps: readonly (0 | 1)[], memory: WebAssembly.Memory): FusedLoop {
  const bytes = assembleModule([definition(program, steps)], memory);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  // The one export is the function defined below, which takes numbers only.
  return exports["fused"] as unknown as FusedLoop;
}

/**
 * Parameters: addresses of the operands, what each advances after a row, addresses of the results, elements
 * of a row, rows, and one that counts. An operand that stands still is loaded once a row.
 */
function definition({ inputs, steps: operations, gives }: FusedProgram, steps: readonly (0 | 1)[]) {
  const count = inputs.length;
  const [run, rows, left] = [
    2 * count + gives.length,
    2 * count + gives.length + 1,
    2 * count + gives.length + 2,
  ];
  const firstVector = left + 1;
  const vector = (value: number): number => firstVector + value;
  const scratch = vector(count + operations.length);
  const lanes: readonly Lane[] = [
    ...Array.from(inputs, (letter, index): Lane => ({ type: letter as LaneType, local: vector(index) })),
    ...operations.map(([, type], index): Lane => ({ type, local: vector(count + index) })),
  ];
  const laneOf = (value: number): Lane => lanes[value] ?? { type: "f", local: scratch };
  const moving = steps.flatMap((step, index) => (step === 1 ? [index] : []));
  const still = steps.flatMap((step, index) => (step === 0 ? [index] : []));
  const constants = operations.flatMap((step, index) =>
    step[0] === "constant" ? emitLane(step, laneOf(count + index), laneOf, scratch) : [],
  );
  const compute = operations.flatMap((step, index) =>
    step[0] === "constant" ? [] : emitLane(step, laneOf(count + index), laneOf, scratch),
  );
  const body = (elements: 1 | 4): Code => [
    ...moving.flatMap((index) => [...loadLane(laneOf(index), index, elements), ...set(vector(index))]),
    ...compute,
    ...gives.flatMap((value, index) => storeLane(laneOf(value), 2 * count + index, elements)),
    ...moving.flatMap((index) => advance(index, i32Const(elements * widths[laneOf(index).type]))),
    ...gives.flatMap((value, index) =>
      advance(2 * count + index, i32Const(elements * widths[laneOf(value).type])),
    ),
  ];
  const row: Code = [
    ...still.flatMap((index) => [...loadLane(laneOf(index), index, "same"), ...set(vector(index))]),
    ...[...get(run), ...set(left)],
    ...loopOver(left, body(4), body(1)),
    ...lanes.slice(0, count).flatMap((_, index) => advance(index, get(count + index))),
    ...[...get(rows), ...i32Const(1), ...i32Sub, ...set(rows)],
  ];
  return {
    name: "fused",
    parameters: firstVector,
    vectors: lanes.length + 1 + scratchVectors,
    body: [...constants, ...whileLoop(get(rows), row)],
  };
}

/** The chain without fusion, by the kernels that it is made of. */
function oneByOne(
  program: FusedProgram,
  operands: readonly tf.Tensor[],
  kernels: ElementwiseKernels,
): tf.Tensor[] {
  const shape = broadcastSizes(operands.map((operand) => operand.shape));
  const values: tf.Tensor[] = [...operands];
  for (const step of program.steps) values.push(runStep(step, values, kernels));
  const results = program.gives.map((value) => stretched(values[value], shape));
  values.slice(operands.length).forEach((value) => value.dispose());
  return results;
}

function stretched(value: tf.Tensor | undefined, shape: readonly number[]): tf.Tensor {
  if (value === undefined) throw new Error("a fused chain gives a value that it does not make");
  return tf.util.arraysEqual(value.shape, [...shape]) ? tf.clone(value) : tf.broadcastTo(value, [...shape]);
}

function runStep(
  [operation, type, ...values]: FusedStep,
  made: readonly tf.Tensor[],
  k: ElementwiseKernels,
): tf.Tensor {
  if (operation === "constant") return tf.scalar(values[0] ?? 0, dataTypes[type]);
  const [a, b, c] = values.map((value) => made[value]);
  if (a === undefined) throw new Error(`${operation} of a fused chain reads a value that is not there`);
  if (c !== undefined && b !== undefined) return k.select(a, b, c);
  if (b !== undefined) return operation === "div" ? tf.div(a, b) : k.binary(operation as BinaryName, a, b);
  if (operation === "cast") return k.cast(a, dataTypes[type]);
  if (operation === "sqrt") return tf.sqrt(a);
  if (operation === "floor") return tf.floor(a);
  return k.unary(operation as UnaryName, a);
}
