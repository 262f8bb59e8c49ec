/** What a hover says, by the name under the cursor. */
import { describe, test } from "vitest";
import { hoverAt } from "../../../src/ide/hover.ts";
import { expectResult, marked } from "../../support/ide/marked.ts";

function check(source: string, expected: string): void {
  const { documents, analysis, offset } = marked(source);
  const found = hoverAt(documents, analysis, offset);
  expectResult(source, found === undefined ? "nothing" : [found.code, ...found.notes].join("\n"), expected);
}

const layer = `/// y = x W
layer half(units: int)(x: f32[N, K]) {
  param W: f32[K, units]
  x @ W
}
`;

describe("names of a body", () => {
  const body = (line: string) =>
    `fn f(x: f32[N, D], w: f32[C, D]) {\n  let z = x @ transpose(w)\n  ${line}\n}\n`;

  test("a let has the type that the checker found", () => check(body("z▮ + 1"), "let z: f32[N, C]"));
  test("on an operator stands the type of what it makes", () => check(body("z +▮ 1"), "f32[N, C]"));
  test("an input", () => check(body("x▮ + z"), "x: f32[N, D]\nAn input of fn `f`."));
  test("a builtin has its signature", () =>
    check(
      body("su▮m(z, over: C)"),
      "sum(x, over: axes, keep: false)\nThe sum along axes. True counts as 1.",
    ));
  test("a half-typed body", () => check(body("z▮ + "), "let z: f32[N, C]"));
  test("a name that nothing has", () => check(body("nobo▮dy + z"), "nothing"));
});

describe("layers and models", () => {
  test("a layer has its doc, and costs in its open sizes", () => {
    check(
      `${layer}model M(x: f32[N, 4]) = x |> ha▮lf(2)\n`,
      "layer half(units: int)(x: f32[N, K])\ny = x W\nK·units parameters · 2·K·units FLOP a row",
    );
  });

  test("a model knows its sizes", () => {
    check(
      `${layer}model M▮(x: f32[N, 4]) = x |> half(2)\n`,
      "model M(x: f32[N, 4])\n8 parameters · 16 FLOP a row",
    );
  });

  test("the label of an argument is the setting that it names", () => {
    check(`${layer}model M(x: f32[N, 4]) = x |> half(un▮its: 2)\n`, "units: int\nA setting of layer `half`.");
  });
});

describe("margins", () => {
  const curve = (...lines: string[]): string =>
    ["With c the cosine of the row's own class:", "```text", ...lines, "```"].join("\n");

  test("its readings", () => {
    check(
      "margin M(m = 0.5) {\n  target = co▮s - m\n}\n",
      "cos: f32[N, C]\nThe cosine between row i and the weights of class j.",
    );
  });

  test("what is left after `angles`, piece by piece: cos(θ + m) where θ + m ≤ π", () => {
    check(
      "margin A▮rc(m = 0.5) {\n  target = if theta + m <= pi then cos(theta + m) else cos - m * sin(m)\n}\n",
      `margin Arc(m = 0.5)\n${curve(
        "ψ = 0.8776·c − 0.4794·√(1 − c²)    where c > −0.8776",
        "  = c − 0.2397    where c < −0.8776",
        "dψ/dc = 0.8776 + 0.4794·c/√(1 − c²)    where c > −0.8776",
        "      = 1    where c < −0.8776",
      )}`,
    );
  });

  test("cos 3θ is a polynomial, and so is its derivative", () => {
    check(
      "margin T▮hree(m: int = 3) {\n  target = cos(m * theta)\n}\n",
      `margin Three(m: int = 3)\n${curve("ψ = 4·c³ − 3·c", "dψ/dc = 12·c² − 3")}`,
    );
  });

  test("whatever is wrong elsewhere", () => {
    check(
      "margin M▮(m = 0.5) {\n  target = cos - m\n}\nmargin Other() {\n  target = coss\n}\n",
      `margin M(m = 0.5)\n${curve("ψ = c − 0.5", "dψ/dc = 1")}`,
    );
  });

  test("a formula that nobody would read is left to the plot", () => {
    const sum = Array.from({ length: 20 }, (_, index) => `exp(${index + 2} * cos)`).join(" + ");
    check(
      `margin L▮ong(m = 0.5) {\n  target = ${sum} - m\n}\n`,
      "margin Long(m = 0.5)\nIts formula in the cosine is too long to read; `margo plot` draws the curve.",
    );
  });

  test("a margin with a mistake has its signature alone", () => {
    check("margin B▮ad(m = 0.5) {\n  target = nobody\n}\n", "margin Bad(m = 0.5)");
  });
});
