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
  test("a step of a pipeline", () => check(model("x |> ▮\n}\n"), "M dense conv2d+ max_pool+"));
  test("a name of the body", () => check("fn f(x: f32) {\n  let a = x\n  a + ▮", "a x", 2));
  test("settings of the call", () => check(model("x |> dense(▮)\n}\n"), "units: bias:", 2));
  test("those that are not given yet, brackets still open", () =>
    check(model("x |> dense(units: 3, ▮\n}\n"), "bias:", 1));
  test("a dimension", () => check("fn f(x: f32[N, D]) = sum(x, over: ▮)\n", "D N ..."));
  test("the results of a margin", () =>
    check("margin M(m = 0.5) {\n  scale = 2\n  ▮\n}\n", "target other penalty let"));
  test("the readings of a margin", () =>
    check("margin M(m = 0.5) {\n  target = ▮\n}\n", "m cos theta cos_y"));
  test("the settings of a train", () =>
    check("train T {\n  model = M\n  ▮\n}\n", "loss data validation verification"));
  test("a loss", () => check("train T {\n  loss = ▮\n}\n", "softmax_cross_entropy+ margin_softmax+", 2));
  test("an optimizer, at the end of the text", () =>
    check("train T {\n  optimizer = ▮", "sgd+ adam+ adamw+ rmsprop+"));
  test("a reader", () => check("train T {\n  data = ▮\n}\n", "idx csv npy npz"));
  test("an initialiser", () =>
    check(
      "layer d(u: int)(x: f32[N, K]) {\n  param W: f32[K, u] ~ ▮\n}\n",
      "zeros+ ones+ constant+ normal+",
    ));
  test("a type", () => check("fn f(x: ▮", "f32 i32 bool index"));
  test("names of an import", () => check('import { sgd, ▮ } from "std/optimizers"\n', "adam adamw rmsprop"));
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

test("the list is the same for the same text", () => {
  const once = () => {
    const { documents, analysis, offset } = marked(model("x |> ▮\n}\n"));
    return completionAt(documents, analysis, offset);
  };
  expect(once()).toEqual(once());
});
