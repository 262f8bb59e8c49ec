/**
 * The smallest program that trains, built by hand: a linear map of rows onto class scores under softmax,
 * with plain gradient descent. `guard` says what the loss does to its scores first.
 */
import { constantDim, namedDim } from "../../compiler/ir/dim.ts";
import { formulas } from "../../compiler/ir/build.ts";
import { GraphBuilder, type Node } from "../../compiler/ir/node.ts";
import { scalarType, tensorType } from "../../compiler/ir/type.ts";
import type { Program, ProgramInput, TrainingPlan } from "../../compiler/program.ts";

export interface TinySettings {
  readonly width: number;
  readonly classes: number;
  readonly rate: number;
  /** Applied to the features; `log` breaks at rows with a zero. */
  readonly first: "nothing" | "log";
  readonly training: TrainingPlan;
}

export function tinyProgram({ width, classes, rate, first, training }: TinySettings): Program {
  const builder = new GraphBuilder();
  const span = { file: "tiny.margo", start: 10, end: 16 };
  const b = formulas(builder);
  const [N, D, C] = [namedDim("N"), constantDim(width), constantDim(classes)];
  const types = { x: tensorType("f32", [N, D]), y: tensorType("i32", [N]), W: tensorType("f32", [C, D]) };
  const x = builder.make("input", [], { name: "x", ...types.x });
  const y = builder.make("input", [], { name: "y", ...types.y });
  const W = builder.make("parameter", [], { name: "head.W", ...types.W });
  const counters = ["seed", "step"].map((name) => builder.make("input", [], { name, ...scalarType("i32") }));
  const features: Node = first === "log" ? builder.make("log", [x], {}, span) : x;
  const scores = b.matmul(features, W, "keep", "flip");
  const loss = b.mean(b.sub(b.logsumexp(scores, { axes: [1], keepDims: false }), b.pick(scores, y)), {
    axes: [0],
    keepDims: false,
  });
  const predictions = builder.make("argmax", [scores], { axis: 1 });
  const right = b.equal(predictions, y);
  const accuracy = b.mean(b.cast(right, "f32"), { axes: [0], keepDims: false });
  const noise = builder.make("random", counters, { site: 1, distribution: "normal", shape: types.W.shape });
  const gradient = b.add(builder.make("gradient", [loss, W], {}), b.mul(noise, b.f32(0.01)));
  const next = b.sub(W, b.mul(b.f32(rate), gradient));
  const data: readonly ProgramInput[] = [
    { name: "x", type: types.x, role: "data" },
    { name: "y", type: types.y, role: "labels", bound: C },
  ];
  const counted: readonly ProgramInput[] = ["seed", "step"].map((name) => ({
    name,
    type: scalarType("i32"),
    role: "counter",
  }));
  const output = (name: string, node: Node) => ({ name, node });
  return {
    name: "Tiny",
    kind: "train",
    builder,
    variables: [{ name: "head.W", kind: "parameter", type: types.W, initial: noise }],
    functions: [
      {
        name: "step",
        inputs: [...data, ...counted],
        graph: { outputs: [output("loss", loss), output("accuracy", accuracy), output("next:head.W", next)] },
      },
      {
        name: "evaluate",
        inputs: data,
        graph: {
          outputs: [
            output("loss", loss),
            output("accuracy", accuracy),
            output("predictions", predictions),
            output("features", features),
          ],
        },
      },
      { name: "predict", inputs: data.slice(0, 1), graph: { outputs: [output("scores", scores)] } },
    ],
    training,
  };
}
