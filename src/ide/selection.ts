/**
 * Growing selections: from the word under the cursor through each part of the tree around it to the whole file. What
 * stands between the brackets of a call or body is a step of its own.
 */
import { partsAt } from "../../compiler/syntax/walk.ts";
import type { Analysis } from "./documents.ts";

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Innermost first; each holds the one before it and is larger. */
export function selectionsAt({ module, words }: Analysis, offset: number): readonly Stretch[] {
  const word = words.tokens.find(
    ({ startOffset, image }) =>
      startOffset <= offset && offset <= startOffset + image.length && /^[\w"'.]/.test(image),
  );
  const path = partsAt(module.module, offset).map(({ node }) => node.span);
  const whole = { start: 0, end: module.text.length };
  const all: Stretch[] = [
    ...(word === undefined ? [] : [{ start: word.startOffset, end: word.startOffset + word.image.length }]),
    ...bracketsAround(module.text, words.tokens, offset),
    ...path,
    whole,
  ];
  const bySize = all
    .filter(({ start, end }) => start <= offset && offset <= end)
    .sort((a, b) => a.end - a.start - (b.end - b.start));
  const grown: Stretch[] = [];
  for (const { start, end } of bySize) {
    const last = grown.at(-1);
    const holds = last === undefined || (start <= last.start && last.end <= end);
    if (holds && (last === undefined || end - start > last.end - last.start)) grown.push({ start, end });
  }
  return grown;
}

/** Of each pair around the offset: what is between, and the pair itself. */
function bracketsAround(
  text: string,
  tokens: Analysis["words"]["tokens"],
  offset: number,
): readonly Stretch[] {
  const open: number[] = [];
  const found: Stretch[] = [];
  for (const { image, startOffset } of tokens) {
    if (image === "(" || image === "[" || image === "{") open.push(startOffset);
    if (image !== ")" && image !== "]" && image !== "}") continue;
    const start = open.pop();
    if (start === undefined || start >= offset || startOffset + 1 <= offset) continue;
    const inner = text.slice(start + 1, startOffset);
    const blank = inner.length - inner.trimStart().length;
    found.push({ start: start + 1 + blank, end: start + 1 + blank + inner.trim().length });
    found.push({ start, end: startOffset + 1 });
  }
  return found;
}
