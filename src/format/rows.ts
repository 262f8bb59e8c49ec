/**
 * What stands below each other: the declarations of a file, the statements of a body. A row has its own comments
 * above it and keeps at most one blank line before it. Rows know where they were, so that a part of a file can be
 * formatted alone.
 */
import { builders } from "prettier/doc";
import { endOf } from "../../grammar/layout.ts";
import { type Doc, type Printer, isWaiting, waiting } from "./words.ts";

const { hardlineWithoutBreakParent } = builders;

export interface Row {
  /** From its first comment to the comment behind it. */
  readonly start: number;
  readonly end: number;
  /** A comment out of it goes to the next row. */
  readonly spills: boolean;
  /** A blank line stands before it. */
  readonly isApart: boolean;
  readonly doc: Doc;
}

/** What stands between the curly brackets of a declaration. */
export interface Body {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly Row[];
}

/** `start` and `end` are those of its words. */
export function printRow(printer: Printer, start: number, end: number, print: () => Doc): Row {
  printer.endsLine = false;
  const comments = waiting(printer, start);
  const above = comments.map(({ image, startOffset }, at) => [
    at > 0 && isApart(printer.text, startOffset) ? hardlineWithoutBreakParent : "",
    image.trimEnd(),
    hardlineWithoutBreakParent,
  ]);
  const gap = comments.length > 0 && isApart(printer.text, start) ? hardlineWithoutBreakParent : "";
  const doc = [above, gap, print()];
  const first = comments[0]?.startOffset ?? start;
  return {
    start: first,
    end: Math.max(end, endOfLastComment(printer)),
    spills: isWaiting(printer, end),
    isApart: isApart(printer.text, first),
    doc,
  };
}

/** The comments behind the last row, if there are any before `end`. */
export function printLastComments(printer: Printer, end: number): readonly Row[] {
  const comments = waiting(printer, end);
  return comments.map((comment) => ({
    start: comment.startOffset,
    end: endOf(comment),
    spills: false,
    isApart: isApart(printer.text, comment.startOffset),
    doc: comment.image.trimEnd(),
  }));
}

export function joinRows(rows: readonly Row[]): Doc {
  return rows.map(({ doc, isApart }, at) => [at === 0 ? "" : lineEnds(isApart), doc]);
}

export function lineEnds(isApart: boolean): Doc {
  return isApart ? [hardlineWithoutBreakParent, hardlineWithoutBreakParent] : hardlineWithoutBreakParent;
}

function endOfLastComment({ comments, next }: Printer): number {
  const last = comments[next - 1];
  return last === undefined ? 0 : endOf(last);
}

/** Whether only blanks and at least two line ends stand before `offset`, or the beginning of the text. */
function isApart(text: string, offset: number): boolean {
  let ends = 0;
  for (let at = offset - 1; at >= 0 && /\s/.test(text.charAt(at)); at--) {
    const sign = text.charAt(at);
    if (sign === "\n" || (sign === "\r" && text.charAt(at + 1) !== "\n")) ends++;
  }
  return ends > 1;
}
