/** What is offered first, by the place of the cursor; `+` marks a name that brings its import. */
import { describe, expect, test } from "vitest";
import { completionAt } from "../../../src/ide/completion.ts";
import { edited, expectResult, marked } from "../../support/ide/marked.ts";

function check(source: string, first: string, most = 4): void {
  const { documents, analysis, offset } = marked(source);
  const { choices } = completionAt(documents, analysis, offset);
  const shown = choices.slice(0, most).map(({ label, edits }) => (edits === undefined ? label : `${label}+`));
  expectResult(source, shown.length === 0 ? "nothing" : shown.join(" "), first);
}

/** The source after a choice, its import included. */
function checkChosen(source: string, label: string, expected: string): void {
  const { documents, analysis, offset } = marked(source);
  const { typed, choices } = completionAt(documents, analysis, offset);
  const chosen = choices.find((one) => one.label === label);
  if (chosen === undefined) throw new Error(`${label} is not offered`);
  const span = { file: analysis.file, start: typed.start, end: typed.end };
  const edits = [...(chosen.edits ?? []), { span, newText: chosen.insert ?? label }];
  expectResult(source, edited(analysis.module.text, edits), expected);
}

const model = (line: string) => `import { dense } from "std/layers"\nmodel M(x: f32[N, 4]) {\n  ${line}`;

describe("by place", () => {
  test("a declaration", () => check("▮", "fn layer model margin"));
  test("a step of a pipeline", () => check(model("x |> ▮\n}\n"), "M dense conv2d+ depthwise_conv2d+"));
  test("a name of the body", () => check("fn f(x: f32) {\n  let a = x\n  a + ▮", "a x", 2));
  test("settings of the call", () => check(model("x |> dense(▮)\n}\n"), "units: bias:", 2));
  test("those that are not given yet, brackets still open", () =>
    check(model("x |> dense(units: 3, ▮\n}\n"), "bias:", 1));
  test("those that are given in Greek are given", () =>
    check("fn g(theta = 1, y = 2) = theta * y\nlet a = g(θ: 2, ▮", "y:", 1));
  test("a dimension", () => check("fn f(x: f32[N, D]) = sum(x, over: ▮)\n", "D N ..."));
  test("the results of a margin", () =>
    check("margin M(m = 0.5) {\n  scale = 2\n  ▮\n}\n", "target other penalty let"));
  test("the readings of a margin", () =>
    check("margin M(m = 0.5) {\n  target = ▮\n}\n", "m cos theta cos_y"));
  test("the settings of a train", () =>
    check("train T {\n  model = M\n  ▮\n}\n", "loss data validation verification"));
  test("what an optimizer is for", () => check("train T {\n  optimizer = sgd |> ▮\n}\n", "only"));
  test("models in a list", () => {
    const [one, two] = ["model A(x: f32[N, 4]) = x\n", "model B(x: f32[N, 4]) = x\nfn f(x: f32[N]) = x\n"];
    for (const begun of ["[", "[A, "]) check(`${one}${two}train T {\n  model = ${begun}▮\n}\n`, "A B", 2);
  });
  test("a loss", () => check("train T {\n  loss = ▮\n}\n", "softmax_cross_entropy+ margin_softmax+", 2));
  test("an optimizer, at the end of the text", () =>
    check("train T {\n  optimizer = ▮", "sgd+ adam+ adamw+ rmsprop+"));
  test("a reader", () => check("train T {\n  data = ▮\n}\n", "idx csv npy npz"));
  test("readers in a list", () => {
    for (const begun of ["[", '[images("photos"), ', '[\n    images("photos"),\n    '])
      check(`train T {\n  data = ${begun}▮\n}\n`, "idx csv npy npz");
    check('train T {\n  validation = [images("photos"), ▮]\n}\n', "idx csv npy npz");
  });
  test("an initialiser", () =>
    check(
      "layer d(u: int)(x: f32[N, K]) {\n  param W: f32[K, u] ~ ▮\n}\n",
      "zeros+ ones+ constant+ normal+",
    ));
  test("a type", () => check("fn f(x: ▮", "f32 i32 bool index"));
  test("names of an import", () =>
    check('import { sgd, ▮ } from "std/optimizers"\n', "adam adamw rmsprop frozen"));
  test("paths of an import", () =>
    check(
      'import { sgd } from "▮"\n//- lib/own.margo\nlet a = 1\n',
      "std/initialisers std/layers std/losses std/margins",
    ));
  test("own files too", () =>
    check(
      'import { sgd } from "./▮\n//- lib/own.margo\nlet a = 1\n',
      "std/initialisers std/layers std/losses std/margins std/metrics std/optimizers std/schedules ./lib/own.margo",
      8,
    ));
});

