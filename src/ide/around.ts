/**
 * Where the cursor stands, read from the words before it, so that half a program is as good as a whole one: which name
 * is being typed, which call is open, which declaration is around. The tree says what things are, the words say where.
 */
import type { IToken } from "chevrotain";
import type { NamedDeclaration } from "../../compiler/check/workspace.ts";
import { foldName } from "../../compiler/syntax/build.ts";
import type { Analysis } from "./documents.ts";
import type { Occurrence } from "./names.ts";
import type { Place } from "./vocabulary.ts";

/** The part of a name in front of the cursor. */
export interface Typed {
  readonly start: number;
  /** The end of the whole name, which a choice replaces. */
  readonly end: number;
  readonly text: string;
}

export function typedAt({ module: { text } }: Analysis, offset: number): Typed {
  const before = /[\p{L}_][\p{L}\d_]*$/u.exec(text.slice(Math.max(0, offset - 200), offset))?.[0] ?? "";
  const after = /^[\p{L}\d_]*/u.exec(text.slice(offset, offset + 200))?.[0] ?? "";
  return { start: offset - before.length, end: offset + after.length, text: before };
}

/** A string with the cursor between its quotes. */
export interface Quoted {
  /** What a choice replaces: everything between the quotes. */
  readonly typed: Typed;
  /** Where the string begins. */
  readonly start: number;
  /** Whether it is the path of an import. */
  readonly isPath: boolean;
}

export function quotedAt({ words: { tokens }, module }: Analysis, offset: number): Quoted | undefined {
  const at = tokens.findIndex(
    ({ image, startOffset }) =>
      image.startsWith('"') && startOffset < offset && offset <= startOffset + image.length,
  );
  const token = tokens[at];
  if (token === undefined) return undefined;
  const isClosed = token.image.length > 1 && token.image.endsWith('"');
  if (isClosed && offset === endOf(token)) return undefined;
  const start = token.startOffset + 1;
  const end = Math.max(start, endOf(token) - (isClosed ? 1 : 0));
  const typed = { start, end, text: module.text.slice(start, offset) };
  return { typed, start: token.startOffset, isPath: tokens[at - 1]?.image === "from" };
}

/** Words that end at or before an offset, the nearest last. */
export function wordsBefore({ words: { tokens } }: Analysis, offset: number): readonly IToken[] {
  let [low, high] = [0, tokens.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const token = tokens[middle];
    if (token !== undefined && endOf(token) <= offset) low = middle + 1;
    else high = middle;
  }
  return tokens.slice(Math.max(0, low - farthest), low);
}

/** How many words back a call or an import may have begun. */
const farthest = 2000;

export function endOf({ startOffset, image }: IToken): number {
  return startOffset + image.length;
}

export function isInComment({ words: { comments } }: Analysis, offset: number): boolean {
  return comments.some((comment) => comment.startOffset < offset && offset <= endOf(comment));
}

// ---------------------------------------------------------------- calls

/** A call whose brackets are open at the cursor. */
export interface OpenCall {
  readonly callee: IToken;
  /** 0 for the first list of brackets, 1 for the second: `dense(10)(…`. */
  readonly list: number;
  /** Which argument the cursor is in, and its label if it has one; θ is `theta`. */
  readonly position: number;
  readonly label?: string;
  /** How many arguments without a label stand before. */
  readonly given: number;
  /** Labels of the arguments before and after. */
  readonly labels: readonly string[];
  /** Whether it stands behind `|>`, which gives the first input. */
  readonly isPiped: boolean;
  /** Whether nothing but a name has been typed of this argument. */
  readonly atStart: boolean;
}

export function openCallAt(analysis: Analysis, offset: number): OpenCall | undefined {
  const words = wordsBefore(analysis, offset);
  const open = unmatchedOpener(words);
  if (open === undefined || words[open]?.image !== "(") return undefined;
  const { callee, list } = calleeBefore(words, open);
  if (callee === undefined || isDeclared(words, callee)) return undefined;
  const token = words[callee];
  if (token === undefined) return undefined;
  const inside = argumentsOf(words.slice(open + 1));
  const current = inside.at(-1) ?? [];
  const label = labelOf(current);
  return {
    callee: token,
    list,
    position: Math.max(0, inside.length - 1),
    ...(label === undefined ? {} : { label }),
    given: inside.slice(0, -1).filter((argument) => argument[1]?.image !== ":").length,
    labels: inside.flatMap((argument) => labelOf(argument) ?? []),
    isPiped: words[callee - 1]?.image === "|>",
    atStart: current.length === 0,
  };
}

function labelOf([name, colon]: readonly IToken[]): string | undefined {
  return name !== undefined && colon?.image === ":" ? foldName(name.image) : undefined;
}

