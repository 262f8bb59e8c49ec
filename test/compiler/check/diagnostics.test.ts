/**
 * Where diagnostics stand and what stands beside them: at the place for a mistake in the text, at the use for
 * one that only the use shows, once for each cause. That every entry's own example makes it is tested with the
 * entries.
 */
import { describe, expect, test } from "vitest";
import { checkFile } from "../../../compiler/check/index.ts";
import { check, refusalOf } from "../../support/check-source.ts";
import { hostOf } from "../../support/elaborated-loss.ts";

describe("shapes", () => {
  test("both shapes, and where each came from", () => {
    check(
      `fn f(a: f32[N, 3], b: f32[N, 4]) {
  let twice = 2 * b
  a + twice
}`,
      `
3 \`a + twice\`: M0201 f32[N, 3] and f32[N, 4] do not broadcast
  1 \`a: f32[N, 3]\`: \`a\` is f32[N, 3]
  2 \`twice\`: \`twice\` is f32[N, 4]`,
    );
  });

  test("the signature, and where a name got its size", () => {
    check(
      `fn dist(a: f32[N, D], b: f32[N, D]) = sum((a - b) ^ 2, over: D)
fn f(x: f32[N, 512], y: f32[N, 128]) = dist(x, y)`,
      `
2 \`y\`: M0202 \`b\` is f32[N, 128], but f32[N, D] is needed: D is 512, not 128
  1 \`f32[N, D]\`: f32[N, D] is asked for here
  2 \`x\`: \`a\` is f32[N, 512], so D is 512`,
    );
  });

  test("a mistake that only a use shows is at the use, with a label inside", () => {
    check(
      `layer head(width: int)(x: f32[N, K]) {
  param W: f32[width, 2]
  x @ W
}
model M(x: f32[N, 8]) = x |> head(8) |> head(3)`,
      `
5 \`head(3)\`: M0227 the inner sizes are 2 and 3
  3 \`x @ W\`: here, in \`head\`
  1 \`f32[N, K]\`: \`x\` is f32[N, K = 2]
  2 \`W\`: \`W\` is f32[width = 3, 2]
  help: with the right one transposed they agree: \`transpose(…)\``,
    );
  });

  test("class weights the other way round, and labels that read whole rows", () => {
    check(
      `loss L(x: f32[N, D], y: index<C>[N]) {
  param W: f32[C, D]
  let z = x @ transpose(W)
  mean(logsumexp(z, over: C) - z[y]) + mean(x @ W) + mean(transpose(x) @ transpose(z))
}
fn fine(z: f32[C, D], y: index<C>[N], t: f32[V, D], x: f32[A, T, D], W: f32[D, T]) =
  sum(z[y] + t[y]) + sum(x @ W)`,
      `
4 \`logsumexp(z, over: C) - z[y]\`: M0201 f32[N] and f32[N, C] do not broadcast
  4 \`logsumexp(z, over: C)\`: this is f32[N]
  4 \`z[y]\`: this is f32[N, C]
4 \`z[y]\`: warning M0228 these labels count C classes, but this reads whole rows of f32[N, C], of which there are N
  help: one element a row is \`pick(z, y)\`
4 \`x @ W\`: M0227 the inner sizes are D and C
  1 \`x: f32[N, D]\`: \`x\` is f32[N, D]
  2 \`W\`: \`W\` is f32[C, D]
  help: with the right one transposed they agree: \`transpose(…)\`
4 \`transpose(x) @ transpose(z)\`: M0227 the inner sizes are N and C
  4 \`transpose(x)\`: this is f32[D, N]
  4 \`transpose(z)\`: this is f32[C, N]
  help: with the right one transposed they agree: \`transpose(…)\``,
    );
  });

  test("labels keep a known size apart from its name", () => {
    check(
      `loss L(x: f32[N, D], y: index<C>[N]) {
  param W: f32[C, D]
  mean(logits(0.5, x, W, y))
}
model M(z: f32[N, C]) = sum(z, over: K)`,
      `
3 \`0.5\`: M0407 a margin is needed here, not a float
5 \`K\`: M0219 f32[N, C] has no axis \`K\`
  help: its axes are \`N\`, \`C\`; a position works too: \`over: -1\``,
    );
  });
});

