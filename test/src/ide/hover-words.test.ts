/** What a hover says on words of the language, types, dimensions, arguments of builtins and paths of imports. */
import { describe, expect, test } from "vitest";
import { hoverAt } from "../../../src/ide/hover.ts";
import {
  declarationKeywords,
  expressionKeywords,
  importKeywords,
  signs,
  statementKeywords,
  typeKeywords,
} from "../../../src/ide/keywords.ts";
import { analysed } from "../../support/ide/documents.ts";
import { expectResult, marked } from "../../support/ide/marked.ts";

function hovered(source: string): readonly string[] {
  const { documents, analysis, offset } = marked(source);
  const found = hoverAt(documents, analysis, offset);
  return found === undefined ? ["nothing"] : [found.code, ...found.notes];
}

function check(source: string, expected: string): void {
  expectResult(source, hovered(source).join("\n"), expected);
}

describe("words", () => {
  test("of a statement: what it is and where it may stand", () => {
    check(
      "layer l(units: int)(x: f32[N, K]) {\n  par▮am W: f32[K, units]\n  x @ W\n}\n",
      "param name: f32[K, units] ~ initialiser\nA learned tensor and how it begins; without `~` it begins with zeros.\nIt stands in the body of a layer, model, margin or loss.",
    );
    expect(hovered("optimizer o() {\n  sta▮te v = 0\n  param <- param - v\n}\n")[2]).toBe(
      "It stands in the body of a layer, model, margin, loss or optimizer.",
    );
  });

  test("of a declaration, exported or not", () => {
    expect(hovered("export mar▮gin M() {\n  target = cos\n}\n")).toEqual([
      "margin Name(m = 0.5, s = 64) { … }",
      "How the score of a class is made of the angle between a row and the class's weights: `scale * (if j == y then target else other)`.",
      "It stands outside of all bodies.",
    ]);
  });

  test("a choice has the type that it makes, and an `else` is its own or a `require`'s", () => {
    const choice = hovered("fn f(x: f32[N]) = if x > 0 then x el▮se 0\n");
    expect(choice).toEqual([
      "f32[N]",
      expect.stringMatching(/^A choice\. By a constant .* it stands in brackets\.$/),
    ]);
    const need =
      'fn f(x: f32[N], m: int) {\n  require (if m > 1 then true else false) el▮se "no"\n  m * x\n}\n';
    expect(hovered(need)[0]).toBe('require condition else "message"');
  });

  test("one word may be several things: a setting, a declaration, a type", () => {
    const loss = (setting: string) => `loss l(x: f32[N, D], y: index<C>[N], ${setting}) = 0\n`;
    check(loss("mar▮gin: margin"), "margin: margin\nA setting of loss `l`.");
    check(loss("margin: mar▮gin"), "margin\nA margin with its settings, as `ArcFace(m: 0.5)`.");
  });

  test("`from` is a word in an import and a name elsewhere", () => {
    expect(hovered('import { sgd } fr▮om "std/optimizers"\n')[0]).toBe('import { a } from "std/layers"');
    check("fn f(from: f32[N]) = fr▮om\n", "from: f32[N]\nAn input of fn `f`.");
  });

  test("a pipe keeps its shape and says what it does", () => {
    check(
      "fn f(x: f32[N, D]) = x |▮> sum(over: D)\n",
      "f32[N]\nGives x as f's first input; for a layer, as its input.",
    );
  });

  test("in a text that breaks off", () => {
    expect(hovered("model M(x: f32[N, 4]) {\n  le▮t y = (\n")[0]).toBe("let name = value");
    check("let a = 1 // le▮t it be\n", "nothing");
    check('let a = "i▮f"\n', '"if"');
  });

  test("every word and sign that the editor knows is found in a text", () => {
    const text = `import { dense as full } from "std/layers"
export layer l(n: int, r: float, s: string, v: list, m: margin, g: fn, b: bool)(x: f32[N, ...], k: i32[N], y: index<C>[N]) -> f32[N] {
  require n > 1 else "no"
  param W: f32[4 // 2] ~ 0
  state t = 0
  t <- t % 2
  let z = if not b and true or false then x @ x else x ^ 2
  z |> full(2)
}
fn a() = 1
model A(x: f32) = x
margin B() = 1
loss c() = 1
optimizer d() = 1
train E {}
`;
    const { documents, analysis } = analysed(text);
    const hovers = Array.from({ length: text.length }, (_, offset) => hoverAt(documents, analysis, offset));
    const tables = [
      declarationKeywords,
      expressionKeywords,
      importKeywords,
      signs,
      statementKeywords,
      typeKeywords,
    ];
    for (const { name, doc } of tables.flat())
      expect(
        hovers.some((one) => one?.notes.includes(doc) && text.startsWith(name, one.span.start)),
        name,
      ).toBe(true);
  });
});

