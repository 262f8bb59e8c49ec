/** Definition, references, highlight, rename and signature help: all that rests on what a name means. */
import { describe, expect, test } from "vitest";
import { definitionAt, highlightsAt, referencesAt } from "../../../src/ide/definition.ts";
import { prepareRename, rename } from "../../../src/ide/rename.ts";
import { signatureAt } from "../../../src/ide/signature-help.ts";
import { drawn, edited, expectResult, marked } from "../../support/ide/marked.ts";

function checkDefinition(source: string, expected: string): void {
  const { documents, analysis, offset, files } = marked(source);
  const found = definitionAt(documents, analysis, offset);
  const isLibrary = found?.name.file.startsWith("std/") === true;
  const shown = found === undefined ? "nothing" : isLibrary ? found.name.file : drawn(files, [found.name]);
  expectResult(source, shown, expected);
}

function checkReferences(source: string, expected: string): void {
  const { documents, analysis, offset, files } = marked(source);
  const spans = referencesAt(documents, analysis, offset).map(({ span }) => span);
  expectResult(source, drawn(files, spans), expected);
}

function checkRename(source: string, newName: string, expected: string): void {
  const { documents, analysis, offset, files } = marked(source);
  const renaming = rename(documents, analysis, offset, newName);
  if ("refusal" in renaming) return expectResult(source, renaming.refusal, expected);
  const all = Object.entries(files).map(([file, text]) => {
    const here = renaming.edits.filter(({ span }) => span.file === file);
    return `//- ${file}\n${edited(text, here)}`;
  });
  expectResult(source, all.join(""), expected);
}

describe("definition", () => {
  test("of a let", () =>
    checkDefinition(
      "fn f(x: f32) {\n  let a = x\n  a▮ + a\n}\n",
      "//- main.margo\nfn f(x: f32) {\n  let ‹a› = x\n  a + a\n}",
    ));
  test("of a dimension: its first use", () =>
    checkDefinition(
      "fn f(x: f32[N, D]) = sum(x, over: D▮)\n",
      "//- main.margo\nfn f(x: f32[N, ‹D›]) = sum(x, over: D)",
    ));
  test("of a dimension that is met in a quotient first", () =>
    checkDefinition(
      "fn f(x: f32[N, H // 2]) = sum(x) + H▮\n",
      "//- main.margo\nfn f(x: f32[N, ‹H› // 2]) = sum(x) + H",
    ));
  test("from the path of an import: where the file begins", () => {
    const own = "//- lib/own.margo\nexport fn twice(x: f32) = 2 * x\n";
    checkDefinition(
      `import { twice } from "./lib/o▮wn.margo"\n${own}`,
      "//- lib/own.margo\n‹›export fn twice(x: f32) = 2 * x",
    );
    checkDefinition(`import { twice } from "./lib/gone▮.margo"\n${own}`, "nothing");
    checkDefinition('import { sgd } from "std/optim▮izers"\n', "std/optimizers");
  });
  test("through an import with another name", () =>
    checkDefinition(
      'import { twice as t } from "./own.margo"\nfn f(x: f32) = t▮(x)\n//- own.margo\nexport fn twice(x: f32) = 2 * x\n',
      "//- own.margo\nexport fn ‹twice›(x: f32) = 2 * x",
    ));
  test("in the library", () =>
    checkDefinition(
      'import { dense } from "std/layers"\nmodel M(x: f32[N, 2]) = x |> den▮se(3)\n',
      "std/layers",
    ));
  test("of an argument's label", () =>
    checkDefinition(
      "fn g(x: f32, by: f32) = x * by\nfn f(x: f32) = g(x, b▮y: 2)\n",
      "//- main.margo\nfn g(x: f32, ‹by›: f32) = x * by\nfn f(x: f32) = g(x, by: 2)",
    ));
  test("of a constant that is called as one of the language", () =>
    checkDefinition(
      "let e = 1\nfn f(x: f32) = x + e▮\n",
      "//- main.margo\nlet ‹e› = 1\nfn f(x: f32) = x + e",
    ));
  test("of what the language gives: nowhere", () =>
    checkDefinition("margin M() {\n  target = the▮ta\n}\n", "nothing"));
  test("a call looks for a function, a name for a value", () =>
    checkDefinition("margin M() {\n  let cos = 1\n  target = co▮s(theta) * cos\n}\n", "nothing"));
  test("in a file that does not parse", () =>
    checkDefinition(
      "fn f(x: f32) {\n  let a = x\n  a▮ + (\n",
      "//- main.margo\nfn f(x: f32) {\n  let ‹a› = x\n  a + (",
    ));
});