describe("settings", () => {
  test("a requirement is blamed on the argument, through a margin and a loss", () => {
    check(
      `import { margin_softmax } from "std/losses"
loss L(x: f32[N, D], y: index<C>[N]) = margin_softmax(x, y, margin: Small(m: 0))
margin Small(m: int = 2) {
  require m >= 1 else "m counts the pieces of the angle: at least 1"
  target = cos - m
}`,
      `
2 \`0\`: M0310 \`Small\`: m counts the pieces of the angle: at least 1
  4 \`require m >= 1 else "m counts the pieces of the angle: at least 1"\`: required here`,
    );
  });

  test("kinds", () => {
    check(
      `layer l(n: int, rate: float = 0.5, on = true, name = "a", sizes: list = [])(x: f32[N]) {
  if on or name == "b" then n * rate * x else sum(sizes) * x
}
fn a(x: f32[N]) = x |> l(1.5)
fn b(x: f32[N]) = x |> l(1, rate: "high")
fn c(x: f32[N]) = x |> l(1, on: 1)
fn d(x: f32[N]) = x |> l(1, name: 2)
fn e(x: f32[N]) = x |> l(1, sizes: 3)
fn f(x: f32[N]) = x |> l()`,
      `
4 \`1.5\`: M0307 \`n\` is a whole number (int), not 1.5
  1 \`n: int\`: declared here
5 \`"high"\`: M0307 \`rate\` is a number (float), not "high"
  1 \`rate: float = 0.5\`: declared here
6 \`1\`: M0307 \`on\` is true or false, not 1
  1 \`on = true\`: declared here
7 \`2\`: M0307 \`name\` is a string, not 2
  1 \`name = "a"\`: declared here
8 \`3\`: M0307 \`sizes\` is a list, not 3
  1 \`sizes: list = []\`: declared here
9 \`l()\`: M0304 \`l\` needs its setting \`n\`
  1 \`n: int\`: declared here, without a default
  help: give it: \`n: …\``,
    );
  });
});

describe("one cause, one diagnostic", () => {
  test("what follows from a mistake stays silent", () => {
    check(
      `fn broken(x: f32[N]) = x + missing
fn user(x: f32[N]) = sum(broken(x)) + broken(x) * 2
fn f(x: f32[N]) {
  let a = nothing(x)
  let b = a @ a + sum(a, over: Q)
  if b then b else a
}`,
      `
1 \`missing\`: M0101 there is nothing called \`missing\` here
  help: name it with \`let\`, make it a parameter, or import it
4 \`nothing\`: M0102 there is no function called \`nothing\` here
  help: declare it, or import it at the top of the file`,
    );
  });

  test("a branch that is not taken may not fit, but its names exist", () => {
    check(
      `fn f(x: f32[N, 3], y: f32[N, 4], same = false) = if same then x + y + z else x`,
      "1 `z`: M0101 there is nothing called `z` here\n  help: name it with `let`, make it a parameter, or import it",
    );
  });

  test("in a body whose text is broken only the text is reported", () => {
    const source = `fn f(x: f32[N]) {
  let a = (x + 1
  a + lost
}
fn g(x: f32[N]) = f(x) + lost`;
    const { diagnostics } = checkFile(hostOf({ "a.margo": source }), "a.margo");
    const lines = diagnostics.map(({ code, span }) => [
      code.slice(0, 3),
      source.slice(0, span.start).split("\n").length,
    ]);
    expect(lines).toEqual([
      ["M00", 2],
      ["M01", 5],
    ]);
  });

  test("broken text is not called unused", () => {
    const { diagnostics } = checkFile(
      hostOf({ "a.margo": 'import { dense } from "std/layers"\nmodel M(x: f32[N, 3]) = x |> dense(' }),
      "a.margo",
    );
    expect(diagnostics.map(({ code }) => code).filter((code) => !code.startsWith("M00"))).toEqual([]);
  });
});

