/** A broken text still has a tree, and what is said about it is little and to the point. */
import { readFileSync, readdirSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExpression, parseModule } from "../../../compiler/syntax/parse.ts";
import { body, codes, moduleOf } from "../../support/syntax.ts";

const names = (text: string): readonly string[] =>
  moduleOf(text).declarations.map((declaration) =>
    "name" in declaration ? declaration.name.name : "import",
  );

describe("what is broken does not reach further than it must", () => {
  test("a broken statement leaves its neighbours", () => {
    const text = "fn f(x: f32) {\n  let a = 1\n  let b = * 2\n  let c = 3\n  c\n}\n";
    expect(codes(text)).toEqual(["M0001"]);
    expect(body(text)).toEqual(["let a 1", expect.stringContaining("let b"), "let c 3", "c"]);
  });

  test("an unclosed body ends before the next declaration", () => {
    const text = "model A(x: f32[N]) {\n  x |> dense(\n\nmodel B(x: f32[N]) {\n  x\n}\nfn g(x: f32) = x\n";
    expect(codes(text)).toEqual(["M0002", "M0002"]);
    expect(names(text)).toEqual(["A", "B", "g"]);
  });

  test("an unclosed bracket ends before the next statement", () => {
    const text = "fn f(x: f32) {\n  let a = g(x, [1, 2\n  let b = 3\n  b\n}\n";
    expect(codes(text)).toEqual(["M0002", "M0002"]);
    expect(body(text)).toEqual(["let a g(x [1 2])", "let b 3", "b"]);
  });

  test("half an argument list", () => {
    expect(body("fn f(x: f32) {\n  g(a, , b)\n  x\n}\n").at(-1)).toBe("x");
  });

  test("while it is being typed", () => {
    for (const text of [
      "fn",
      "fn f",
      "fn f(",
      "fn f(x",
      "fn f(x:",
      "fn f(x: f32[",
      "fn f(x: f32) {",
      "import {",
      "train T {\n model =",
    ]) {
      expect(codes(text)).not.toEqual([]);
    }
  });
});

test("what cannot go on is told once, where it is", () => {
  const said = (text: string) =>
    parseModule("a", text).diagnostics.map(({ span, help }) => [text.slice(span.start, span.end), help]);
  expect(said('import { dense } frm "std/layers"\n')).toEqual([["frm", undefined]]);
  expect(said('import * from "std/layers"\n')).toEqual([["*", expect.stringContaining("in braces")]]);
  expect(said("import torch\n")).toEqual([["torch", expect.stringContaining("in braces")]]);
  expect(said("fn f(x: f32[N]) = x[:, 0] + x[0, 1] + x[0:3]\n")).toEqual([
    [":", expect.stringContaining("first axis")],
  ]);
  expect(said("fn f(x: f32[N]) = x[0, 1]\n")).toEqual([[",", expect.stringContaining("first axis")]]);
  expect(said("fn f(x: f32[N]) = x if x > 0 else 0\n")).toEqual([
    ["if", expect.stringContaining("if x > 0 then x else 0")],
  ]);
  expect(said("fn f(x: f32) = if x ≤ 1 then √x else 0\n")).toEqual([
    ["≤", "write `<=` instead"],
    ["√", "a root is `sqrt(x)`"],
  ]);
  expect(said("let = 3\n")).toEqual([["=", undefined]]);
  expect(said("fn f(x: f32) = x => x\n")).toEqual([["=>", expect.stringContaining("declare a `fn`")]]);
  expect(said("fn f(x: f32) {\n  x += 1\n}\n")).toEqual([["+=", expect.stringContaining("`<-`")]]);
  expect(said("fn f(x: f32) = x ? 1 : 2\n")).toEqual([["?", expect.stringContaining("then")]]);
  expect(said("fn f(x: f32) = {\n  x\n}\n")).toEqual([["{", expect.stringContaining("without `=`")]]);
  expect(said("train T {\n  batch: 3\n}\n")).toEqual([[":", expect.stringContaining("`=`")]]);
});