/** The bracket that is open last, statements of an enclosing body aside. */
export function unmatchedOpener(words: readonly IToken[]): number | undefined {
  let depth = 0;
  for (let at = words.length - 1; at >= 0; at--) {
    const image = words[at]?.image ?? "";
    if (/^[)\]}]$/.test(image)) depth++;
    else if (/^[([{]$/.test(image)) {
      if (depth === 0) return at;
      depth--;
    }
  }
  return undefined;
}

function calleeBefore(words: readonly IToken[], open: number): { callee: number | undefined; list: number } {
  const before = words[open - 1];
  if (before === undefined) return { callee: undefined, list: 0 };
  if (isName(before)) return { callee: open - 1, list: 0 };
  if (before.image !== ")") return { callee: undefined, list: 0 };
  const first = unmatchedOpener(words.slice(0, open - 1));
  const name = first === undefined ? undefined : words[first - 1];
  return {
    callee: name !== undefined && isName(name) && first !== undefined ? first - 1 : undefined,
    list: 1,
  };
}

function isName({ tokenType }: IToken): boolean {
  return tokenType.name === "Identifier" || tokenType.name === "From" || tokenType.name === "As";
}

const declaring = new Set(["fn", "layer", "model", "margin", "loss", "optimizer", "train"]);

/** `fn f(`: a list of parameters, no call. */
function isDeclared(words: readonly IToken[], callee: number): boolean {
  return declaring.has(words[callee - 1]?.image ?? "");
}

function argumentsOf(words: readonly IToken[]): readonly (readonly IToken[])[] {
  const found: IToken[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (/^[([{]$/.test(word.image)) depth++;
    if (/^[)\]}]$/.test(word.image)) depth--;
    if (depth === 0 && word.image === ",") found.push([]);
    else found.at(-1)?.push(word);
  }
  return found;
}

/** Whether the cursor is between the brackets of a type's sizes: `f32[N, …`, `index<…`. */
export function isInSizes(words: readonly IToken[]): boolean {
  if (words.at(-1)?.image === "<" && words.at(-2)?.image === "index") return true;
  const open = unmatchedOpener(words);
  if (open === undefined || words[open]?.image !== "[") return false;
  const before = words[open - 1]?.image ?? "";
  return /^(?:f32|i32|bool|index|>)$/.test(before);
}

/** Whether the cursor is in a list of parameters, behind `(` or a comma: a name is made up there. */
export function isAtParameter(words: readonly IToken[]): boolean {
  const open = unmatchedOpener(words);
  const last = words.at(-1)?.image;
  return open !== undefined && words[open]?.image === "(" && (last === "(" || last === ",");
}

/** The parameter whose default is being typed: it cannot speak of itself. */
export function parameterAt(words: readonly IToken[]): string | undefined {
  const open = unmatchedOpener(words);
  const name = open === undefined ? undefined : argumentsOf(words.slice(open + 1)).at(-1)?.[0];
  return name === undefined ? undefined : foldName(name.image);
}

// ---------------------------------------------------------------- declarations

export interface Around {
  readonly declaration: NamedDeclaration | undefined;
  readonly place: Place;
  /** In its head (name and parameters), in its body, or in none. */
  readonly part: "top" | "head" | "body";
  /** Whether a new statement begins here. */
  readonly atStatement: boolean;
}

export function aroundAt(analysis: Analysis, offset: number): Around {
  const { module } = analysis;
  const declaration = module.module.declarations.findLast((one) => one.span.start < offset);
  const words = wordsBefore(analysis, offset);
  const last = words.at(-1);
  const atLineStart = last === undefined || /[\r\n]/.test(module.text.slice(endOf(last), offset));
  const none: Around = { declaration: undefined, place: undefined, part: "top", atStatement: atLineStart };
  if (declaration === undefined || declaration.kind === "import") return none;
  if (declaration.kind === "let")
    return atLineStart && !goesOn(last) ? none : { ...none, declaration, part: "body", atStatement: false };
  const inside = words.filter(({ startOffset }) => startOffset >= declaration.span.start);
  const around = { declaration, place: declaration.kind };
  const opener = unmatchedOpener(inside);
  const isBlock = inside.some(({ image }) => image === "{");
  if (opener !== undefined) {
    const isBody = inside[opener]?.image === "{" || isBlock;
    const starts = inside[opener]?.image === "{" && (atLineStart || last?.image === "{") && !goesOn(last);
    return { ...around, part: isBody || hasEquals(inside) ? "body" : "head", atStatement: starts };
  }
  if (isBlock || (atLineStart && !goesOn(last))) return none;
  return { ...around, part: hasEquals(inside) ? "body" : "head", atStatement: false };
}

/** `fn f(x: f32) = `: outside of the list of parameters, where defaults have an `=` too. */
function hasEquals(words: readonly IToken[]): boolean {
  let depth = 0;
  return words.some(({ image }) => {
    if (/^[([]$/.test(image)) depth++;
    if (/^[)\]]$/.test(image)) depth--;
    return depth === 0 && image === "=";
  });
}

function goesOn(last: IToken | undefined): boolean {
  return (
    last !== undefined &&
    /^(?:[-+*/^%@=~,:]|\|>|<-|->|[<>]=?|[!=]=|then|else|and|or|not|if)$/.test(last.image)
  );
}

/** Names of the body that are declared before an offset, the nearest first; of each name the nearest. */
export function localsAt(
  { names }: Analysis,
  { declaration }: Around,
  offset: number,
): readonly Occurrence[] {
  if (declaration === undefined) return [];
  const found = new Map<string, Occurrence>();
  for (const one of names) {
    if (one.span.start < declaration.span.start || one.role !== "declaration") continue;
    if (one.span.end >= offset) break;
    if (one.target.kind === "local" && one.target.owner === declaration.name.name)
      found.set(one.target.name, one);
  }
  return [...found.values()].reverse();
}