describe("names", () => {
  test("a margin's names outside of a margin", () => {
    check(
      "fn f(x: f32[N]) = x * theta",
      `
1 \`theta\`: M0101 there is nothing called \`theta\` here
  help: \`theta\` exists inside a margin`,
    );
  });

  test("a value and a function of one name", () => {
    check("margin M(scale_by = 2) {\n  let exp = exp(cos)\n  target = exp * scale_by + cos(theta)\n}", "");
  });

  test("recursion through others", () => {
    check(
      "fn a(x: f32[N]) = b(x)\nfn b(x: f32[N]) = c(x)\nfn c(x: f32[N]) = a(x)",
      `
3 \`a(x)\`: M0112 \`c\` calls itself
  2 \`c(x)\`: here, in \`b\`
  3 \`c\`: declared here`,
    );
  });
});

describe("imports", () => {
  test("files, exports, circles, the workspace's edge", () => {
    check(
      `import { f, g } from "./other.margo"
import { h } from "./missing.margo"
import { i } from "../outside.margo"
import { j } from "std/layer"
import { dens } from "std/layers"
import { k } from "./circle.margo"
fn use(x: f32[N]) = f(x) + g(x) + h(x) + i(x) + j(x) + dens(x) + k(x)`,
      `
1 \`g\`: M0110 \`g\` is not exported by \`./other.margo\`
  other.margo:2 \`g\`: declared here
  help: write \`export fn g\` there
2 \`"./missing.margo"\`: M0105 there is no file \`missing.margo\`
  help: check the path; it starts at the importing file
3 \`"../outside.margo"\`: M0106 \`../outside.margo\` leads out of the workspace
  help: move the file into the workspace, or run the command from a folder that holds both
4 \`"std/layer"\`: M0105 the standard library has no \`std/layer\`
  help: did you mean \`std/layers\`?
5 \`dens\`: M0109 \`std/layers\` has no \`dens\`
  help: did you mean \`dense\`?
circle.margo:1 \`"./test.margo"\`: M0108 these files import each other
  help: the circle: circle.margo → test.margo → circle.margo`,
      {
        "other.margo": "export fn f(x: f32[N]) = x\nfn g(x: f32[N]) = x\n",
        "circle.margo":
          'import { use } from "./test.margo"\nexport fn k(x: f32[N]) = x\nfn l(x: f32[N]) = use(x)\n',
      },
    );
  });

  test("a name that is elsewhere in the library, or there without an import", () => {
    const model = "model M(x: f32[N, 4]) = x |> dense(2) |> tanh()\n";
    const fixedOf = (imports: string): string => {
      const text = `${imports}${model}train T {\n  optimizer = adam\n}\n`;
      const found = checkFile(hostOf({ "m.margo": text }), "m.margo").diagnostics.find(
        ({ code }) => code === "M0109",
      );
      const edits = [...(found?.fix?.edits ?? [])].sort((a, b) => b.span.start - a.span.start);
      const mended = edits.reduce(
        (all, { span, newText }) => all.slice(0, span.start) + newText + all.slice(span.end),
        text,
      );
      return `${found?.help} · ${found?.fix?.title}\n${mended.slice(0, mended.indexOf("model"))}`;
    };
    expect(fixedOf('import { dense, tanh } from "std/layers"\n')).toBe(
      '`tanh` is there without an import · remove `tanh`\nimport { dense } from "std/layers"\n',
    );
    expect(fixedOf('import { dense } from "std/layers"\nimport { adam } from "std/losses"\n')).toBe(
      '`std/optimizers` has `adam` · import `adam` from `std/optimizers`\nimport { dense } from "std/layers"\nimport { adam } from "std/optimizers"\n',
    );
    expect(fixedOf('import { adam, dense } from "std/layers"\n')).toBe(
      '`std/optimizers` has `adam` · import `adam` from `std/optimizers`\nimport { dense } from "std/layers"\nimport { adam } from "std/optimizers"\n',
    );
    expect(
      fixedOf('import { sgd } from "std/optimizers"\nimport { adam, dense } from "std/layers"\n'),
    ).toContain('import { sgd, adam } from "std/optimizers"\nimport { dense } from "std/layers"\n');
  });

  test("a mistake in an imported file is shown there", () => {
    check(
      'import { f } from "./other.margo"\nfn g(x: f32[N]) = f(x)',
      "other.margo:1 `z`: M0101 there is nothing called `z` here\n  help: name it with `let`, make it a parameter, or import it",
      { "other.margo": "export fn f(x: f32[N]) = z\n" },
    );
  });

  test("unused and repeated names are said", () => {
    check(
      'import { f, g as h } from "./other.margo"\nfn h(x: f32[N]) = x',
      `
1 \`f\`: warning M0104 \`f\` is imported and never used
  help: remove it
1 \`h\`: warning M0104 \`h\` is imported and never used
  help: remove it
2 \`h\`: M0103 \`h\` is declared twice
  1 \`h\`: first here
  help: rename one of them`,
      { "other.margo": "export fn f(x: f32[N]) = x\nexport fn g(x: f32[N]) = x\n" },
    );
  });
});

