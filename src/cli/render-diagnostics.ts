/**
 * Diagnostics for people: the message, the lines of source it is about with what is meant underlined, other
 * places with their labels, and the way out. One diagnostic is one paragraph.
 *
 *     error[M0002]: `)` is missing
 *       --> digits.margo:2:17
 *        |
 *      2 |   let y = (x + 1
 *        |                 ^
 *        |           - this `(` is not closed
 *        = fix: add `)`
 */
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import type { Span } from "../../compiler/errors/span.ts";
import { type SourceText, lineText, positionAt, sourceText } from "../../compiler/syntax/source.ts";
import { bold, cyan, red, yellow } from "./colors.ts";
import type { TextOf } from "./diagnostics-output.ts";

export interface RenderOptions {
  readonly color: boolean;
}

/** Paragraphs with a blank line between; no line end at the end. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  textOf: TextOf,
  { color }: RenderOptions,
): string {
  const paint = color ? colorful : plain;
  const sources = new Map<string, SourceText>();
  const sourceOf = (file: string): SourceText => {
    const source = sources.get(file) ?? sourceText(file, textOf(file));
    sources.set(file, source);
    return source;
  };
  return diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, sourceOf, paint)).join("\n\n");
}

// ---------------------------------------------------------------- one diagnostic

type Style = (text: string) => string;

interface Paint {
  readonly strong: Style;
  readonly error: Style;
  readonly warning: Style;
  readonly frame: Style;
}

const same: Style = (text) => text;
const plain: Paint = { strong: same, error: same, warning: same, frame: same };
const colorful: Paint = {
  strong: bold,
  error: (text) => bold(red(text)),
  warning: (text) => bold(yellow(text)),
  frame: cyan,
};

type SourceOf = (file: string) => SourceText;

function renderDiagnostic(diagnostic: Diagnostic, sourceOf: SourceOf, paint: Paint): string {
  const { severity, code, message, help, fix } = diagnostic;
  const marks = marksOf(diagnostic, sourceOf);
  const gutter = Math.max(...marks.map(({ line }) => String(line + 1).length));
  const head = `${paint[severity](`${severity}[${code}]`)}${paint.strong(`: ${message}`)}`;
  const note = (word: string, text: string): string => {
    const start = `${" ".repeat(gutter + 1)}${paint.frame("=")} ${paint.strong(`${word}: `)}`;
    return start + text.replaceAll("\n", `\n${" ".repeat(gutter + word.length + 5)}`);
  };
  return [
    head,
    ...renderFiles(marks, gutter, severity, paint),
    ...(help === undefined ? [] : [note("help", help)]),
    ...(fix === undefined ? [] : [note("fix", fix.title)]),
  ].join("\n");
}

/** A stretch of one line with what is said about it. */
interface Mark {
  readonly source: SourceText;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly isMain: boolean;
}

/** The diagnostic's own place first. A span over several lines is shown by the part on its first line. */
function marksOf({ span, labels }: Diagnostic, sourceOf: SourceOf): readonly Mark[] {
  const mark = (place: Span, message: string, isMain: boolean): Mark => {
    const source = sourceOf(place.file);
    const { line, character } = positionAt(source, place.start);
    const end = positionAt(source, place.end);
    const last = end.line === line ? end.character : lineText(source, line).length;
    return { source, line, start: character, end: Math.max(last, character + 1), message, isMain };
  };
  return [mark(span, "", true), ...labels.map((label) => mark(label.span, label.message, false))];
}

// ---------------------------------------------------------------- lines

function renderFiles(
  marks: readonly Mark[],
  gutter: number,
  severity: Diagnostic["severity"],
  paint: Paint,
): readonly string[] {
  const files = [...new Set(marks.map(({ source }) => source.file))];
  const blank = " ".repeat(gutter);
  return files.flatMap((file, at) => {
    const own = marks.filter(({ source }) => source.file === file);
    const [first] = own;
    if (first === undefined) return [];
    const place = `${file}:${first.line + 1}:${first.start + 1}`;
    const arrow = paint.frame(at === 0 ? "-->" : ":::");
    return [
      `${blank}${arrow} ${place}`,
      `${blank} ${paint.frame("|")}`,
      ...renderLines(own, gutter, severity, paint),
    ];
  });
}

function renderLines(
  marks: readonly Mark[],
  gutter: number,
  severity: Diagnostic["severity"],
  paint: Paint,
): readonly string[] {
  const numbers = [...new Set(marks.map(({ line }) => line))].sort((a, b) => a - b);
  const bar = paint.frame("|");
  return numbers.flatMap((number, at) => {
    const own = marks.filter(({ line }) => line === number);
    const [first] = own;
    if (first === undefined) return [];
    const view = viewOf(lineText(first.source, number), own);
    const before = numbers[at - 1];
    const gap =
      before !== undefined && number > before + 1 ? [`${paint.frame("...".padEnd(gutter + 1))}`] : [];
    return [
      ...gap,
      `${paint.frame(String(number + 1).padStart(gutter))} ${bar} ${view.text}`.trimEnd(),
      ...own.map((mark) => `${" ".repeat(gutter)} ${bar} ${underline(mark, view, severity, paint)}`),
    ];
  });
}

function underline(mark: Mark, view: View, severity: Diagnostic["severity"], paint: Paint): string {
  const start = view.columnOf(mark.start);
  const length = Math.max(view.columnOf(mark.end) - start, 1);
  const style = mark.isMain ? paint[severity] : paint.frame;
  const sign = mark.isMain ? "^" : "-";
  const line = sign.repeat(length);
  return `${" ".repeat(start)}${style(mark.message === "" ? line : `${line} ${mark.message}`)}`;
}

// ---------------------------------------------------------------- long lines and tabs

interface View {
  readonly text: string;
  /** Where a character of the line stands in the text shown. */
  columnOf(character: number): number;
}

const widest = 120;
const tab = "    ";

/** A line as shown: tabs as blanks, control characters as `·`, and of a long line the part around the marks. */
function viewOf(line: string, marks: readonly Mark[]): View {
  const from = Math.min(...marks.map(({ start }) => start));
  const first = line.length <= widest ? 0 : Math.max(0, Math.min(from - 20, line.length - widest));
  const last = Math.min(line.length, first + widest);
  const head = first > 0 ? "…" : "";
  const shown = (text: string): string => text.replaceAll("\t", tab).replace(/\p{Cc}|\p{Cs}/gu, "·");
  return {
    text: `${head}${shown(line.slice(first, last))}${last < line.length ? "…" : ""}`,
    columnOf: (character) => {
      const inside = Math.min(Math.max(character, first), last);
      const beyond = Math.max(character - line.length, 0);
      return head.length + [...shown(line.slice(first, inside))].length + Math.min(beyond, 1);
    },
  };
}
