/** A `train` with several models, several inputs of one and several labels: what feeds what, and what has no place. */
import { describe, expect, test } from "vitest";
import type { Reference } from "../../../compiler/ops/record.ts";
import type { Program } from "../../../compiler/program.ts";
import { compile } from "../../../src/index.ts";
import { functionOf, nested, programOf, refusalOf, run, tensor } from "../../support/check-source.ts";

const source = `layer dense(units: int)(x: f32[N, K]) {
  param W: f32[K, units] ~ 0.1 * random_normal()
  x @ W
}
layer running(rate = 0.5)(x: f32[N, K]) {
  state mu: f32[K] = 0
  mu <- (1 - rate) * mu + rate * mean(x, over: N)
  if training then x else x - mu
}
layer noisy()(x: f32[N, K]) = if training then x + random_normal(like: x) else x
model Image(x: f32[N, 4]) -> f32[N, 2] = x |> dense(3) |> dense(2)
model Text(x: f32[M, 6]) -> f32[M, 2] = x |> dense(2)
model Tower(x: f32[N, 4]) -> f32[N, 2] = x |> running() |> dense(2)
layer ridge(slope = 0.1)(x: f32[N, K]) = if x > 0 then x else slope * x
fn same(x: f32[N, K]) = x
margin Plain(m = 0.5) {
  target = cos - m
}
model Noisy(x: f32[N, 4], scale = 1.0, half = 0.5 * scale, by: fn = same, _of: margin = Plain) = scale * half * by(x) |> noisy()
model Fixed(x: f32[300, 4]) -> f32[300, 2] = x |> dense(2)
model Both(image: f32[N, 4], text: f32[N, 6]) = dense(2)(image) + dense(2)(text)
loss apart(x: f32[N, D], z: f32[N, D]) {
  predict = x @ transpose(z)
  mean((x - z) ^ 2)
}
loss silent(x: f32[N, D], z: f32[N, D]) = mean((x - z) ^ 2)
loss weighted(x: f32[N, D], y: index<D>[N], weight: f32[N]) {
  predict = x
  sum(weight * (logsumexp(x, over: D) - pick(x, y))) / sum(weight)
}
loss two_heads(x: f32[N, D], id: index<C>[N], place: index<P>[N]) {
  param W: f32[C, D] ~ random_normal()
  param V: f32[P, D] ~ random_normal()
  predict = cosine(x, W)
  mean(logsumexp(cosine(x, W), over: C) - pick(cosine(x, W), id)) + mean(logsumexp(cosine(x, V), over: P) - pick(cosine(x, V), place))
}
fn nearest(scores: f32[N, N]) = mean(f32(argmax(scores, over: -1) == range(N)))
fn heavy(scores: f32[N, D], y: index<D>[N], weight: f32[N]) = sum(weight * pick(scores, y))
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
train T {
  model = Tower
  loss = apart
  data = npz("rows.npz")
  optimizer = sgd
  batch = 3
  epochs = 1
}
`;

const made = (set: Readonly<Record<string, string>>): Program => programOf(source, "T", { set });
function numbersOf(outputs: Readonly<Record<string, Reference>>, name: string) {
  const found = outputs[name];
  if (found === undefined) throw new Error(`no output ${name}`);
  return nested(found);
}

const inputsOf = (program: Program) =>
  Object.fromEntries(
    program.functions.map(({ name, inputs }) => [
      name,
      inputs.map((input) => [input.name, input.role, input.place].join(" ")),
    ]),
  );

