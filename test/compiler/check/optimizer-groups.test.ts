/** Several optimizers in a `train`: which parameter gets which, what is frozen, and steps worked out by hand. */
import { describe, expect, test } from "vitest";
import type { Program } from "../../../compiler/program.ts";
import { functionOf, nested, programOf, refusalOf, run, tensor } from "../../support/check-source.ts";

const source = `import { adam, frozen, sgd } from "std/optimizers"
layer dense(units: int)(x: f32[N, K]) {
  param W: f32[K, units] ~ 0.5
  param b: f32[units]
  x @ W + b
}
model Net(x: f32[N, 2]) -> f32[N, 2] = x |> dense(2) |> dense(2)
loss near(x: f32[N, D], y: f32[N, D]) {
  param scale: f32 ~ 1
  mean((scale * x - y) ^ 2)
}
train T {
  model = Net
  loss = near
  data = npz("rows.npz")
  optimizer = sgd
  batch = 2
  epochs = 1
}
`;

const made = (optimizer: string): Program => programOf(source, "T", { set: { optimizer } });

const feeds = {
  x: tensor([
    [1, 2],
    [3, -1],
  ]),
  y: tensor([
    [0, 1],
    [1, 0],
  ]),
};

function moved(program: Program): Readonly<Record<string, unknown>> {
  const outputs = run(program, "step", feeds);
  const next = Object.entries(outputs).filter(([name]) => name.startsWith("next:"));
  return Object.fromEntries(next.map(([name, value]) => [name.slice("next:".length), nested(value)]));
}

const all = moved(made("sgd(rate: 0.1)"));
const faster = moved(made("sgd(rate: 1)"));

describe("an optimizer for some parameters", () => {
  test("moves them, and the one behind it the others", () => {
    const found = moved(made('[sgd(rate: 1) |> only("dense_2", "near.scale"), sgd(rate: 0.1)]'));
    expect(found).toEqual({
      "dense.W": all["dense.W"],
      "dense.b": all["dense.b"],
      "dense_2.W": faster["dense_2.W"],
      "dense_2.b": faster["dense_2.b"],
      "near.scale": faster["near.scale"],
    });
  });

  test.each([
    ['"dense"', ["dense.W", "dense.b"]],
    ['"dense.W"', ["dense.W"]],
    ['"*.b"', ["dense.b", "dense_2.b"]],
    ['"dense*"', ["dense.W", "dense.b", "dense_2.W", "dense_2.b"]],
    ['"near", "*_2.W"', ["dense_2.W", "near.scale"]],
  ])("%s means %j", (names, meant) => {
    const found = moved(made(`[sgd(rate: 1) |> only(${names}), sgd(rate: 0.1)]`));
    for (const [name, value] of Object.entries(found))
      expect(value, name).toEqual((meant.includes(name) ? faster : all)[name]);
  });

  test("the first that is for a parameter counts, and each has states of its own", () => {
    const program = made('[sgd(momentum: 0.5) |> only("dense.W"), adam |> only("dense"), sgd]');
    const states = program.variables.filter(({ kind }) => kind === "optimizer").map(({ name }) => name);
    expect(states).toEqual(["sgd.v.dense.W", "adam.m.dense.b", "adam.v.dense.b"]);
  });

  test("rates that follow schedules are shown apart", () => {
    const rates = [3, 2, 1].map((base) => `sgd(rate: ${base} / (1 + step))`);
    const program = made(`[${rates[0]} |> only("dense"), ${rates[1]} |> only("dense_2"), ${rates[2]}]`);
    const names = functionOf(program, "step").graph.outputs.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("trace:"))).toEqual([
      ...["trace:scale", "trace:rate", "trace:sgd.rate", "trace:sgd.rate_2"],
    ]);
  });
});

describe("frozen parameters", () => {
  test("have no next value, and their gradients are not in the length of all", () => {
    const clipped = (optimizer: string) => moved(made(optimizer));
    const free = clipped('[frozen() |> only("dense", "dense_2"), sgd(rate: 0.1)]');
    expect(Object.keys(free)).toEqual(["near.scale"]);
    // The gradient of the one that moves is shortened to 0.001 by its own length alone.
    const short = clipped('[frozen() |> only("dense", "dense_2"), sgd(rate: 1, clip: 0.001)]');
    expect(Math.abs(Number(short["near.scale"]) - 1)).toBeCloseTo(0.001, 12);
    expect(Object.keys(moved(made("frozen()")))).toEqual([]);
  });
});

test.each([
  ['[sgd |> only("dense_3"), sgd]', "M0519", "`dense_2`"],
  ['[sgd, adam |> only("dense")]', "M0520", "those before `adam`"],
  ['sgd |> only("dense")', "M0521", "`dense_2.W`"],
  ['[sgd |> only("dense") |> only("dense_2"), sgd]', "M0306", "into one `only`"],
  ["sgd |> only()", "M0306", "names of parameters"],
  ["sgd |> only(3)", "M0306", "not 3"],
  ['3 |> only("dense")', "M0306", "an optimizer"],
  ["[sgd, Net]", "M0503", "a list of optimizers"],
])("optimizer = %s: %s", (optimizer, code, words) => {
  const refused = refusalOf(source, "T", { set: { optimizer } });
  expect(refused).toContain(code);
  expect(refused).toContain(words);
});
