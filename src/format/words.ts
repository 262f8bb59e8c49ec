/**
 * Words and comments, in the order of the text. The printers put out every word through here exactly once, and
 * comments come along: one behind a word on its line stays at the end of that line, one on lines of its own waits
 * for the next place where a line may begin (`leading`). So no comment is lost, whatever a printer makes of the words.
 *
 * What a comment ends must break: each group that holds both the words around it is broken, and no other.
 */
import type { IToken } from "chevrotain";
import { builders } from "prettier/doc";
import type { Body } from "./rows.ts";
import { endOf } from "../../grammar/layout.ts";
import { FloorDivide } from "../../grammar/tokens.ts";

const { group: docGroup, hardlineWithoutBreakParent, indent, join, lineSuffix, literalline } = builders;

/** Prettier's language of lines and groups. */
export type Doc = builders.Doc;

export interface Printer {
  readonly text: string;
  readonly comments: readonly IToken[];
  /** Offsets of brackets that hold a `//` which divides: it does so only while they open and close on one line. */
  readonly tight: ReadonlySet<number>;
  /** The next comment to put out. */
  next: number;
  /** How many tight brackets are open. */
  depth: number;
  /** Groups that are open, outermost first. */
  readonly groups: { broken: boolean }[];
  /** How many of them hold the word before, too. */
  shared: number;
  /** A comment follows the last word that was put out and no line end yet. */
  endsLine: boolean;
  /** Every body that was printed. */
  readonly bodies: Body[];
}

export function newPrinter(text: string, words: readonly IToken[], comments: readonly IToken[]): Printer {
  const tight = tightBrackets(words);
  return { text, comments, tight, next: 0, depth: 0, groups: [], shared: 0, endsLine: false, bodies: [] };
}

function tightBrackets(words: readonly IToken[]): ReadonlySet<number> {
  const open: number[] = [];
  const tight = new Set<number>();
  for (const { image, tokenType, startOffset } of words) {
    if (tokenType === FloorDivide) tight.add(open.at(-1) ?? -1);
    else if (image === "(" || image === "[" || image === "{") open.push(startOffset);
    else if (image === ")" || image === "]" || image === "}") open.pop();
  }
  return tight;
}

// ---------------------------------------------------------------- words

/** A word as it is written, and the comment behind it. */
export function word(printer: Printer, token: IToken): Doc {
  printer.shared = printer.groups.length;
  return [token.image, trailing(printer, endOf(token))];
}

/** A word that is not printed; its comment is. */
export function dropped(printer: Printer, token: IToken | undefined): Doc {
  return token === undefined ? "" : trailing(printer, endOf(token));
}

/** The comment behind `offset` on its line, if there is nothing else between. One a line: a second waits. */
export function trailing(printer: Printer, offset: number): Doc {
  const comment = printer.comments[printer.next];
  if (comment === undefined || comment.startOffset < offset || printer.endsLine) return "";
  if (/[^ \t\f\v]/.test(printer.text.slice(offset, comment.startOffset))) return "";
  printer.next++;
  printer.endsLine = true;
  return lineSuffix(` ${comment.image.trimEnd()}`);
}

/** Comments on lines of their own before `offset`, where a line may begin. */
export function leading(printer: Printer, offset: number): Doc {
  return waiting(printer, offset).map((comment) => [comment.image.trimEnd(), hardlineWithoutBreakParent]);
}

/** The same before a closing bracket: they belong to what it encloses. */
export function closing(printer: Printer, offset: number): Doc {
  return waiting(printer, offset).map((comment) => [hardlineWithoutBreakParent, comment.image.trimEnd()]);
}

/** Whether a comment waits for a line of its own before `offset`; it goes on waiting in brackets that must not break. */
export function isWaiting({ comments, next, depth }: Printer, offset: number): boolean {
  return depth === 0 && (comments[next]?.startOffset ?? Infinity) < offset;
}

/** Takes the comments on lines of their own before `offset`. */
export function waiting(printer: Printer, offset: number): readonly IToken[] {
  const start = printer.next;
  while (isWaiting(printer, offset)) printer.next++;
  if (printer.next > start) breakShared(printer);
  return printer.comments.slice(start, printer.next);
}

/** Breaks the groups that hold both this place and the word before it. */
function breakShared({ groups, shared }: Printer): void {
  for (const open of groups.slice(0, shared)) open.broken = true;
}

/** A line end in every case. */
export function hardline(printer: Printer): Doc {
  for (const open of printer.groups) open.broken = true;
  printer.endsLine = false;
  return hardlineWithoutBreakParent;
}

