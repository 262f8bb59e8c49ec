/**
 * What people write in their first hour, out of the habits of PyTorch, Keras and NumPy: one diagnostic for a mistake, and a
 * fix that gives a program without it. What has no fix says in words what is written instead.
 */
import { describe, expect, test } from "vitest";
import { checkFile } from "../../../compiler/check/index.ts";
import type { Diagnostic } from "../../../compiler/errors/diagnostic.ts";
import { hostOf } from "../../support/elaborated-loss.ts";

const file = "test.margo";
const check = (text: string): readonly Diagnostic[] => checkFile(hostOf({ [file]: text }), file).diagnostics;

function applied(text: string, { fix }: Diagnostic): string {
  const edits = (fix?.edits ?? []).toSorted((a, b) => b.span.start - a.span.start);
  return edits.reduce(
    (current, { span, newText }) => current.slice(0, span.start) + newText + current.slice(span.end),
    text,
  );
}

/** The codes that are told, and the text when every fix that is offered has been taken. */
function mended(text: string): { readonly codes: string; readonly text: string; readonly left: string } {
  const codes = check(text).map(({ code }) => code);
  let current = text;
  for (let round = 0; round < 9; round++) {
    const next = check(current).find(({ fix }) => fix !== undefined);
    if (next === undefined) break;
    current = applied(current, next);
  }
  const left = check(current).map(({ code }) => code);
  return { codes: codes.join(" "), text: current, left: left.join(" ") };
}

const helpsOf = (text: string): readonly (string | undefined)[] => check(text).map(({ help }) => help);

const imports =
  'import { dense } from "std/layers"\nimport { softmax_cross_entropy } from "std/losses"\nimport { sgd } from "std/optimizers"\n';
const run = (line: string, ...replaced: readonly string[]): string => {
  const lines = {
    model: "model = M",
    loss: "loss = softmax_cross_entropy",
    data: 'data = csv("a.csv", label: "kind", classes: 3)',
    optimizer: "optimizer = sgd(rate: 0.1)",
    batch: "batch = 32",
    epochs: "epochs = 3",
  };
  const kept = Object.entries(lines).filter(([name]) => !replaced.includes(name));
  return `${imports}model M(x: f32[N, 4]) = x |> dense(3)\ntrain T {\n  ${[line, ...kept.map(([, text]) => text)].join("\n  ")}\n}\n`;
};

describe("each has a fix, and what it leaves is sound", () => {
  test.each([
    ["fn f(x: f32[N, D]) = mean(x, axis: 1, keepdims: true)", "M0302 M0302", "mean(x, over: 1, keep: true)"],
    ["fn f(x: f32[N, D]) = torch.nn.functional.normalize(x)", "M0004", "= normalize(x)"],
    ["fn f(x: f32[N]) = np.arccos(x)", "M0004", "= acos(x)"],
    [run('data = [ csv("a.csv", classes: 3), ]', "data"), "M0503", 'data = csv("a.csv", classes: 3)\n'],
    ["fn f(x: float[N, D]) = x", "M0308", "x: f32[N, D]"],
    ["fn f(y: int64[N]) = y", "M0308", "y: i32[N]"],
    ["fn f(xs: list) = len(xs)", "M0102", "length(xs)"],
    [
      "fn f(x: f32[N], s = 2) = if x > 0 then s * x else 0\nfn g(x: f32[N]) = f(x, scale: 3)",
      "M0302",
      "f(x, s: 3)",
    ],
    ["fn f(x: f32[N]) = if True then x else 0 * x", "M0101", "if true then"],
    ["model M(x: f32[N, 4]) = x |> Linear(3) |> ReLU()", "M0102 M0102", "x |> dense(3) |> relu()"],
    [
      'import { Linear, ReLU as r } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> Linear(3) |> r()',
      "M0109 M0109",
      "{ dense, relu as r }",
    ],
    [
      'import { dense } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> dense(out_features: 3, use_bias: false)',
      "M0302 M0302",
      "dense(units: 3, bias: false)",
    ],
    ['import { dense } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> dense(3.0)', "M0307", "dense(3)"],
    ['import { dense } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> dense("3")', "M0307", "dense(3)"],
    [
      "layer l(units: int, x: f32[N, K]) {\n  param W: f32[K, units]\n  x @ W\n}",
      "M0028",
      "l(units: int)(x: f32[N, K])",
    ],
    ["margin M(m = 0.5, s = 64) {\n  s * (cos - m)\n}", "M0117", "target = s * (cos - m)"],
    ["margin M(m = 0.5) {\n  logit = cosine - m\n}", "M0312 M0209", "target = cos - m"],
    [
      "margin M(m = 0.5) {\n  state t = 0\n  t = 0.9 * t + 0.1 * mean(cos_y)\n  target = cos - m * t\n}",
      "M0312",
      "t <- 0.9",
    ],
    ["margin M(m = 0.5) {\n  target = cos\n    - m\n}", "M0117", "target = cos -\n    m"],
    ["fn f(x: f32[N]) {\n  sum(x)\n  - 1\n}", "M0117", "sum(x) -\n  1"],
    ["optimizer o(rate = 0.1) {\n  param - rate * grad\n}", "M0117", "param <- param - rate"],
    ["optimizer o(rate = 0.1) {\n  param = param - rate * grad\n}", "M0312", "param <- param - rate"],
    ["optimizer o(rate = 0.1) {\n  param <- param - rate * gradient\n}", "M0101", "rate * grad\n"],
    ["fn f(x: f32[N]) {\n  y = 2 * x\n  3 * x\n}", "M0312", "3 * x"],
    ["fn f(x: f32[N]) {\n  let y = 2 * x\n}", "M0311", "let y = 2 * x\n  y\n"],
    [run("batch_size = 32", "batch"), "M0501", "batch = 32"],
    [run("optimizer = sgd(lr: 0.1)", "optimizer"), "M0302", "sgd(rate: 0.1)"],
    [
      run('optimizer = "adam"', "optimizer").replace('import { sgd } from "std/optimizers"\n', ""),
      "M0503",
      "optimizer = adam()",
    ],
    [run('batch = "32"', "batch"), "M0503", "batch = 32"],
    [run("epochs = 1e1", "epochs"), "M0503", "epochs = 10"],
    [
      'import { margin_softmax } from "std/losses"\nloss l(x: f32[N, D], y: index<C>[N]) = margin_softmax(margin: "arcface")(x, y)',
      "M0307",
      "margin: ArcFace()",
    ],
  ])("%s", (text, codes, part) => {
    const found = mended(`${text}\n`);
    expect(found.codes).toBe(codes);
    expect(found.text).toContain(part);
    expect(found.left, found.text).toBe("");
  });

  test("a path is read by the reader of its ending", () => {
    expect(mended(run('data = "a.csv"', "data"))).toMatchObject({ codes: "M0503", left: "M0505" });
  });

  test("an import that is broken keeps its line to itself", () => {
    const text = 'import * from "std/layers"\nmodel M(x: f32[N, 4]) = x |> dense(3)\n';
    const [, unknown] = check(text);
    expect(applied(text, unknown ?? expect.fail())).toBe(
      'import * from "std/layers"\nimport { dense } from "std/layers"\nmodel M(x: f32[N, 4]) = x |> dense(3)\n',
    );
  });
});

