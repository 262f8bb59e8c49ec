/** Formatting a part: `«` and `»` in the source are the range, the result is the text after the edits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FormatEdit, format, formatRange } from "../../../src/format/index.ts";
import { randomSources } from "../../support/random-sources.ts";

const cases = [
  {
    title: "a statement of a body",
    source: "fn f(x,y) {\n    let a=x\n    let b«=»y\n  a+b\n}\nlet c=1\n",
    result: "fn f(x,y) {\n    let a=x\n  let b = y\n  a+b\n}\nlet c=1\n",
  },
  {
    title: "statements and what is between them",
    source: "fn f(x,y) {\n    let «a=x\n\n\n\n  let b=»y\n  a+b\n}\n",
    result: "fn f(x,y) {\n  let a = x\n\n  let b = y\n  a+b\n}\n",
  },
  {
    title: "a statement that breaks",
    source:
      "fn f(x) {\n«f(a_rather_long_argument, another_rather_long_argument, a_third_rather_long_argument, another_long_one)»\n}\n",
    result:
      "fn f(x) {\n  f(\n    a_rather_long_argument,\n    another_rather_long_argument,\n    a_third_rather_long_argument,\n    another_long_one,\n  )\n}\n",
  },
  {
    title: "a head takes its declaration with it",
    source: "let a=1\nfn f(«x»,y) {\n  x+y\n}\n\n\nlet c=1\n",
    result: "let a=1\nfn f(x, y) {\n  x + y\n}\n\n\nlet c=1\n",
  },
  {
    title: "comments go with what they are about",
    source: "// far\n\n//   near\nlet a=«1» // behind\nlet c=1\n",
    result: "// far\n\n//   near\nlet a = 1 // behind\nlet c=1\n",
  },
  {
    title: "a comment that moves to the next line takes it along",
    source: "let a «= 1\n    // why\n    +» 2\nlet b=f(2)\nlet c=1\n",
    result: "let a =\n  1 +\n  // why\n  2\nlet b=f(2)\nlet c=1\n",
  },
  { title: "what is broken stays", source: "let a=«(1\nlet b=2»\n", result: "let a=(1\nlet b = 2\n" },
  { title: "nothing there", source: "let a=1\n\n\n«»", result: "let a=1\n\n\n" },
];

describe("ranges", () => {
  test.each(cases)("$title", ({ source, result }) => {
    const [start, end] = [source.indexOf("«"), source.indexOf("»") - 1];
    const text = source.replace(/[«»]/g, "");
    expect(applied(text, formatRange(text, start, end))).toBe(result);
  });
});

test("the range of everything is the whole file, and of what is formatted there are no edits", () => {
  fc.assert(
    fc.property(randomSources(), (text) => {
      const formatted = format(text).text;
      const edited = applied(text, formatRange(text, 0, text.length));
      expect(`${edited.trimEnd()}\n`).toBe(formatted);
      expect(formatRange(formatted, 0, formatted.length)).toEqual([]);
    }),
    { seed: 4, numRuns: 200 },
  );
});

test("whatever range is formatted, the text still formats to the same", () => {
  fc.assert(
    fc.property(randomSources(), fc.nat(), fc.nat(), (text, one, other) => {
      const [a, b] = [one % (text.length + 1), other % (text.length + 1)];
      const edited = applied(text, formatRange(text, Math.min(a, b), Math.max(a, b)));
      expect(format(edited).text).toBe(format(text).text);
    }),
    { seed: 5, numRuns: 300 },
  );
});

/** Fails where edits overlap or are out of order. */
function applied(text: string, edits: readonly FormatEdit[]): string {
  let [result, at] = ["", 0];
  for (const { start, end, newText } of edits) {
    expect(start).toBeGreaterThanOrEqual(at);
    expect(end).toBeGreaterThanOrEqual(start);
    result += text.slice(at, start) + newText;
    at = end;
  }
  return result + text.slice(at);
}
