/**
 * One training step with a million classes, N = 16 and D = 64, on any adapter: its loss against the same worked out by
 * hand in float64 from the weights that were read back, and the memory it holds against parameters, gradients, 64 MiB and
 * vectors over rows and classes.
 */
import type { HostTensor } from "../../runtime/program.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import { createWebGpuExecutor } from "../../runtime/webgpu/executor.ts";
import { footprintOf } from "../../runtime/webgpu/footprint.ts";
import { headProgram, inputsOf, moduleOf } from "./programs.ts";
import type { Section } from "./section.ts";

const [rows, width, classes] = [16, 64, 1_000_000];
const [margin, scale] = [0.5, 64];

export async function million(gpu: GpuDevice): Promise<Section> {
  const module = moduleOf(headProgram({ rows, width, classes }), gpu);
  const executor = createWebGpuExecutor(module, gpu);
  try {
    await executor.initialize(1);
    const name = module.info.variables.find(({ shape }) => shape[0] === classes)?.name ?? "";
    const { [name]: weights } = await executor.read([name]);
    const inputs = inputsOf(module, "step", rows);
    const given = Object.values(inputs);
    const [x, y] = [
      given.find(({ dtype }) => dtype === "f32"),
      given.find(({ shape }) => shape.length === 1),
    ];
    if (weights === undefined || x === undefined || y === undefined) throw new Error("a head has W, x and y");
    const start = performance.now();
    const { loss } = await executor.call("step", inputs, ["loss"]);
    const seconds = (performance.now() - start) / 1000;
    const [actual, expected] = [loss?.data[0] ?? NaN, lossByHand(x, y, weights)];
    const { peakBytes } = footprintOf(module, "step", { N: rows });
    const allowed = 2 * 4 * width * classes + 64 * 2 ** 20 + 64 * (rows * width + classes);
    return {
      title: "A million classes",
      rows: [
        {
          N: rows,
          D: width,
          C: classes,
          "first step s": seconds,
          loss: String(actual),
          "by hand in float64": expected.toFixed(6),
          "relative difference": Math.abs(actual - expected) / expected,
          "peak MiB": peakBytes / 2 ** 20,
          "allowed MiB": allowed / 2 ** 20,
        },
      ],
    };
  } finally {
    executor.dispose();
  }
}

/** Mean over rows of log Σ exp(z) − z_y, with z_y = s·cos(θ_y + m) and s·cos θ for every other class. */
function lossByHand(x: HostTensor, y: HostTensor, weights: HostTensor): number {
  const lengths = Float64Array.from({ length: classes }, (_, at) => lengthOf(weights, at));
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(x, row);
    const scores = Float64Array.from(
      lengths,
      (each, at) => (scale * dot(x, row, weights, at)) / (length * each),
    );
    const label = y.data[row] ?? 0;
    const theta = Math.acos((scores[label] ?? 0) / scale);
    if (theta + margin > Math.PI)
      throw new Error("the margin is continued there; no row of these numbers is");
    scores[label] = scale * Math.cos(theta + margin);
    const highest = scores.reduce((a, b) => Math.max(a, b));
    total += highest + Math.log(scores.reduce((sum, z) => sum + Math.exp(z - highest), 0)) - scores[label];
  }
  return total / rows;
}

function lengthOf(matrix: HostTensor, row: number): number {
  return Math.sqrt(dot(matrix, row, matrix, row));
}

function dot(a: HostTensor, row: number, b: HostTensor, other: number): number {
  let sum = 0;
  for (let at = 0; at < width; at++)
    sum += (a.data[row * width + at] ?? 0) * (b.data[other * width + at] ?? 0);
  return sum;
}
