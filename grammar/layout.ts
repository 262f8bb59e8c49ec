/**
 * Lines and brackets: from the words of a text to the row that the parser reads.
 *
 * - A statement ends at a line end (an `EndOfStatement` is put there), unless a bracket is open, the line ends
 *   in something that wants more (`=`, an operator, `then`), or the next begins with something that goes on
 *   (`|>`, an operator other than `-`, `then`, `else`).
 * - A name that begins a declaration or a statement (`model Features(…`) becomes a keyword; elsewhere it stays
 *   a name, so that a parameter may be called `margin`.
 * - Brackets always match in what comes out. A missing one is put where the next statement shows that it is
 *   missing; a stray one is dropped. Each such repair is a fault.
 */
import { type IToken, type TokenType, createTokenInstance } from "chevrotain";
import {
  beginsDeclaration,
  beginsStatement,
  declarationWords,
  hardWords,
  isFollowedByName,
  isFollowedOnLine,
  isForgotten,
  isOnLaterLine,
  laidOutTypes,
  namesValue,
  statementWords,
} from "./begins.ts";
import { cutDeep } from "./depth.ts";
import type { LayoutFault } from "./faults.ts";
import * as is from "./tokens.ts";

export interface Layout {
  readonly tokens: readonly IToken[];
  readonly faults: readonly LayoutFault[];
}

/** The candidate that a misspelt word was meant to be, if any is near. */
export type NearestWord = (word: string, candidates: readonly string[]) => string | undefined;

/** `limit` is how deep brackets and `if` may nest. */
export function layOut(words: readonly IToken[], nearest: NearestWord, limit: number): Layout {
  const shallow = cutDeep(words, limit);
  const writer: Writer = {
    words: shallow.tokens,
    nearest,
    out: [],
    faults: [...shallow.faults],
    brackets: [],
    statement: "none",
    breaksLine: false,
    column: 1,
  };
  for (const index of writer.words.keys()) layOutWord(writer, index);
  closeBrackets(writer, 0);
  endStatement(writer);
  return { tokens: writer.out, faults: writer.faults };
}

// ---------------------------------------------------------------- the walk

interface Writer {
  readonly words: readonly IToken[];
  readonly nearest: NearestWord;
  readonly out: IToken[];
  readonly faults: LayoutFault[];
  readonly brackets: Bracket[];
  /** Of the innermost block: nothing yet, a declaration before its body, an import, or any other. */
  statement: "none" | "exported" | "header" | "import" | "open";
  /** After `;` */
  breaksLine: boolean;
  /** Of the declaration that is open. */
  column: number;
}

interface Bracket {
  readonly opener: IToken;
  readonly closer: string;
  /** A body: statements end inside it. */
  readonly isBlock: boolean;
  /** A curly one that is neither a body nor the list of an import. */
  readonly isStray: boolean;
}

function layOutWord(writer: Writer, index: number): void {
  const token = writer.words[index];
  if (token === undefined) return;
  const previous = writer.words[index - 1];
  const newLine = previous === undefined || writer.breaksLine || isOnLaterLine(previous, token);
  if (newLine) breakLine(writer, index, token, previous);
  if (token.tokenType === is.Semicolon) return dropSemicolon(writer, index, token);
  writer.breaksLine = false;
  if (isInside(writer) || (writer.statement !== "none" && writer.statement !== "exported")) {
    return putWord(writer, index, token);
  }
  beginStatement(writer, index, token);
}

/** Ends the statement if this line does not go on with it, and closes what was left open. */
function breakLine(writer: Writer, index: number, token: IToken, previous: IToken | undefined): void {
  const beginsNext = beginsDeclaration(writer.words, index) && (token.startColumn ?? 1) <= writer.column;
  if (isInside(writer)) {
    if (beginsNext) closeBrackets(writer, 0);
    else if (beginsStatement(writer.words, index) || isForgotten(writer.words, index)) {
      closeBrackets(writer, blockLevel(writer) + 1);
    } else return;
    return endStatement(writer);
  }
  if (writer.brackets.length > 0 && beginsNext) closeBrackets(writer, 0);
  const mayGoOn = previous !== undefined && !writer.breaksLine && !namesValue(writer.words, index);
  const goesOn = mayGoOn && continues(writer, previous, token);
  if (!goesOn) endStatement(writer);
}

