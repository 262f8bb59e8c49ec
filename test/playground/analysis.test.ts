/** What the playground asks of the compiler, without a browser: examples, curves, what a pass made, links, words. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { tokenize } from "../../grammar/tokens.ts";
import { checkFile } from "../../compiler/check/index.ts";
import { curves, stagesView, trainable } from "../../playground/analysis.ts";
import { htmlOf } from "../../playground/errors-page.ts";
import { declarationWords, keywords } from "../../playground/language/colours.ts";
import { hashOf, sharedText } from "../../playground/share.ts";
import { nodeHost } from "../../src/sources/host.ts";
import { projectRoot } from "../support/cli.ts";

const folder = join(projectRoot, "playground/examples");

test.each(readdirSync(folder))("the example %s is sound", (name) => {
  const host = nodeHost(projectRoot);
  expect(checkFile(host, `playground/examples/${name}`).diagnostics).toEqual([]);
});

describe("curves", () => {
  test("of declared margins by their defaults, of used ones as they are used", () => {
    const text = `margin A() { target = cos }
margin B(m = 0.5) { target = cos - m }
model M(x: f32[N, 2]) -> f32[N, 2] { x }
train T {
  model = M
  loss = own(margin: B(0.25))
}
`;
    const found = curves(text);
    expect(found.map(({ name }) => name)).toEqual(["A", "B(0.25)"]);
    expect(found[1]?.psi[0]).toBeCloseTo(0.75, 6);
  });

  test("of a broken text: those that still can be drawn, or none", () => {
    expect(curves("margin A() { target = ")).toEqual([]);
    expect(curves("")).toEqual([]);
  });
});

test("what a pass made is marked by the identity of nodes", () => {
  const text = "margin A(m: int = 2) { target = cos(m * theta) }\n";
  const { stages, functions } = stagesView(text, "A", undefined, "tfjs");
  expect(functions).toContain("curve");
  const [lower, ...later] = stages;
  expect(lower?.lines.some(({ isNew }) => isNew)).toBe(false);
  const angles = later.find(({ name }) => name === "angles");
  const marked = angles?.lines.filter(({ isNew }) => isNew) ?? [];
  expect(marked.length).toBe(angles?.added);
  expect(marked.length).toBeGreaterThan(0);
  // What holds at one stage and not at the one before is exactly what is new.
  expect(angles?.lines.some(({ text: line }) => line.includes("acos"))).toBe(false);
  expect(angles?.gone.some((line) => line.includes("acos"))).toBe(true);
});

test("links carry any text", async () => {
  for (const text of ["", "ψ(θ) = cos θ // 😀", "a".repeat(10_000), "</script>"])
    expect(await sharedText(await hashOf(text))).toEqual({ kind: "text", text });
  expect(await sharedText("#elsewhere")).toEqual({ kind: "none" });
});

test("the editor's keywords are the grammar's", () => {
  const grammar = readFileSync(join(projectRoot, "grammar/tokens.ts"), "utf8");
  const words = [...grammar.matchAll(/keyword\("\w+", "(\w+)"/g)].map((match) => match[1]);
  expect([...keywords, "true", "false"].toSorted()).toEqual(words.toSorted());
  for (const word of declarationWords)
    expect(tokenize(word).tokens[0]?.tokenType.name, basename(word)).toBe("Identifier");
});

test("the document of errors as a page: codes are ids, texts stay texts", () => {
  const markdown = "## M0001 · A `<b>`\n\nWhy & how.\n\n```text\nx < y\n## no heading\n```\n";
  expect(htmlOf(markdown)).toBe(
    '<h2 id="M0001">M0001 · A <code>&lt;b&gt;</code></h2>\n<p>Why &amp; how.</p>\n<pre>x &lt; y\n## no heading\n</pre>\n',
  );
});

test("whatever stands in a text, the module that Train runs of it runs nothing but the program", async () => {
  const hostile =
    String.raw`\"};globalThis.ran=1;//*/globalThis.ran=1/*${"${globalThis.ran=1}"}` +
    "`\u2028globalThis.ran=1//";
  const text = `/// */ globalThis.ran = 1 /*
model M(x: f32[N, 2]) -> f32[N, 2] {
  param W: f32[2, 2] ~ 0.5
  x @ W
}
loss square(x: f32[N, 2], y: index<2>[N]) { mean(sum(x * x, over: 1) + y) }
optimizer plain() { param <- param - 0.1 * grad }
train T {
  model = M
  loss = square()
  data = csv("${hostile}", label: -1, classes: 2)
  optimizer = plain()
  batch = 2
  epochs = 1
}
`;
  const made = trainable(text, "T", undefined);
  if (made?.target !== "tfjs") throw new Error("the text does not compile");
  const loaded: unknown = await import(`data:text/javascript,${encodeURIComponent(made.js)}`);
  expect(loaded).toMatchObject({ info: { name: "T" }, functions: { step: expect.any(Function) } });
  expect(JSON.stringify(loaded)).toContain("globalThis.ran=1");
  expect("ran" in globalThis).toBe(false);
});
