/**
 * The formatter as a plugin of prettier: `plugins: ["margo-lang/prettier"]`. Prettier formats `.margo` files with it,
 * and blocks of `margo` in Markdown. As prettier expects of a parser, a text with a syntax error throws.
 */
import type { Parser, Printer, SupportLanguage } from "prettier";
import { type Doc, documentOf, preferredWidth } from "./format/index.ts";
import { printFile } from "./format/file.ts";
import { positionAt, sourceText } from "../compiler/syntax/source.ts";

/** What prettier takes for Margo: files by their ending, and blocks of Markdown by their name. */
export const languages: SupportLanguage[] = [
  { name: "Margo", parsers: ["margo"], extensions: [".margo"], vscodeLanguageIds: ["margo"] },
];

/** Columns of the one format; a project's own `printWidth` goes before. */
export const defaultOptions = { printWidth: preferredWidth };

/** The whole file: prettier needs no tree to print it. */
interface PrettierFile {
  readonly length: number;
  readonly doc: Doc;
}

/** Texts in Margo. A syntax error throws a `SyntaxError` with its place, lines and columns counted from 1. */
export const parsers: Readonly<Record<"margo", Parser<PrettierFile>>> = {
  margo: {
    astFormat: "margo",
    locStart: () => 0,
    locEnd: ({ length }) => length,
    parse: (text) => {
      const printed = printFile("", text);
      const error = printed.diagnostics.find(({ severity }) => severity === "error");
      if (error !== undefined) throw syntaxError(text, error.message, error.span);
      return { length: text.length, doc: documentOf(printed) };
    },
  },
};

/** The one format. */
export const printers: Readonly<Record<"margo", Printer<PrettierFile>>> = {
  margo: { print: (path) => path.node.doc },
};

/** An error with the place at which prettier shows it, counted from 1. */
function syntaxError(text: string, message: string, { start, end }: { start: number; end: number }): Error {
  const source = sourceText("", text);
  const placeOf = (offset: number) => {
    const { line, character } = positionAt(source, offset);
    return { line: line + 1, column: character + 1 };
  };
  return Object.assign(new SyntaxError(message), { loc: { start: placeOf(start), end: placeOf(end) } });
}