function putWord(writer: Writer, index: number, token: IToken): void {
  const closer = closers.get(token.tokenType);
  if (closer !== undefined) return openBracket(writer, token, closer);
  if (
    token.tokenType === is.RightParen ||
    token.tokenType === is.RightSquare ||
    token.tokenType === is.RightCurly
  ) {
    return closeBracket(writer, token);
  }
  if (token.tokenType === is.Equals && !isInside(writer)) writer.statement = "open";
  const previous = writer.words[index - 1];
  if (
    previous?.tokenType === is.NumberLiteral &&
    token.tokenType === is.Identifier &&
    touches(previous, token)
  ) {
    writer.faults.push({ kind: "missingTimes", number: previous, name: token });
    put(writer, virtualToken(is.Times, "*", previous));
  }
  if (isReservedName(writer, index, token)) {
    writer.faults.push({ kind: "reservedName", token });
    return put(writer, retyped(token, is.Identifier));
  }
  put(writer, token);
}

/** A reserved word where only a name can stand: behind `let`, or before `:` or `=` in a list. */
function isReservedName(writer: Writer, index: number, { tokenType }: IToken): boolean {
  if (!reservedWords.has(tokenType)) return false;
  const before = writer.out.at(-1)?.tokenType;
  if (before === is.Let || before === is.Param || before === is.State) return true;
  const after = writer.words[index + 1]?.tokenType;
  const beginsItem = before === is.LeftParen || before === is.Comma;
  return beginsItem && isInside(writer) && (after === is.Colon || after === is.Equals);
}

const reservedWords = new Set([
  is.Let, is.Require, is.Import, is.Export, is.If, is.Then, is.Else, is.Or, is.And, is.Not, is.True, is.False,
]); // prettier-ignore

const closers: ReadonlyMap<TokenType, string> = new Map([
  [is.LeftParen, ")"],
  [is.LeftSquare, "]"],
  [is.LeftCurly, "}"],
]);

function put(writer: Writer, token: IToken): void {
  writer.out.push(token);
}

function endStatement(writer: Writer): void {
  const last = writer.out.at(-1);
  if (writer.statement !== "none" && last !== undefined)
    put(writer, virtualToken(is.EndOfStatement, "", last));
  writer.statement = "none";
}

function dropSemicolon(writer: Writer, index: number, token: IToken): void {
  const next = writer.words[index + 1];
  const endsLine = next === undefined || isOnLaterLine(token, next) || next.tokenType === is.RightCurly;
  writer.faults.push({ kind: "semicolon", token, endsLine });
  writer.breaksLine = !isInside(writer);
}

// ---------------------------------------------------------------- words that begin something

/** What other languages say. */
const foreignWords: Readonly<Record<string, string>> = {
  def: "fn",
  func: "fn",
  fun: "fn",
  function: "fn",
  const: "let",
  var: "let",
  val: "let",
  class: "model",
  assert: "require",
};

const loopWords = new Set(["for", "while"]);

/** The first word of a statement, or the one behind `export`. */
function beginStatement(writer: Writer, index: number, token: IToken): void {
  if (/^[)\]}]$/.test(token.image)) return closeBracket(writer, token);
  if (writer.statement === "none") put(writer, emptyToken(is.StartOfStatement, "", token.startOffset, token));
  if (token.image === "return" && isFollowedOnLine(writer.words, index)) {
    writer.faults.push({ kind: "returnWord", token });
    writer.statement = "open";
    return;
  }
  if (loopWords.has(token.image) && isFollowedByName(writer.words, index))
    writer.faults.push({ kind: "loopWord", token });
  const meant = meantWord(writer, index, token);
  const type = meant === undefined ? undefined : laidOutTypes.get(meant);
  if (meant === undefined || type === undefined) {
    writer.statement = "open";
    return putWord(writer, index, token);
  }
  if (blockLevel(writer) < 0 && writer.statement === "none") writer.column = token.startColumn ?? 1;
  writer.statement = statementKind(type, writer);
  put(writer, {
    ...token,
    image: meant,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx ?? token.tokenTypeIdx,
  });
}

function statementKind(type: TokenType, writer: Writer): Writer["statement"] {
  if (type === is.Export) return "exported";
  if (type === is.Import) return "import";
  const isHeader = type === is.CallableWord || type === is.Train;
  return isHeader && blockLevel(writer) < 0 ? "header" : "open";
}

/** The keyword that this first word is, or was meant to be. */
function meantWord(writer: Writer, index: number, token: IToken): string | undefined {
  const { image } = token;
  if (hardWords.has(token.tokenType)) return image;
  const isNamed = isFollowedByName(writer.words, index);
  if (!isNamed || token.tokenType !== is.Identifier) return undefined;
  const inBlock = blockLevel(writer) >= 0;
  if (laidOutTypes.has(image)) return image;
  const foreign = foreignWords[image];
  if (foreign !== undefined && Object.hasOwn(foreignWords, image)) {
    writer.faults.push({ kind: "foreignWord", token, word: foreign });
    return foreign;
  }
  const word = writer.nearest(image, inBlock ? statementWords : declarationWords);
  if (word !== undefined) writer.faults.push({ kind: "misspeltWord", token, word });
  return word;
}