describe("several models", () => {
  const towers = {
    model: "[Image, Text]",
    data: 'npz("rows.npz", x: ["image", "text"])',
    metrics: "[nearest]",
  };

  test("feed the loss in order, each with variables and an embedding of its own", () => {
    const program = made(towers);
    expect(inputsOf(program)).toEqual({
      step: ["x data 0", "x_2 data 1"],
      evaluate: ["x data 0", "x_2 data 1"],
      embed_Image: ["x data 0"],
      embed_Text: ["x_2 data 1"],
      predict: ["x data 0", "x_2 data 1"],
    });
    expect(program.variables.map(({ name }) => name)).toEqual([
      "Image.dense.W",
      "Image.dense_2.W",
      "Text.dense.W",
    ]);
    const outputs = functionOf(program, "evaluate").graph.outputs.map(({ name }) => name);
    expect(outputs).toEqual(["loss", "metric:nearest", "features"]);
  });

  test("have as many rows, whatever they call their number", () => {
    const shapes = functionOf(made(towers), "step").inputs.map(({ type }) => type.shape[0]?.key);
    expect(shapes).toEqual(["N", "N"]);
  });

  const shared = { model: "[Tower, Tower]", data: 'npz("rows.npz", x: ["left", "right"])' };

  test("are one network where they are one model", () => {
    const program = made(shared);
    expect(program.variables.map(({ name }) => name)).toEqual(["running.mu", "dense.W"]);
    expect(program.functions.map(({ name }) => name)).toEqual([
      ...["step", "evaluate", "embed_Tower", "embed_Tower_2", "predict"],
    ]);
  });

  test("a shared network updates its states for one input after the other, and both move its weights", () => {
    const x = [
      [1, 2, 3, 4],
      [3, 2, 1, 0],
    ];
    const z = [
      [0, 0, 4, 4],
      [0, 8, 4, 0],
    ];
    const W = [
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ];
    const outputs = run(made(shared), "step", {
      x: tensor(x),
      x_2: tensor(z),
      "dense.W": tensor(W),
      "running.mu": tensor([0, 0, 0, 0]),
    });
    // ½(½·0 + ½·mean x) + ½·mean z, with means [2, 2, 2, 2] and [0, 4, 4, 2]
    expect(numbersOf(outputs, "next:running.mu")).toEqual([0.5, 2.5, 2.5, 1.5]);
    const difference = x.map((row, i) => row.map((value, k) => value - (z[i]?.[k] ?? 0)));
    const apart = difference.map((row) =>
      [0, 1].map((d) => row.reduce((sum, v, k) => sum + v * (W[k]?.[d] ?? 0), 0)),
    );
    const gradient = W.map((_, k) =>
      [0, 1].map((d) =>
        apart.reduce((sum, row, i) => sum + (2 / 4) * (row[d] ?? 0) * (difference[i]?.[k] ?? 0), 0),
      ),
    );
    const moved = W.map((row, k) => row.map((w, d) => w - 0.1 * (gradient[k]?.[d] ?? 0)));
    expect(numbersOf(outputs, "next:dense.W")).toEqual(
      moved.map((row) => row.map((value) => expect.closeTo(value, 12))),
    );
  });

  test.each([
    "[Noisy(scale: 1), Noisy(scale: 1.0)]",
    "[Noisy(scale: 1.0), Noisy]",
    "[Noisy(), Noisy(1)]",
    "[Noisy(half: 0.5), Noisy(scale: 1)]",
    "[Noisy(by: tanh), Noisy(by: tanh)]",
    "[Noisy(by: same), Noisy]",
    "[Noisy(by: ridge(slope: 0.1)), Noisy(by: ridge())]",
    "[Noisy(_of: Plain()), Noisy(_of: Plain)]",
    "[Noisy(_of: Plain(m: 0.5)), Noisy]",
  ])("the same settings are the same, however they are written: %s", (model) => {
    const program = made({ ...shared, model });
    expect(program.functions.map(({ name }) => name)).toContain("embed_Noisy_2");
  });

  test.each([
    "[Noisy(scale: 2), Noisy]",
    "[Noisy(scale: 2), Noisy(half: 0.5, scale: 2)]",
    "[Noisy(by: tanh), Noisy(by: sin)]",
    "[Noisy(by: ridge(slope: 0.2)), Noisy(by: ridge())]",
  ])("other settings are others: %s", (model) => {
    expect(refusalOf(source, "T", { set: { ...shared, model } })).toContain("M0517");
  });

  test("a setting of the wrong kind is told, and nothing else", () => {
    const told = refusalOf(source, "T", { set: { ...shared, model: "[Noisy(scale: true), Noisy]" } });
    expect(told.match(/M\d{4}/g)).toEqual(["M0307"]);
  });

  test("a shared network draws its random numbers for each input anew", () => {
    const program = made({ ...shared, model: "[Noisy, Noisy]" });
    const x = tensor([[1, 2, 3, 4]]);
    const outputs = run(program, "step", { x, x_2: x });
    expect(Number(numbersOf(outputs, "loss"))).toBeGreaterThan(0.1);
  });

  test("one model takes several inputs", () => {
    const program = made({
      model: "Both",
      loss: "weighted",
      data: 'npz("r.npz", x: ["a", "b"], y: ["c", "d"], classes: 2)',
    });
    expect(inputsOf(program)["step"]).toEqual([
      "image data 0",
      "text data 1",
      "y labels 0",
      "weight labels 1",
    ]);
    expect(inputsOf(program)["embed"]).toEqual(["image data 0", "text data 1"]);
  });
});

