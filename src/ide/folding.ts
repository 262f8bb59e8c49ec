/**
 * What can be folded away: declarations and statements that span lines, brackets, runs of comments, and the imports
 * at the top. Lines count from 0; a fold keeps its first line visible, and the closing bracket where one ends it.
 */
import type { IToken } from "chevrotain";
import { allParts } from "../../compiler/syntax/walk.ts";
import { type SourceText, positionAt } from "../../compiler/syntax/source.ts";
import {
  Comment,
  DocComment,
  LeftCurly,
  LeftParen,
  LeftSquare,
  RightCurly,
  RightParen,
  RightSquare,
} from "../../grammar/tokens.ts";
import type { Analysis } from "./documents.ts";

export interface Fold {
  readonly startLine: number;
  /** The last line that is hidden. */
  readonly endLine: number;
  readonly kind: "code" | "comment" | "imports";
}

/** By place; of several that begin on one line the largest, since an editor has one handle a line. */
export function foldsOf(analysis: Analysis): readonly Fold[] {
  const all = [
    ...foldsOfImports(analysis),
    ...foldsOfComments(analysis),
    ...foldsOfTree(analysis),
    ...foldsOfBrackets(analysis),
  ];
  const largest = new Map<number, Fold>();
  for (const fold of all) {
    const known = largest.get(fold.startLine);
    const isLarger = known === undefined || fold.endLine > known.endLine;
    if (fold.endLine > fold.startLine && isLarger) largest.set(fold.startLine, fold);
  }
  return [...largest.values()].sort((a, b) => a.startLine - b.startLine);
}

function foldsOfImports({ module, source }: Analysis): readonly Fold[] {
  const { declarations } = module.module;
  const last = declarations.findIndex(({ kind }) => kind !== "import") - 1;
  const imports = declarations.slice(0, last < -1 ? declarations.length : last + 1);
  const [first, end] = [imports[0], imports.at(-1)];
  if (first === undefined || end === undefined) return [];
  return [
    { startLine: lineOf(source, first.span.start), endLine: lineOf(source, end.span.end), kind: "imports" },
  ];
}

/** Comments on lines that follow each other, alone on theirs. */
function foldsOfComments({ words, source }: Analysis): readonly Fold[] {
  const lines = words.comments
    .filter(({ tokenType }) => tokenType === Comment || tokenType === DocComment)
    .map(({ startOffset }) => positionAt(source, startOffset))
    .filter(
      ({ line, character }) =>
        source.text.slice(source.lineStarts[line], (source.lineStarts[line] ?? 0) + character).trim() === "",
    )
    .map(({ line }) => line);
  const folds: Fold[] = [];
  for (let at = 0; at < lines.length;) {
    const startLine = lines[at] ?? 0;
    let endLine = startLine;
    while (lines[++at] === endLine + 1) endLine++;
    folds.push({ startLine, endLine, kind: "comment" });
  }
  return folds;
}

/** What a bracket does not hold: `fn f(x) =` with its expression below, a pipeline over lines. */
function foldsOfTree({ module, source }: Analysis): readonly Fold[] {
  const folds: Fold[] = [];
  for (const { is, node } of allParts(module.module)) {
    if (is !== "declaration" && is !== "statement") continue;
    const [startLine, end] = [lineOf(source, node.span.start), lineOf(source, node.span.end)];
    folds.push({ startLine, endLine: lastHidden(source, node.span.end, end), kind: "code" });
  }
  return folds;
}

function foldsOfBrackets({ words, source }: Analysis): readonly Fold[] {
  const open: IToken[] = [];
  const folds: Fold[] = [];
  for (const token of words.tokens) {
    if (openers.has(token.tokenType)) open.push(token);
    const opener = closers.get(token.tokenType);
    if (opener === undefined) continue;
    // In broken text some brackets stay open: what closes belongs to the last of its kind.
    const at = open.findLastIndex(({ tokenType }) => tokenType === opener);
    const begin = open[at];
    if (begin === undefined) continue;
    open.length = at;
    const end = lastHidden(source, token.startOffset + 1, lineOf(source, token.startOffset));
    folds.push({ startLine: lineOf(source, begin.startOffset), endLine: end, kind: "code" });
  }
  return folds;
}

/** A line that holds only the closing bracket stays visible. */
function lastHidden({ text, lineStarts }: SourceText, end: number, line: number): number {
  return /^\s*[\])}]$/.test(text.slice(lineStarts[line], end)) ? line - 1 : line;
}

function lineOf(source: SourceText, offset: number): number {
  return positionAt(source, offset).line;
}

const openers = new Set([LeftCurly, LeftParen, LeftSquare]);
const closers = new Map([
  [RightCurly, LeftCurly],
  [RightParen, LeftParen],
  [RightSquare, LeftSquare],
]);
