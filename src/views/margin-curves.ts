/**
 * The curve of a margin, evaluated by the compiler itself: ψ(θ) is the margin's `target` without its scale, for
 * features and weights of length 1, and the slope is the compiler's own gradient, so what is drawn is what is
 * trained.
 */
import { evaluateGraph } from "../../compiler/reference.ts";
import type { Program } from "../../compiler/program.ts";
import type { Reference } from "../../compiler/ops/record.ts";
import type { MarginCurve } from "../report/margin-plot.ts";

/** Half degrees from 0 to 180, just inside the two ends, where a curve may have no slope. */
const angles = Array.from({ length: 361 }, (_, at) => Math.min(Math.max(at / 2, 1e-3), 180 - 1e-3));

/** `program` is that of a margin, with its function `curve`. */
export function marginCurve(program: Program, name: string, step: number): MarginCurve {
  const curve = program.functions.find((one) => one.name === "curve");
  if (curve === undefined) throw new Error(`${program.name} has no curve`);
  const radians = angles.map((angle) => (angle * Math.PI) / 180);
  const dims = { N: angles.length };
  const counters = { seed: integer(0), step: integer(step), epoch: integer(0) };
  const initials = program.variables.map((variable) => ({ name: variable.name, node: variable.initial }));
  const outputs = evaluateGraph(
    curve.graph,
    {
      ...evaluateGraph({ outputs: initials }, counters, dims),
      ...counters,
      cos: column(radians.map(Math.cos)),
      cos_y: column(radians.map(Math.cos)),
      x_norm: scalar(1),
      w_norm: scalar(1),
      y: { dtype: "i32", shape: [angles.length, 1], data: new Float64Array(angles.length) },
    },
    dims,
  );
  const along = listOf(outputs, "gradient:target");
  return {
    name,
    theta: angles,
    psi: listOf(outputs, "target"),
    // dψ/dθ = dψ/dcos · dcos/dθ
    slope: radians.map((angle, at) => -Math.sin(angle) * (along[at] ?? NaN)),
  };
}

function column(values: readonly number[]): Reference {
  return { dtype: "f32", shape: [values.length, 1], data: Float64Array.from(values) };
}

function scalar(value: number): Reference {
  return { dtype: "f32", shape: [], data: Float64Array.of(value) };
}

function integer(value: number): Reference {
  return { dtype: "i32", shape: [], data: Float64Array.of(value) };
}

function listOf(outputs: Readonly<Record<string, Reference>>, name: string): readonly number[] {
  const values = outputs[name];
  if (values === undefined) throw new Error(`the curve has no ${name}`);
  return [...values.data];
}
