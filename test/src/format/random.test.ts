/** What must hold whatever is formatted: the same tree, the same comments, and nothing more to do. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { format } from "../../../src/format/index.ts";
import { parseConcrete, parseModule } from "../../../compiler/syntax/parse.ts";
import { randomSources } from "../../support/random-sources.ts";

test("random sources parse", () => {
  fc.assert(
    fc.property(randomSources(), (text) => {
      expect(parseModule("", text).diagnostics).toEqual([]);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("formatting keeps the tree, and formatting twice changes nothing", () => {
  fc.assert(
    fc.property(randomSources(), (text) => {
      const formatted = format(text).text;
      expect(treeOf(formatted)).toEqual(treeOf(text));
      expect(format(formatted).text).toBe(formatted);
    }),
    { seed: 2, numRuns: 500 },
  );
});

describe("comments anywhere", () => {
  test("all are kept, and the tree is the same", () => {
    fc.assert(
      fc.property(randomSources(), fc.array(fc.nat(), { maxLength: 8 }), (source, places) => {
        const text = withComments(source, places);
        if (parseModule("", text).diagnostics.length > 0) return;
        const formatted = format(text).text;
        expect(treeOf(formatted)).toEqual(treeOf(text));
        expect(commentsOf(formatted)).toEqual(commentsOf(text));
        expect(format(formatted).text).toBe(formatted);
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

/** Comments behind words, each of which ends its line. */
function withComments(source: string, places: readonly number[]): string {
  const { words } = parseConcrete("", source);
  const chosen = new Map(
    places.map((place, at) => [(words[place % words.length]?.endOffset ?? 0) + 1, at] as const),
  );
  let text = "";
  let start = 0;
  for (const [end, number] of [...chosen].toSorted(([a], [b]) => a - b)) {
    const comment = [`// c${number} (f)`, `/// c${number}`, `// c${number}`][number % 3] ?? "";
    const lines = number % 2 === 0 ? ` ${comment}\n` : `\n  ${comment}\n  // again\n`;
    text += source.slice(start, end) + lines;
    start = end;
  }
  return text + source.slice(start);
}

function commentsOf(text: string): readonly string[] {
  return parseConcrete("", text)
    .comments.map(({ image }) => image.trimEnd())
    .sort();
}

/** The syntax without its places. */
function treeOf(text: string): unknown {
  const { module, diagnostics } = parseModule("", text);
  const isPlace = (key: string): boolean => key === "span" || key === "operatorSpan";
  const plain: unknown = JSON.parse(
    JSON.stringify(module.declarations, (key, value: unknown) => (isPlace(key) ? undefined : value)),
  );
  return { plain, diagnostics: diagnostics.map(({ code }) => code) };
}
