/** The library's `compile`: artifacts of both targets, mistakes as values, and the budget of a streamed loss. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type CompileOptions, compile } from "../../src/index.ts";

const head = `
import { margin_softmax } from "std/losses"
import { CosFace } from "std/margins"

export loss Head(x: f32[N, 4], y: index<20000>[N]) { margin_softmax(x, y, margin: CosFace()) }
`;

/** The standard library is put into the library when it is built; here it stands among the sources. */
const library = Object.fromEntries(
  ["losses", "margins", "initialisers", "optimizers"].map((name) => {
    const text = readFileSync(new URL(`../../std/${name}.margo`, import.meta.url), "utf8");
    return [`std/${name}`, text];
  }),
);

function compiled(source: string, options: CompileOptions = {}) {
  return compile({ ...library, "head.margo": source }, "head.margo", options);
}

function module(options: CompileOptions): string {
  const { diagnostics, artifacts } = compiled(head, options);
  expect(diagnostics).toEqual([]);
  expect(artifacts.map(({ name, wgsl }) => [name, wgsl !== undefined])).toEqual([
    ["Head", options.target === "wgsl"],
  ]);
  return artifacts[0]?.js ?? "";
}

test("the budget goes into the module; without one a GPU decides for itself", () => {
  expect(module({ target: "wgsl" })).not.toContain('"budgetBytes"');
  expect(module({ target: "wgsl", budgetBytes: 2 ** 21 })).toContain('"budgetBytes": 2097152');
  expect(module({ budgetBytes: 2 ** 26 })).toBe(module({}));
  expect(module({ budgetBytes: 2 ** 21 })).not.toBe(module({}));
});

test("what a file imports is no entry of it", () => {
  const helper = "export fn twice(x: f32[N]) = 2 * x";
  const sources = {
    "a.margo": helper,
    "b.margo": `import { twice } from "./a.margo"\n${helper.replaceAll("twice", "own")}`,
  };
  expect(compile(sources, "b.margo").artifacts.map(({ name }) => name)).toEqual(["own"]);
});

test("a budget that is no number of bytes is refused", () => {
  for (const budgetBytes of [0, -1, 0.5, NaN, Infinity])
    expect(() => compiled(head, { budgetBytes })).toThrow(/budgetBytes is a whole number of bytes/);
});

test("a target that there is not is refused", () => {
  for (const target of ["gpu", "webgpu", "both", 3])
    expect(() => compiled(head, { target } as CompileOptions)).toThrow(
      /^target is "tfjs" or "wgsl", and not /,
    );
});

test("settings are source, numbers or flags; anything else is refused", () => {
  const source = `${head}
model Four(x: f32[N, 4]) -> f32[N, 4] { x }
train Own {
  model = Four
  loss = margin_softmax(margin: CosFace())
  data = csv("rows.csv", classes: 3)
  optimizer = sgd(rate: 0.1)
  batch = 2
  epochs = 1
}`.replace('"std/margins"', '"std/margins"\nimport { sgd } from "std/optimizers"');
  const batchOf = (batch: number | string) =>
    compiled(source, { set: { batch } }).artifacts[0]?.info.training?.batch;
  expect([batchOf(3), batchOf("4")]).toEqual([3, 4]);
  expect(compiled(source, { set: { batch: true } }).diagnostics).not.toEqual([]);
  for (const batch of [undefined, null, [3], { value: 3 }] as unknown as string[])
    expect(() => compiled(source, { set: { batch } as never })).toThrow(
      /^set.batch is .*: give its Margo source/,
    );
});

test("a mistake in the source is a diagnostic, and there is no artifact", () => {
  const { diagnostics, artifacts } = compiled("export fn f(x: f32[N]) = y");
  expect(diagnostics.map(({ severity }) => severity)).toContain("error");
  expect(artifacts).toEqual([]);
});

test("kernels for a GPU use what is asked for, and what cannot be built is refused", () => {
  const dense = "export fn f(x: f32[N, 99], W: f32[99, 3]) = x @ W";
  const wgslOf = (options: CompileOptions) =>
    compiled(dense, { target: "wgsl", ...options }).artifacts[0]?.wgsl;
  expect(wgslOf({})).toBe(wgslOf({ gpu: "plain" }));
  expect(wgslOf({ gpu: "f16" })).toContain("enable f16;");
  expect(() => wgslOf({ gpu: "matrix" } as unknown as CompileOptions)).toThrow(
    /gpu: "matrix" cannot be built\. .*matrix fragments/,
  );
  expect(() => compiled(dense, { gpu: "f16" })).toThrow(/but the target is tfjs: take the target wgsl/);
});
