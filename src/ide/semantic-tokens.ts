/**
 * What each word of a text is, for colours that a grammar of regular expressions cannot know: a name that is a
 * dimension, a setting, a margin or a builtin. Names come from the name index, the rest from the lexer; a word that
 * means nothing (broken text) is left out.
 */
import type { IToken } from "chevrotain";
import { allParts } from "../../compiler/syntax/walk.ts";
import * as is from "../../grammar/tokens.ts";
import { contextualKeyword } from "./contextual-keywords.ts";
import type { Analysis, Documents } from "./documents.ts";
import type { Occurrence } from "./names.ts";
import { type Symbol, symbolOf } from "./symbols.ts";

/** Names of the Language Server Protocol, in the order of its legend here. */
export const tokenTypes = [
  "keyword",
  "comment",
  "string",
  "number",
  "operator",
  "type",
  "function",
  "class",
  "variable",
  "parameter",
  "property",
  "typeParameter",
] as const;
export const tokenModifiers = [
  "declaration",
  "readonly",
  "modification",
  "documentation",
  "defaultLibrary",
] as const;

export type TokenType = (typeof tokenTypes)[number];
export type TokenModifier = (typeof tokenModifiers)[number];

export interface SemanticToken {
  readonly start: number;
  readonly end: number;
  readonly type: TokenType;
  readonly modifiers: readonly TokenModifier[];
}

/** In the order of the text, without overlaps; those that touch the stretch. */
export function semanticTokens(
  documents: Documents,
  analysis: Analysis,
  within: { readonly start: number; readonly end: number } = { start: 0, end: Infinity },
): readonly SemanticToken[] {
  const { words, names, module } = analysis;
  const touches = (start: number, end: number): boolean => start < within.end && end > within.start;
  const known = new Map<number, SemanticToken>();
  for (const part of allParts(module.module)) {
    const word = contextualKeyword(part, module.text);
    if (word !== undefined && touches(word.start, word.end))
      known.set(word.start, {
        start: word.start,
        end: word.end,
        type: word.role === "type" ? "type" : "keyword",
        modifiers: [],
      });
  }
  for (const name of names) {
    if (!touches(name.span.start, name.span.end)) continue;
    const token = tokenOfName(documents, name);
    if (token !== undefined) known.set(token.start, token);
  }
  const all = [...words.tokens, ...words.comments].flatMap((word): readonly SemanticToken[] => {
    const start = word.startOffset;
    const end = start + word.image.length;
    if (!touches(start, end)) return [];
    const token = known.get(start) ?? tokenOfWord(word);
    return token === undefined ? [] : [token];
  });
  return all.sort((a, b) => a.start - b.start);
}

// ---------------------------------------------------------------- words by their kind

function tokenOfWord(word: IToken): SemanticToken | undefined {
  const type = typeOfWord(word);
  if (type === undefined) return undefined;
  const start = word.startOffset;
  const modifiers: readonly TokenModifier[] = word.tokenType === is.DocComment ? ["documentation"] : [];
  return { start, end: start + word.image.length, type, modifiers };
}

function typeOfWord({ tokenType }: IToken): TokenType | undefined {
  if (tokenType === is.Comment || tokenType === is.DocComment) return "comment";
  if (tokenType === is.NumberLiteral) return "number";
  if (tokenType === is.StringLiteral || tokenType.CATEGORIES?.includes(is.StringLiteral) === true)
    return "string";
  if (keywords.has(tokenType)) return "keyword";
  return operators.has(tokenType) || tokenType.CATEGORIES?.includes(is.BinaryOperator) === true
    ? "operator"
    : undefined;
}

const keywords: ReadonlySet<IToken["tokenType"]> = new Set([
  is.Let, is.Require, is.Import, is.Export, is.If, is.Then, is.Else, is.Or, is.And, is.Not, is.True, is.False,
  is.From, is.As,
]); // prettier-ignore

const operators: ReadonlySet<IToken["tokenType"]> = new Set([
  is.Pipe, is.UpdateArrow, is.ReturnArrow, is.Equals, is.Tilde, is.Ellipsis, is.Bang, is.Minus, is.Plus, is.Times,
  is.Divide, is.Modulo, is.MatrixTimes, is.Power, is.FloorDivide,
]); // prettier-ignore

// ---------------------------------------------------------------- names by what they mean

function tokenOfName(documents: Documents, { span, target, role }: Occurrence): SemanticToken | undefined {
  const kind =
    target.kind === "local" ? kindOfLocal[target.local] : kindOfSymbol(symbolOf(documents, target));
  if (kind === undefined) return undefined;
  const isMade = role === "declaration" && target.kind !== "label";
  const modifiers: readonly TokenModifier[] = [
    ...(isMade ? (["declaration"] as const) : []),
    ...(role === "write" ? (["modification"] as const) : []),
    ...kind.modifiers,
  ];
  return { start: span.start, end: span.end, type: kind.type, modifiers };
}

interface Kind {
  readonly type: TokenType;
  readonly modifiers: readonly TokenModifier[];
}

const plain = (type: TokenType): Kind => ({ type, modifiers: [] });
const given = (type: TokenType): Kind => ({ type, modifiers: ["defaultLibrary"] });

const kindOfLocal = {
  setting: plain("parameter"),
  input: plain("parameter"),
  let: { type: "variable", modifiers: ["readonly"] },
  param: plain("property"),
  state: plain("property"),
  dimension: plain("typeParameter"),
} as const satisfies Record<string, Kind>;

function kindOfSymbol(symbol: Symbol | undefined): Kind | undefined {
  switch (symbol?.kind) {
    case undefined:
      return undefined;
    case "declaration":
      return kindOfDeclaration(symbol.declaration.kind);
    case "parameter":
      return plain("parameter");
    case "local":
      return kindOfLocal[symbol.local];
    case "word":
      return given(symbol.what === "result" ? "property" : "variable");
    case "builtin":
      return given("function");
    case "builtin label":
      return given("parameter");
    default:
      return symbol satisfies never;
  }
}

function kindOfDeclaration(kind: Extract<Symbol, { kind: "declaration" }>["declaration"]["kind"]): Kind {
  if (kind === "let") return { type: "variable", modifiers: ["readonly"] };
  return plain(kind === "fn" || kind === "layer" ? "function" : "class");
}
