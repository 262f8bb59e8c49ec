/** Entries that are not a `train`: values, gradients, variables by path, optimizers, and what is refused. */
import { describe, expect, test } from "vitest";
import { checkFile } from "../../../compiler/check/index.ts";
import { defaultGradcheckOptions } from "../../../compiler/gradcheck.ts";
import { gradcheckEntry } from "../../../compiler/gradcheck/entries.ts";
import { hostOf } from "../../support/elaborated-loss.ts";
import {
  functionOf,
  nested,
  programOf,
  refusalOf,
  run,
  tensor,
  typesOf,
  variablesOf,
} from "../../support/check-source.ts";

describe("layers and models", () => {
  const source = `layer scale(initial = 1.0)(x: f32[..., K]) {
  param a: f32[K] ~ initial
  x * a
}
layer twice()(x: f32[N, K]) = x |> scale() |> scale(initial: 2)
model M(x: f32[N, 3]) = x |> twice() |> scale() |> twice()
`;

  test("variables are named by the path of calls, numbered in one body", () => {
    expect(variablesOf(programOf(source, "M"))).toEqual([
      "twice.scale.a: f32[3]",
      "twice.scale_2.a: f32[3]",
      "scale.a: f32[3]",
      "twice_2.scale.a: f32[3]",
      "twice_2.scale_2.a: f32[3]",
    ]);
  });

  test("an entry's own parameter has a bare name, and gradients come on demand", () => {
    const program = programOf(source, "scale", { set: { initial: "3" }, gradients: true });
    const outputs = run(program, "value", { x: tensor([[1, 2]]) });
    expect(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, nested(value)]))).toEqual(
      {
        value: [[3, 6]],
        "gradient:x": [[3, 3]],
        "gradient:a": [1, 2],
      },
    );
  });

  test("a layer in a variable, a model in a model", () => {
    const text = `${source}model Outer(x: f32[N, 3]) {
  let inner = scale(initial: 5)
  M(x) |> inner
}\n`;
    expect(variablesOf(programOf(text, "Outer")).at(-1)).toBe("scale.a: f32[3]");
    expect(variablesOf(programOf(text, "Outer"))[0]).toBe("M.twice.scale.a: f32[3]");
  });

  test("initialisers know the shape, and how much flows in and out", () => {
    const text = `fn he() = sqrt(2 / fan_in) * (0 * random_normal() + 1)
layer filter()(x: f32[N, K]) {
  param W: f32[3, 3, 2, 5] ~ he()
  param V: f32[4, 2] ~ fan_in + 10 * fan_out
  x + sum(W) + sum(V)
}\n`;
    const program = programOf(text, "filter");
    const probe = {
      ...program,
      functions: [
        {
          name: "probe",
          inputs: [],
          graph: { outputs: program.variables.map(({ name, initial }) => ({ name, node: initial })) },
        },
      ],
    };
    const first = run(probe, "probe", {});
    expect(first["W"]?.data[0]).toBeCloseTo(Math.sqrt(2 / 18), 12);
    expect(first["V"]?.data[0]).toBe(4 + 20);
  });
});

describe("optimizers", () => {
  test("one update from a gradient", () => {
    const source = `optimizer heavy(rate = 0.5) {
  state v = 1
  v <- 0.5 * v + grad
  param <- param - rate * v
}\n`;
    const outputs = run(programOf(source, "heavy"), "value", { param: tensor([1, 2]), grad: tensor([2, 4]) });
    expect(nested(outputs["value"] ?? tensor(NaN))).toEqual([1 - 0.5 * 2.5, 2 - 0.5 * 4.5]);
    expect(nested(outputs["next:v"] ?? tensor(NaN))).toEqual([2.5, 4.5]);
  });
});

describe("open settings", () => {
  const source = "layer dense(units: int)(x: f32[N, K]) {\n  param W: f32[K, units]\n  x @ W\n}\n";

  test("stay free dimensions where that is asked for", () => {
    const program = programOf(source, "dense", { openSettings: true });
    expect(variablesOf(program)).toEqual(["W: f32[K, units]"]);
  });

  test("are missing otherwise", () => {
    expect(refusalOf(source, "dense")).toContain("M0304 `dense` needs its setting `units`");
    expect(refusalOf(source, "dens")).toContain("did you mean `dense`?");
    expect(refusalOf("let a = 1\n", "a")).toContain("M0121 `a` is a constant");
    expect(refusalOf(source, "dense", { set: { units: "2.5" } })).toContain(
      "M0307 `units` is a whole number",
    );
    expect(refusalOf(source, "dense", { set: { unit: "2" } })).toContain(
      "M0302 `dense` has no parameter `unit`",
    );
  });
});

