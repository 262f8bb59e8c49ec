/** Training steps of a program on random rows, the same on every executor. */
import { normalNumbers, uniformNumbers } from "../../runtime/random.ts";
import type { Executor, HostTensor, InputInfo, NamedTensors } from "../../runtime/program.ts";

/** Initialises, and gives the losses of so many steps on so many rows each. The variables are left as they are then. */
export async function stepLosses(
  executor: Executor,
  steps: number,
  rows: number,
): Promise<readonly number[]> {
  const step = executor.info.functions.find(({ name }) => name === "step");
  if (step === undefined) throw new Error("a train has a step");
  await executor.initialize(3);
  const losses: number[] = [];
  for (let at = 0; at < steps; at++) {
    const inputs = Object.fromEntries(step.inputs.map((input) => [input.name, valueOf(input, at, rows)]));
    const outputs: NamedTensors = await executor.call("step", inputs, ["loss"]);
    losses.push(outputs["loss"]?.data[0] ?? NaN);
  }
  return losses;
}

function valueOf({ name, dtype, shape, bound }: InputInfo, at: number, rows: number): HostTensor {
  const sizes = shape.map((size) => (typeof size === "number" ? size : rows));
  const count = sizes.reduce((product, size) => product * size, 1);
  if (name === "step" || name === "seed" || name === "epoch")
    return {
      dtype: "i32",
      shape: sizes,
      data: Int32Array.of(name === "step" ? at : name === "seed" ? 3 : 0),
    };
  if (dtype === "f32") return { dtype, shape: sizes, data: normalNumbers(8, at, 1, count) };
  const labels = Int32Array.from(uniformNumbers(8, at, 2, count), (u) => Math.floor(u * (bound ?? 2)));
  return { dtype, shape: sizes, data: labels };
}