describe("names", () => {
  const three = 'npz("rows.npz", x: ["a", "b", "c"])';
  const more = `${source}
model Tower_2(x: f32[N, 4]) -> f32[N, 2] = x |> dense(2)
model apart_too(x: f32[N, 4]) -> f32[N, 2] = x |> dense(2)
loss among(x: f32[N, D], z: f32[N, D], v: f32[N, D]) {
  param W: f32[D] ~ 1
  mean((x - z) ^ 2 * W + v ^ 2)
}
loss Image_loss(x: f32[N, D], z: f32[N, D]) = mean((x - z) ^ 2)
`;

  test("a model that comes up again does not take the name of another", () => {
    const set = { model: "[Tower, Tower, Tower_2]", loss: "among", data: three };
    const program = programOf(more, "T", { set });
    const embedding = program.functions.map(({ name }) => name).filter((name) => name.startsWith("embed_"));
    expect(embedding).toEqual(["embed_Tower", "embed_Tower_3", "embed_Tower_2"]);
    const owned = program.variables.map(({ name }) => name).filter((name) => name.endsWith("dense.W"));
    expect(owned).toEqual(["Tower.dense.W", "Tower_2.dense.W"]);
  });

  test("a model and the loss of one name have weights of their own", () => {
    const own = "param W: f32[4, 4] ~ 1";
    const { artifacts, diagnostics } = compile(
      {
        "net.margo": `export model Foo(x: f32[N, 4]) {\n  ${own}\n  x @ W\n}\n`,
        "cost.margo": `export loss Foo(x: f32[N, 4], z: f32[N, 4]) {\n  ${own}\n  mean((x @ W - z) ^ 2)\n}\n`,
        "run.margo": `import { Foo as Net } from "./net.margo"
import { Foo as Cost } from "./cost.margo"
optimizer sgd(rate = 0.1) {
  param <- param - rate * grad
}
model Other(x: f32[N, 4]) = x
train R {
  model = [Net, Other]
  loss = Cost
  data = npz("r.npz", x: ["a", "b"])
  optimizer = sgd
  epochs = 1
}
`,
      },
      "run.margo",
    );
    expect(diagnostics).toEqual([]);
    expect(artifacts[0]?.info.variables.map(({ name }) => name)).toEqual(["Foo_2.W", "Foo.W"]);
  });
});

describe("several labels", () => {
  test("are classes as far as the data counts them, then values", () => {
    const weights = made({
      loss: "weighted",
      data: 'csv("r.csv", label: ["kind", "weight"], classes: 2)',
      metrics: "[heavy, accuracy]",
    });
    expect(inputsOf(weights)["step"]).toEqual(["x data 0", "y labels 0", "weight labels 1"]);
    const outputs = functionOf(weights, "evaluate").graph.outputs.map(({ name }) => name);
    expect(outputs).toEqual(["loss", "metric:heavy", "accuracy", "predictions", "features"]);
    const heads = made({ loss: "two_heads", data: 'npz("r.npz", y: ["id", "place"], classes: [5, 3])' });
    const step = functionOf(heads, "step");
    expect(step.inputs.map(({ name, bound }) => [name, bound?.key])).toEqual([
      ["x", undefined],
      ["id", "5"],
      ["place", "3"],
    ]);
    expect(heads.variables.map(({ name, type }) => [name, type.shape[0]?.key])).toEqual([
      ["running.mu", "4"],
      ["dense.W", "4"],
      ["two_heads.W", "5"],
      ["two_heads.V", "3"],
    ]);
  });
});

