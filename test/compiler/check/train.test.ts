/** A `train` as a program: its functions, its variables by name, its numbers against steps worked out here. */
import { printType } from "../../../compiler/ir/type.ts";
import { describe, expect, test } from "vitest";
import { type Node, nodesOfGraph } from "../../../compiler/ir/node.ts";
import {
  functionOf,
  nested,
  programOf,
  refusalOf,
  run,
  tensor,
  variablesOf,
} from "../../support/check-source.ts";

const source = `layer dense(units: int, bias = true)(x: f32[N, K]) {
  param W: f32[K, units] ~ 0.1 * random_normal()
  param b: f32[units]
  if bias then x @ W + b else x @ W
}
layer running(rate = 0.5)(x: f32[N, K]) {
  state mu: f32[K] = 0
  mu <- (1 - rate) * mu + rate * mean(x, over: N)
  if training then x - mean(x, over: N) else x - mu
}
model Net(x: f32[N, 4]) -> f32[N, 2] = x |> dense(3) |> running() |> dense(3) |> dense(2, bias: false)
loss softmax(z: f32[N, C], y: index<C>[N]) {
  predict = z
  mean(logsumexp(z, over: C) - pick(z, y))
}
loss head(x: f32[N, D], y: index<C>[N], margin: margin) {
  param W: f32[C, D] ~ random_normal()
  let z = logits(margin, x, W, y)
  predict = scores(margin, x, W)
  mean(logsumexp(z, over: C) - pick(z, y))
}
margin Shift(m = 0.25, s = 4) {
  let now = m * (1 - 0.5 ^ step)
  scale = s
  target = cos - now
}
optimizer sgd(rate = 0.1, momentum = 0.5) {
  state v = 0
  v <- momentum * v + grad
  param <- param - rate * v
}
optimizer clipped(limit = 0.01) {
  state count: f32 = 0
  count <- count + 1
  param <- param - grad * min(1, limit / grad_norm)
}
train Plain {
  model = Net
  loss = softmax
  data = csv("a.csv", label: "kind", classes: 2)
  optimizer = sgd
  batch = 3
  epochs = 2
}
train Margins {
  model = Net
  loss = head(margin: Shift(m: 0.5))
  data = idx("x", "y", classes: 5, mean: 0.5)
  validation = idx("vx", "vy", classes: 5)
  verification = idx("wx", "wy", classes: 7)
  optimizer = sgd(rate: 0.1 / (1 + step))
  steps = 10
  per_class = 4
  seed = 3
}
`;

const withMetrics = `fn top_one(scores: f32[N, C], y: index<C>[N]) =
  mean(f32(pick(scores, y) >= max(scores, over: C)))
fn hits(scores: f32[N, C], y: index<C>[N]) = pick(scores, y)
fn alone(scores: f32[N, C]) = mean(scores)
${source}`;

const inputs = {
  x: tensor([
    [1, 2, 3, 4],
    [0, -1, 1, 0.5],
    [2, 0, 0, -2],
  ]),
  y: tensor([0, 1, 1], "i32"),
};

