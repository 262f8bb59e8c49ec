/**
 * A file as rows. Declarations with a mistake in them are rows that stay exactly as they were written, and so is
 * what stands between declarations and is neither blank nor comment, together with the declarations beside it.
 */
import type { CstNode, IToken } from "chevrotain";
import { printDeclaration } from "./declarations.ts";
import { present } from "./present.ts";
import { type Body, type Row, printLastComments, printRow } from "./rows.ts";
import { type Printer, asWritten, newPrinter, trailing } from "./words.ts";
import type { Diagnostic } from "../../compiler/errors/diagnostic.ts";
import { nodeOf, nodesOf } from "../../compiler/syntax/cst.ts";
import { type ConcreteModule, parseConcrete } from "../../compiler/syntax/parse.ts";
import { endOf } from "../../grammar/layout.ts";

export interface PrintedFile {
  readonly rows: readonly Row[];
  readonly bodies: readonly Body[];
  readonly diagnostics: readonly Diagnostic[];
}

export function printFile(file: string, text: string): PrintedFile {
  const concrete = parseConcrete(file, text);
  const printer = newPrinter(text, concrete.words, concrete.comments);
  const rows: Row[] = [];
  let above: Part | undefined;
  for (const part of partsOf(text, concrete)) {
    const row = printPart(printer, part);
    rows.push({ ...row, isApart: row.isApart || standApart(text, above, part, row) });
    above = part;
  }
  return {
    rows: [...rows, ...printLastComments(printer, text.length + 1)],
    bodies: printer.bodies,
    diagnostics: concrete.diagnostics,
  };
}

/** One or more declarations in a row. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** Undefined where it stays as it is. */
  readonly item: CstNode | undefined;
}

function printPart(printer: Printer, { start, end, item }: Part): Row {
  return printRow(printer, start, end, () =>
    item === undefined
      ? [asWritten(printer, start, end), trailing(printer, end)]
      : printDeclaration(printer, item),
  );
}

/** A body or a description gets a blank line around it, and so do the imports. */
function standApart(text: string, above: Part | undefined, part: Part, row: Row): boolean {
  if (above?.item === undefined || part.item === undefined) return false;
  const isImport = ({ item }: Part): boolean => nodeOf(item, "importDeclaration") !== undefined;
  return (
    isImport(above) !== isImport(part) || hasBody(above) || hasBody(part) || text.startsWith("///", row.start)
  );
}

function hasBody({ item }: Part): boolean {
  return nodeOf(nodeOf(item, "callable") ?? nodeOf(item, "train"), "block") !== undefined;
}

// ---------------------------------------------------------------- what is whole

function partsOf(text: string, { cst, comments, broken }: ConcreteModule): readonly Part[] {
  const lines = nodesOf(cst, "line").map((node): Part => {
    const [start, end] = [present(node.location).startOffset, present(node.location?.endOffset) + 1];
    const isWhole = !broken.some((span) => span.start <= end && span.end >= start);
    return isWhole ? { start, end, item: nodeOf(node, "item") } : { start, end, item: undefined };
  });
  const parts: Part[] = [];
  let at = 0;
  for (const part of [...lines, { start: text.length, end: endWithoutBlanks(text), item: undefined }]) {
    const stray = strayIn(text, comments, at, part.start);
    if (stray !== undefined)
      parts.push({ start: parts.pop()?.start ?? stray, end: part.end, item: undefined });
    else if (part.start < text.length) parts.push(part);
    at = part.end;
  }
  return parts.map((part) =>
    part.item === undefined ? { ...part, start: indentOf(text, part.start) } : part,
  );
}

/** The first sign between two offsets that is neither blank nor in a comment. */
function strayIn(text: string, comments: readonly IToken[], start: number, end: number): number | undefined {
  let at = start;
  while (at < end) {
    const comment = comments[firstFrom(comments, at)];
    const next = Math.min(comment?.startOffset ?? end, end);
    const blank = blanks.exec(text.slice(at, next))?.[0].length ?? 0;
    if (at + blank < next) return at + blank;
    at = comment === undefined || next === end ? end : endOf(comment);
  }
  return undefined;
}

/** What the language takes for nothing, a byte order mark too; other invisible signs are mistakes of the text. */
const blanks = /^[\uFEFF \t\r\n]*/;

function endWithoutBlanks(text: string): number {
  let end = text.length;
  while (end > 0 && " \t\r\n".includes(text.charAt(end - 1))) end--;
  return end;
}

/** The index of the first comment that begins at or behind `offset`, by bisection. */
function firstFrom(comments: readonly IToken[], offset: number): number {
  let [low, high] = [0, comments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((comments[middle]?.startOffset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the blanks before `offset` on its line begin, if there is nothing before them. */
function indentOf(text: string, offset: number): number {
  let at = offset;
  while (/[ \t]/.test(text.charAt(at - 1))) at--;
  return at === 0 || /[\r\n]/.test(text.charAt(at - 1)) ? at : offset;
}
