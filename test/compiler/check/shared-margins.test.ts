/** A margin that a body uses several times is one: its variables have one name each, and who has another margin has others. */
import { describe, expect, test } from "vitest";
import { defaultGradcheckOptions } from "../../../compiler/gradcheck.ts";
import { gradcheckEntry } from "../../../compiler/gradcheck/entries.ts";
import { hostOf } from "../../support/elaborated-loss.ts";
import { check, functionOf, nested, programOf, refusalOf, run, tensor } from "../../support/check-source.ts";

const margins = `margin M() {
  param a: f32 ~ 1
  state t = 8
  t <- t / 2 + mean(cos) / 2
  target = a * cos + t
}
margin ByClass() {
  param m: f32[C]
  state s: f32[C] = 0
  target = cos - m - s
}
`;

const namesOf = (source: string, set: Readonly<Record<string, string>>, training = true) =>
  programOf(source, "L", { set, training }).variables.map(({ name }) => name);

/** A loss of rows and four classes whose margins are settings. */
const lossOf = (body: string, settings = "margin: margin"): string => `${margins}
fn f(margin: margin, x: f32[N, D], W: f32[C, D], y: index<C>[N]) = mean(logits(margin, x, W, y))
layer head()(x: f32[N, D], y: index<4>[N], margin: margin) {
  param W: f32[4, D]
  logits(margin, x, W, y) + logits(margin, x, 2 * W, y)
}
loss inner(x: f32[N, D], y: index<4>[N], a: margin, b: margin = M()) {
  param W: f32[4, D]
  f(a, x, W, y) + f(b, x, W, y) + f(a, x, W, y)
}
loss L(x: f32[N, D], y: index<4>[N], ${settings}) {
  param W: f32[4, D]
  param V: f32[4, D]
  ${body}
}
`;

const [first, second] = [
  ["M.a", "M.t"],
  ["M_2.a", "M_2.t"],
];
const within = (path: string, names: readonly string[]) => names.map((name) => `${path}.${name}`);

describe("names", () => {
  const one = { margin: "M()" };
  const two = "a: margin, b: margin";
  const both = { a: "M()", b: "M()" };

  test.each([
    ["two uses", "mean(logits(margin, x, W, y)) + mean(logits(margin, x, V, y))"],
    ["two names", "let same = margin\n  mean(logits(margin, x, W, y)) + mean(logits(same, x, V, y))"],
    ["scores first", "predict = scores(margin, x, W)\n  f(margin, x, W, y) + f(margin, x, V, y)"],
    ["scores and logits", "predict = scores(margin, x, W)\n  mean(logits(margin, x, V, y))"],
    ["functions", "f(margin, x, W, y) + mean(logits(margin, x, V, y)) + f(margin, x, W, y)"],
    [
      "training",
      "if training then f(margin, x, W, y) else mean(logits(margin, x, V, y)) + f(margin, x, W, y)",
    ],
  ])("of one setting: %s", (_, body) => {
    for (const training of [true, false]) {
      const names = namesOf(lossOf(body), one, training).filter((name) => name !== "W" && name !== "V");
      expect(names).toEqual(first);
    }
  });

  test("of a margin that the body itself calls", () => {
    const names = namesOf(
      lossOf("let own = M()\n  f(own, x, W, y) + f(own, x, V, y) + f(margin, x, W, y)"),
      one,
    );
    expect(names).toEqual(["W", "V", ...first, ...second]);
  });

  test("two that are written in two places are two, and scores read the first", () => {
    const body = "predict = scores(M(), x, W)\n  mean(logits(M(), x, W, y)) + mean(logits(M(), x, V, y))";
    expect(namesOf(lossOf(`${body} + f(margin, x, W, y)`), { margin: "ByClass()" })).toEqual([
      ...["W", "V", ...first, ...second, "ByClass.m", "ByClass.s"],
    ]);
  });

  test("two settings are two", () => {
    const body = "mean(logits(a, x, W, y)) + mean(logits(b, x, V, y)) + mean(logits(a, x, V, y))";
    expect(namesOf(lossOf(body, two), both)).toEqual(["W", "V", ...first, ...second]);
  });

  test("one margin in two settings, or in two calls, is one in each", () => {
    const body = "let m = M()\n  inner(x, y, a: m, b: m) + inner(x, y, a: m) + f(m, x, W, y) + f(m, x, V, y)";
    expect(namesOf(lossOf(`${body} + 0 * f(margin, x, W, y)`), { margin: "ByClass()" })).toEqual([
      ...["W", "V"],
      ...within("inner", ["W", ...first, ...second]),
      ...within("inner_2", ["W", ...first, ...second]),
      ...first,
      ...["ByClass.m", "ByClass.s"],
    ]);
  });

  test("a layer that takes a margin has it for itself", () => {
    const body =
      "mean(head()(x, y, margin)) + mean(head()(x, y, margin)) + f(margin, x, W, y) + f(margin, x, V, y)";
    expect(namesOf(lossOf(body), one)).toEqual([
      ...["W", "V"],
      ...within("head", ["W", ...first]),
      ...within("head_2", ["W", ...first]),
      ...first,
    ]);
  });
});