describe("functions", () => {
  test("each has its inputs and outputs", () => {
    const program = programOf(source, "Margins");
    const shown = program.functions.map(({ name, inputs: fed, graph }) => [
      name,
      fed.map((input) => input.name).join(" "),
      graph.outputs
        .map((output) => output.name)
        .filter((output) => !output.startsWith("next:"))
        .join(" "),
    ]);
    expect(shown).toEqual([
      ["step", "x y step", "loss accuracy trace:now trace:rate"],
      ["evaluate", "x y step", "loss accuracy predictions features"],
      ["embed", "x", "features"],
      ["predict", "x", "scores"],
    ]);
    expect(functionOf(program, "step").inputs[1]?.bound?.key).toBe("5");
  });

  test("an evaluation predicts a class for each label, by one score where two classes share it", () => {
    const predictions = (loss: string): string => {
      const program = programOf(
        `import { lovasz_hinge, lovasz_softmax } from "std/losses"
import { sgd } from "std/optimizers"
model Pixels(x: f32[N, Y, X, 3]) = x
train Maps {
  model = Pixels
  loss = ${loss}
  data = npz("maps.npz")
  optimizer = sgd(rate: 0.1)
  batch = 2
  epochs = 1
}`,
        "Maps",
      );
      const { outputs } = functionOf(program, "evaluate").graph;
      const found = outputs.find(({ name }) => name === "predictions");
      return found === undefined ? "none" : printType(found.node.type);
    };
    expect(predictions("lovasz_softmax")).toBe("i32[N, Y, X]");
    expect(predictions("lovasz_hinge")).toBe("i32[N, Y, X, 3]");
  });

  test("the step gives what moves in a loss and its margin, under names of its own", () => {
    const program = programOf(
      `${source}
margin Warm() {
  param t: f32 ~ 2
  scale = 4 + t
}
loss parts(x: f32[N, D], y: index<C>[N], margin: margin) {
  param W: f32[C, D] ~ random_normal()
  param t: f32 ~ 1
  state seen = 0
  seen <- seen + 1
  let fixed = 2 * 3
  let own = mean(logsumexp(logits(margin, x, W, y) / t, over: C))
  let apart = mean(x ^ 2)
  let total = own + fixed * apart / seen
  total
}
train Parts {
  model = Net
  loss = parts(margin: Warm)
  data = idx("x", "y", classes: 5)
  optimizer = sgd
  steps = 10
}
`,
      "Parts",
    );
    const names = functionOf(program, "step").graph.outputs.flatMap(({ name }) =>
      name.startsWith("trace:") ? [name.slice("trace:".length)] : [],
    );
    // `total` is the loss itself, `fixed` a setting; of the two t, the margin's comes first.
    expect(names).toEqual(["t", "parts.t", "seen", "own", "apart"]);
  });

  test("the plan is plain data", () => {
    const { training } = programOf(source, "Margins");
    const { spans: _, ...plan } = training ?? { spans: {} };
    expect(plan).toEqual({
      data: { reader: "idx", files: ["x", "y"], options: { classes: 5, mean: 0.5 } },
      validation: { reader: "idx", files: ["vx", "vy"], options: { classes: 5 } },
      verification: { reader: "idx", files: ["wx", "wy"], options: { classes: 7 } },
      batch: 128,
      perClass: 4,
      steps: 10,
      seed: 3,
    });
  });

  test("measure what `metrics` lists, in steps and evaluations; nothing where it is empty", () => {
    const measured = (metrics: string, name: string) =>
      functionOf(programOf(withMetrics, "Plain", { set: { metrics } }), name)
        .graph.outputs.map((output) => output.name)
        .filter((output) => /^accuracy$|^metric:/.test(output));
    for (const name of ["step", "evaluate"]) {
      expect(measured("[top_one, accuracy]", name)).toEqual(["metric:top_one", "accuracy"]);
      expect(measured("[top_one]", name)).toEqual(["metric:top_one"]);
      expect(measured("[]", name)).toEqual([]);
    }
    const silent = functionOf(programOf(withMetrics, "Plain", { set: { metrics: "[]" } }), "step");
    expect(nodesOfGraph(silent.graph).some(({ op }) => op === "argmax")).toBe(false);
  });

  test.each([
    ["[top_on]", "M0101 there is nothing called `top_on` here", "`top_one`"],
    ["[acuracy]", "M0101 there is nothing called `acuracy` here", "`accuracy`"],
    ["accuracy", "M0503 `metrics` is a list of names, such as [accuracy], not `accuracy`", ""],
    ["[sgd]", "M0512 a metric is the name of a function, not the optimizer `sgd`", ""],
    ["[3]", "M0512 a metric is the name of a function, not 3", ""],
    ["[hits]", "M0512 a metric gives one number, or [part, whole], but the fn `hits` gives f32[N]", ""],
    ["[accuracy, accuracy]", "M0103", ""],
  ])("metrics = %s: %s", (metrics, message, help) => {
    const refused = refusalOf(withMetrics, "Plain", { set: { metrics } });
    expect(refused).toContain(message);
    expect(refused).toContain(help);
  });

  const masks = `${source}
loss pixels(z: f32[N, ..., C], y: index<C>[N, ...]) {
  predict = z
  mean(logsumexp(z, over: C) - pick(z, y))
}
fn hits(z: f32[N, ..., C], y: i32[N, ...]) {
  let right = f32(argmax(z, over: C) == y)
  [sum(right), sum(1 + 0 * right)]
}
fn three(z: f32[N, ..., C], y: i32[N, ...]) = [sum(z), sum(z), sum(z)]
fn unlike(z: f32[N, Y, X, C], y: i32[N, Y, X]) = [sum(z, over: [N, Y, X]), sum(z)]
fn wide(z: f32[N, Y, X, C], y: i32[N, Y, X]) = [sum(z, over: [N, Y]), sum(z, over: [N, Y])]
model Masks(image: f32[N, 4, 6, 3]) = image
train Maps {
  model = Masks
  loss = pixels
  data = npz("a.npz", classes: 3)
  optimizer = sgd
  epochs = 1
}
`;

  test("labels may be a class for each pixel; `accuracy` is of all of them", () => {
    const step = functionOf(programOf(masks, "Maps"), "step");
    expect(step.inputs[1]).toMatchObject({ name: "y", bound: { key: "3" } });
    expect(step.graph.outputs.map(({ name }) => name)).toContain("accuracy");
    const inputs = {
      image: tensor([
        [
          [
            [1, 0, 0],
            [0, 2, 1],
          ],
        ],
        [
          [
            [0, 0, 3],
            [4, 5, 6],
          ],
        ],
      ]),
      y: tensor([[[0, 2]], [[2, 2]]], "i32"),
    };
    const open = masks.replace("f32[N, 4, 6, 3]", "f32[N, 1, 2, 3]");
    expect(run(programOf(open, "Maps"), "evaluate", inputs)["accuracy"]?.data[0]).toBe(0.75);
    expect(refusalOf(masks, "Maps", { set: { data: 'csv("a.csv", classes: 3)' } })).toContain(
      "M0515 `pixels` takes `y`",
    );
  });

  test("a metric of two sums gives both", () => {
    const outputs = (metrics: string) =>
      functionOf(programOf(masks, "Maps", { set: { metrics } }), "step")
        .graph.outputs.map(({ name }) => name)
        .filter((name) => /^(?:part|whole|metric):/.test(name));
    expect(outputs("[hits]")).toEqual(["part:hits", "whole:hits"]);
    for (const name of ["three", "unlike", "wide"])
      expect(refusalOf(masks, "Maps", { set: { metrics: `[${name}]` } })).toContain(
        `M0512 a metric gives one number, or [part, whole], but the fn \`${name}\` gives`,
      );
  });

  test("`--set` replaces settings, and steps replace epochs", () => {
    const { training } = programOf(source, "Plain", {
      set: { batch: "2 ^ 5", steps: "7", loss: "head(margin: Shift)" },
    });
    expect(training).toMatchObject({ batch: 32, steps: 7 });
    expect(training).not.toHaveProperty("epochs");
    expect(refusalOf(source, "Plain", { set: { bath: "3" } })).toContain(
      "M0501 a train has no setting `bath`",
    );
  });
});

