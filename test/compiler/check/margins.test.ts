/**
 * Margins: the names inside, the results, the two readings, states, parameters, penalties and sub-centres, each
 * against the formula written out here for a few rows and classes.
 */
import { describe, expect, test } from "vitest";
import type { ElaborateOptions } from "../../../compiler/check/index.ts";
import { printGraph } from "../../../compiler/ir/text.ts";
import { check, nested, programOf, run, tensor, variablesOf } from "../../support/check-source.ts";

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

  const settings = "m: list = [0.1, 0.2, 0.3, 0.4]";
  const kept = "  state k: f32[C] = [0.1, 0.2, 0.3, 0.4]\n  param q: f32[C] ~ [0.1, 0.2, 0.3, 0.4]\n";

  test.each([
    ["exp(m)[y]", (m: number) => Math.exp(m)],
    ["exp(k)[y]", (m: number) => Math.exp(m)],
    ["(m / 2)[y]", (m: number) => m / 2],
    ["(q + k)[y]", (m: number) => 2 * m],
    ["log(m / sum(m))[y]", Math.log],
    ["clamp(k, 0.15, 0.3)[y]", (m: number) => Math.min(Math.max(m, 0.15), 0.3)],
    ["sort(m, over: 0, descending: true)[y]", (m: number) => 0.5 - m],
    ["sort(q, over: C, descending: true)[y]", (m: number) => 0.5 - m],
    ["[0.1, 0.2, 0.3, 0.4][y]", (m: number) => m],
    ["(k + [0.1, 0.2, 0.3, 0.4])[y]", (m: number) => 2 * m],
    ["(if q > 0.25 then k else 0)[y]", (m: number) => (m > 0.25 ? m : 0)],
    ["(k |> exp())[y]", (m: number) => Math.exp(m)],
  ])("the own class's of any expression: %s", (expression, own) => {
    const expected = table(
      (row, column) => cos(row, column) - (isOwn(row, column) ? own(at(margins, column)) : 0),
    );
    const kinds = [
      `margin M(${settings}) {\n${kept}  target = cos - ${expression}\n}`,
      `margin M(${settings}) {\n${kept}  let a = ${expression.slice(0, -3)}\n  target = cos - a[y]\n}`,
      `margin M(${settings}) {\n${kept}  let a = ${expression.slice(0, -3)}\n  target = cos - a\n}`,
    ];
    for (const margin of kinds) expect(scoresOf(margin)).toEqual(expected);
  });

  test("for every pair, where `other` compares itself with the own class", () => {
    const margin = `margin M(${settings}) {\n${kept}  let a = exp(k)\n  other = cos - a[y] - (m * 2)[y] + cos[y]\n}`;
    expect(scoresOf(margin)).toEqual(
      table((row, column) => {
        const m = at(margins, at(y, row));
        return cos(row, column) + (isOwn(row, column) ? 0 : at(own, row) - Math.exp(m) - 2 * m);
      }),
    );
  });

  test.each([
    ["a sum inside", "fn share(v: f32[...]) = v / sum(v)"],
    ["a sum in a function that it calls", "fn all(v: f32[...]) = sum(v)\nfn share(v: f32[...]) = v / all(v)"],
    ["a type of one axis", "fn share(v: f32[K]) = v / sum(v, over: K)"],
  ])("a function of all classes sees them all: %s", (_, declared) => {
    const expected = table((row, column) =>
      isOwn(row, column)
        ? cos(row, column) + 2 * at(margins, column)
        : cos(row, column) - at(margins, column),
    );
    const lines = `  let a = share(m)\n  let b: f32[C] = share(k)\n  target = cos + a + b[y]\n  other = cos - share(q)`;
    expect(scoresOf(`${declared}\nmargin M(${settings}) {\n${kept}${lines}\n}`)).toEqual(expected);
  });

  test("is the same graph as `[y]` behind each name", () => {
    const graph = (target: string): unknown =>
      programOf(
        `margin M(${settings}) {\n${kept}  target = ${target}\n}
layer head(C: int)(x: f32[N, D], W: f32[C, D], y: index<C>[N]) = logits(M(), x, W, y)\n`,
        "head",
        { set: { C: "4" } },
      ).functions.map((fn) => printGraph(fn.graph));
    expect(graph("cos - exp(k * m)[y]")).toEqual(graph("cos - exp(k[y] * m[y])"));
  });

  test("rows of the own class, lengths and cosines", () => {
    const rows = y.map((label) => y.filter((other) => other === label).length);
    expect(
      scoresOf(
        "margin M() {\n  let rows = sum(one_hot(y), over: N)\n  target = rows[y] + w_norm[y] + cos[y]\n}",
      ),
    ).toEqual(
      table((row, column) =>
        isOwn(row, column) ? at(rows, row) + length(at(W, column)) + cos(row, column) : cos(row, column),
      ),
    );
  });

  test("a table by class: rows of features, and a matrix of classes", () => {
    const proto = "  state proto: f32[C, 2] = [[1, 2], [3, 4], [5, 6], [7, 8]]\n";
    const sums = [3, 7, 11, 15];
    expect(scoresOf(`margin M() {\n${proto}  target = sum(proto[y], over: 1)\n}`)).toEqual(
      table((row, column) => (isOwn(row, column) ? at(sums, column) : cos(row, column))),
    );
    const apart = [
      [0, 1, 2, 3],
      [4, 0, 5, 6],
      [7, 8, 0, 9],
      [1, 2, 3, 5],
    ];
    const matrix = `  param apart: f32[C, C] ~ ${JSON.stringify(apart)}\n`;
    expect(scoresOf(`margin M() {\n${matrix}  target = apart[y]\n  other = cos - apart[y]\n}`)).toEqual(
      table((row, column) => {
        const entry = at(at(apart, at(y, row)), column);
        return isOwn(row, column) ? entry : cos(row, column) - entry;
      }),
    );
  });

  test("brackets choose other classes too", () => {
    const hardest = cosines.map((row) => row.indexOf(Math.max(...row)));
    const chosen = "argmax(cos, over: C)";
    const margin = `margin M() {\n${kept}  target = cos - k[${chosen}] - (2 * k)[${chosen}]\n  other = cos[${chosen}] - cos[1] - (2 * k)[0] - k[1]\n}`;
    expect(scoresOf(margin)).toEqual(
      table((row, column) => {
        const best = at(hardest, row);
        if (isOwn(row, column)) return cos(row, column) - 3 * at(margins, best);
        return cos(row, best) - cos(row, 1) - 0.4;
      }),
    );
  });

  test("classes as many as features or rows are still the classes", () => {
    const source = `margin M() {
  state proto: f32[C, D] = [[1, 2, 0], [3, 4, 0], [5, 6, 0]]
  state f: f32[D] = f32(range(D))
  target = sum(proto[y] * f, over: D) + max(proto[y], over: D)
}
layer head(C: int)(x: f32[N, 3], W: f32[C, 3], y: index<C>[N]) = logits(M(), x, W, y)\n`;
    const rows = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const program = programOf(source, "head", { set: { C: "3" } });
    const outputs = run(program, "value", { x: tensor(rows), W: tensor(rows), y: tensor([2, 0, 1], "i32") });
    expect(outputs["value"] && nested(outputs["value"])).toEqual([
      [1, 0, 12],
      [4, 1, 0],
      [0, 8, 1],
    ]);
  });

  test("for other classes too", () => {
    const margin = "margin M(m: list = [0.1, 0.2, 0.3, 0.4]) {\n  target = cos\n  other = cos - m\n}";
    expect(scoresOf(margin)).toEqual(
      table((row, column) => cos(row, column) - (isOwn(row, column) ? 0 : at(margins, column))),
    );
  });
});

