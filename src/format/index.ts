/**
 * The formatter: there is one format, and formatting twice changes nothing. It prints the concrete tree with
 * prettier's document printer, so it keeps every comment and never touches what a statement says; declarations with a
 * mistake in them stay as they were written. Pure, and loads in a page.
 */
import { builders, printer as documents } from "prettier/doc";
import { type PrintedFile, printFile } from "./file.ts";
import type { Doc } from "./words.ts";
import { type Row, joinRows, lineEnds } from "./rows.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";

export type { Doc } from "./words.ts";

/** How a text is laid out where it is not the one format's way. */
export interface FormatOptions {
  /** What diagnostics call the text. */
  readonly file?: string;
  /** Columns of a line, 100 unless given. */
  readonly printWidth?: number;
  /** Blanks an indentation, 2 unless given. */
  readonly tabWidth?: number;
  readonly useTabs?: boolean;
}

/** A text in the one format; it is never less than what was given. */
export interface FormatResult {
  /** What has mistakes is in it as it was written. */
  readonly text: string;
  /** What is wrong with the syntax. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A stretch of the text as it was, and what to put there. */
export interface FormatEdit {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

export const preferredWidth = 100;

/**
 * Formats a whole text. Never throws on a text: what cannot be parsed stays as it was written, and a diagnostic
 * says why.
 */
export function format(text: string, options: FormatOptions = {}): FormatResult {
  const printed = printFile(options.file ?? "", text);
  return {
    text: withLineEnds(printDoc(documentOf(printed), options), text),
    diagnostics: printed.diagnostics,
  };
}

/** Lines end as the first one of the text does: a file with CRLF keeps it. */
function withLineEnds(printed: string, text: string): string {
  return /^[^\n]*\r\n/.test(text) ? printed.replace(/\r?\n/g, "\r\n") : printed;
}

/** The whole file as a document of prettier's. */
export function documentOf({ rows }: PrintedFile): Doc {
  return rows.length === 0 ? "" : [joinRows(rows), builders.hardline];
}

/**
 * Formats what the range touches: whole statements where it lies within one body, else whole declarations.
 * The edits do not overlap and are in the order of the text.
 */
export function formatRange(
  text: string,
  start: number,
  end: number,
  options: FormatOptions = {},
): readonly FormatEdit[] {
  const { rows, bodies } = printFile("", text);
  const body = bodies.find((one) => one.start <= start && end <= one.end);
  const level = body === undefined ? 0 : 1;
  const touched = touchedRows(body?.rows ?? rows, start, end);
  return touched
    .flatMap((row, at): readonly FormatEdit[] => {
      const indent = indentation(level, options);
      const before = touched[at - 1];
      const gap =
        before === undefined
          ? { start: indentStart(text, row.start), end: row.start, newText: indent }
          : { start: before.end, end: row.start, newText: `${row.isApart ? "\n\n" : "\n"}${indent}` };
      const doc = level === 0 ? row.doc : builders.indent([lineEnds(false), row.doc]);
      const printed = printDoc(doc, options).trimStart();
      return [gap, { start: row.start, end: row.end, newText: printed }];
    })
    .map((edit) => ({ ...edit, newText: withLineEnds(edit.newText, text) }))
    .filter((edit) => text.slice(edit.start, edit.end) !== edit.newText);
}

/** With those that a comment goes to. */
function touchedRows(rows: readonly Row[], start: number, end: number): readonly Row[] {
  const first = rows.findIndex((row) => row.end >= start);
  if (first < 0) return [];
  let next = first;
  while (next < rows.length && (rows[next]?.start ?? 0) <= end) next++;
  while (rows[next - 1]?.spills === true && next < rows.length) next++;
  return rows.slice(first, next);
}

/** Where the blanks before a row begin; the row itself where it does not begin its line. */
function indentStart(text: string, offset: number): number {
  const blanks = /[ \t]*$/.exec(text.slice(0, offset))?.[0].length ?? 0;
  return offset - blanks;
}

function indentation(level: number, { tabWidth = 2, useTabs = false }: FormatOptions): string {
  return (useTabs ? "\t" : " ".repeat(tabWidth)).repeat(level);
}

function printDoc(doc: Doc, options: FormatOptions): string {
  const { printWidth = preferredWidth, tabWidth = 2, useTabs = false } = options;
  return documents.printDocToString(doc, { printWidth, tabWidth, useTabs }).formatted;
}