describe("variables", () => {
  test("are named by the path of calls; what nothing reads is left out", () => {
    expect(variablesOf(programOf(source, "Margins"))).toEqual([
      "dense.W: f32[4, 3]",
      "dense.b: f32[3]",
      "running.mu: f32[3]",
      "dense_2.W: f32[3, 3]",
      "dense_2.b: f32[3]",
      "dense_3.W: f32[3, 2]",
      "head.W: f32[5, 2]",
      "sgd.v.dense.W: f32[4, 3]",
      "sgd.v.dense.b: f32[3]",
      "sgd.v.dense_2.W: f32[3, 3]",
      "sgd.v.dense_2.b: f32[3]",
      "sgd.v.dense_3.W: f32[3, 2]",
      "sgd.v.head.W: f32[5, 2]",
    ]);
  });

  test("random sites differ from layer to layer", () => {
    const program = programOf(source, "Plain");
    const sites = program.variables.flatMap(({ initial }) => sitesIn(initial));
    expect(new Set(sites).size).toBe(3);
  });
});

function sitesIn(node: Node): number[] {
  const own = node.op === "random" && "site" in node.attrs ? [Number(node.attrs.site)] : [];
  return [...own, ...node.inputs.flatMap(sitesIn)];
}

describe("numbers", () => {
  test("a step moves each parameter by its gradient, against differences of the loss", () => {
    const program = programOf(source, "Plain");
    const stepped = run(program, "step", inputs);
    // next = param - 0.1 · grad, so the change of `b` in the last hidden layer is -0.1 times a slope of the loss.
    const shift = stepped["next:dense_2.b"]?.data[0] ?? NaN;
    const size = 1e-5;
    const lossAt = (b: number): number =>
      run(program, "step", { ...inputs, "dense_2.b": tensor([b, 0, 0]) })["loss"]?.data[0] ?? NaN;
    expect(shift).toBeCloseTo((-0.1 * (lossAt(size) - lossAt(-size))) / (2 * size), 8);
    expect(stepped["next:sgd.v.dense_2.b"]?.data[0]).toBeCloseTo(-10 * shift, 10);
  });

  test("states are read as they are outside of training", () => {
    const program = programOf(source, "Plain");
    const stepped = run(program, "step", inputs);
    const mu = stepped["next:running.mu"];
    const centred = run(program, "evaluate", {
      ...inputs,
      ...(mu === undefined ? {} : { "running.mu": mu }),
    });
    const plain = run(program, "evaluate", inputs);
    expect(centred["loss"]?.data[0]).not.toBe(plain["loss"]?.data[0]);
    expect(functionOf(program, "evaluate").graph.outputs.some(({ name }) => name.startsWith("next:"))).toBe(
      false,
    );
  });

  test("accuracy counts the rows whose best score is their label's", () => {
    const program = programOf(source, "Plain");
    const outputs = run(program, "evaluate", inputs);
    const predicted = run(program, "predict", { ...inputs })["scores"];
    const scores = predicted && (nested(predicted) as readonly (readonly number[])[]);
    const hits = scores?.map((row, index) => Number(row.indexOf(Math.max(...row)) === inputs.y.data[index]));
    expect(outputs["accuracy"]?.data[0]).toBeCloseTo((hits ?? []).reduce((a, b) => a + b, 0) / 3, 12);
  });

  test("a metric of one's own is taken of the scores with the margin off", () => {
    const program = programOf(withMetrics, "Plain", {
      set: { metrics: "[top_one, accuracy]", loss: "head(margin: Shift(m: 3))" },
    });
    for (const name of ["step", "evaluate"]) {
      const outputs = run(program, name, { ...inputs, step: tensor(5, "i32"), seed: tensor(0, "i32") });
      expect(outputs["metric:top_one"]?.data[0]).toBeCloseTo(outputs["accuracy"]?.data[0] ?? NaN, 12);
    }
  });

  test("grad_norm is over all parameters, and a typed state has its own shape", () => {
    const program = programOf(source, "Plain", { set: { optimizer: "clipped(limit: 0.01)" } });
    const stepped = run(program, "step", inputs);
    let square = 0;
    for (const { name, kind } of program.variables) {
      if (kind !== "parameter") continue;
      const before = stepped[`next:${name}`];
      const initial = initialOf(program, name);
      before?.data.forEach((value, index) => (square += (value - (initial[index] ?? 0)) ** 2));
    }
    expect(Math.sqrt(square)).toBeCloseTo(0.01, 8);
    expect(variablesOf(program)).not.toContain("clipped.count.dense.W: f32");
  });
});

function initialOf(program: ReturnType<typeof programOf>, name: string): ArrayLike<number> {
  const probe = {
    ...program,
    functions: [
      {
        name: "probe",
        inputs: [],
        graph: { outputs: program.variables.map((one) => ({ name: one.name, node: one.initial })) },
      },
    ],
  };
  return run(probe, "probe", {})[name]?.data ?? [];
}