// ---------------------------------------------------------------- lines

/** Whether the statement goes on from one line to the next. */
function continues(writer: Writer, last: IToken, next: IToken): boolean {
  if (hardWords.has(next.tokenType) || next.tokenType === is.RightCurly) return false;
  if (next.tokenType === is.LeftCurly || next.tokenType === is.LeftParen) {
    if (writer.statement === "header" || writer.statement === "import") return true;
  }
  if (writer.statement === "import" && next.tokenType === is.From) return true;
  return wantsMore(last.tokenType) || (next.tokenType !== is.Minus && goesOn(next.tokenType));
}

const joints = new Set([
  is.Pipe, is.Equals, is.UpdateArrow, is.ReturnArrow, is.Tilde, is.Colon, is.Comma, is.Then, is.Else,
]); // prettier-ignore

function goesOn(type: TokenType): boolean {
  return joints.has(type) || isOperator(type);
}

function wantsMore(type: TokenType): boolean {
  return goesOn(type) || type === is.If || type === is.Not || type === is.Bang || type === is.Export;
}

function isOperator(type: TokenType): boolean {
  return [is.BinaryOperator, is.ArithmeticOperator].some((kind) => type.CATEGORIES?.includes(kind) === true);
}

function touches(before: IToken, token: IToken): boolean {
  return endOf(before) === token.startOffset;
}

// ---------------------------------------------------------------- brackets

/** The index of the innermost block in `brackets`; -1 outside of all. */
function blockLevel(writer: Writer): number {
  return writer.brackets.findLastIndex(({ isBlock }) => isBlock);
}

/** Whether a bracket that is no block is open. */
function isInside(writer: Writer): boolean {
  return writer.brackets.at(-1)?.isBlock === false;
}

function openBracket(writer: Writer, opener: IToken, closer: string): void {
  const isCurly = opener.tokenType === is.LeftCurly;
  const isBlock = isCurly && writer.statement === "header" && !isInside(writer);
  const isStray = isCurly && !isBlock && writer.statement !== "import";
  writer.brackets.push({ opener, closer, isBlock, isStray });
  put(writer, isStray ? retyped(opener, is.StrayCurly) : opener);
  if (isBlock) writer.statement = "none";
}

function closeBracket(writer: Writer, token: IToken): void {
  const lowest = token.image === "}" ? 0 : blockLevel(writer) + 1;
  const level = writer.brackets.findLastIndex(({ closer }, at) => at >= lowest && closer === token.image);
  if (level < 0) {
    writer.faults.push({ kind: "strayCloser", token });
    return;
  }
  closeBrackets(writer, level + 1);
  const bracket = writer.brackets.pop();
  if (bracket?.isBlock === true) closeBlock(writer);
  put(writer, bracket?.isStray === true ? retyped(token, is.StrayCurly) : token);
}

/** Behind a body the declaration's own statement is still open. */
function closeBlock(writer: Writer): void {
  endStatement(writer);
  writer.statement = "open";
}

/** Puts the closing signs that are missing, down to a level. */
function closeBrackets(writer: Writer, level: number): void {
  while (writer.brackets.length > level) {
    const bracket = writer.brackets.pop();
    const last = writer.out.at(-1);
    if (bracket === undefined || last === undefined) return;
    if (bracket.isBlock) closeBlock(writer);
    const { opener, closer, isStray } = bracket;
    const isOnLineOfOpener = !isOnLaterLine(opener, last);
    writer.faults.push({ kind: "unclosed", opener, closer, at: endOf(last), isOnLineOfOpener });
    put(
      writer,
      virtualToken(isStray ? is.StrayCurly : (closingTypes.get(closer) ?? is.RightParen), closer, last),
    );
  }
}

const closingTypes: ReadonlyMap<string, TokenType> = new Map([
  [")", is.RightParen],
  ["]", is.RightSquare],
  ["}", is.RightCurly],
]);

/** A token without text behind another. */
function virtualToken(type: TokenType, image: string, after: IToken): IToken {
  return emptyToken(type, image, endOf(after), after);
}

function emptyToken(type: TokenType, image: string, offset: number, near: IToken): IToken {
  const [line, column] = [near.endLine ?? 1, (near.endColumn ?? 0) + 1];
  return {
    ...createTokenInstance(type, image, offset, offset - 1, line, line, column, column),
    payload: "virtual",
  };
}

function retyped(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx ?? token.tokenTypeIdx };
}

/** Exclusive; a token that is not in the text ends where it starts. */
export function endOf(token: IToken): number {
  return (token.endOffset ?? token.startOffset - 1) + 1;
}
