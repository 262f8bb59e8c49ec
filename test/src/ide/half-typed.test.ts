/**
 * Every function of the editor on texts that nobody would compile: real files cut, doubled, with pieces of others pasted
 * in. Nothing throws, and what comes back lies within the text and is in order.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callItemAt, outgoingCalls } from "../../../src/ide/call-hierarchy.ts";
import { applied, codeActionsAt, sourceActions } from "../../../src/ide/code-actions.ts";
import { foldsOf } from "../../../src/ide/folding.ts";
import { hoverAt } from "../../../src/ide/hover.ts";
import { inlayHints } from "../../../src/ide/inlay-hints.ts";
import { lensesOf } from "../../../src/ide/lenses.ts";
import { linksOf } from "../../../src/ide/links.ts";
import { type OutlineEntry, outlineOf } from "../../../src/ide/outline.ts";
import { selectionsAt } from "../../../src/ide/selection.ts";
import { semanticTokens } from "../../../src/ide/semantic-tokens.ts";
import { analysed } from "../../support/ide/documents.ts";

const texts = [
  "examples/iris/iris.margo",
  "std/margins.margo",
  "std/layers.margo",
  "std/optimizers.margo",
].map((file) => readFileSync(file, "utf8").slice(0, 2500));
const scraps = [
  "(",
  ")",
  "{",
  "}",
  "[",
  "|> ",
  "let x = ",
  "fn f(",
  "θ",
  '"',
  "// ",
  "import {",
  "margin M(",
  "\n",
  "\r\n",
  "= ",
];

/** A stretch of a text with a few scraps in it. */
const broken = fc
  .record({
    text: fc.constantFrom(...texts),
    cut: fc.tuple(fc.nat(2500), fc.nat(2500)),
    pasted: fc.array(fc.tuple(fc.nat(2500), fc.constantFrom(...scraps)), { maxLength: 4 }),
    offset: fc.nat(2500),
  })
  .map(({ text, cut, pasted, offset }) => {
    const [start, end] = cut.toSorted((a, b) => a - b);
    const kept = text.slice(start, end);
    const result = pasted.reduce((all, [at, scrap]) => all.slice(0, at) + scrap + all.slice(at), kept);
    return { text: result, offset: Math.min(offset, result.length) };
  });

function isWithin(text: string, { start, end }: { readonly start: number; readonly end: number }): boolean {
  return 0 <= start && start <= end && end <= text.length;
}

function entriesOf(entries: readonly OutlineEntry[]): readonly OutlineEntry[] {
  return entries.flatMap((entry) => [entry, ...entriesOf(entry.children)]);
}

describe("half-typed texts", () => {
  test("every feature answers, within the text and in order", () => {
    fc.assert(
      fc.property(broken, ({ text, offset }) => {
        const { documents, analysis } = analysed(text);
        let last = 0;
        for (const token of semanticTokens(documents, analysis)) {
          expect(token.start).toBeGreaterThanOrEqual(last);
          expect(text.slice(token.start, token.end)).not.toMatch(/[\r\n]|^$/);
          last = token.end;
        }
        const lines = analysis.source.lineStarts.length;
        for (const { startLine, endLine } of foldsOf(analysis))
          expect(0 <= startLine && startLine < endLine && endLine < lines).toBe(true);
        const selections = selectionsAt(analysis, offset);
        expect(selections.at(-1)).toEqual({ start: 0, end: text.length });
        for (const entry of entriesOf(outlineOf(analysis.module))) {
          expect(isWithin(text, entry.whole)).toBe(true);
          expect(entry.whole.start <= entry.selection.start && entry.selection.end <= entry.whole.end).toBe(
            true,
          );
        }
        for (const { offset: at } of inlayHints(documents, analysis))
          expect(isWithin(text, { start: at, end: at })).toBe(true);
        for (const { span } of linksOf(analysis)) expect(isWithin(text, span)).toBe(true);
        for (const lens of lensesOf(analysis)) expect(isWithin(text, lens)).toBe(true);
        const hover = hoverAt(documents, analysis, offset);
        if (hover !== undefined)
          expect(hover.span.start <= offset && offset <= hover.span.end && hover.code !== "").toBe(true);
        const item = callItemAt(documents, analysis, offset);
        const calls = item === undefined ? [] : outgoingCalls(documents, item);
        for (const { at } of calls) for (const span of at) expect(span.start < span.end).toBe(true);
      }),
      { seed: 4, numRuns: 80 },
    );
  });

  test("every action is an edit of the text, and its edits do not overlap", () => {
    fc.assert(
      fc.property(broken, fc.nat(60), ({ text, offset }, length) => {
        const { documents, analysis } = analysed(text);
        const stretch = { start: offset, end: Math.min(offset + length, text.length) };
        const actions = [
          ...codeActionsAt(documents, analysis, stretch),
          ...sourceActions(documents, analysis),
        ];
        for (const { edits } of actions) {
          const inOrder = edits.map(({ span }) => span).sort((a, b) => a.start - b.start);
          inOrder.forEach((span, index) => {
            expect(isWithin(text, span)).toBe(true);
            expect(span.start).toBeGreaterThanOrEqual(inOrder[index - 1]?.end ?? 0);
          });
          expect(applied(text, edits)).not.toBe(text);
        }
      }),
      { seed: 7, numRuns: 30 },
    );
  });
});