describe("by the kind of the setting", () => {
  const own = "margin Own(m = 0.5) {\n  target = cos - m\n}\n";
  const loss = 'import { margin_softmax } from "std/losses"\n';
  test("margins, the own ones first", () =>
    check(`${own}${loss}train T {\n  loss = margin_softmax(margin: ▮)\n}\n`, "Own none+ NormFace+", 3));
  test("of a loss of one's own too", () =>
    check(
      `${own}loss l(x: f32[N, D], y: index<C>[N], way: margin) = 0\ntrain T {\n  loss = l(way: ▮)\n}\n`,
      "Own none+",
      2,
    ));
  test("true and false", () => check(model("x |> dense(3, bias: ▮)\n}\n"), "true false", 2));
  test("true and false by position", () => check(model("x |> dense(3, ▮)\n}\n"), "bias: true false", 3));
  test("the words that a declaration asks about", () =>
    check(
      'import { conv2d } from "std/layers"\nmodel M(x: f32[N, 8, 8, 1]) = x |> conv2d(3, padding: "▮")\n',
      "same valid",
    ));
  test("those of a margin of one's own", () =>
    check(
      'margin A(way = "up") {\n  require way == "up" or way == "down" else "no way"\n  target = if way != "flat" then cos else 0\n}\nlet a = A(way: "▮")\n',
      "up down flat",
    ));
  test("settings of a reader", () =>
    check(
      'train T {\n  data = csv("a.csv", label: "kind", ▮)\n}\n',
      "columns: classes: mean: std: header:",
      5,
    ));
  test("settings of a reader in a list", () => {
    for (const end of ["", ")]\n}\n"])
      check(
        `train T {\n  data = [images("photos"), csv("a.csv", label: "kind", ▮${end}`,
        "columns: classes: mean:",
        3,
      );
  });
  test("settings of what is not imported yet", () =>
    check("train T {\n  optimizer = sgd(▮)\n}\n", "rate: momentum: nesterov:", 3));
});

describe("sizes and new names", () => {
  test("in a type of the head", () => check("layer l(units: int)(x: f32[N, K], z: f32[▮\n", "K N units"));
  test("in a type of the body", () =>
    check("layer l(units: int)(x: f32[N, K]) {\n  param W: f32[K, ▮\n}\n", "K N units"));
  test("behind index<", () => check("loss l(z: f32[N, C], y: index<▮", "C N"));
  test("no name of a parameter", () => check("fn f(a: int, ▮", "nothing"));
  test("a default may speak of settings", () => check("layer l(size: int, wide: int = ▮", "size", 1));
  test("behind export and import", () => {
    check("export ▮", "fn layer model margin");
    check("import ▮", "{ … } from");
  });
});

