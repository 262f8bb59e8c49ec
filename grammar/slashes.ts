/**
 * `//` begins a comment, and it is floor division. The rule, which docs/language.md states for users: it
 * divides between brackets that open and close on its own line, after an operand and before one; everywhere
 * else it begins a comment. So `f32[N, H // 2]` and `(a // b)` divide, and `x |> conv2d(32)  // why` does not.
 */
import type { IToken } from "chevrotain";

/** Whether the `//` at `offset` divides. `tokens` are those before it, in a list that only grows. */
export function divides(text: string, offset: number, tokens: readonly IToken[]): boolean {
  const previous = tokens.at(-1);
  if (previous === undefined || !endsOperand(previous)) return false;
  if (/[\r\n]/.test(text.slice(previous.startOffset + previous.image.length, offset))) return false;
  if (!beginsOperand(text, offset + 2)) return false;
  const state = bracketsBefore(tokens);
  const opener = state.open.at(-1);
  if (opener === undefined || opener.startLine !== previous.startLine || opener.image === "{") return false;
  if (state.known?.opener !== opener) state.known = { opener, closesAt: closingOffset(text, offset + 2) };
  return state.known.closesAt > offset;
}

interface BracketState {
  /** How many tokens were looked at. */
  seen: number;
  readonly open: IToken[];
  /** Where the innermost bracket closes on its line (-1: it does not), so that a line is searched once. */
  known?: { readonly opener: IToken; readonly closesAt: number };
}

const states = new WeakMap<readonly IToken[], BracketState>();

function bracketsBefore(tokens: readonly IToken[]): BracketState {
  const state = states.get(tokens) ?? { seen: 0, open: [] };
  states.set(tokens, state);
  for (; state.seen < tokens.length; state.seen++) {
    const token = tokens[state.seen];
    if (token === undefined) continue;
    if (/^[([{]$/.test(token.image)) state.open.push(token);
    else if (/^[)\]}]$/.test(token.image)) state.open.pop();
  }
  return state;
}

function endsOperand({ image }: IToken): boolean {
  if (/^(?:if|then|else|and|or|not|let|require)$/.test(image)) return false;
  return /^[)\]]$|^[\w.\u0370-\u1fff]+$/.test(image);
}

function beginsOperand(text: string, offset: number): boolean {
  const rest = /[ \t]*(.?)/y;
  rest.lastIndex = offset;
  return /[\w(.\u0370-\u1fff]/.test(rest.exec(text)?.[1] ?? "");
}

/** Where the bracket that is open at `offset` closes on this line; -1 where it does not. */
function closingOffset(text: string, offset: number): number {
  const sign = /"(?:[^"\\\r\n]|\\[^\r\n])*"|[()[\]{}\r\n]/g;
  sign.lastIndex = offset;
  let depth = 0;
  for (let match = sign.exec(text); match !== null; match = sign.exec(text)) {
    if (/[\r\n]/.test(match[0])) return -1;
    if (/^[([{]$/.test(match[0])) depth++;
    else if (/^[)\]}]$/.test(match[0]) && depth-- === 0) return match.index;
  }
  return -1;
}
