/**
 * Margins: the names inside, the results, the two readings, states, parameters, penalties and sub-centres, each
 * against the formula written out here for a few rows and classes.
 */
import { describe, expect, test } from "vitest";
import type { ElaborateOptions } from "../../../compiler/check/index.ts";
import { nested, programOf, run, tensor, variablesOf } from "../../support/check-source.ts";

const x = [
  [3, 4],
  [1, 0],
  [-2, 1],
];
const W = [
  [1, 1],
  [0, -2],
  [-1, 0.9],
  [3, 0.1],
];
const y = [0, 3, 2];

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
const length = (a: readonly number[]): number => Math.sqrt(dot(a, a));
const cosines = x.map((row) => W.map((weight) => dot(row, weight) / (length(row) * length(weight))));
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
};
const own = y.map((label, row) => at(at(cosines, row), label));
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/** The scores that a margin gives; the loss is only there to hold it. */
function scoresOf(margin: string, options: ElaborateOptions = {}): readonly (readonly number[])[] {
  const z = outputsOf(margin, options)["value"];
  return z as unknown as readonly (readonly number[])[];
}

function outputsOf(margin: string, options: ElaborateOptions = {}): Record<string, unknown> {
  const source = `${margin}
layer head(C: int)(x: f32[N, D], W: f32[C, D], y: index<C>[N]) = logits(M(), x, W, y)
`;
  const program = programOf(source, "head", { set: { C: "4" }, ...options });
  const outputs = run(program, "value", {
    x: tensor(x),
    W: tensor(W),
    y: tensor(y, "i32"),
    step: tensor(2, "i32"),
  });
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, nested(value)]));
}

/** Every score by a formula of row and class. */
function table(score: (row: number, column: number) => number): readonly (readonly unknown[])[] {
  return x.map((_, row) => W.map((__, column) => expect.closeTo(score(row, column), 10)));
}
const cos = (row: number, column: number): number => at(at(cosines, row), column);
const isOwn = (row: number, column: number): boolean => y[row] === column;

describe("results and names", () => {
  test("without results the score is the cosine", () => {
    expect(scoresOf("margin M() {}")).toEqual(table(cos));
  });

  test("scale, target, other; theta, step and lengths", () => {
    const margin = `margin M(m = 0.25, s = 8) {
  let turned = cos(theta + m)
  scale = s * x_norm * w_norm
  target = turned - step / 10
  other = cos - cos_y
}`;
    expect(scoresOf(margin)).toEqual(
      table((row, column) => {
        const scale = 8 * length(at(x, row)) * length(at(W, column));
        const c = cos(row, column);
        return scale * (isOwn(row, column) ? Math.cos(Math.acos(c) + 0.25) - 0.2 : c - at(own, row));
      }),
    );
  });

  test("an `if` on values of the pair", () => {
    const margin = `margin M(m = 0.5) {
  let hard = if theta_y + m <= pi then cos(theta_y + m) else cos_y - m * sin(m)
  target = hard
  other = if cos > hard then cos * (1 + cos) else cos
}`;
    const hard = own.map((c) =>
      Math.acos(c) + 0.5 <= Math.PI ? Math.cos(Math.acos(c) + 0.5) : c - 0.5 * Math.sin(0.5),
    );
    expect(scoresOf(margin)).toEqual(
      table((row, column) => {
        const c = cos(row, column);
        if (isOwn(row, column)) return at(hard, row);
        return c > at(hard, row) ? c * (1 + c) : c;
      }),
    );
  });

  test("trigonometry of the target is computed for the rows alone", () => {
    const source = `margin M(m = 0.5) { target = cos(theta + m) }
layer head(C: int)(x: f32[N, D], W: f32[C, D], y: index<C>[N]) = logits(M(), x, W, y)\n`;
    const program = programOf(source, "head", { set: { C: "4" } });
    const [fn] = program.functions;
    const seen = new Set<string>();
    const visit = (node: {
      op: string;
      inputs: readonly never[];
      type: { shape: readonly { key: string }[] };
    }): void => {
      if (node.op === "acos") seen.add(node.type.shape.map(({ key }) => key).join());
      node.inputs.forEach(visit);
    };
    for (const { node } of fn?.graph.outputs ?? []) visit(node as never);
    expect([...seen]).toEqual(["N,1"]);
  });
});

describe("reductions", () => {
  test("without `over` they run over everything", () => {
    expect(scoresOf("margin M() { other = cos - mean(cos_y) }")).toEqual(
      table((row, column) => (isOwn(row, column) ? cos(row, column) : cos(row, column) - mean(own))),
    );
  });

  test("over classes a row keeps its column, and the target sees all classes", () => {
    const margin = "margin M() { target = cos - max(cos, over: C)\n  other = cos - sum(1, over: C) }";
    expect(scoresOf(margin)).toEqual(
      table((row, column) =>
        isOwn(row, column) ? cos(row, column) - Math.max(...at(cosines, row)) : cos(row, column) - 4,
      ),
    );
  });

  test("over rows a class keeps its column, and the target reads its own", () => {
    const margin = "margin M() { target = mean(cos, over: N)\n  other = mean(cos, over: N) }";
    const means = W.map((_, column) => mean(x.map((__, row) => cos(row, column))));
    expect(scoresOf(margin)).toEqual(table((_, column) => at(means, column)));
  });

  test("random numbers agree in both readings", () => {
    const margin = `margin M() {
  let noise = random_normal(like: cos)
  target = noise
  other = noise
}
`;
    const direct = scoresOf("margin M() { target = 0\n  other = random_normal(like: cos) }");
    const both = scoresOf(margin);
    expect(new Set(both.flat()).size).toBe(12);
    expect(both.length).toBe(direct.length);
  });
});