/** What is said of the source with other settings written into it. */
function toldWith(set: Readonly<Record<string, string>>, more = ""): string {
  const lines = Object.entries(set).reduce(
    (text, [name, value]) => text.replace(new RegExp(`^  ${name} = .*`, "m"), `  ${name} = ${value}`),
    source,
  );
  return refusalOf(`${lines}${more}`, "T");
}

describe("several readers", () => {
  const [left, right] = ['csv("left.csv", columns: ["a", "b"])', 'npz("right.npz", x: "words")'];
  const towers = { model: "[Image, Text]", data: `[${left}, ${right}]` };

  test("give the inputs their arrays in order, and the run a list", () => {
    const program = made({ ...towers, validation: 'npz("v.npz", x: ["image", "text"])' });
    expect(inputsOf(program)["step"]).toEqual(["x data 0", "x_2 data 1"]);
    expect(program.training?.data).toEqual([
      { reader: "csv", files: ["left.csv"], options: { columns: ["a", "b"] } },
      { reader: "npz", files: ["right.npz"], options: { x: "words" } },
    ]);
    expect(program.training?.validation).toMatchObject({ reader: "npz" });
  });

  test("give the labels that they speak of, and no others", () => {
    const heads = (data: string) =>
      functionOf(made({ model: "Both", loss: "two_heads", data }), "step").inputs.map(
        ({ name, bound }) => `${name}${bound === undefined ? "" : ` ${bound.key}`}`,
      );
    for (const data of [
      '[images("photos", classes: 5), npz("r.npz", y: "place", classes: 3)]',
      '[csv("l.csv", classes: 5), idx("images", "labels", classes: 3)]',
      '[npz("l.npz", y: ["id", "place"], classes: [5, 3]), csv("r.csv")]',
      '[images("photos"), json("r.json", label: [0, 1], classes: [5, 3])]',
      '[text("texts", classes: 5), npy("x.npy", "y.npy", classes: 3)]',
      '[images("photos", first: 3), npz("r.npz", y: ["id", "place"], classes: [5, 3])]',
    ])
      expect(heads(data)).toEqual(["image", "text", "id 5", "place 3"]);
  });

  test("texts have labels in any case, which a loss need not take", () => {
    made({ ...towers, data: '[text("english"), text("german")]' });
  });

  test("an array too many or too few shows who gives how many", () => {
    expect(toldWith({ ...towers, data: '[csv("l.csv"), npz("r.npz", x: ["a", "b"])]' })).toBe(
      `45 \`[csv("l.csv"), npz("r.npz", x: ["a", "b"])]\`: M0516 the data gives 3 arrays of features, and the 2 inputs are \`x\`, \`x\`
  43 \`[Image, Text]\`: its inputs
  45 \`csv("l.csv")\`: one array
  45 \`npz("r.npz", x: ["a", "b"])\`: 2 arrays
  help: a reader gives one array, or with \`npz(…, x: […])\` one for each name: as many in all as there are inputs`,
    );
  });

  test.each([
    ["[]", "M0503", "not empty"],
    [`[${right}]`, "M0503", "a list of several, not a list of one\n  help: write it without brackets"],
    [`[${left}, "right.npz"]`, "M0503", 'help: write `npz("right.npz")`'],
    [
      `[${left}, [${right}]]`,
      "M0503",
      "a list of data readers, such as idx(…), not a list of 1\n  help: write a reader",
    ],
    [`[${left}, Text]`, "M0503", "not the model `Text`"],
    [`[${left}, npz("r.npz", z: "words")]`, "M0514", "`npz` has no setting `z`"],
    [
      `[${left}, csv("r.csv", label: ["a", "b"])]`,
      "M0522",
      '`csv("r.csv", label: ["a", "b"])`: M0522 the data names 2 labels of a row',
    ],
  ])("%s: %s", (data, code, words) => {
    const refused = toldWith({ ...towers, data });
    expect(refused).toContain(code);
    expect(refused).toContain(words);
  });

  test.each([
    [
      `[${left}, ${right}]`,
      "M0515",
      "none of the 2 readers speaks of labels\n  help: say which reader gives it",
    ],
    [
      `[csv("l.csv", classes: 5), ${right}]`,
      "M0515",
      "`place`, index<P>[N], and the data gives labels for 1 input",
    ],
    [
      '[csv("l.csv", classes: 5), npz("r.npz", y: "place")]',
      "M0505",
      '`npz("r.npz", y: "place")`: M0505 the loss needs the number of classes (P), and the data does not say it\n  help: write `npz(…, classes: 10)`',
    ],
    [
      '[csv("l.csv", classes: 5), npz("r.npz", y: "place", classes: 2.5)]',
      "M0503",
      '`npz("r.npz", y: "place", classes: 2.5)`: M0503',
    ],
  ])("with a loss of two labels, %s: %s", (data, code, words) => {
    const refused = toldWith({ model: "Both", loss: "two_heads", data });
    expect(refused).toContain(code);
    expect(refused).toContain(words);
  });

  test("scores are fewer than the classes of the reader that gives the labels", () => {
    const few = "loss few(x: f32[N, D], y: i32[N]) {\n  predict = x\n  mean(f32(y) * sum(x, over: D))\n}\n";
    const data = '[csv("l.csv"), npz("r.npz", classes: 9)]';
    expect(toldWith({ model: "Both", loss: "few", data }, few)).toContain(
      '`npz("r.npz", classes: 9)`: M0518 the data has 9 classes',
    );
  });
});

