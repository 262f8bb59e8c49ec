/**
 * Convolution networks written at random, as Margo text with a margin on top: what `fuse` sees of real networks, with
 * normalisations, activations and pooling in orders that nobody chose.
 */
import fc from "fast-check";
import type { Program } from "../../compiler/program.ts";
import type { Executor, HostTensor, NamedTensors } from "../../runtime/program.ts";
import { programOf } from "./elaborated-loss.ts";
import { batch } from "./head-runs.ts";

export interface RandomNetwork {
  readonly classes: number;
  readonly text: string;
}

/**
 * Sizes on both sides of what counts as wide, of a tile, and of the classes that are streamed. A block halves the image
 * once at most, so three of them leave a pixel.
 */
const block = fc
  .record({
    changed: fc.constantFrom("", "", "random_flip() |> ", "random_crop(padding: 1) |> "),
    filters: fc.constantFrom(2, 3, 64),
    kernel: fc.constantFrom(1, 3),
    stride: fc.constantFrom(1, 1, 2),
    normalised: fc.constantFrom("", " |> batch_norm()"),
    activation: fc.constantFrom("prelu()", "relu()", "batch_norm()", "swish()"),
    pooled: fc.constantFrom("", " |> max_pool(2)"),
    /** Before the convolution each channel with a filter of its own. */
    each: fc.constantFrom("", "", "depthwise_conv2d(kernel: 3) |> ", "depthwise_conv2d(kernel: 2) |> "),
  })
  .map(
    ({ changed, filters, kernel, stride, normalised, activation, pooled, each }) =>
      `${changed}${each}conv2d(${filters}, kernel: ${kernel}, stride: ${stride})${normalised} |> ${activation}${stride === 1 ? pooled : ""}`,
  );

const margin = fc.constantFrom(
  "ArcFace(m: 0.3, s: 8)",
  "CosFace(m: 0.2, s: 8)",
  "LSoftmax(m: 2, base: 1)",
  "CurricularFace(m: 0.3, s: 8)",
  "MagFace(s: 8)",
);

export const randomNetworks: fc.Arbitrary<RandomNetwork> = fc
  .record({
    blocks: fc.array(block, { minLength: 1, maxLength: 3 }),
    margin,
    classes: fc.constantFrom(5, 300),
    momentum: fc.constantFrom(0, 0.9),
  })
  .map((choices) => ({ classes: choices.classes, text: written(choices) }));

interface Choices {
  readonly blocks: readonly string[];
  readonly margin: string;
  readonly classes: number;
  readonly momentum: number;
}

function written({ blocks, margin: chosen, classes, momentum }: Choices): string {
  return `import { conv2d, depthwise_conv2d, prelu, batch_norm, max_pool, flatten, dense, random_crop, random_flip } from "std/layers"
import { margin_softmax } from "std/losses"
import { ArcFace, CosFace, LSoftmax, CurricularFace, MagFace } from "std/margins"
import { sgd } from "std/optimizers"
fn relu(x: f32[N, H, W, K]) = max(x, 0)
fn swish(x: f32[N, H, W, K]) = x / (1 + exp(-x))
model Network(x: f32[N, ${width}]) -> f32[N, 64] {
  reshape(x, [N, 8, 8, 2]) |> ${blocks.join(" |> ")} |> flatten() |> dense(64)
}
train Random {
  model = Network
  loss = margin_softmax(margin: ${chosen})
  data = npy("x.npy", "y.npy", classes: ${classes})
  optimizer = sgd(rate: 0.1, momentum: ${momentum})
  batch = ${rows}
  steps = 1
}`;
}

const [rows, width] = [5, 128];

/** Its training step alone. */
export function networkProgram({ text }: RandomNetwork): Program {
  const program = programOf(text, "Random");
  return { ...program, functions: program.functions.filter(({ name }) => name === "step") };
}

/** All variables before and after one step from the first values of seed 3. */
export async function changesOf(
  executor: Executor,
  program: Program,
  { classes }: RandomNetwork,
): Promise<readonly [before: NamedTensors, after: NamedTensors]> {
  try {
    await executor.initialize(3);
    const before = await executor.read();
    await executor.call("step", { ...batch(rows, classes, width, 0), ...countersOf(program) });
    return [before, await executor.read()];
  } finally {
    executor.dispose();
  }
}

function countersOf({ functions }: Program): NamedTensors {
  const counters = (functions[0]?.inputs ?? []).filter(({ role }) => role === "counter");
  const zero: HostTensor = { dtype: "i32", shape: [], data: Int32Array.of(0) };
  return Object.fromEntries(counters.map(({ name }) => [name, zero]));
}

/** The largest gap between two results, as a share of the largest change that the step made. */
export function largestGap(
  [before, expected]: readonly [NamedTensors, NamedTensors],
  actual: NamedTensors,
): number {
  let [gap, change] = [0, 0];
  for (const [name, { data }] of Object.entries(expected))
    data.forEach((value, at) => {
      change = Math.max(change, Math.abs(value - (before[name]?.data[at] ?? 0)));
      const each = Math.abs(value - (actual[name]?.data[at] ?? NaN));
      gap = Number.isNaN(each) ? Infinity : Math.max(gap, each);
    });
  return gap / change;
}