describe("imports", () => {
  test("an entry may be imported, and settings see the file's names", () => {
    const program = programOf(
      'import { margin_softmax } from "std/losses"\nimport { ArcFace } from "std/margins"\n',
      "margin_softmax",
      {
        set: { margin: "ArcFace(m: 0.25)" },
      },
    );
    expect(functionOf(program, "value").inputs.map(({ name }) => name)).toEqual(["x", "y"]);
    expect(variablesOf(program)).toEqual(["W: f32[C, D]"]);
  });

  test("entries are what is declared and imported", () => {
    const text =
      'import { dense } from "std/layers"\nlet k = 3\n/// Says it.\nexport fn f(x: f32[N, 4]) = dense(k)(x)\n';
    const { entries } = checkFile(hostOf({ "a.margo": text }), "a.margo");
    expect(entries.map(({ name, kind, file, doc }) => [name, kind, file, doc])).toEqual([
      ["f", "fn", "a.margo", "Says it."],
      ["dense", "layer", "std/layers", expect.any(String)],
    ]);
  });
});

describe("numbers by class where C is open", () => {
  const source = `import { margin_softmax } from "std/losses"
margin Prior(counts: list) {
  other = cos + log(counts)
  target = cos + log(counts[y])
}
margin Fit(counts: list = [4, 1], a = 2) {
  param m: f32[C] ~ (a * counts ^ -1)
  target = cos - m[y]
}
loss L(x: f32[N, D], y: index<C>[N]) {
  param W: f32[C, D]
  sum(logits(Prior(counts: [1, 2, 3]), x, W, y)) + margin_softmax(margin: Fit(counts: [4, 2, 1]))(x, y)
}
`;

  test("a curve has as many classes as the list, and shows the first beside the second", () => {
    const program = programOf(source, "Prior", { set: { counts: "[1, 2, 3]" } });
    const outputs = run(program, "curve", {
      cos_y: tensor([[0.5]]),
      cos: tensor([[0.25]]),
      y: tensor([[0]], "i32"),
    });
    expect(outputs["target"] && nested(outputs["target"])).toEqual([[0.5]]);
    expect(outputs["other"] && nested(outputs["other"])).toEqual([[expect.closeTo(0.25 + Math.log(2))]]);
    const fit = programOf(source, "Fit");
    expect(variablesOf(fit)).toEqual(["m: f32[2]"]);
  });

  test("weights of one length have it for the own class too", () => {
    const program = programOf("margin M() { target = cos + (2 * w_norm)[y] }\n", "M");
    const inputs = { cos_y: tensor([[0.5]]), cos: tensor([[0.25]]), w_norm: tensor(3) };
    const { target } = run(program, "curve", inputs);
    expect(target && nested(target)).toEqual([[6.5]]);
  });

  test("a loss too", () => {
    expect(variablesOf(programOf(source, "L"))).toEqual([
      "W: f32[3, D]",
      "margin_softmax.W: f32[3, D]",
      "margin_softmax.Fit.m: f32[3]",
    ]);
  });

  test.each(["Prior", "Fit", "L"])("gradcheck of %s", (entry) => {
    const host = hostOf({ "a.margo": source });
    const { report, diagnostics } = gradcheckEntry(host, "a.margo", entry, {}, defaultGradcheckOptions);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(report?.ok).toBe(true);
  });
});

describe("names of counters and readings", () => {
  test("an input or variable beside a counter of its name is told", () => {
    const noise = "export fn noise(step: f32[N, 2]) = step + random_normal(like: step)\n";
    expect(refusalOf(noise, "noise")).toContain("M0123 the input `step` has the name of a counter");
    const layer = "layer late()(x: f32[N]) {\n  state epoch = 0\n  x * epoch + random_normal(like: x)\n}\n";
    expect(functionOf(programOf(layer, "late"), "value").graph.outputs).toHaveLength(1);
    const clash = layer.replaceAll("epoch", "step");
    expect(refusalOf(clash, "late")).toContain("M0123 the state `step` has the name of a counter");
    const schedule = "fn halved(step: f32) = 0.5 ^ step\n";
    expect(functionOf(programOf(schedule, "halved"), "value").inputs).toHaveLength(1);
  });

  test("a margin's variables have names of their own", () => {
    expect(refusalOf("margin M() {\n  state cos_y = 0\n  target = cos - cos_y\n}\n", "M")).toBe(
      `2 \`cos_y\`: M0123 the state \`cos_y\` has the name of what a margin is given
  help: rename it`,
    );
  });
});

describe("types for the editor", () => {
  test("carry the names of the source", () => {
    const types = typesOf(`fn f(x: f32[N, D], y: index<C>[N], k: int) {
  let w = sum(x, over: D)
  w + one_hot(y, C)[0][0] + k
}\n`);
    expect(types["sum(x, over: D)"]).toBe("f32[N]");
    expect(types["one_hot(y, C)"]).toBe("f32[N, C]");
    expect(types["y"]).toBe("index<C>[N]");
    expect(types["k"]).toBe("int k");
  });
});