describe("per class", () => {
  const margins = [0.1, 0.2, 0.3, 0.4];

  test.each([
    ["a list by label", "margin M(m: list = [0.1, 0.2, 0.3, 0.4]) { target = cos - m[y] }"],
    ["a list as it stands", "margin M(m: list = [0.1, 0.2, 0.3, 0.4]) { target = cos - m }"],
    ["a tensor by label", "margin M(m: f32[C] = [0.1, 0.2, 0.3, 0.4]) { target = cos - m[y] }"],
    ["a parameter", "margin M() {\n  param m: f32[C] ~ [0.1, 0.2, 0.3, 0.4]\n  target = cos - m\n}"],
    ["a state", "margin M() {\n  state m: f32[C] = [0.1, 0.2, 0.3, 0.4]\n  target = cos - m[y]\n}"],
  ])("%s", (_, margin) => {
    expect(scoresOf(margin)).toEqual(
      table((row, column) => cos(row, column) - (isOwn(row, column) ? at(margins, column) : 0)),
    );
  });

  test("for other classes too", () => {
    const margin = "margin M(m: list = [0.1, 0.2, 0.3, 0.4]) {\n  target = cos\n  other = cos - m\n}";
    expect(scoresOf(margin)).toEqual(
      table((row, column) => cos(row, column) - (isOwn(row, column) ? 0 : at(margins, column))),
    );
  });
});

describe("the own class as a mask", () => {
  const mask = (row: number, column: number): number => (isOwn(row, column) ? 1 : 0);

  test("one_hot(y) has a column a class, also where the target reads it", () => {
    expect(scoresOf("margin M() {\n  target = 3 * one_hot(y)\n  other = one_hot(y, C) - 1\n}")).toEqual(
      table((row, column) => (isOwn(row, column) ? 3 : -1)),
    );
    expect(scoresOf("margin M() { other = cos - sum(one_hot(y), over: N) }")).toEqual(
      table((row, column) => cos(row, column) - (isOwn(row, column) ? 0 : y.includes(column) ? 1 : 0)),
    );
  });

  test("adds up numbers a class, and a state of the classes takes them", () => {
    const margin = `margin M() {
  state seen: f32[C] = 0.5
  seen <- 0.25 * seen + sum(one_hot(y) * (cos_y + cos), over: N)
  other = cos - seen
}`;
    const seen = W.map(
      (_, column) => 0.125 + x.reduce((sum, __, row) => sum + mask(row, column) * 2 * cos(row, column), 0),
    );
    const outputs = outputsOf(margin, { training: true });
    expect(outputs["next:M.seen"]).toEqual(seen.map((value) => expect.closeTo(value, 10)));
    expect(outputs["value"]).toEqual(
      table((row, column) => cos(row, column) - (isOwn(row, column) ? 0 : at(seen, column))),
    );
  });
});

describe("states and penalties", () => {
  const moving = `margin M(rate = 0.25) {
  state t = 1
  let before = t
  t <- (1 - rate) * t + rate * mean(cos_y)
  other = cos * t + before
}`;
  const t = 0.75 + 0.25 * mean(own);

  test("an update shows from its line on, in training", () => {
    const outputs = outputsOf(moving, { training: true });
    expect(outputs["value"]).toEqual(
      table((row, column) => (isOwn(row, column) ? cos(row, column) : cos(row, column) * t + 1)),
    );
    expect(outputs["next:M.t"]).toEqual(expect.closeTo(t, 10));
  });

  test("at inference nothing moves", () => {
    const outputs = outputsOf(moving);
    expect(Object.keys(outputs)).toEqual(["value"]);
    expect(outputs["value"]).toEqual(
      table((row, column) => (isOwn(row, column) ? cos(row, column) : cos(row, column) + 1)),
    );
  });

  test("a penalty is averaged over the rows and added to the loss", () => {
    const source = `margin M() { penalty = x_norm + step }
loss L(x: f32[N, D], W: f32[C, D], y: index<C>[N]) = 0 * sum(logits(M(), x, W, y))\n`;
    const program = programOf(source, "L");
    const outputs = run(program, "value", {
      x: tensor(x),
      W: tensor(W),
      y: tensor(y, "i32"),
      step: tensor(2, "i32"),
    });
    expect(outputs["value"]?.data[0]).toBeCloseTo(mean(x.map(length)) + 2, 10);
  });

  test("a margin's variables are named by the path to it", () => {
    const source = `margin M() {
  param a: f32
  state t = 0
  t <- mean(cos)
  target = a * cos + t
}
loss L(x: f32[N, D], y: index<C>[N], margin: margin) {
  param W: f32[C, D]
  mean(logits(margin, x, W, y)) + mean(logits(M(), x, W, y)) + mean(scores(margin, x, W))
}\n`;
    expect(variablesOf(programOf(source, "L", { set: { margin: "M" }, training: true }))).toEqual([
      "W: f32[C, D]",
      "M.a: f32",
      "M.t: f32",
      "M_2.a: f32",
      "M_2.t: f32",
    ]);
  });
});

