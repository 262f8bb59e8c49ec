/**
 * A text in pieces that parse alone. A declaration that begins at the left edge ends whatever is open before it, so the
 * text between two such lines gives the same tree and the same mistakes wherever it stands; after an edit only its own
 * piece is parsed anew, and the trees behind it are moved. Where a cut is not safe for sure there is none.
 */
import type { Declaration, Module } from "./ast.ts";
import { type ParsedModule, parseModule } from "./parse.ts";
import type { Span } from "../errors/span.ts";

/** The pieces of the last text, by their own text. */
export type ParseCache = Map<string, ParsedPiece>;

interface ParsedPiece {
  readonly start: number;
  readonly parsed: ParsedModule;
}

/** The same as `parseModule`, faster where the cache knows most of the text. */
export function parseInPieces(file: string, text: string, cache: ParseCache): ParsedModule {
  const pieces = piecesOf(text);
  if (pieces.length === 1) return parseModule(file, text);
  const fresh = new Map<string, ParsedPiece>();
  const declarations: Declaration[] = [];
  const diagnostics: ParsedModule["diagnostics"][number][] = [];
  for (const { start, text: own } of pieces) {
    const known = cache.get(own) ?? { start: 0, parsed: parseModule(file, own) };
    const parsed = moved(known.parsed, start - known.start);
    fresh.set(own, { start, parsed });
    declarations.push(...parsed.module.declarations);
    diagnostics.push(...parsed.diagnostics);
  }
  cache.clear();
  for (const [own, piece] of fresh) cache.set(own, piece);
  const module: Module = { file, declarations, span: { file, start: 0, end: text.length } };
  return { module, diagnostics };
}

// ---------------------------------------------------------------- where to cut

const begins =
  /^(?:import\b|export[ \t]+let\b|(?:export[ \t]+)?(?:fn|layer|model|margin|loss|optimizer|train)[ \t]+(?!(?:let|require|import|export|if|then|else|or|and|not|true|false)\b)[A-Za-z_\u0370-\u03ff])/;

interface Piece {
  readonly start: number;
  readonly text: string;
}

/** One piece where the text has characters that are none: their number decides about the whole text. */
function piecesOf(text: string): readonly Piece[] {
  if (/[\0\ufeff\ufffd\ud800-\udfff]/.test(text)) return [{ start: 0, text }];
  const cuts = [0];
  let begin = 0;
  let before: "open" | "closed" = "open";
  // Comments right above a declaration go with it.
  let comments: number | undefined;
  for (const match of text.matchAll(/[^\r\n]*(?:\r\n|\r|\n|$)/g)) {
    const line = match[0];
    begin = match.index;
    if (line === "") break;
    if (line.startsWith("//")) {
      comments ??= begin;
      continue;
    }
    if (before === "closed" && begins.test(line)) cuts.push(comments ?? begin);
    if (/\S/.test(line)) before = isClosed(line) ? "closed" : "open";
    else if (comments !== undefined) {
      comments = undefined;
      continue;
    }
    comments = undefined;
  }
  return cuts.map((start, index) => ({ start, text: text.slice(start, cuts[index + 1]) }));
}

/** Whether a line surely asks for nothing more: it ends in a value, a bracket or a text, and has no comment. */
function isClosed(line: string): boolean {
  const trimmed = line.trimEnd();
  if (trimmed.includes("//")) return false;
  const word = /[\p{L}\p{N}_]+$/u.exec(trimmed)?.[0];
  if (word !== undefined) return !/^(?:if|then|else|and|or|not|export|import|from|as)$/.test(word);
  return /[)\]}"]$/.test(trimmed);
}

// ---------------------------------------------------------------- moving

/** The same values with every span that many characters further on; the values themselves where that is none. */
export function moved<T>(value: T, by: number): T {
  return by === 0 || !isObject(value) ? value : copyMoved(value, by);
}

/** Trees and diagnostics are plain data, so a copy has the type of what is copied. */
function copyMoved<T extends object>(value: T, by: number): T {
  if (Array.isArray(value))
    return value.map((item) => (isObject(item) ? copyMoved(item, by) : item)) as T & unknown[];
  if (isSpan(value)) return { file: value.file, start: value.start + by, end: value.end + by } as Span & T;
  // Copied as a whole first: that is much faster than key by key.
  const copy = { ...value };
  for (const key in copy) {
    const part: unknown = copy[key];
    if (isObject(part)) copy[key] = copyMoved(part, by) as T[Extract<keyof T, string>];
  }
  return copy;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isSpan(value: object): value is Span {
  return "start" in value && "end" in value && "file" in value;
}