test("a line that names a value begins a statement, whatever the line before wants", () => {
  const text = "margin M() {\n  target = if a then b else\n  scale = 3\n}\n";
  expect(codes(text)).toEqual(["M0001"]);
  expect(body(text)).toEqual(["result target (if a b ?)", "result scale 3"]);
});

test("what is no text is told three times and not read", () => {
  expect(codes("fn f(x: f32) = x + \ufffd\n")).toContain("M0017");
  expect(codes("\u0000\ufffd?$&\ud800 ( \u0000")).toEqual(["M0017", "M0017", "M0017"]);
});

describe("slips keep the tree they were meant to be", () => {
  test.each([
    ["a && b || !c", "M0007 M0007 M0007", "(or (and a b) (not c))"],
    ["a ** 2", "M0007", "(^ a 2)"],
    ["if a = b then c else d", "M0008", "(if (== a b) c d)"],
    ["if x <-1 then a else b", "M0007", "(if (< x (- 1)) a b)"],
    ["if a b else c", "M0011", "(if a b c)"],
    ["if a then b", "M0012", "(if a b ?)"],
    ["f(a = 1)", "M0023", "f(a:1)"],
    ["2x + 1", "M0014", "(+ (* 2 x) 1)"],
    ["'a'", "M0006", '"a"'],
    ["return x", "M0013", "x"],
    ["if (a) b else c", "M0011", "(if a b c)"],
    ["if a { b } else { c }", "M0031", "(if a b c)"],
    ["if a then { b } else { c }", "M0031", "(if a b c)"],
    ["if a {\n b\n} else if d {\n c\n} else {\n e\n}", "M0031 M0031", "(if a b (if d c e))"],
    ["f(“a”)", "M0006", 'f("a")'],
    ["let if = 3", "M0033", "let if 3"],
  ])("%s", (text, expected, tree) => {
    const whole = `fn f(x: f32) {\n  ${text}\n}\n`;
    expect(codes(whole).join(" ")).toBe(expected);
    expect(body(whole)).toEqual([tree]);
  });

  test.each([
    ["def f(x: f32) = x", "fn"],
    ["function f(x: f32) = x", "fn"],
    ["modle f(x: f32) = x", "model"],
    ["const n = 3", "let"],
    ["exprot fn f(x: f32) = x", undefined],
  ])("%s", (text, word) => {
    const { diagnostics } = parseModule("a", text);
    expect(diagnostics).toHaveLength(1);
    if (word !== undefined) expect(diagnostics[0]?.fix?.edits[0]?.newText).toBe(word);
  });
});

test("each fix of a slip gives a text without it", () => {
  const slips = [
    "a && b",
    "a ** 2",
    "!a",
    "f(a = 1)",
    "if x == 1 then 2x else 0",
    "(a",
    "a)",
    "'a'",
    "let b = 1; b",
    "return a",
    "if (a) b else c",
    "if a { b } else { c }",
    "if a {\n b\n} else if d {\n c\n} else {\n e\n}",
    "‘a’",
    "f(“a”)",
    "let b: f32(N, 2 * D) = a",
  ];
  for (const slip of slips) {
    const text = `fn f(x: f32) {\n  ${slip}\n}\n`;
    const fixed = parseModule("a", text).diagnostics.reduceRight((current, { fix }) => {
      return (fix?.edits ?? []).reduceRight(
        (edited, { span, newText }) => edited.slice(0, span.start) + newText + edited.slice(span.end),
        current,
      );
    }, text);
    expect(codes(fixed)).toEqual([]);
  }
});

