/** Lenses, the sizes that they tell, and what their commands show. */
import { describe, expect, test } from "vitest";
import { sizeOfEntry, sizeText } from "../../../src/ide/entry-size.ts";
import { lensesOf } from "../../../src/ide/lenses.ts";
import { type View, type ViewRequest, viewOf } from "../../../src/ide/views.ts";
import { analysed, testFile } from "../../support/ide/documents.ts";

const imports = 'import { dense, conv2d } from "std/layers"\n';

/** What stands above each name: `Name: size | command`. */
function checkLenses(text: string, expected: readonly string[]): void {
  const { documents, analysis } = analysed(text);
  const lines = new Map<string, string[]>();
  for (const { entry, what } of lensesOf(analysis)) {
    const size = sizeOfEntry(documents, testFile, entry);
    const shown = what.kind === "command" ? what.title : size === undefined ? "?" : sizeText(size);
    lines.set(entry, [...(lines.get(entry) ?? []), shown]);
  }
  expect([...lines].map(([name, shown]) => `${name}: ${shown.join(" | ")}`)).toEqual(expected);
}

function shown(text: string, request: Omit<ViewRequest, "file">): View | Promise<View> {
  return viewOf(analysed(text).documents, { file: testFile, ...request });
}

describe("lenses", () => {
  test("the size of a model and what can be done with each kind", () => {
    // 784·10 + 10 numbers; 2·784·10 + 10 a row.
    checkLenses(
      `${imports}model M(x: f32[N, 784]) = x |> dense(10)
margin Plain() {
  target = cos
}
loss square(x: f32[N, D], y: f32[N, D]) = mean((x - y) ^ 2)
fn f(x: f32[N]) = x
`,
      [
        "M: 7,850 parameters · 15.7 kFLOP a row | check gradients | show IR | show WGSL",
        "Plain: plot | check gradients",
        "square: check gradients | show IR",
      ],
    );
  });

  test("a model whose size is open is counted in its names", () => {
    checkLenses(`${imports}model M(units: int, x: f32[N, 3]) = x |> dense(units, bias: false)\n`, [
      "M: 3·units parameters · 6·units FLOP a row | check gradients | show IR | show WGSL",
    ]);
  });

  test("a model that does not check has no size", () => {
    checkLenses("model M(x: f32[N, 784]) = x |> dens(10)\n", [
      "M: ? | check gradients | show IR | show WGSL",
    ]);
  });

  test("a mistake elsewhere takes no size away, one in what a model uses does", () => {
    const broken = "fn broken(x: f32[N, D]) = x + y\n";
    const actions = "check gradients | show IR | show WGSL";
    checkLenses(`${imports}${broken}model M(x: f32[N, 2]) = x |> dense(1)\n`, [
      `M: 3 parameters · 5 FLOP a row | ${actions}`,
    ]);
    checkLenses(`${imports}${broken}model M(x: f32[N, 2]) = x |> broken() |> dense(1)\n`, [
      `M: ? | ${actions}`,
    ]);
  });

  test("an edit makes a size stale", () => {
    const { documents } = analysed(`${imports}model M(x: f32[N, 2]) = x |> dense(1)\n`);
    const told = (): string | undefined => {
      const size = sizeOfEntry(documents, testFile, "M");
      return size === undefined ? undefined : sizeText(size);
    };
    expect(told()).toBe("3 parameters · 5 FLOP a row");
    documents.setText(testFile, `${imports}model M(x: f32[N, 2]) = x |> dense(2)\n`);
    expect(told()).toBe("6 parameters · 10 FLOP a row");
  });
});

describe("views", () => {
  const margin = "margin Half() {\n  target = cos / 2\n}\n";

  test("the IR after a pass, and the plan", async () => {
    const text = "fn f(x: f32[N, 3]) = softmax(x)\n";
    expect(await shown(text, { entry: "f", what: "ir", stage: "lower" })).toMatchObject({
      kind: "shown",
      title: "f after lower",
      text: expect.stringContaining("softmax(%0)"),
    });
    expect(await shown(text, { entry: "f", what: "ir" })).toMatchObject({
      text: expect.stringContaining("logsumexp"),
    });
    expect(await shown(text, { entry: "f", what: "plan" })).toMatchObject({
      text: expect.stringContaining("peak"),
    });
  });

  test("kernels", async () => {
    const view = await shown("fn f(x: f32[N]) = exp(x)\n", { entry: "f", what: "wgsl" });
    expect(view).toMatchObject({ language: "wgsl", text: expect.stringContaining("@compute") });
  });

  test("the curve of a margin", async () => {
    const view = await shown(margin, { entry: "Half", what: "plot" });
    expect(view).toMatchObject({ language: "svg", text: expect.stringMatching(/^<svg[^]*Half/) });
  });

  test("a check of gradients", async () => {
    expect(await shown(margin, { entry: "Half", what: "gradcheck" })).toMatchObject({
      text: expect.stringContaining("Half: the gradients are right"),
    });
  });

  test("reasons why there is nothing to show", async () => {
    const reason = async (text: string, request: Omit<ViewRequest, "file">) => {
      const view = await shown(text, request);
      return view.kind === "refused" ? view.reason : view.title;
    };
    expect(await reason(margin, { entry: "Other", what: "ir" })).toBe("test.margo has no Other");
    expect(await reason(margin, { entry: "Half", what: "ir", stage: "magic" })).toMatch(
      /no stage magic; there are lower, /,
    );
    expect(await reason("fn f(x: f32[N]) = x\n", { entry: "f", what: "plot" })).toBe(
      "f is a fn, not a margin",
    );
    expect(await reason("fn f(x: f32[N]) = y\n", { entry: "f", what: "wgsl" })).toBe(
      "there is nothing called `y` here",
    );
  });

  test("a mistake in what it does not use is no reason, one in what it uses is", async () => {
    const text = `${margin}fn g(x: f32[N]) = y\nfn h(x: f32[N]) = g(x)\n`;
    expect(await shown(text, { entry: "Half", what: "plot" })).toMatchObject({ kind: "shown" });
    const reason = { kind: "refused", reason: "there is nothing called `y` here" };
    expect(await shown(text, { entry: "h", what: "ir" })).toEqual(reason);
    expect(await shown(`${margin}fn g(x: f32[N]) = (x\n`, { entry: "Half", what: "plot" })).toMatchObject({
      kind: "refused",
    });
  });
});