/** Puts out the text before `end` as it is written, comments and all. */
export function asWritten(printer: Printer, start: number, end: number): Doc {
  while (isWaiting(printer, end)) printer.next++;
  return join(literalline, printer.text.slice(start, end).split("\n"));
}

// ---------------------------------------------------------------- groups and lines

/** What stays on one line unless there are comments in it, which end before `end`. */
export function unbroken(printer: Printer, end: number, print: () => Doc): Doc {
  if (isWaiting(printer, end)) return group(printer, print);
  printer.depth++;
  const contents = print();
  printer.depth--;
  return contents;
}

/** What goes on one line if it fits, and else has a line end at each of its own `line`s. */
export function group(printer: Printer, print: () => Doc): Doc {
  const state = { broken: false };
  printer.groups.push(state);
  const contents = print();
  printer.groups.pop();
  printer.shared = Math.min(printer.shared, printer.groups.length);
  return docGroup(contents, { shouldBreak: state.broken });
}

/** A blank or a line end. */
export function line(printer: Printer): Doc {
  endLine(printer);
  return printer.depth > 0 ? " " : builders.line;
}

/** Nothing or a line end. */
export function softline(printer: Printer): Doc {
  endLine(printer);
  return printer.depth > 0 ? "" : builders.softline;
}

/** Behind a comment this line end must be one, if the comment is of the same group. */
function endLine(printer: Printer): void {
  const { endsLine, depth, shared, groups } = printer;
  if (!endsLine || depth > 0 || shared < groups.length) return;
  breakShared(printer);
  printer.endsLine = false;
}

/** What stands between two brackets, on lines of its own where the group around it breaks. */
export interface Bracketed {
  readonly open: IToken;
  readonly close: IToken;
  /** Between the brackets and what they enclose, on one line. */
  readonly padding: "none" | "blank";
  readonly print: () => Doc;
}

/** Not a group of its own: the caller says which group its line ends belong to. */
export function bracketed(printer: Printer, { open, close, padding, print }: Bracketed): Doc {
  const isTight = printer.tight.has(open.startOffset);
  const opener = word(printer, open);
  if (isTight) printer.depth++;
  const edge = padding === "none" ? softline : line;
  const inner = indent([edge(printer), print(), closing(printer, close.startOffset)]);
  const end = edge(printer);
  if (isTight) printer.depth--;
  return [opener, inner, end, word(printer, close)];
}

export interface Listed<Item> extends Omit<Bracketed, "print"> {
  readonly items: readonly Item[];
  readonly offsetOf: (item: Item) => number;
  readonly printItem: (item: Item) => Doc;
  readonly commas: readonly IToken[];
}

/** Items with commas between them, and one behind the last where each has a line of its own. */
export function listed<Item>(printer: Printer, list: Listed<Item>): Doc {
  const { open, close, items, offsetOf, printItem } = list;
  if (items.length === 0) {
    const opener = word(printer, open);
    const last = isWaiting(printer, close.startOffset)
      ? [indent(closing(printer, close.startOffset)), hardlineWithoutBreakParent]
      : "";
    return [opener, last, word(printer, close)];
  }
  const print = (): Doc =>
    items.map((item, index) => {
      const above = leading(printer, offsetOf(item));
      return [
        above,
        printItem(item),
        printComma(printer, list, index),
        isLast(list, index) ? "" : line(printer),
      ];
    });
  return bracketed(printer, { ...list, print });
}

/** The same with as many items on a line as fit, for numbers without comments between them. */
export function flowing<Item>(printer: Printer, list: Listed<Item>): Doc {
  if (list.items.length === 0) return listed(printer, list);
  const print = (): Doc => {
    const parts = list.items.flatMap((item, index): Doc[] => {
      const part = list.printItem(item);
      return isLast(list, index) ? [part] : [[part, printComma(printer, list, index)], line(printer)];
    });
    return [builders.fill(parts), printComma(printer, list, list.items.length - 1)];
  };
  return bracketed(printer, { ...list, print });
}

function printComma<Item>(printer: Printer, list: Listed<Item>, index: number): Doc {
  const comma = list.commas[index];
  if (!isLast(list, index)) return comma === undefined ? "" : word(printer, comma);
  return [printer.depth > 0 ? "" : builders.ifBreak(","), dropped(printer, comma)];
}

function isLast<Item>({ items }: Listed<Item>, index: number): boolean {
  return index === items.length - 1;
}