test("what other languages write at the top of a file is read as it was meant", () => {
  const read = (text: string) => {
    const { diagnostics } = parseModule("a", text);
    const edits = diagnostics.flatMap(({ fix }) => fix?.edits ?? []).toReversed();
    const mended = edits.reduce(
      (current, { span, newText }) => current.slice(0, span.start) + newText + current.slice(span.end),
      text,
    );
    return [diagnostics.map(({ code }) => code).join(" "), mended];
  };
  const meant = 'import { dense, relu as r } from "std/layers"\nlet a = 1\n';
  expect(read('import dense, relu as r from "std/layers"\nlet a = 1\n')).toEqual(["M0030", meant]);
  expect(read('from "std/layers" import dense, relu as r\nlet a = 1\n')).toEqual(["M0030", meant]);
  expect(read("fn f(x: [N, D]) = x\n")).toEqual(["M0001", "fn f(x: f32[N, D]) = x\n"]);
  expect(read("fn f(x: f32(N, D)) = x\n")).toEqual(["M0032", "fn f(x: f32[N, D]) = x\n"]);
  expect(read("layer f(m: int)(x: f32) = x\n")[0]).toBe("");
  expect(read("train T {\n  model: M\n  batch: 32,\n  epochs = 3,\n}\n")).toEqual([
    "M0001 M0001 M0001",
    "train T {\n  model = M\n  batch = 32,\n  epochs = 3\n}\n",
  ]);
  expect(read("# a comment\nlet a = 1\n")).toEqual(["M0004", "// a comment\nlet a = 1\n"]);
});

test("a reserved word as a name is told as one, and leaves the rest", () => {
  const text = "margin M(lambda = 5, import = 3, or: int = 2) {\n  target = cos - lambda\n}\n";
  expect(codes(text)).toEqual(["M0033", "M0033"]);
  expect(names(text)).toEqual(["M"]);
  expect(codes("fn f(x: f32) {\n  for i in range(3) { x }\n  x\n}\n")).toEqual(["M0034"]);
  expect(codes("let for = 3\nfn f(while: f32) = while\n")).toEqual([]);
});

describe("parsing never throws, and spans stay inside the text", () => {
  const words =
    'let if then else or and not param state require model fn train import export from ( ) [ ] { } = == <- -> |> , : ; ~ + - * / // ^ @ ... x y 1 2.5 "s" "s \' ! && \n // c\n /// d\n θ € \u0000'.split(
      " ",
    );
  const soup = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(" "));
  const std = readdirSync("std").map((name) => readFileSync(`std/${name}`, "utf8"));
  const edited = fc
    .tuple(
      fc.constantFrom(...std),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(20),
      fc.constantFrom("", ...words),
    )
    .map(([text, at, length, insert]) => {
      const start = Math.floor(at * text.length);
      return text.slice(0, start) + insert + text.slice(start + length);
    });

  const holds = (text: string): void => {
    const { module, diagnostics } = parseModule("a", text);
    parseExpression("a", text);
    const check = (value: unknown): void => {
      if (Array.isArray(value)) return value.forEach(check);
      if (typeof value !== "object" || value === null) return;
      if ("start" in value && "end" in value) {
        expect(value.start).toBeGreaterThanOrEqual(0);
        expect(value.end).toBeGreaterThanOrEqual(Number(value.start));
        expect(value.end).toBeLessThanOrEqual(text.length + 1);
      } else Object.values(value).forEach(check);
    };
    check(module);
    check(diagnostics);
  };

  test("on word soup", () => fc.assert(fc.property(soup, holds), { numRuns: 300 }));
  test("on any text", () =>
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), holds), { numRuns: 200 }));
  test("on edits of the library", () => fc.assert(fc.property(edited, holds), { numRuns: 40 }));
  test("a text without diagnostics has no error in its tree", () =>
    fc.assert(
      fc.property(soup, (text) => {
        const { module, diagnostics } = parseModule("a", text);
        if (diagnostics.length === 0) expect(JSON.stringify(module)).not.toContain('"kind":"error"');
      }),
      { numRuns: 300 },
    ));
});

test("every file of the library parses in silence", () => {
  const said = readdirSync("std").map((name) => [name, codes(readFileSync(`std/${name}`, "utf8"))]);
  expect(said.filter(([, found]) => found?.length !== 0)).toEqual([]);
});

test("a text of ten million characters is refused at once", () => {
  expect(codes("x".repeat(10_000_001))).toEqual(["M0016"]);
});

test("a long line of quotients is read in no time", () => {
  expect(codes(`let n = (${Array(20_000).fill("7").join(" // ")})`)).toEqual([]);
});
