/**
 * What the words themselves show: where a declaration or a statement begins, whatever brackets are open. Looks
 * ahead and never changes anything; layout.ts acts on it.
 */
import type { IToken, TokenType } from "chevrotain";
import * as is from "./tokens.ts";

type Words = readonly IToken[];

const callableWords = ["fn", "layer", "model", "margin", "loss", "optimizer"];
export const declarationWords = [...callableWords, "train", "let", "import", "export"];
export const statementWords = ["let", "param", "state", "require"];

/** The token type of each word that begins something. */
export const laidOutTypes: ReadonlyMap<string, TokenType> = new Map([
  ...callableWords.map((word) => [word, is.CallableWord] as const),
  ["train", is.Train],
  ["param", is.Param],
  ["state", is.State],
  ["let", is.Let],
  ["require", is.Require],
  ["import", is.Import],
  ["export", is.Export],
]);

/** Never names. */
export const hardWords = new Set([is.Let, is.Require, is.Import, is.Export]);

/** Sure signs of a declaration, even where a bracket is open; the column says if it is the next one. */
export function beginsDeclaration(words: Words, index: number): boolean {
  const token = words[index];
  if (token === undefined) return false;
  if (token.tokenType === is.Import) return !isNamed(words[index + 1]);
  const [word, at] = token.tokenType === is.Export ? [words[index + 1], index + 1] : [token, index];
  if (word?.tokenType === is.Let) return at > index;
  const isWord = callableWords.includes(word?.image ?? "") || word?.image === "train";
  return isWord && isFollowedByName(words, at);
}

/** `import = 3` names something by a word that it may not. */
function isNamed(next: IToken | undefined): boolean {
  return next?.tokenType === is.Equals || next?.tokenType === is.Colon;
}

export function beginsStatement(words: Words, index: number): boolean {
  const token = words[index];
  if (token?.tokenType === is.Let || token?.tokenType === is.Require) return true;
  return (token?.image === "param" || token?.image === "state") && isFollowedByName(words, index);
}

/** `scale = …` and `t <- …`: a line of its own whatever the line before wants. */
export function namesValue(words: Words, index: number): boolean {
  const [token, next] = [words[index], words[index + 1]];
  const isSign = next?.tokenType === is.Equals || next?.tokenType === is.UpdateArrow;
  return isSign && token?.tokenType === is.Identifier && isFollowedOnLine(words, index);
}

export function isFollowedByName(words: Words, index: number): boolean {
  const next = words[index + 1];
  const isName =
    next?.tokenType === is.Identifier || next?.tokenType.CATEGORIES?.includes(is.Identifier) === true;
  return isName && isFollowedOnLine(words, index);
}

export function isFollowedOnLine(words: Words, index: number): boolean {
  const [token, next] = [words[index], words[index + 1]];
  return token !== undefined && next !== undefined && !isOnLaterLine(token, next) && next.image !== "}";
}

/**
 * Whether the open brackets were forgotten: this line begins with an operand behind an operand, which no bracket
 * may hold, and no closing sign follows before the next statement that is one for sure.
 */
export function isForgotten(words: Words, index: number): boolean {
  const [previous, token] = [words[index - 1], words[index]];
  if (previous === undefined || token === undefined) return false;
  if (!operandEnds.has(previous.tokenType) || !operandStarts.has(token.tokenType)) return false;
  let depth = 0;
  for (let at = index; at < Math.min(words.length, index + farthest); at++) {
    const word = words[at];
    if (word === undefined || word.tokenType === is.RightCurly) return true;
    if (at > index && beginsSurely(words, at)) return true;
    if (word.tokenType === is.LeftParen || word.tokenType === is.LeftSquare) depth++;
    else if (word.tokenType === is.RightParen || word.tokenType === is.RightSquare) depth--;
    if (depth < 0) return false;
  }
  return true;
}

/** How many words are looked at to find a closing sign. */
const farthest = 2000;

function beginsSurely(words: Words, index: number): boolean {
  const [previous, token] = [words[index - 1], words[index]];
  if (previous === undefined || token === undefined || !isOnLaterLine(previous, token)) return false;
  return beginsStatement(words, index) || beginsDeclaration(words, index);
}

const operandEnds = new Set([
  is.Identifier, is.From, is.As, is.NumberLiteral, is.StringLiteral, is.True, is.False, is.RightParen, is.RightSquare,
]); // prettier-ignore
const operandStarts = new Set([
  is.Identifier, is.From, is.As, is.NumberLiteral, is.StringLiteral, is.True, is.False, is.If, is.Not,
]); // prettier-ignore

export function isOnLaterLine(before: IToken, token: IToken): boolean {
  return (token.startLine ?? 1) > (before.endLine ?? before.startLine ?? 1);
}