describe("references", () => {
  test("in every file that imports it, labels included", () => {
    checkReferences(
      'export fn g(x: f32, b▮y = 2) = x * by\n//- a.margo\nimport { g } from "./main.margo"\nlet one = g(1, by: 3)\n',
      '//- main.margo\nexport fn g(x: f32, ‹by› = 2) = x * ‹by›\n//- a.margo\nimport { g } from "./main.margo"\nlet one = g(1, ‹by›: 3)',
    );
  });

  test("a name of one body is not that of another", () => {
    const source = "fn f(x▮: f32) = x\nfn g(x: f32) = x\n";
    checkReferences(source, "//- main.margo\nfn f(‹x›: f32) = ‹x›\nfn g(x: f32) = x");
    const { documents, analysis, offset } = marked(source);
    expect(highlightsAt(documents, analysis, offset)).toEqual(referencesAt(documents, analysis, offset));
  });

  test("a dimension has its uses, in arithmetic too", () => {
    checkReferences(
      "fn f(x: f32[N, 2 * K], y: f32[K▮]) = sum(y, over: K)\n",
      "//- main.margo\nfn f(x: f32[N, 2 * ‹K›], y: f32[‹K›]) = sum(y, over: ‹K›)",
    );
  });

  test("θ and theta are one name", () => {
    checkReferences("fn f(θ_1▮: f32) = theta_1\n", "//- main.margo\nfn f(‹θ_1›: f32) = ‹theta_1›");
  });
});