const [x, z] = [
  [
    [3, 4],
    [1, 0],
    [-2, 1],
  ],
  [
    [1, 1],
    [2, -1],
    [0, 3],
  ],
];

describe("values", () => {
  test("the scores of a margin are with its own variables, whichever comes first", () => {
    const source = `margin Scaled(first = 1) {
  param s: f32 ~ first
  scale = s
}
loss L(x: f32[N, D], z: f32[N, D], a = 2, b = 3, one: margin = Scaled(2), other: margin = Scaled(3)) {
  let before = sum(scores(other, x, z)) / b
  let after = sum(logits(one, x, z, range(N))) / a - sum(logits(other, x, z, range(N))) / b
  abs(before - sum(cosine(x, z))) + abs(after) + abs(sum(scores(one, x, z)) / a - before)
}\n`;
    const { value } = run(programOf(source, "L"), "value", { x: tensor(x), z: tensor(z) });
    expect(value && nested(value)).toBeCloseTo(0, 12);
  });

  const moving = `margin Moving() {
  state t = 8
  t <- t / 2 + mean(w_norm) / 2
  target = 0
  other = t
}
loss L(x: f32[N, D], z: f32[N, D], margin: margin) {
  let own = range(N)
  predict = scores(margin, x, z)
  sum(logits(margin, x, z, own)) + 100 * sum(logits(margin, z, x, own))
}\n`;
  const meanLength = (rows: readonly (readonly number[])[]): number =>
    rows.reduce((sum, row) => sum + Math.hypot(...row), 0) / rows.length;

  test("a state is updated by one use after the other", () => {
    const program = programOf(moving, "L", { set: { margin: "Moving" }, training: true });
    const outputs = run(program, "value", { x: tensor(x), z: tensor(z) });
    const middle = 4 + meanLength(z) / 2;
    const last = middle / 2 + meanLength(x) / 2;
    expect(Object.keys(outputs)).toEqual(["value", "next:Moving.t"]);
    expect(outputs["next:Moving.t"]?.data[0]).toBeCloseTo(last, 12);
    expect(outputs["value"]?.data[0]).toBeCloseTo(6 * middle + 600 * last, 9);
  });

  test("outside of training both read what it is", () => {
    const program = programOf(moving, "L", { set: { margin: "Moving" } });
    const outputs = run(program, "value", { x: tensor(x), z: tensor(z), "Moving.t": tensor(5) });
    expect(outputs["value"]?.data[0]).toBeCloseTo(6 * 5 + 600 * 5, 9);
  });
});

