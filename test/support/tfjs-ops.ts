/**
 * Runs single nodes through their tfjs emission and through the reference evaluator, on the same numbers,
 * and says how far apart they are. Linear operations are judged against the reference on absolute values:
 * a sum of n terms in f32 errs by at most about n roundings of the sum of the terms' sizes.
 */
import * as tf from "@tensorflow/tfjs-core";
import { dimText } from "../../compiler/codegen/tfjs/dims.ts";
import { type ComputedName, emitOp } from "../../compiler/codegen/tfjs/ops.ts";
import { type Dim, constantDim } from "../../compiler/ir/dim.ts";
import { GraphBuilder, type Node } from "../../compiler/ir/node.ts";
import type { DType } from "../../compiler/ir/type.ts";
import type { AttrsOf } from "../../compiler/ops/attrs.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import { evaluateGraph } from "../../compiler/reference.ts";
import { uniformNumbers } from "../../runtime/random.ts";
import type { Kernels } from "../../runtime/tfjs/kernels.ts";

export interface Operand {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Values are spread over [low, high]; integers include both ends. */
  readonly low: number;
  readonly high: number;
}

/**
 * exact: the same numbers. rounded: within a few units in the last place of the result or of 1.
 * linear: within that many roundings of the sum of absolute terms.
 */
export type Agreement = "exact" | "rounded" | { readonly terms: number };

export interface OpCase {
  readonly op: ComputedName;
  readonly attrs: AttrsOf<ComputedName>;
  readonly operands: readonly Operand[];
  readonly agreement: Agreement;
  /** Where operands depend on each other: makes the final ones of the random ones. */
  readonly prepare?: (values: readonly Reference[]) => readonly Reference[];
}

export type Emitted = (k: Kernels, ...inputs: readonly tf.Tensor[]) => tf.Tensor;

/** The largest difference in units of what is allowed (so at most 1), and the tensors that were left over. */
export interface Comparison {
  readonly excess: number;
  readonly leaked: number;
  readonly detail: string;
}

export function shapeOf(sizes: readonly number[]): Dim[] {
  return sizes.map(constantDim);
}

export function valuesOf(operand: Operand, site: number): Reference {
  const { dtype, shape, low, high } = operand;
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float64Array.from(uniformNumbers(7, 0, site, count), (u) =>
    dtype === "f32" ? Math.fround(low + (high - low) * u) : low + Math.floor(u * (high - low + 1)),
  );
  return { dtype, shape, data };
}

export function nodeOf(builder: GraphBuilder, { op, attrs, operands }: OpCase): Node {
  const inputs = operands.map(({ dtype, shape }, index) =>
    builder.make("input", [], { name: `x${index}`, dtype, shape: shapeOf(shape) }),
  );
  return builder.make(op, inputs, attrs);
}

/** One module with a function for each case. */
export async function loadEmissions(cases: readonly OpCase[]): Promise<readonly Emitted[]> {
  const functions = cases.map((one) => {
    const names = one.operands.map((_, index) => `x${index}`);
    const node = nodeOf(new GraphBuilder(), one);
    return `(tf, ${["k", ...names].join(", ")}) => ${emitOp(node, names, { dim: (dim) => dimText(dim, (name) => name) })}`;
  });
  const text = `export const functions = [\n${functions.join(",\n")}\n];`;
  const loaded = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
    functions: readonly ((tensorflow: typeof tf, k: Kernels, ...inputs: readonly tf.Tensor[]) => tf.Tensor)[];
  };
  return loaded.functions.map(
    (run) =>
      (k, ...inputs) =>
        run(tf, k, ...inputs),
  );
}

export function compare(one: OpCase, run: Emitted, k: Kernels): Comparison {
  const random = one.operands.map((operand, index) => valuesOf(operand, index + 1));
  const values = one.prepare?.(random) ?? random;
  const expected = reference(one, values);
  const inputs = values.map(upload);
  // Constants that are cached on first use are no leak.
  run(k, ...inputs).dispose();
  const before = tf.memory().numTensors;
  const result = run(k, ...inputs);
  const leaked = tf.memory().numTensors - before - 1;
  const actual = Array.from(result.dataSync());
  const shape = result.shape;
  const dtype = result.dtype;
  tf.dispose([...inputs, result]);
  const wanted = { f32: "float32", i32: "int32", bool: "bool" }[expected.dtype];
  if (dtype !== wanted || String(shape) !== String(expected.shape))
    return { excess: Infinity, leaked, detail: `${dtype}[${shape}] for ${wanted}[${expected.shape}]` };
  return { ...judge(one, values, actual, expected), leaked };
}

function judge(
  one: OpCase,
  values: readonly Reference[],
  actual: readonly number[],
  expected: Reference,
): { excess: number; detail: string } {
  const scale = typeof one.agreement === "string" ? undefined : reference(one, values.map(absolute));
  let worst = { excess: 0, detail: "" };
  for (const [i, value] of actual.entries()) {
    const target = expected.data[i] ?? NaN;
    const allowed = allowance(one.agreement, target, scale?.data[i] ?? 0);
    const difference = Math.abs(value - target);
    const same = Object.is(value, target) || value === target;
    const excess = same ? 0 : Number.isNaN(difference) || allowed === 0 ? Infinity : difference / allowed;
    if (excess > worst.excess) worst = { excess, detail: `element ${i}: ${value} for ${target}` };
  }
  return worst;
}

const epsilon = 2 ** -23;

function allowance(agreement: Agreement, target: number, terms: number): number {
  if (agreement === "exact") return 0;
  if (agreement === "rounded") return 4 * epsilon * Math.max(1, Math.abs(target));
  return (agreement.terms + 2) * epsilon * Math.max(terms, Number.MIN_VALUE);
}

function absolute(value: Reference): Reference {
  return value.dtype === "f32" ? { ...value, data: value.data.map(Math.abs) } : value;
}

export function reference(one: OpCase, values: readonly Reference[]): Reference {
  const builder = new GraphBuilder();
  const graph = { outputs: [{ name: "value", node: nodeOf(builder, one) }] };
  const feeds = Object.fromEntries(values.map((value, index) => [`x${index}`, value]));
  const { value } = evaluateGraph(graph, feeds, {});
  if (value === undefined) throw new Error("the reference gave no value");
  return value;
}

function upload({ dtype, shape, data }: Reference): tf.Tensor {
  return dtype === "bool"
    ? tf.tensor(Uint8Array.from(data), [...shape], "bool")
    : dtype === "i32"
      ? tf.tensor(Int32Array.from(data), [...shape], "int32")
      : tf.tensor(Float32Array.from(data), [...shape], "float32");
}
