/** What is wrong with a text before any word of it is read: its size, and characters that are none. */
import type { Diagnostic } from "../errors/diagnostic.ts";
import { fileTooLarge, largestText, notText } from "../errors/syntax.ts";

/** The text to go on with, of the same length: bad characters are blanks in it. A byte order mark at the start is one too. */
export interface CheckedText {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function checkText(file: string, text: string): CheckedText {
  if (text.length > largestText) {
    const span = { file, start: 0, end: 0 };
    return { text: "", diagnostics: [fileTooLarge.report({ span, length: text.length })] };
  }
  const bad = [...text.matchAll(badCharacter)];
  const diagnostics = bad.slice(0, mostReported).map(({ 0: character, index: start }): Diagnostic => {
    const found = kinds.get(character.charAt(0)) ?? "surrogate";
    return notText.report({ span: { file, start, end: start + character.length }, found });
  });
  // What is no text at all is not read on: each byte would be a mistake of its own.
  if (bad.length > mostReported) return { text: "", diagnostics };
  return {
    text: text.replace(/^\ufeff/, " ").replaceAll(badCharacter, (bad) => " ".repeat(bad.length)),
    diagnostics,
  };
}

// A surrogate that is half of a pair is no character of its own for a pattern with the flag u.
const badCharacter = /\0|\ufffd+|[\ud800-\udfff]/gu;

const kinds: ReadonlyMap<string, "nul" | "undecoded"> = new Map([
  ["\0", "nul"],
  ["\ufffd", "undecoded"],
]);

/** A file in another encoding would have thousands. */
const mostReported = 3;