describe("what has no fix is put into words", () => {
  test.each([
    ["fn f(x: f32[N, D]) = x.mm(x)", "write `a @ b`"],
    ["fn f(x: f32[N, D]) = x.sum(1)", "write `sum(x)`"],
    ["fn f(x: f32[N, D]) = x / x.shape[0]", "write `size(x, over: 0)`"],
    ["fn f(x: f32[N, D], w: f32[C, D]) = x @ w.T", "write `transpose(w)`"],
    ["fn f(x: f32[N]) = where(x > 0, x, 0)", "write `if condition then value else other`"],
    [
      "fn f(x: f32[N, D], W: f32[D, C]) = x * W",
      "`*` multiplies element by element; the product of matrices is `@`",
    ],
    ["fn f(x: f32[N, D]) = sum(x, over: K)", "its axes are `N`, `D`; a position works too: `over: -1`"],
    [
      'import { dense } from "std/layers"\nmodel M(x: f32[N, 28, 28, 3]) = x |> dense(10)',
      "`flatten()` of `std/layers` puts all axes but the first into one",
    ],
    [
      'import { conv2d } from "std/layers"\nmodel M(x: f32[N, 28, 28]) = x |> conv2d(8)',
      "an axis of size 1 is added by `reshape(…, [-1, 28, 28, 1])`",
    ],
    [
      'import { max_pool } from "std/layers"\nmodel M(x: f32[N, 1, 28, 28]) = x |> max_pool(2)',
      "an image is f32[N, height, width, channels]; is this one with its channels first?",
    ],
    [
      run("optimizer = adam(betas: [0.9, 0.999])", "optimizer").replaceAll("sgd", "adam"),
      "write `beta1: 0.9, beta2: 0.999`",
    ],
    [
      "fn f(x: f32[N]) {\n  x = 2 * x\n  x\n}",
      "`x` keeps its value: name the new one with `let` and another name, or join the steps with `|>`",
    ],
  ])("%s", (text, help) => {
    expect(helpsOf(`${text}\n`)).toEqual([help]);
  });

  test("nothing follows from a name that nobody knows", () => {
    expect(check("fn f(x: f32[N]) {\n  print(x)\n  x\n}\n").map(({ code }) => code)).toEqual(["M0102"]);
  });
});

describe("what trains nothing", () => {
  test.each([
    ["loss l(z: f32[N, C], y: index<C>[N]) = mean(f32(argmax(z, over: C) != y))", "M0415"],
    ["loss l(z: f32[N, C], y: index<C>[N], s = 3) = s", "M0415"],
    ["loss l(z: f32[N, C], y: index<C>[N]) = mean(detach(z))", "M0415"],
    ["loss l(z: f32[N, C], y: index<C>[N]) = mean(straight_through(round(z), z))", ""],
    ["loss l(z: f32[N, C], y: index<C>[N]) {\n  param w: f32\n  w + 0 * sum(detach(z))\n}", ""],
    ["loss l(z: f32[N, C], y: index<C>[N]) = mean(max(0, z))", ""],
    ["margin M(m = 0.5, s = 64) {\n  scale = s\n}", "M0124"],
    ["margin M(m = 0.5) {\n  let own = m\n  target = cos - (if training then own else 0)\n}", ""],
    ["layer l(units: int, wide: int = 2 * units)(x: f32[N, K]) {\n  param W: f32[K, wide]\n  x @ W\n}", ""],
    ["layer l(size: int)(x: f32[N, size]) = x", ""],
    ["fn f(x: f32[N], _kept = 2) = x", ""],
  ])("%s", (text, codes) => {
    expect(
      check(`${text}\n`)
        .map(({ code }) => code)
        .join(" "),
    ).toBe(codes);
  });
});

test("a number of a model that is written as an input, where a setting is meant", () => {
  const text = run("model = M(w: 2)", "model").replace(
    /model M\(x: f32\[N, \d+\]/,
    (found) => `${found}, w: f32 = 1`,
  );
  expect(helpsOf(text)).toContain(
    "`w` is an input too, since f32 is a type of tensors, and inputs are given together; a setting is `w: float`",
  );
});
