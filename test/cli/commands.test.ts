/** `margo run`, `ir`, `gradcheck`, `build`, `types` and `plot` as processes. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "@jridgewell/sourcemap-codec";
import { describe, expect, test } from "vitest";
import { temporaryPlace } from "../support/cli.ts";

const place = temporaryPlace();
place.write(
  "mine.margo",
  `import { margin_softmax, mean_squared_error } from "std/losses"
import { dense } from "std/layers"
import { CurricularFace, LSoftmax } from "std/margins"

export fn square(x: f32[N], scale = 1) = scale * x ^ 2
model Net(x: f32[N, 3]) -> f32[N, 2] { x |> dense(2) }
margin Mine(m: int = 2) {
  require m >= 1 else "m counts pieces: at least 1"
  let k = clamp(floor(m * theta / pi), 0, m - 1)
  scale = x_norm * w_norm
  target = (-1) ^ k * cos(m * theta) - 2 * k
}
`,
);

interface RunOutput {
  readonly value: number | readonly number[];
  readonly grads: Readonly<Record<string, unknown>>;
  readonly state: Readonly<Record<string, unknown>>;
}

async function run(input: object, ...args: readonly string[]): Promise<RunOutput> {
  const { code, out, err } = await place.margoReading(
    JSON.stringify(input),
    "run",
    "mine.margo",
    ...args,
    "--inputs",
    "-",
  );
  expect(code, err).toBe(0);
  return JSON.parse(out) as RunOutput;
}

describe("run", () => {
  test("a function, with settings and gradients", async () => {
    expect(await run({ inputs: { x: [1, 2, 3] } }, "square", "--set", "scale=2", "--grad")).toEqual({
      value: [2, 8, 18],
      grads: { x: [4, 8, 12] },
      state: {},
    });
  });

  test("a loss that is only imported, with a margin of one's own, in float64", async () => {
    const inputs = { x: [[1, 0.5]], y: [0] };
    const params = {
      W: [
        [1, 0],
        [0, 1],
      ],
    };
    const { value, grads } = await run(
      { inputs, params },
      "margin_softmax",
      "--set",
      "margin=Mine(m: 1)",
      "--grad",
    );
    expect(value).toBeCloseTo(Math.log(1 + Math.exp(0.5 - 1)), 12);
    expect(Object.keys(grads).sort()).toEqual(["W", "x"]);
  });

  test("states come back updated", async () => {
    const inputs = { x: [[1, 0]], y: [0] };
    const params = {
      W: [
        [1, 0],
        [0, 1],
      ],
    };
    const { state } = await run(
      { inputs, params },
      "margin_softmax",
      "--set",
      "margin=CurricularFace(rate: 0.5)",
    );
    expect(Object.values(state)).toEqual([0.5]);
  });

  test("parameters that are not given come from the seed", async () => {
    const input = { inputs: { x: [[1, 2, 3]] } };
    const one = await run(input, "Net", "--seed", "1");
    expect(await run(input, "Net", "--seed", "1")).toEqual(one);
    expect(await run(input, "Net", "--seed", "2")).not.toEqual(one);
  });

  test("tfjs agrees with the reference to f32's precision", async () => {
    const input = { inputs: { x: [1, -2, 0.3] } };
    const exact = (await run(input, "square", "--grad")).value as readonly number[];
    const close = (await run(input, "square", "--grad", "--target", "tfjs")).value as readonly number[];
    for (const [at, value] of exact.entries()) expect(close[at]).toBeCloseTo(value, 6);
  });

  test("npz in and out", async () => {
    place.write("square.json", JSON.stringify({ inputs: { x: [1, 2] } }));
    expect(
      (await place.margo("run", "mine.margo", "square", "--inputs", "square.json", "--out", "value.npz"))
        .code,
    ).toBe(0);
    expect(readFileSync(join(place.path, "value.npz")).subarray(0, 2).toString()).toBe("PK");
  });

  test.each([
    { name: "no JSON", text: "{", entry: "square", says: "no JSON" },
    { name: "an unknown key", text: '{"input":{}}', entry: "square", says: '"input"' },
    { name: "an unknown input", text: '{"inputs":{"X":[1]}}', entry: "square", says: "X" },
    { name: "a missing input", text: "{}", entry: "square", says: "missing" },
    { name: "a ragged list", text: '{"inputs":{"x":[[1,2,3],[4,5]]}}', entry: "Net", says: "elements" },
    { name: "a wrong shape", text: '{"inputs":{"x":[[1,2]]}}', entry: "Net", says: "3" },
    { name: "a word for a number", text: '{"inputs":{"x":["one"]}}', entry: "square", says: "not a number" },
    { name: "a negative step", text: '{"inputs":{"x":[1]},"step":-1}', entry: "square", says: "step" },
    { name: "an unknown entry", text: "{}", entry: "squire", says: "squire" },
  ])("$name is a fault", async ({ text, entry, says }) => {
    const { code, out, err } = await place.margoReading(text, "run", "mine.margo", entry, "--inputs", "-");
    expect({ code, out }, err).toEqual({ code: 1, out: "" });
    expect(err).toContain(says);
    expect(err).not.toContain("bug in Margo");
  });

  test("a label out of range names its row", async () => {
    const text = JSON.stringify({
      inputs: {
        x: [
          [1, 0],
          [0, 1],
        ],
        y: [0, 5],
      },
      params: {
        W: [
          [1, 0],
          [0, 1],
        ],
      },
    });
    const { code, err } = await place.margoReading(
      text,
      "run",
      "mine.margo",
      "margin_softmax",
      "--set",
      "margin=Mine()",
      "--inputs",
      "-",
    );
    expect(code).toBe(1);
    expect(err).toMatch(/5 in row 1/);
  });

  test("a setting out of range is a diagnostic", async () => {
    const { code, err } = await place.margo(
      "run",
      "mine.margo",
      "margin_softmax",
      "--set",
      "margin=Mine(m: 0)",
    );
    expect(code).toBe(1);
    expect(err).toContain("m counts pieces");
  });
});

describe("ir", () => {
  test.each([
    "lower",
    "decompose",
    "angles",
    "logarithms",
    "pairs",
    "parts",
    "gradient",
    "simplify",
    "stream",
    "fuse",
    "schedule",
    "plan",
  ])("after %s, verified", async (stage) => {
    const { code, out, err } = await place.margo(
      "ir",
      "mine.margo",
      "--entry",
      "Net",
      "--stage",
      stage,
      "--verify",
    );
    expect(code, err).toBe(0);
    expect(out).toContain('output "value"');
  });

  test.each(["reference", "tfjs"])("--dim tells the classes that no shape tells, on %s", async (target) => {
    place.write("counts.margo", "fn counts(y: index<C>[N]) = sum(one_hot(y), over: N)\n");
    const args = ["run", "counts.margo", "counts", "--inputs", "labels.json", "--target", target];
    place.write("labels.json", '{ "inputs": { "y": [0, 2, 2, 1] } }');
    const { out, err } = await place.margo(...args, "--dim", "C=3");
    expect(JSON.parse(out), err).toEqual({ value: [1, 1, 2], grads: {}, state: {} });
    expect((await place.margo(...args)).err).toContain("give a parameter that has it, or --dim C=10");
    expect((await place.margo(...args, "--dim", "C=2")).err).toContain(
      "y holds 2 in row 1; labels here are 0 … 1",
    );
  });

  test("the plan as JSON has the peak", async () => {
    const { code, out } = await place.margo(
      "ir",
      "mine.margo",
      "--entry",
      "Net",
      "--stage",
      "plan",
      "--json",
      "--dim",
      "N=64",
    );
    expect(code).toBe(0);
    const plan = JSON.parse(out) as {
      peakBytes: number;
      parameterBytes: number;
      dims: object;
      buffers: readonly object[];
    };
    expect(plan.dims).toEqual({ N: 64 });
    expect(plan.parameterBytes).toBe((3 * 2 + 2) * 4);
    expect(plan.peakBytes).toBeGreaterThanOrEqual(plan.parameterBytes + 64 * 2 * 4);
    expect(plan.buffers.length).toBeGreaterThan(0);
  });

  test("an unknown stage is a wrong use, an unknown entry a fault", async () => {
    expect((await place.margo("ir", "mine.margo", "--entry", "Net", "--stage", "nothing")).code).toBe(2);
    expect((await place.margo("ir", "mine.margo", "--entry", "Nett")).code).toBe(1);
    expect((await place.margo("ir", "mine.margo")).code).toBe(1);
  });
});

describe("gradcheck", () => {
  test("passes on what the file declares", async () => {
    const { code, out, err } = await place.margo("gradcheck", "mine.margo");
    expect(code, err).toBe(0);
    for (const entry of ["square", "Net", "Mine"]) expect(out).toContain(entry);
  });

  test("takes further files, but entries with one file only", async () => {
    place.write("more.margo", "fn cube(x: f32[N]) = x ^ 3\n");
    const both = await place.margo("gradcheck", "mine.margo", "./more.margo");
    expect(both.code, both.err).toBe(0);
    expect(both.out).toMatch(/^mine\.margo\n(?:.*\n)*more\.margo\nok {4}cube:/);
    const named = await place.margo("gradcheck", "mine.margo", "./more.margo", "cube");
    expect(named).toMatchObject({ code: 2, out: "" });
    expect(named.err).toContain("cube could belong to any of 2 files");
  });

  test("an entry with an infinite gradient fails", async () => {
    place.write("steep.margo", "fn steep(x: f32[N]) = sqrt(x * 0)\n");
    const { code, out } = await place.margo("gradcheck", "steep.margo");
    expect(code).toBe(1);
    expect(out).toContain("steep");
  });
});

describe("build", () => {
  test("writes a module, its map and its types, finds them fresh, and says when they are stale", async () => {
    const args = ["build", "mine.margo", "--out", "built"];
    expect(await place.margo(...args)).toEqual({
      code: 0,
      out: `${["Net.js", "Net.js.map", "Net.d.ts"].map((name) => join("built", name)).join("\n")}\n`,
      err: "",
    });
    expect((await place.margo(...args, "--check")).code).toBe(0);
    place.write("built/Net.js", "// edited\n");
    const stale = await place.margo(...args, "--check");
    expect(stale.code).toBe(1);
    expect(stale.err).toContain("stale");
  });

  test("the map leads from a statement to the line it was made of", async () => {
    const text = `import { normal } from "std/initialisers"
model Net(x: f32[N, 3]) {
  param W: f32[3, 2] ~ normal(std: 0.1)
  x @ W
}
`;
    place.write("mapped.margo", text);
    await place.margo("build", "mapped.margo", "--out", "built/maps");
    const js = readFileSync(join(place.path, "built/maps/Net.js"), "utf8").split("\n");
    expect(js.at(-2)).toBe("//# sourceMappingURL=Net.js.map");
    const map = JSON.parse(readFileSync(join(place.path, "built/maps/Net.js.map"), "utf8"));
    expect(map).toMatchObject({ version: 3, file: "Net.js", names: [] });
    const lines = decode(map.mappings);
    const at = js.findIndex((line) => line.includes("k.matMul("));
    const [segment] = lines[at] ?? [];
    const [column = -1, source = -1, line = -1, sourceColumn = -1] = segment ?? [];
    expect(column).toBe(js[at]?.search(/\S/));
    expect([map.sources[source], line + 1, sourceColumn + 1]).toEqual(["../../mapped.margo", 4, 3]);
    expect(map.sourcesContent[source]).toBe(text);
    const library = map.sources.indexOf("margo:///std/initialisers.margo");
    expect(map.sourcesContent[library]).toContain("export fn normal");
  });

  test("a mistake leaves the earlier artifact whole", async () => {
    const before = readFileSync(join(place.path, "built/Net.js"), "utf8");
    place.write("broken.margo", "model Net(x: f32[N, 3]) { x @ y }\n");
    expect((await place.margo("build", "broken.margo", "--out", "built")).code).toBe(1);
    expect(readFileSync(join(place.path, "built/Net.js"), "utf8")).toBe(before);
  });
});

describe("types", () => {
  const typed = temporaryPlace();
  typed.write("src/own.margo", "export fn square(x: f32[N]) = x ^ 2\n");
  typed.write("src/inner.margo", "fn hidden(x: f32[N]) = x\n");

  test("writes what an import has beside each file that has something for a page, and says when it is stale", async () => {
    const path = join("src", "own.d.margo.ts");
    expect(await typed.margo("types", "src", "--check")).toMatchObject({ code: 1, out: "" });
    expect(await typed.margo("types", "src")).toEqual({ code: 0, out: `${path}\n`, err: "" });
    expect(typed.files()).toEqual([path, "src/inner.margo", "src/own.margo"].sort());
    expect((await typed.margo("types", "src", "--check")).code).toBe(0);
    const other = await typed.margo("types", "src", "--check", "--target", "wgsl");
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining("is stale") });
  });

  test("what has nothing for a page, the library and mistakes are told, and nothing is written", async () => {
    const before = typed.files();
    typed.write("broken.margo", "export fn f(x: f32[N]) = y\n");
    for (const [args, says] of [
      [["src/inner.margo"], "nothing here is for a page"],
      [["std/margins"], "std/margins is the library's"],
      [["broken.margo"], "broken.margo:1:26"],
      [["src/own.margo", "--entry", "sqare"], "square"],
      [["nowhere"], "there is no .margo file at nowhere"],
    ] as const) {
      const { code, out, err } = await typed.margo("types", ...args);
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toContain(says);
    }
    expect(typed.files().filter((name) => name !== "broken.margo")).toEqual(before);
  });
});

describe("plot", () => {
  test("draws margins given as expressions", async () => {
    const { code, out, err } = await place.margo("plot", "std/margins", "LSoftmax(m: 1)", "LSoftmax(m: 4)");
    expect(code, err).toBe(0);
    expect(out).toMatch(/^<svg/);
    expect(out).toContain("LSoftmax(m: 4)");
  });

  test("draws what the file declares into a file", async () => {
    const { code, out } = await place.margo("plot", "mine.margo", "--out", "mine.svg");
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(readFileSync(join(place.path, "mine.svg"), "utf8")).toContain("Mine");
  });

  test.each([
    ["ArcFace(q: 1)", "--> the margin:1:12"],
    ["ArcFac()", "--> the margin:1:1"],
  ])("what is wrong with %s is shown in that text", async (written, shown) => {
    const { code, err } = await place.margo("plot", "std/margins", written);
    expect(code).toBe(1);
    expect(err).toContain(shown);
    expect(err).toContain(`1 | ${written}`);
    expect(err).not.toContain("--set");
  });

  test("a margin that cannot be drawn does not keep the others from it", async () => {
    place.write(
      "some.margo",
      'margin Good() { target = cos - 0.1 }\nmargin Bad(a = 2) {\n  require a < 1 else "a is below 1"\n  target = cos\n}\n',
    );
    const { code, out, err } = await place.margo("plot", "some.margo");
    expect(code).toBe(0);
    expect(out).toContain("Good");
    expect(err).toContain("a is below 1");
    expect(err).toContain("Bad is left out");
  });

  test("an unknown margin is a diagnostic and writes nothing", async () => {
    const { code, err } = await place.margo("plot", "mine.margo", "Mien()", "--out", "none.svg");
    expect(code).toBe(1);
    expect(err).toContain("Mine");
    expect(existsSync(join(place.path, "none.svg"))).toBe(false);
  });
});