describe("types and dimensions", () => {
  test("a type is shown as it is written", () => {
    check(
      "loss l(x: f32[N, D], y: ind▮ex<C>[N]) = 0\n",
      "index<C>[N]\nWhole numbers from 0 to C−1, as labels are; they are checked where data enters.",
    );
    check(
      "layer l(units: i▮nt)(x: f32[N]) = x\n",
      "int\nA whole number that is known when the program is compiled.",
    );
  });

  test("a dimension says where it comes from", () => {
    const f = (over: string) =>
      `fn f(x: f32[N, H // 2], y: i32[N, ..., D], z: index<C>[N]) = sum(x, over: ${over})\n`;
    check(f("N▮"), "dimension N\nThe size of axis 0 of `x: f32[N, H // 2]`.");
    check(f("H▮"), "dimension H\nIn the size of axis 1 of `x: f32[N, H // 2]`.");
    check(f("D▮"), "dimension D\nThe size of axis -1 of `y: i32[N, ..., D]`.");
    check(f("C▮"), "dimension C\nThe numbers of `z: index<C>[N]` stay below it.");
    check(
      "fn f(x: f32[N]) -> f32[N, O▮] = x\n",
      "dimension O\nThe size of axis 1 of the value, `f32[N, O]`.",
    );
  });

  test("and how large it is where that is known", () => {
    check(
      'import { dense } from "std/layers"\nmodel M(x: f32[N, 4]) {\n  let y: f32[N, H] = x |> dense(3)\n  sum(y, over: H▮)\n}\n',
      "dimension H\nThe size of axis 1 of `y: f32[N, H]`.\nHere it is 3.",
    );
  });

  test("a state has the type of those who read it", () => {
    check(
      "margin M() {\n  state ▮t = 0\n  t <- 0.9 * t + 0.1 * mean(cos_y)\n  target = cos - t\n}\n",
      "state t: f32",
    );
  });
});

describe("arguments", () => {
  test("of a data reader, from the readers' own table", () => {
    check(
      'train T {\n  data = csv("a.csv", cla▮sses: 3)\n}\n',
      'classes: a whole number or a list\nHow many classes the labels name, a number for each of the first; without one labels are values.\nAn argument of `csv(file, label: "species", classes: 3)`.',
    );
    expect(hovered('train T {\n  data = images("a", cla▮sses: 3)\n}\n')[1]).toBe(
      "How many classes to take, all without it; with masks how many these have.",
    );
  });

  test("of a data reader in a list", () => {
    const [, said] = hovered('train T {\n  data = [images("a"), npz("b.npz", x▮: "words")]\n}\n');
    expect(said).toBe('The features\' array, or one for each input of the models; "x" without it.');
  });

  test("of a builtin", () => {
    check(
      "fn f(x: f32[N, D]) = sum(x, over: D, ke▮ep: true)\n",
      "keep: bool\nWhether the axes stay, with size 1. Without it they go.\nAn argument of `sum(x, over: axes, keep: false)`.",
    );
    check("fn f(x: f32) = clamp(x, lo▮w: 1, high: 2)\n", "low\nAn argument of `clamp(x, low, high)`.");
  });

  test("that there are not", () => check('train T {\n  data = csv("a.csv", nob▮ody: 3)\n}\n', "nothing"));

  test("settings of a train", () => {
    check(
      "train T {\n  per_▮class = 4\n}\n",
      "per_class: int\nRows of a class that come together in a batch, for losses that compare rows; 1 unless given.",
    );
  });
});

describe("imports", () => {
  test("a path tells what the file says at its top and what it exports", () => {
    check(
      'import { twice } from "./o▮wn.margo"\n//- own.margo\n// Sums of\n// two.\n\n/// Not this.\nexport fn twice(x: f32) = 2 * x\nexport let two = 2\nlet one = 1\n',
      '"./own.margo"\nSums of\ntwo.\nIt exports `twice`, `two`.',
    );
  });

  test("a file that is not there says nothing", () =>
    check('import { twice } from "./o▮wn.margo"\n', "nothing"));
});