describe("what has no own class", () => {
  const head = "fn f(x: f32[N, D], W: f32[3, D], y: index<3>[N]) = logits(M(), x, W, y)\n";

  test.each(["cos_y", "theta_y", "x_norm", "max(cos, over: C)"])("%s is a number a row", (name) => {
    check(
      `margin M() { target = cos - ${name}[y] }\n`,
      `1 \`${name}[y]\`: M0413 this is not one number a class but f32[N, 1]: there is no own class to read
  help: leave the brackets out`,
    );
  });

  test("the features are no classes", () => {
    check(
      "margin M() {\n  param f: f32[D]\n  target = cos + sum(f[y])\n}\n" + head,
      `3 \`f\`: M0414 there are C classes, and this holds D
  3 \`f[y]\`: here each class reads its own`,
    );
  });

  test("a number", () => {
    check("margin M(m = 0.5) { target = cos - m[y] }\n", "1 `m`: M0216 this has no rows to take: it is 0.5");
  });

  test("a table of features for each pair, and what is stacked higher", () => {
    const layer = head.replace("fn f", "layer f()");
    check(
      "margin M() {\n  state p: f32[C, D] = 1\n  other = cos - p[y]\n}\n" + layer,
      `5 \`logits(M(), x, W, y)\`: M0201 f32[N, 3] and f32[N, D] do not broadcast
  3 \`cos - p[y]\`: here, in \`M\`
  3 \`p[y]\`: this is f32[N, D]`,
    );
    check(
      "margin M() {\n  state p: f32[C, 3, 2] = 1\n  other = p[y]\n}\n",
      "3 `p[y]`: M0408 `other` is a number for each row or pair, not f32[N, 3, 2]",
    );
  });
});