describe("rename", () => {
  test("a declaration, in all files, aliases left alone", () => {
    checkRename(
      'export fn twi▮ce(x: f32) = 2 * x\n//- a.margo\nimport { twice as t } from "./main.margo"\nfn f(x: f32) = t(x)\n//- b.margo\nimport { twice } from "./main.margo"\nfn f(x: f32) = twice(x)\n',
      "double",
      '//- main.margo\nexport fn double(x: f32) = 2 * x\n//- a.margo\nimport { double as t } from "./main.margo"\nfn f(x: f32) = t(x)\n//- b.margo\nimport { double } from "./main.margo"\nfn f(x: f32) = double(x)',
    );
  });

  test("an alias alone", () => {
    checkRename(
      'import { twice as t } from "./own.margo"\nfn f(x: f32) = t▮(x)\n//- own.margo\nexport fn twice(x: f32) = 2 * x\n',
      "two",
      '//- main.margo\nimport { twice as two } from "./own.margo"\nfn f(x: f32) = two(x)\n//- own.margo\nexport fn twice(x: f32) = 2 * x',
    );
  });

  test("a state and its updates", () => {
    checkRename(
      "optimizer o(rate = 0.1) {\n  state v▮ = 0\n  v <- v + grad\n  param <- param - rate * v\n}\n",
      "speed",
      "//- main.margo\noptimizer o(rate = 0.1) {\n  state speed = 0\n  speed <- speed + grad\n  param <- param - rate * speed\n}",
    );
  });

  test("refuses, with the reason", () => {
    checkRename(
      'import { dense } from "std/layers"\nmodel M(x: f32[N, 2]) = x |> den▮se(3)\n',
      "full",
      "`dense` belongs to the library (std/layers); import it under another name: `dense as …`",
    );
    checkRename("margin M() {\n  target = the▮ta\n}\n", "angle", "`theta` belongs to the language");
    checkRename("fn f(x▮: f32) = x\n", "let", "`let` is no name: letters, digits and _, not a reserved word");
    checkRename("fn f(x▮: f32, y: f32) = x + y\n", "y", "there is a `y` already in main.margo");
    checkRename("fn f(x: f32) = 1 ▮+ x\n", "y", "there is no name here that something has");
  });

  test("refuses what would change the meaning of something", () => {
    const taken = (name: string) => `there is a \`${name}\` already in main.margo`;
    // What was read beside it, a builtin, a name of a body that uses it, a reading of a margin that uses it.
    checkRename("margin M() {\n  let a▮ = 1\n  target = a + cos\n}\n", "cos", taken("cos"));
    checkRename("fn f▮(x: f32) = x\nfn g(x: f32) = exp(f(x))\n", "exp", taken("exp"));
    checkRename("let a▮ = 1\nfn g(x: f32) = a + x\n", "x", taken("x"));
    checkRename("let a▮ = 1\nmargin M() {\n  target = cos + a\n}\n", "theta", taken("theta"));
    checkRename("let a▮ = 1\nfn g(x: f32) = a * pi\n", "pi", taken("pi"));
  });

  test("what stands elsewhere, or is a label there, is in nobody's way", () => {
    checkRename(
      "let a▮ = 1\nfn f(x: f32) = x\nfn g(y: f32) = a * y\n",
      "x",
      "//- main.margo\nlet x = 1\nfn f(x: f32) = x\nfn g(y: f32) = x * y",
    );
    checkRename(
      "fn g(x: f32, by▮: f32) = x * by\nfn two(x: f32) = x\nfn f(x: f32) = g(x, by: two(x))\n",
      "two",
      "//- main.margo\nfn g(x: f32, two: f32) = x * two\nfn two(x: f32) = x\nfn f(x: f32) = g(x, two: two(x))",
    );
  });

  test("prepare gives the name and its place", () => {
    const { documents, analysis, offset } = marked("fn f(first▮: f32) = first\n");
    expect(prepareRename(documents, analysis, offset)).toEqual({
      span: { file: "main.margo", start: 5, end: 10 },
      name: "first",
    });
  });
});

describe("signature help", () => {
  function check(source: string, expected: string): void {
    const { documents, analysis, offset } = marked(source);
    const found = signatureAt(documents, analysis, offset);
    const active = found?.active === undefined ? undefined : found.parameters[found.active];
    expectResult(source, found === undefined ? "nothing" : `${found.label} → ${active}`, expected);
  }

  test("by position, the list of settings first", () => {
    const call = (written: string) =>
      `layer l(a: int, b = 2)(x: f32[N]) = x * b\nmodel M(x: f32[N]) = ${written}\n`;
    check(call("x |> l(3, ▮)"), "layer l(a: int, b = 2)(x: f32[N]) → b = 2");
    check(call("l(3)(▮"), "layer l(a: int, b = 2)(x: f32[N]) → x: f32[N]");
    check(call("l(b: ▮"), "layer l(a: int, b = 2)(x: f32[N]) → b = 2");
    check(call("l(3, 4, ▮"), "layer l(a: int, b = 2)(x: f32[N]) → undefined");
  });

  test("by a label that is written in Greek", () =>
    check("fn g(y = 2, theta = 1) = theta * y\nlet a = g(θ: ▮", "fn g(y = 2, theta = 1) → theta = 1"));
  test("of a builtin", () => check("fn f(x: f32) = clamp(x, ▮\n", "clamp(x, low, high) → low"));
  test("the innermost call", () => check("fn f(x: f32) = clamp(abs(▮x), 1, 2)\n", "abs(x) → x"));
  test("of what is not imported yet, on one line however it was written", () =>
    check(
      "model M(x: f32[N, 8, 8, 1]) = x |> conv2d(8, ▮\n",
      'layer conv2d(filters: int, kernel: int = 3, stride: int = 1, padding = "same", bias = true)(x: f32[N, Y, X, K]) → kernel: int = 3',
    ));
  test("a list of parameters is no call", () => check("fn f(x: ▮", "nothing"));
});
