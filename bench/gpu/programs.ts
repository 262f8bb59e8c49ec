/**
 * The programs that are measured, as Margo text with their sizes written in, compiled as `margo train` compiles them: a
 * product of two matrices, an ArcFace head with its training step and its forward pass alone, and a network.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ElaborateOptions, elaborateEntry } from "../../compiler/check/index.ts";
import type { GpuPath } from "../../compiler/codegen/wgsl/capabilities.ts";
import { choosePath } from "../../compiler/codegen/wgsl/capabilities.ts";
import { emitGpuModule } from "../../compiler/codegen/wgsl/module.ts";
import { functionsToCompile } from "../../compiler/codegen/tfjs/module.ts";
import { compileFunction } from "../../compiler/compile.ts";
import type { PassName } from "../../compiler/passes/pass.ts";
import type { Program } from "../../compiler/program.ts";
import type { HostTensor, NamedTensors } from "../../runtime/program.ts";
import { normalNumbers, uniformNumbers } from "../../runtime/random.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import type { GpuModule } from "../../runtime/webgpu/schedule.ts";
import { compileForGpu } from "../../src/executors/wgsl.ts";
import { passOptionsFor } from "../../src/artifacts/gpu-artifact.ts";
import { nodeHost } from "../../src/sources/host.ts";

/** The folder that holds bench/, examples/ and std/. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface ProductSize {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Which operand lies transposed in memory. */
  readonly flipped: "neither" | "left" | "right";
}

/** A · B of two parameters, as the function `value`; its input is one number that nothing needs. */
export function productProgram({ rows, depth, columns, flipped }: ProductSize): Program {
  const shapeOf = (tall: number, wide: number, turned: boolean) =>
    turned ? `[${wide}, ${tall}]` : `[${tall}, ${wide}]`;
  const [a, b] = [flipped === "left" ? "transpose(A)" : "A", flipped === "right" ? "transpose(B)" : "B"];
  return elaborated(
    `import { normal } from "std/initialisers"
model Product(x: f32[N]) {
  param A: f32${shapeOf(rows, depth, flipped === "left")} ~ normal(std: 1)
  param B: f32${shapeOf(depth, columns, flipped === "right")} ~ normal(std: 1)
  ${a} @ ${b}
}`,
    "Product",
    {},
  );
}

export interface HeadSize {
  readonly rows: number;
  readonly width: number;
  readonly classes: number;
}

/** Features with a gradient of their own under ArcFace; functions `step` and `forward`, which is its loss alone. */
export function headProgram({ rows, width, classes }: HeadSize): Program {
  const program = elaborated(
    `import { margin_softmax } from "std/losses"
import { ArcFace } from "std/margins"
import { sgd } from "std/optimizers"
model Below(x: f32[N, ${width}]) -> f32[N, ${width}] {
  param b: f32[${width}] ~ 0
  x + b
}
train Head {
  model = Below
  loss = margin_softmax(margin: ArcFace(m: 0.5, s: 64))
  data = npy("x.npy", "y.npy", classes: ${classes})
  optimizer = sgd(rate: 0.1)
  batch = ${rows}
  steps = 1
}`,
    "Head",
    { set: {} },
  );
  return withStep(program);
}

export interface Network {
  readonly file: string;
  readonly entry: string;
  readonly batch: number;
}

/** The network that is measured: the paper's own on hardware, the small one of the demo on software. */
export function networkFor({ adapter }: GpuDevice): Network {
  return adapter.kind === "hardware"
    ? { file: "examples/mnist/paper.margo", entry: "Paper4", batch: 128 }
    : { file: "examples/mnist/softmax.margo", entry: "Softmax", batch: 32 };
}

/** A train of the examples. */
export function exampleProgram(file: string, entry: string): Program {
  const { program, diagnostics } = elaborateEntry(nodeHost(root), file, entry, { set: {} });
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return withStep(program);
}

function elaborated(text: string, entry: string, options: ElaborateOptions): Program {
  const host = nodeHost(root);
  const read = (file: string): string | undefined => (file === "bench.margo" ? text : host.read(file));
  const { program, diagnostics } = elaborateEntry({ ...host, read }, "bench.margo", entry, options);
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return program;
}

/** A training step without its accuracy, which no peer works out, and the same up to the loss. */
function withStep(program: Program): Program {
  const functions = program.functions
    .filter(({ name }) => name === "step")
    .flatMap((fn) => {
      const loss = fn.graph.outputs.filter(({ name }) => name === "loss");
      const trained = fn.graph.outputs.filter(({ name }) => name === "loss" || name.startsWith("next:"));
      return [
        { ...fn, graph: { outputs: trained } },
        { ...fn, name: "forward", graph: { outputs: loss } },
      ];
    });
  return { ...program, functions };
}

/** For what the adapter offers, or a path of it; `without` leaves passes out. */
export function moduleOf(
  program: Program,
  gpu: GpuDevice,
  how: { readonly path?: GpuPath; readonly without?: readonly PassName[] } = {},
): GpuModule {
  const { path, without = [] } = how;
  if (without.length === 0) return compileForGpu(program, gpu, { path });
  const choice = choosePath(gpu.offer, path);
  if (choice.kind === "lacking") throw new Error(`${gpu.adapter.name} lacks ${choice.lacks.join(", ")}`);
  const options = { ...passOptionsFor(choice.capabilities), without };
  const compiled = functionsToCompile(program).map((fn) => ({
    fn,
    stage: compileFunction(program, fn, options),
  }));
  const emission = { capabilities: choice.capabilities, sourceLine: () => undefined };
  return emitGpuModule(program, compiled, "bench", emission);
}

/** Random rows and labels for a function of the program, counters at zero. */
export function inputsOf({ info }: GpuModule, name: string, rows: number): NamedTensors {
  const inputs = info.functions.find((fn) => fn.name === name)?.inputs ?? [];
  return Object.fromEntries(
    inputs.map((input): readonly [string, HostTensor] => {
      if (input.role === "counter") return [input.name, { dtype: "i32", shape: [], data: Int32Array.of(0) }];
      const shape = input.shape.map((size) => (typeof size === "number" ? size : rows));
      const count = shape.reduce((product, size) => product * size, 1);
      if (input.dtype === "f32")
        return [input.name, { dtype: "f32", shape, data: normalNumbers(1, 1, 1, count) }];
      const labels = Int32Array.from(uniformNumbers(1, 1, 2, count), (u) =>
        Math.floor(u * (input.bound ?? 2)),
      );
      return [input.name, { dtype: "i32", shape, data: labels }];
    }),
  );
}
