import { describe, expect, test } from "vitest";
import { tokenize } from "../../grammar/tokens.ts";

/** Words of a text, comments behind a `#`. */
function words(text: string): string {
  const { tokens, groups } = tokenize(text);
  const comments = (groups["comments"] ?? []).map(({ image }) => `#${image}`);
  return [...tokens.map(({ image }) => image), ...comments].join(" ");
}

describe("`//` divides between brackets on one line and begins a comment elsewhere", () => {
  test.each([
    ["f32[N, H // 2, W // 2]", "f32 [ N , H // 2 , W // 2 ]"],
    ["(a // b)", "( a // b )"],
    ["(a//b)", "( a // b )"],
    ["f(g(x) // (n + 1))", "f ( g ( x ) // ( n + 1 ) )"],
    ["(a // b // c)", "( a // b // c )"],
    ["x |> conv2d(32)  // two words", "x |> conv2d ( 32 ) #// two words"],
    ["let k = a // b", "let k = a #// b"],
    ["f(a, // the first\n  b // and (the second)\n)", "f ( a , b ) #// the first #// and (the second)"],
    ["f(\n  a // b)", "f ( a #// b)"],
    ["model F(x: f32[N]) { x // all of (it)\n}", "model F ( x : f32 [ N ] ) { x } #// all of (it)"],
    ["[1, // one ]", "[ 1 , #// one ]"],
    ['(x // ")"', '( x #// ")"'],
    ["(a /// doc)", "( a #/// doc)"],
  ])("%j", (text, expected) => {
    expect(words(text)).toBe(expected);
  });
});

test("words, numbers and strings", () => {
  expect(words('θ_y lettuce 1e-3 2.5 .5 "a // b" |> <- -> <= x.')).toBe(
    'θ_y lettuce 1e-3 2.5 .5 "a // b" |> <- -> <= x',
  );
});