describe("what nothing would ever move", () => {
  test("a param of an optimizer, and what a layer owns that it calls", () => {
    check(
      `import { dense } from "std/layers"
layer smoothed()(x: f32[N, K]) {
  state mu: f32[K] = 0
  mu <- 0.9 * mu + 0.1 * mean(x, over: N)
  x - mu
}
optimizer paced(rate = 0.1) {
  param pace: f32 ~ 1
  state v = 0
  v <- 0.9 * v + grad
  param <- param - rate * pace * v
}
optimizer learned() {
  param <- param - dense(2)(grad)
}
optimizer calm() {
  param <- param - smoothed()(grad)
}`,
      `
8 \`param pace: f32 ~ 1\`: M0416 \`pace\` would never be learned: an optimizer has no param of its own
  help: keep it from step to step with \`state pace = …\` and \`pace <- …\`; what does not change is a setting or a \`let\`
14 \`dense(2)(grad)\`: M0416 \`W\`: what an optimizer calls has no param
  std/layers:8 \`param W: f32[K, units] ~ glorot()\`: here, in \`dense\`
  help: call a \`fn\`, and keep what the optimizer needs in a \`state\` of its own
17 \`smoothed()(grad)\`: M0416 \`mu\`: what an optimizer calls has no state
  3 \`state mu: f32[K] = 0\`: here, in \`smoothed\`
  help: call a \`fn\`, and keep what the optimizer needs in a \`state\` of its own`,
    );
  });
});

describe("limits", () => {
  test("a long chain is no nesting", () => {
    const terms = Array.from({ length: 3000 }, () => "x").join(" + ");
    check(`fn f(x: f32[N]) = ${terms}`, "");
  });

  test("sizes of the command line are checked like those of the text", () => {
    const source = "fn f(x: f32[N], n: int) = x + sum(one_hot(range(n), n))\n";
    expect(refusalOf(source, "f", { set: { n: "2 ^ 40" } })).toContain("M0205");
    expect(refusalOf(source, "f", { set: { n: "1 +" } })).toContain("M00");
    expect(refusalOf(source, "f", { set: { n: "k" } })).toContain(
      "--set n:1 ``: M0101".replace("``", "``").slice(0, 8),
    );
  });
});

describe("ways out", () => {
  test.each([
    ["fn f(x: f32[N, D]) = reshape(x, [N, -1, 2])", "as a multiple, as in `x: f32[N, 2 * M]`"],
    ["margin M() { target = cos - x }", "rows and weights belong to the loss that calls"],
    ["fn f(x: f32[N]) = tan(x)", "write `sin(x) / cos(x)`"],
    ["loss a(x: f32[N]) = sum(x)\nloss b(x: f32[N]) = a + sum(x)", "a loss of your own may add losses"],
  ])("%s", (source, help) => {
    const file = "test.margo";
    const { diagnostics } = checkFile(hostOf({ [file]: `${source}\n` }), file);
    expect(diagnostics.map((one) => one.help).join()).toContain(help);
    expect(diagnostics.map((one) => one.fix)).toEqual([undefined]);
  });

  test("a list of positions reads rows, and a declared name is meant before a constant", () => {
    check("fn f(x: f32[N, 3]) = x[[0, 1]]\nlet e = 3\nfn g(x: f32[e]) = sum(x) + e\n", "");
  });
});
