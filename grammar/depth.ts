/**
 * Cuts what is nested too deeply out of the words, so that the parser's stack is bounded: from one bracket
 * too many on, `((((…))))` becomes a hole. Brackets nest, and so do `if` inside `if` without any. This counts; it
 * does not match brackets.
 */
import { type IToken, createTokenInstance } from "chevrotain";
import type { LayoutFault } from "./faults.ts";
import {
  And, Comma, Else, Equals, Export, Hole, If, Import, LeftParen, LeftSquare, Let, Not, Or, Pipe, Require, Then, UpdateArrow,
} from "./tokens.ts"; // prettier-ignore

export interface ShallowTokens {
  readonly tokens: readonly IToken[];
  readonly faults: readonly LayoutFault[];
}

export function cutDeep(tokens: readonly IToken[], limit: number): ShallowTokens {
  const kept: IToken[] = [];
  const faults: LayoutFault[] = [];
  /** One more than the `if` that are open, for each bracket that is open; the first is the file. */
  const levels = [0];
  let depth = 0;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) continue;
    const change = bracketChange(token);
    const deeper = change > 0 || token.tokenType === If;
    if (deeper && depth === limit) {
      faults.push({ kind: "tooDeep", token });
      if (!isSuffix(kept.at(-1), token)) kept.push(hole(token));
      index = change > 0 ? endOfBracket(tokens, index) : endOfConditional(tokens, index);
      continue;
    }
    if (change > 0) levels.push(1);
    else if (change < 0 && levels.length > 1) depth -= levels.pop() ?? 0;
    else if (token.tokenType === If) levels.push((levels.pop() ?? 0) + 1);
    else if (enders.has(token.tokenType)) depth -= closeConditionals(levels);
    if (deeper) depth++;
    kept.push(token);
  }
  return { tokens: kept, faults };
}

/** Arguments or an index, which may be left out. */
function isSuffix(previous: IToken | undefined, { tokenType }: IToken): boolean {
  const follows = previous !== undefined && /[\w)\]]$/.test(previous.image) && !words.has(previous.tokenType);
  return follows && (tokenType === LeftParen || tokenType === LeftSquare);
}

/** Words that an operand follows. */
const words = new Set([If, Then, Else, And, Or, Not, Require]);

/** Signs that no `if` reaches across. */
const enders = new Set([Comma, Pipe, Equals, UpdateArrow, Let, Require, Import, Export]);

function closeConditionals(levels: number[]): number {
  const base = levels.length > 1 ? 1 : 0;
  const open = (levels.pop() ?? base) - base;
  levels.push(base);
  return open;
}

function bracketChange({ image }: IToken): number {
  if (image === "(" || image === "[" || image === "{") return 1;
  return image === ")" || image === "]" || image === "}" ? -1 : 0;
}

/** The index of the sign that closes the bracket at `from`; the last token where none does. */
function endOfBracket(tokens: readonly IToken[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index];
    if (token !== undefined) depth += bracketChange(token);
    if (depth === 0) return index;
  }
  return tokens.length - 1;
}

/** The index of the last token that belongs to the `if` at `from`. */
function endOfConditional(tokens: readonly IToken[], from: number): number {
  for (let index = from + 1, depth = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) continue;
    depth += bracketChange(token);
    if (depth < 0 || (depth === 0 && enders.has(token.tokenType))) return index - 1;
  }
  return tokens.length - 1;
}

function hole({ startOffset, startLine, startColumn }: IToken): IToken {
  const [line, column] = [startLine ?? 1, startColumn ?? 1];
  return createTokenInstance(Hole, "", startOffset, startOffset - 1, line, line, column, column);
}