describe("parameters between the quotes of `only`", () => {
  const declared = `import { dense } from "std/layers"
import { softmax_cross_entropy } from "std/losses"
import { frozen, sgd } from "std/optimizers"
model Net(x: f32[N, 4]) -> f32[N, 3] = x |> dense(8, bias: false) |> dense(3)
model Text(x: f32[N, 4]) -> f32[N, 3] = x |> dense(3)
`;
  const train = (optimizer: string, more = "epochs = 1\n}\n") => `${declared}train T {
  model = Net
  loss = softmax_cross_entropy
  data = npz("rows.npz", classes: 3)
  optimizer = ${optimizer}
  ${more}`;
  const all = "dense dense.W dense_2 dense_2.W dense_2.b";

  test("with what they are in", () => check(train('[sgd |> only("▮"), sgd]'), all, 9));
  test("of a second name, and where the optimizer is an argument", () => {
    check(train('[sgd |> only("dense", "den▮"), sgd]'), all, 9);
    check(train('only(sgd, "dense_2.▮")'), all, 9);
  });
  test("where the text ends", () => check(train('[frozen() |> only("▮', ""), all, 9));
  test("where the train has other mistakes", () =>
    check(train('[sgd |> only("▮"), sgd |> only("dens")]', "metrics = [nobody]\n}\n"), all, 9));
  test("of several models, and of the loss", () => {
    const text = train('[sgd |> only("▮"), sgd]')
      .replace("model = Net", "model = [Net, Text]")
      .replace("softmax_cross_entropy\n  data", "learned\n  data")
      .replace('"rows.npz", classes: 3', '"rows.npz", x: ["a", "b"]');
    const loss = `loss learned(x: f32[N, D], z: f32[N, D]) {
  param s: f32 ~ 1
  mean((s * x - z) ^ 2)
}
`;
    check(
      text.replace("train T", `${loss}train T`),
      "Net Net.dense Net.dense.W Net.dense_2 Net.dense_2.W Net.dense_2.b Text Text.dense Text.dense.W Text.dense.b learned learned.s",
      20,
    );
  });
  test("none outside of a train, and none of a function of that name", () => {
    check(`${declared}let o = sgd |> only("▮")\n`, "nothing");
    check(
      train('[sgd |> only("▮"), sgd]').replace("train T", "fn only(o: fn, s: string) = 1\ntrain T"),
      "nothing",
    );
  });
  test("with their types", () => {
    const { documents, analysis, offset } = marked(train('[sgd |> only("▮"), sgd]'));
    const { choices } = completionAt(documents, analysis, offset);
    expect(choices.map(({ detail }) => detail)).toEqual([
      ...["1 parameter", "f32[4, 8]", "2 parameters", "f32[8, 3]", "f32[3]"],
    ]);
  });
  test("take the place of all that is between the quotes", () =>
    checkChosen(
      train('[sgd |> only("dense.▮"), sgd]'),
      "dense_2.W",
      train('[sgd |> only("dense_2.W"), sgd]'),
    ));
});

describe("nothing where nothing fits", () => {
  test("in a comment", () => check("fn f(x: f32) = x // a ▮", "nothing"));
  test("in a string", () => check('train T {\n  data = csv("▮")\n}\n', "nothing"));
  test("where a name is made up", () => check("fn f(x: f32) {\n  let ▮\n}\n", "nothing"));
  test("behind a number", () => check("let a = 12▮\n", "nothing"));
});

describe("choosing", () => {
  test("adds to the import that there is", () => {
    checkChosen(
      model("x |> fla▮\n}\n"),
      "flatten",
      'import { dense, flatten } from "std/layers"\nmodel M(x: f32[N, 4]) {\n  x |> flatten\n}',
    );
  });

  test("imports from a file of the workspace", () => {
    checkChosen(
      "fn f(x: f32) = tw▮\n//- lib/own.margo\nexport fn twice(x: f32) = 2 * x\n",
      "twice",
      'import { twice } from "./lib/own.margo"\n\nfn f(x: f32) = twice',
    );
  });

  test("a setting is written with its colon", () => {
    checkChosen(model("x |> dense(un▮)\n}\n"), "units:", `${model("x |> dense(units: )\n}\n")}`);
  });
});

test("whoever types θ finds theta", () => {
  const { documents, analysis, offset } = marked("margin M() {\n  target = θ_▮\n}\n");
  const { typed, choices } = completionAt(documents, analysis, offset);
  const found = choices.filter(({ filter }) => filter?.startsWith(typed.text) === true);
  expect(found.map(({ label }) => label)).toEqual(["theta_y"]);
});

test("the list is the same for the same text", () => {
  const once = () => {
    const { documents, analysis, offset } = marked(model("x |> ▮\n}\n"));
    return completionAt(documents, analysis, offset);
  };
  expect(once()).toEqual(once());
});