describe("what has no place", () => {
  test.each([
    [{ model: "[Image, Text]" }, "M0516", "the data gives one array of features, and the 2 inputs are"],
    [{ model: "Both" }, "M0516", 'x: ["image", "text"]'],
    [{ model: "[Image, Text]", data: 'csv("r.csv")' }, "M0516", "put them into one archive"],
    [
      {
        model: "[Image, Text]",
        data: 'npz("r.npz", x: ["a", "b"])',
        validation: 'npz("v.npz", x: ["a", "b", "c"])',
      },
      "M0516",
      "the data gives 3 arrays of features",
    ],
    [{ data: 'npz("r.npz", x: ["a", "b"])' }, "M0516", "the one input is"],
    [
      { model: "[Noisy(scale: 1), Noisy(scale: 2)]", data: 'npz("r.npz", x: ["a", "b"])' },
      "M0517",
      "one network",
    ],
    [{ model: "[]" }, "M0503", "empty"],
    [{ model: "Fixed" }, "M0523", "exactly 300 rows"],
    [{ model: "[Tower, Tower]" }, "M0516", 'x: ["x", "x_2"]'],
    [{ loss: "weighted", data: 'npz("r.npz", y: ["a", "b", "c"], classes: 2)' }, "M0522", "takes 2"],
    [{ data: 'npz("r.npz", x: ["a", "b"], y: ["c", "d"])', model: "[Image, Text]" }, "M0522", "takes none"],
    [
      { model: "[Image, Text]", data: 'npz("r.npz", x: ["a", "b"])', loss: "silent", metrics: "[nearest]" },
      "M0513",
      "has no scores to be",
    ],
    [{ model: "[Tower, sgd]" }, "M0503", "the optimizer `sgd`"],
    [
      { model: "[Tower, Tower, Tower]", data: 'npz("r.npz", x: ["a", "b", "c"])' },
      "M0507",
      "2 inputs for the outputs of 3 models",
    ],
    [{ loss: "weighted", data: 'npz("r.npz", classes: 2)' }, "M0515", "labels for 1 input"],
    [
      { loss: "two_heads", data: 'npz("r.npz", y: ["id", "place"], classes: 5)' },
      "M0505",
      "classes: [10, 10]",
    ],
    [{ loss: "two_heads", data: 'npz("r.npz", y: ["id", "place"], classes: [5, 2.5])' }, "M0503", "2.5"],
    [
      { loss: "weighted", data: 'csv("r.csv", label: ["k", "w"], classes: 2)', metrics: "[nearest]" },
      "M0202",
      "`scores` is f32[N, D = 2]",
    ],
    [{ model: "[Image, Text]", data: 'npz("r.npz", x: ["a", "b"])', metrics: "[heavy]" }, "M0513", "heavy"],
  ])("%j: %s", (set, code, words) => {
    const refused = refusalOf(source, "T", { set });
    expect(refused).toContain(code);
    expect(refused).toContain(words);
  });
});