describe("as many numbers as classes", () => {
  const loss = "fn f(x: f32[N, D], W: f32[3, D], y: index<3>[N]) = logits(M(m: [1, 2]), x, W, y)\n";
  const told = (line: number, read: string): string =>
    `5 \`[1, 2]\`: M0414 there are 3 classes, and this holds 2
  ${line} \`${read}\`: here each class reads its own`;

  test.each([
    ["m[y]", "m[y]"],
    ["(m / 2)[y]", "m / 2)[y]"],
    ["half[y]", "half[y]"],
  ])("a list is told where it was given: %s", (target, read) => {
    const margin = `margin M(m: list) {\n  let half = m / 2\n  target = cos - ${target} + sum(half)\n}\n`;
    check(margin + loss, told(3, read));
  });

  test("a default is told at the default", () => {
    check(
      `margin M(m: list = [1, 2]) {\n  target = cos - m[y]\n}\nfn f(x: f32[N, D], W: f32[3, D], y: index<3>[N]) = logits(M(), x, W, y)\n`,
      `4 \`logits(M(), x, W, y)\`: M0414 there are 3 classes, and this holds 2
  1 \`[1, 2]\`: here, in \`M\`
  2 \`m[y]\`: here each class reads its own`,
    );
  });

  test("in any body: labels never read past the end, and a list for the classes is as long", () => {
    check(
      `fn f(y: index<3>[N]) = [1, 2][y] + [1, 2, 3, 4][y]
fn g(y: index<3>[N], few: f32[2], many: f32[5, D]) = sum(few[y]) + sum(many[y])
fn h() = [1, 2, 3, 4][range(3)]
`,
      `1 \`[1, 2]\`: M0414 there are 3 classes, and this holds 2
  1 \`[1, 2][y]\`: here each class reads its own
1 \`[1, 2, 3, 4]\`: M0414 there are 3 classes, and this holds 4
  1 \`[1, 2, 3, 4][y]\`: here each class reads its own
2 \`few\`: M0414 there are 3 classes, and this holds 2
  2 \`few[y]\`: here each class reads its own`,
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