describe("in a train", () => {
  const source = `import { dense } from "std/layers"
import { margin_softmax, paired_softmax, partial_softmax } from "std/losses"
import { CurricularFace } from "std/margins"
import { sgd } from "std/optimizers"
model Tower(x: f32[N, 2]) -> f32[N, 2] = x |> dense(2, bias: false)
margin Learned(first = 0.5, largest = 100) {
  param t: f32 ~ first
  scale = min(exp(t), largest)
}
train T {
  model = [Tower, Tower]
  loss = paired_softmax(margin: Learned())
  data = npz("rows.npz", x: ["left", "right"])
  optimizer = sgd(rate: 1)
  batch = 3
  epochs = 1
}
`;
  const classified = { model: "Tower", data: 'npz("rows.npz", x: "x", y: "y", classes: 4)' };
  const named = (set: Readonly<Record<string, string>>) =>
    programOf(source, "T", { set }).variables.map(({ name }) => name);

  test("CLIP has one temperature, in steps and in evaluations", () => {
    const program = programOf(source, "T");
    const t = "paired_softmax.Learned.t";
    expect(program.variables.map(({ name }) => name)).toEqual(["dense.W", t]);
    const at = (value: number) => ({
      ...{ x: tensor(x), x_2: tensor(z), "dense.W": tensor([[1, 0.5], [-0.5, 1]]) }, // prettier-ignore
      [t]: tensor(value),
    });
    const step = run(program, "step", at(1));
    const lossAt = (value: number) => Number(run(program, "evaluate", at(value))["loss"]?.data[0]);
    expect(step["loss"]?.data[0]).toBeCloseTo(lossAt(1), 12);
    const slope = (lossAt(1 + 1e-5) - lossAt(1 - 1e-5)) / 2e-5;
    expect(Math.abs(slope)).toBeGreaterThan(0.01);
    expect(step[`next:${t}`]?.data[0]).toBeCloseTo(1 - slope, 8);
    const scores = (value: number) => run(program, "predict", at(value))["scores"]?.data[0];
    expect(scores(1)).toBeCloseTo(Number(scores(0)) * Math.E, 12);
    expect(functionOf(program, "step").graph.outputs.map(({ name }) => name)).toEqual([
      ...["loss", "trace:t", "next:dense.W", `next:${t}`],
    ]);
  });

  test("gradcheck of a loss whose margin is learned", () => {
    const host = hostOf({ "own.margo": source });
    const options = { ...defaultGradcheckOptions, points: 2 };
    const set = { margin: "Learned" };
    const { report, diagnostics } = gradcheckEntry(host, "own.margo", "paired_softmax", set, options);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(report).toMatchObject({ ok: true, notFinite: [] });
    expect(report?.maxRelativeError).toBeLessThan(1e-6);
  });

  test("a margin that is used once keeps its names, with a function in between too", () => {
    expect(named({ ...classified, loss: "margin_softmax(margin: Learned)" })).toEqual([
      ...["dense.W", "margin_softmax.W", "margin_softmax.Learned.t"],
    ]);
    expect(named({ ...classified, loss: "partial_softmax(margin: CurricularFace(), sampled: 2)" })).toEqual([
      ...["dense.W", "partial_softmax.W", "partial_softmax.CurricularFace.t"],
    ]);
  });
});

describe("what does not go", () => {
  test("a number for each class, for other classes", () => {
    const source = (kind: string, value: string) => `margin M() {
  ${kind} m: f32[C]${value}
  target = cos - m
}
loss f(x: f32[N, D], y: index<3>[N], z: index<5>[N]) {
  param W: f32[3, D]
  param V: f32[5, D]
  let margin = M()
  mean(logits(margin, x, W, y)) + mean(logits(margin, x, V, z))
}
`;
    const told = (
      kind: string,
      value: string,
    ) => `9 \`logits(margin, x, V, z)\`: M0417 \`m\` is f32[3] in an earlier use, and f32[C = 5] here
  2 \`${kind} m: f32[C]${value}\`: here, in \`M\`
  help: take a margin for each: two settings, or two calls of it`;
    check(source("param", ""), told("param", ""));
    check(source("state", " = 0"), told("state", " = 0"));
  });

  test("a margin that a function itself calls owns nothing", () => {
    expect(
      refusalOf(
        lossOf("g(x, W, y)").replace(
          "loss inner",
          "fn g(x: f32[N, D], W: f32[C, D], y: index<C>[N]) = f(M(), x, W, y)\nloss inner",
        ),
        "L",
        { set: { margin: "M" } },
      ),
    ).toContain("M0401");
  });
});
