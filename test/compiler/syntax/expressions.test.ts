import { describe, expect, test } from "vitest";
import { parseExpression } from "../../../compiler/syntax/parse.ts";
import { tree } from "../../support/syntax.ts";

describe("precedence, loosest first", () => {
  test.each([
    ["x |> f(1) |> g", "(|> (|> x f(1)) g)"],
    ["if a then b else c |> f", "(|> (if a b c) f)"],
    ["if a then b else if c then d else e", "(if a b (if c d e))"],
    ["if if a then b else c then d else e", "(if (if a b c) d e)"],
    ["a or b and not c == d", "(or a (and b (not (== c d))))"],
    ["a or b or c", "(or (or a b) c)"],
    ["not not a and b", "(and (not (not a)) b)"],
    ["a + b < c * d", "(< (+ a b) (* c d))"],
    ["a - b - c", "(- (- a b) c)"],
    ["a + b * c - d / e", "(- (+ a (* b c)) (/ d e))"],
    ["a * b @ c % d", "(% (@ (* a b) c) d)"],
    ["-a * b", "(* (- a) b)"],
    ["-x ^ 2", "(- (^ x 2))"],
    ["2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"],
    ["a ^ -b ^ c * d", "(* (^ a (- (^ b c))) d)"],
    ["base * (1 + gamma * step) ^ -power", "(* base (^ (+ 1 (* gamma step)) (- power)))"],
    ["(-1) ^ k * cos(m * theta) - 2 * k", "(- (* (^ (- 1) k) cos((* m theta))) (* 2 k))"],
    ["a - -b", "(- a (- b))"],
    ["f(x)[1](y: 2)", "f(x)[1](y:2)"],
    ["m[y] ^ 2", "(^ m[y] 2)"],
    ["(a // b) * 2", "(* (// a b) 2)"],
    ["[1, -2, [a, b,],]", "[1 (- 2) [a b]]"],
    ["f(a, b: c,)", "f(a b:c)"],
    ["θ + π", "(+ theta pi)"],
    ["cos(θ_y) * ψ", "(* cos(theta_y) ψ)"],
    ["margin(model, state: step)", "margin(model state:step)"],
    ["1_000 + 2.5e-5 + .5", "(+ (+ 1000 0.000025) 0.5)"],
  ])("%s", (text, expected) => {
    expect(tree(text)).toBe(expected);
  });
});

test("a number remembers how it was written", () => {
  const number = (text: string) => parseExpression("a", text).expression;
  expect(number("3")).toMatchObject({ kind: "number", value: 3, isInteger: true });
  expect(number("3.0")).toMatchObject({ kind: "number", value: 3, isInteger: false });
  expect(number("3e0")).toMatchObject({ kind: "number", value: 3, isInteger: false });
});

test("escapes of a string", () => {
  expect(parseExpression("a", String.raw`"a\n\t\"\\\u{3b8}"`).expression).toMatchObject({
    kind: "string",
    value: 'a\n\t"\\θ',
  });
});

test("spans are those of the text", () => {
  const text = "a + f(b, c: d) * 2";
  const { expression } = parseExpression("a", text);
  if (expression.kind !== "binary" || expression.right.kind !== "binary") throw new Error("two operators");
  const at = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
  expect(at(expression.span)).toBe(text);
  expect(at(expression.operatorSpan)).toBe("+");
  expect(at(expression.right.span)).toBe("f(b, c: d) * 2");
  expect(at(expression.right.left.span)).toBe("f(b, c: d)");
});

test("a chain of any length costs no stack", () => {
  const { expression, diagnostics } = parseExpression("a", Array(20_000).fill("x").join(" + "));
  expect(diagnostics).toEqual([]);
  expect(expression.kind).toBe("binary");
});

describe("nesting", () => {
  const nest = (open: string, close: string, count: number) => `${open.repeat(count)}x${close.repeat(count)}`;
  test.each([
    ["brackets", nest("(", ")", 127)],
    ["lists", nest("[", "]", 127)],
    ["calls", nest("f(", ")", 127)],
    ["choices", nest("if a then b else ", "", 127)],
  ])("%s nest 127 deep", (_, text) => {
    expect(parseExpression("a", text).diagnostics).toEqual([]);
  });
  test.each([
    ["brackets", nest("(", ")", 5000)],
    ["lists", nest("[", "]", 5000)],
    ["calls", nest("f(", ")", 5000)],
    ["choices", nest("if a then b else ", "", 5000)],
    ["conditions", nest("if ", " then b else c", 5000)],
    ["mixed", nest("if a then (b) else [", "]", 5000)],
    ["minus signs", `${"-".repeat(5000)}x`],
    ["negations", `${"not ".repeat(5000)}x`],
    ["powers", Array(5000).fill("x").join(" ^ ")],
    ["suffixes", `f${"(1)".repeat(5000)}`],
    ["unclosed", "(".repeat(5000)],
  ])("%s beyond 128 are one diagnostic", (_, text) => {
    const codes = parseExpression("a", text).diagnostics.map(({ code }) => code);
    expect(codes).toContain("M0015");
    expect(new Set(codes.filter((code) => code !== "M0002"))).toEqual(new Set(["M0015"]));
  });
});
