import { expect, test } from "vitest";
import type { Diagnostic } from "../../../compiler/errors/diagnostic.ts";
import { parseModule } from "../../../compiler/syntax/parse.ts";
import { renderDiagnostics } from "../../../src/cli/render-diagnostics.ts";

/** What a person sees for a source text. */
function shown(text: string): string {
  const { diagnostics } = parseModule("a.margo", text);
  return renderDiagnostics(diagnostics, () => text, { color: false });
}

test("a missing bracket points at its place and at the opener", () => {
  expect(shown("fn f(x: f32) {\n  let y = (x + 1\n  y\n}\n")).toMatchInlineSnapshot(`
    "error[M0002]: \`)\` is missing
     --> a.margo:2:17
      |
    2 |   let y = (x + 1
      |                 ^
      |           - this \`(\` is not closed
      = fix: add \`)\`"
  `);
});

test("labels on other lines keep the order of the text", () => {
  const text = "fn f(x: f32) {\n  if x > 0\n    then x\n}\n";
  expect(shown(text)).toMatchInlineSnapshot(`
    "error[M0012]: \`else\` is missing: a choice needs a value for either case
     --> a.margo:3:11
      |
    2 |   if x > 0
      |   -- this \`if\`
    3 |     then x
      |           ^
      = help: a choice is written \`if condition then value else other\`"
  `);
});

test("a label in another file comes with that file's name", () => {
  const at = (file: string, start: number, end: number) => ({ file, start, end });
  const diagnostic: Diagnostic = {
    code: "M0201",
    severity: "error",
    message: "the sizes do not fit",
    span: at("a.margo", 0, 1),
    labels: [{ span: at("std/layers", 6, 10), message: "K is 512 here" }],
    help: "make them equal,\nor reshape one",
  };
  const texts: Record<string, string> = { "a.margo": "x @ y", "std/layers": "line\n\tkind of" };
  expect(renderDiagnostics([diagnostic], (file) => texts[file] ?? "", { color: false }))
    .toMatchInlineSnapshot(`
    "error[M0201]: the sizes do not fit
     --> a.margo:1:1
      |
    1 | x @ y
      | ^
     ::: std/layers:2:2
      |
    2 |     kind of
      |     ---- K is 512 here
      = help: make them equal,
              or reshape one"
  `);
});

test("of a long line the part around the mark is shown", () => {
  const rendered = shown(`fn f(x: f32) = ${"x + ".repeat(100)}2x${" + x".repeat(100)}\n`);
  expect(rendered).toContain("2x + x");
  expect(Math.max(...rendered.split("\n").map((line) => line.length))).toBeLessThan(140);
});

test("colour only when asked for", () => {
  const { diagnostics } = parseModule("a.margo", "def f(x: f32) = x");
  const [plain, coloured] = [false, true].map((color) =>
    renderDiagnostics(diagnostics, () => "def", { color }),
  );
  expect(plain).not.toContain("\u001b");
  expect(coloured).toContain("\u001b");
});
