/**
 * Semantic tokens in the protocol's words: five numbers a token. What a client was sent last is kept for each document, so
 * that after an edit it is told only what has changed.
 */
import {
  type SemanticTokens,
  type SemanticTokensDelta,
  type SemanticTokensDeltaParams,
  type SemanticTokensEdit,
  type SemanticTokensLegend,
  type SemanticTokensParams,
  type SemanticTokensRangeParams,
} from "vscode-languageserver";
import { positionAt } from "../../compiler/syntax/source.ts";
import { type SemanticToken, semanticTokens, tokenModifiers, tokenTypes } from "../ide/semantic-tokens.ts";
import { type Asked, type Session, askedOf, offsetOf, perSession } from "./session.ts";

export const legend: SemanticTokensLegend = {
  tokenTypes: [...tokenTypes],
  tokenModifiers: [...tokenModifiers],
};

export function tokensOfDocument(session: Session, { textDocument }: SemanticTokensParams): SemanticTokens {
  const asked = askedOf(session, textDocument);
  return remembered(session, asked, encoded(asked, semanticTokens(asked.documents, asked.analysis)));
}

/** What has changed since the client was answered last; everything where that is no longer known. */
export function changesOfTokens(
  session: Session,
  { textDocument, previousResultId }: SemanticTokensDeltaParams,
): SemanticTokens | SemanticTokensDelta {
  const asked = askedOf(session, textDocument);
  const before = toldTo(session).sent.get(asked.uri);
  const now = remembered(session, asked, encoded(asked, semanticTokens(asked.documents, asked.analysis)));
  if (before === undefined || before.resultId !== previousResultId) return now;
  return { resultId: now.resultId, edits: changed(before.data, now.data) };
}

export function tokensOfRange(
  session: Session,
  { textDocument, range }: SemanticTokensRangeParams,
): SemanticTokens {
  const asked = askedOf(session, textDocument);
  const within = { start: offsetOf(asked, range?.start), end: offsetOf(asked, range?.end) };
  return { data: encoded(asked, semanticTokens(asked.documents, asked.analysis, within)) };
}

/** Five numbers a token, places relative to the one before. */
function encoded({ analysis }: Asked, tokens: readonly SemanticToken[]): number[] {
  const data: number[] = [];
  let [line, character] = [0, 0];
  for (const { start, end, type, modifiers } of tokens) {
    const at = positionAt(analysis.source, start);
    const bits = modifiers.reduce((all, one) => all | (1 << tokenModifiers.indexOf(one)), 0);
    const column = at.line === line ? at.character - character : at.character;
    data.push(at.line - line, column, end - start, tokenTypes.indexOf(type), bits);
    ({ line, character } = at);
  }
  return data;
}

// ---------------------------------------------------------------- changes

type Sent = SemanticTokens & { readonly resultId: string };

interface Told {
  /** Counts answers, so that no two are called the same. */
  last: number;
  /** By document, for those that are open. */
  readonly sent: Map<string, Sent>;
}

const toldTo = perSession((): Told => ({ last: 0, sent: new Map() }));

function remembered(session: Session, { uri }: Asked, data: number[]): Sent {
  const told = toldTo(session);
  for (const other of told.sent.keys()) if (!session.opened.has(other)) told.sent.delete(other);
  const tokens = { resultId: String(++told.last), data };
  told.sent.set(uri, tokens);
  return tokens;
}

/** One stretch of numbers in place of another: an edit touches neighbours. */
function changed(before: readonly number[], now: readonly number[]): SemanticTokensEdit[] {
  const shorter = Math.min(before.length, now.length);
  let start = 0;
  while (start < shorter && before[start] === now[start]) start++;
  let behind = 0;
  while (behind < shorter - start && before.at(-1 - behind) === now.at(-1 - behind)) behind++;
  const deleteCount = before.length - start - behind;
  const data = now.slice(start, now.length - behind);
  return deleteCount === 0 && data.length === 0 ? [] : [{ start, deleteCount, data }];
}