describe("sub-centres", () => {
  const centres = W.map((row, index) => [row, [at(row, 1), -at(row, 0)], [index - 1, 2]]);

  test("the nearest of K counts, for cosines and lengths", () => {
    const source = `margin M() {
  scale = w_norm
  target = cos - 1
}
layer head(C: int)(x: f32[N, D], W: f32[C, K, D], y: index<C>[N]) = logits(M(), x, W, y)\n`;
    const program = programOf(source, "head", { set: { C: "4" } });
    const outputs = run(program, "value", { x: tensor(x), W: tensor(centres), y: tensor(y, "i32") });
    const best = (row: number, column: number): readonly number[] =>
      at(centres, column).reduce((a, b) =>
        dot(at(x, row), b) / length(b) > dot(at(x, row), a) / length(a) ? b : a,
      );
    expect(outputs["value"] && nested(outputs["value"])).toEqual(
      table((row, column) => {
        const centre = best(row, column);
        const c = dot(at(x, row), centre) / (length(at(x, row)) * length(centre));
        return length(centre) * (isOwn(row, column) ? c - 1 : c);
      }),
    );
  });
});

describe("curves", () => {
  test("target and other along the cosine, with their slopes", () => {
    const source = "margin M(m = 0.35, s = 64) {\n  scale = s\n  target = cos - m\n  other = cos * cos\n}\n";
    const program = programOf(source, "M");
    expect(program.functions.map(({ name, inputs }) => [name, inputs.map((input) => input.name)])).toEqual([
      ["curve", ["cos_y", "cos"]],
    ]);
    const outputs = run(program, "curve", { cos_y: tensor([[0.5], [-1]]), cos: tensor([[0.25], [1]]) });
    expect(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, nested(value)]))).toEqual(
      {
        target: [[expect.closeTo(0.15)], [expect.closeTo(-1.35)]],
        other: [[0.0625], [1]],
        scale: [[64], [64]],
        "gradient:target": [[1], [1]],
        "gradient:other": [[0.5], [2]],
      },
    );
  });
});

describe("the design's margins", () => {
  const lsoftmax = `/// ψ(θ) = (-1)^k cos(mθ) - 2k  for θ in [kπ/m, (k+1)π/m]   (Liu et al., ICML 2016)
margin M(m: int = 4, base = 1000, gamma = 2.5e-5, power = 35, lambda_min = 0) {
  let k = clamp(floor(m * theta / pi), 0, m - 1)
  let psi = (-1) ^ k * cos(m * theta) - 2 * k
  let lambda = max(lambda_min, base * (1 + gamma * step) ^ -power)
  scale = x_norm * w_norm
  target = (lambda * cos + psi) / (1 + lambda)
}`;

  test("L-Softmax", () => {
    const lambda = 1000 * (1 + 2.5e-5 * 2) ** -35;
    expect(scoresOf(lsoftmax)).toEqual(
      table((row, column) => {
        const c = cos(row, column);
        const k = Math.min(Math.floor((4 * Math.acos(c)) / Math.PI), 3);
        const psi = (-1) ** k * Math.cos(4 * Math.acos(c)) - 2 * k;
        const scale = length(at(x, row)) * length(at(W, column));
        return scale * (isOwn(row, column) ? (lambda * c + psi) / (1 + lambda) : c);
      }),
    );
  });

  test("CurricularFace", () => {
    const margin = `margin M(m = 0.5, s = 64, rate = 0.01) {
  state t = 0
  t <- (1 - rate) * t + rate * mean(cos_y)       // updated before it is read; no gradient flows through a state
  let hard = if theta_y + m <= pi then cos(theta_y + m) else cos_y - m * sin(m)
  scale = s
  target = hard
  other = if cos > hard then cos * (t + cos) else cos
}`;
    const t = 0.01 * mean(own);
    const hard = own.map((c) =>
      Math.acos(c) + 0.5 <= Math.PI ? Math.cos(Math.acos(c) + 0.5) : c - 0.5 * Math.sin(0.5),
    );
    expect(scoresOf(margin, { training: true })).toEqual(
      table((row, column) => {
        const c = cos(row, column);
        if (isOwn(row, column)) return 64 * at(hard, row);
        return 64 * (c > at(hard, row) ? c * (t + c) : c);
      }),
    );
  });
});
