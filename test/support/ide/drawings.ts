/**
 * What the editor's functions answer, drawn into the source that they were asked about: hints in guillemets where they
 * appear, marks under words, stretches in brackets. So a test is one text that a person can read.
 */
import { expect } from "vitest";
import { codeActionsAt, applied, sourceActions } from "../../../src/ide/code-actions.ts";
import { foldsOf } from "../../../src/ide/folding.ts";
import { inlayHints } from "../../../src/ide/inlay-hints.ts";
import { type OutlineEntry, outlineOf } from "../../../src/ide/outline.ts";
import { selectionsAt } from "../../../src/ide/selection.ts";
import { semanticTokens } from "../../../src/ide/semantic-tokens.ts";
import { analysed, marked, testFile } from "./documents.ts";

type Files = Readonly<Record<string, string>>;

/** `expected` is the source with its hints between « and ». */
export function checkInlayHints(expected: string, others: Files = {}): void {
  const text = expected.replace(/«[^»]*»/g, "");
  const { documents, analysis } = analysed(text, others);
  const drawn = inlayHints(documents, analysis).toReversed();
  const result = drawn.reduce((all, { offset, text: hint, blank }) => {
    const shown = `${blank === "before" ? " " : ""}${hint}${blank === "after" ? " " : ""}`;
    return `${all.slice(0, offset)}«${shown}»${all.slice(offset)}`;
  }, text);
  expect(result).toBe(expected);
}

/** `expected` is the source with the kind of each word in a line of marks below: `^^^ keyword`. */
export function checkSemanticTokens(expected: string): void {
  const lines = expected.trimEnd().split("\n");
  const source = lines.filter((line) => !/^ *\^/.test(line)).map((line) => `${line}\n`);
  const text = source.join("");
  const { documents, analysis } = analysed(text);
  const tokens = semanticTokens(documents, analysis);
  let start = 0;
  const drawn = source.flatMap((line) => {
    const own = tokens.filter((token) => token.start >= start && token.start < start + line.length);
    const marks = own.map(({ start: at, end, type, modifiers }) => {
      const said = [type, ...modifiers].join(" ");
      return `${" ".repeat(at - start)}${"^".repeat(end - at)} ${said}`;
    });
    start += line.length;
    return [line.trimEnd(), ...marks];
  });
  expect(drawn.join("\n")).toBe(lines.join("\n"));
}

/** `expected` has `┌ kind` behind the first line of each fold and `└` behind the last that is hidden. */
export function checkFolds(expected: string): void {
  const text = expected.replace(/(?: *[┌└](?: \w+)?)+(?=\n|$)/g, "");
  const { analysis } = analysed(text);
  const lines = text.split("\n");
  for (const { startLine, endLine, kind } of foldsOf(analysis)) {
    lines[startLine] = `${lines[startLine] ?? ""} ┌ ${kind}`;
    lines[endLine] = `${lines[endLine] ?? ""} └`;
  }
  expect(lines.join("\n")).toBe(expected);
}

/** The texts of the selections that grow around `¦`, smallest first. */
export function checkSelections(source: string, expected: readonly string[]): void {
  const { text, start } = marked(source);
  const grown = selectionsAt(analysed(text).analysis, start);
  expect(grown.map((one) => text.slice(one.start, one.end))).toEqual([...expected, text]);
}

/** The outline as indented lines: `kind name detail`. */
export function checkOutline(text: string, expected: string): void {
  const drawn = (entries: readonly OutlineEntry[], indent: string): string[] =>
    entries.flatMap(({ kind, name, detail, children }) => [
      `${indent}${kind} ${name} ${detail}`.trimEnd(),
      ...drawn(children, `${indent}  `),
    ]);
  expect(drawn(outlineOf(analysed(text).analysis.module), "").join("\n")).toBe(expected.trim());
}

/** The titles of what is offered at `¦`, or for the stretch between two. */
export function actionTitles(source: string, others: Files = {}): readonly string[] {
  const { text, start, end } = marked(source);
  const { documents, analysis } = analysed(text, others);
  return codeActionsAt(documents, analysis, { start, end }).map(({ title }) => title);
}

/** The text that an action offered at `¦` leaves. */
export function checkAction(source: string, title: string, expected: string, others: Files = {}): void {
  const { text, start, end } = marked(source);
  const { documents, analysis } = analysed(text, others);
  const actions = [
    ...codeActionsAt(documents, analysis, { start, end }),
    ...sourceActions(documents, analysis),
  ];
  const action = actions.find((one) => one.title === title);
  if (action === undefined) throw new Error(`offered: ${actions.map((one) => one.title).join(", ")}`);
  expect(action.edits.every(({ span }) => span.file === testFile)).toBe(true);
  expect(applied(text, action.edits)).toBe(expected);
}
